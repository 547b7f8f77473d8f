//! The folders of runs.

pub(crate) mod descendants;
mod guard;
pub(crate) mod keep;
pub(crate) mod run;

pub use run::{FoundRun, RunState};
