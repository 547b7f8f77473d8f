//! The verdict of a test, as far as it has been said.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::job::{Few, Reason};

/// The verdict of a test, as far as it has been said.
#[derive(Debug, Default)]
pub(super) struct Verdict(Mutex<Said>);

#[derive(Debug, Default)]
pub(super) struct Said {
    /// The last word; a failure is not taken back.
    pub(super) passed: Option<bool>,
    pub(super) reasons: Few<Reason>,
    pub(super) notes: Few<String>,
    pub(super) tokens: Vec<(u64, String)>,
    next_token: u64,
    /// Something went wrong that no test can have expected.
    pub(super) faulty: bool,
    pub(super) cores: Vec<PathBuf>,
}

impl Verdict {
    pub(super) fn said(&self) -> MutexGuard<'_, Said> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set_passed(&self, passed: bool) {
        let mut said = self.said();
        said.passed = Some(passed && said.passed != Some(false));
    }

    pub(super) fn fail(&self, reason: Reason) {
        tracing::error!(reason = reason.what, "failed");
        self.set_passed(false);
        self.said().reasons.push(reason);
    }

    pub(super) fn note(&self, note: String) {
        tracing::info!("{note}");
        self.said().notes.push(note);
    }

    pub(super) fn add_token(&self, what: String) -> u64 {
        let mut said = self.said();
        said.next_token += 1;
        let id = said.next_token;
        said.tokens.push((id, what));
        id
    }

    pub(super) fn remove_token(&self, token: u64) {
        self.said().tokens.retain(|(id, _)| *id != token);
    }
}
