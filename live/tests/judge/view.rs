//! Fields of entities that are compared, as the server tells them or as the state has them.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, SystemTime};

/// The difference between two times that is none: servers tell whole seconds.
const SAME: Duration = Duration::from_millis(2_100);

/// A field of an entity.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Key {
    pub(crate) kind: &'static str,
    pub(crate) id: String,
    pub(crate) field: &'static str,
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} {}", self.field, self.kind, self.id)
    }
}

/// The value of a field.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Text(String),
    /// Times are equal if they differ by less than [`SAME`].
    Time(SystemTime),
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Text(one), Self::Text(other)) => one == other,
            (&Self::Time(one), &Self::Time(other)) => {
                let later = one.max(other);
                later.duration_since(one.min(other)).is_ok_and(|it| it < SAME)
            }
            _ => false,
        }
    }
}

/// Fields by key.
#[derive(Clone, Debug, Default)]
pub(crate) struct View {
    pub(crate) fields: BTreeMap<Key, Value>,
}

/// The fields of one entity, being added.
pub(crate) struct Entity<'a> {
    view: &'a mut View,
    kind: &'static str,
    id: String,
}

impl View {
    /// Begins an entity, which is a field itself: an entity that one side lacks is a difference.
    pub(crate) fn entity(&mut self, kind: &'static str, id: impl Into<String>) -> Entity<'_> {
        let mut entity = Entity { view: self, kind, id: id.into() };
        entity.text("existence", "yes");
        entity
    }
}

impl View {
    /// Returns an entity that has to be there, to set fields.
    pub(crate) fn known(&mut self, kind: &'static str, id: impl Into<String>) -> Entity<'_> {
        Entity { view: self, kind, id: id.into() }
    }

    /// Ends an entity.
    pub(crate) fn end(&mut self, kind: &'static str, id: &str) {
        self.fields.retain(|key, _| key.kind != kind || key.id != id);
    }
}

impl Entity<'_> {
    pub(crate) fn text(&mut self, field: &'static str, value: impl fmt::Display) -> &mut Self {
        self.value(field, Value::Text(value.to_string()))
    }

    pub(crate) fn time(&mut self, field: &'static str, value: SystemTime) -> &mut Self {
        self.value(field, Value::Time(value))
    }

    fn value(&mut self, field: &'static str, value: Value) -> &mut Self {
        self.view.fields.insert(Key { kind: self.kind, id: self.id.clone(), field }, value);
        self
    }
}
