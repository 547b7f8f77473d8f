//! The name of a server in a fleet.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// The longest name in bytes.
const LONGEST: usize = 64;

/// The name of a server in a fleet: 1 to 64 letters, digits, `-` and `_` of ASCII.
///
/// The name is part of the subjects of a message bus and of its keys, so other characters are
/// refused. Names that differ in case alone count as the same name in a [`Fleet`](crate::Fleet).
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Origin(Arc<str>);

/// A text that cannot be the name of a server.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{name:?} cannot name a server: expected 1 to 64 ASCII letters, digits, `-` or `_`")]
pub struct OriginError {
    name: String,
}

impl Origin {
    /// Creates a name.
    ///
    /// # Errors
    ///
    /// Returns an error if the text is empty, too long, or has another character.
    pub fn new(name: impl Into<String>) -> Result<Self, OriginError> {
        let name = name.into();
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if (1..=LONGEST).contains(&name.len()) && name.bytes().all(allowed) {
            Ok(Self(name.into()))
        } else {
            Err(OriginError { name })
        }
    }

    /// Returns the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl AsRef<str> for Origin {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl FromStr for Origin {
    type Err = OriginError;

    fn from_str(name: &str) -> Result<Self, OriginError> {
        Self::new(name)
    }
}

impl TryFrom<&str> for Origin {
    type Error = OriginError;

    fn try_from(name: &str) -> Result<Self, OriginError> {
        Self::new(name)
    }
}

impl TryFrom<String> for Origin {
    type Error = OriginError;

    fn try_from(name: String) -> Result<Self, OriginError> {
        Self::new(name)
    }
}

impl TryFrom<&Self> for Origin {
    type Error = OriginError;

    fn try_from(origin: &Self) -> Result<Self, OriginError> {
        Ok(origin.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_letters_digits_and_two_signs() {
        for name in ["b", "berlin", "PBX-1_a", &"x".repeat(64)] {
            assert_eq!(Origin::new(name).unwrap().as_str(), name);
        }
        for name in ["", "a.b", "a b", "a>", "*", "ä", "a/b", &"x".repeat(65)] {
            let error = Origin::new(name).unwrap_err();
            assert!(error.to_string().starts_with(&format!("{name:?} cannot name a server")));
        }
    }
}
