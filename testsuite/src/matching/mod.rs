//! Descriptions of events and texts: regular expressions in Python's dialect, matchers, and the
//! events that came nearest to a description.
//!
//! This room depends on `files`, for the place of what is described. It knows no test and no
//! server: an event goes in, a decision or a list of mismatches comes out.
//!
//! Pitfalls: an expression matches at the start of a value and not at its end. Of a repeated header
//! the last value counts, and blanks around names and values do not.

mod expression;
mod matcher;

pub use self::expression::{Expression, ExpressionError};
pub use self::matcher::Matcher;
pub(crate) use self::matcher::Nearest;
