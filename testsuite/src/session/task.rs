//! A test in the queue.

use crate::job::{Job, Settings, Weight};
use crate::plan::{How, Planned};

/// A test to run.
#[derive(Clone, Debug)]
pub(crate) struct Task {
    pub(crate) weight: Weight,
    pub(crate) job: Job,
}

impl Task {
    pub(crate) fn new(settings: &Settings, planned: &Planned, how: &How) -> Self {
        let command = how.command().map(<[String]>::to_vec);
        let job = Job { settings: settings.clone(), test: planned.name.clone(), command };
        Self { weight: planned.weight, job }
    }
}
