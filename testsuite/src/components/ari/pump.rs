//! The way of events from the websocket to the components.

use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::turn::is_free;
use crate::ari::{Websocket, WebsocketError};
use crate::case::{Pending, TestCase};

/// A task that hands out events. It ends, and the websocket with it, as soon as the test is to end.
pub(super) struct Pump {
    ends: CancellationToken,
    task: AbortOnDropHandle<()>,
}

impl Pump {
    /// Begins to hand out events.
    pub(super) fn start(websocket: Websocket, test: &TestCase) -> Self {
        let ends = CancellationToken::new();
        let task = tokio::spawn(hand_out(websocket, test.clone(), ends.clone()));
        Self { ends, task: AbortOnDropHandle::new(task) }
    }

    /// Ends the task: its websocket is closed, and all components have done what they do for the
    /// last event, before the guard is dropped.
    pub(super) fn end(self, test: &TestCase, guard: Pending) {
        self.ends.cancel();
        let told = test.clone();
        test.spawn(async move {
            if let Err(error) = self.task.await
                && error.is_panic()
            {
                told.fail(format!("the events of ARI came to an end: {error}"));
            }
            drop(guard);
        });
    }
}

async fn hand_out(mut websocket: Websocket, test: TestCase, ends: CancellationToken) {
    loop {
        let next = tokio::select! {
            biased;
            () = test.is_ending() => return websocket.close().await,
            () = ends.cancelled() => return websocket.close().await,
            next = websocket.next() => next,
        };
        match next {
            Ok(event) => {
                // What was begun before is done first.
                is_free(&test).await;
                test.tell_of_ari(event).await;
            }
            Err(error @ WebsocketError::NoJson { .. }) => test.fail(told(error)),
            Err(error) => {
                return test.note(format!("no more events came in the middle: {}", told(error)));
            }
        }
    }
}

fn told(error: WebsocketError) -> String {
    format!("{:#}", anyhow::Error::from(error))
}
