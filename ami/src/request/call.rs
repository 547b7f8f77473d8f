//! One action and its one answer.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use pin_project_lite::pin_project;

use super::Single;
use crate::connection::pending::Expect;
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
        single: Single,
    }
}

impl Call {
    pub(crate) fn new(handle: Arc<Handle>, action: Action) -> Self {
        let limit = handle.shared.timeout;
        Self { single: Single::new(handle, action, Expect::Response, limit) }
    }

    /// How long this call waits for its answer, instead of the client's time-out. It begins when
    /// the call is first polled, and counts the wait for a connection and for other calls.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.single.limit = timeout;
        self
    }
}

impl Future for Call {
    type Output = Result<Response, Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().single.poll(cx).map_ok(Response::new)
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Call").field(&self.single.sending.action).finish()
    }
}
