//! The bridge into NATS JetStream.
//!
//! Modules name only those before them: `config` (the settings), `subject` (subjects and their
//! escapes), `message` (headers, bodies and ids), `connect` (the connection to NATS), `stream` (the
//! stream and its last messages), `spool` (what is not yet in the stream), `publish`
//! (compare-and-append), `direct` (a publisher alone, for tests and benchmarks), `lease` (who
//! publishes), `state` (the state of each server in a bucket), `command` (actions that are sent
//! over NATS), `bridge` (the tasks that join them).

mod bridge;
mod command;
mod config;
mod connect;
#[doc(hidden)]
pub mod direct;
mod lease;
mod message;
mod publish;
mod spool;
mod state;
mod stream;
mod subject;

pub use self::bridge::{Bridge, BridgeError, Role, Stats};
pub use self::config::{Config, Format};
pub use self::message::{
    Body, Control, Id, IdError, Message, MessageError, Place, Reason, Run, Shared, Takeover, Why,
};
pub use self::subject::{Parsed, PrefixError, Subjects, Token, escape, unescape};

/// The example of the page on the format.
#[cfg(doctest)]
#[doc = include_str!("../../docs/format.md")]
mod format {}
