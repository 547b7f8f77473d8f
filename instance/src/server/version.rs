//! The version of a server.

use std::fmt;

/// The version of a server, as it prints it, for example `22.10.1`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Version(String);

impl Version {
    /// Returns the version as the server prints it, without the words before it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the major version, or `None` for a build of no release, such as `GIT-master-…`.
    pub fn major(&self) -> Option<u32> {
        // `22.10.1`, `certified/20.7-cert1`, `GIT-22-0123456`.
        let is_separator = |c: char| matches!(c, '.' | '-' | '~' | '+' | '/');
        self.0.split(is_separator).find_map(|part| part.parse().ok())
    }

    /// Reads the version behind the words that a server prints before it.
    pub(crate) fn parse(words: &str, output: &str) -> Option<Self> {
        let version = output.lines().next()?.strip_prefix(words)?.trim();
        (!version.is_empty()).then(|| Self(version.to_owned()))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
