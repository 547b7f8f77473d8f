//! Signals that end a run, or let it come to its end.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// The wishes of people and systems for a run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Signals {
    /// End now.
    pub(crate) end: CancellationToken,
    /// Begin no more tests.
    pub(crate) drain: CancellationToken,
}

impl Signals {
    /// Listens to signals: Ctrl-C, SIGTERM and the end of the terminal end all, SIGUSR1 lets what
    /// runs come to its end.
    pub(super) fn listen() -> io::Result<Self> {
        let signals = Self::default();
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        // Under `nohup` a run goes on without its terminal.
        let mut hangup = match is_ignored(SignalKind::hangup()) {
            true => None,
            false => Some(signal(SignalKind::hangup())?),
        };
        let mut user = signal(SignalKind::user_defined1())?;
        let heard = signals.clone();
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    _ = interrupt.recv() => heard.end.cancel(),
                    _ = terminate.recv() => heard.end.cancel(),
                    () = heard_of(&mut hangup) => heard.end.cancel(),
                    _ = user.recv() => heard.drain.cancel(),
                }
            }
        });
        Ok(signals)
    }

    /// The wishes for one of several runs. That it begins no more tests, for one has failed, is no
    /// wish for the others.
    pub(super) fn of_a_run(&self) -> Self {
        Self { end: self.end.clone(), drain: self.drain.child_token() }
    }
}

/// Waits for a signal; for ever if it is not listened to.
async fn heard_of(signal: &mut Option<Signal>) {
    match signal {
        Some(signal) => drop(signal.recv().await),
        None => std::future::pending().await,
    }
}

/// Returns whether this process was started to ignore a signal.
fn is_ignored(signal: SignalKind) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    u32::try_from(signal.as_raw_value() - 1).is_ok_and(|bit| mask >> bit & 1 == 1)
}
