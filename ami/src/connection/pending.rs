//! Who waits for which answer: the table of a connection, shared by all who call and by the reader.
//! No `async fn`, no clock, no I/O.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use dashmap::DashMap;
use tokio::sync::{OwnedSemaphorePermit, oneshot, watch};

use super::loss::{First, Loss};
use super::outbox::FENCE;
use super::reply::{Replied, Replies, Reply};
use super::shape::{self, ListShape};
use crate::error::Error;
use crate::events::Subscribers;
use crate::stats::Counters;
use crate::wire::{Banner, Message};

/// What ends a call well.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Expect {
    /// The response.
    Response,
    /// The `OriginateResponse`, unless the response refuses.
    Originate,
    /// The end of the list, which the table may know more about; whether its number of items is to
    /// be believed; and whether its events are for subscribers, too.
    List { shape: Option<&'static ListShape>, counts: bool, shared: bool },
    /// The fence: everything before it is the reply.
    Everything { shape: Option<&'static ListShape> },
}

/// A place among the calls that may be in flight.
pub(crate) type Place = OwnedSemaphorePermit;

/// Who waits.
pub(crate) enum Sink {
    One(oneshot::Sender<Result<Message, Error>>),
    Many(Replies),
}

impl Sink {
    // The caller may be gone; then nobody wants to know.

    fn message(self, message: Message) {
        match self {
            Self::One(one) => drop(one.send(Ok(message))),
            Self::Many(many) => {
                many.send(Ok(Reply::Message(Replied::new(message, true))));
            }
        }
    }

    fn fail(self, error: Error) {
        match self {
            Self::One(one) => drop(one.send(Err(error))),
            Self::Many(many) => {
                many.send(Err(error));
            }
        }
    }
}

struct Pending {
    expect: Expect,
    /// The response came; what is awaited is an event, which the fence rule does not cover.
    responded: bool,
    /// How long the caller waits, at most.
    until: Instant,
    sink: Sink,
    /// Its place among those in flight. Nothing for our own questions, and once the server has
    /// answered.
    place: Option<Place>,
}

pub(crate) struct PendingCalls {
    /// The random part of our ActionIDs, with the hyphen.
    prefix: String,
    /// Whether the server is from before all lists were marked.
    old: bool,
    /// Invariant: no guard of this map outlives a statement.
    pending: DashMap<u64, Pending>,
    /// The highest id of a call so far. One above it is forged.
    last: AtomicU64,
    /// The calls that expect everything, and how many they are.
    open: Mutex<VecDeque<u64>>,
    open_count: AtomicUsize,
    subscribers: Arc<Subscribers>,
    counters: Arc<Counters>,
    booted: watch::Sender<bool>,
    logged_off: AtomicBool,
    /// The loss of a former connection that subscribers are to be told of.
    loss: Mutex<Option<Loss>>,
}

impl PendingCalls {
    pub(crate) fn new(
        prefix: &str,
        banner: &Banner,
        subscribers: Arc<Subscribers>,
        counters: Arc<Counters>,
        loss: Option<Loss>,
    ) -> Self {
        Self {
            prefix: format!("{prefix}-"),
            old: shape::is_old(banner),
            pending: DashMap::new(),
            last: AtomicU64::new(0),
            open: Mutex::default(),
            open_count: AtomicUsize::new(0),
            subscribers,
            counters,
            booted: watch::Sender::new(false),
            logged_off: AtomicBool::new(false),
            loss: Mutex::new(loss),
        }
    }

    /// Tells subscribers of the loss that this connection makes good, if nobody has yet.
    pub(crate) fn tell_of_loss(&self, first: First<'_>) {
        let loss = self.loss.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(loss) = loss {
            self.subscribers.gap(&loss.gap(first));
        }
    }

    pub(crate) fn has_loss(&self) -> bool {
        self.loss.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Whether the server has said by now that it is fully booted.
    pub(crate) fn is_booted(&self) -> bool {
        *self.booted.borrow()
    }

    /// Whether the server has said that it is fully booted.
    pub(crate) fn booted(&self) -> watch::Receiver<bool> {
        self.booted.subscribe()
    }

    /// Whether the server has answered a `Logoff` of ours: the end of the connection is no accident
    /// then.
    pub(crate) fn logged_off(&self) -> bool {
        self.logged_off.load(Ordering::Relaxed)
    }

    /// Lets a call wait under `id`, and says until when it does.
    pub(crate) fn register(
        &self,
        id: u64,
        expect: Expect,
        until: Instant,
        sink: Sink,
        place: Option<Place>,
    ) {
        self.last.fetch_max(id, Ordering::Relaxed);
        if matches!(expect, Expect::Everything { .. }) {
            let mut open = self.open();
            open.push_back(id);
            self.open_count.store(open.len(), Ordering::Relaxed);
        }
        self.pending.insert(id, Pending { expect, responded: false, until, sink, place });
    }

    /// Forgets a call that nobody waits for any more. False if it had ended.
    pub(crate) fn forget(&self, id: u64) -> bool {
        let Some((_, pending)) = self.pending.remove(&id) else { return false };
        if matches!(pending.expect, Expect::Everything { .. }) {
            let mut open = self.open();
            open.retain(|&other| other != id);
            self.open_count.store(open.len(), Ordering::Relaxed);
        }
        true
    }

    /// Notes that a call waits for longer than it said at first.
    pub(crate) fn extend(&self, id: u64, until: Instant) {
        if let Some(mut pending) = self.pending.get_mut(&id) {
            pending.until = until;
        }
    }

    /// Whether a call waits for a response that is one message.
    pub(crate) fn expects_one(&self, id: u64) -> bool {
        matches!(self.unanswered(id), Some(Expect::Response | Expect::Originate))
    }

    /// How many calls wait.
    pub(crate) fn in_flight(&self) -> usize {
        self.pending.len()
    }

    /// Until when a call waits that the server may be busy with.
    pub(crate) fn busy_until(&self) -> Option<Instant> {
        let unanswered = self.pending.iter().filter(|pending| !pending.responded);
        unanswered.map(|pending| pending.until).max()
    }

    /// Ends every call, with what `error` says of its id.
    pub(crate) fn fail_all(&self, error: impl Fn(u64) -> Error) {
        let ids: Vec<_> = self.pending.iter().map(|entry| *entry.key()).collect();
        for id in ids {
            self.fail(id, error(id));
        }
    }

    pub(crate) fn counters(&self) -> &Counters {
        &self.counters
    }

    pub(crate) fn subscribers(&self) -> &Arc<Subscribers> {
        &self.subscribers
    }

    /// Whether the server is from before all lists were marked.
    pub(crate) fn is_old(&self) -> bool {
        self.old
    }

    pub(crate) fn set_booted(&self) {
        self.booted.send_replace(true);
    }

    pub(crate) fn set_logged_off(&self) {
        self.logged_off.store(true, Ordering::Relaxed);
    }

    /// What a call waits for.
    pub(crate) fn expects(&self, id: u64) -> Option<Expect> {
        self.pending.get(&id).map(|pending| pending.expect)
    }

    /// What a call waits for that the server has not answered yet.
    pub(crate) fn unanswered(&self, id: u64) -> Option<Expect> {
        let pending = self.pending.get(&id)?;
        (!pending.responded).then_some(pending.expect)
    }

    /// Notes that the response came, and that the call goes on.
    pub(crate) fn set_responded(&self, id: u64) {
        if let Some(mut pending) = self.pending.get_mut(&id) {
            pending.responded = true;
            // The server is free for others, however long the phone rings.
            pending.place = None;
        }
    }

    pub(crate) fn finish(&self, id: u64, message: Message) {
        if let Some((_, pending)) = self.pending.remove(&id) {
            pending.sink.message(message);
        }
    }

    pub(crate) fn fail(&self, id: u64, error: Error) {
        if let Some((_, pending)) = self.pending.remove(&id) {
            pending.sink.fail(error);
        }
    }

    /// The way to a call that gets more than one message.
    pub(crate) fn many(&self, id: u64) -> Option<Replies> {
        match &self.pending.get(&id)?.sink {
            Sink::Many(many) => Some(many.clone()),
            Sink::One(_) => None,
        }
    }

    /// Whether there is a call that expects everything.
    pub(crate) fn has_open(&self) -> bool {
        self.open_count.load(Ordering::Relaxed) > 0
    }

    /// The first call that expects everything.
    pub(crate) fn first_open(&self) -> Option<u64> {
        if self.has_open() { self.open().front().copied() } else { None }
    }

    /// Notes that the server is through with the calls before `id`.
    pub(crate) fn forget_open_before(&self, id: u64) {
        if self.has_open() {
            let mut open = self.open();
            while open.front().is_some_and(|&front| front < id) {
                open.pop_front();
            }
            self.open_count.store(open.len(), Ordering::Relaxed);
        }
    }

    fn open(&self) -> MutexGuard<'_, VecDeque<u64>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The call in an ActionID of ours, and whether it is that of its fence.
    pub(crate) fn our_id(&self, id: Option<&[u8]>) -> Option<(u64, bool)> {
        let number = id?.strip_prefix(self.prefix.as_bytes())?;
        let (number, fence) = match number.strip_suffix(FENCE) {
            Some(number) => (number, true),
            None => (number, false),
        };
        // `parse` alone would take a sign.
        let digits = number.iter().all(u8::is_ascii_digit);
        let id = digits.then(|| str::from_utf8(number).ok()?.parse().ok()).flatten();
        let id = id.filter(|&id| id <= self.last.load(Ordering::Relaxed))?;
        Some((id, fence))
    }
}
