//! The future of an originate.

use std::fmt;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::inbox::Answer;
use super::{Originate, Originated, Request, after};
use crate::connection::{Connection, ready};
use crate::error::{Delivery, Error, Withheld};
use crate::state::{Handle, Shared};
use crate::wire::{Action, Event, EventClass};

/// A future that places a call and returns its outcome. See
/// [`Client::originate`](crate::Client::originate).
///
/// Dropping the future takes the action back if it is not yet written. Otherwise the channel keeps
/// ringing.
///
/// # Panics
///
/// Panics if it is polled again after completion.
#[must_use = "nothing is sent until it is awaited"]
pub struct Originating {
    stage: Stage,
}

enum Stage {
    New(Box<New>),
    Running(Pin<Box<dyn Future<Output = Result<Originated, Error>> + Send + Sync>>),
    Done,
}

/// The originate before its first poll.
struct New {
    handle: Arc<Handle>,
    action: Action,
    /// The time that the server waits for an answer.
    ringing: Duration,
    limit: Option<Duration>,
}

impl Originating {
    pub(crate) fn new(handle: Arc<Handle>, originate: Originate) -> Self {
        let (action, ringing) = originate.into_action();
        Self { stage: Stage::New(Box::new(New { handle, action, ringing, limit: None })) }
    }

    /// Sets the time-out of the whole originate. It counts from the first poll and includes the
    /// wait for a connection.
    ///
    /// The default is the time that the channel may ring ([`Originate::timeout`]) plus the client's
    /// time-out. The server does not stop ringing when the time is over.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        if let Stage::New(new) = &mut self.stage {
            new.limit = Some(timeout);
        }
        self
    }
}

impl New {
    async fn run(self) -> Result<Originated, Error> {
        let Self { handle, action, ringing, limit } = self;
        action.check()?;
        let shared = &handle.shared;
        let until = limit.map(after);
        let left = |most: Duration| match until {
            Some(until) => until.saturating_duration_since(Instant::now()).min(most),
            None => most,
        };
        // Waiting for a connection may take all of the caller's own time-out.
        let connected = shared.connection_within(left(limit.unwrap_or(shared.timeout))).await;
        let connection = connected.map_err(|error| waited(error, limit))?;
        check_class(shared, &connection, left(shared.timeout)).await?;
        let most = limit.map_or_else(|| ringing.saturating_add(shared.timeout), left);
        if let Some(waited) = limit.filter(|_| most.is_zero()) {
            return Err(Error::Timeout { waited, delivery: Delivery::NeverSent });
        }
        let mut request = Request::<Answer<Event>>::new(Arc::clone(&handle), action, ());
        request.limit = most;
        let mut request = pin!(request);
        let outcome = poll_fn(|cx| request.as_mut().poll_answer(cx)).await;
        outcome.map(Originated::new).map_err(|error| waited(error, limit))
    }
}

/// Checks that the server sends the outcome, as far as the server tells.
async fn check_class(
    shared: &Shared,
    connection: &Arc<Connection>,
    limit: Duration,
) -> Result<(), Error> {
    let mask = shared.wishes().mask;
    let class = EventClass::Call;
    // Several originates ask one after another if the server does not answer. This time-out also
    // limits the wait for the others.
    let withheld = ready::withheld(connection, limit, mask.as_ref(), class);
    match timeout(limit, withheld).await {
        // The outcome may arrive. If it does not, the time-out ends the call.
        Ok(None | Some(Withheld::Unknown)) | Err(_) => Ok(()),
        Ok(Some(why)) => Err(Error::Withheld { class, why }),
    }
}

/// Replaces the time-out of the last step in an error by that of the whole originate.
fn waited(error: Error, limit: Option<Duration>) -> Error {
    match (error, limit) {
        (Error::Timeout { delivery, .. }, Some(waited)) => Error::Timeout { waited, delivery },
        (Error::NotConnected { reason, .. }, Some(waited)) => {
            Error::NotConnected { waited, reason }
        }
        (error, _) => error,
    }
}

impl Future for Originating {
    type Output = Result<Originated, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if let Stage::New(_) = self.stage
            && let Stage::New(new) = std::mem::replace(&mut self.stage, Stage::Done)
        {
            self.stage = Stage::Running(Box::pin(new.run()));
        }
        let Stage::Running(running) = &mut self.stage else {
            panic!("an originate is polled after its end")
        };
        let outcome = running.as_mut().poll(cx);
        if outcome.is_ready() {
            self.stage = Stage::Done;
        }
        outcome
    }
}

impl fmt::Debug for Originating {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut tuple = f.debug_tuple("Originating");
        match &self.stage {
            Stage::New(new) => tuple.field(&new.action).finish(),
            _ => tuple.finish_non_exhaustive(),
        }
    }
}
