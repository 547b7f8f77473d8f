//! A test in the queue.

use crate::job::{Job, Settings};
use crate::plan::{How, Planned};

/// A test to run.
#[derive(Clone, Debug)]
pub(crate) struct Task {
    /// The number of servers and other processes that it runs at the same time.
    pub(crate) weight: usize,
    pub(crate) job: Job,
}

impl Task {
    pub(crate) fn new(settings: &Settings, planned: &Planned, how: &How) -> Self {
        let command = match how {
            How::Native => None,
            How::Script(command) => Some(command.clone()),
        };
        let job = Job { settings: settings.clone(), test: planned.name.clone(), command };
        Self { weight: planned.weight, job }
    }
}
