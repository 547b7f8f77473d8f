//! Events for those who asked: a bounded queue for each subscriber, found by the event's name.
//!
//! Publishing never waits. A subscriber that falls behind loses the newest events, and is told how many it missed at the
//! place in the queue where they are missing.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::task::{Context, Poll, Waker};

use futures_core::Stream;

use crate::message::Event;

/// How many events a subscription holds for its subscriber by default.
pub(crate) const CAPACITY: usize = 4096;

/// Which events a subscription is for.
#[derive(Clone, Debug)]
pub struct Filter(Names);

#[derive(Clone, Debug)]
enum Names {
    All,
    /// In lower case.
    These(Vec<Box<[u8]>>),
}

impl Filter {
    /// Every event.
    pub fn all() -> Self {
        Self(Names::All)
    }

    /// Events of these names, without regard to ASCII case.
    pub fn named<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let lower = |name: &str| name.to_ascii_lowercase().into_bytes().into_boxed_slice();
        let mut names: Vec<_> = names.into_iter().map(lower).collect();
        names.sort_unstable();
        names.dedup();
        Self(Names::These(names))
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
    filter: Filter,
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
        self.subscribers.remove(&self.filter, &self.queue);
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription").field("filter", &self.filter).finish_non_exhaustive()
    }
}

/// All subscriptions of a client.
#[derive(Default)]
pub(crate) struct Subscribers {
    index: RwLock<Index>,
}

#[derive(Default)]
struct Index {
    all: Vec<Arc<Queue>>,
    named: HashMap<Box<[u8]>, Vec<Arc<Queue>>>,
    closed: bool,
}

impl Subscribers {
    pub(crate) fn add(self: &Arc<Self>, filter: Filter, capacity: usize) -> Subscription {
        let queue = Arc::new(Queue::new(capacity));
        let mut index = self.index.write().unwrap_or_else(PoisonError::into_inner);
        if index.closed {
            queue.close();
        } else {
            match &filter.0 {
                Names::All => index.all.push(Arc::clone(&queue)),
                Names::These(names) => {
                    for name in names {
                        index.named.entry(name.clone()).or_default().push(Arc::clone(&queue));
                    }
                }
            }
        }
        drop(index);
        Subscription { queue, filter, subscribers: Arc::clone(self) }
    }

    pub(crate) fn publish(&self, event: &Event) {
        let index = self.index.read().unwrap_or_else(PoisonError::into_inner);
        for queue in index.all.iter().chain(index.of(event.name())) {
            queue.push(event);
        }
    }

    /// Ends every subscription, and those made from now on.
    pub(crate) fn close(&self) {
        let mut index = self.index.write().unwrap_or_else(PoisonError::into_inner);
        index.closed = true;
        let Index { all, named, .. } = &mut *index;
        for queue in all.drain(..).chain(named.drain().flat_map(|(_, queues)| queues)) {
            queue.close();
        }
    }

    fn remove(&self, filter: &Filter, queue: &Arc<Queue>) {
        let mut index = self.index.write().unwrap_or_else(PoisonError::into_inner);
        let other = |it: &Arc<Queue>| !Arc::ptr_eq(it, queue);
        match &filter.0 {
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
    state: Mutex<State>,
    capacity: usize,
}

#[derive(Default)]
struct State {
    /// Invariant: at most `capacity` events, and at most one `Missed` behind each of them.
    items: VecDeque<Item>,
    events: usize,
    waker: Option<Waker>,
    closed: bool,
}

impl Queue {
    fn new(capacity: usize) -> Self {
        Self { state: Mutex::default(), capacity }
    }

    fn push(&self, event: &Event) {
        let mut state = self.lock();
        if state.events < self.capacity {
            state.events += 1;
            state.items.push_back(Item::Event(event.clone()));
        } else if let Some(Item::Missed(missed)) = state.items.back_mut() {
            *missed += 1;
        } else {
            state.items.push_back(Item::Missed(1));
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

    fn event(name: &str) -> Event {
        let head = format!("Event: {name}\r\n");
        Event::new(Message::new(Bytes::from(format!("{head}\r\n")), head.len()))
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
        let mut all = subscribers.add(Filter::all(), 9);
        let mut two = subscribers.add(Filter::named(["hangup", "VARSET", "VarSet"]), 9);
        for name in ["Hangup", "Newexten", "varset"] {
            subscribers.publish(&event(name));
        }
        assert_eq!(taken(&mut all), ["Hangup", "Newexten", "varset"]);
        assert_eq!(taken(&mut two), ["Hangup", "varset"]);
    }

    #[test]
    fn what_is_missed_is_counted_where_it_is_missing() {
        let subscribers = Arc::new(Subscribers::default());
        let mut slow = subscribers.add(Filter::all(), 2);
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
    fn dropping_a_subscription_leaves_nothing_behind() {
        let subscribers = Arc::new(Subscribers::default());
        drop(subscribers.add(Filter::all(), 1));
        drop(subscribers.add(Filter::named(["A", "B"]), 1));
        let index = subscribers.index.read().unwrap();
        assert!(index.all.is_empty() && index.named.is_empty());
    }

    #[test]
    fn a_closed_subscription_yields_what_it_has_and_ends() {
        let subscribers = Arc::new(Subscribers::default());
        let mut early = subscribers.add(Filter::all(), 9);
        subscribers.publish(&event("A"));
        subscribers.close();
        let mut late = subscribers.add(Filter::all(), 9);
        assert_eq!(taken(&mut early), ["A"]);
        assert_eq!(taken(&mut late), Vec::<String>::new());
        let mut cx = Context::from_waker(Waker::noop());
        assert!(matches!(early.queue.poll(&mut cx), Poll::Ready(None)));
        assert!(matches!(late.queue.poll(&mut cx), Poll::Ready(None)));
    }
}
