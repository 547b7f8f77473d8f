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

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OnceCell, oneshot};
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

pub use self::filters::EventFilter;
use self::outbox::Outbox;
use self::pending::{Expect, PendingCalls, Sink};
pub use self::reply::Replied;
use crate::error::{Delivery, Error};
use crate::wire::{Action, EventMask, Response};

/// How long the server may be busy with one action, at most, before its silence is taken for the
/// end.
const BUSY: Duration = Duration::from_secs(600);

/// What a connection and those who use it share.
pub(crate) struct Connection {
    pub(crate) outbox: Outbox,
    pub(crate) pending: PendingCalls,
    /// Ends the connection, because nobody knows which filters or which event mask the server has.
    pub(crate) spoilt: CancellationToken,
    /// The event mask of the login, which decides on `FullyBooted`.
    pub(crate) mask: Option<EventMask>,
    /// The user's `read`, once it was asked for; nothing inside if the server does not tell.
    pub(crate) read: OnceCell<Option<Arc<str>>>,
}

impl Connection {
    pub(crate) fn new(outbox: Outbox, pending: PendingCalls, mask: Option<EventMask>) -> Self {
        Self { outbox, pending, spoilt: CancellationToken::new(), mask, read: OnceCell::new() }
    }

    /// Asks the server something, past the callers who wait for a connection or for their turn.
    pub(crate) async fn ask(&self, action: &Action, limit: Duration) -> Result<Response, Error> {
        let (sender, receiver) = oneshot::channel();
        let limit = limit.min(BUSY);
        let until = Instant::now() + limit;
        let register = |id| {
            self.pending.register(id, Expect::Response, until.into_std(), Sink::One(sender), None);
        };
        let fence = shape::may_stay_silent(action.name());
        let asked = Asked { connection: self, id: self.outbox.push(action, fence, register)? };
        match timeout_at(until, receiver).await {
            Ok(answer) => answer.unwrap_or(Err(Error::NoResponse)).map(Response::new),
            Err(_) => Err(Error::Timeout { waited: limit, delivery: asked.withdraw() }),
        }
    }

    /// Ends the connection if nobody knows whether the server has done what it was asked for: the
    /// next one is settled again.
    pub(crate) fn unless_settled(&self, set: &Result<(), Error>) {
        if set.as_ref().is_err_and(Error::may_have_been_executed) {
            self.spoilt.cancel();
        }
    }

    /// Takes an action back, as far as that is possible.
    pub(crate) fn withdraw(&self, id: u64) -> Delivery {
        match self.outbox.withdraw(id) {
            true => Delivery::NeverSent,
            false => Delivery::MaybeExecuted,
        }
    }
}

/// Removes what a question has left behind, however it ends.
struct Asked<'a> {
    connection: &'a Connection,
    id: u64,
}

impl Asked<'_> {
    fn withdraw(&self) -> Delivery {
        self.connection.withdraw(self.id)
    }
}

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        if self.connection.pending.forget(self.id) {
            self.withdraw();
        }
    }
}
