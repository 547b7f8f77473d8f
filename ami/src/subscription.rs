//! Events for those who asked: a queue for each subscriber, found by the event's name.
//!
//! Publishing never waits. A subscriber that falls behind is told how many events it missed, at the place in the queue where
//! they are missing; or it is closed, or its queue grows, if it asked for that.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::task::{Context, Poll, Waker};

use futures_core::Stream;

use crate::filter::{Filter, Names};
use crate::message::Event;

/// How many events of a queue may share the memory that they were read into. Those behind get memory of their own, so that
/// a slow subscriber holds what it has not read yet and no more.
const FRESH: usize = 16;

/// How many events a subscription holds for a subscriber that is behind, and what happens beyond that.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Buffer {
    capacity: usize,
    overflow: Overflow,
}

/// What happens to an event that comes when a subscription is full.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Overflow {
    /// It is missing; the subscription tells how many are, and where.
    #[default]
    Skip,
    /// The subscription tells that it is missing, and ends.
    Close,
}

impl Buffer {
    /// At most so many events, at least one.
    pub fn bounded(capacity: usize) -> Self {
        Self { capacity: capacity.max(1), overflow: Overflow::Skip }
    }

    /// As many as there are. Memory is the limit.
    pub fn unbounded() -> Self {
        Self::bounded(usize::MAX)
    }

    /// What happens beyond the limit; [`Overflow::Skip`] unless set.
    #[must_use]
    pub fn overflow(mut self, overflow: Overflow) -> Self {
        self.overflow = overflow;
        self
    }
}

/// 4,096 events, and [`Overflow::Skip`].
impl Default for Buffer {
    fn default() -> Self {
        Self::bounded(4096)
    }
}

/// What a subscription yields.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Item {
    /// An event.
    Event(Event),
    /// So many events are missing here, because the subscription was full when they came.
    Missed(u64),
}

/// The events of one subscriber, in the order in which the server sent them.
///
/// It ends when the connection does. Dropping it ends the subscription.
pub struct Subscription {
    queue: Arc<Queue>,
    subscribers: Arc<Subscribers>,
}

impl Subscription {
    /// The next item, or nothing once the connection has ended and everything that came before was taken.
    ///
    /// Cancel safe: a dropped future takes nothing with it.
    pub async fn next(&mut self) -> Option<Item> {
        poll_fn(|cx| self.queue.poll(cx)).await
    }
}

impl Stream for Subscription {
    type Item = Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Item>> {
        self.queue.poll(cx)
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.subscribers.remove(&self.queue);
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription").field("filter", &self.queue.filter).finish_non_exhaustive()
    }
}

/// All subscriptions of a client.
#[derive(Default)]
pub(crate) struct Subscribers {
    /// Who publishes takes a copy of the pointer and lets go of the lock: a predicate may subscribe, too.
    index: RwLock<Arc<Index>>,
}

#[derive(Clone, Default)]
struct Index {
    all: Vec<Arc<Queue>>,
    named: HashMap<Box<[u8]>, Vec<Arc<Queue>>>,
    closed: bool,
}

impl Subscribers {
    pub(crate) fn add(self: &Arc<Self>, filter: Filter, buffer: Buffer) -> Subscription {
        let queue = Arc::new(Queue { filter, buffer, state: Mutex::default() });
        let mut index = self.index.write().unwrap_or_else(PoisonError::into_inner);
        let index = Arc::make_mut(&mut index);
        if index.closed {
            queue.close();
        } else {
            match &queue.filter.names {
                Names::All => index.all.push(Arc::clone(&queue)),
                Names::These(names) => {
                    for name in names {
                        index.named.entry(name.clone()).or_default().push(Arc::clone(&queue));
                    }
                }
            }
        }
        Subscription { queue, subscribers: Arc::clone(self) }
    }

    pub(crate) fn publish(&self, event: &Event) {
        let index = Arc::clone(&self.index.read().unwrap_or_else(PoisonError::into_inner));
        for queue in index.all.iter().chain(index.of(event.name())) {
            queue.push(event);
        }
    }

    /// Ends every subscription, and those made from now on.
    pub(crate) fn close(&self) {
        let mut index = self.index.write().unwrap_or_else(PoisonError::into_inner);
        let Index { all, named, closed } = Arc::make_mut(&mut index);
        *closed = true;
        for queue in all.drain(..).chain(named.drain().flat_map(|(_, queues)| queues)) {
            queue.close();
        }
    }

    fn remove(&self, queue: &Arc<Queue>) {
        let mut index = self.index.write().unwrap_or_else(PoisonError::into_inner);
        let index = Arc::make_mut(&mut index);
        let other = |it: &Arc<Queue>| !Arc::ptr_eq(it, queue);
        match &queue.filter.names {
            Names::All => index.all.retain(other),
            Names::These(names) => {
                for name in names {
                    if let Some(queues) = index.named.get_mut(name) {
                        queues.retain(other);
                        if queues.is_empty() {
                            index.named.remove(name);
                        }
                    }
                }
            }
        }
    }
}

impl Index {
    fn of(&self, name: &[u8]) -> &[Arc<Queue>] {
        // Names on the wire are short; a longer one is nobody's, but costs an allocation only.
        let mut buffer = [0; 64];
        let found = if let Some(lower) = buffer.get_mut(..name.len()) {
            lower.copy_from_slice(name);
            lower.make_ascii_lowercase();
            self.named.get(&*lower)
        } else {
            self.named.get(&*name.to_ascii_lowercase())
        };
        found.map(Vec::as_slice).unwrap_or_default()
    }
}

/// The queue between the reader and one subscriber.
struct Queue {
    filter: Filter,
    buffer: Buffer,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Invariant: at most as many events as the buffer says, and at most one `Missed` behind each of them.
    items: VecDeque<Item>,
    events: usize,
    waker: Option<Waker>,
    closed: bool,
}

impl Queue {
    fn push(&self, event: &Event) {
        if !self.filter.admits(event) {
            return;
        }
        let mut state = self.lock();
        if state.closed {
            return;
        }
        if state.events < self.buffer.capacity {
            let event = if state.events < FRESH { event.clone() } else { event.detach() };
            state.events += 1;
            state.items.push_back(Item::Event(event));
        } else {
            state.miss();
            state.closed = self.buffer.overflow == Overflow::Close;
        }
        state.wake();
    }

    fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        state.wake();
    }

    fn poll(&self, cx: &mut Context<'_>) -> Poll<Option<Item>> {
        let mut state = self.lock();
        if let Some(item) = state.items.pop_front() {
            state.events -= usize::from(matches!(item, Item::Event(_)));
            return Poll::Ready(Some(item));
        }
        if state.closed {
            return Poll::Ready(None);
        }
        state.waker = Some(cx.waker().clone());
        Poll::Pending
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn miss(&mut self) {
        if let Some(Item::Missed(missed)) = self.items.back_mut() {
            *missed += 1;
        } else {
            self.items.push_back(Item::Missed(1));
        }
    }

    fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::message::Message;

    /// An event, with more fields behind its name if there are any.
    fn event(name: &str) -> Event {
        let lines = format!("Event: {name}\r\n");
        Event::new(Message::new(Bytes::from(format!("{lines}\r\n")), lines.len()))
    }

    fn taken(subscription: &mut Subscription) -> Vec<String> {
        let mut cx = Context::from_waker(Waker::noop());
        let mut taken = Vec::new();
        while let Poll::Ready(Some(item)) = subscription.queue.poll(&mut cx) {
            taken.push(match item {
                Item::Event(event) => String::from_utf8_lossy(event.name()).into_owned(),
                Item::Missed(missed) => format!("missed {missed}"),
            });
        }
        taken
    }

    #[test]
    fn names_select_without_regard_to_case() {
        let subscribers = Arc::new(Subscribers::default());
        let mut all = subscribers.add(Filter::all(), Buffer::default());
        let mut two =
            subscribers.add(Filter::named(["hangup", "VARSET", "VarSet"]), Buffer::default());
        for name in ["Hangup", "Newexten", "varset"] {
            subscribers.publish(&event(name));
        }
        assert_eq!(taken(&mut all), ["Hangup", "Newexten", "varset"]);
        assert_eq!(taken(&mut two), ["Hangup", "varset"]);
    }

    #[test]
    fn what_is_missed_is_counted_where_it_is_missing() {
        let subscribers = Arc::new(Subscribers::default());
        let mut slow = subscribers.add(Filter::all(), Buffer::bounded(2));
        for name in ["A", "B", "C", "D"] {
            subscribers.publish(&event(name));
        }
        let mut cx = Context::from_waker(Waker::noop());
        assert!(matches!(slow.queue.poll(&mut cx), Poll::Ready(Some(Item::Event(_)))));
        for name in ["E", "F"] {
            subscribers.publish(&event(name));
        }
        assert_eq!(taken(&mut slow), ["B", "missed 2", "E", "missed 1"]);
        subscribers.publish(&event("G"));
        assert_eq!(taken(&mut slow), ["G"]);
    }

    #[test]
    fn fields_and_predicates_select_further() {
        let subscribers = Arc::new(Subscribers::default());
        let add = |filter| subscribers.add(filter, Buffer::default());
        let mut pass = add(Filter::user_event("TestResult").field("RESULT", "pass"));
        let mut long = add(Filter::all().when(|event| event.name().len() > 4));
        let mut both =
            add(Filter::all().field("result", "pass").when(|event| event.get("x").is_some()));
        for text in [
            "UserEvent\r\nUserEvent: TestResult\r\nresult: pass",
            "UserEvent\r\nUserEvent: TestResult\r\nresult: PASS",
            "UserEvent\r\nUserEvent: Other\r\nresult: pass",
            "Two\r\nresult: fail\r\nResult: pass\r\nx: y",
        ] {
            subscribers.publish(&event(text));
        }
        assert_eq!(taken(&mut pass), ["UserEvent"]);
        assert_eq!(taken(&mut long).len(), 3);
        assert_eq!(taken(&mut both), ["Two"]);
    }

    #[test]
    fn a_predicate_that_panics_matches_nothing_and_harms_nobody() {
        let subscribers = Arc::new(Subscribers::default());
        let mut bad =
            subscribers.add(Filter::all().when(|_| panic!("part of the test")), Buffer::default());
        let mut good = subscribers.add(Filter::all(), Buffer::default());
        subscribers.publish(&event("A"));
        assert_eq!(taken(&mut bad), Vec::<String>::new());
        assert_eq!(taken(&mut good), ["A"]);
    }

    #[test]
    fn a_predicate_may_subscribe() {
        let subscribers = Arc::new(Subscribers::default());
        let inner = Arc::clone(&subscribers);
        let filter = Filter::all().when(move |_| {
            drop(inner.add(Filter::all(), Buffer::default()));
            true
        });
        let mut outer = subscribers.add(filter, Buffer::default());
        subscribers.publish(&event("A"));
        assert_eq!(taken(&mut outer), ["A"]);
    }

    #[test]
    fn a_full_subscription_can_be_closed_or_grow() {
        let subscribers = Arc::new(Subscribers::default());
        let close = Buffer::bounded(2).overflow(Overflow::Close);
        let mut closing = subscribers.add(Filter::all(), close);
        let mut growing = subscribers.add(Filter::all(), Buffer::unbounded());
        for _ in 0..10_000 {
            subscribers.publish(&event("A"));
        }
        assert_eq!(taken(&mut closing), ["A", "A", "missed 1"]);
        let mut cx = Context::from_waker(Waker::noop());
        assert!(matches!(closing.queue.poll(&mut cx), Poll::Ready(None)));
        assert_eq!(taken(&mut growing).len(), 10_000);
    }

    #[test]
    fn a_slow_subscriber_does_not_hold_the_read_buffer() {
        let subscribers = Arc::new(Subscribers::default());
        let mut slow = subscribers.add(Filter::all(), Buffer::default());
        let one = event("A");
        for _ in 0..FRESH + 5 {
            subscribers.publish(&one);
        }
        let mut cx = Context::from_waker(Waker::noop());
        let mut shared = 0;
        while let Poll::Ready(Some(Item::Event(event))) = slow.queue.poll(&mut cx) {
            shared += usize::from(event.raw().as_ptr() == one.raw().as_ptr());
            assert_eq!(event, one);
        }
        assert_eq!(shared, FRESH);
        drop(slow.next());
    }

    #[test]
    fn dropping_a_subscription_leaves_nothing_behind() {
        let subscribers = Arc::new(Subscribers::default());
        drop(subscribers.add(Filter::all(), Buffer::bounded(1)));
        drop(subscribers.add(Filter::named(["A", "B"]), Buffer::bounded(1)));
        let index = subscribers.index.read().unwrap();
        assert!(index.all.is_empty() && index.named.is_empty());
    }

    #[test]
    fn a_closed_subscription_yields_what_it_has_and_ends() {
        let subscribers = Arc::new(Subscribers::default());
        let mut early = subscribers.add(Filter::all(), Buffer::default());
        subscribers.publish(&event("A"));
        subscribers.close();
        let mut late = subscribers.add(Filter::all(), Buffer::default());
        assert_eq!(taken(&mut early), ["A"]);
        assert_eq!(taken(&mut late), Vec::<String>::new());
        let mut cx = Context::from_waker(Waker::noop());
        assert!(matches!(early.queue.poll(&mut cx), Poll::Ready(None)));
        assert!(matches!(late.queue.poll(&mut cx), Poll::Ready(None)));
    }
}
