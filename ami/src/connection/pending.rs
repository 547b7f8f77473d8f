//! The table of calls that wait for an answer. Callers and the reader share it. No `async fn`, no
//! I/O.

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
use crate::events::Marker;
use crate::wire::{Event, Response};

/// A place among the calls that may be in flight.
pub(crate) type Place = OwnedSemaphorePermit;

/// The sending end of a call, by the message that ends the call successfully.
pub(crate) enum Waiter {
    /// A call that ends with the response.
    Response(oneshot::Sender<Result<Response, Error>>),
    /// An originate, which ends with the `OriginateResponse` or a response that refuses it.
    Originate(oneshot::Sender<Result<Event, Error>>),
    /// A list, which ends with its last event, or with a response that does not begin a list.
    List(ListWaiter),
    /// An exchange, which ends with the answer to its fence. Everything before that is the reply.
    Everything(ExchangeWaiter),
}

/// The sending end of a list.
#[derive(Clone)]
pub(crate) struct ListWaiter {
    pub(crate) parts: Parts<Listed>,
    pub(crate) want: ListWant,
}

/// The properties of a list that are known before it arrives.
#[derive(Clone, Default)]
pub(crate) struct ListWant {
    /// The properties that the header `EventList` alone does not show.
    pub(crate) shape: Option<&'static ListShape>,
    /// `true` if the number of items that the server reports is reliable.
    pub(crate) counts: bool,
    /// `true` if subscribers get the events, too.
    pub(crate) shared: bool,
    /// The mark that a follow gets where the list ends.
    pub(crate) marker: Option<Marker>,
}

impl ListWant {
    /// Marks the end of the list among the events, which are in the queues up to here. The list
    /// itself has ended for its caller.
    pub(crate) fn mark_end(&self) {
        if let Some(marker) = &self.marker {
            marker.set();
        }
    }
}

/// The sending end of an exchange.
#[derive(Clone)]
pub(crate) struct ExchangeWaiter {
    pub(crate) parts: Parts<Said>,
    pub(crate) shape: Option<&'static ListShape>,
}

impl Waiter {
    /// Returns `true` if the response ends the call, as an answer or a refusal.
    fn ends_with(&self, response: &Response) -> bool {
        match self {
            Self::Response(_) => true,
            Self::Originate(_) | Self::List(_) => response.is_error(),
            Self::Everything(_) => false,
        }
    }

    // Sending fails if the caller is gone, and then nobody needs the result.

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

/// A pending call.
struct Call {
    waiter: Waiter,
    /// `true` once the server has accepted an originate. The outcome is an event then, which the
    /// fence rule does not cover.
    accepted: bool,
    /// The latest time at which the caller stops waiting.
    until: Instant,
    /// The place among the calls in flight. `None` for actions of the client's own, and after the
    /// server has accepted an originate.
    place: Option<Place>,
}

/// The owner of an ActionID of this connection.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum OurId {
    Call(u64),
    /// The fence after a call.
    Fence(u64),
}

/// The result of matching a response to a call.
pub(crate) enum Answered {
    /// The response has ended a call that waits for one response or refused another one.
    Ended,
    /// The response has accepted an originate, which goes on.
    Accepted,
    /// The response belongs to a list, which may begin with it.
    List(ListWaiter, Response),
    /// The response belongs to an exchange.
    Everything(ExchangeWaiter, Response),
    /// No call waits for the response.
    Unmatched(Response),
}

pub(crate) struct PendingCalls {
    /// The random part of the ActionIDs, with the hyphen.
    prefix: String,
    /// Invariant: no guard of this map outlives a statement.
    calls: DashMap<u64, Call>,
    /// The highest id of a call so far. A higher id in a message is forged.
    last: AtomicU64,
    /// The ids of the pending exchanges, and their number.
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

    /// Registers a call under `id`. `until` is the end of the caller's wait.
    pub(crate) fn add(&self, id: u64, waiter: Waiter, until: Instant, place: Option<Place>) {
        self.last.fetch_max(id, Ordering::Relaxed);
        if matches!(waiter, Waiter::Everything(_)) {
            self.change_exchanges(|exchanges| exchanges.push_back(id));
        }
        self.calls.insert(id, Call { waiter, accepted: false, until, place });
    }

    /// Removes a call without a result. Returns `false` if it has already ended.
    pub(crate) fn forget(&self, id: u64) -> bool {
        let Some((_, call)) = self.calls.remove(&id) else { return false };
        self.forget_exchange(id, &call.waiter);
        true
    }

    /// Sets a new end of the caller's wait.
    pub(crate) fn extend(&self, id: u64, until: Instant) {
        if let Some(mut call) = self.calls.get_mut(&id) {
            call.until = until;
        }
    }

    /// Returns the number of pending calls.
    pub(crate) fn in_flight(&self) -> usize {
        self.calls.len()
    }

    /// Returns the latest end of a wait for a response: the server may be busy until then.
    pub(crate) fn busy_until(&self) -> Option<Instant> {
        let unanswered = self.calls.iter().filter(|call| !call.accepted);
        unanswered.map(|call| call.until).max()
    }

    /// Ends every call with the error that `error` returns for its id.
    pub(crate) fn fail_all(&self, error: impl Fn(u64) -> Error) {
        let ids: Vec<_> = self.calls.iter().map(|entry| *entry.key()).collect();
        for id in ids {
            self.fail(id, error(id));
        }
    }

    /// Ends a call with an error.
    pub(crate) fn fail(&self, id: u64, error: Error) {
        if let Some((_, call)) = self.calls.remove(&id) {
            self.forget_exchange(id, &call.waiter);
            call.waiter.fail(error);
        }
    }

    fn forget_exchange(&self, id: u64, waiter: &Waiter) {
        if matches!(waiter, Waiter::Everything(_)) {
            self.change_exchanges(|exchanges| exchanges.retain(|&other| other != id));
        }
    }

    /// Passes a response to the call that waits for it.
    pub(crate) fn answer(&self, id: u64, response: Response) -> Answered {
        if let Some((_, call)) = self.calls.remove_if(&id, |_, it| it.waiter.ends_with(&response)) {
            call.waiter.end(response);
            return Answered::Ended;
        }
        // A place that is given back wakes a caller, who may use the table at once: no guard of it
        // is held by then.
        let (answered, _place) = {
            let Some(mut call) = self.calls.get_mut(&id) else {
                return Answered::Unmatched(response);
            };
            match &call.waiter {
                Waiter::List(list) => (Answered::List(list.clone(), response), None),
                Waiter::Everything(exchange) => {
                    (Answered::Everything(exchange.clone(), response), None)
                }
                Waiter::Response(_) | Waiter::Originate(_) => {
                    call.accepted = true;
                    // The server can execute other actions while the phone rings.
                    (Answered::Accepted, call.place.take())
                }
            }
        };
        answered
    }

    /// Ends an originate with its outcome.
    pub(crate) fn originated(&self, id: u64, outcome: impl FnOnce() -> Result<Event, Error>) {
        let originate = |call: &Call| matches!(call.waiter, Waiter::Originate(_));
        if let Some((_, call)) = self.calls.remove_if(&id, |_, call| originate(call))
            && let Waiter::Originate(sender) = call.waiter
        {
            // Sending fails if the caller is gone, and then nobody needs the result.
            drop(sender.send(outcome()));
        }
    }

    /// Ends the calls with these ids that still wait for a response, because the server has
    /// finished with them. `list` is the id of the open list.
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

    /// Returns `true` if the call still waits for a response.
    pub(crate) fn is_unanswered(&self, id: u64) -> bool {
        self.calls.get(&id).is_some_and(|call| !call.accepted)
    }

    /// Returns `true` if the call still waits for a response that is one message.
    pub(crate) fn expects_one(&self, id: u64) -> bool {
        let one = |waiter: &Waiter| matches!(waiter, Waiter::Response(_) | Waiter::Originate(_));
        self.calls.get(&id).is_some_and(|call| !call.accepted && one(&call.waiter))
    }

    /// Returns the pending list with this id.
    pub(crate) fn list(&self, id: u64) -> Option<ListWaiter> {
        match &self.calls.get(&id)?.waiter {
            Waiter::List(list) => Some(list.clone()),
            _ => None,
        }
    }

    /// Returns the pending exchange with this id.
    pub(crate) fn exchange(&self, id: u64) -> Option<ExchangeWaiter> {
        match &self.calls.get(&id)?.waiter {
            Waiter::Everything(exchange) => Some(exchange.clone()),
            _ => None,
        }
    }

    /// Returns `true` if an exchange is pending.
    pub(crate) fn has_exchanges(&self) -> bool {
        self.exchange_count.load(Ordering::Relaxed) > 0
    }

    /// Returns the exchange that the server is executing, as far as is known. No call below `fence`
    /// waits for a response.
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

    /// Returns the owner of an ActionID, if the id belongs to this connection.
    pub(crate) fn our_id(&self, id: Option<&[u8]>) -> Option<OurId> {
        let number = id?.strip_prefix(self.prefix.as_bytes())?;
        let (number, fence) = match number.strip_suffix(FENCE) {
            Some(number) => (number, true),
            None => (number, false),
        };
        // `parse` alone would accept a sign.
        let digits = number.iter().all(u8::is_ascii_digit);
        let id = digits.then(|| str::from_utf8(number).ok()?.parse().ok()).flatten();
        let id = id.filter(|&id| id <= self.last.load(Ordering::Relaxed))?;
        Some(if fence { OurId::Fence(id) } else { OurId::Call(id) })
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::Arc;
    use std::sync::mpsc::channel;
    use std::task::{Context, Wake};
    use std::time::Duration;

    use tokio::sync::Semaphore;

    use super::*;

    /// Looks into the table at once when it is woken, as an executor does that runs a task inside
    /// of its waker.
    struct Looks(Arc<PendingCalls>);

    impl Wake for Looks {
        fn wake(self: Arc<Self>) {
            assert_eq!(self.0.in_flight(), 1);
        }
    }

    #[test]
    fn whoever_gets_the_place_of_an_originate_can_use_the_table_at_once() {
        let (done, ended) = channel();
        std::thread::spawn(move || {
            let pending = Arc::new(PendingCalls::new("p"));
            let places = Arc::new(Semaphore::new(1));
            let place = Arc::clone(&places).try_acquire_owned().unwrap();
            let (sender, _receiver) = oneshot::channel();
            pending.add(1, Waiter::Originate(sender), Instant::now(), Some(place));
            let mut next = pin!(places.acquire());
            let waker = Arc::new(Looks(Arc::clone(&pending))).into();
            let mut cx = Context::from_waker(&waker);
            assert!(next.as_mut().poll(&mut cx).is_pending());
            let success = Response::parse("Response: Success").unwrap();
            assert!(matches!(pending.answer(1, success), Answered::Accepted));
            assert!(next.as_mut().poll(&mut cx).is_ready());
            done.send(()).unwrap();
        });
        ended.recv_timeout(Duration::from_secs(5)).unwrap();
    }
}
