//! The entities that a user asks for, and their order.

use std::cmp::Ordering;

use super::entities::Entities;
use super::entry::Entry;
use crate::exit::Failure;

/// The entities that a user asks for, and their order.
#[derive(Clone, Debug)]
pub(super) struct Choice {
    pub(super) entities: Entities,
    /// The names of the columns, of which the first is that of the server if there are several.
    pub(super) columns: Vec<&'static str>,
    /// All of them if there are no names.
    pub(super) names: Vec<String>,
    /// The column to sort by.
    column: Option<usize>,
    reverse: bool,
}

impl Choice {
    /// Creates a choice.
    ///
    /// # Errors
    ///
    /// Returns an error if no column has the name of the key.
    pub(super) fn new(
        entities: Entities,
        names: &[String],
        sort: Option<&str>,
        reverse: bool,
        several: bool,
    ) -> Result<Self, Failure> {
        let first = several.then_some("server");
        let columns: Vec<_> = first.into_iter().chain(entities.columns().iter().copied()).collect();
        let column = sort.map(|key| column(&columns, key)).transpose()?;
        Ok(Self { entities, columns, names: names.to_vec(), column, reverse })
    }

    /// Returns what was asked for of these entries, in order.
    pub(super) fn of(&self, mut entries: Vec<Entry>) -> Vec<Entry> {
        let has = |entry: &Entry| {
            let is_it =
                |name: &String| entry.names.iter().any(|own| own.eq_ignore_ascii_case(name));
            self.names.is_empty() || self.names.iter().any(is_it)
        };
        entries.retain(has);
        entries.sort_by(|one, other| {
            let order = self.compare(one, other);
            if self.reverse { order.reverse() } else { order }
        });
        entries
    }

    fn compare(&self, one: &Entry, other: &Entry) -> Ordering {
        let by_column =
            self.column.and_then(|at| Some(one.cells.get(at)?.compare(other.cells.get(at)?)));
        by_column.unwrap_or(Ordering::Equal).then_with(|| natural(&one.id, &other.id))
    }

    /// Returns the name that none of all entries has, if there is one.
    pub(super) fn missing(&self, all: &[Entry]) -> Option<&str> {
        let is_there = |name: &String| {
            all.iter().any(|it| it.names.iter().any(|own| own.eq_ignore_ascii_case(name)))
        };
        self.names.iter().find(|name| !is_there(name)).map(String::as_str)
    }
}

fn column(columns: &[&'static str], key: &str) -> Result<usize, Failure> {
    let key = key.to_ascii_lowercase();
    if let Some(at) = columns.iter().position(|column| *column == key) {
        return Ok(at);
    }
    let similar = similar(&key, columns.iter().copied());
    let similar = similar.map_or_else(String::new, |it| format!(" (similar: {it})"));
    let text = format!("no column is named {key:?}{similar}: sort by {}", columns.join(", "));
    Err(Failure::usage(text))
}

/// Returns the name that is most similar to this one, if one is.
pub(super) fn similar<'a>(name: &str, all: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let near = |it: &str| strsim::jaro(&name.to_lowercase(), &it.to_lowercase());
    let best = all.max_by(|one, other| near(one).total_cmp(&near(other)))?;
    (near(best) > 0.8).then_some(best)
}

/// Compares two identifiers, numbers in them by their value: `1700000000.9` comes before
/// `1700000000.10`.
fn natural(one: &str, other: &str) -> Ordering {
    let (mut one, mut other) = (one, other);
    loop {
        let (piece, theirs) = (piece(&mut one), piece(&mut other));
        let order = match (piece, theirs) {
            (None, None) => return Ordering::Equal,
            (Some(Ok(number)), Some(Ok(theirs))) => number.cmp(&theirs),
            (Some(Err(text)), Some(Err(theirs))) => text.cmp(theirs),
            (piece, theirs) => piece.map(|it| it.is_err()).cmp(&theirs.map(|it| it.is_err())),
        };
        if order.is_ne() {
            return order;
        }
    }
}

/// Takes the next piece of an identifier: a number that is not too large, or a text.
fn piece<'a>(text: &mut &'a str) -> Option<Result<u64, &'a str>> {
    let first = text.chars().next()?;
    let is_same = |it: char| it.is_ascii_digit() == first.is_ascii_digit();
    let end = text.find(|it| !is_same(it)).unwrap_or(text.len());
    let (piece, rest) = text.split_at(end);
    *text = rest;
    Some(piece.parse().map_err(|_| piece))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_identifiers_are_compared_by_their_value() {
        let mut ids = ["9.10", "9.9", "pbx-9.9", "9.9a", "10.1", "", "99999999999999999999"];
        ids.sort_by(|one, other| natural(one, other));
        assert_eq!(ids, ["", "9.9", "9.9a", "9.10", "10.1", "99999999999999999999", "pbx-9.9"]);
    }

    #[test]
    fn a_key_that_is_not_known_names_the_others() {
        let error = column(&["name", "state"], "sate").unwrap_err().error.unwrap().to_string();
        assert_eq!(error, "no column is named \"sate\" (similar: state): sort by name, state");
        assert_eq!(column(&["name", "state"], "STATE").unwrap(), 1);
        let error = column(&["name", "state"], "zz").unwrap_err().error.unwrap().to_string();
        assert_eq!(error, "no column is named \"zz\": sort by name, state");
    }
}
