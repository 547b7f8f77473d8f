//! The actions that are waiting to be written, in the order in which they will be.
//!
//! An ActionID is drawn under the same lock that fixes the place in the queue. So ids grow in the
//! order of the wire, which the fence rule of the [`pending`](super::pending) relies on.
//!
//! An action whose reply may have no end gets a **fence**: a `Ping` right behind it, whose answer
//! shows that the server is through with it. Its id is that of the action with [`FENCE`] behind it.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::{Bytes, BytesMut};
use tokio::sync::Notify;

use crate::error::{Delivery, Disconnect, Error};
use crate::wire::{Action, ActionError};

/// How much is handed to the socket at once.
const BATCH: usize = 64 * 1024;

/// What the id of a fence ends with.
pub(crate) const FENCE: &[u8] = b"f";

pub(crate) struct Outbox {
    /// The random part of every ActionID.
    prefix: String,
    state: Mutex<State>,
    filled: Notify,
}

#[derive(Default)]
struct State {
    last: u64,
    /// Invariant: ids ascend.
    queue: VecDeque<(u64, Bytes)>,
    closed: Option<Disconnect>,
}

impl Outbox {
    pub(crate) fn new(prefix: String) -> Self {
        Self { prefix, state: Mutex::default(), filled: Notify::new() }
    }

    /// Queues an action under the next id, which `register` gets to know before the action can be
    /// sent; with a fence behind it or not.
    pub(crate) fn push(
        &self,
        action: &Action,
        fence: bool,
        register: impl FnOnce(u64),
    ) -> Result<u64, Error> {
        let mut state = self.lock();
        if let Some(reason) = state.closed.clone() {
            return Err(Error::Disconnected { reason, delivery: Delivery::NeverSent });
        }
        let id = state.last + 1;
        let bytes = self.encode(action, id, fence)?;
        register(id);
        state.last = id;
        state.queue.push_back((id, bytes));
        drop(state);
        tracing::trace!(id, ?action, "queued");
        self.filled.notify_one();
        Ok(id)
    }

    fn encode(&self, action: &Action, id: u64, fence: bool) -> Result<Bytes, ActionError> {
        let mut bytes = BytesMut::new();
        let id = format!("{}-{id}", self.prefix);
        action.encode(Some(&id), &mut bytes)?;
        if fence {
            for part in [b"Action: Ping\r\nActionID: ", id.as_bytes(), FENCE, b"\r\n\r\n"] {
                bytes.extend_from_slice(part);
            }
        }
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

    /// Accepts no more actions. The result tells of an id whether it was still in the queue, and so
    /// was never sent.
    pub(crate) fn close(&self, reason: Disconnect) -> impl Fn(u64) -> Delivery + use<> {
        let mut state = self.lock();
        state.closed.get_or_insert(reason);
        let first_unsent = state.queue.front().map(|(id, _)| *id);
        state.queue.clear();
        move |id| match first_unsent {
            Some(first) if first <= id => Delivery::NeverSent,
            _ => Delivery::MaybeExecuted,
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.lock().closed.is_some()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
