//! The cause for which something is done that a section describes: what happened, with its fields.

use std::borrow::Cow;

use crate::matching::{Fields, Template};

/// The cause for which something is done: an event that happened.
pub(super) struct Cause {
    what: Cow<'static, str>,
    fields: Option<Box<dyn Fields + Send + Sync>>,
}

impl Cause {
    /// An event that has no fields, such as a login.
    pub(super) fn plain(what: &'static str) -> Self {
        Self { what: what.into(), fields: None }
    }

    /// An event with fields.
    pub(super) fn with_fields(what: String, fields: impl Fields + Send + Sync + 'static) -> Self {
        Self { what: what.into(), fields: Some(Box::new(fields)) }
    }

    /// Fills the fields of the event into a text.
    pub(super) fn fill(&self, text: &Template) -> Result<String, UnfilledError> {
        let filled = match &self.fields {
            Some(fields) => text.fill(&**fields),
            None => text.fill(&NoFields),
        };
        filled.map_err(|error| UnfilledError { field: error.field, what: self.what.to_string() })
    }
}

struct NoFields;

impl Fields for NoFields {
    fn field(&self, _: &str) -> Option<String> {
        None
    }
}

/// A text that asks for what an event does not have.
#[derive(Debug, thiserror::Error)]
#[error("`{{{field}}}` has no value in {what}")]
pub(super) struct UnfilledError {
    field: String,
    what: String,
}
