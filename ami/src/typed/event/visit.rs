//! Calls every getter of a typed event, for tests.

use crate::typed::field::{Field, FieldError};

/// One getter that was called.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Seen {
    /// The name of the method.
    pub getter: &'static str,
    /// The prefix of the field, such as `Dest`; empty for most.
    pub prefix: &'static str,
    /// The name of the field behind the prefix.
    pub name: &'static str,
    /// The outcome.
    pub outcome: Outcome,
}

/// The outcome of a getter.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// The event has no such field, or the field is empty and not a text.
    Absent,
    /// A text, or a value that admits any text.
    Text,
    /// A value that was parsed.
    Parsed,
    /// A value that does not parse.
    Failed(FieldError),
}

impl Outcome {
    pub(super) fn of(got: impl Into<Self>) -> Self {
        got.into()
    }

    pub(super) fn of_all<T>(mut got: impl Iterator<Item = T>) -> Self {
        Self::of(got.next())
    }
}

impl<T> From<Option<T>> for Outcome {
    fn from(got: Option<T>) -> Self {
        got.map_or(Self::Absent, |_| Self::Text)
    }
}

impl<T> From<Result<Option<T>, FieldError>> for Outcome {
    fn from(got: Result<Option<T>, FieldError>) -> Self {
        match got {
            Ok(None) => Self::Absent,
            Ok(Some(_)) => Self::Parsed,
            Err(error) => Self::Failed(error),
        }
    }
}

impl Field<'_> {
    pub(super) fn seen(self, getter: &'static str, outcome: Outcome) -> Seen {
        let (prefix, name) = self.names();
        Seen { getter, prefix, name, outcome }
    }
}
