//! The life of a server, from a boot to an end.

use std::future::pending;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::Signal;

use crate::folder::Run;
use crate::instance::Process;

/// The longest wait for the end of a server that was asked to end.
const PATIENCE: Duration = Duration::from_secs(20);

/// The signal that asks a server to end. After SIGTERM its exit code is 1.
const ASK: Signal = Signal::INT;

/// A server that has booted.
#[derive(Debug)]
pub(super) struct Life {
    pub(super) process: Process,
    /// The length of the log at the launch.
    pub(super) log_start: u64,
    /// The time from the launch to the end of the boot.
    pub(super) took: Duration,
    pub(super) run: Arc<Run>,
}

/// The way in which a server ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Stopping {
    /// The server had been ended before, by [`kill`](super::Instance::kill) or
    /// [`shut_down`](super::Instance::shut_down).
    WasOver,
    /// The server had ended by itself, or crashed.
    ByItself,
    /// The server ended when it was asked to (SIGINT).
    Asked,
    /// The server did not end when it was asked to, and was killed (SIGKILL).
    Killed,
}

impl Life {
    /// Ends the server, if it runs. Returns how it ended.
    pub(super) async fn end(&self) -> (Stopping, ExitStatus) {
        let process = &self.process;
        if let Some(status) = process.status() {
            let by_itself = self.note_end_by_itself();
            return (if by_itself { Stopping::ByItself } else { Stopping::WasOver }, status);
        }
        process.signal(ASK);
        // A stopped process does not see the signal before.
        process.resume();
        if let Some(status) = process.awaited(PATIENCE, pending(), pending()).await {
            return (Stopping::Asked, status);
        }
        process.signal(Signal::KILL);
        (Stopping::Killed, process.exited().await)
    }

    /// Returns `true` if the server ended and nobody had asked for that. Those who are told where
    /// the folder is are told so.
    fn note_end_by_itself(&self) -> bool {
        // A server that is asked to end has an exit code, which is no signal.
        let by_us = |status: &ExitStatus| {
            self.process.was_ended_by(status.signal().unwrap_or(ASK.as_raw()))
        };
        let status = self.process.status().filter(|status| !by_us(status));
        if let Some(status) = status {
            self.run.note_crash(format!("nats-server ended by itself ({status})"));
        }
        status.is_some()
    }
}

/// Ends the server.
impl Drop for Life {
    fn drop(&mut self) {
        self.process.kill();
        self.note_end_by_itself();
    }
}
