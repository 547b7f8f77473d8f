//! A type of component.

use crate::case::Component;
use crate::files::{ConfigError, Section};

/// Builds a component of its section.
pub(crate) type Build = fn(&Section) -> Result<Box<dyn Component>, ConfigError>;

/// A type of component, as a file or folder of this room exports it.
#[derive(Clone, Copy)]
pub(super) struct Kind {
    /// The names in `typename`: the current one first, then those of old branches of the suite.
    pub(super) names: &'static [&'static str],
    /// The page of documentation, in Markdown: purpose, keys with their defaults, an example.
    pub(super) page: &'static str,
    pub(super) build: Build,
}
