//! A request whose reply has any shape.

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

/// A future that sends an action and returns all messages of the reply. See
/// [`Client::exchange`](crate::Client::exchange).
///
/// Dropping the future takes the action back if it is not yet written. Otherwise the server
/// executes it, and the reply is ignored.
///
/// ```no_run
/// # async fn example(client: ami::Client) -> Result<(), ami::Error> {
/// use ami::Action;
///
/// for message in client.exchange(Action::new("IAXnetstats")).await? {
///     println!("{:?}", message.raw());
/// }
/// # Ok(())
/// # }
/// ```
///
/// # Panics
///
/// Panics if it is polled again after completion.
#[must_use = "nothing is sent until it is awaited"]
pub struct Exchange {
    request: Pin<Box<Request<Incoming<Said>>>>,
    messages: Vec<Replied>,
    /// `true` once a response with the ActionID has arrived.
    responded: bool,
    ended: bool,
}

impl Exchange {
    pub(crate) fn new(handle: Arc<Handle>, action: Action) -> Self {
        let shape = ListShape::of(action.name());
        let request = Box::pin(Request::new(handle, action, shape));
        Self { request, messages: Vec::new(), responded: false, ended: false }
    }

    /// Sets the time-out of each wait for a message, in place of the client's. A message without
    /// our ActionID may belong to another session, so it does not restart the time-out.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        *self.request.as_mut().project().limit = timeout;
        self
    }

    fn note(&mut self, message: Replied) {
        if message.has_our_id() && message.kind() == Kind::Response && !self.responded {
            // The server begins with the action only now, so earlier messages are not part of the
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
        assert!(!self.ended, "an exchange is polled after its end");
        let outcome = loop {
            match ready!(self.request.as_mut().poll_part(cx)) {
                Some(Ok(message)) => self.note(message),
                Some(Err(error)) => break Err(error),
                None => break Ok(mem::take(&mut self.messages)),
            }
        };
        // After an error more may follow, for which nobody waits.
        self.request.as_mut().end();
        self.ended = true;
        Poll::Ready(outcome)
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Exchange").field(self.request.action()).finish()
    }
}
