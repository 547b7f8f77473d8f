//! Typed actions and events: views of raw messages, generated from the servers' documentation.
//!
//! A typed event wraps the raw [`Event`](crate::Event) and reads a field when it is asked, so no
//! field is lost and none has to parse. A typed action builds a raw [`Action`](crate::Action). The
//! files named `generated` are written by the generator in `ami/codegen`; the rest of the room is
//! what they stand on. This room depends on `wire` alone.

pub mod action;
pub mod event;
mod field;
mod field_error;
mod page;
mod time;
pub mod value;

pub use self::field_error::FieldError;
