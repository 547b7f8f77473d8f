//! The data that a client shares with its connections and subscriptions, and the state of its
//! connection.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, watch};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::connection::Connection;
use crate::connection::filters::EventFilter;
use crate::connection::pending::Place;
use crate::error::{Delivery, Disconnect, Error};
use crate::events::Subscribers;
use crate::stats::Counters;
use crate::wire::{Banner, EventMask};

/// The state of a client's connection. See [`Client::state`](crate::Client::state).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum State {
    /// The client is connecting: again, or for the first time
    /// [in the background](crate::Connect::in_background).
    Connecting,
    /// The client has logged in, but the server has not yet reported that it is fully booted. Such
    /// a server refuses actions whose modules are not loaded. Events already arrive; calls
    /// wait, within their own time-outs.
    Booting,
    /// The client is logged in and ready for calls.
    Up,
    /// The connection was lost, or an attempt to connect failed. The client waits before its next
    /// attempt.
    Down(Error),
    /// The client has ended and does not reconnect.
    Closed(Disconnect),
}

impl State {
    /// Returns `true` if the client has ended.
    pub fn is_closed(&self) -> bool {
        matches!(self, Self::Closed(_))
    }

    /// Returns `true` if the client is logged in and ready for calls.
    pub fn is_up(&self) -> bool {
        matches!(self, Self::Up)
    }
}

/// Writes the state; `{:#}` also the causes of a lost connection.
impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (state, reason): (_, Option<&dyn std::error::Error>) = match self {
            Self::Connecting => ("connecting", None),
            Self::Booting => ("logged in, waiting until the server is fully booted", None),
            Self::Up => ("up", None),
            Self::Down(error) => ("down", Some(error)),
            Self::Closed(reason) => ("closed", Some(reason)),
        };
        f.write_str(state)?;
        match reason {
            Some(reason) if f.alternate() => write!(f, ": {reason:#}"),
            Some(reason) => write!(f, ": {reason}"),
            None => Ok(()),
        }
    }
}

/// The connection in use, if any.
#[derive(Clone)]
pub(crate) enum Slot {
    Up(Arc<Connection>),
    Down,
    Closed(Disconnect),
}

pub(crate) struct Shared {
    pub(crate) user: Arc<str>,
    pub(crate) timeout: Duration,
    /// The time that the server gets to say what the user may send, if it is asked.
    pub(crate) question: Option<Duration>,
    pub(crate) subscribers: Arc<Subscribers>,
    pub(crate) counters: Arc<Counters>,
    permits: Arc<Semaphore>,
    slot: watch::Sender<Slot>,
    /// The current connection, or the last one if there is none.
    latest: Mutex<Option<Arc<Connection>>>,
    state: watch::Sender<State>,
    /// The reason why calls have to wait, while they have to.
    down: Mutex<Option<Arc<Error>>>,
    wishes: Mutex<Wishes>,
    /// The lock held while the server is asked to change what it sends. It keeps the remembered
    /// settings equal to the last change that the server made.
    pub(crate) settings: tokio::sync::Mutex<()>,
}

/// The owner of a client's task: the task is cancelled when the last reference to this is dropped.
/// The task itself holds `shared`, but not this.
pub(crate) struct Handle {
    pub(crate) shared: Arc<Shared>,
    pub(crate) cancel: CancellationToken,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}

/// The settings that are sent to the server on every connection, and its banner, which
/// is empty before the first login.
#[derive(Clone, Debug)]
pub(crate) struct Wishes {
    /// The event mask, sent in `Login`.
    pub(crate) mask: Option<EventMask>,
    pub(crate) filters: Vec<EventFilter>,
    pub(crate) banner: Banner,
}

/// The two things that an action needs to be sent: a place among the calls in flight, and a
/// connection.
pub(crate) type Admission = (Place, Arc<Connection>);

impl Shared {
    pub(crate) fn new(config: &Config) -> Self {
        let (mask, banner) = (config.events, Banner::empty());
        // A call that waits for the answer needs the rest of its own time-out.
        let limit = config.connect_timeout.min(config.timeout / 2);
        Self {
            user: config.user.as_str().into(),
            timeout: config.timeout,
            question: config.permissions.then_some(limit),
            subscribers: Arc::default(),
            counters: Arc::default(),
            permits: Arc::new(Semaphore::new(config.max_in_flight)),
            slot: watch::Sender::new(Slot::Down),
            latest: Mutex::default(),
            state: watch::Sender::new(State::Connecting),
            down: Mutex::default(),
            settings: tokio::sync::Mutex::default(),
            wishes: Mutex::new(Wishes { mask, filters: Vec::new(), banner }),
        }
    }

    /// Returns a place and a connection, or `None` if one of them is not available now.
    pub(crate) fn admit_now(&self) -> Option<Result<Admission, Error>> {
        match &*self.slot.borrow() {
            Slot::Up(connection) if !connection.outbox.is_closed() => {
                let place = Arc::clone(&self.permits).try_acquire_owned().ok()?;
                Some(Ok((place, Arc::clone(connection))))
            }
            Slot::Closed(reason) => Some(Err(never_sent(reason.clone()))),
            _ => None,
        }
    }

    /// Waits for a place and a connection.
    pub(crate) async fn admit(self: Arc<Self>) -> Result<Admission, Error> {
        // Once the client has ended, the semaphore is closed and there is no connection. The error
        // of the connection comes first, because it has the reason.
        let place = Arc::clone(&self.permits).acquire_owned().await;
        let connection = self.connection().await?;
        Ok((place.map_err(|_| never_sent(Disconnect::Closed))?, connection))
    }

    /// Waits for a connection.
    pub(crate) async fn connection(&self) -> Result<Arc<Connection>, Error> {
        let mut slots = self.slot.subscribe();
        let usable = |slot: &Slot| match slot {
            Slot::Up(connection) => !connection.outbox.is_closed(),
            Slot::Down => false,
            Slot::Closed(_) => true,
        };
        // The sender lives as long as `self`, so `wait_for` does not fail.
        let slot = slots.wait_for(usable).await.map(|slot| slot.clone());
        match slot {
            Ok(Slot::Up(connection)) => Ok(connection),
            Ok(Slot::Closed(reason)) => Err(never_sent(reason)),
            Ok(Slot::Down) | Err(_) => Err(never_sent(Disconnect::Closed)),
        }
    }

    /// Returns the wait for the first connection, or `None` if there was a login before.
    pub(crate) fn first_connection(
        self: &Arc<Self>,
    ) -> Option<Pin<Box<dyn Future<Output = ()> + Send + Sync>>> {
        let latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        let shared = latest.is_none().then(|| Arc::clone(self))?;
        Some(Box::pin(async move {
            if shared.connection().await.is_err() {
                // The client has ended without a connection.
                std::future::pending().await
            }
        }))
    }

    /// Waits for a connection, at most for `limit`.
    pub(crate) async fn connection_within(
        &self,
        limit: Duration,
    ) -> Result<Arc<Connection>, Error> {
        timeout(limit, self.connection()).await.unwrap_or_else(|_| Err(self.no_turn(limit)))
    }

    /// Returns the connection in use, if there is one.
    pub(crate) fn connection_now(&self) -> Option<Arc<Connection>> {
        match &*self.slot.borrow() {
            Slot::Up(connection) => Some(Arc::clone(connection)),
            _ => None,
        }
    }

    /// Waits until `connection` is no longer the one in use.
    pub(crate) async fn lost(&self, connection: &Arc<Connection>) {
        let other = |slot: &Slot| !matches!(slot, Slot::Up(it) if Arc::ptr_eq(it, connection));
        // The sender lives as long as `self`, so `wait_for` does not fail.
        let _ = self.slot.subscribe().wait_for(other).await;
    }

    pub(crate) fn in_flight(&self) -> usize {
        let latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        latest.as_ref().map_or(0, |connection| connection.pending.in_flight())
    }

    pub(crate) fn state(&self) -> watch::Receiver<State> {
        self.state.subscribe()
    }

    pub(crate) fn up(&self, connection: Arc<Connection>) {
        self.logged_in(&connection);
        *self.why_down() = None;
        self.slot.send_replace(Slot::Up(connection));
        self.state.send_replace(State::Up);
    }

    /// Stores a new connection that calls cannot use yet.
    pub(crate) fn logged_in(&self, connection: &Arc<Connection>) {
        *self.latest.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(connection));
    }

    pub(crate) fn booting(&self, limit: Duration) {
        *self.why_down() = Some(Arc::new(Error::NotBooted(limit)));
        self.state.send_replace(State::Booting);
    }

    pub(crate) fn connecting(&self) {
        self.state.send_replace(State::Connecting);
    }

    pub(crate) fn down(&self, error: Error) {
        *self.why_down() = Some(Arc::new(error.clone()));
        self.slot.send_replace(Slot::Down);
        self.state.send_replace(State::Down(error));
    }

    /// Ends the client. The first reason is kept.
    pub(crate) fn close(&self, reason: &Disconnect) {
        let first = self.slot.send_if_modified(|slot| {
            let first = !matches!(slot, Slot::Closed(_));
            if first {
                *slot = Slot::Closed(reason.clone());
            }
            first
        });
        if first {
            // Callers that wait for a place fail now instead of waiting on.
            self.permits.close();
            self.subscribers.end(reason);
            self.state.send_replace(State::Closed(reason.clone()));
        }
    }

    fn why_down(&self) -> MutexGuard<'_, Option<Arc<Error>>> {
        self.down.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the error of a call that has waited for `waited` without being sent.
    pub(crate) fn no_turn(&self, waited: Duration) -> Error {
        match self.why_down().clone() {
            Some(reason) => Error::NotConnected { waited, reason },
            None => Error::Timeout { waited, delivery: Delivery::NeverSent },
        }
    }

    pub(crate) fn wishes(&self) -> MutexGuard<'_, Wishes> {
        self.wishes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn never_sent(reason: Disconnect) -> Error {
    Error::Disconnected { reason, delivery: Delivery::NeverSent }
}
