//! Events for those who asked: each subscription is found by the event's name and by one field, without asking the others.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::task::{Context, Poll, Waker, ready};

use futures_core::Stream;
use rustc_hash::{FxHashMap, FxHashSet};
use tokio::task::coop::poll_proceed;

use crate::error::Disconnect;
use crate::filter::{Filter, Names};
use crate::message::Event;
use crate::queue::{Buffer, Item, Pushed, Queue};

/// The events of one subscriber, in the order in which the server sent them.
///
/// It outlives a connection that is lost: once there is a new one, it yields [`Item::Gap`] and goes on. It ends when the
/// client does. Dropping it ends the subscription.
pub struct Subscription {
    queue: Arc<Queue>,
    /// What was taken out of the queue and not asked for yet.
    taken: VecDeque<Item>,
    subscribers: Arc<Subscribers>,
}

impl Subscription {
    /// The next item, or nothing once the client has ended and everything that came before was taken.
    ///
    /// Cancel safe: a dropped future takes nothing with it.
    pub async fn next(&mut self) -> Option<Item> {
        poll_fn(|cx| self.poll(cx)).await
    }

    /// How many events, and other items, wait to be taken.
    pub fn queued(&self) -> usize {
        self.taken.len() + self.queue.len()
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Item>> {
        // A task that gets all it asks for lets others run now and then.
        let turn = ready!(poll_proceed(cx));
        if self.taken.is_empty() {
            ready!(self.queue.poll(cx, &mut self.taken));
        }
        turn.made_progress();
        Poll::Ready(self.taken.pop_front())
    }
}

impl Stream for Subscription {
    type Item = Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Item>> {
        self.poll(cx)
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
    index: RwLock<Index>,
}

#[derive(Default)]
struct Index {
    /// Invariant: a bucket that is here is not empty. Who publishes takes a copy of the pointer and lets go of the lock: a
    /// predicate may subscribe, too.
    all: Option<Arc<Bucket>>,
    named: HashMap<Box<[u8]>, Arc<Bucket>>,
    count: usize,
    closed: bool,
    /// Raised with every subscription.
    version: u64,
}

/// The subscriptions for events of one name, or of all.
#[derive(Clone, Default)]
struct Bucket {
    plain: Vec<Arc<Queue>>,
    /// Those with fields, by the first of them. There are few different ones, however many the subscriptions are.
    keyed: Vec<Keyed>,
}

#[derive(Clone)]
struct Keyed {
    field: String,
    /// Invariant: sorted by the value that they want the field to have.
    queues: Vec<Arc<Queue>>,
}

/// The value that a subscription wants its first field to have.
fn wanted(queue: &Queue) -> &[u8] {
    queue.filter.fields.first().map_or(b"", |(_, value)| value)
}

impl Keyed {
    /// Where those that want a value begin.
    fn position(&self, value: &[u8]) -> usize {
        self.queues.partition_point(|queue| wanted(queue) < value)
    }
}

impl Subscribers {
    pub(crate) fn add(self: &Arc<Self>, filter: Filter, buffer: Buffer) -> Subscription {
        let queue = Arc::new(Queue::new(filter, buffer));
        let index = &mut *self.write();
        if index.closed {
            queue.close();
        } else {
            index.count += 1;
            index.version += 1;
            match &queue.filter.names {
                Names::All => Arc::make_mut(index.all.get_or_insert_default()).add(&queue),
                Names::These(names) => {
                    for name in names {
                        let bucket = index.named.entry(name.clone()).or_default();
                        Arc::make_mut(bucket).add(&queue);
                    }
                }
            }
        }
        Subscription { queue, taken: VecDeque::new(), subscribers: Arc::clone(self) }
    }

    /// Looks at the index for events that come now. If it is another version than the reader has seen, what the reader
    /// remembers of names is worth nothing.
    fn look(&self, version: &mut u64, nobodys: &mut FxHashSet<Box<[u8]>>) -> Found {
        let index = self.read();
        if index.version != *version {
            nobodys.clear();
            *version = index.version;
        }
        Found { all: index.all.clone(), ..Found::default() }
    }

    /// Tells every subscriber that the connection was lost and made anew.
    pub(crate) fn gap(&self, reason: &Disconnect) {
        for queue in self.write().queues() {
            queue.gap(reason);
        }
    }

    /// Ends every subscription, and those made from now on.
    pub(crate) fn close(&self) {
        let mut index = self.write();
        let queues = index.queues();
        *index = Index { closed: true, ..Index::default() };
        drop(index);
        for queue in queues {
            queue.close();
        }
    }

    pub(crate) fn count(&self) -> usize {
        self.read().count
    }

    fn remove(&self, queue: &Arc<Queue>) {
        let index = &mut *self.write();
        if index.closed {
            return;
        }
        index.count -= 1;
        match &queue.filter.names {
            Names::All => {
                if let Some(bucket) = &mut index.all
                    && Arc::make_mut(bucket).remove(queue)
                {
                    index.all = None;
                }
            }
            Names::These(names) => {
                for name in names {
                    if let Some(bucket) = index.named.get_mut(name)
                        && Arc::make_mut(bucket).remove(queue)
                    {
                        index.named.remove(name);
                    }
                }
            }
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, Index> {
        self.index.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Index> {
        self.index.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The reader's side: gives events to those they are for.
///
/// For all events that are read at once it looks at the index once for each name. What it has found it does not keep longer
/// than that, for a filter can own anything; but it does remember which names nobody asks for.
pub(crate) struct Publisher {
    subscribers: Arc<Subscribers>,
    /// Names as sent, in the version of the index that is there.
    nobodys: FxHashSet<Box<[u8]>>,
    version: u64,
    found: Option<Found>,
    wakers: Vec<Waker>,
}

#[derive(Default)]
struct Found {
    all: Option<Arc<Bucket>>,
    named: FxHashMap<Box<[u8]>, Arc<Bucket>>,
}

impl Publisher {
    /// How many names of nobody's it remembers. A server has fewer; forged ones must not pile up.
    const NAMES: usize = 1024;

    pub(crate) fn new(subscribers: Arc<Subscribers>) -> Self {
        let (nobodys, wakers) = (FxHashSet::default(), Vec::new());
        Self { subscribers, nobodys, version: 0, found: None, wakers }
    }

    /// Gives an event to those it is for. The result is how many of them had no room.
    pub(crate) fn publish(&mut self, event: Event) -> u64 {
        let Self { subscribers, nobodys, version, found, wakers } = self;
        let found = found.get_or_insert_with(|| subscribers.look(version, nobodys));
        let name = event.name();
        if !nobodys.contains(name) && !found.named.contains_key(name) {
            match subscribers.read().of(name) {
                Some(bucket) => drop(found.named.insert(name.into(), Arc::clone(bucket))),
                None if nobodys.len() < Self::NAMES => drop(nobodys.insert(name.into())),
                None => {}
            }
        }
        let named = if found.named.is_empty() { None } else { found.named.get(name) };
        let mut missed = 0;
        let mut push = |queue: &Queue, event| {
            missed += u64::from(queue.push(event, wakers) == Pushed::Missed);
        };
        // The last of them gets the event itself.
        let mut last = None;
        for bucket in found.all.iter().chain(named) {
            bucket.find(&event, &mut |queue| {
                if let Some(earlier) = last.replace(queue) {
                    push(earlier, event.clone());
                }
            });
        }
        if let Some(queue) = last {
            push(queue, event);
        }
        missed
    }

    /// Wakes those who got something, and forgets who they are.
    pub(crate) fn flush(&mut self) {
        self.found = None;
        self.wakers.drain(..).for_each(Waker::wake);
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        self.flush();
    }
}

impl Index {
    fn of(&self, name: &[u8]) -> Option<&Arc<Bucket>> {
        self.named.get(&*name.to_ascii_lowercase())
    }

    /// Every queue, once.
    fn queues(&self) -> Vec<Arc<Queue>> {
        let buckets = self.all.iter().chain(self.named.values());
        let mut queues: Vec<_> = buckets.flat_map(|bucket| bucket.queues()).cloned().collect();
        // One for several names is in several buckets.
        queues.sort_unstable_by_key(Arc::as_ptr);
        queues.dedup_by_key(|queue| Arc::as_ptr(queue));
        queues
    }
}

impl Bucket {
    fn add(&mut self, queue: &Arc<Queue>) {
        match self.keyed_of(queue) {
            None => self.plain.push(Arc::clone(queue)),
            Some(keyed) => keyed.queues.insert(keyed.position(wanted(queue)), Arc::clone(queue)),
        }
    }

    /// Takes a queue out. True if the bucket is empty then.
    fn remove(&mut self, queue: &Arc<Queue>) -> bool {
        let other = |it: &Arc<Queue>| !Arc::ptr_eq(it, queue);
        match self.keyed_of(queue) {
            None => self.plain.retain(other),
            Some(keyed) => keyed.queues.retain(other),
        }
        self.keyed.retain(|keyed| !keyed.queues.is_empty());
        self.plain.is_empty() && self.keyed.is_empty()
    }

    /// Where a queue belongs, if it is to be found by a field.
    fn keyed_of(&mut self, queue: &Queue) -> Option<&mut Keyed> {
        let (field, _) = queue.filter.fields.first()?;
        let known = self.keyed.iter().position(|keyed| keyed.field.eq_ignore_ascii_case(field));
        let at = known.unwrap_or_else(|| {
            self.keyed.push(Keyed { field: field.clone(), queues: Vec::new() });
            self.keyed.len() - 1
        });
        Some(&mut self.keyed[at])
    }

    /// Shows `give` the queues that an event is for.
    fn find<'a>(&'a self, event: &Event, give: &mut impl FnMut(&'a Queue)) {
        let mut show = |queue: &'a Arc<Queue>, known| {
            if queue.filter.admits(event, known) {
                give(queue);
            }
        };
        self.plain.iter().for_each(|queue| show(queue, 0));
        for keyed in &self.keyed {
            for (at, value) in event.get_all(&keyed.field).enumerate() {
                // A value that is repeated is one reason to get the event, not two.
                if event.get_all(&keyed.field).take(at).any(|earlier| earlier == value) {
                    continue;
                }
                let queues = &keyed.queues[keyed.position(value)..];
                let matching = queues.iter().take_while(|queue| wanted(queue) == value);
                matching.for_each(|queue| show(queue, 1));
            }
        }
    }

    fn queues(&self) -> impl Iterator<Item = &Arc<Queue>> {
        self.plain.iter().chain(self.keyed.iter().flat_map(|keyed| &keyed.queues))
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

    fn publish(subscribers: &Arc<Subscribers>, event: &Event) {
        Publisher::new(Arc::clone(subscribers)).publish(event.clone());
    }

    fn taken(subscription: &mut Subscription) -> Vec<String> {
        let mut cx = Context::from_waker(Waker::noop());
        let mut taken = Vec::new();
        while let Poll::Ready(Some(item)) = subscription.poll(&mut cx) {
            taken.push(match item {
                Item::Event(event) => String::from_utf8_lossy(event.name()).into_owned(),
                other => format!("{other:?}"),
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
            publish(&subscribers, &event(name));
        }
        assert_eq!(taken(&mut all), ["Hangup", "Newexten", "varset"]);
        assert_eq!(taken(&mut two), ["Hangup", "varset"]);
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
            publish(&subscribers, &event(text));
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
        publish(&subscribers, &event("A"));
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
        publish(&subscribers, &event("A"));
        assert_eq!(taken(&mut outer), ["A"]);
    }

    #[test]
    fn dropping_a_subscription_leaves_nothing_behind() {
        let subscribers = Arc::new(Subscribers::default());
        drop(subscribers.add(Filter::all(), Buffer::bounded(1)));
        drop(subscribers.add(Filter::named(["A", "B"]), Buffer::bounded(1)));
        drop(subscribers.add(Filter::named(["A", "B"]).field("x", "y"), Buffer::bounded(1)));
        let index = subscribers.index.read().unwrap();
        assert!(index.all.is_none() && index.named.is_empty() && index.count == 0);
    }

    #[test]
    fn a_closed_subscription_yields_what_it_has_and_ends() {
        let subscribers = Arc::new(Subscribers::default());
        let mut early = subscribers.add(Filter::all(), Buffer::default());
        publish(&subscribers, &event("A"));
        subscribers.close();
        let mut late = subscribers.add(Filter::all(), Buffer::default());
        assert_eq!(taken(&mut early), ["A"]);
        assert_eq!(taken(&mut late), Vec::<String>::new());
        let mut cx = Context::from_waker(Waker::noop());
        assert!(matches!(early.poll(&mut cx), Poll::Ready(None)));
        assert!(matches!(late.poll(&mut cx), Poll::Ready(None)));
    }

    #[test]
    fn those_with_fields_are_found_by_the_first_of_them() {
        let subscribers = Arc::new(Subscribers::default());
        let add = |filter| subscribers.add(filter, Buffer::default());
        let mut many: Vec<_> =
            (0..100).map(|n| add(Filter::named(["A", "B"]).field("Key", n.to_string()))).collect();
        let mut lower = add(Filter::named(["A"]).field("key", "7"));
        let mut other = add(Filter::named(["A"]).field("Other", "7"));
        publish(&subscribers, &event("A\r\nKEY: 7\r\nKey: 8\r\nkey: 7"));
        let got: Vec<_> = many.iter_mut().map(|it| taken(it).len()).collect();
        assert_eq!((got[7], got[8], got.iter().sum::<usize>()), (1, 1, 2));
        assert_eq!((taken(&mut lower).len(), taken(&mut other).len()), (1, 0));
        let index = subscribers.index.read().unwrap();
        assert_eq!(index.named.get(&b"a"[..]).unwrap().keyed.len(), 2);
        assert_eq!(index.queues().len(), 102);
        assert_eq!(index.count, 102);
    }

    #[test]
    fn a_gap_comes_once_to_everybody() {
        let subscribers = Arc::new(Subscribers::default());
        let mut all = subscribers.add(Filter::all(), Buffer::default());
        let mut two = subscribers.add(Filter::named(["A", "B"]).field("x", "y"), Buffer::default());
        publish(&subscribers, &event("A"));
        subscribers.gap(&Disconnect::Eof);
        publish(&subscribers, &event("B"));
        let gap = "Gap(Gap { reason: Eof, times: 1 })";
        assert_eq!(taken(&mut all), ["A", gap, "B"]);
        assert_eq!(taken(&mut two), [gap]);
    }
}
