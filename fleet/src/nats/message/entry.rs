//! An entry: an item on its way into the stream.

use std::time::SystemTime;

use ami::Event;

use super::control::{Control, Why};
use super::id::{Id, Key, Keys, Run};
use super::time;
use crate::item::Item;
use crate::origin::Origin;

/// The place of an item in the stream of its server, and the time at which it came.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Place {
    /// The process of the server ([`Item::boot`]).
    pub boot: u32,
    /// The connection ([`Item::connection`]).
    pub connection: u32,
    /// The position in the connection ([`Item::position`]).
    pub position: u64,
    /// The time at which the bridge received the item, in microseconds since 1970.
    pub micros: u64,
}

/// An item on its way into the stream.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    pub(crate) key: Key,
    pub(crate) place: Place,
    pub(crate) content: Content,
}

/// The content of an entry.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Content {
    Event(Event),
    Control(Box<Control>),
    Missed(u64, Why),
}

impl Place {
    /// Returns the place of an item.
    pub(crate) fn of(item: &Item) -> Self {
        let Item { boot, connection, position, received, .. } = *item;
        Self { boot, connection, position, micros: time::micros(received) }
    }

    /// Returns the time at which the bridge received the item.
    pub fn received(&self) -> SystemTime {
        time::at(self.micros)
    }
}

impl Entry {
    /// Creates the entry of an item. The bytes of an event are copied, so that the buffer that it
    /// was read into is free.
    pub(crate) fn of(item: &Item, keys: &mut Keys) -> Self {
        let place = Place::of(item);
        let (key, content) = match Control::of(&item.what) {
            Err(event) => (keys.event(event), Content::Event(event.detach())),
            Ok(Control::Missed { count, reason }) => {
                (keys.private(), Content::Missed(count, reason))
            }
            Ok(control) => (keys.private(), Content::Control(Box::new(control))),
        };
        Self { key, place, content }
    }

    /// Returns the number of events that are missing when the entry is dropped.
    pub(crate) fn events(&self) -> u64 {
        match &self.content {
            Content::Event(_) => 1,
            Content::Control(_) => 0,
            Content::Missed(count, _) => *count,
        }
    }

    /// Returns the bytes that the entry takes in memory, to a few.
    pub(crate) fn bytes(&self) -> usize {
        size_of::<Self>()
            + match &self.content {
                // The two words in front of shared bytes.
                Content::Event(event) => event.raw().len() + 2 * size_of::<usize>(),
                Content::Control(_) => 2 * size_of::<Control>(),
                Content::Missed(..) => 0,
            }
    }

    /// Returns the id of the entry.
    pub(crate) fn id(&self, run: &Run, origin: &Origin) -> Id {
        let origin = origin.clone();
        match self.key {
            Key::Shared(shared) => Id::Shared { origin, shared },
            Key::Private { number, .. } => Id::Private { run: run.clone(), origin, number },
        }
    }
}
