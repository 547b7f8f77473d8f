//! Who gets which frame. No `async fn`, no clock, no I/O: bytes in a test drive it as a socket does.
//!
//! - A response with the id of a pending call ends the call, or, for `Originate`, its first half.
//! - An `OriginateResponse` with the id of a pending originate ends that one.
//! - Every event goes to the subscribers of its name.
//! - Anything else is traced, never an error: dialplan data can forge whole messages, and other sessions' ids are
//!   visible.
//!
//! **The fence rule.** Asterisk works off one action after another. When the response to action N comes, those before N
//! have said all they ever will; a call among them that still waits never gets an answer, and is told so at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use dashmap::DashMap;
use tokio::sync::{oneshot, watch};

use crate::codec::Frame;
use crate::error::{Error, Reason};
use crate::message::{Event, Message, Response};
use crate::subscription::Subscribers;

/// What ends a call well.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Expect {
    /// The response.
    Response,
    /// The `OriginateResponse`, unless the response refuses.
    Originate,
}

struct Pending {
    expect: Expect,
    /// The response came; what is awaited is an event, which the fence rule does not cover.
    responded: bool,
    reply: oneshot::Sender<Result<Message, Error>>,
}

pub(crate) struct Router {
    /// The random part of our ActionIDs, with the hyphen.
    prefix: String,
    /// Invariant: no guard of this map outlives a statement.
    pending: DashMap<u64, Pending>,
    /// No call below this id waits for a response. Moved by the reader alone.
    fence: AtomicU64,
    /// The highest id of a call so far. One above it is forged.
    last: AtomicU64,
    subscribers: Arc<Subscribers>,
    booted: watch::Sender<bool>,
}

impl Router {
    pub(crate) fn new(prefix: &str) -> Self {
        Self {
            prefix: format!("{prefix}-"),
            pending: DashMap::new(),
            fence: AtomicU64::new(0),
            last: AtomicU64::new(0),
            subscribers: Arc::default(),
            booted: watch::Sender::new(false),
        }
    }

    pub(crate) fn subscribers(&self) -> &Arc<Subscribers> {
        &self.subscribers
    }

    /// Whether the server has said that it is fully booted.
    pub(crate) fn booted(&self) -> watch::Receiver<bool> {
        self.booted.subscribe()
    }

    /// Lets a call wait under `id`.
    pub(crate) fn register(
        &self,
        id: u64,
        expect: Expect,
        reply: oneshot::Sender<Result<Message, Error>>,
    ) {
        self.last.fetch_max(id, Ordering::Relaxed);
        self.pending.insert(id, Pending { expect, responded: false, reply });
    }

    /// Forgets a call that nobody waits for any more. False if it had ended.
    pub(crate) fn forget(&self, id: u64) -> bool {
        self.pending.remove(&id).is_some()
    }

    /// How many calls wait.
    pub(crate) fn in_flight(&self) -> usize {
        self.pending.len()
    }

    pub(crate) fn dispatch(&self, frame: Frame) {
        tracing::trace!(?frame, "received");
        match frame {
            Frame::Event(event) => self.event(event),
            Frame::Response(response) => self.response(response),
            frame => tracing::debug!(?frame, "a frame that is neither response nor event"),
        }
    }

    /// Ends every call, with what `error` says of its id, and every subscription.
    pub(crate) fn fail_all(&self, error: impl Fn(u64) -> Error) {
        let ids: Vec<_> = self.pending.iter().map(|entry| *entry.key()).collect();
        for id in ids {
            self.finish(id, Err(error(id)));
        }
        self.subscribers.close();
    }

    fn event(&self, event: Event) {
        if event.is("OriginateResponse") {
            let id = self.our_id(event.action_id());
            if let Some(id) = id.filter(|&id| self.expects(id) == Some(Expect::Originate)) {
                self.finish(id, originated(&event));
            }
        } else if event.is("FullyBooted") {
            self.booted.send_replace(true);
        }
        self.subscribers.publish(&event);
    }

    fn response(&self, response: Response) {
        let Some(id) = self.our_id(response.action_id()) else {
            tracing::debug!(?response, "a response to nobody");
            return;
        };
        self.raise_fence(id);
        let accepted = !response.is_error();
        match self.expects(id) {
            Some(Expect::Originate) if accepted => {
                if let Some(mut pending) = self.pending.get_mut(&id) {
                    pending.responded = true;
                }
            }
            Some(_) if accepted => self.finish(id, Ok(response.into_message())),
            Some(_) => self.finish(id, Err(Error::Rejected(Box::new(response)))),
            // Timed out, cancelled, or one of the few actions that answer more than once.
            None => tracing::debug!(?response, "a response nobody waits for"),
        }
    }

    /// Ends the calls before `id` that still wait for a response. Each id is visited once.
    fn raise_fence(&self, id: u64) {
        let from = self.fence.fetch_max(id, Ordering::Relaxed);
        for earlier in from..id {
            if self.pending.get(&earlier).is_some_and(|pending| !pending.responded) {
                self.finish(earlier, Err(Error::NoResponse));
            }
        }
    }

    fn expects(&self, id: u64) -> Option<Expect> {
        self.pending.get(&id).map(|pending| pending.expect)
    }

    fn finish(&self, id: u64, result: Result<Message, Error>) {
        if let Some((_, pending)) = self.pending.remove(&id) {
            // The caller may be gone; then nobody wants the result.
            let _ = pending.reply.send(result);
        }
    }

    fn our_id(&self, id: Option<&[u8]>) -> Option<u64> {
        let number = id?.strip_prefix(self.prefix.as_bytes())?;
        // `parse` alone would take a sign.
        let digits = number.iter().all(u8::is_ascii_digit);
        let id = digits.then(|| str::from_utf8(number).ok()?.parse().ok()).flatten();
        id.filter(|&id| id <= self.last.load(Ordering::Relaxed))
    }
}

fn originated(event: &Event) -> Result<Message, Error> {
    let success = event.get("Response").is_some_and(|it| it.eq_ignore_ascii_case(b"Success"));
    if success {
        Ok(event.clone().into_message())
    } else {
        Err(Error::Originate { reason: Reason::of(event), event: Box::new(event.clone()) })
    }
}
