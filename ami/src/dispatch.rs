//! Who gets which frame: the reader's side of the [`router`](crate::router). No `async fn`, no clock, no I/O: bytes in a
//! test drive it as a socket does.
//!
//! - A response with the id of a pending call ends the call; or, for `Originate`, its first half; or it opens a list.
//! - An `OriginateResponse` with the id of a pending originate ends that one.
//! - An event with the id of the open list goes to that list alone: several items have the names of real events.
//! - Every other event goes to the subscribers of its name.
//! - Anything else is counted and traced, never an error: dialplan data can forge whole messages, and other sessions' ids
//!   are visible.
//!
//! **The fence rule.** Asterisk works off one action after another. When the response to action N comes, those before N
//! have said all they ever will; a call among them that still waits never gets an answer, and is told so at once. For the
//! same reason there is at most one open list, and nothing but its items comes between its beginning and its end.

use std::mem;
use std::sync::Arc;

use crate::codec::{Frame, Malformed};
use crate::error::{Error, Reason};
use crate::list::Reply;
use crate::message::{Event, Message, Response};
use crate::router::{Expect, Replies, Router};
use crate::shape::ListShape;
use crate::subscribers::Publisher;

/// The reader's side: what it alone knows of the order in which the server speaks.
pub(crate) struct Dispatch<'a> {
    router: &'a Router,
    /// No call below this id waits for a response.
    fence: u64,
    list: Option<OpenList>,
    publisher: Publisher,
    /// Messages handed out so far.
    pub(crate) count: u64,
}

/// The list whose items come now.
struct OpenList {
    id: u64,
    shape: Option<&'static ListShape>,
    /// Nothing if nobody waits for it any more.
    sender: Option<Replies>,
    /// Whether it is a part of everything that somebody waits for.
    of_everything: bool,
}

impl OpenList {
    fn of_nobody(id: u64) -> Self {
        Self { id, shape: None, sender: None, of_everything: false }
    }

    fn send(&self, reply: Result<Reply, Error>) -> bool {
        self.sender.as_ref().is_some_and(|sender| sender.send(reply).is_ok())
    }
}

impl<'a> Dispatch<'a> {
    pub(crate) fn new(router: &'a Router) -> Self {
        let publisher = Publisher::new(Arc::clone(router.subscribers()));
        Self { router, fence: 0, list: None, publisher, count: 0 }
    }

    /// Hands a frame to those it is for. Subscribers are woken by [`flush`](Self::flush).
    pub(crate) fn dispatch(&mut self, frame: Frame) {
        tracing::trace!(?frame, "received");
        self.count += 1;
        let counters = self.router.counters();
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
                if let Malformed::TooLarge(bytes) = malformed {
                    self.too_large(bytes);
                }
            }
            Frame::Other(message) => {
                counters.other.add(1);
                self.other(message);
            }
            Frame::Banner(banner) => {
                counters.other.add(1);
                tracing::debug!(?banner, "a banner inside the stream");
            }
        }
    }

    /// To be called when all is handed out that was read at once: wakes the subscribers that got something.
    pub(crate) fn flush(&mut self) {
        self.publisher.flush();
    }

    fn event(&mut self, event: Event) {
        let name = event.name();
        if name.eq_ignore_ascii_case(b"OriginateResponse") {
            self.originate_response(&event);
        } else if name.eq_ignore_ascii_case(b"UserEvent") {
            // It can have the id of the action that raised it, and is for everybody all the same.
        } else if self.belongs_to_a_reply(&event) {
            return;
        } else if name.eq_ignore_ascii_case(b"FullyBooted") {
            self.router.set_booted();
        }
        let missed = self.publisher.publish(event);
        if missed > 0 {
            self.router.counters().missed.add(missed);
        }
    }

    fn originate_response(&self, event: &Event) {
        let Some((id, false)) = self.router.our_id(event.action_id()) else { return };
        if self.router.expects(id) == Some(Expect::Originate) {
            match originated(event) {
                Ok(message) => self.router.finish(id, message),
                Err(error) => self.router.fail(id, error),
            }
        }
    }

    /// Whether an event is part of the reply that is coming, and was handed to who waits for that.
    fn belongs_to_a_reply(&mut self, event: &Event) -> bool {
        let open = self.router.has_open();
        if self.list.is_none() && !open {
            return false;
        }
        let id = self.router.our_id(event.action_id());
        if let Some(list) = &self.list {
            let shape = list.shape;
            let ours = match (id, event.action_id()) {
                (Some((id, false)), _) => id == list.id,
                (None, None) => shape.is_some_and(|it| it.without_id.is_some_and(|n| event.is(n))),
                _ => false,
            };
            if ours {
                self.list_item(event);
                return true;
            }
        }
        let Some((id, false)) = id.filter(|_| open) else { return false };
        let many = self.router.many(id);
        let everything = matches!(self.router.expects(id), Some(Expect::Everything { .. }));
        match many.filter(|_| everything) {
            Some(many) => many.send(Ok(Reply::Message(event.clone().into_message()))).is_ok(),
            None => false,
        }
    }

    fn list_item(&mut self, event: &Event) {
        let Some(list) = self.list.take() else { return };
        let by_header = event.get("EventList").is_some_and(|it| !it.eq_ignore_ascii_case(b"start"));
        let by_name = list.shape.filter(|shape| event.is(shape.end));
        let item = !by_header && by_name.is_none_or(|shape| shape.end_is_item);
        let mut wanted = true;
        let end = by_header || by_name.is_some();
        if list.of_everything {
            wanted = list.send(Ok(Reply::Message(event.clone().into_message())));
        } else if item {
            wanted = list.send(Ok(Reply::Item(event.clone())));
        }
        if !end {
            self.list = Some(list);
        } else if !list.of_everything {
            wanted = list.send(Ok(Reply::End(Some(event.clone()))));
            self.router.forget(list.id);
        }
        if !wanted {
            self.unmatched(event);
        }
    }

    fn response(&mut self, response: Response) {
        let Some((id, fence)) = self.router.our_id(response.action_id()) else {
            return self.unmatched(&response);
        };
        if fence {
            return self.raise_fence(id + 1);
        }
        self.raise_fence(id);
        if response.status().eq_ignore_ascii_case(b"Goodbye") {
            self.router.set_logged_off();
        }
        let open = self.list.as_ref().filter(|list| list.id == id && !list.of_everything);
        if let Some(list) = open {
            // An error after the beginning: some of the actions send the rest and the end all the same.
            let told =
                response.is_error() && list.send(Err(Error::Rejected(Box::new(response.clone()))));
            if !told {
                self.unmatched(&response);
            }
            return;
        }
        match self.router.expects(id) {
            Some(Expect::Everything { shape, .. }) => {
                let sender = self.router.many(id);
                if starts_list(&response) {
                    let sender = sender.clone();
                    self.list = Some(OpenList { id, shape, sender, of_everything: true });
                }
                if let Some(many) = sender {
                    let _ = many.send(Ok(Reply::Message(response.into_message())));
                }
            }
            Some(_) if response.is_error() => {
                self.router.fail(id, Error::Rejected(Box::new(response)));
            }
            Some(Expect::Response) => {
                if starts_list(&response) {
                    // Whoever wants the items asks for a list. They are not events that happen now.
                    self.list = Some(OpenList::of_nobody(id));
                }
                self.router.finish(id, response.into_message());
            }
            Some(Expect::Originate) => self.router.set_responded(id),
            Some(Expect::List(shape)) => self.begin_list(id, shape, response),
            // Timed out, cancelled, or one of the few actions that answer more than once.
            None => {
                if starts_list(&response) {
                    self.list = Some(OpenList::of_nobody(id));
                }
                self.unmatched(&response);
            }
        }
    }

    fn begin_list(&mut self, id: u64, shape: Option<&'static ListShape>, response: Response) {
        let message = response.get("Message").unwrap_or_default();
        let opens = starts_list(&response)
            || shape.is_some_and(|shape| shape.opens(message, self.router.is_old()));
        let list = OpenList { id, shape, sender: self.router.many(id), of_everything: false };
        list.send(Ok(Reply::Response(response)));
        if opens {
            self.list = Some(list);
        } else {
            // Some actions answer with a plain success where there is nothing to list.
            list.send(Ok(Reply::End(None)));
            self.router.forget(id);
        }
    }

    /// A message that is neither event nor response: a piece of one that unescaped data cut in two, or all the reply there
    /// is to one of the few actions that answer with bare lines.
    fn other(&mut self, message: Message) {
        let front = self.router.first_open();
        let bare = |id: &u64| {
            matches!(self.router.expects(*id), Some(Expect::Everything { bare: true, .. }))
        };
        if let Some(id) = front.filter(bare)
            && let Some(many) = self.router.many(id)
        {
            let _ = many.send(Ok(Reply::Message(message)));
        } else {
            tracing::debug!(?message, "a message that is neither response nor event");
        }
    }

    /// Tells who waits for the reply that is coming that a part of it is lost.
    fn too_large(&self, bytes: usize) {
        let many = self.list.as_ref().and_then(|list| list.sender.clone());
        let many = many.or_else(|| self.router.many(self.router.first_open()?));
        if let Some(many) = many {
            let _ = many.send(Err(Error::TooLarge(bytes)));
        }
    }

    /// Ends the calls before `id` that still wait for a response. Each id is visited once.
    fn raise_fence(&mut self, id: u64) {
        if id <= self.fence {
            return;
        }
        let from = mem::replace(&mut self.fence, id);
        let router = self.router;
        router.forget_open_before(id);
        let list = self.list.take_if(|list| list.id < id).map(|list| list.id);
        for earlier in from..id {
            match router.unanswered(earlier) {
                None => {}
                Some(Expect::Everything { .. }) => {
                    if let Some(many) = router.many(earlier) {
                        let _ = many.send(Ok(Reply::End(None)));
                    }
                    router.forget(earlier);
                }
                Some(_) if list == Some(earlier) => router.fail(earlier, Error::ListIncomplete),
                Some(_) => router.fail(earlier, Error::NoResponse),
            }
        }
    }

    fn unmatched(&self, message: &Message) {
        self.router.counters().unmatched.add(1);
        tracing::debug!(?message, "an answer that nobody waits for");
    }
}

fn starts_list(response: &Response) -> bool {
    response.get("EventList").is_some_and(|it| it.eq_ignore_ascii_case(b"start"))
}

fn originated(event: &Event) -> Result<Message, Error> {
    let success = event.get("Response").is_some_and(|it| it.eq_ignore_ascii_case(b"Success"));
    if success {
        Ok(event.clone().into_message())
    } else {
        Err(Error::Originate { reason: Reason::of(event), event: Box::new(event.clone()) })
    }
}
