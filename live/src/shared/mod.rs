//! State that the task and the handles share: the model behind a lock, and those who wait for it.
//! Nobody is woken and no code of a user runs while the lock is held.

mod ring;
mod tracking;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::SystemTime;

use ami::Cause;
use tokio::sync::watch;

pub use self::ring::Missed;
use self::ring::Ring;
pub(crate) use self::tracking::Tracked;
use self::tracking::{Tracking, Woken};
use crate::change::{Change, What};
use crate::config::Config;
use crate::model::Model;
use crate::state::{Call, Channel, Ended, Freshness, StaleReason, State};
use crate::text::Id;

/// A channel as it ended, and the cause.
pub(crate) type ChannelEnd = (Arc<Channel>, Option<Cause>);

/// The model, and those who wait for it.
#[derive(Debug)]
pub(crate) struct Shared {
    inner: Mutex<Inner>,
    /// The number of times that the model has changed.
    version: watch::Sender<u64>,
    /// The number of times that it has changed what is known at all, up to the end.
    knowledge: watch::Sender<u64>,
}

#[derive(Debug)]
struct Inner {
    model: Model,
    ring: Ring,
    calls: Tracking<Arc<Call>>,
    channels: Tracking<ChannelEnd>,
    history: VecDeque<Arc<Call>>,
    /// The number of ended calls that are kept.
    kept: usize,
    ended: Option<Ended>,
}

/// The waiters that are woken when the lock is released.
#[derive(Default)]
struct Ends {
    calls: Vec<Woken<Arc<Call>>>,
    channels: Vec<Woken<ChannelEnd>>,
}

impl Shared {
    pub(crate) fn new(config: &Config) -> Self {
        let inner = Inner {
            model: Model::new(&config.parts),
            ring: Ring::new(config.changes),
            calls: Tracking::default(),
            channels: Tracking::default(),
            history: VecDeque::new(),
            kept: config.history,
            ended: None,
        };
        let (version, knowledge) = (watch::Sender::new(0), watch::Sender::new(0));
        Self { inner: Mutex::new(inner), version, knowledge }
    }

    /// Changes the model, and wakes those who wait for it behind that.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Model) -> T) -> T {
        let mut inner = self.lock();
        let known = inner.model.state.coverage.clone();
        let result = change(&mut inner.model);
        let ends = inner.tell();
        let is_as_known = inner.model.state.coverage.is_same(&known);
        self.wake(inner);
        drop(ends);
        if !is_as_known {
            count(&self.knowledge);
        }
        result
    }

    /// Notes that the model changes no more. The first reason is kept.
    pub(crate) fn end(&self, ended: Ended) {
        let mut inner = self.lock();
        if inner.ended.is_some() {
            return;
        }
        let since = SystemTime::now();
        let reason = StaleReason::Ended(ended.clone());
        inner.model.set_freshness(Freshness::Stale { since, reason }, since);
        inner.ended = Some(ended);
        let ends = inner.tell();
        self.wake(inner);
        drop(ends);
        count(&self.knowledge);
    }

    fn wake(&self, mut inner: MutexGuard<'_, Inner>) {
        let wakers = inner.ring.wakers();
        drop(inner);
        wakers.into_iter().for_each(std::task::Waker::wake);
        count(&self.version);
    }

    /// Returns the reason why the model changes no more.
    pub(crate) fn ended(&self) -> Option<Ended> {
        self.lock().ended.clone()
    }

    pub(crate) fn state(&self) -> State {
        self.lock().model.state.clone()
    }

    /// Reads the state under the lock.
    pub(crate) fn with<T>(&self, read: impl FnOnce(&State) -> T) -> T {
        read(&self.lock().model.state)
    }

    pub(crate) fn history(&self) -> Vec<Arc<Call>> {
        self.lock().history.iter().cloned().collect()
    }

    /// Returns a receiver that learns of each change of the model.
    pub(crate) fn versions(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }

    /// Returns a receiver that learns when a part becomes known or unknown, and of the end.
    pub(crate) fn knowledge(&self) -> watch::Receiver<u64> {
        self.knowledge.subscribe()
    }

    /// Adds a watcher. Returns the state and the number of the watcher, which takes the changes
    /// behind that state.
    pub(crate) fn watch(&self) -> (State, u64) {
        let mut inner = self.lock();
        (inner.model.state.clone(), inner.ring.register())
    }

    pub(crate) fn poll_change(
        &self,
        watcher: u64,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Change, Missed>>> {
        let mut inner = self.lock();
        match inner.ring.poll(watcher, cx) {
            Poll::Ready(next) => Poll::Ready(Some(next)),
            Poll::Pending if inner.ended.is_some() => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    }

    pub(crate) fn unwatch(&self, watcher: u64) {
        self.lock().ring.remove(watcher);
    }

    /// Returns a receiver that learns of the end of a call, also of one that is in the history.
    pub(crate) fn track_call(&self, id: &Id) -> watch::Receiver<Tracked<Arc<Call>>> {
        let mut inner = self.lock();
        let end = inner.history.iter().rev().find(|call| call.id == *id).cloned();
        inner.calls.track(id, end)
    }

    /// Returns a receiver that learns of the end of a channel.
    pub(crate) fn track_channel(&self, id: &Id) -> watch::Receiver<Tracked<ChannelEnd>> {
        self.lock().channels.track(id, None)
    }

    /// Forgets those who wait for the end of a call or a channel and are gone.
    pub(crate) fn untrack(&self, id: &str) {
        let mut inner = self.lock();
        inner.calls.prune(id);
        inner.channels.prune(id);
    }

    /// Returns the number of watchers, and of calls and channels whose ends are waited for.
    #[cfg(test)]
    pub(crate) fn waiting(&self) -> (usize, usize) {
        let inner = self.lock();
        (inner.ring.watchers(), inner.calls.len() + inner.channels.len())
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn count(counter: &watch::Sender<u64>) {
    counter.send_modify(|count| *count = count.wrapping_add(1));
}

impl Inner {
    /// Passes on what the model tells.
    fn tell(&mut self) -> Ends {
        let mut ends = Ends::default();
        for change in self.model.take_changes() {
            match &change.what {
                What::CallEnded(call) => {
                    ends.calls.extend(self.calls.end(&call.id, call));
                    self.keep(call);
                }
                What::CallMerged { from, into } => self.calls.merge(&from.id, into),
                What::ChannelEnded { channel, cause } => {
                    let end = (Arc::clone(channel), *cause);
                    ends.channels.extend(self.channels.end(&channel.id, &end));
                }
                _ => {}
            }
            self.ring.push(change);
        }
        ends
    }

    fn keep(&mut self, call: &Arc<Call>) {
        if self.kept == 0 {
            return;
        }
        if self.history.len() == self.kept {
            self.history.pop_front();
        }
        self.history.push_back(Arc::clone(call));
    }
}

#[cfg(test)]
mod tests;
