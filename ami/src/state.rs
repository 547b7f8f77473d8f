//! What a client, its connections and its subscriptions share, and the state of the connection.

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

/// How a client stands with its server. See [`Client::state`](crate::Client::state).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum State {
    /// It is about to connect again.
    Connecting,
    /// The client is logged in again, to a server that has not said yet that it is fully booted: it
    /// would refuse actions whose modules are not loaded. Events come already; calls wait,
    /// within their own time-outs.
    Booting,
    /// It is logged in.
    Up,
    /// The connection was lost, or an attempt to make it anew has failed. It will try again after a
    /// while.
    Down(Error),
    /// It is over.
    Closed(Disconnect),
}

impl State {
    /// Whether it is over.
    pub fn is_closed(&self) -> bool {
        matches!(self, Self::Closed(_))
    }

    /// Whether it is logged in.
    pub fn is_up(&self) -> bool {
        matches!(self, Self::Up)
    }
}

/// The connection, if there is one.
#[derive(Clone)]
pub(crate) enum Slot {
    Up(Arc<Connection>),
    Down,
    Closed(Disconnect),
}

pub(crate) struct Shared {
    pub(crate) user: String,
    pub(crate) timeout: Duration,
    pub(crate) subscribers: Arc<Subscribers>,
    pub(crate) counters: Arc<Counters>,
    permits: Arc<Semaphore>,
    slot: watch::Sender<Slot>,
    /// The connection that there is now or was the last.
    latest: Mutex<Option<Arc<Connection>>>,
    state: watch::Sender<State>,
    /// Why there is no connection, if there is none.
    down: Mutex<Option<Arc<Error>>>,
    wishes: Mutex<Wishes>,
    /// Whoever tells the server to change what it sends holds this, so that what is remembered is
    /// what it did last.
    pub(crate) settings: tokio::sync::Mutex<()>,
}

/// What keeps a client's task alive: it ends when the last of those is gone who have this. It has
/// what it shares with them, but not this.
pub(crate) struct Handle {
    pub(crate) shared: Arc<Shared>,
    pub(crate) cancel: CancellationToken,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}

/// What the server is told on every connection.
#[derive(Clone, Debug)]
pub(crate) struct Wishes {
    /// The event mask, in `Login`.
    pub(crate) mask: Option<EventMask>,
    pub(crate) filters: Vec<EventFilter>,
    pub(crate) banner: Banner,
}

/// What an action needs to be sent: a place among those in flight, and a connection.
pub(crate) type Admission = (Place, Arc<Connection>);

impl Shared {
    pub(crate) fn new(config: &Config, banner: Banner, subscribers: Arc<Subscribers>) -> Self {
        let mask = config.events.clone();
        Self {
            user: config.user.clone(),
            timeout: config.timeout,
            subscribers,
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

    /// A place and a connection, if both are there now.
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
        // There are no places any more once the client has ended, and no connection either, which
        // says why.
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
        // The sender lives as long as `self`.
        let slot = slots.wait_for(usable).await.map(|slot| slot.clone());
        match slot {
            Ok(Slot::Up(connection)) => Ok(connection),
            Ok(Slot::Closed(reason)) => Err(never_sent(reason)),
            Ok(Slot::Down) | Err(_) => Err(never_sent(Disconnect::Closed)),
        }
    }

    /// The connection, once there is one, within a time-out.
    pub(crate) async fn connection_within(
        &self,
        limit: Duration,
    ) -> Result<Arc<Connection>, Error> {
        timeout(limit, self.connection()).await.unwrap_or_else(|_| Err(self.no_turn(limit)))
    }

    /// The connection that there is now.
    pub(crate) fn connection_now(&self) -> Option<Arc<Connection>> {
        match &*self.slot.borrow() {
            Slot::Up(connection) => Some(Arc::clone(connection)),
            _ => None,
        }
    }

    /// Waits until a connection is no longer the one in use.
    pub(crate) async fn lost(&self, connection: &Arc<Connection>) {
        let other = |slot: &Slot| !matches!(slot, Slot::Up(it) if Arc::ptr_eq(it, connection));
        // The sender lives as long as `self`.
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

    /// Notes that there is a connection, which is not for everybody yet.
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

    /// Ends everything; the first reason stays.
    pub(crate) fn close(&self, reason: &Disconnect) {
        let first = self.slot.send_if_modified(|slot| {
            let first = !matches!(slot, Slot::Closed(_));
            if first {
                *slot = Slot::Closed(reason.clone());
            }
            first
        });
        if first {
            // Those who wait for a place need none any more.
            self.permits.close();
            self.subscribers.end(reason);
            self.state.send_replace(State::Closed(reason.clone()));
        }
    }

    fn why_down(&self) -> MutexGuard<'_, Option<Arc<Error>>> {
        self.down.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the error of a call that has waited so long for its turn or for a connection.
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
