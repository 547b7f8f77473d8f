//! Requests: actions in progress, and the futures that callers await.
//!
//! Every request is the same small state machine, a [`Request`]: it waits for a place among the
//! calls in flight and for a connection, hands the action over, and takes the parts of the reply as
//! they arrive. The kinds of requests differ in their [`Inbox`]. A request is not a boxed `async`
//! block, so a call in flight costs little more than its bytes. Dropping a request in any state
//! removes what it left in the tables. The room names all rooms before `client`.

mod call;
mod callable;
mod command;
mod exchange;
mod inbox;
mod list;
pub(crate) mod mask;
mod originate;
mod originating;

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pin_project_lite::pin_project;
use tokio::task::coop::poll_proceed;
use tokio::time::{Instant, Sleep, sleep_until};

pub use self::call::Call;
pub use self::callable::{Callable, Caller, ReplyKind};
pub use self::command::Command;
pub use self::exchange::Exchange;
pub(crate) use self::inbox::{Inbox, Then};
pub use self::list::{Collected, Collecting, List, ListError};
pub use self::originate::{Originate, Originated};
pub use self::originating::Originating;
use crate::connection::Ticket;
use crate::error::Error;
use crate::state::{Admission, Handle, Shared};
use crate::wire::Action;

type Admitted = Result<Admission, Error>;

/// An action that is not sent yet. It waits for a place among the calls in flight and for a
/// connection if it has to.
struct Sending<I: Inbox> {
    handle: Arc<Handle>,
    action: Action,
    want: I::Want,
    admission: Option<Pin<Box<dyn Future<Output = Admitted> + Send + Sync>>>,
}

impl<I: Inbox> Sending<I> {
    fn poll(&mut self, cx: &mut Context<'_>, until: Instant) -> Poll<Result<(Ticket, I), Error>> {
        self.action.check()?;
        // A call that does not have to wait must still yield to other tasks now and then: its
        // caller may repeat it in a loop until it succeeds.
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
            let (waiter, inbox) = I::open(self.want.clone());
            match connection.send(&self.action, until, Some(place), waiter) {
                Ok(ticket) => return Poll::Ready(Ok((ticket, inbox))),
                // The connection has just ended, and there may be another one.
                Err(Error::Disconnected { .. }) => {
                    self.admission = Some(Box::pin(Shared::admit(Arc::clone(shared))));
                }
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

/// Returns the instant that is `limit` from now, or one in the far future if that cannot be
/// represented.
fn after(limit: Duration) -> Instant {
    const FAR: Duration = Duration::from_secs(60 * 60 * 24 * 365 * 30);
    let now = Instant::now();
    now.checked_add(limit).unwrap_or_else(|| now + FAR)
}

/// The progress of a request.
enum Stage<I> {
    New,
    Sent(Ticket, I),
    Done,
}

pin_project! {
    /// An action in progress and its reply.
    pub(crate) struct Request<I: Inbox> {
        sending: Sending<I>,
        // The time-out for the first part, and then for each next one.
        limit: Duration,
        // The end of the current wait.
        until: Option<Instant>,
        // `true` if the connection does not know the new end of the wait yet.
        renewed: bool,
        stage: Stage<I>,
        #[pin]
        sleep: Option<Sleep>,
    }
}

impl<I: Inbox> Request<I> {
    pub(crate) fn new(handle: Arc<Handle>, action: Action, want: I::Want) -> Self {
        let limit = handle.shared.timeout;
        let sending = Sending { handle, action, want, admission: None };
        Self { sending, limit, until: None, renewed: false, stage: Stage::New, sleep: None }
    }

    pub(crate) fn action(&self) -> &Action {
        &self.sending.action
    }

    /// Ends the request, and removes what it left in the tables.
    pub(crate) fn end(self: Pin<&mut Self>) {
        *self.project().stage = Stage::Done;
    }

    /// Returns the next part, or `None` after the last one. After an error other parts may follow,
    /// unless the request has ended.
    pub(crate) fn poll_part(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<I::Part, Error>>> {
        let mut this = self.project();
        if matches!(this.stage, Stage::Done) {
            return Poll::Ready(None);
        }
        let until = *this.until.get_or_insert_with(|| after(*this.limit));
        if matches!(this.stage, Stage::New) {
            match this.sending.poll(cx, until) {
                Poll::Ready(Ok((ticket, inbox))) => *this.stage = Stage::Sent(ticket, inbox),
                Poll::Ready(Err(error)) => {
                    *this.stage = Stage::Done;
                    return Poll::Ready(Some(Err(error)));
                }
                Poll::Pending => {}
            }
        }
        if let Stage::Sent(ticket, inbox) = this.stage {
            if let Poll::Ready((mut part, then)) = inbox.poll(cx) {
                if let Some(Err(error @ Error::Rejected(_))) = part {
                    part = Some(Err(ticket.explain(&this.sending.action, error)));
                }
                match then {
                    Then::End => *this.stage = Stage::Done,
                    // The time-out limits each wait for a part, not the whole reply.
                    Then::WaitAnew => {
                        (*this.until, *this.renewed) = (None, true);
                        this.sleep.set(None);
                    }
                    Then::Wait => {}
                }
                return Poll::Ready(part);
            }
            if std::mem::take(this.renewed) {
                ticket.extend(until);
            }
        }
        if this.sleep.is_none() {
            this.sleep.set(Some(sleep_until(until)));
        }
        if let Some(sleep) = this.sleep.as_mut().as_pin_mut() {
            ready!(sleep.poll(cx));
        }
        let waited = *this.limit;
        let error = match std::mem::replace(this.stage, Stage::Done) {
            Stage::Sent(ticket, _) => Error::Timeout { waited, delivery: ticket.withdraw() },
            _ => this.sending.handle.shared.no_turn(waited),
        };
        Poll::Ready(Some(Err(error)))
    }

    /// Returns the answer, for replies that are one part.
    ///
    /// # Panics
    ///
    /// Panics if it is polled again after completion.
    fn poll_answer(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<I::Part, Error>> {
        match ready!(self.poll_part(cx)) {
            Some(answer) => Poll::Ready(answer),
            None => panic!("a call is polled after its end"),
        }
    }
}
