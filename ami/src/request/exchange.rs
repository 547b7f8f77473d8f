//! An action whose reply may have any shape.

use std::fmt;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use super::Request;
use crate::connection::Replied;
use crate::connection::reply::{Incoming, Said};
use crate::connection::shape::ListShape;
use crate::error::Error;
use crate::state::Handle;
use crate::wire::{Action, Kind};

/// An action whose reply has any shape: await it for all that the server says. See
/// [`Client::exchange`](crate::Client::exchange).
///
/// Dropping it takes the action back if it was not written yet; else the reply is ignored.
#[must_use = "nothing is sent until it is awaited"]
pub struct Exchange {
    request: Pin<Box<Request<Incoming<Said>>>>,
    messages: Vec<Replied>,
    /// Whether there was a response with the id.
    responded: bool,
}

impl Exchange {
    pub(crate) fn new(handle: Arc<Handle>, action: Action) -> Self {
        let shape = ListShape::of(action.name());
        let request = Box::pin(Request::new(handle, action, shape));
        Self { request, messages: Vec::new(), responded: false }
    }

    /// Sets how long it waits for each message, instead of the client's time-out. A message without
    /// an ActionID may be somebody else's, and the wait goes on behind it.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        *self.request.as_mut().project().limit = timeout;
        self
    }

    fn note(&mut self, message: Replied) {
        if message.has_our_id() && message.kind() == Kind::Response && !self.responded {
            // The server has begun with the action only now: what came before is no part of the
            // reply.
            self.messages.retain(Replied::has_our_id);
            self.responded = true;
        }
        self.messages.push(message);
    }
}

impl Future for Exchange {
    type Output = Result<Vec<Replied>, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        while let Some(message) = ready!(self.request.as_mut().poll_part(cx)) {
            self.note(message?);
        }
        Poll::Ready(Ok(mem::take(&mut self.messages)))
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Exchange").field(self.request.action()).finish()
    }
}
