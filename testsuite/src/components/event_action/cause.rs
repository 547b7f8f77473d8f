//! The cause for which the actions of a set are done.

use std::borrow::Cow;

use crate::matching::{Fields, Template};

/// The cause for which the actions of a set are done: an event that happened.
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
        let unfilled = |source| UnfilledError { what: self.what.to_string(), source };
        match &self.fields {
            Some(fields) => text.fill(&**fields),
            None => text.fill(&NoFields),
        }
        .map_err(unfilled)
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
#[error("a text cannot be filled from {what}")]
pub(super) struct UnfilledError {
    what: String,
    source: crate::matching::TemplateError,
}
