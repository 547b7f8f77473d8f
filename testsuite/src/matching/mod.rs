//! Descriptions of events and texts: regular expressions in Python's dialect, matchers, counts,
//! the events that came nearest to a description, and texts that are filled from events.
//!
//! This room depends on `files`, for the place of what is described. It knows no test and no
//! server: an event goes in, a decision or a list of mismatches comes out.
//!
//! Pitfalls: an expression matches at the start of a value and not at its end. Of a repeated header
//! the last value counts, and blanks around names and values do not.

mod count;
mod expression;
mod fields;
mod matcher;
mod nearest;

pub use self::count::Count;
pub(crate) use self::count::times;
pub use self::expression::{Expression, ExpressionError};
pub use self::fields::{Fields, Template, TemplateError};
pub use self::matcher::Matcher;
pub use self::nearest::Nearest;
