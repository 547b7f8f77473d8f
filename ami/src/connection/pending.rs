//! Who waits for which answer: the table of a connection, shared by all who call and by the reader.
//! No `async fn`, no I/O.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use dashmap::DashMap;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::outbox::FENCE;
use super::reply::{Listed, Parts, Said};
use super::shape::ListShape;
use crate::error::Error;
use crate::wire::{Event, Response};

/// A place among the calls that may be in flight.
pub(crate) type Place = OwnedSemaphorePermit;

/// Who waits, and what ends the wait well.
pub(crate) enum Waiter {
    /// The response ends it.
    Response(oneshot::Sender<Result<Response, Error>>),
    /// The `OriginateResponse` ends it, or a response that refuses.
    Originate(oneshot::Sender<Result<Event, Error>>),
    /// The end of the list ends it, or a response that is no beginning of a list.
    List(ListWaiter),
    /// The fence ends it: everything before that is the reply.
    Everything(ExchangeWaiter),
}

/// Who waits for a list.
#[derive(Clone)]
pub(crate) struct ListWaiter {
    pub(crate) parts: Parts<Listed>,
    pub(crate) want: ListWant,
}

/// What is known of a list before it comes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ListWant {
    /// What the header `EventList` alone does not show.
    pub(crate) shape: Option<&'static ListShape>,
    /// Whether the number of items that the server tells is to be believed.
    pub(crate) counts: bool,
    /// Whether subscribers get its events, too.
    pub(crate) shared: bool,
}

/// Who waits for everything.
#[derive(Clone)]
pub(crate) struct ExchangeWaiter {
    pub(crate) parts: Parts<Said>,
    pub(crate) shape: Option<&'static ListShape>,
}

impl Waiter {
    /// Whether a response ends the wait, as an answer or a refusal.
    fn ends_with(&self, response: &Response) -> bool {
        match self {
            Self::Response(_) => true,
            Self::Originate(_) | Self::List(_) => response.is_error(),
            Self::Everything(_) => false,
        }
    }

    // The caller may be gone; then nobody wants to know.

    fn end(self, response: Response) {
        match self {
            Self::Response(sender) if !response.is_error() => drop(sender.send(Ok(response))),
            other => other.fail(Error::rejected(&response)),
        }
    }

    fn fail(self, error: Error) {
        match self {
            Self::Response(sender) => drop(sender.send(Err(error))),
            Self::Originate(sender) => drop(sender.send(Err(error))),
            Self::List(ListWaiter { parts, .. }) => drop(parts.fail(error)),
            Self::Everything(ExchangeWaiter { parts, .. }) => drop(parts.fail(error)),
        }
    }
}

/// A call that waits.
struct Call {
    waiter: Waiter,
    /// The server has accepted an originate; what is awaited is an event, which the fence rule does
    /// not cover.
    accepted: bool,
    /// When the caller stops waiting, at the latest.
    until: Instant,
    /// The place among those in flight. `None` for our own questions, and once the server has
    /// accepted an originate.
    place: Option<Place>,
}

/// What an ActionID of ours belongs to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum OurId {
    Call(u64),
    /// The fence behind a call.
    Fence(u64),
}

/// What became of a response.
pub(crate) enum Answered {
    /// It has ended a call of this kind.
    Ended,
    /// An originate goes on.
    Accepted,
    /// A list may begin with it.
    List(ListWaiter, Response),
    /// It is a part of everything.
    Everything(ExchangeWaiter, Response),
    /// Nobody waits for it.
    Unmatched(Response),
}

pub(crate) struct PendingCalls {
    /// The random part of our ActionIDs, with the hyphen.
    prefix: String,
    /// Invariant: no guard of this map outlives a statement.
    calls: DashMap<u64, Call>,
    /// The highest id of a call so far. One above it is forged.
    last: AtomicU64,
    /// The calls that expect everything, and how many they are.
    exchanges: Mutex<VecDeque<u64>>,
    exchange_count: AtomicUsize,
}

impl PendingCalls {
    pub(crate) fn new(prefix: &str) -> Self {
        Self {
            prefix: format!("{prefix}-"),
            calls: DashMap::new(),
            last: AtomicU64::new(0),
            exchanges: Mutex::default(),
            exchange_count: AtomicUsize::new(0),
        }
    }

    /// Lets a call wait under `id`, no longer than `until`.
    pub(crate) fn add(&self, id: u64, waiter: Waiter, until: Instant, place: Option<Place>) {
        self.last.fetch_max(id, Ordering::Relaxed);
        if matches!(waiter, Waiter::Everything(_)) {
            self.change_exchanges(|exchanges| exchanges.push_back(id));
        }
        self.calls.insert(id, Call { waiter, accepted: false, until, place });
    }

    /// Forgets a call that waits for nothing more. False if it had ended.
    pub(crate) fn forget(&self, id: u64) -> bool {
        let Some((_, call)) = self.calls.remove(&id) else { return false };
        if matches!(call.waiter, Waiter::Everything(_)) {
            self.change_exchanges(|exchanges| exchanges.retain(|&other| other != id));
        }
        true
    }

    /// Notes that a call waits for longer than it said at first.
    pub(crate) fn extend(&self, id: u64, until: Instant) {
        if let Some(mut call) = self.calls.get_mut(&id) {
            call.until = until;
        }
    }

    /// How many calls wait.
    pub(crate) fn in_flight(&self) -> usize {
        self.calls.len()
    }

    /// Until when a call waits that the server may be busy with.
    pub(crate) fn busy_until(&self) -> Option<Instant> {
        let unanswered = self.calls.iter().filter(|call| !call.accepted);
        unanswered.map(|call| call.until).max()
    }

    /// Ends every call, with what `error` says of its id.
    pub(crate) fn fail_all(&self, error: impl Fn(u64) -> Error) {
        let ids: Vec<_> = self.calls.iter().map(|entry| *entry.key()).collect();
        for id in ids {
            self.fail(id, error(id));
        }
    }

    /// Ends a call with an error.
    pub(crate) fn fail(&self, id: u64, error: Error) {
        if let Some((_, call)) = self.calls.remove(&id) {
            call.waiter.fail(error);
        }
    }

    /// Gives a response to the call that waits for it.
    pub(crate) fn answer(&self, id: u64, response: Response) -> Answered {
        if let Some((_, call)) = self.calls.remove_if(&id, |_, it| it.waiter.ends_with(&response)) {
            call.waiter.end(response);
            return Answered::Ended;
        }
        let Some(mut call) = self.calls.get_mut(&id) else { return Answered::Unmatched(response) };
        match &call.waiter {
            Waiter::List(list) => Answered::List(list.clone(), response),
            Waiter::Everything(exchange) => Answered::Everything(exchange.clone(), response),
            Waiter::Response(_) | Waiter::Originate(_) => {
                call.accepted = true;
                // The server is free for others, however long the phone rings.
                call.place = None;
                Answered::Accepted
            }
        }
    }

    /// Ends an originate with its outcome.
    pub(crate) fn originated(&self, id: u64, outcome: impl FnOnce() -> Result<Event, Error>) {
        let originate = |call: &Call| matches!(call.waiter, Waiter::Originate(_));
        if let Some((_, call)) = self.calls.remove_if(&id, |_, call| originate(call))
            && let Waiter::Originate(sender) = call.waiter
        {
            // The caller may be gone; then nobody wants to know.
            drop(sender.send(outcome()));
        }
    }

    /// Ends the calls of these ids that still wait for a response: the server is through with them.
    /// `list` is the one whose list is open.
    pub(crate) fn pass(&self, ids: Range<u64>, list: Option<u64>) {
        if self.has_exchanges() {
            self.change_exchanges(|exchanges| {
                while exchanges.front().is_some_and(|&front| front < ids.end) {
                    exchanges.pop_front();
                }
            });
        }
        for id in ids {
            let passed = self.calls.remove_if(&id, |_, call| !call.accepted);
            match passed.map(|(_, call)| call.waiter) {
                None => {}
                Some(Waiter::Everything(exchange)) => drop(exchange.parts.end()),
                Some(waiter) if list == Some(id) => waiter.fail(Error::ListIncomplete),
                Some(waiter) => waiter.fail(Error::NoResponse),
            }
        }
    }

    /// Whether a call waits for something that the server has not said yet.
    pub(crate) fn is_unanswered(&self, id: u64) -> bool {
        self.calls.get(&id).is_some_and(|call| !call.accepted)
    }

    /// Whether a call waits for a response that is one message.
    pub(crate) fn expects_one(&self, id: u64) -> bool {
        let one = |waiter: &Waiter| matches!(waiter, Waiter::Response(_) | Waiter::Originate(_));
        self.calls.get(&id).is_some_and(|call| !call.accepted && one(&call.waiter))
    }

    /// The list that waits under an id.
    pub(crate) fn list(&self, id: u64) -> Option<ListWaiter> {
        match &self.calls.get(&id)?.waiter {
            Waiter::List(list) => Some(list.clone()),
            _ => None,
        }
    }

    /// The exchange that waits under an id.
    pub(crate) fn exchange(&self, id: u64) -> Option<ExchangeWaiter> {
        match &self.calls.get(&id)?.waiter {
            Waiter::Everything(exchange) => Some(exchange.clone()),
            _ => None,
        }
    }

    /// Whether an exchange waits.
    pub(crate) fn has_exchanges(&self) -> bool {
        self.exchange_count.load(Ordering::Relaxed) > 0
    }

    /// The exchange whose turn it is at the server, as far as is known. No call below `fence` waits
    /// for a response.
    pub(crate) fn current_exchange(&self, fence: u64) -> Option<(u64, ExchangeWaiter)> {
        if !self.has_exchanges() {
            return None;
        }
        let id = self.exchanges().front().copied()?;
        let earlier = (fence..id).any(|id| self.is_unanswered(id));
        if earlier { None } else { Some(id).zip(self.exchange(id)) }
    }

    fn exchanges(&self) -> MutexGuard<'_, VecDeque<u64>> {
        self.exchanges.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change_exchanges(&self, change: impl FnOnce(&mut VecDeque<u64>)) {
        let mut exchanges = self.exchanges();
        change(&mut exchanges);
        self.exchange_count.store(exchanges.len(), Ordering::Relaxed);
    }

    /// The call that an ActionID belongs to, if it is one of ours.
    pub(crate) fn our_id(&self, id: Option<&[u8]>) -> Option<OurId> {
        let number = id?.strip_prefix(self.prefix.as_bytes())?;
        let (number, fence) = match number.strip_suffix(FENCE) {
            Some(number) => (number, true),
            None => (number, false),
        };
        // `parse` alone would take a sign.
        let digits = number.iter().all(u8::is_ascii_digit);
        let id = digits.then(|| str::from_utf8(number).ok()?.parse().ok()).flatten();
        let id = id.filter(|&id| id <= self.last.load(Ordering::Relaxed))?;
        Some(if fence { OurId::Fence(id) } else { OurId::Call(id) })
    }
}
