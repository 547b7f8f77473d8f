//! The list whose items come now, and what belongs to it.

use std::mem;

use super::ends_list;
use crate::connection::pending::{ExchangeWaiter, ListWaiter, ListWant};
use crate::connection::reply::{Listed, Part, Parts, Said};
use crate::connection::shape::ListShape;
use crate::error::Error;
use crate::wire::{Event, Message};

/// The list whose items come now.
pub(super) struct OpenList {
    pub(super) id: u64,
    to: To,
    want: ListWant,
    items: u64,
    /// The names of the items so far.
    names: Vec<Box<[u8]>>,
    /// Whether somebody was told that a part is missing, or cannot be trusted.
    broken: bool,
}

/// Who gets the items.
enum To {
    /// Somebody who does not wait for a list, or no longer.
    Nobody,
    List(Parts<Listed>),
    /// Somebody who waits for everything.
    Exchange(Parts<Said>),
}

/// What a message in the middle of a list is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Role {
    /// An item, and others follow.
    Item,
    /// The last item, which is the end, too.
    LastItem,
    End,
}

impl OpenList {
    /// How many names are remembered. Lists have three or four.
    const NAMES: usize = 16;

    fn new(id: u64, to: To, want: ListWant) -> Self {
        Self { id, to, want, items: 0, names: Vec::new(), broken: false }
    }

    pub(super) fn of_list(id: u64, waiter: ListWaiter) -> Self {
        Self::new(id, To::List(waiter.parts), waiter.want)
    }

    pub(super) fn of_exchange(id: u64, waiter: ExchangeWaiter) -> Self {
        let want = ListWant { shape: waiter.shape, ..ListWant::default() };
        Self::new(id, To::Exchange(waiter.parts), want)
    }

    /// A list that nobody waits for; `shared` if subscribers get it.
    pub(super) fn of_nobody(id: u64, shared: bool) -> Self {
        Self::new(id, To::Nobody, ListWant { shared, ..ListWant::default() })
    }

    /// Whether it is a part of everything that somebody waits for.
    pub(super) fn is_of_exchange(&self) -> bool {
        matches!(self.to, To::Exchange(_))
    }

    /// Whether subscribers get its events, too.
    pub(super) fn is_shared(&self) -> bool {
        self.want.shared
    }

    /// Whether events that are not of the list come inside of it.
    pub(super) fn is_with_others(&self) -> bool {
        self.shape().is_some_and(|shape| shape.with_others)
    }

    fn shape(&self) -> Option<&'static ListShape> {
        self.want.shape
    }

    /// Whether an event without an id is an item: the server forgets the id of some, and a value
    /// with line ends in it cuts off the id that stands behind it. An end is never known so,
    /// for a value could forge one.
    pub(super) fn has_such_items(&self, event: &Event) -> bool {
        // Where nobody waits for an end, none may come: events of such a name are then real ones.
        if matches!(self.to, To::Nobody) {
            return false;
        }
        let named = self.shape().and_then(|shape| shape.without_id);
        named.is_some_and(|name| event.is(name))
            || self.names.iter().any(|it| **it == *event.head())
    }

    /// What an event of the list is. The end has an id.
    pub(super) fn role(&self, event: &Event, has_id: bool) -> Role {
        if !has_id {
            return Role::Item;
        }
        let glued = self.shape().is_some_and(|shape| shape.is_glued);
        if ends_list(event) || glued && event.get("EventList").is_some() {
            return Role::End;
        }
        match self.shape().filter(|shape| event.is(shape.end)) {
            Some(shape) if shape.end_is_item => Role::LastItem,
            Some(_) => Role::End,
            None => Role::Item,
        }
    }

    /// Hands over an event of the list. False if nobody wants it.
    pub(super) fn take(&mut self, event: &Event, has_id: bool, role: Role) -> bool {
        match &self.to {
            To::Nobody => return false,
            To::Exchange(parts) => return parts.send(Ok(Said::new(event, has_id))),
            To::List(_) => {}
        }
        let mut wanted = true;
        if role != Role::End {
            self.note(event);
            wanted = self.send(Listed::Item(event.clone()));
        }
        if role != Role::Item {
            self.check_count(event);
            wanted = self.send(Listed::End(Some(event.clone())));
        }
        wanted
    }

    fn send(&self, part: Listed) -> bool {
        matches!(&self.to, To::List(parts) if parts.send(Ok(part)))
    }

    fn note(&mut self, item: &Event) {
        self.items += 1;
        let known = self.names.iter().any(|name| **name == *item.head());
        if !known && self.names.len() < Self::NAMES {
            self.names.push(item.head().into());
        }
    }

    /// Compares the number of items with that which the server tells at the end.
    fn check_count(&mut self, end: &Event) {
        let said = end.utf8("ListItems").ok().flatten().and_then(|it| it.trim().parse().ok());
        if let Some(said) = said.filter(|&said| self.want.counts && said > self.items) {
            let came = self.items;
            self.spoil(|| Error::ListShort { said, came });
        }
    }

    /// Notes a message in the middle that is not of the list.
    pub(super) fn break_with(&mut self, message: &Message, has_id: bool) {
        match &self.to {
            To::Exchange(parts) => drop(parts.send(Ok(Said::new(message, has_id)))),
            _ => self.spoil(|| Error::ListBroken(Box::new(message.detach()))),
        }
    }

    /// Tells who waits, once, that a part is missing or cannot be trusted.
    pub(super) fn spoil(&mut self, error: impl FnOnce() -> Error) {
        if !mem::replace(&mut self.broken, true) {
            self.fail(error());
        }
    }

    /// Tells who waits of an error. False if nobody wants to know.
    pub(super) fn fail(&self, error: Error) -> bool {
        match &self.to {
            To::Nobody => false,
            To::List(parts) => parts.fail(error),
            To::Exchange(parts) => parts.fail(error),
        }
    }

    /// Tells who waits for a list that nothing else of it comes.
    pub(super) fn end(&self) -> bool {
        self.send(Listed::END)
    }
}
