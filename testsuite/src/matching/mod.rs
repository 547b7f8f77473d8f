//! Descriptions of events besides their headers: how often they have to come, and texts that are
//! filled from their fields. Headers are described by [`ami::Matcher`], messages of other kinds by
//! a [`Pattern`].
//!
//! This room depends on `files`, for the place of what is described. It knows no test and no
//! server.
//!
//! Pitfalls: of a repeated header the last value counts, and blanks around names and values do not.

mod count;
mod fields;
mod mismatch;
mod pattern;
mod shape;

pub use self::count::Count;
pub(crate) use self::count::times;
pub(crate) use self::fields::text_of;
pub use self::fields::{Fields, Template, TemplateError};
pub(crate) use self::mismatch::Told;
pub use self::pattern::Pattern;
pub(crate) use self::shape::refused;
