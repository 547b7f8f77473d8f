//! One connection to a server: from the socket and the login to its end.
//!
//! A loop reads, a loop writes, and a watch notices the silence. The table of pending calls, the
//! queue of actions and the dispatch know no socket and no clock; what belongs to a connection is
//! made with it, and ends with it. The room names `wire`, `error`, `stats`, `record`, `events` and
//! `config`.

pub(crate) mod dial;
mod dispatch;
pub(crate) mod filters;
pub(crate) mod login;
pub(crate) mod loss;
pub(crate) mod outbox;
pub(crate) mod pending;
pub(crate) mod ready;
pub(crate) mod reply;
pub(crate) mod run;
pub(crate) mod shape;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OnceCell, oneshot, watch};
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

pub use self::filters::EventFilter;
use self::loss::{First, Loss};
use self::outbox::Outbox;
use self::pending::{PendingCalls, Place, Waiter};
pub use self::reply::Replied;
use crate::error::{Delivery, Error};
use crate::events::Subscribers;
use crate::stats::Counters;
use crate::wire::{Action, Banner, EventMask, Response};

/// How long the server may be busy with one action, at most, before its silence is taken for the
/// end.
const BUSY: Duration = Duration::from_secs(600);

/// What a connection and those who use it share.
pub(crate) struct Connection {
    pub(crate) outbox: Outbox,
    pub(crate) pending: PendingCalls,
    /// Whether the server is from before all lists were marked.
    is_old: bool,
    subscribers: Arc<Subscribers>,
    counters: Arc<Counters>,
    booted: watch::Sender<bool>,
    logged_off: AtomicBool,
    /// The loss of a former connection that subscribers are to be told of.
    loss: Mutex<Option<Loss>>,
    /// Ends the connection, because nobody knows which filters or which event mask the server has.
    spoilt: CancellationToken,
    /// The event mask of the login, which decides on `FullyBooted`.
    mask: Option<EventMask>,
    /// The user's `read`, once it was asked for; `None` inside if the server does not tell.
    read: OnceCell<Option<Arc<str>>>,
}

impl Connection {
    /// A connection that is logged in. `prefix` is the random part of its ActionIDs.
    pub(crate) fn new(
        prefix: &str,
        banner: &Banner,
        mask: Option<EventMask>,
        subscribers: Arc<Subscribers>,
        counters: Arc<Counters>,
        loss: Option<Loss>,
    ) -> Self {
        Self {
            outbox: Outbox::new(prefix.to_owned()),
            pending: PendingCalls::new(prefix),
            is_old: shape::is_old(banner),
            subscribers,
            counters,
            booted: watch::Sender::new(false),
            logged_off: AtomicBool::new(false),
            loss: Mutex::new(loss),
            spoilt: CancellationToken::new(),
            mask,
            read: OnceCell::new(),
        }
    }

    /// Hands an action to the writer; `waiter` waits for what comes of it, no longer than `until`.
    ///
    /// # Errors
    ///
    /// If the action cannot be written, or the connection has ended. Nothing waits then.
    pub(crate) fn send(
        self: &Arc<Self>,
        action: &Action,
        until: Instant,
        place: Option<Place>,
        waiter: Waiter,
    ) -> Result<Ticket, Error> {
        let fence = match waiter {
            Waiter::Response(_) | Waiter::Originate(_) => shape::may_stay_silent(action.name()),
            // The fence shows the end where the server forgets to.
            Waiter::List(_) | Waiter::Everything(_) => true,
        };
        let add = |id| self.pending.add(id, waiter, until.into_std(), place);
        let id = self.outbox.push(action, fence, add)?;
        Ok(Ticket { connection: Arc::clone(self), id })
    }

    /// Asks the server something, past the callers who wait for a connection or for their turn.
    pub(crate) async fn ask(
        self: &Arc<Self>,
        action: &Action,
        limit: Duration,
    ) -> Result<Response, Error> {
        let (sender, receiver) = oneshot::channel();
        let limit = limit.min(BUSY);
        let until = Instant::now() + limit;
        let ticket = self.send(action, until, None, Waiter::Response(sender))?;
        match timeout_at(until, receiver).await {
            Ok(answer) => answer.unwrap_or(Err(Error::NoResponse)),
            Err(_) => Err(Error::Timeout { waited: limit, delivery: ticket.withdraw() }),
        }
    }

    /// Ends the connection if nobody knows whether the server has done what it was asked for: the
    /// next one is settled again.
    pub(crate) fn unless_settled(&self, set: &Result<(), Error>) {
        if set.as_ref().is_err_and(Error::may_have_been_executed) {
            self.spoil();
        }
    }

    /// Ends the connection: the next one is settled again.
    pub(crate) fn spoil(&self) {
        self.spoilt.cancel();
    }

    /// Tells subscribers of the loss that this connection makes good, if nobody has yet.
    pub(crate) fn tell_of_loss(&self, first: First<'_>) {
        let loss = self.loss().take();
        if let Some(loss) = loss {
            self.subscribers.gap(&loss.gap(first));
        }
    }

    fn has_loss(&self) -> bool {
        self.loss().is_some()
    }

    fn loss(&self) -> MutexGuard<'_, Option<Loss>> {
        self.loss.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the server has said by now that it is fully booted.
    pub(crate) fn is_booted(&self) -> bool {
        *self.booted.borrow()
    }

    /// Whether the server has said that it is fully booted.
    fn booted(&self) -> watch::Receiver<bool> {
        self.booted.subscribe()
    }

    fn set_booted(&self) {
        self.booted.send_replace(true);
    }

    /// Whether the server has answered a `Logoff` of ours: the end of the connection is no accident
    /// then.
    fn is_logged_off(&self) -> bool {
        self.logged_off.load(Ordering::Relaxed)
    }

    fn set_logged_off(&self) {
        self.logged_off.store(true, Ordering::Relaxed);
    }
}

/// An action that was handed to the writer. Dropping it takes the action back, if it was not written
/// yet, and removes what waits for it.
pub(crate) struct Ticket {
    connection: Arc<Connection>,
    id: u64,
}

impl Ticket {
    /// Takes the action back, as far as that is possible.
    pub(crate) fn withdraw(&self) -> Delivery {
        match self.connection.outbox.withdraw(self.id) {
            true => Delivery::NeverSent,
            false => Delivery::MaybeExecuted,
        }
    }

    /// Notes until when the caller waits now, so that nobody takes the server's silence for its end
    /// before.
    pub(crate) fn extend(&self, until: Instant) {
        self.connection.pending.extend(self.id, until.into_std());
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if self.connection.pending.forget(self.id) {
            self.withdraw();
        }
    }
}
