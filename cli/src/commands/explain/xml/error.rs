//! The error of a documentation.

use std::fmt;
use std::path::{Path, PathBuf};

/// The error of a documentation that cannot be read, with the place.
#[derive(Debug)]
pub(in crate::commands::explain) struct DocsError {
    path: PathBuf,
    line: usize,
    column: usize,
    text: String,
}

impl DocsError {
    /// Creates the error of a place in the text of a file.
    pub(super) fn at(path: &Path, text: &str, offset: usize, what: impl Into<String>) -> Self {
        let before = text.as_bytes().get(..offset).unwrap_or(text.as_bytes());
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let column = before.iter().rev().take_while(|byte| **byte != b'\n').count() + 1;
        Self { path: path.to_owned(), line, column, text: what.into() }
    }
}

impl fmt::Display for DocsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, line, column, text } = self;
        write!(f, "{}:{line}:{column}: {text}", path.display())
    }
}

impl std::error::Error for DocsError {}
