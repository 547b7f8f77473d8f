//! The end of a server: asked, told, killed; and what it left.

use std::convert::Infallible;
use std::future::{pending, ready};
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tokio::time::{sleep, timeout};

use crate::instance::Instance;
use crate::instance::boot::notified;
use crate::instance::console;
use crate::instance::findings::{Finding, Stopping};

/// How long a server may take to stop now: it waits for its calls up to 15 s.
const NOW: Duration = Duration::from_secs(20);

/// How long it may take when told by SIGTERM.
const TERMINATED: Duration = Duration::from_secs(5);

/// How long it may take to tell its channels.
const TELLING: Duration = Duration::from_secs(1);

/// The time between two tries of a command that a server does not have yet.
const REPEAT_EVERY: Duration = Duration::from_millis(20);

/// How to stop a server.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Stop {
    /// When the last call has ended; new ones are refused (`core stop gracefully`), and so are AMI
    /// actions and most CLI commands: calls have to end of themselves. Modules are unloaded. If it
    /// takes longer than that, [`Now`](Self::Now).
    Gracefully(Duration),
    /// At once (`core stop now`): calls that are up are hung up, records are written. A server that
    /// does not end within 20 s is told by SIGTERM, and killed after 5 s more.
    Now,
    /// By SIGKILL.
    Kill,
}

/// How a server was stopped.
#[derive(Clone, Debug)]
pub struct Stopped {
    /// What it took.
    pub stopping: Stopping,
    /// How the process ended.
    pub status: ExitStatus,
    /// How long it took.
    pub took: Duration,
    /// What went wrong in its life, or was left at its end.
    pub findings: Vec<Finding>,
    /// The lines of level ERROR in the log while it booted. With all modules loaded there are
    /// many: those that miss their configuration say so. The first thousand are kept.
    pub boot_errors: Vec<String>,
    /// The number of lines of level ERROR while it booted that were not kept.
    pub more_boot_errors: usize,
    /// The last lines of what the server printed and logged.
    pub last_words: Vec<String>,
}

impl Instance {
    /// Stops the server, and leaves the sandbox: its records and logs can be read, and it can be
    /// [started again](Self::restart). The server's children go with it.
    ///
    /// It says what it took and how long, and what it found; whether that is a failure is the
    /// caller's to say.
    pub async fn shut_down(&self, stop: Stop) -> Stopped {
        let begun = Instant::now();
        let process = &self.booted.process;
        let mut left = Vec::new();
        let (stopping, status) = match process.status() {
            Some(status) => (Stopping::WasOver, status),
            None => self.end(stop, &mut left).await,
        };
        self.sandbox.witness.set_in_use(false);
        let took = begun.elapsed();
        tracing::info!(?stopping, %status, ?took, "stopped");
        let mut findings = Vec::new();
        let expected = match stop {
            Stop::Gracefully(_) => Stopping::Gracefully,
            Stop::Now => Stopping::Now,
            Stop::Kill => Stopping::Killed,
        };
        if stopping != expected && stopping != Stopping::WasOver {
            findings.push(Finding::Stubborn(stopping));
        }
        let asked = self.asked.load(Ordering::Relaxed);
        let by_itself = stopping == Stopping::WasOver && !asked && status.code() != Some(0);
        findings.extend((by_itself && status.signal().is_none()).then_some(Finding::Ended(status)));
        findings.extend((!left.is_empty()).then_some(Finding::Channels(left)));
        let before = &self.booted.before;
        let (ending, boot_errors) = self.sandbox.findings(status, process, before).await;
        findings.extend(ending);
        Stopped {
            stopping,
            status,
            took,
            findings,
            boot_errors: boot_errors.lines,
            more_boot_errors: boot_errors.more,
            last_words: self.sandbox.last_words(),
        }
    }

    async fn end(&self, stop: Stop, left: &mut Vec<String>) -> (Stopping, ExitStatus) {
        let process = &self.booted.process;
        if let Stop::Gracefully(patience) = stop {
            // No thread is woken before the calls have ended.
            let stopping = self.stopping();
            let asking = self.say("core stop gracefully");
            if let Some(status) = process.awaited(patience, asking, stopping).await {
                return (Stopping::Gracefully, status);
            }
        }
        if stop != Stop::Kill {
            *left = match timeout(TELLING, self.channels()).await {
                Ok(Ok(names)) => names,
                // It may have no console any more, or never had.
                _ => Vec::new(),
            };
            let asking = self.say("core stop now");
            if let Some(status) = process.awaited(NOW, asking, ready(())).await {
                return (Stopping::Now, status);
            }
            process.signal(Signal::TERM);
            if let Some(status) = process.awaited(TERMINATED, pending(), ready(())).await {
                return (Stopping::Terminated, status);
            }
        }
        process.signal(Signal::KILL);
        (Stopping::Killed, process.exited().await)
    }

    /// Says a command that is to end the server, again and again while the server does not have it
    /// yet: its commands for that are the last ones that it registers (`asterisk_daemon` in
    /// `main/asterisk.c`). A server whose console does not answer is told by signal, in time.
    ///
    /// AMI's `Command` would do, but for `core stop now`: the server keeps what a command prints in
    /// a file in `/tmp`, and would end before it removes that.
    async fn say(&self, command: &str) -> Infallible {
        self.asked.store(true, Ordering::Relaxed);
        loop {
            match console::tell(&self.sandbox.control_socket(), command).await {
                Ok(false) => sleep(REPEAT_EVERY).await,
                Ok(true) => break,
                Err(error) => {
                    tracing::debug!(command, %error, "the control socket does not answer");
                    break;
                }
            }
        }
        pending().await
    }

    /// Waits until the server says to its service manager that it is stopping; for ever if it does
    /// not. It is listened to from the call on.
    fn stopping(&self) -> impl Future<Output = ()> {
        let socket = self.sandbox.service_manager();
        async move {
            let told = match &socket {
                Ok(socket) => notified(socket, b"STOPPING=1").await,
                Err(_) => Err(std::io::ErrorKind::Unsupported.into()),
            };
            if told.is_err() {
                pending::<()>().await;
            }
        }
    }
}
