//! The end of a server: it is asked, then told by a signal, then killed.

use std::convert::Infallible;
use std::future::{pending, ready};
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tokio::time::{sleep, timeout};

use crate::instance::console;
use crate::instance::findings::{Finding, Stopping};
use crate::instance::life::Life;
use crate::instance::notify::{Notifications, STOPPING};
use crate::sandbox::Sandbox;

/// The longest wait for a server to stop now. It waits for its calls for up to 15 s.
const NOW: Duration = Duration::from_secs(20);

/// The longest wait for the end of a server after SIGTERM.
const TERMINATED: Duration = Duration::from_secs(5);

/// The longest wait for the names of the channels.
const LISTING: Duration = Duration::from_secs(1);

/// The time between two tries of a command that a server does not have yet.
const REPEAT_EVERY: Duration = Duration::from_millis(20);

/// The way to stop a server.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Stop {
    /// Stops when the last call has ended (`core stop gracefully`), and unloads the modules. New
    /// calls, AMI actions and most CLI commands are refused meanwhile, so calls have to end by
    /// themselves. If that takes longer than the duration, the server is stopped as by
    /// [`Now`](Self::Now).
    Gracefully(Duration),
    /// Stops at once (`core stop now`): calls are hung up, and records are written. With calls up
    /// that takes a second, because the server looks once a second whether they have ended. A
    /// server that does not end within 20 s gets SIGTERM, and is killed after 5 s more.
    Now,
    /// Kills the server (SIGKILL).
    Kill,
}

/// The result of a stop.
#[derive(Clone, Debug)]
pub struct Stopped {
    /// The way in which the server ended.
    pub stopping: Stopping,
    /// The exit status of the process.
    pub status: ExitStatus,
    /// The time from the call to the end of the process.
    pub took: Duration,
    /// Everything that went wrong in the server's life, or was left at its end.
    pub findings: Vec<Finding>,
    /// The lines of level ERROR in the log while the server booted, the first thousand of them.
    /// With all modules loaded there are many, because modules without their configuration log
    /// errors.
    pub boot_errors: Vec<String>,
    /// The number of lines of level ERROR while the server booted that are not in `boot_errors`.
    pub more_boot_errors: usize,
    /// The last lines of level ERROR and WARNING in the log since the boot, then the last notices,
    /// or the last lines of any level if there are none of these, and then the last lines that the
    /// server printed.
    pub last_words: Vec<String>,
}

impl Life {
    /// Stops the server, and finds out what it left in its sandbox.
    pub(super) async fn shut_down(&self, sandbox: &Sandbox, stop: Stop) -> Stopped {
        let begun = Instant::now();
        let mut left = Vec::new();
        let (stopping, status) = match self.process.status() {
            Some(status) => (Stopping::WasOver, status),
            None => self.end(sandbox, stop, &mut left).await,
        };
        sandbox.witness.set_in_use(false);
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
        let (mut ending, boot_errors) = sandbox.findings(status, &self.process, &self.before).await;
        for finding in &mut ending {
            if let Finding::Crash(crash) = finding {
                // The socket is the last thing that a server removes (`really_quit` in
                // `main/asterisk.c`).
                crash.at_exit = stopping == Stopping::Now && !sandbox.control_socket().exists();
            }
        }
        findings.extend(ending);
        Stopped {
            stopping,
            status,
            took,
            findings,
            boot_errors: boot_errors.lines,
            more_boot_errors: boot_errors.more,
            last_words: sandbox.last_words(&self.before),
        }
    }

    async fn end(
        &self,
        sandbox: &Sandbox,
        stop: Stop,
        left: &mut Vec<String>,
    ) -> (Stopping, ExitStatus) {
        let process = &self.process;
        if let Stop::Gracefully(patience) = stop {
            // No thread is woken before the calls have ended.
            let stopping = stopping(sandbox);
            let asking = self.ask(sandbox, "core stop gracefully");
            if let Some(status) = process.awaited(patience, asking, stopping).await {
                return (Stopping::Gracefully, status);
            }
        }
        if stop != Stop::Kill {
            let socket = sandbox.control_socket();
            *left = match timeout(LISTING, console::channels(&socket)).await {
                Ok(Ok(names)) => names,
                // The server may have no console any more, or never had one.
                _ => Vec::new(),
            };
            // Calls are left to the server. It would be faster to hang them up before, but records
            // are written behind their ends, in the second that the server waits for calls.
            let asking = self.ask(sandbox, "core stop now");
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

    /// Sends a command that ends the server, and repeats it while the server does not have it yet:
    /// these commands are the last ones that a server registers (`asterisk_daemon` in
    /// `main/asterisk.c`). A server whose console does not answer gets a signal in time.
    ///
    /// AMI's `Command` would do except for `core stop now`: the server keeps the output of a
    /// command in a file in `/tmp`, and would end before it removes the file.
    async fn ask(&self, sandbox: &Sandbox, command: &str) -> Infallible {
        self.asked.store(true, Ordering::Relaxed);
        loop {
            match console::end(&sandbox.control_socket(), command).await {
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
}

/// Waits until the server says that it is about to end; for ever if it does not say so. The socket
/// is bound when this function is called.
fn stopping(sandbox: &Sandbox) -> impl Future<Output = ()> {
    let notifications = Notifications::bind(sandbox.place.notify_socket());
    async move {
        let notified = match &notifications {
            Ok(notifications) => notifications.wait_for(STOPPING).await,
            Err(_) => Err(io::ErrorKind::Unsupported.into()),
        };
        if notified.is_err() {
            pending::<()>().await;
        }
    }
}
