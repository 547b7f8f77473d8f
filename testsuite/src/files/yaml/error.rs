//! Errors in a configuration file, with their place.

use std::error::Error;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Something in a configuration file that cannot be right. `{error:#}` writes the causes as well.
#[derive(Clone, Debug)]
pub struct ConfigError {
    /// The file.
    pub file: PathBuf,
    /// The line in it, from 1.
    pub line: Option<usize>,
    /// The mistake, and what was expected.
    pub what: String,
    cause: Option<Arc<dyn Error + Send + Sync>>,
    unsupported: bool,
}

impl ConfigError {
    /// An error in a file, or in a line of it.
    pub fn new(file: &Path, line: Option<usize>, what: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line, what: what.into(), cause: None, unsupported: false }
    }

    /// Adds why it is wrong: the [`source`](Error::source) of this error.
    #[must_use]
    pub fn caused_by(mut self, cause: impl Error + Send + Sync + 'static) -> Self {
        self.cause = Some(Arc::new(cause));
        self
    }

    /// Says that this is no mistake in the file, but something that this program cannot do. The
    /// suite's Python runs the test then, if it is there.
    #[must_use]
    pub fn unsupported(mut self) -> Self {
        self.unsupported = true;
        self
    }

    /// Returns whether this is something that this program cannot do, and no mistake in the file.
    pub fn is_unsupported(&self) -> bool {
        self.unsupported
    }

    /// Returns the mistake with its causes, without the place.
    pub(crate) fn reason(&self) -> String {
        self.causes().fold(self.what.clone(), |what, cause| what + ": " + &cause)
    }

    fn causes(&self) -> impl Iterator<Item = String> {
        anyhow::Chain::new(self).skip(1).map(ToString::to_string)
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        let what = if f.alternate() { self.reason() } else { self.what.clone() };
        write!(f, ": {what}")
    }
}

impl Error for ConfigError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.as_deref().map(|cause| cause as &(dyn Error + 'static))
    }
}

/// Two are the same if they say the same of the same place.
impl PartialEq for ConfigError {
    fn eq(&self, other: &Self) -> bool {
        (&self.file, self.line, &self.what) == (&other.file, other.line, &other.what)
            && self.causes().eq(other.causes())
    }
}

impl Eq for ConfigError {}
