//! The part of a subscription that others reach: the queue of servers that are ready, and the
//! servers that have joined.

use std::collections::VecDeque;
use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use ami::{Buffer, Filter};

use super::source::Source;

/// The shared part of a subscription.
pub(crate) struct Inbox {
    filter: Filter,
    buffer: Buffer,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The servers that have something, by their index, in the order in which they became ready.
    ready: VecDeque<usize>,
    /// The servers that were added and not yet seen by the subscription.
    joined: Vec<Source>,
    /// `true` once no server can join any more.
    closed: bool,
    waker: Option<Waker>,
}

/// The next step of a subscription.
pub(super) enum Turn {
    /// Read the server of this index.
    Of(usize),
    /// Take these servers in.
    Joined(Vec<Source>),
    /// No server is ready, and none joins any more.
    Closed,
}

impl Inbox {
    pub(crate) fn new(filter: Filter, buffer: Buffer, sources: Vec<Source>) -> Arc<Self> {
        let state = State { joined: sources, ..State::default() };
        Arc::new(Self { filter, buffer, state: Mutex::new(state) })
    }

    pub(crate) fn filter(&self) -> &Filter {
        &self.filter
    }

    pub(crate) fn buffer(&self) -> Buffer {
        self.buffer
    }

    /// Adds a server.
    pub(crate) fn join(&self, source: Source) {
        let mut state = self.lock();
        state.joined.push(source);
        wake(state);
    }

    /// Notes that no server joins any more.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        wake(state);
    }

    /// Returns what is to be done next. If there is nothing, the waker is kept.
    pub(super) fn turn(&self, cx: &mut Context<'_>) -> Poll<Turn> {
        let mut state = self.lock();
        if !state.joined.is_empty() {
            return Poll::Ready(Turn::Joined(mem::take(&mut state.joined)));
        }
        if let Some(index) = state.ready.pop_front() {
            return Poll::Ready(Turn::Of(index));
        }
        // Usually the same task waits again.
        match &mut state.waker {
            Some(waker) => waker.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        }
        if state.closed { Poll::Ready(Turn::Closed) } else { Poll::Pending }
    }

    fn ready(&self, index: usize) {
        let mut state = self.lock();
        state.ready.push_back(index);
        wake(state);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Wakes the subscriber after the lock is released, because a waker can run any code.
fn wake(mut state: MutexGuard<'_, State>) {
    let waker = state.waker.take();
    drop(state);
    waker.into_iter().for_each(Waker::wake);
}

/// The waker of one server, which puts it into the queue of those that are ready.
pub(super) struct Signal {
    inbox: Arc<Inbox>,
    index: usize,
    /// `true` while the server is in the queue.
    is_set: AtomicBool,
}

impl Signal {
    pub(super) fn new(inbox: &Arc<Inbox>, index: usize) -> Arc<Self> {
        Arc::new(Self { inbox: Arc::clone(inbox), index, is_set: AtomicBool::new(false) })
    }

    /// Puts the server into the queue, unless it is there.
    pub(super) fn set(&self) {
        if !self.is_set.swap(true, Ordering::AcqRel) {
            self.inbox.ready(self.index);
        }
    }

    /// Notes that the server was taken out of the queue. Whatever it has now is seen by the poll
    /// that follows.
    pub(super) fn clear(&self) {
        self.is_set.swap(false, Ordering::AcqRel);
    }
}

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        self.set();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.set();
    }
}
