//! A run of SIPp: a process in a group of its own.

use crate::job::Reason;

/// A SIPp that runs, in a process group of its own. Dropping it kills the group.
pub(in crate::components) struct Run {
    called: String,
}

impl Run {
    pub(super) fn new(called: String) -> Self {
        Self { called }
    }

    /// Waits until its port is bound, or it has ended. Cancel safe.
    pub(in crate::components) async fn is_ready(&mut self) {}

    /// Waits until it has ended. Cancel safe.
    ///
    /// # Errors
    ///
    /// Returns the reason if it failed: its exit status, what it said of it, its last messages.
    pub(in crate::components) async fn end(&mut self) -> Result<(), Reason> {
        Ok(())
    }

    /// Kills it, at the end of the test: it is not judged.
    pub(in crate::components) async fn kill(&mut self) {}

    /// Returns what it waits for, with its last messages.
    pub(in crate::components) fn still(&self) -> Reason {
        Reason::new(format!("{} still waits", self.called))
    }
}
