//! One connection to a server, from the socket and the login to its end.
//!
//! One loop reads, one loop writes, and a watch notices silence. The table of pending calls, the
//! queue of actions and the dispatch have no socket and no clock. Everything that belongs to a
//! connection is created with it and ends with it. The room names `wire`, `error`, `stats`,
//! `record`, `events`, `config` and `typed`.

pub(crate) mod dial;
mod dispatch;
pub(crate) mod filters;
pub(crate) mod login;
pub(crate) mod loss;
pub(crate) mod outbox;
pub(crate) mod pending;
pub(crate) mod permissions;
pub(crate) mod ready;
pub(crate) mod reply;
mod rights;
pub(crate) mod run;
pub(crate) mod shape;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::sync::{OnceCell, oneshot, watch};
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

pub use self::filters::EventFilter;
use self::loss::{Begin, First, Loss};
use self::outbox::{Outbox, Shape};
use self::pending::{PendingCalls, Place, Waiter};
pub use self::permissions::Permissions;
pub use self::reply::Replied;
use self::rights::Write;
use crate::error::{Delivery, Error, Forbidden};
use crate::events::{Connected, Subscribers};
use crate::stats::Counters;
use crate::typed::action;
use crate::wire::{Action, Banner, EventClass, EventMask, Response};

/// The longest time that the server may be busy with one action before its silence counts as the
/// end of the connection.
const BUSY: Duration = Duration::from_secs(600);

/// The part of a connection that is shared by its loops and its callers.
pub(crate) struct Connection {
    /// The name of the user.
    user: Arc<str>,
    pub(crate) outbox: Outbox,
    pub(crate) pending: PendingCalls,
    /// `true` if the server predates the marks on all lists.
    is_old: bool,
    subscribers: Arc<Subscribers>,
    counters: Arc<Counters>,
    booted: watch::Sender<bool>,
    logged_off: AtomicBool,
    /// The begin of this connection, with the loss of the former one, until it is reported to
    /// subscribers.
    begin: Mutex<Option<Begin>>,
    /// Ends the connection when it is unknown which filters or event mask the server has.
    spoilt: CancellationToken,
    /// The event mask of the login, which decides whether `FullyBooted` arrives.
    mask: Option<EventMask>,
    /// The user's `read`, once the server was asked for it. The inner value is `None` if the
    /// server does not tell.
    read: OnceCell<Option<Arc<str>>>,
    /// The actions that the user may send, once the server was asked. The inner value is `None` if
    /// the server does not tell.
    write: OnceLock<Option<Arc<Write>>>,
    /// Cancelled once `write` is set.
    asked: CancellationToken,
}

impl Connection {
    /// Creates the connection after its login. `prefix` is the random part of its ActionIDs.
    pub(crate) fn new(
        user: &Arc<str>,
        prefix: &str,
        banner: &Banner,
        mask: Option<EventMask>,
        subscribers: Arc<Subscribers>,
        counters: Arc<Counters>,
        loss: Option<Loss>,
    ) -> Self {
        Self {
            user: Arc::clone(user),
            outbox: Outbox::new(prefix.to_owned()),
            pending: PendingCalls::new(prefix),
            is_old: shape::is_old(banner),
            subscribers,
            counters,
            booted: watch::Sender::new(false),
            logged_off: AtomicBool::new(false),
            begin: Mutex::new(Some(Begin { loss })),
            spoilt: CancellationToken::new(),
            mask,
            read: OnceCell::new(),
            write: OnceLock::new(),
            asked: CancellationToken::new(),
        }
    }

    /// Hands an action to the writer. `waiter` gets the reply. `until` is the end of the caller's
    /// wait.
    ///
    /// # Errors
    ///
    /// Returns an error if the user may not send the action, the action cannot be written, or the
    /// connection has ended. `waiter` is not registered then.
    pub(crate) fn send(
        self: &Arc<Self>,
        action: &Action,
        until: Instant,
        place: Option<Place>,
        waiter: Waiter,
    ) -> Result<Ticket, Error> {
        let fence = match waiter {
            Waiter::Response(_) | Waiter::Originate(_) => shape::may_stay_silent(action.name()),
            // The answer to the fence marks the end where the server forgets to send one.
            Waiter::List(_) | Waiter::Everything(_) => true,
        };
        let shape = if fence { Shape::Fenced } else { Shape::Plain };
        let add = |id| self.pending.add(id, waiter, until.into_std(), place);
        let id = self.outbox.push(action, shape, |name| self.check(name), add)?;
        Ok(Ticket { connection: Arc::clone(self), id })
    }

    /// Hands an action to the writer with the ActionID that it has. Nobody waits for the reply.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`send`](Self::send).
    pub(crate) fn send_as_it_is(&self, action: &Action) -> Result<(), Error> {
        // The server may be busy with it until it answers a later action.
        let (nobody, _) = oneshot::channel();
        let until = Instant::now() + BUSY;
        let add = |id| self.pending.add(id, Waiter::Response(nobody), until.into_std(), None);
        self.outbox.push(action, Shape::AsItIs, |name| self.check(name), add)?;
        Ok(())
    }

    /// Sends an action of the client's own, ahead of callers that wait for a connection or for a
    /// place.
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
            Ok(answer) => {
                let answer = answer.unwrap_or(Err(Error::NoResponse));
                answer.map_err(|error| self.explain(action.name(), error))
            }
            Err(_) => Err(Error::Timeout { waited: limit, delivery: ticket.withdraw() }),
        }
    }

    /// Checks that the user may send an action, as far as is known.
    ///
    /// # Errors
    ///
    /// Returns [`Error::Forbidden`] if the user has none of the classes of the action.
    #[inline]
    fn check(&self, action: &str) -> Result<(), Error> {
        let Some(Some(write)) = self.write.get() else { return Ok(()) };
        match write.lacks(action) {
            None => Ok(()),
            Some(classes) => Err(self.forbidden(action, classes, None)),
        }
    }

    /// Adds to a refusal which class the user needs. The server refuses an action with the same
    /// words if its module is not running.
    pub(crate) fn explain(&self, action: &str, error: Error) -> Error {
        let Error::Rejected(response) = error else { return error };
        let denied = response.message().trim_end() == "Permission denied";
        let classes = action::classes(action).filter(|classes| denied && !classes.is_empty());
        let allowed = |classes: &[EventClass]| {
            let has = |write: &Write| classes.iter().any(|class| write.has(*class) == Some(true));
            self.write().is_some_and(|write| write.lists(action) || has(write))
        };
        match classes {
            Some(classes) if !allowed(classes) => self.forbidden(action, classes, Some(*response)),
            _ => Error::Rejected(response),
        }
    }

    #[cold]
    fn forbidden(
        &self,
        action: &str,
        classes: &'static [EventClass],
        response: Option<Response>,
    ) -> Error {
        let user = Arc::clone(&self.user);
        let action = action.to_owned();
        Error::Forbidden(Box::new(Forbidden { user, action, classes, response }))
    }

    /// Returns the actions that the user may send, if that is known.
    pub(crate) fn write(&self) -> Option<&Arc<Write>> {
        self.write.get()?.as_ref()
    }

    /// Ends the connection if `set` leaves it unknown whether the server has changed its settings.
    /// The next connection is set up again.
    pub(crate) fn unless_settled(&self, set: &Result<(), Error>) {
        if set.as_ref().is_err_and(Error::may_have_been_executed) {
            self.spoil();
        }
    }

    /// Ends the connection. The next one is set up again.
    pub(crate) fn spoil(&self) {
        self.spoilt.cancel();
    }

    /// Reports to subscribers the loss of the former connection and the begin of this one, unless
    /// this was done before.
    pub(crate) fn tell_of_begin(&self, first: First<'_>) {
        let begin = self.begin().take();
        let Some(Begin { loss }) = begin else { return };
        let Counters { reconnects, restarts, .. } = &*self.counters;
        if let Some(loss) = loss {
            let gap = loss.gap(first);
            restarts.add(u64::from(gap.restarted != Some(false)));
            self.subscribers.gap(&gap);
        }
        let (reconnects, restarts) = (reconnects.get(), restarts.get());
        let started = first.uptime().and_then(|uptime| SystemTime::now().checked_sub(uptime));
        self.subscribers.connected(Connected { reconnects, restarts, started });
    }

    /// Returns `true` if the begin of this connection is not reported yet.
    fn is_new(&self) -> bool {
        self.begin().is_some()
    }

    fn begin(&self) -> MutexGuard<'_, Option<Begin>> {
        self.begin.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns `true` if the server has reported that it is fully booted.
    pub(crate) fn is_booted(&self) -> bool {
        *self.booted.borrow()
    }

    /// Returns a receiver that is `true` once the server has reported that it is fully booted.
    fn booted(&self) -> watch::Receiver<bool> {
        self.booted.subscribe()
    }

    fn set_booted(&self) {
        self.booted.send_replace(true);
    }

    /// Returns `true` if the server has answered a `Logoff` of this client. The end of the
    /// connection is intended then.
    fn is_logged_off(&self) -> bool {
        self.logged_off.load(Ordering::Relaxed)
    }

    fn set_logged_off(&self) {
        self.logged_off.store(true, Ordering::Relaxed);
    }
}

/// An action that was handed to the writer. Dropping the ticket takes the action back if it is not
/// yet written, and removes its waiter.
pub(crate) struct Ticket {
    connection: Arc<Connection>,
    id: u64,
}

impl Ticket {
    /// Takes the action back if it is not yet written.
    pub(crate) fn withdraw(&self) -> Delivery {
        match self.connection.outbox.withdraw(self.id) {
            true => Delivery::NeverSent,
            false => Delivery::MaybeExecuted,
        }
    }

    /// Extends the time until which the server may be busy with this call, so that its silence
    /// before then does not end the connection.
    pub(crate) fn extend(&self, until: Instant) {
        self.connection.pending.extend(self.id, until.into_std());
    }
}

impl Ticket {
    /// Adds to a refusal which class the user needs.
    pub(crate) fn explain(&self, action: &Action, error: Error) -> Error {
        self.connection.explain(action.name(), error)
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if self.connection.pending.forget(self.id) {
            self.withdraw();
        }
    }
}
