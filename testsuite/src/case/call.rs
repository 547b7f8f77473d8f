//! A call that is placed beside the test.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use ami::{Event, Originate, Originated};
use tokio::sync::oneshot;

use super::TestCase;
use crate::job::Phase;

/// The failure of a call that was placed beside the test.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// The test has no server yet.
    #[error("the call cannot be placed: no server of the test is up")]
    NoServer,
    /// The call was not answered, the server refused it, or the connection ended.
    #[error("the call failed")]
    Failed(#[source] Box<ami::Error>),
    /// The test ended before the call was answered or had failed.
    #[error("the test ended before the call was answered")]
    Ended,
}

/// The number of the server that places calls.
const FIRST: u32 = 1;

type Outcome = Result<Originated, CallError>;

/// A call that [`TestCase::originate`] has placed. Awaiting it gives its outcome.
///
/// Cancel safe: a call that was awaited in vain can be awaited again. Dropping it does not hang up;
/// a failure that nobody has asked for is a note of the test.
#[derive(Debug)]
pub struct Call {
    test: TestCase,
    outcome: oneshot::Receiver<Outcome>,
}

impl Call {
    /// Places a call.
    pub(super) fn place(test: &TestCase, originate: Originate) -> Self {
        let (sender, outcome) = oneshot::channel();
        let caller = test.clone();
        let first = test.asts().into_iter().next();
        test.spawn(async move {
            let placed = match first {
                None => Err(CallError::NoServer),
                Some(ast) => ast
                    .ami()
                    .originate(originate)
                    .await
                    .map_err(|error| CallError::Failed(Box::new(error))),
            };
            // What goes on at the end of the test is hung up, and its failure says no more.
            if caller.is_in(Phase::Stop) {
                return;
            }
            if let Err(Err(error)) = sender.send(placed) {
                caller.note(told(error));
            }
        });
        Self { test: test.clone(), outcome }
    }
}

impl Future for Call {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Outcome> {
        let outcome = ready!(Pin::new(&mut self.outcome).poll(context));
        Poll::Ready(outcome.unwrap_or(Err(CallError::Ended)))
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        // From here on it is the call itself that tells of its failure.
        self.outcome.close();
        if let Ok(Err(error)) = self.outcome.try_recv() {
            self.test.note(told(error));
        }
    }
}

/// The note of a call that failed.
fn told(error: CallError) -> String {
    match &error {
        CallError::Failed(failed) => match &**failed {
            ami::Error::Originate { reason, event } => not_answered(FIRST, reason, event),
            _ => format!("{:#}", anyhow::Error::from(error)),
        },
        _ => error.to_string(),
    }
}

/// The note of a call that was not answered.
pub(super) fn not_answered(server: u32, reason: &ami::Reason, event: &Event) -> String {
    let channel = event.text("Channel").unwrap_or_default();
    format!("Asterisk {server}: {channel} was not answered: {reason}")
}
