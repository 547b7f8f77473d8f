//! Servers and AMI connections as YAML numbers them: from 0.

use std::fmt;

use crate::files::yaml::{ConfigError, Node};

/// The number of a server, or of the AMI connection to it, as YAML writes it: from 0.
///
/// Everywhere else servers are numbered from 1, as their folders `ast1`, `ast2` are; see
/// [`number`](Self::number).
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub struct Id(u32);

impl Id {
    /// The id of the server with this number, which counts from 1.
    pub fn of(number: u32) -> Self {
        Self(number.saturating_sub(1))
    }

    /// Reads an id: `0` or `'0'`. The first server if there is none.
    ///
    /// # Errors
    ///
    /// Returns an error if the value is no number.
    pub fn read(node: Option<&Node>) -> Result<Self, ConfigError> {
        node.map_or(Ok(Self::default()), |node| Self::parse(node, node.expect_text("id")?))
    }

    fn parse(node: &Node, text: &str) -> Result<Self, ConfigError> {
        text.trim().parse().map(Self).map_err(|_| {
            node.error(format!("expected the number of a server, from 0, found {text:?}"))
        })
    }

    /// The number of the server, from 1.
    pub fn number(self) -> u32 {
        self.0.saturating_add(1)
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Several servers or AMI connections, in the order in which YAML names them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Ids(Vec<Id>);

impl From<Id> for Ids {
    fn from(id: Id) -> Self {
        Self(vec![id])
    }
}

impl Ids {
    /// Reads ids in all forms that the suite's files have: `0`, `'0'`, `'0,1'`, and lists of those.
    /// The first server if there are none.
    ///
    /// # Errors
    ///
    /// Returns an error if one of them is no number.
    pub fn read(node: Option<&Node>) -> Result<Self, ConfigError> {
        let Some(node) = node else {
            return Ok(Self(vec![Id::default()]));
        };
        let nodes = if node.text().is_some() {
            std::slice::from_ref(node)
        } else {
            node.expect_items("ids")?
        };
        let mut ids = Vec::new();
        for node in nodes {
            for text in node.expect_text("an id")?.split(',') {
                ids.push(Id::parse(node, text)?);
            }
        }
        Ok(Self(ids))
    }

    /// Returns whether an id is one of them.
    pub fn has(&self, id: Id) -> bool {
        self.0.contains(&id)
    }

    /// The ids.
    pub fn iter(&self) -> impl Iterator<Item = Id> {
        self.0.iter().copied()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::files::yaml::Document;

    fn read(text: &str) -> Result<Vec<u32>, String> {
        let document = Document::parse(Path::new("t.yaml"), &format!("{{{text}}}")).unwrap();
        let ids = Ids::read(document.root.get("id")).map_err(|error| error.to_string())?;
        Ok(ids.iter().map(Id::number).collect())
    }

    #[test]
    fn ids_are_read_in_all_forms_and_count_from_0() {
        for (text, numbers) in [
            ("", &[1][..]),
            ("id: 0", &[1]),
            ("id: '1'", &[2]),
            ("id: '0,2'", &[1, 3]),
            ("id: '1, 0'", &[2, 1]),
            ("id: [0, '1']", &[1, 2]),
        ] {
            assert_eq!(read(text).unwrap(), numbers, "{text}");
        }
        assert_eq!((Id::of(1), Id::of(3).number(), Id::of(2).to_string()), (Id(0), 3, "1".into()));
        let refused = "t.yaml:1: expected the number of a server, from 0, found \"one\"";
        assert_eq!(read("id: one").unwrap_err(), refused);
        assert!(read("id: {a: 1}").unwrap_err().contains("expected a list"));
    }
}
