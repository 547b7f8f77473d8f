//! Actions under way: the futures that callers wait for.
//!
//! Each is a small state machine rather than a boxed `async` block, so that a call in flight costs
//! little more than its bytes. What a call leaves in the tables is removed when its future is
//! dropped, whatever state it is in.

mod call;
mod command;
mod exchange;
mod list;
pub(crate) mod mask;
mod originate;

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pin_project_lite::pin_project;
use tokio::sync::oneshot;
use tokio::task::coop::poll_proceed;
use tokio::time::{Instant, Sleep, sleep_until};

pub use self::call::Call;
pub use self::command::CommandOutput;
pub use self::exchange::Exchange;
pub use self::list::{Collected, List, ListError};
pub use self::originate::{Originate, Originated};
use crate::connection::pending::{Expect, Sink};
use crate::connection::reply::{Incoming, Reply, replies};
use crate::connection::{Connection, shape};
use crate::error::{Delivery, Error};
use crate::state::{Admission, Handle, Shared};
use crate::wire::{Action, Message};

type Admitted = Result<Admission, Error>;

/// An action on its way out: it waits for a place among those in flight and for a connection, if it
/// has to.
struct Sending {
    handle: Arc<Handle>,
    action: Action,
    expect: Expect,
    fence: bool,
    admission: Option<Pin<Box<dyn Future<Output = Admitted> + Send>>>,
}

impl Sending {
    fn new(handle: Arc<Handle>, action: Action, expect: Expect, fence: bool) -> Self {
        Self { handle, action, expect, fence, admission: None }
    }

    fn poll(
        &mut self,
        cx: &mut Context<'_>,
        until: Instant,
        mut sink: impl FnMut() -> Sink,
    ) -> Poll<Result<Sent, Error>> {
        self.action.check()?;
        // Also a call that cannot wait has to let others run now and then: somebody may repeat it
        // until it succeeds.
        ready!(poll_proceed(cx)).made_progress();
        loop {
            let shared = &self.handle.shared;
            let admitted = match &mut self.admission {
                Some(admission) => Some(ready!(admission.as_mut().poll(cx))),
                None => shared.admit_now(),
            };
            let Some(admitted) = admitted else {
                self.admission = Some(Box::pin(Shared::admit(Arc::clone(shared))));
                continue;
            };
            let (place, connection) = admitted?;
            let (expect, until) = (self.expect, until.into_std());
            let register = |id| connection.pending.register(id, expect, until, sink(), Some(place));
            match connection.outbox.push(&self.action, self.fence, register) {
                Ok(id) => return Poll::Ready(Ok(Sent { connection, id })),
                // The connection has just ended; there may be another one.
                Err(Error::Disconnected { .. }) => {
                    self.admission = Some(Box::pin(Shared::admit(Arc::clone(shared))));
                }
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

impl Sending {
    /// Makes the error of a call that has waited so long.
    fn timed_out(&self, sent: Option<&Sent>, waited: Duration) -> Error {
        match sent {
            Some(sent) => Error::Timeout { waited, delivery: sent.withdraw() },
            None => self.handle.shared.no_turn(waited),
        }
    }
}

/// An action that was handed to the writer. Dropping it removes what it has left behind.
struct Sent {
    connection: Arc<Connection>,
    id: u64,
}

impl Sent {
    fn withdraw(&self) -> Delivery {
        self.connection.withdraw(self.id)
    }

    /// Notes until when the caller waits now, so that nobody takes the server's silence for its end
    /// before.
    fn extend(&self, until: Instant) {
        self.connection.pending.extend(self.id, until.into_std());
    }
}

impl Drop for Sent {
    fn drop(&mut self) {
        if self.connection.pending.forget(self.id) {
            self.withdraw();
        }
    }
}

/// The moment that is so long from now, or one in the far future.
fn after(limit: Duration) -> Instant {
    const FAR: Duration = Duration::from_secs(60 * 60 * 24 * 365 * 30);
    let now = Instant::now();
    now.checked_add(limit).unwrap_or_else(|| now + FAR)
}

pin_project! {
    /// An action that is answered with one message.
    pub(crate) struct Single {
        sending: Sending,
        limit: Duration,
        until: Option<Instant>,
        sent: Option<(Sent, oneshot::Receiver<Result<Message, Error>>)>,
        done: bool,
        #[pin]
        sleep: Option<Sleep>,
    }
}

impl Single {
    pub(crate) fn new(
        handle: Arc<Handle>,
        action: Action,
        expect: Expect,
        limit: Duration,
    ) -> Self {
        let fence = shape::may_stay_silent(action.name());
        let sending = Sending::new(handle, action, expect, fence);
        Self { sending, limit, until: None, sent: None, done: false, sleep: None }
    }
}

impl Future for Single {
    type Output = Result<Message, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // It would be sent again.
        assert!(!self.done, "a call is polled after its end");
        let result = ready!(self.as_mut().run(cx));
        *self.project().done = true;
        Poll::Ready(result)
    }
}

impl Single {
    fn run(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<Message, Error>> {
        let mut this = self.project();
        let until = *this.until.get_or_insert_with(|| after(*this.limit));
        if this.sent.is_none() {
            let mut receiver = None;
            let sink = || {
                let (sender, new) = oneshot::channel();
                receiver = Some(new);
                Sink::One(sender)
            };
            if let Poll::Ready(sent) = this.sending.poll(cx, until, sink) {
                *this.sent = Some(sent?).zip(receiver);
            }
        }
        if let Some((_, receiver)) = this.sent
            && let Poll::Ready(result) = Pin::new(receiver).poll(cx)
        {
            *this.sent = None;
            // Every end of a session ends every call, so the sender is not dropped without a word.
            return Poll::Ready(result.unwrap_or(Err(Error::NoResponse)));
        }
        if this.sleep.is_none() {
            this.sleep.set(Some(sleep_until(until)));
        }
        if let Some(sleep) = this.sleep.as_mut().as_pin_mut() {
            ready!(sleep.poll(cx));
        }
        let sent = this.sent.take().map(|(sent, _)| sent);
        Poll::Ready(Err(this.sending.timed_out(sent.as_ref(), *this.limit)))
    }
}

/// An action that is answered with more than one message.
struct Many {
    sending: Sending,
    limit: Duration,
    until: Option<Instant>,
    sent: Option<(Sent, Incoming)>,
    done: bool,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Many {
    fn new(handle: Arc<Handle>, action: Action, expect: Expect) -> Self {
        let limit = handle.shared.timeout;
        // The fence shows the end where the server forgets to.
        let sending = Sending::new(handle, action, expect, true);
        Self { sending, limit, until: None, sent: None, done: false, sleep: None }
    }

    /// The next part, or nothing at the end. Errors do not end it, except for those that leave
    /// nothing to wait for.
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Reply, Error>>> {
        if self.done {
            return Poll::Ready(None);
        }
        let until = *self.until.get_or_insert_with(|| after(self.limit));
        if self.sent.is_none() {
            let mut receiver = None;
            let sink = || {
                let (sender, new) = replies();
                receiver = Some(new);
                Sink::Many(sender)
            };
            match self.sending.poll(cx, until, sink) {
                Poll::Ready(Ok(sent)) => self.sent = Some(sent).zip(receiver),
                Poll::Ready(Err(error)) => {
                    self.done = true;
                    return Poll::Ready(Some(Err(error)));
                }
                Poll::Pending => {}
            }
        }
        if let Some((_, incoming)) = &mut self.sent
            && let Poll::Ready(reply) = incoming.poll(cx)
        {
            if matches!(reply, None | Some(Ok(Reply::End(_)))) {
                self.done = true;
                self.sent = None;
            }
            // The time-out is for the silence. What may be somebody else's does not break it.
            let strange = |part: &Reply| matches!(part, Reply::Message(it) if !it.has_our_id());
            if !reply.as_ref().is_some_and(|part| part.as_ref().is_ok_and(strange)) {
                self.until = None;
                self.sleep = None;
            }
            return Poll::Ready(reply);
        }
        if self.sleep.is_none()
            && let Some((sent, _)) = &self.sent
        {
            sent.extend(until);
        }
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(until)));
        ready!(sleep.as_mut().poll(cx));
        self.done = true;
        let sent = self.sent.take().map(|(sent, _)| sent);
        Poll::Ready(Some(Err(self.sending.timed_out(sent.as_ref(), self.limit))))
    }
}
