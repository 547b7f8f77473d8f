//! Mappings, in which a key is found as quickly among many as among few.

use std::collections::HashMap;

use super::Node;

/// The entries of a mapping, in the order of the file.
#[derive(Clone, Debug, Default)]
pub struct Mapping {
    entries: Vec<(Node, Node)>,
    /// The places of the keys that are texts, once there are many.
    places: HashMap<Box<str>, usize>,
}

impl Mapping {
    /// The number of keys that are looked through one by one: most mappings have fewer.
    const FEW: usize = 16;

    /// The entries.
    pub fn entries(&self) -> &[(Node, Node)] {
        &self.entries
    }

    pub(super) fn into_entries(self) -> Vec<(Node, Node)> {
        self.entries
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.place(key).map(|at| &self.entries[at].1)
    }

    fn place(&self, key: &str) -> Option<usize> {
        if self.entries.len() > Self::FEW {
            return self.places.get(key).copied();
        }
        self.entries.iter().position(|(it, _)| it.text() == Some(key))
    }

    /// Adds an entry; the last of a key counts, in the place of the first. The result is the key
    /// that is lost.
    pub(super) fn insert(&mut self, key: Node, value: Node) -> Option<Node> {
        // Keys that are no texts are never the same.
        if let Some(at) = key.text().and_then(|text| self.place(text)) {
            let (lost, _) = std::mem::replace(&mut self.entries[at], (key, value));
            return Some(lost);
        }
        self.entries.push((key, value));
        let unknown = match self.entries.len() {
            few if few <= Self::FEW => self.entries.len(),
            many if many == Self::FEW + 1 => 0,
            many => many - 1,
        };
        for (at, (key, _)) in self.entries.iter().enumerate().skip(unknown) {
            if let Some(text) = key.text() {
                self.places.insert(text.into(), at);
            }
        }
        None
    }
}
