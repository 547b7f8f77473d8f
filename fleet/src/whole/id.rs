//! Identifiers of calls, channels and other entities, with the server that they are of.

use std::fmt;
use std::str::FromStr;

use crate::origin::{Origin, OriginError};

/// The identifier of a call, a channel or another entity, with the name of its server.
///
/// The text is that of both with `/` between them. The identifier of the entity may have any
/// characters, also `/`.
///
/// ```
/// # fn main() -> Result<(), fleet::IdError> {
/// let id: fleet::Id = "berlin/1712345.6".parse()?;
/// assert_eq!((id.origin.as_str(), &*id.id), ("berlin", "1712345.6"));
/// assert_eq!(id.to_string(), "berlin/1712345.6");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Id {
    /// The server.
    pub origin: Origin,
    /// The identifier on that server, such as the `Linkedid` of a call.
    pub id: live::Id,
}

/// A text that is no [`Id`].
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum IdError {
    /// No `/` between the name of a server and an identifier.
    #[error("{0:?} has no server: expected `server/identifier`")]
    NoServer(String),
    /// The text before the first `/` cannot name a server.
    #[error("{text:?} does not begin with the name of a server")]
    Origin {
        /// The text.
        text: String,
        /// The reason.
        source: OriginError,
    },
    /// The text behind the first `/` is empty.
    #[error("{0:?} has no identifier: expected `server/identifier`")]
    Empty(String),
}

impl Id {
    /// Creates an identifier.
    pub fn new(origin: &Origin, id: impl Into<live::Id>) -> Self {
        Self { origin: origin.clone(), id: id.into() }
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.width().is_none() && f.precision().is_none() {
            return write!(f, "{}/{}", self.origin, self.id);
        }
        f.pad(&format!("{}/{}", self.origin, self.id))
    }
}

impl FromStr for Id {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let Some((origin, id)) = text.split_once('/') else {
            return Err(IdError::NoServer(text.to_owned()));
        };
        let origin = Origin::new(origin)
            .map_err(|source| IdError::Origin { text: text.to_owned(), source })?;
        if id.is_empty() {
            return Err(IdError::Empty(text.to_owned()));
        }
        Ok(Self { origin, id: id.into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_as_it_is_written_whatever_the_server_calls_its_entities() {
        let contact = "101/sip:101@10.0.0.1:5060;x-ast=\"a b\"/ä";
        for (origin, id) in [("berlin", "1712345.6"), ("b-2_X", contact), ("a", "/"), ("a", "//x")]
        {
            let id = Id::new(&Origin::new(origin).unwrap(), id);
            assert_eq!(id.to_string().parse::<Id>().unwrap(), id);
        }
        let id = Id::new(&Origin::new("a").unwrap(), "1.2");
        assert_eq!(format!("{id:>8}|{id:<8}|"), "   a/1.2|a/1.2   |");
    }

    #[test]
    fn a_text_that_is_no_id_says_what_is_wrong() {
        for (text, expected) in [
            ("1712345.6", "\"1712345.6\" has no server: expected `server/identifier`"),
            ("", "\"\" has no server: expected `server/identifier`"),
            ("a.b/1", "\"a.b/1\" does not begin with the name of a server"),
            ("/1", "\"/1\" does not begin with the name of a server"),
            ("berlin/", "\"berlin/\" has no identifier: expected `server/identifier`"),
        ] {
            assert_eq!(text.parse::<Id>().unwrap_err().to_string(), expected);
        }
        let error = "a.b/1".parse::<Id>().unwrap_err();
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert!(source.starts_with("\"a.b\" cannot name a server"), "{source}");
    }
}
