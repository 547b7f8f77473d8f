//! The time-out of a test.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use crate::job::usage::after;

/// The clock of a test: it starts when the servers are up, and can be started anew.
#[derive(Debug)]
pub(super) struct Clock {
    state: Mutex<State>,
    /// The deadline has moved.
    moved: Notify,
}

#[derive(Debug)]
struct State {
    timeout: Option<Duration>,
    deadline: Option<Instant>,
}

impl Clock {
    pub(super) fn new(timeout: Option<Duration>) -> Self {
        Self { state: Mutex::new(State { timeout, deadline: None }), moved: Notify::new() }
    }

    pub(super) fn timeout(&self) -> Option<Duration> {
        self.state().timeout
    }

    pub(super) fn set_timeout(&self, timeout: Option<Duration>) {
        self.state().timeout = timeout;
        self.restart();
    }

    /// Starts the clock.
    pub(super) fn start(&self) {
        let mut state = self.state();
        state.deadline = Some(after(Instant::now(), state.timeout.unwrap_or(Duration::MAX)));
        drop(state);
        self.moved.notify_one();
    }

    /// Starts the clock anew, if it was started.
    pub(super) fn restart(&self) {
        let is_started = self.state().deadline.is_some();
        if is_started {
            self.start();
        }
    }

    /// Waits until time is up.
    pub(super) async fn is_up(&self) {
        loop {
            let deadline = self.state().deadline;
            let late = async {
                match deadline {
                    Some(deadline) => sleep_until(deadline).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = late => return,
                () = self.moved.notified() => {}
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
