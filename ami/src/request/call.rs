//! One action and its one answer.

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
    /// An action about to be sent: await it for the response. See
    /// [`Client::call`](crate::Client::call).
    ///
    /// Dropping it takes the action back if it was not written yet; else the server acts on it, and
    /// its answer is ignored.
    ///
    /// # Panics
    ///
    /// If it is polled again after its end, as other futures do.
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

    /// Sets how long this call waits for its answer, instead of the client's time-out. The time
    /// begins when the call is first polled, and counts the wait for a connection and for other
    /// calls.
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
