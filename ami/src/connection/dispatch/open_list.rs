//! The list whose items are arriving.

use std::mem;

use super::ends_list;
use crate::connection::pending::{ExchangeWaiter, ListWaiter, ListWant};
use crate::connection::reply::{Listed, Part, Parts, Said};
use crate::connection::shape::ListShape;
use crate::error::Error;
use crate::wire::{Event, Message};

/// The list whose items are arriving.
pub(super) struct OpenList {
    pub(super) id: u64,
    to: To,
    want: ListWant,
    items: u64,
    /// The names of the items so far.
    names: Vec<Box<[u8]>>,
    /// `true` once it was reported that a part is missing or cannot be trusted.
    broken: bool,
}

/// The recipient of the items.
enum To {
    /// No recipient: the caller did not ask for a list, or is gone.
    Nobody,
    List(Parts<Listed>),
    /// A caller that waits for a reply of any shape.
    Exchange(Parts<Said>),
}

/// The role of an event in a list.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Role {
    /// An item that others follow.
    Item,
    /// The last item, which also ends the list.
    LastItem,
    End,
}

impl OpenList {
    /// The number of names to remember. Lists have three or four.
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

    /// Creates a list without a recipient. Subscribers get it if `shared` is `true`.
    pub(super) fn of_nobody(id: u64, shared: bool) -> Self {
        Self::new(id, To::Nobody, ListWant { shared, ..ListWant::default() })
    }

    /// Returns `true` if the list is part of the reply to an exchange.
    pub(super) fn is_of_exchange(&self) -> bool {
        matches!(self.to, To::Exchange(_))
    }

    /// Returns `true` if subscribers get the events, too.
    pub(super) fn is_shared(&self) -> bool {
        self.want.shared
    }

    /// Returns `true` if events that do not belong to the list can arrive within it.
    pub(super) fn is_with_others(&self) -> bool {
        self.shape().is_some_and(|shape| shape.with_others)
    }

    fn shape(&self) -> Option<&'static ListShape> {
        self.want.shape
    }

    /// Returns `true` if an event without an ActionID is an item. The server omits the id of some
    /// items, and a value with line ends cuts off the id that follows it. An end without an id is
    /// never recognised, because a value could forge it.
    pub(super) fn has_such_items(&self, event: &Event) -> bool {
        // Without a recipient the end may never arrive, so later events with the name of an item
        // are real ones.
        if matches!(self.to, To::Nobody) {
            return false;
        }
        let named = self.shape().and_then(|shape| shape.without_id);
        named.is_some_and(|name| event.is(name))
            || self.names.iter().any(|it| **it == *event.head())
    }

    /// Returns the role of an event of the list. An end has an ActionID.
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

    /// Passes on an event of the list. Returns `false` if the caller is gone.
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

    /// Compares the number of items with the number that the server reports at the end.
    fn check_count(&mut self, end: &Event) {
        let said = end.utf8("ListItems").ok().flatten().and_then(|it| it.trim().parse().ok());
        if let Some(said) = said.filter(|&said| self.want.counts && said > self.items) {
            let came = self.items;
            self.spoil(|| Error::ListShort { said, came });
        }
    }

    /// Reports a message that does not belong to the list.
    pub(super) fn break_with(&mut self, message: &Message, has_id: bool) {
        match &self.to {
            To::Exchange(parts) => drop(parts.send(Ok(Said::new(message, has_id)))),
            _ => self.spoil(|| Error::ListBroken(Box::new(message.detach()))),
        }
    }

    /// Reports, once, that a part is missing or cannot be trusted.
    pub(super) fn spoil(&mut self, error: impl FnOnce() -> Error) {
        if !mem::replace(&mut self.broken, true) {
            self.fail(error());
        }
    }

    /// Passes on an error. Returns `false` if the caller is gone.
    pub(super) fn fail(&self, error: Error) -> bool {
        match &self.to {
            To::Nobody => false,
            To::List(parts) => parts.fail(error),
            To::Exchange(parts) => parts.fail(error),
        }
    }

    /// Marks the end of the list for a follow. The events before it are in the queues.
    pub(super) fn mark_end(&self) {
        self.want.mark_end();
    }

    /// Ends the list for its caller.
    pub(super) fn end(&self) -> bool {
        self.send(Listed::END)
    }
}
