//! The entries that are not yet in the stream: in memory, then on disk, then counted.
//!
//! The spool is an overflow and not a log: its files have no names and are gone with the process.

mod disk;
mod queue;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::runtime::Handle;
use tokio::sync::Notify;

use self::disk::Job;
use self::queue::{Context, Found, Queue};
use super::config::Config;
use super::message::{Entry, Id, Key, Run, Shared, Takeover, Why};
use crate::item::Item;
use crate::origin::Origin;

/// The limits of the spool.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    /// The bytes in memory for each server.
    memory: usize,
    /// The bytes up to which entries are handed out from memory without a detour.
    front: usize,
    /// The bytes that are written and read at once.
    segment: usize,
    /// The bytes on disk for all.
    disk: u64,
    /// The folder of the files; that of the system for temporary files if there is none.
    folder: Option<PathBuf>,
}

/// The bytes on disk.
#[derive(Debug)]
struct Budget {
    limit: u64,
    used: u64,
}

/// The entries of all servers that are not proven to be in the stream. A handle.
#[derive(Clone, Debug)]
pub(crate) struct Spools {
    shared: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    state: Mutex<State>,
    limits: Limits,
    runtime: Handle,
    /// Told when an entry can be taken.
    work: Notify,
    /// Told when entries were dropped.
    less: Notify,
}

#[derive(Debug)]
struct State {
    names: HashMap<Origin, usize>,
    queues: Vec<(Origin, Queue)>,
    /// The queues with entries to take, each once.
    ready: VecDeque<usize>,
    budget: Budget,
    jobs: Vec<Job>,
}

/// The result of [`Spools::trim_through`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Trimmed {
    /// The entry was found. It and those before it are dropped. Or it was the last one that was
    /// dropped.
    Through,
    /// The entry is later than all that have come. Nothing is dropped.
    Ahead,
    /// The entry is not in the spool, and is not later than all that have come. Nothing is dropped.
    Unknown,
}

/// The figures of the spool of a server.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct SpoolStats {
    /// The entries that are not proven to be in the stream.
    pub(crate) entries: u64,
    /// Their bytes in memory.
    pub(crate) memory: u64,
    /// Their bytes on disk.
    pub(crate) disk: u64,
    /// The events that were lost for lack of room, or because they could not be read back.
    pub(crate) missed: u64,
    /// The reason why the disk is not used, if it fails.
    pub(crate) problem: Option<String>,
}

/// Entries of one server that were taken.
#[derive(Debug)]
pub(crate) struct Taken {
    pub(crate) queue: usize,
    pub(crate) origin: Origin,
    /// The number of the first entry among all of the server.
    pub(crate) first: u64,
    pub(crate) count: usize,
}

impl Limits {
    pub(crate) fn of(config: &Config) -> Self {
        Self::new(config.memory, config.disk, config.folder.clone())
    }

    fn new(memory: usize, disk: u64, folder: Option<PathBuf>) -> Self {
        let front = if disk > 0 { memory / 2 } else { memory };
        Self { memory, front, segment: (memory / 8).min(2 << 20), disk, folder }
    }
}

impl Budget {
    fn reserve(&mut self, bytes: usize) -> bool {
        let fits = self.used + bytes as u64 <= self.limit;
        if fits {
            self.used += bytes as u64;
        }
        fits
    }

    fn free(&mut self, bytes: usize) {
        self.used = self.used.saturating_sub(bytes as u64);
    }
}

impl Spools {
    /// Creates the spools. Panics outside of a tokio runtime, whose threads touch the disk.
    pub(crate) fn new(limits: Limits) -> Self {
        let budget = Budget { limit: limits.disk, used: 0 };
        let state = State {
            names: HashMap::new(),
            queues: Vec::new(),
            ready: VecDeque::new(),
            budget,
            jobs: Vec::new(),
        };
        Self {
            shared: Arc::new(Inner {
                state: Mutex::new(state),
                limits,
                runtime: Handle::current(),
                work: Notify::new(),
                less: Notify::new(),
            }),
        }
    }

    /// Appends an item. Never waits. A server that is new gets a spool, which is closed.
    pub(crate) fn push(&self, item: &Item) {
        let mut state = self.lock();
        let at = state.index(&item.origin);
        state.with(at, &self.shared.limits, |queue, context| queue.push(item, context));
        self.finish(state, Some(at));
    }

    /// Returns the servers that have entries.
    pub(crate) fn filled(&self) -> Vec<Origin> {
        let state = self.lock();
        let filled = state.queues.iter().filter(|(_, queue)| queue.len() > 0);
        filled.map(|(origin, _)| origin.clone()).collect()
    }

    /// Closes the spool of a server to the publisher if no entry is left. Returns `true` if it is
    /// closed.
    pub(crate) fn close_if_empty(&self, origin: &Origin) -> bool {
        let mut state = self.lock();
        let Some(&at) = state.names.get(origin) else { return true };
        let queue = &mut state.queues[at].1;
        if queue.len() == 0 {
            queue.close();
        }
        !queue.open
    }

    /// Returns the servers that have a spool.
    pub(crate) fn origins(&self) -> Vec<Origin> {
        self.lock().queues.iter().map(|(origin, _)| origin.clone()).collect()
    }

    /// Lets the publisher take the entries of a server, behind the item that says that this bridge
    /// publishes from here on. Does nothing if it does already.
    pub(crate) fn open(&self, origin: &Origin, takeover: Takeover) {
        let mut state = self.lock();
        let at = state.index(origin);
        state.queues[at].1.open(takeover);
        self.finish(state, Some(at));
    }

    /// Closes the spools of all servers to the publisher. The first entry that it gets again is the
    /// first that is not proven. Takeovers that are not in the stream are withdrawn.
    pub(crate) fn close_all(&self) {
        let mut state = self.lock();
        for (_, queue) in &mut state.queues {
            queue.close();
        }
        drop(state);
        self.shared.less.notify_waiters();
    }

    /// Drops the entries of a server through the one with this id.
    pub(crate) async fn trim_through(&self, origin: &Origin, id: Shared) -> Trimmed {
        let (at, found) = {
            let mut state = self.lock();
            let at = state.index(origin);
            let State { queues, budget, .. } = &mut *state;
            (at, queues[at].1.trim(id, budget))
        };
        let candidates = match found {
            Found::Here(trimmed) => return trimmed,
            Found::OnDisk(candidates) => candidates,
        };
        for (segment, written) in candidates {
            let read = self.shared.runtime.spawn_blocking(move || disk::read(&written)).await;
            let Ok(Ok(entries)) = read else { continue };
            let mut state = self.lock();
            let State { queues, budget, .. } = &mut *state;
            if queues[at].1.trim_read(segment, entries, id, budget) {
                return Trimmed::Through;
            }
        }
        let mut state = self.lock();
        let State { queues, budget, .. } = &mut *state;
        queues[at].1.not_found(id, budget)
    }

    /// Drops the entries of a server through the one with this id, which this run has sent. Returns
    /// `false` if the first entry that is left is not the one behind it.
    pub(crate) fn trim_own(&self, origin: &Origin, id: &Id) -> bool {
        let mut state = self.lock();
        let at = state.index(origin);
        state.queues[at].1.trim_own(id)
    }

    /// Drops the first entries of a server that were stamped at this time or before.
    pub(crate) async fn trim_stamped(&self, origin: &Origin, stamp: (u64, u32)) {
        let is_before = move |entry: &Entry| match entry.key {
            Key::Shared(shared) => Some(shared.stamp() <= stamp),
            Key::Private { .. } => None,
        };
        self.trim_while(origin, &is_before).await;
    }

    /// Drops the first entries of a server that were received at this time or before, in
    /// microseconds since 1970.
    pub(crate) async fn trim_received(&self, origin: &Origin, micros: u64) {
        let is_before = move |entry: &Entry| Some(entry.place.micros <= micros);
        self.trim_while(origin, &is_before).await;
    }

    /// Drops the first entries of a server through the last one before the first for which the
    /// predicate says `false`. What it says nothing of counts as the one behind it.
    async fn trim_while(&self, origin: &Origin, drops: &(dyn Fn(&Entry) -> Option<bool> + Sync)) {
        loop {
            let (at, next) = {
                let mut state = self.lock();
                let at = state.index(origin);
                (at, state.queues[at].1.trim_while(drops))
            };
            let Some((segment, written)) = next else { break };
            let read = self.shared.runtime.spawn_blocking(move || disk::read(&written)).await;
            let Ok(Ok(entries)) = read else { break };
            let mut state = self.lock();
            let State { queues, budget, .. } = &mut *state;
            queues[at].1.bring(segment, entries, budget);
        }
        self.shared.less.notify_waiters();
    }

    /// Returns the first number that the server gave to an entry, if that one is in memory.
    pub(crate) fn first_number(&self, origin: &Origin) -> Option<u32> {
        let state = self.lock();
        let at = *state.names.get(origin)?;
        state.queues[at].1.first_number()
    }

    /// Returns the figures of a server.
    pub(crate) fn stats(&self, origin: &Origin) -> SpoolStats {
        let state = self.lock();
        state.names.get(origin).map_or_else(SpoolStats::default, |&at| state.queues[at].1.stats())
    }

    /// Waits until no entry of an open spool is left.
    pub(crate) async fn drained(&self) {
        loop {
            let less = self.shared.less.notified();
            tokio::pin!(less);
            less.as_mut().enable();
            let left = |(_, queue): &(Origin, Queue)| queue.open && queue.len() > 0;
            if !self.lock().queues.iter().any(left) {
                return;
            }
            less.await;
        }
    }

    /// Waits until an entry may be there to take.
    pub(super) async fn ready(&self) {
        self.shared.work.notified().await;
    }

    /// Takes up to `max` entries of the server whose turn it is.
    pub(super) fn take(&self, max: usize) -> Option<Taken> {
        let mut state = self.lock();
        while let Some(at) = state.ready.pop_front() {
            state.queues[at].1.listed = false;
            if !state.queues[at].1.open {
                continue;
            }
            let mut count = 0;
            let take = |queue: &mut Queue, context: &mut Context<'_>| {
                count = queue.take(max, context);
            };
            state.with(at, &self.shared.limits, take);
            let (origin, queue) = &state.queues[at];
            let (origin, first) = (origin.clone(), queue.number(count));
            self.finish(state, Some(at));
            if count > 0 {
                return Some(Taken { queue: at, origin, first, count });
            }
            state = self.lock();
        }
        None
    }

    /// Returns entries that were taken, by the number of the first one.
    pub(super) fn entries(&self, queue: usize, first: u64, count: usize) -> Vec<Entry> {
        self.lock().queues[queue].1.entries(first, count)
    }

    /// Drops the first entries of a server, which are in the stream.
    pub(super) fn release(&self, queue: usize, count: usize) {
        self.lock().queues[queue].1.release(count);
        self.shared.less.notify_waiters();
    }

    /// Makes all entries that are not proven to be taken again.
    pub(super) fn rewind(&self) {
        let mut state = self.lock();
        for (_, queue) in &mut state.queues {
            queue.rewind();
        }
        for at in 0..state.queues.len() {
            state.list(at);
        }
        drop(state);
        self.shared.work.notify_one();
    }

    /// Returns the id of an entry that was taken, by its number.
    pub(super) fn id(&self, queue: usize, number: u64, run: &Run) -> Option<Id> {
        let state = self.lock();
        let (origin, queue) = &state.queues[queue];
        queue.taken(number).map(|entry| entry.id(run, origin))
    }

    /// Replaces an entry that was taken by the number of events that it stands for. Returns `false`
    /// if it was replaced already.
    pub(super) fn give_up(&self, queue: usize, number: u64, why: Why) -> bool {
        self.lock().queues[queue].1.give_up(number, why)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No code that holds the lock leaves the state half changed.
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts the jobs that are due, and tells the publisher that a queue has entries.
    fn finish(&self, mut state: MutexGuard<'_, State>, at: Option<usize>) {
        let listed = at.is_some_and(|at| state.list(at));
        let jobs = std::mem::take(&mut state.jobs);
        drop(state);
        if listed {
            self.shared.work.notify_one();
        }
        for job in jobs {
            let spools = self.clone();
            self.shared.runtime.spawn_blocking(move || {
                let done = job.run();
                let at = done.queue;
                let mut state = spools.lock();
                let limits = &spools.shared.limits;
                state.with(at, limits, |queue, context| queue.done(done, context));
                spools.finish(state, Some(at));
            });
        }
    }
}

impl State {
    fn index(&mut self, origin: &Origin) -> usize {
        if let Some(&at) = self.names.get(origin) {
            return at;
        }
        self.queues.push((origin.clone(), Queue::default()));
        self.names.insert(origin.clone(), self.queues.len() - 1);
        self.queues.len() - 1
    }

    fn with(
        &mut self,
        at: usize,
        limits: &Limits,
        call: impl FnOnce(&mut Queue, &mut Context<'_>),
    ) {
        let Self { queues, budget, jobs, .. } = self;
        call(&mut queues[at].1, &mut Context { queue: at, limits, budget, jobs });
    }

    /// Puts a queue on the publisher's list if it has entries to take. Returns `true` if it was put
    /// there now.
    fn list(&mut self, at: usize) -> bool {
        let queue = &mut self.queues[at].1;
        let lists = queue.open && !queue.listed && queue.is_ready();
        if lists {
            queue.listed = true;
            self.ready.push_back(at);
        }
        lists
    }
}
