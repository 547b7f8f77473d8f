//! An action on each server.

use std::sync::Arc;
use std::time::Duration;

use ami::{
    Call, Callable, Collected, Command, CommandOutput, Delivery, Error, Exchange, FromEvent, List,
    Originated, Originating, Replied, Response, State,
};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::time::timeout;

use super::Fleet;
use crate::origin::Origin;

/// The time beyond the limit after which a reply that has begun is given up.
const GRACE: Duration = Duration::from_millis(50);

/// A reply of which a client can wait for the end. All replies of [`Callable`] are.
pub trait Bounded {
    /// The reply in one piece.
    type Value;

    /// Waits for the end of the reply, at most for a limit.
    ///
    /// The error says whether the action was sent. A reply that has begun, and is not at its end,
    /// may take a moment longer than the limit.
    fn within(self, limit: Duration) -> impl Future<Output = Result<Self::Value, Error>> + Send;
}

macro_rules! whole {
    ($($reply:ty => $value:ty,)*) => {$(
        impl Bounded for $reply {
            type Value = $value;

            fn within(self, limit: Duration) -> impl Future<Output = Result<$value, Error>> + Send {
                self.timeout(limit)
            }
        }
    )*};
}

whole! {
    Call => Response,
    Command => CommandOutput,
    Originating => Originated,
}

impl<T: FromEvent + Send> Bounded for List<T> {
    type Value = Collected<T>;

    async fn within(self, limit: Duration) -> Result<Collected<T>, Error> {
        let list = IntoFuture::into_future(self.timeout(limit));
        in_parts(limit, async { list.await.map_err(Error::from) }).await
    }
}

impl Bounded for Exchange {
    type Value = Vec<Replied>;

    async fn within(self, limit: Duration) -> Result<Vec<Replied>, Error> {
        in_parts(limit, self.timeout(limit)).await
    }
}

/// Waits for a reply of several messages, each of which has the limit as its time-out.
async fn in_parts<T>(
    limit: Duration,
    reply: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    // A reply that has not begun ends by its own time-out, with an error that says whether the
    // action was sent.
    let late = |_| Err(Error::Timeout { waited: limit, delivery: Delivery::MaybeExecuted });
    timeout(limit.saturating_add(GRACE), reply).await.unwrap_or_else(late)
}

impl Fleet {
    /// Sends an action to each server at once, and returns one result for each, in the order of
    /// their names.
    ///
    /// A server that is not up fails at once, and nothing is sent to it. One that does not answer
    /// within the limit fails then: no reply takes longer than the limit and a moment. The errors
    /// say whether the server may have executed the action
    /// ([`may_have_been_executed`](Error::may_have_been_executed)).
    ///
    /// The reply follows from the action ([`Callable`]); a list is [`Collected`]. Dropping the
    /// future does what dropping each reply does.
    ///
    /// ```no_run
    /// # async fn example(fleet: fleet::Fleet) {
    /// use std::time::Duration;
    ///
    /// use fleet::ami::Action;
    ///
    /// let reload = Action::new("Reload").field("Module", "res_pjsip.so");
    /// for (origin, reply) in fleet.each(reload, Duration::from_secs(5)).await {
    ///     match reply {
    ///         Ok(_) => println!("{origin} has reloaded it"),
    ///         Err(error) if error.may_have_been_executed() => {
    ///             println!("{origin} may have reloaded it: {error}");
    ///         }
    ///         Err(error) => println!("{origin} has not: {error}"),
    ///     }
    /// }
    /// # }
    /// ```
    pub async fn each<A>(
        &self,
        action: A,
        limit: Duration,
    ) -> Vec<(Origin, Result<<A::Reply as Bounded>::Value, Error>)>
    where
        A: Callable<Reply: Bounded> + Clone,
    {
        let servers = self.servers();
        let mut results: Vec<Option<_>> = servers.iter().map(|_| None).collect();
        let mut waits = FuturesUnordered::new();
        for (index, server) in servers.iter().enumerate() {
            let state = server.client().state().borrow().clone();
            match not_up(state) {
                Some(error) => results[index] = Some(Err(error)),
                None => {
                    let reply = server.client().call(action.clone()).within(limit);
                    waits.push(async move { (index, reply.await) });
                }
            }
        }
        while let Some((index, result)) = waits.next().await {
            results[index] = Some(result);
        }
        let origins = servers.iter().map(|server| server.origin().clone());
        origins.zip(results).filter_map(|(origin, result)| Some((origin, result?))).collect()
    }
}

/// Returns the error of an action that is not sent because the client is in this state.
fn not_up(state: State) -> Option<Error> {
    let waited = Duration::ZERO;
    match state {
        State::Up => None,
        State::Down(error) => Some(Error::NotConnected { waited, reason: Arc::new(error) }),
        State::Booting => {
            Some(Error::NotConnected { waited, reason: Arc::new(Error::NotBooted(waited)) })
        }
        State::Closed(reason) => {
            Some(Error::Disconnected { reason, delivery: Delivery::NeverSent })
        }
        _ => Some(Error::Timeout { waited, delivery: Delivery::NeverSent }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_reply_whose_parts_come_for_ever_ends_and_was_sent() {
        let limit = Duration::from_millis(1);
        let for_ever = std::future::pending::<Result<(), Error>>();
        let error = in_parts(limit, for_ever).await.unwrap_err();
        assert!(error.is_timeout() && error.may_have_been_executed(), "{error:?}");
    }
}
