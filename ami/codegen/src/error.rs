//! The error of everything here.

/// The result of everything here.
pub type Result<T> = std::result::Result<T, Error>;

/// An input that is not as expected, or a file that cannot be read or written.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{place}: {text}")]
pub struct Error {
    place: String,
    text: String,
}

impl Error {
    /// Creates an error of a place, such as a file or an element.
    pub fn new(place: impl Into<String>, text: impl Into<String>) -> Self {
        Self { place: place.into(), text: text.into() }
    }

    /// Creates an error of a line, counted from 0.
    pub(crate) fn line(file: &str, at: usize, line: &str, expected: &str) -> Self {
        Self::new(format!("{file}:{}", at + 1), format!("{line:?}: expected {expected}"))
    }
}
