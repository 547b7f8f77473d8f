//! Who gets which frame: the reader's side of the [table](super::pending). No `async fn`, no
//! clock, no I/O: bytes in a test drive it as a socket does.
//!
//! - A response with the id of a pending call ends the call; or, for `Originate`, its first half;
//!   or it opens a list.
//! - An `OriginateResponse` with the id of a pending originate ends that one.
//! - An event with the id of the open list goes to that list alone, unless the caller wants it for
//!   subscribers, too: several items have the names of real events.
//! - Every other event goes to the subscribers of its name.
//! - What is neither, and comes while the server works on an exchange, is part of its reply.
//! - Anything else goes to subscribers who ask for strays, and is counted, never an error: dialplan
//!   data can forge whole messages, and other sessions' ids are visible.
//!
//! **The fence rule.** Asterisk works off one action after another. When the response to action N
//! comes, those before N have said all they ever will; a call among them that still waits never
//! gets an answer, and is told so at once. For the same reason there is at most one open list, and
//! nothing but its items comes between its beginning and its end. A message that is not of the list
//! shows that an item was cut in two, or that something was forged: the list is told.

use std::mem;
use std::sync::Arc;

use self::open_list::{OpenList, Role};
use super::loss::First;
use super::pending::{Answered, ListWaiter, OurId};
use super::reply::{Listed, Said};
use super::{Connection, shape};
use crate::error::{Error, Reason};
use crate::events::{Publisher, Stray};
use crate::wire::{Event, Frame, Line, Malformed, Message, Response};

mod lost;
mod open_list;

/// The reader's side: what it alone knows of the order in which the server speaks.
pub(crate) struct Dispatch<'a> {
    connection: &'a Connection,
    /// No call below this id waits for a response.
    fence: u64,
    list: Option<OpenList>,
    publisher: Publisher,
    /// Whether subscribers are to be told of the loss of a former connection before they get
    /// anything of this one.
    tells_of_loss: bool,
    /// Messages handed out so far.
    pub(crate) count: u64,
}

impl<'a> Dispatch<'a> {
    pub(crate) fn new(connection: &'a Connection) -> Self {
        let publisher = Publisher::new(Arc::clone(&connection.subscribers));
        let tells_of_loss = connection.has_loss();
        Self { connection, fence: 0, list: None, publisher, tells_of_loss, count: 0 }
    }

    /// Hands a frame to those it is for. Subscribers are woken by [`flush`](Self::flush).
    #[inline]
    pub(crate) fn dispatch(&mut self, frame: Frame) {
        tracing::trace!(?frame, "received");
        self.count += 1;
        let counters = &self.connection.counters;
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

    /// To be called before subscribers are given time who are about to miss something: wakes those
    /// that got something.
    pub(crate) fn begin_turn(&mut self) {
        self.publisher.wake();
    }

    /// To be called behind the time that subscribers were given who were about to miss something.
    pub(crate) fn end_turn(&mut self) {
        self.publisher.end_turn();
    }

    /// To be called when all is handed out that was read at once: wakes the subscribers that got
    /// something.
    pub(crate) fn flush(&mut self) {
        self.publisher.flush();
    }

    /// Whether a subscriber that has kept up so far is about to miss something, and should get a
    /// turn.
    #[inline]
    pub(crate) fn has_half_full(&mut self) -> bool {
        self.publisher.has_half_full()
    }

    fn event(&mut self, event: Event) {
        let name = event.head();
        if name.eq_ignore_ascii_case(b"OriginateResponse") {
            self.originate_response(&event);
            self.break_list(&event);
        } else if name.eq_ignore_ascii_case(b"UserEvent") {
            // It can have the id of the action that raised it, and is for everybody all the same.
            self.break_list(&event);
        } else if self.belongs_to_a_reply(&event) {
            return;
        } else if name.eq_ignore_ascii_case(b"FullyBooted") {
            self.connection.set_booted();
        }
        if mem::take(&mut self.tells_of_loss) {
            self.connection.tell_of_loss(First::Event(&event));
        }
        let missed = self.publisher.publish(event);
        if missed > 0 {
            self.connection.counters.missed.add(missed);
        }
    }

    fn originate_response(&self, event: &Event) {
        let pending = &self.connection.pending;
        if let Some(OurId::Call(id)) = pending.our_id(event.action_id()) {
            pending.originated(id, || originated(event));
        }
    }

    /// Whether an event is part of the reply that is coming, and for nobody but who waits for that.
    /// It was handed to them.
    fn belongs_to_a_reply(&mut self, event: &Event) -> bool {
        let pending = &self.connection.pending;
        let exchanges = pending.has_exchanges();
        if self.list.is_none() && !exchanges {
            return false;
        }
        let action_id = event.action_id();
        let id = pending.our_id(action_id);
        if let Some(list) = &self.list {
            let has_id = id == Some(OurId::Call(list.id));
            if has_id || action_id.is_none() && list.has_such_items(event) {
                return !self.list_event(event, has_id);
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

    /// Notes that a message came in the middle of the open list that is not of it. An exchange gets
    /// it, too.
    fn break_list(&mut self, message: &Message) {
        if let Some(list) = self.list.as_mut().filter(|list| !list.is_with_others()) {
            let id = self.connection.pending.our_id(message.action_id());
            list.break_with(message, id == Some(OurId::Call(list.id)));
        }
    }

    /// Hands an event of the open list to who waits for it. True if it is for subscribers, too.
    fn list_event(&mut self, event: &Event, has_id: bool) -> bool {
        let Some(list) = &mut self.list else { return true };
        let role = list.role(event, has_id);
        let wanted = list.take(event, has_id, role);
        let shared = list.is_shared();
        if role != Role::Item
            && let Some(list) = self.list.take()
            && !list.is_of_exchange()
        {
            self.connection.pending.forget(list.id);
        }
        if !wanted && !shared {
            self.unmatched(event);
        }
        shared
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
            // An error after the beginning: some of the actions send the rest and the end all the
            // same.
            if !response.is_error() || !list.fail(Error::rejected(&response)) {
                self.unmatched(&response);
            }
            return;
        }
        let begins = !response.is_error() && self.begins_list(&response);
        match pending.answer(id, response) {
            Answered::Accepted => {}
            Answered::Ended if begins => {
                // They are not events that happen now.
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
            // Timed out, cancelled, or one of the few actions that answer more than once.
            Answered::Unmatched(response) => {
                if begins {
                    self.list = Some(OpenList::of_nobody(id, false));
                }
                self.unmatched(&response);
            }
        }
    }

    /// Whether a response says that a list follows. Old servers say so in words alone.
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
            // Some actions answer with a plain success where there is nothing to list.
            waiter.parts.end();
            self.connection.pending.forget(id);
        }
    }

    /// A response without an id of ours: to an action that came through garbled, somebody else's,
    /// or forged.
    fn without_our_id(&mut self, response: &Response) {
        self.break_list(response);
        if !self.is_of_an_exchange(response) {
            self.unmatched(response);
        }
    }

    /// A message that is neither response nor event: a piece of one that unescaped data cut in two,
    /// or a reply without a response.
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

    /// The response that a message is if its id stands before `Response`, as proxies and old
    /// modules send it. The id has to be that of a call that waits for one, and never that of a
    /// list: ids are known to others, and the server itself writes them behind values with line
    /// ends in them.
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

    /// Whether a message that is no event, and has no id of ours, is part of the reply to the
    /// exchange whose turn it is at the server; it was handed to who waits for that. If a
    /// response with the id follows, it was not.
    fn is_of_an_exchange(&self, message: &Message) -> bool {
        if self.list.as_ref().is_some_and(OpenList::is_of_exchange) {
            // It got it with the rest of its list.
            return true;
        }
        let pending = &self.connection.pending;
        let Some((id, exchange)) = pending.current_exchange(self.fence) else { return false };
        let has_id = pending.our_id(message.action_id()) == Some(OurId::Call(id));
        exchange.parts.send(Ok(Said::new(message, has_id)))
    }

    /// Ends the calls before `id` that still wait for a response. Each id is visited once.
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
        if mem::take(&mut self.tells_of_loss) {
            self.connection.tell_of_loss(First::Other);
        }
        let missed = self.publisher.publish_stray(stray);
        self.connection.counters.missed.add(missed);
    }
}

fn starts_list(response: &Response) -> bool {
    event_list(response).is_some_and(|it| it.eq_ignore_ascii_case(b"start"))
}

/// Whether an event says that it ends a list.
fn ends_list(event: &Event) -> bool {
    event_list(event).is_some_and(|it| !it.eq_ignore_ascii_case(b"start"))
}

/// The value of `EventList`, where servers write it: behind the first line and the
/// ActionID. Further behind it is, or can be, part of a value.
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

/// The outcome that an `OriginateResponse` tells. It is rare and often kept, so it gets memory of
/// its own.
fn originated(event: &Event) -> Result<Event, Error> {
    let success = event.get("Response").is_some_and(|it| it.eq_ignore_ascii_case(b"Success"));
    let event = event.detach();
    if success {
        Ok(event)
    } else {
        Err(Error::Originate { reason: Reason::of(&event), event: Box::new(event) })
    }
}
