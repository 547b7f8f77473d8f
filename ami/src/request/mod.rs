//! Requests: an action under way, and the futures that callers wait for.
//!
//! Each request is the same small state machine, a [`Request`]: it waits for a place among those in
//! flight and for a connection, hands the action over, and takes the parts of the reply as they
//! come; what differs is the [`Inbox`]. It is no boxed `async` block, so that a call in flight costs
//! little more than its bytes. What it leaves in the tables is removed when it is dropped, whatever
//! state it is in. The room names all rooms before `client`.

mod call;
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
pub use self::command::{Command, CommandOutput};
pub use self::exchange::Exchange;
pub(crate) use self::inbox::{Inbox, Then};
pub use self::list::{Collected, List, ListError};
pub use self::originate::{Originate, Originated};
pub use self::originating::Originating;
use crate::connection::Ticket;
use crate::error::Error;
use crate::state::{Admission, Handle, Shared};
use crate::wire::Action;

type Admitted = Result<Admission, Error>;

/// An action on its way out: it waits for a place among those in flight and for a connection, if it
/// has to.
struct Sending<I: Inbox> {
    handle: Arc<Handle>,
    action: Action,
    want: I::Want,
    admission: Option<Pin<Box<dyn Future<Output = Admitted> + Send>>>,
}

impl<I: Inbox> Sending<I> {
    fn poll(&mut self, cx: &mut Context<'_>, until: Instant) -> Poll<Result<(Ticket, I), Error>> {
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
            let (waiter, inbox) = I::open(self.want);
            match connection.send(&self.action, until, Some(place), waiter) {
                Ok(ticket) => return Poll::Ready(Ok((ticket, inbox))),
                // The connection has just ended; there may be another one.
                Err(Error::Disconnected { .. }) => {
                    self.admission = Some(Box::pin(Shared::admit(Arc::clone(shared))));
                }
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

/// The moment that is so long from now, or one in the far future.
fn after(limit: Duration) -> Instant {
    const FAR: Duration = Duration::from_secs(60 * 60 * 24 * 365 * 30);
    let now = Instant::now();
    now.checked_add(limit).unwrap_or_else(|| now + FAR)
}

/// How far a request is.
enum Stage<I> {
    New,
    Sent(Ticket, I),
    Done,
}

pin_project! {
    /// An action under way, and what comes of it.
    pub(crate) struct Request<I: Inbox> {
        sending: Sending<I>,
        // How long it waits for the first part, and then for each next one.
        limit: Duration,
        // When the wait is over that goes on now.
        until: Option<Instant>,
        // Whether the connection does not know of that yet.
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

    /// The next part; `None` behind the last one. An error ends it only if there is nothing left to
    /// wait for.
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
            if let Poll::Ready((part, then)) = inbox.poll(cx) {
                match then {
                    Then::End => *this.stage = Stage::Done,
                    // The time-out is for the silence.
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

    /// The one part of a reply that is an answer.
    ///
    /// # Panics
    ///
    /// If it is polled again after its end.
    fn poll_answer(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<I::Part, Error>> {
        match ready!(self.poll_part(cx)) {
            Some(answer) => Poll::Ready(answer),
            None => panic!("a call is polled after its end"),
        }
    }
}
