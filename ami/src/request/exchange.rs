//! An action whose reply may have any shape.

use std::fmt;
use std::future::{IntoFuture, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use super::Many;
use crate::connection::Replied;
use crate::connection::pending::Expect;
use crate::connection::reply::Reply;
use crate::connection::shape::ListShape;
use crate::error::Error;
use crate::state::Handle;
use crate::wire::{Action, Kind};

/// An action whose reply has any shape: await it for all that the server says. See
/// [`Client::exchange`](crate::Client::exchange).
#[must_use = "nothing is sent until it is awaited"]
pub struct Exchange {
    many: Many,
}

impl Exchange {
    pub(crate) fn new(handle: Arc<Handle>, action: Action) -> Self {
        let shape = ListShape::of(action.name());
        Self { many: Many::new(handle, action, Expect::Everything { shape }) }
    }

    /// How long it waits for each message, instead of the client's time-out. One without an
    /// ActionID may be somebody else's and does not begin the wait anew.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.many.limit = timeout;
        self
    }
}

impl IntoFuture for Exchange {
    type Output = Result<Vec<Replied>, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let mut many = self.many;
            let mut messages = Vec::<Replied>::new();
            let mut responded = false;
            while let Some(reply) = poll_fn(|cx| many.poll_next(cx)).await {
                let Reply::Message(message) = reply? else { continue };
                if message.has_our_id() && message.kind() == Kind::Response && !responded {
                    // The server has begun with the action only now: what came before is no part of
                    // the reply.
                    messages.retain(Replied::has_our_id);
                    responded = true;
                }
                messages.push(message);
            }
            Ok(messages)
        })
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Exchange").field(&self.many.sending.action).finish()
    }
}
