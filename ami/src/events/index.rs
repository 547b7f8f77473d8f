//! The index of subscriptions. It finds the queues for an event by the event's name and by one
//! field, without checking the others.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::task::Waker;

use rustc_hash::{FxHashMap, FxHashSet};
use tokio::sync::Notify;

use super::batch::Batch;
use super::filter::Names;
use super::held::Held;
use super::item::{Connected, Gap};
use super::queue::Queue;
use super::stray::Stray;
use crate::error::Disconnect;
use crate::wire::{Classes, Event, EventMask};

/// All subscriptions of a client.
#[derive(Default)]
pub(crate) struct Subscribers {
    index: RwLock<Index>,
    /// The reason for the end of the client.
    pub(super) ended: OnceLock<Disconnect>,
    /// Notified when a subscription is made that needs the user's permissions to be known.
    needed: Notify,
    /// The lock held while subscriptions are told of classes that do not come.
    telling: Mutex<()>,
}

#[derive(Default)]
struct Index {
    /// Invariant: a bucket that is present is not empty. The publisher copies the pointer and
    /// releases the lock, because a predicate may subscribe, too.
    all: Option<Arc<Bucket>>,
    named: HashMap<Box<[u8]>, Arc<Bucket>>,
    /// The subscriptions that also want strays.
    strays: Vec<Arc<Queue>>,
    /// The subscriptions in no bucket, because their filters have no name.
    unnamed: Vec<Arc<Queue>>,
    count: usize,
    closed: bool,
    /// The version, which increases with every subscription.
    version: u64,
    /// The classes that do not come.
    held: Held,
    /// The begin of the current connection, once subscribers were told.
    connected: Option<Arc<Connected>>,
}

/// The subscriptions for events of one name, or of all names.
#[derive(Clone, Default)]
struct Bucket {
    plain: Vec<Arc<Queue>>,
    /// The subscriptions with fields, grouped by the first field. Different fields are few,
    /// however many subscriptions there are.
    keyed: Vec<Keyed>,
}

#[derive(Clone)]
struct Keyed {
    field: String,
    /// Invariant: sorted by the value that the subscriptions require of the field.
    queues: Vec<Arc<Queue>>,
}

/// Returns the value that a subscription requires of its first field.
fn wanted(queue: &Queue) -> &[u8] {
    queue.filter.fields.first().map_or(b"", |(_, value)| value)
}

impl Keyed {
    /// Returns the position at which the subscriptions that require a value begin.
    fn position(&self, value: &[u8]) -> usize {
        self.queues.partition_point(|queue| wanted(queue) < value)
    }
}

impl Subscribers {
    pub(crate) fn add(&self, queue: &Arc<Queue>) {
        let index = &mut *self.write();
        if index.closed {
            queue.close();
        } else {
            index.count += 1;
            if queue.filter.strays {
                index.strays.push(Arc::clone(queue));
            }
            index.version += 1;
            match &queue.filter.names {
                Names::All => Arc::make_mut(index.all.get_or_insert_default()).add(queue),
                Names::These(names) if names.is_empty() => index.unnamed.push(Arc::clone(queue)),
                Names::These(names) => {
                    for name in names {
                        let bucket = index.named.entry(name.clone()).or_default();
                        Arc::make_mut(bucket).add(queue);
                    }
                }
            }
            if let Some(connected) = &index.connected {
                queue.connected(connected);
            }
            if index.held.matters() {
                self.judge(&index.held, queue);
            }
        }
    }

    /// Tells a new subscription which of its classes do not come, as far as is known.
    fn judge(&self, held: &Held, queue: &Queue) {
        if !held.asked && !queue.filter.needs().is_empty() {
            self.needed.notify_one();
        }
        // Nobody waits for a new subscription yet.
        queue.withhold(held, &mut Vec::new());
    }

    /// Waits until a subscription needs the user's permissions to be known.
    pub(crate) async fn needed(&self) {
        self.needed.notified().await;
    }

    /// Begins a connection of that user with that event mask.
    pub(crate) fn begin(&self, user: &Arc<str>, mask: Option<EventMask>) {
        self.hold(|held| {
            held.begin(user);
            held.set_mask(mask);
        });
        if self.read().queues().iter().any(|queue| !queue.filter.needs().is_empty()) {
            self.needed.notify_one();
        }
    }

    /// Sets the classes that the user may not read; none if that is not known.
    pub(crate) fn set_withheld(&self, classes: Classes) {
        self.hold(|held| held.set_user(classes));
    }

    /// Sets the event mask that is in effect now.
    pub(crate) fn set_mask(&self, mask: Option<EventMask>) {
        self.hold(|held| held.set_mask(mask));
    }

    /// Changes which classes do not come, and tells the subscriptions that need them.
    fn hold(&self, change: impl FnOnce(&mut Held)) {
        let mut wakers = Vec::new();
        {
            let _telling = self.telling.lock().unwrap_or_else(PoisonError::into_inner);
            let (held, queues) = {
                let index = &mut *self.write();
                let before = index.held.is_empty();
                change(&mut index.held);
                if before && index.held.is_empty() {
                    return;
                }
                (index.held.clone(), index.queues())
            };
            queues.iter().for_each(|queue| queue.withhold(&held, &mut wakers));
        }
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Looks at the index for events that come now. If the version has changed since the last time,
    /// the names that the reader remembers are no longer valid.
    #[cold]
    fn look(&self, version: &mut u64, nobodys: &mut FxHashSet<Box<[u8]>>) -> Found {
        let index = self.read();
        if index.version != *version {
            nobodys.clear();
            *version = index.version;
        }
        Found { all: index.all.clone(), has_names: !index.named.is_empty(), ..Found::default() }
    }

    /// Reports to every subscriber that the connection was lost and the client has reconnected.
    pub(crate) fn gap(&self, gap: &Gap) {
        let queues = self.read().queues();
        for queue in queues {
            queue.gap(gap);
        }
    }

    /// Reports the begin of a connection to every follow that asks for it, and to those that are
    /// made before its end.
    pub(crate) fn connected(&self, connected: Connected) {
        let connected = Arc::new(connected);
        let queues = {
            let mut index = self.write();
            if index.closed {
                return;
            }
            index.connected = Some(Arc::clone(&connected));
            index.queues()
        };
        queues.iter().for_each(|queue| queue.connected(&connected));
    }

    /// Reports to every follow that the connection is lost.
    pub(crate) fn down(&self, reason: &Disconnect) {
        let queues = {
            let mut index = self.write();
            index.connected = None;
            index.queues()
        };
        queues.iter().for_each(|queue| queue.down(reason));
    }

    /// Ends every subscription, including those made from now on.
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

    pub(crate) fn remove(&self, queue: &Arc<Queue>) {
        let index = &mut *self.write();
        if index.closed {
            return;
        }
        index.count -= 1;
        let other = |it: &Arc<Queue>| !Arc::ptr_eq(it, queue);
        if queue.filter.strays {
            index.strays.retain(other);
        }
        match &queue.filter.names {
            Names::All => {
                if let Some(bucket) = &mut index.all
                    && Arc::make_mut(bucket).remove(queue)
                {
                    index.all = None;
                }
            }
            Names::These(names) if names.is_empty() => index.unnamed.retain(other),
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

    /// Returns the number of fields that each bucket is divided by.
    #[cfg(test)]
    pub(crate) fn buckets(&self) -> Vec<usize> {
        let index = self.read();
        index.all.iter().chain(index.named.values()).map(|bucket| bucket.keyed.len()).collect()
    }

    fn read(&self) -> RwLockReadGuard<'_, Index> {
        self.index.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Index> {
        self.index.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The reader's side: gives events to the subscriptions that they are for.
///
/// For all events that are read at once, the publisher looks at the index once for each name. It
/// keeps the result no longer than that, because a filter can own anything. It does remember names
/// that no subscription asks for.
pub(crate) struct Publisher {
    subscribers: Arc<Subscribers>,
    /// Names as sent that no subscription asks for, in the current version of the index.
    nobodys: FxHashSet<Box<[u8]>>,
    version: u64,
    found: Option<Found>,
    batch: Batch,
}

#[derive(Default)]
struct Found {
    all: Option<Arc<Bucket>>,
    /// `true` if any subscription asks for a name.
    has_names: bool,
    named: FxHashMap<Box<[u8]>, Arc<Bucket>>,
}

impl Publisher {
    /// The largest number of remembered names that no subscription asks for. A server has fewer
    /// names; forged ones must not pile up.
    const NAMES: usize = 1024;

    pub(crate) fn new(subscribers: Arc<Subscribers>) -> Self {
        let (nobodys, batch) = (FxHashSet::default(), Batch::default());
        Self { subscribers, nobodys, version: 0, found: None, batch }
    }

    /// Gives an event to the subscriptions that it is for. It is in their queues when
    /// [`deliver`](Self::deliver) returns. Returns the number of events, this one or earlier ones,
    /// that had no room in a queue.
    #[inline]
    pub(crate) fn publish(&mut self, event: Event) -> u64 {
        let Self { subscribers, nobodys, version, found, batch } = self;
        let (all, named) = find(subscribers, nobodys, version, found, event.head());
        if let (Some(bucket), None) | (None, Some(bucket)) = (all, named)
            && let Some(queue) = bucket.only()
        {
            if queue.filter.admits(&event, 0) {
                batch.add(queue, event);
            }
            return batch.take_missed();
        }
        // The last queue receives the event itself instead of a clone.
        let mut last = None;
        for bucket in all.into_iter().chain(named) {
            bucket.find(&event, &mut |queue| {
                if let Some(earlier) = last.replace(queue) {
                    batch.add(earlier, event.clone());
                }
            });
        }
        if let Some(queue) = last {
            batch.add(queue, event);
        }
        batch.take_missed()
    }

    /// Reports that an event is lost to the subscriptions that it is or may be for. `beginning` is
    /// the part of it that is known. Returns the same number as [`publish`](Self::publish).
    pub(crate) fn publish_lost(&mut self, beginning: &Event) -> u64 {
        let Self { subscribers, nobodys, version, found, batch } = self;
        let (all, named) = find(subscribers, nobodys, version, found, beginning.head());
        for queue in all.into_iter().chain(named).flat_map(|bucket| bucket.queues()) {
            if queue.filter.may_admit(beginning) {
                batch.add_miss(queue);
            }
        }
        batch.take_missed()
    }

    /// Gives a stray to the subscriptions that ask for strays. Returns the same number as
    /// [`publish`](Self::publish).
    pub(crate) fn publish_stray(&mut self, stray: impl FnOnce() -> Stray) -> u64 {
        let queues = self.subscribers.read().strays.clone();
        if queues.is_empty() {
            return 0;
        }
        let stray = stray().detach();
        for queue in queues {
            self.batch.add_stray(queue, stray.clone());
        }
        self.batch.take_missed()
    }

    /// Puts everything into the queues. Returns the same number as [`publish`](Self::publish).
    pub(crate) fn deliver(&mut self) -> u64 {
        self.batch.deliver();
        self.batch.take_missed()
    }

    /// Returns `true` if a subscriber that has kept up so far is about to miss an event.
    #[inline]
    pub(crate) fn has_half_full(&mut self) -> bool {
        self.batch.has_half_full()
    }

    /// Ends the time that such subscribers are given.
    pub(crate) fn end_turn(&mut self) {
        self.batch.end_turn();
    }

    /// Wakes the subscribers that received something, and forgets them.
    pub(crate) fn flush(&mut self) {
        self.batch.forget_half_full();
        self.wake();
    }

    /// Wakes the subscribers that received something, and remembers which of their queues are half
    /// full.
    pub(crate) fn wake(&mut self) {
        self.found = None;
        self.batch.wake();
    }
}

/// Finds the buckets for events of a name: the one of all names and the one of this name.
#[inline]
fn find<'a>(
    subscribers: &Subscribers,
    nobodys: &mut FxHashSet<Box<[u8]>>,
    version: &mut u64,
    found: &'a mut Option<Found>,
    name: &[u8],
) -> (Option<&'a Arc<Bucket>>, Option<&'a Arc<Bucket>>) {
    let found = match found {
        Some(found) => found,
        none => none.insert(subscribers.look(version, nobodys)),
    };
    if found.has_names {
        find_named(subscribers, nobodys, found, name)
    } else {
        (found.all.as_ref(), None)
    }
}

/// Finds the buckets for events of a name, if any subscription asks for names.
fn find_named<'a>(
    subscribers: &Subscribers,
    nobodys: &mut FxHashSet<Box<[u8]>>,
    found: &'a mut Found,
    name: &[u8],
) -> (Option<&'a Arc<Bucket>>, Option<&'a Arc<Bucket>>) {
    if !nobodys.contains(name) && !found.named.contains_key(name) {
        match subscribers.read().of(name) {
            Some(bucket) => drop(found.named.insert(name.into(), Arc::clone(bucket))),
            None if nobodys.len() < Publisher::NAMES => drop(nobodys.insert(name.into())),
            None => {}
        }
    }
    let named = if found.named.is_empty() { None } else { found.named.get(name) };
    (found.all.as_ref(), named)
}

impl Drop for Publisher {
    fn drop(&mut self) {
        self.deliver();
        self.flush();
    }
}

impl Index {
    fn of(&self, name: &[u8]) -> Option<&Arc<Bucket>> {
        self.named.get(&*name.to_ascii_lowercase())
    }

    /// Returns every queue once.
    fn queues(&self) -> Vec<Arc<Queue>> {
        let buckets = self.all.iter().chain(self.named.values());
        let named = buckets.flat_map(|bucket| bucket.queues());
        let mut queues: Vec<_> = named.chain(&self.unnamed).cloned().collect();
        // A subscription for several names is in several buckets.
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

    /// Removes a queue. Returns `true` if the bucket is empty then.
    fn remove(&mut self, queue: &Arc<Queue>) -> bool {
        let other = |it: &Arc<Queue>| !Arc::ptr_eq(it, queue);
        match self.keyed_of(queue) {
            None => self.plain.retain(other),
            Some(keyed) => keyed.queues.retain(other),
        }
        self.keyed.retain(|keyed| !keyed.queues.is_empty());
        self.plain.is_empty() && self.keyed.is_empty()
    }

    /// Returns the group of a queue that is found by a field.
    fn keyed_of(&mut self, queue: &Queue) -> Option<&mut Keyed> {
        let (field, _) = queue.filter.fields.first()?;
        let known = self.keyed.iter().position(|keyed| keyed.field.eq_ignore_ascii_case(field));
        let at = known.unwrap_or_else(|| {
            self.keyed.push(Keyed { field: field.clone(), queues: Vec::new() });
            self.keyed.len() - 1
        });
        Some(&mut self.keyed[at])
    }

    /// Returns the queue of a bucket that has only one, if that one is not found by a field.
    #[inline]
    fn only(&self) -> Option<&Arc<Queue>> {
        match &self.plain[..] {
            [queue] if self.keyed.is_empty() => Some(queue),
            _ => None,
        }
    }

    /// Passes the queues that an event is for to `give`.
    fn find<'a>(&'a self, event: &Event, give: &mut impl FnMut(&'a Arc<Queue>)) {
        let mut show = |queue: &'a Arc<Queue>, known| {
            if queue.filter.admits(event, known) {
                give(queue);
            }
        };
        self.plain.iter().for_each(|queue| show(queue, 0));
        for keyed in &self.keyed {
            for (at, value) in event.get_all(&keyed.field).enumerate() {
                // A repeated value delivers the event once, not twice.
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
