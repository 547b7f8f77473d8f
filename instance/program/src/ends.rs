//! Reasons to end the program while its servers are well.

use std::fmt;
use std::future::pending;
use std::io;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::retry_on_intr;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

/// A reason to end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum End {
    /// A signal, by its name.
    Signal(&'static str),
    /// The end of the standard input, where that was asked for.
    Input,
    /// The standard output is a pipe or a socket that nobody reads any more.
    Output,
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Signal(name) => write!(f, "{name} came"),
            Self::Input => f.write_str("the standard input ended"),
            Self::Output => f.write_str("the reader of the standard output went away"),
        }
    }
}

/// Waits for reasons to end.
pub(crate) struct Ends {
    interrupt: Signal,
    terminate: Signal,
    input: oneshot::Receiver<()>,
    output: oneshot::Receiver<()>,
}

impl Ends {
    /// Begins to wait. Signals do not kill the process from then on.
    pub(crate) fn new(with_input: bool) -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            input: told(move || with_input && read_to_the_end()),
            output: told(reader_goes),
        })
    }

    /// The first reason. Cancel safe.
    pub(crate) async fn next(&mut self) -> End {
        tokio::select! {
            name = either(&mut self.interrupt, &mut self.terminate) => End::Signal(name),
            () = happened(&mut self.input) => End::Input,
            () = happened(&mut self.output) => End::Output,
        }
    }

    /// The next signal. Cancel safe.
    pub(crate) async fn signal(&mut self) -> End {
        End::Signal(either(&mut self.interrupt, &mut self.terminate).await)
    }
}

async fn either(interrupt: &mut Signal, terminate: &mut Signal) -> &'static str {
    tokio::select! {
        _ = interrupt.recv() => "SIGINT",
        _ = terminate.recv() => "SIGTERM",
    }
}

/// Waits for what a thread tells; for ever if the thread ended without a word, or has told it
/// already.
async fn happened(told: &mut oneshot::Receiver<()>) {
    if told.is_terminated() || told.await.is_err() {
        pending().await
    }
}

/// Starts a thread that tells when something has happened, if `happens` says so: a terminal or a
/// file cannot be waited for otherwise.
fn told(happens: impl FnOnce() -> bool + Send + 'static) -> oneshot::Receiver<()> {
    let (teller, told) = oneshot::channel();
    std::thread::spawn(move || {
        if happens() {
            // Nobody waits any more if something else was the end.
            let _ = teller.send(());
        }
    });
    told
}

/// Waits for the end of the standard input. One that cannot be read has ended as well.
fn read_to_the_end() -> bool {
    let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
    true
}

/// Waits until the other end of the standard output is closed, which only that of a pipe, a socket
/// or a terminal can be.
fn reader_goes() -> bool {
    let output = io::stdout();
    let mut ends = [PollFd::new(&output, PollFlags::empty())];
    retry_on_intr(|| poll(&mut ends, None)).is_ok()
        && ends[0].revents().intersects(PollFlags::ERR | PollFlags::HUP)
}
