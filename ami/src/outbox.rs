//! The actions that are waiting to be written, in the order in which they will be.
//!
//! An ActionID is drawn under the same lock that fixes the place in the queue. So ids grow in the order of the wire, which
//! the fence rule of the [`router`](crate::router) relies on.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::{Bytes, BytesMut};
use tokio::sync::{Notify, watch};

use crate::action::Action;
use crate::error::{ActionError, Delivery, Disconnect, Error};

/// How much is handed to the socket at once.
const BATCH: usize = 64 * 1024;

pub(crate) struct Outbox {
    /// The random part of every ActionID.
    prefix: String,
    state: Mutex<State>,
    filled: Notify,
    /// Set under the lock of `state`, so that no action comes in behind it.
    closed: watch::Sender<Option<Disconnect>>,
}

#[derive(Default)]
struct State {
    last: u64,
    /// Invariant: ids ascend.
    queue: VecDeque<(u64, Bytes)>,
}

impl Outbox {
    pub(crate) fn new(prefix: String) -> Self {
        Self {
            prefix,
            state: Mutex::default(),
            filled: Notify::new(),
            closed: watch::Sender::new(None),
        }
    }

    /// Queues an action under the next id, which `register` gets to know before the action can be sent.
    pub(crate) fn push(&self, action: &Action, register: impl FnOnce(u64)) -> Result<u64, Error> {
        let mut state = self.lock();
        if let Some(reason) = self.closed.borrow().clone() {
            return Err(Error::Disconnected { reason, delivery: Delivery::NeverSent });
        }
        let id = state.last + 1;
        let bytes = self.encode(action, id)?;
        register(id);
        state.last = id;
        state.queue.push_back((id, bytes));
        drop(state);
        self.filled.notify_one();
        Ok(id)
    }

    fn encode(&self, action: &Action, id: u64) -> Result<Bytes, ActionError> {
        let mut bytes = BytesMut::new();
        action.encode(Some(&format!("{}-{id}", self.prefix)), &mut bytes)?;
        Ok(bytes.freeze())
    }

    /// Takes an action back. False if it was handed to the writer already.
    pub(crate) fn withdraw(&self, id: u64) -> bool {
        let mut state = self.lock();
        match state.queue.binary_search_by_key(&id, |(id, _)| *id) {
            Ok(at) => state.queue.remove(at).is_some(),
            Err(_) => false,
        }
    }

    /// Waits for actions and moves what is there, up to a batch, to `out`.
    pub(crate) async fn fill(&self, out: &mut BytesMut) {
        loop {
            self.take(out);
            if !out.is_empty() {
                return;
            }
            self.filled.notified().await;
        }
    }

    fn take(&self, out: &mut BytesMut) {
        let mut state = self.lock();
        while out.len() < BATCH {
            let Some((_, bytes)) = state.queue.pop_front() else {
                break;
            };
            out.extend_from_slice(&bytes);
        }
    }

    /// Accepts no more actions. The result tells of an id whether it was still in the queue, and so was never sent.
    pub(crate) fn close(&self, reason: Disconnect) -> impl Fn(u64) -> Delivery + use<> {
        let mut state = self.lock();
        self.closed.send_if_modified(|closed| {
            let first = closed.is_none();
            closed.get_or_insert(reason);
            first
        });
        let first_unsent = state.queue.front().map(|(id, _)| *id);
        state.queue.clear();
        move |id| match first_unsent {
            Some(first) if first <= id => Delivery::NeverSent,
            _ => Delivery::MaybeExecuted,
        }
    }

    /// Waits until it is closed, and says why.
    pub(crate) async fn closed(&self) -> Disconnect {
        let mut closed = self.closed.subscribe();
        // The sender lives as long as `self`.
        let reason = closed.wait_for(Option::is_some).await.ok().and_then(|reason| reason.clone());
        reason.unwrap_or(Disconnect::Closed)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
