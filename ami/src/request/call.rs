//! A request with one answer.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use pin_project_lite::pin_project;

use super::Request;
use super::inbox::Answer;
use crate::error::Error;
use crate::state::Handle;
use crate::wire::{Action, Response};

pin_project! {
    /// A future that sends an action and returns its response. See
    /// [`Client::call`](crate::Client::call).
    ///
    /// Dropping the future takes the action back if it is not yet written. Otherwise the server
    /// executes it, and its answer is ignored. To stop waiting in a `select!` without dropping the
    /// call, pin it with [`std::pin::pin!`] and poll it by reference.
    ///
    /// ```no_run
    /// # async fn example(client: ami::Client) -> Result<(), ami::Error> {
    /// use std::time::Duration;
    /// use ami::Action;
    ///
    /// let call = client.call(Action::new("CoreSettings")).timeout(Duration::from_secs(2));
    /// println!("{}", call.await?.text("AsteriskVersion").unwrap_or_default());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// Panics if it is polled again after completion.
    #[must_use = "nothing is sent until it is awaited"]
    pub struct Call {
        #[pin]
        request: Request<Answer<Response>>,
    }
}

impl Call {
    pub(crate) fn new(handle: Arc<Handle>, action: Action) -> Self {
        Self { request: Request::new(handle, action, ()) }
    }

    /// Sets the time-out of this call, in place of the client's. It counts from the first poll and
    /// includes the wait for a connection and for other calls.
    ///
    /// A call that times out returns [`Error::Timeout`], or [`Error::NotConnected`] if the client
    /// had no connection.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.request.limit = timeout;
        self
    }
}

impl Future for Call {
    type Output = Result<Response, Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().request.poll_answer(cx)
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Call").field(self.request.action()).finish()
    }
}
