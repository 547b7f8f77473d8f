//! Descriptions of events, and what distinguishes an event from its description.
//!
//! A [`Matcher`] names an event and conditions on its headers, each a plain text or an
//! [`Expression`] in Python's dialect, as tests of the Asterisk test suite write them. [`Nearest`]
//! collects the events that a description nearly matched, for the error of a test.
//!
//! The room names `wire` alone: an event goes in, a decision or a list of mismatches comes out.
//! Pitfalls:
//!
//! - An expression matches at the start of a value and not at its end.
//! - Of a repeated header the last value counts, and blanks around names and values do not.

mod expression;
mod matcher;
mod nearest;

pub use self::expression::{Expression, ExpressionError};
pub use self::matcher::Matcher;
pub use self::nearest::Nearest;
