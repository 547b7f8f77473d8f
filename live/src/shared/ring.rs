//! The changes that watchers have not taken yet.

use std::collections::VecDeque;
use std::task::{Context, Poll, Waker};

use rustc_hash::FxHashMap;

use crate::change::Change;

/// The latest changes, until every watcher has taken them.
#[derive(Debug)]
pub(super) struct Ring {
    entries: VecDeque<Entry>,
    capacity: usize,
    /// The number of the next change.
    next: u64,
    watchers: FxHashMap<u64, Watcher>,
    /// The number of watchers that there have been.
    registered: u64,
}

#[derive(Debug)]
struct Entry {
    change: Change,
    /// The number of watchers that have yet to take it.
    readers: usize,
}

#[derive(Debug)]
struct Watcher {
    /// The number of the change that the watcher takes next.
    position: u64,
    waker: Option<Waker>,
}

/// The number of changes that a watcher has missed, because it did not take them in time. See
/// [`Changes::next`](crate::Changes::next).
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0} changes were missed")]
pub struct Missed(pub u64);

impl Ring {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            entries: VecDeque::new(),
            capacity,
            next: 0,
            watchers: FxHashMap::default(),
            registered: 0,
        }
    }

    /// Adds a change, unless nobody watches.
    pub(super) fn push(&mut self, change: Change) {
        let readers = self.watchers.len();
        if readers == 0 {
            return;
        }
        if self.entries.len() == self.capacity {
            self.entries.pop_front();
        }
        self.entries.push_back(Entry { change, readers });
        self.next += 1;
    }

    /// Takes the wakers of those that wait.
    pub(super) fn wakers(&mut self) -> Vec<Waker> {
        self.watchers.values_mut().filter_map(|watcher| watcher.waker.take()).collect()
    }

    /// Adds a watcher, which takes the changes from now on.
    pub(super) fn register(&mut self) -> u64 {
        self.registered += 1;
        let watcher = Watcher { position: self.next, waker: None };
        self.watchers.insert(self.registered, watcher);
        self.registered
    }

    /// Returns the next change of a watcher. Registers the waker if there is none.
    pub(super) fn poll(&mut self, id: u64, cx: &mut Context<'_>) -> Poll<Result<Change, Missed>> {
        let first = self.next - self.entries.len() as u64;
        let Some(watcher) = self.watchers.get_mut(&id) else { return Poll::Pending };
        if let Some(missed) = first.checked_sub(watcher.position).filter(|&missed| missed > 0) {
            watcher.position = first;
            return Poll::Ready(Err(Missed(missed)));
        }
        let at = usize::try_from(watcher.position - first).unwrap_or(usize::MAX);
        let Some(entry) = self.entries.get_mut(at) else {
            watcher.waker = Some(cx.waker().clone());
            return Poll::Pending;
        };
        watcher.position += 1;
        entry.readers -= 1;
        let change = entry.change.clone();
        self.trim();
        Poll::Ready(Ok(change))
    }

    /// Removes a watcher, and the changes that only it has not taken.
    pub(super) fn remove(&mut self, id: u64) {
        let first = self.next - self.entries.len() as u64;
        let Some(watcher) = self.watchers.remove(&id) else { return };
        let at = usize::try_from(watcher.position.saturating_sub(first)).unwrap_or(usize::MAX);
        self.entries.iter_mut().skip(at).for_each(|entry| entry.readers -= 1);
        self.trim();
    }

    /// Returns the number of watchers.
    #[cfg(test)]
    pub(super) fn watchers(&self) -> usize {
        self.watchers.len()
    }

    fn trim(&mut self) {
        while self.entries.front().is_some_and(|entry| entry.readers == 0) {
            self.entries.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;
    use crate::change::What;
    use crate::state::Freshness;

    fn change(at: u64) -> Change {
        let at = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(at);
        Change { at, resync: false, what: What::Freshness(Freshness::Loading) }
    }

    /// Takes what there is for a watcher: the times of changes, and losses as negative numbers.
    fn taken(ring: &mut Ring, id: u64) -> Vec<i64> {
        let mut cx = Context::from_waker(Waker::noop());
        let mut taken = Vec::new();
        while let Poll::Ready(next) = ring.poll(id, &mut cx) {
            taken.push(match next {
                Ok(change) => {
                    let at = change.at.duration_since(SystemTime::UNIX_EPOCH).unwrap();
                    i64::try_from(at.as_secs()).unwrap()
                }
                Err(Missed(missed)) => -i64::try_from(missed).unwrap(),
            });
        }
        taken
    }

    #[test]
    fn every_watcher_gets_what_came_since_it_began() {
        let mut ring = Ring::new(8);
        ring.push(change(1));
        let one = ring.register();
        ring.push(change(2));
        let two = ring.register();
        ring.push(change(3));
        assert_eq!((taken(&mut ring, two), taken(&mut ring, one)), (vec![3], vec![2, 3]));
        assert!(ring.entries.is_empty());
    }

    #[test]
    fn a_slow_watcher_learns_how_many_changes_it_missed_and_where() {
        let mut ring = Ring::new(3);
        let (slow, fast) = (ring.register(), ring.register());
        for at in 1..=2 {
            ring.push(change(at));
        }
        assert_eq!(taken(&mut ring, fast), [1, 2]);
        for at in 3..=5 {
            ring.push(change(at));
        }
        assert_eq!(taken(&mut ring, slow), [-2, 3, 4, 5]);
        ring.push(change(6));
        assert_eq!((taken(&mut ring, slow), taken(&mut ring, fast)), (vec![6], vec![-1, 4, 5, 6]));
        assert!(ring.entries.is_empty());
    }

    #[test]
    fn a_watcher_that_goes_leaves_nothing_behind() {
        let mut ring = Ring::new(3);
        let (slow, other) = (ring.register(), ring.register());
        for at in 1..=5 {
            ring.push(change(at));
        }
        ring.remove(slow);
        ring.push(change(6));
        assert_eq!(taken(&mut ring, other), [-3, 4, 5, 6]);
        ring.push(change(7));
        ring.remove(other);
        ring.push(change(8));
        assert!(ring.entries.is_empty() && ring.watchers.is_empty());
    }
}
