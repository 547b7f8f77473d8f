//! The distribution of received frames: the reader's side of the [table](super::pending). No `async
//! fn`, no clock, no I/O: a test drives it with bytes as a socket does.
//!
//! - A response with the id of a pending call ends the call, accepts an `Originate`, or opens a
//!   list.
//! - An `OriginateResponse` with the id of a pending originate ends the originate.
//! - An event with the id of the open list goes to that list only, unless the caller shares it with
//!   subscribers. Several items have the names of real events.
//! - Every other event goes to the subscribers of its name.
//! - A message that is neither, and arrives while the server executes an exchange, is part of its
//!   reply.
//! - Any other message is counted, and goes to subscribers that ask for strays. It is never an
//!   error: dialplan data can forge whole messages, and the ids of other sessions are visible.
//!
//! **The fence rule.** Asterisk executes one action after another. When the response to action N
//! arrives, the server has finished with all earlier actions. A call among them that still waits
//! never gets an answer, and ends at once. For the same reason there is at most one open list, and
//! only its items arrive between its beginning and its end. Another message in between shows that
//! an item was cut in two or that a message was forged, and the list reports an error.

use std::mem;
use std::sync::Arc;

use self::open_list::{OpenList, Role};
use super::loss::First;
use super::pending::{Answered, ListWaiter, OurId};
use super::reply::{Listed, Said};
use super::{Connection, shape};
use crate::error::Error;
use crate::events::{Publisher, Stray};
use crate::wire::{Event, Frame, Line, Malformed, Message, Reason, Response};

mod lost;
mod open_list;
#[cfg(test)]
mod tests;

/// The reader's side of the table, with the state that follows from the order of messages.
pub(crate) struct Dispatch<'a> {
    connection: &'a Connection,
    /// No call below this id waits for a response.
    fence: u64,
    list: Option<OpenList>,
    publisher: Publisher,
    /// `true` if the begin of the connection must be reported to subscribers before anything that
    /// it brings.
    is_new: bool,
    /// The number of events received up to the last [`flush`](Self::flush).
    events: u64,
    /// The number of messages dispatched so far.
    pub(crate) count: u64,
}

impl<'a> Dispatch<'a> {
    pub(crate) fn new(connection: &'a Connection) -> Self {
        let publisher = Publisher::new(Arc::clone(&connection.subscribers));
        let is_new = connection.is_new();
        let events = connection.counters.events.get();
        Self { connection, fence: 0, list: None, publisher, is_new, events, count: 0 }
    }

    /// Passes a frame to its recipients. [`flush`](Self::flush) wakes the subscribers.
    #[inline]
    pub(crate) fn dispatch(&mut self, frame: Frame) {
        tracing::trace!(?frame, "received");
        self.count += 1;
        let counters = &self.connection.counters;
        if !matches!(frame, Frame::Event(_)) {
            self.deliver();
        }
        match frame {
            Frame::Event(event) => {
                counters.events.add(1);
                self.event(event);
            }
            Frame::Response(response) => {
                counters.responses.add(1);
                self.response(response);
            }
            Frame::Malformed(malformed) => {
                counters.malformed.add(1);
                tracing::warn!(?malformed, "a message is lost");
                if let Malformed::TooLarge { bytes, head } = &malformed {
                    self.too_large(*bytes, head);
                }
                self.stray(|| Stray::Malformed(malformed));
            }
            Frame::Other(message) => self.other(message),
            Frame::Banner(banner) => {
                counters.other.add(1);
                tracing::debug!(?banner, "a banner inside the stream");
            }
        }
    }

    /// Wakes the subscribers that got messages. Call it before yielding to subscribers that are
    /// about to miss events.
    pub(crate) fn begin_turn(&mut self) {
        self.deliver();
        self.publisher.wake();
    }

    /// Ends a turn. Call it after yielding to subscribers that are about to miss events.
    pub(crate) fn end_turn(&mut self) {
        self.publisher.end_turn();
    }

    /// Wakes the subscribers that got messages. Call it after all messages of a read are
    /// dispatched.
    pub(crate) fn flush(&mut self) {
        self.deliver();
        self.publisher.flush();
        let counters = &self.connection.counters;
        if mem::replace(&mut self.events, counters.events.get()) != self.events {
            counters.received_events();
        }
    }

    /// Puts the events that came so far into the queues. Whoever gets an answer, or anything else,
    /// finds the events in the queues that the server sent before it.
    fn deliver(&mut self) {
        let missed = self.publisher.deliver();
        self.connection.counters.missed.add(missed);
    }

    /// Returns `true` if a subscriber that has kept up so far is about to miss events, and should
    /// get a turn.
    #[inline]
    pub(crate) fn has_half_full(&mut self) -> bool {
        self.publisher.has_half_full()
    }

    fn event(&mut self, event: Event) {
        let name = event.head();
        if name.eq_ignore_ascii_case(b"OriginateResponse") {
            self.break_list(&event);
            self.publish_now(&event);
            return self.originate_response(&event);
        } else if name.eq_ignore_ascii_case(b"UserEvent") {
            // A user event can have the id of the action that raised it, and is for all subscribers
            // nevertheless.
            self.break_list(&event);
        } else if self.belongs_to_a_reply(&event) {
            return;
        } else if name.eq_ignore_ascii_case(b"FullyBooted") {
            self.publish_now(&event);
            return self.connection.set_booted();
        }
        self.publish(event);
    }

    #[inline]
    fn publish(&mut self, event: Event) {
        if mem::take(&mut self.is_new) {
            self.connection.tell_of_begin(First::Event(&event));
        }
        let missed = self.publisher.publish(event);
        if missed > 0 {
            self.connection.counters.missed.add(missed);
        }
    }

    /// Puts an event into the queues with all that came before it, because a caller is about to
    /// learn of it.
    fn publish_now(&mut self, event: &Event) {
        self.publish(event.clone());
        self.deliver();
    }

    fn originate_response(&self, event: &Event) {
        let pending = &self.connection.pending;
        if let Some(OurId::Call(id)) = pending.our_id(event.action_id()) {
            pending.originated(id, || originated(event));
        }
    }

    /// Passes an event to the call that waits for it as a part of its reply. Returns `false` if the
    /// event is for subscribers.
    fn belongs_to_a_reply(&mut self, event: &Event) -> bool {
        let pending = &self.connection.pending;
        let exchanges = pending.has_exchanges();
        if self.list.is_none() && !exchanges {
            return false;
        }
        self.deliver();
        let action_id = event.action_id();
        let id = pending.our_id(action_id);
        if let Some(list) = &self.list {
            let has_id = id == Some(OurId::Call(list.id));
            if has_id || action_id.is_none() && list.has_such_items(event) {
                self.list_event(event, has_id);
                return true;
            }
            self.break_list(event);
        }
        match id.filter(|_| exchanges) {
            Some(OurId::Call(id)) => {
                let exchange = pending.exchange(id);
                exchange.is_some_and(|it| it.parts.send(Ok(Said::new(event, true))))
            }
            _ => false,
        }
    }

    /// Reports to the open list that a message does not belong to it. An exchange also gets the
    /// message.
    fn break_list(&mut self, message: &Message) {
        if self.list.is_some() {
            self.deliver();
        }
        if let Some(list) = self.list.as_mut().filter(|list| !list.is_with_others()) {
            let id = self.connection.pending.our_id(message.action_id());
            list.break_with(message, id == Some(OurId::Call(list.id)));
        }
    }

    /// Passes an event of the open list to the caller, and before that to subscribers, if the
    /// caller shares the list with them.
    fn list_event(&mut self, event: &Event, has_id: bool) {
        let shared = self.list.as_ref().is_some_and(OpenList::is_shared);
        if shared {
            self.publish_now(event);
        }
        let Some(list) = &mut self.list else { return };
        let role = list.role(event, has_id);
        let wanted = list.take(event, has_id, role);
        if role != Role::Item
            && let Some(list) = self.list.take()
            && !list.is_of_exchange()
        {
            self.connection.pending.forget(list.id);
            list.mark_end();
        }
        if !wanted && !shared {
            self.unmatched(event);
        }
    }

    fn response(&mut self, response: Response) {
        let pending = &self.connection.pending;
        let id = match pending.our_id(response.action_id()) {
            None => return self.without_our_id(&response),
            Some(OurId::Fence(id)) => return self.raise_fence(id + 1),
            Some(OurId::Call(id)) => id,
        };
        self.raise_fence(id);
        if response.head().eq_ignore_ascii_case(b"Goodbye") {
            self.connection.set_logged_off();
        }
        let open = self.list.as_ref().filter(|list| list.id == id && !list.is_of_exchange());
        if let Some(list) = open {
            // An error after the beginning: some actions send the rest and the end nevertheless.
            if !response.is_error() || !list.fail(Error::rejected(&response)) {
                self.unmatched(&response);
            }
            return;
        }
        let begins = !response.is_error() && self.begins_list(&response);
        match pending.answer(id, response) {
            Answered::Accepted => {}
            Answered::Ended if begins => {
                // The items describe a state and do not happen now, so subscribers do not get them.
                tracing::warn!(
                    id,
                    "the answer begins a list, and its items go to nobody: ask for it with `list`"
                );
                self.list = Some(OpenList::of_nobody(id, false));
            }
            Answered::Ended => {}
            Answered::List(waiter, response) => self.begin_list(id, waiter, response),
            Answered::Everything(exchange, response) => {
                exchange.parts.send(Ok(Said::new(&response, true)));
                if starts_list(&response) {
                    self.list = Some(OpenList::of_exchange(id, exchange));
                }
            }
            // The call has timed out or was dropped, or the action is one of the few that answer
            // more than once.
            Answered::Unmatched(response) => {
                if begins {
                    self.list = Some(OpenList::of_nobody(id, false));
                }
                self.unmatched(&response);
            }
        }
    }

    /// Returns `true` if a response says that a list follows. Old servers say so in the message
    /// only.
    fn begins_list(&self, response: &Response) -> bool {
        let says_so = || shape::says_follow(response.get("Message").unwrap_or_default());
        starts_list(response) || self.connection.is_old && says_so()
    }

    fn begin_list(&mut self, id: u64, waiter: ListWaiter, response: Response) {
        let message = response.get("Message").unwrap_or_default();
        let opens = starts_list(&response)
            || waiter.want.shape.is_some_and(|it| it.opens(message, self.connection.is_old));
        waiter.parts.send(Ok(Listed::Response(response)));
        if opens {
            self.list = Some(OpenList::of_list(id, waiter));
        } else {
            // Some actions answer an empty list with a plain success.
            waiter.parts.end();
            self.connection.pending.forget(id);
            waiter.want.mark_end();
        }
    }

    /// Handles a response without an id of this connection: the answer to an action that arrived
    /// garbled, an answer for another session, or a forgery.
    fn without_our_id(&mut self, response: &Response) {
        self.break_list(response);
        if !self.is_of_an_exchange(response) {
            self.unmatched(response);
        }
    }

    /// Handles a message that is neither a response nor an event: a part of one that unescaped data
    /// cut in two, or a reply without a response.
    fn other(&mut self, message: Message) {
        let message = match self.response_behind_id(message) {
            Ok(response) => {
                self.connection.counters.responses.add(1);
                return self.response(response);
            }
            Err(message) => message,
        };
        self.connection.counters.other.add(1);
        self.break_list(&message);
        self.is_of_an_exchange(&message);
        tracing::debug!(?message, "a message that is neither response nor event");
        self.stray(|| Stray::Message(message));
    }

    /// Turns a message whose ActionID stands before `Response` into a response. Proxies and old
    /// modules send that form. The id must belong to a call that waits for one response, and never
    /// to a list: other sessions see the ids, and the server itself writes them after values that
    /// can contain line ends.
    fn response_behind_id(&self, message: Message) -> Result<Response, Message> {
        let pending = &self.connection.pending;
        let believed = match pending.our_id(message.action_id()) {
            Some(OurId::Fence(id)) => pending.is_unanswered(id),
            Some(OurId::Call(id)) => pending.expects_one(id),
            None => false,
        };
        if !believed {
            return Err(message);
        }
        let response = message.clone().into_response_behind_id().map(Response::new);
        response.ok_or(message)
    }

    /// Passes a message that is not an event to the exchange that the server is executing. Returns
    /// `false` if there is none. The exchange drops messages without its id if a response with the
    /// id follows.
    fn is_of_an_exchange(&self, message: &Message) -> bool {
        if self.list.as_ref().is_some_and(OpenList::is_of_exchange) {
            // The exchange got the message with the rest of its list.
            return true;
        }
        let pending = &self.connection.pending;
        let Some((id, exchange)) = pending.current_exchange(self.fence) else { return false };
        let has_id = pending.our_id(message.action_id()) == Some(OurId::Call(id));
        exchange.parts.send(Ok(Said::new(message, has_id)))
    }

    /// Ends the calls below `id` that still wait for a response. Each id is visited once.
    fn raise_fence(&mut self, id: u64) {
        if id > self.fence {
            let passed = mem::replace(&mut self.fence, id)..id;
            let list = self.list.take_if(|list| list.id < id).map(|list| list.id);
            self.connection.pending.pass(passed, list);
        }
    }

    fn unmatched(&mut self, message: &Message) {
        self.connection.counters.unmatched.add(1);
        tracing::debug!(?message, "an answer that nobody waits for");
        self.stray(|| Stray::Unmatched(message.clone()));
    }

    fn stray(&mut self, stray: impl FnOnce() -> Stray) {
        if mem::take(&mut self.is_new) {
            self.connection.tell_of_begin(First::Other);
        }
        let missed = self.publisher.publish_stray(stray);
        self.connection.counters.missed.add(missed);
    }
}

fn starts_list(response: &Response) -> bool {
    event_list(response).is_some_and(|it| it.eq_ignore_ascii_case(b"start"))
}

/// Returns `true` if an event says that it ends a list.
fn ends_list(event: &Event) -> bool {
    event_list(event).is_some_and(|it| !it.eq_ignore_ascii_case(b"start"))
}

/// Returns the value of `EventList` at the place where servers write it: after the first line and
/// the ActionID. Further down, it can be part of a value.
fn event_list(message: &Message) -> Option<&[u8]> {
    for line in message.lines().skip(1) {
        let Line::Field(name, value) = line else { return None };
        if name.eq_ignore_ascii_case(b"EventList") {
            return Some(value);
        }
        let before = [&b"ActionID"[..], b"Privilege", b"Response"];
        if !before.iter().any(|it| name.eq_ignore_ascii_case(it)) {
            return None;
        }
    }
    None
}

/// Returns the outcome that an `OriginateResponse` reports. The event is copied, because it is rare
/// and often kept.
fn originated(event: &Event) -> Result<Event, Error> {
    let success = event.get("Response").is_some_and(|it| it.eq_ignore_ascii_case(b"Success"));
    let event = event.detach();
    if success {
        Ok(event)
    } else {
        Err(Error::Originate { reason: Reason::of(&event), event: Box::new(event) })
    }
}
