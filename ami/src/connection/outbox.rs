//! The queue of actions to be written, in their order on the wire.
//!
//! The ActionID is drawn under the lock that fixes the place in the queue. Ids therefore grow in
//! the order on the wire, on which the fence rule of [`pending`](super::pending) relies.
//!
//! An action whose reply may have no end gets a **fence**: a `Ping` right after it, whose answer
//! shows that the server has finished the action. The id of the fence is that of the action
//! followed by [`FENCE`].

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::{Bytes, BytesMut};
use tokio::sync::Notify;

use crate::error::{Delivery, Disconnect, Error};
use crate::wire::{Action, ActionError};

/// The number of bytes after which a batch for the socket is complete.
const BATCH: usize = 64 * 1024;

/// The suffix of the id of a fence.
pub(crate) const FENCE: &[u8] = b"f";

pub(crate) struct Outbox {
    /// The random part of every ActionID.
    prefix: String,
    state: Mutex<State>,
    filled: Notify,
}

/// The form in which an action is sent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Shape {
    /// With an ActionID of this connection.
    Plain,
    /// With an ActionID of this connection, and a fence after it.
    Fenced,
    /// With the ActionID that it has, if it has one.
    AsItIs,
}

#[derive(Default)]
struct State {
    last: u64,
    /// Invariant: ids ascend.
    queue: VecDeque<(u64, Bytes)>,
    closed: Option<Disconnect>,
    /// Actions after this one are held back.
    held_behind: Option<u64>,
}

impl Outbox {
    pub(crate) fn new(prefix: String) -> Self {
        Self { prefix, state: Mutex::default(), filled: Notify::new() }
    }

    /// Queues an action under the next id. `check` decides whether it may be sent; while actions
    /// are held back, [`release`](Self::release) decides that. `register` gets the id before the
    /// action can be sent.
    pub(crate) fn push(
        &self,
        action: &Action,
        shape: Shape,
        check: impl FnOnce(&str) -> Result<(), Error>,
        register: impl FnOnce(u64),
    ) -> Result<u64, Error> {
        let mut state = self.lock();
        check(action.name())?;
        if let Some(reason) = state.closed.clone() {
            return Err(Error::Disconnected { reason, delivery: Delivery::NeverSent });
        }
        let id = state.last + 1;
        let bytes = self.encode(action, id, shape)?;
        register(id);
        state.last = id;
        state.queue.push_back((id, bytes));
        drop(state);
        tracing::trace!(id, ?action, "queued");
        self.filled.notify_one();
        Ok(id)
    }

    fn encode(&self, action: &Action, id: u64, shape: Shape) -> Result<Bytes, ActionError> {
        let mut bytes = BytesMut::new();
        if shape == Shape::AsItIs {
            action.encode(action.action_id(), &mut bytes)?;
            return Ok(bytes.freeze());
        }
        let id = format!("{}-{id}", self.prefix);
        action.encode(Some(&id), &mut bytes)?;
        if shape == Shape::Fenced {
            for part in [b"Action: Ping\r\nActionID: ", id.as_bytes(), FENCE, b"\r\n\r\n"] {
                bytes.extend_from_slice(part);
            }
        }
        Ok(bytes.freeze())
    }

    /// Holds back all actions after the one with this id.
    pub(crate) fn hold_behind(&self, id: u64) {
        self.lock().held_behind = Some(id);
    }

    /// Sends the actions that were held back. Returns the ids and the errors of those that `check`
    /// refuses, which are not sent.
    pub(crate) fn release(&self, check: impl Fn(&str) -> Result<(), Error>) -> Vec<(u64, Error)> {
        let mut state = self.lock();
        state.held_behind = None;
        let mut refused = Vec::new();
        state.queue.retain(|(id, bytes)| match check(name_of(bytes)) {
            Ok(()) => true,
            Err(error) => {
                refused.push((*id, error));
                false
            }
        });
        drop(state);
        self.filled.notify_one();
        refused
    }

    /// Removes an action from the queue. Returns `false` if it was handed to the writer already.
    pub(crate) fn withdraw(&self, id: u64) -> bool {
        let mut state = self.lock();
        match state.queue.binary_search_by_key(&id, |(id, _)| *id) {
            Ok(at) => state.queue.remove(at).is_some(),
            Err(_) => false,
        }
    }

    /// Waits for actions and moves them to `out`, up to one batch.
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
            let held = state.held_behind;
            let free = |(id, _): &mut (u64, Bytes)| held.is_none_or(|held| *id <= held);
            let Some((_, bytes)) = state.queue.pop_front_if(free) else {
                break;
            };
            out.extend_from_slice(&bytes);
        }
    }

    /// Closes the queue for new actions. Returns a function that tells for an id whether it was
    /// still queued, and so was never sent.
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

/// Returns the name of an encoded action.
fn name_of(action: &[u8]) -> &str {
    let line = action.split(|&byte| byte == b'\r').next().unwrap_or_default();
    let name = line.strip_prefix(b"Action: ").unwrap_or_default();
    str::from_utf8(name).unwrap_or_default()
}
