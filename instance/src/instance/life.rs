//! The lives of a server: each from a boot to an end.

use std::os::unix::process::ExitStatusExt;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use ami::Client;

use crate::folder::Run;
use crate::instance::errors::Before;
use crate::instance::journal::Journal;
use crate::instance::process::Process;

/// A server that has booted.
#[derive(Debug)]
pub(super) struct Life {
    // In the order in which they are dropped.
    /// `None` if the server was booted without AMI.
    pub(super) client: Option<Client>,
    /// `None` without a client, and if no events are to be kept.
    pub(super) journal: Option<Journal>,
    pub(super) process: Process,
    pub(super) before: Before,
    /// The time from the launch to the end of the boot.
    pub(super) took: Duration,
    /// `true` if the server was asked to stop.
    pub(super) asked: AtomicBool,
    /// The run, and the number of the instance in it.
    pub(super) place: (Arc<Run>, u32),
}

/// Ends the server, and notes a crash for those who are told where the folder is.
impl Drop for Life {
    fn drop(&mut self) {
        self.process.kill();
        let signal = self.process.status().and_then(|status| status.signal());
        if let Some(signal) = signal.filter(|&signal| !self.process.was_ended_by(signal)) {
            let (run, number) = &self.place;
            run.note_crash(format!("the server of instance {number} crashed (signal {signal})"));
        }
    }
}

/// The lives of a server in its sandbox. All but the last one are over; they stay, so that
/// references to their clients stay valid.
#[derive(Debug)]
pub(super) struct Lives {
    life: Life,
    next: OnceLock<Box<Self>>,
}

impl Lives {
    pub(super) fn new(life: Life) -> Self {
        Self { life, next: OnceLock::new() }
    }

    /// Returns the last life.
    pub(super) fn current(&self) -> &Life {
        &self.last().life
    }

    /// Adds the last life.
    pub(super) fn push(&self, life: Life) {
        let mut new = Box::new(Self::new(life));
        while let Err(refused) = self.last().next.set(new) {
            new = refused;
        }
    }

    fn last(&self) -> &Self {
        let mut last = self;
        while let Some(next) = last.next.get() {
            last = next;
        }
        last
    }
}
