//! Who gets which frame: the reader's side of the [`pending`](super::pending). No `async fn`, no
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

use self::open_list::OpenList;
use super::loss::First;
use super::pending::{Expect, PendingCalls};
use super::reply::{Replies, Reply};
use super::shape;
use crate::connection::Replied;
use crate::error::{Error, Reason};
use crate::events::{Publisher, Stray};
use crate::wire::{Event, Frame, Line, Malformed, Message, Response};

mod lost;
mod open_list;

/// The reader's side: what it alone knows of the order in which the server speaks.
pub(crate) struct Dispatch<'a> {
    pending: &'a PendingCalls,
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
    pub(crate) fn new(pending: &'a PendingCalls) -> Self {
        let publisher = Publisher::new(Arc::clone(pending.subscribers()));
        let tells_of_loss = pending.has_loss();
        Self { pending, fence: 0, list: None, publisher, tells_of_loss, count: 0 }
    }

    /// Hands a frame to those it is for. Subscribers are woken by [`flush`](Self::flush).
    #[inline]
    pub(crate) fn dispatch(&mut self, frame: Frame) {
        tracing::trace!(?frame, "received");
        self.count += 1;
        let counters = self.pending.counters();
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
            self.pending.set_booted();
        }
        if mem::take(&mut self.tells_of_loss) {
            self.pending.tell_of_loss(First::Event(&event));
        }
        let missed = self.publisher.publish(event);
        if missed > 0 {
            self.pending.counters().missed.add(missed);
        }
    }

    fn originate_response(&self, event: &Event) {
        let Some((id, false)) = self.pending.our_id(event.action_id()) else { return };
        if self.pending.expects(id) == Some(Expect::Originate) {
            match originated(event) {
                Ok(message) => self.pending.finish(id, message),
                Err(error) => self.pending.fail(id, error),
            }
        }
    }

    /// Whether an event is part of the reply that is coming, and for nobody but who waits for that.
    /// It was handed to them.
    fn belongs_to_a_reply(&mut self, event: &Event) -> bool {
        let open = self.pending.has_open();
        if self.list.is_none() && !open {
            return false;
        }
        let action_id = event.action_id();
        let id = self.pending.our_id(action_id);
        if let Some(list) = &self.list {
            let shared = list.shared;
            if id == Some((list.id, false)) {
                self.list_item(event, true);
                return !shared;
            }
            if action_id.is_none() && list.has_such_items(event) {
                self.list_item(event, false);
                return !shared;
            }
            self.break_list(event);
        }
        let Some((id, false)) = id.filter(|_| open) else { return false };
        if matches!(self.pending.expects(id), Some(Expect::Everything { .. })) {
            let many = self.pending.many(id);
            return many.is_some_and(|many| many.send(Ok(everything_of(event, true))));
        }
        false
    }

    /// Notes that a message came in the middle of the open list that is not of it. An exchange gets
    /// it, too.
    fn break_list(&mut self, message: &Message) {
        let Some(list) = &mut self.list else { return };
        if list.shape.is_some_and(|shape| shape.with_others) {
            return;
        }
        if list.of_everything {
            let has_id = self.pending.our_id(message.action_id()) == Some((list.id, false));
            list.send(Ok(everything_of(message, has_id)));
        } else {
            list.spoil(|| Error::ListBroken(Box::new(message.detach())));
        }
    }

    fn list_item(&mut self, event: &Event, with_id: bool) {
        let Some(mut list) = self.list.take() else { return };
        let shared = list.shared;
        let glued = list.shape.is_some_and(|shape| shape.is_glued);
        let by_header = with_id && (ends_list(event) || glued && event.get("EventList").is_some());
        let by_name = list.shape.filter(|shape| with_id && event.is(shape.end));
        let item = !by_header && by_name.is_none_or(|shape| shape.end_is_item);
        let mut wanted = true;
        if list.of_everything {
            wanted = list.send(Ok(everything_of(event, with_id)));
        } else if item {
            list.note(event);
            wanted = list.send(Ok(Reply::Item(event.clone())));
        }
        if !by_header && by_name.is_none() {
            self.list = Some(list);
        } else if !list.of_everything {
            let said = event.utf8("ListItems").ok().flatten().and_then(|it| it.trim().parse().ok());
            if let Some(said) = said.filter(|&said| list.counts && said > list.items) {
                let came = list.items;
                list.spoil(|| Error::ListShort { said, came });
            }
            wanted = list.send(Ok(Reply::End(Some(event.clone()))));
            self.pending.forget(list.id);
        }
        if !wanted && !shared {
            self.unmatched(event);
        }
    }

    fn response(&mut self, response: Response) {
        let Some((id, fence)) = self.pending.our_id(response.action_id()) else {
            return self.without_our_id(&response);
        };
        if fence {
            return self.raise_fence(id + 1);
        }
        self.raise_fence(id);
        if response.head().eq_ignore_ascii_case(b"Goodbye") {
            self.pending.set_logged_off();
        }
        let open = self.list.as_ref().filter(|list| list.id == id && !list.of_everything);
        if let Some(list) = open {
            // An error after the beginning: some of the actions send the rest and the end all the
            // same.
            let told = response.is_error() && list.send(Err(Error::rejected(&response)));
            if !told {
                self.unmatched(&response);
            }
            return;
        }
        match self.pending.expects(id) {
            Some(Expect::Everything { shape }) => {
                let sender = self.pending.many(id);
                if starts_list(&response) {
                    let list = OpenList::new(id, shape, sender.clone());
                    self.list = Some(OpenList { of_everything: true, ..list });
                }
                if let Some(many) = sender {
                    many.send(Ok(everything_of(&response, true)));
                }
            }
            Some(_) if response.is_error() => self.pending.fail(id, Error::rejected(&response)),
            Some(Expect::Response) => {
                if self.begins_list(&response) {
                    // They are not events that happen now.
                    tracing::warn!(
                        id,
                        "the answer begins a list, and its items go to nobody: ask for it with `list`"
                    );
                    self.list = Some(OpenList::of_nobody(id));
                }
                self.pending.finish(id, response.into_message());
            }
            Some(Expect::Originate) => self.pending.set_responded(id),
            Some(Expect::List { shape, counts, shared }) => {
                let list = OpenList::new(id, shape, self.pending.many(id));
                self.begin_list(OpenList { counts, shared, ..list }, response);
            }
            // Timed out, cancelled, or one of the few actions that answer more than once.
            None => {
                if self.begins_list(&response) {
                    self.list = Some(OpenList::of_nobody(id));
                }
                self.unmatched(&response);
            }
        }
    }

    /// Whether a response says that a list follows. Old servers say so in words alone.
    fn begins_list(&self, response: &Response) -> bool {
        let says_so = || shape::says_follow(response.get("Message").unwrap_or_default());
        starts_list(response) || self.pending.is_old() && says_so()
    }

    fn begin_list(&mut self, list: OpenList, response: Response) {
        let message = response.get("Message").unwrap_or_default();
        let opens = starts_list(&response)
            || list.shape.is_some_and(|shape| shape.opens(message, self.pending.is_old()));
        list.send(Ok(Reply::Response(response)));
        if opens {
            self.list = Some(list);
        } else {
            // Some actions answer with a plain success where there is nothing to list.
            list.send(Ok(Reply::End(None)));
            self.pending.forget(list.id);
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
                self.pending.counters().responses.add(1);
                return self.response(response);
            }
            Err(message) => message,
        };
        self.pending.counters().other.add(1);
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
        let id = self.pending.our_id(message.action_id());
        let believed = |(id, fence)| match fence {
            true => self.pending.unanswered(id).is_some(),
            false => self.pending.expects_one(id),
        };
        if !id.is_some_and(believed) {
            return Err(message);
        }
        let response = message.clone().into_response_behind_id().map(Response::new);
        response.ok_or(message)
    }

    /// Whether a message that is no event, and has no id of ours, is part of the reply to the
    /// exchange whose turn it is at the server; it was handed to who waits for that. If a
    /// response with the id follows, it was not.
    fn is_of_an_exchange(&self, message: &Message) -> bool {
        if self.list.as_ref().is_some_and(|list| list.of_everything) {
            // It got it with the rest of its list.
            return true;
        }
        let Some((id, many)) = self.exchange() else { return false };
        many.send(Ok(everything_of(message, self.has_id(message, id))))
    }

    fn has_id(&self, message: &Message, id: u64) -> bool {
        self.pending.our_id(message.action_id()) == Some((id, false))
    }

    /// The exchange whose turn it is at the server, as far as is known.
    fn exchange(&self) -> Option<(u64, Replies)> {
        let id = self.pending.first_open()?;
        let earlier = (self.fence..id).any(|id| self.pending.unanswered(id).is_some());
        if earlier { None } else { Some(id).zip(self.pending.many(id)) }
    }

    /// Ends the calls before `id` that still wait for a response. Each id is visited once.
    fn raise_fence(&mut self, id: u64) {
        if id <= self.fence {
            return;
        }
        let from = mem::replace(&mut self.fence, id);
        let pending = self.pending;
        pending.forget_open_before(id);
        let list = self.list.take_if(|list| list.id < id).map(|list| list.id);
        for earlier in from..id {
            match pending.unanswered(earlier) {
                None => {}
                Some(Expect::Everything { .. }) => {
                    if let Some(many) = pending.many(earlier) {
                        many.send(Ok(Reply::End(None)));
                    }
                    pending.forget(earlier);
                }
                Some(_) if list == Some(earlier) => pending.fail(earlier, Error::ListIncomplete),
                Some(_) => pending.fail(earlier, Error::NoResponse),
            }
        }
    }

    fn unmatched(&mut self, message: &Message) {
        self.pending.counters().unmatched.add(1);
        tracing::debug!(?message, "an answer that nobody waits for");
        self.stray(|| Stray::Unmatched(message.clone()));
    }

    fn stray(&mut self, stray: impl FnOnce() -> Stray) {
        if mem::take(&mut self.tells_of_loss) {
            self.pending.tell_of_loss(First::Other);
        }
        let missed = self.publisher.publish_stray(stray);
        self.pending.counters().missed.add(missed);
    }
}

fn everything_of(message: &Message, has_our_id: bool) -> Reply {
    Reply::Message(Replied::new(message.clone(), has_our_id))
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
fn originated(event: &Event) -> Result<Message, Error> {
    let success = event.get("Response").is_some_and(|it| it.eq_ignore_ascii_case(b"Success"));
    let event = event.detach();
    if success {
        Ok(event.into_message())
    } else {
        Err(Error::Originate { reason: Reason::of(&event), event: Box::new(event) })
    }
}
