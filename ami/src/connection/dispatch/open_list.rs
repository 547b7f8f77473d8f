//! The list whose items come now, and what belongs to it.

use std::mem;

use crate::connection::reply::{Replies, Reply};
use crate::connection::shape::ListShape;
use crate::error::Error;
use crate::wire::Event;

/// The list whose items come now.
pub(super) struct OpenList {
    pub(super) id: u64,
    pub(super) shape: Option<&'static ListShape>,
    /// The one who waits; `None` if nobody does any more.
    pub(super) sender: Option<Replies>,
    /// Whether it is a part of everything that somebody waits for.
    pub(super) of_everything: bool,
    /// Whether its events are for subscribers, too.
    pub(super) shared: bool,
    /// Whether the number that the server gives at the end is that of the items.
    pub(super) counts: bool,
    pub(super) items: u64,
    /// The names of the items so far.
    pub(super) names: Vec<Box<[u8]>>,
    /// Whether somebody was told that a part is missing, or cannot be trusted.
    pub(super) broken: bool,
}

impl OpenList {
    /// How many names are remembered. Lists have three or four.
    const NAMES: usize = 16;

    pub(super) fn new(id: u64, shape: Option<&'static ListShape>, sender: Option<Replies>) -> Self {
        let names = Vec::new();
        let (of_everything, shared, counts) = (false, false, false);
        Self { id, shape, sender, of_everything, shared, counts, items: 0, names, broken: false }
    }

    pub(super) fn of_nobody(id: u64) -> Self {
        Self::new(id, None, None)
    }

    pub(super) fn send(&self, reply: Result<Reply, Error>) -> bool {
        self.sender.as_ref().is_some_and(|sender| sender.send(reply))
    }

    /// Whether an event without an id is an item: the server forgets the id of some, and a value
    /// with line ends in it cuts off the id that stands behind it. An end is never known so,
    /// for a value could forge one.
    pub(super) fn has_such_items(&self, event: &Event) -> bool {
        // Where nobody waits for an end, none may come: events of such a name are then real ones.
        if self.sender.is_none() {
            return false;
        }
        let named = self.shape.and_then(|shape| shape.without_id);
        named.is_some_and(|name| event.is(name))
            || self.names.iter().any(|it| **it == *event.head())
    }

    pub(super) fn note(&mut self, item: &Event) {
        self.items += 1;
        let known = self.names.iter().any(|name| **name == *item.head());
        if !known && self.names.len() < Self::NAMES {
            self.names.push(item.head().into());
        }
    }

    /// Tells who waits, once, that a part is missing or cannot be trusted.
    pub(super) fn spoil(&mut self, error: impl FnOnce() -> Error) {
        if !mem::replace(&mut self.broken, true) {
            self.send(Err(error()));
        }
    }
}
