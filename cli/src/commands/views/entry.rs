//! An entry of a view: an entity as an object and as the cells of a row.

use std::time::SystemTime;

use fleet::Origin;
use jiff::Timestamp;
use live::{Party, Since};
use serde_json::{Map, Value, json};

use super::cell::Cell;

/// An entity of a view.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// The identifier, by which the entity is known from one moment to the next.
    pub(super) id: String,
    /// The names by which a user can ask for the entity, the identifier among them.
    pub(super) names: Vec<String>,
    /// The entity as an object. Times are points in time, so it changes only with the entity.
    pub(super) object: Map<String, Value>,
    /// A cell for each column.
    pub(super) cells: Vec<Cell>,
    /// The rows of what the entity has, such as the members of a queue.
    pub(super) inner: Vec<Vec<Cell>>,
}

impl Entry {
    /// Returns the entity as one of several servers has it: with the name of the server, and
    /// identifiers that begin with it.
    pub(super) fn on(mut self, server: &Origin) -> Self {
        self.id = format!("{server}/{}", self.id);
        let prefixed: Vec<_> = self.names.iter().map(|name| format!("{server}/{name}")).collect();
        self.names.extend(prefixed);
        self.cells.insert(0, Cell::text(server.as_str()));
        let server = ("server".to_owned(), server.as_str().into());
        self.object = std::iter::once(server).chain(self.object).collect();
        self
    }

    /// Returns the entity as it is printed, with what is told beside it.
    pub(super) fn told<const N: usize>(&self, more: [(&str, Value); N]) -> Value {
        let begin = [("v", 1.into())].into_iter().chain(more);
        let begin = begin.map(|(name, value)| (name.to_owned(), value));
        begin.chain(self.object.clone()).collect()
    }
}

/// Returns the members of an object.
pub(super) fn members(object: Value) -> Map<String, Value> {
    match object {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

/// Returns a point in time as text, such as `2026-01-31T12:00:00.5Z`, or `null` if it is outside of
/// the calendar.
pub(super) fn time(time: SystemTime) -> Value {
    Timestamp::try_from(time).map_or(Value::Null, |time| time.to_string().into())
}

/// Returns a point in time as text, or `null` if there is none.
pub(super) fn time_or_null(since: Option<Since>) -> Value {
    since.map_or(Value::Null, |since| time(since.time()))
}

/// Adds the beginning of something, and whether it is known exactly.
pub(super) fn add_since(object: &mut Map<String, Value>, since: Since) {
    object.insert("since".to_owned(), time(since.time()));
    object.insert("since_exact".to_owned(), matches!(since, Since::At(_)).into());
}

pub(super) fn party(party: &Party) -> Value {
    json!({ "number": party.number, "name": party.name })
}

/// Returns the word for a value of an enumeration of the server: the name of its constant in lower
/// case, or the number if it has none.
pub(super) fn word(name: Option<&str>, number: i32) -> String {
    name.map_or_else(|| number.to_string(), str::to_lowercase)
}
