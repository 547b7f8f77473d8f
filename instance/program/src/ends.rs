//! Reasons to end the program: signals, the ends of its standard streams and of its servers.

use std::fmt;
use std::future::{pending, poll_fn};
use std::io;
use std::task::Poll;

use instance::Instance;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::retry_on_intr;
use rustix::process::Signal;
use tokio::signal::unix::{self, SignalKind, signal};
use tokio::sync::oneshot;

/// A reason to end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum End {
    /// SIGINT or SIGTERM.
    Signal(Signal),
    /// The end of the standard input, where that was asked for.
    Input,
    /// The standard output is a pipe or a socket that nobody reads any more.
    Output,
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Signal(Signal::INT) => f.write_str("SIGINT came"),
            Self::Signal(_) => f.write_str("SIGTERM came"),
            Self::Input => f.write_str("the standard input ended"),
            Self::Output => f.write_str("the reader of the standard output went away"),
        }
    }
}

/// The standard streams whose ends are reasons.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Streams {
    pub(crate) input: bool,
    pub(crate) output: bool,
}

/// Waits for reasons to end.
pub(crate) struct Ends {
    interrupt: unix::Signal,
    terminate: unix::Signal,
    input: oneshot::Receiver<()>,
    output: oneshot::Receiver<()>,
}

impl Ends {
    /// Begins to wait. Signals do not kill the process from then on.
    pub(crate) fn new(streams: Streams) -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            input: told(move || streams.input && read_to_the_end()),
            output: told(move || streams.output && reader_goes()),
        })
    }

    /// The first reason. Cancel safe.
    pub(crate) async fn next(&mut self) -> End {
        tokio::select! {
            signal = either(&mut self.interrupt, &mut self.terminate) => End::Signal(signal),
            () = happened(&mut self.input) => End::Input,
            () = happened(&mut self.output) => End::Output,
        }
    }

    /// The next signal. Cancel safe.
    pub(crate) async fn signal(&mut self) -> Signal {
        either(&mut self.interrupt, &mut self.terminate).await
    }
}

async fn either(interrupt: &mut unix::Signal, terminate: &mut unix::Signal) -> Signal {
    tokio::select! {
        _ = interrupt.recv() => Signal::INT,
        _ = terminate.recv() => Signal::TERM,
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

/// Waits until an instance ends by itself.
pub(crate) async fn any_exit(instances: &[Instance]) {
    let mut exits: Vec<_> = instances.iter().map(|instance| Box::pin(instance.exited())).collect();
    poll_fn(|context| {
        let ended = exits.iter_mut().any(|exit| exit.as_mut().poll(context).is_ready());
        if ended { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}
