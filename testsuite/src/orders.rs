//! A worker's side of the line to the runner: orders come on the standard input, what it does goes to the standard output. The test
//! has neither.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

use rustix::io::fcntl_dupfd_cloexec;
use tokio_util::sync::CancellationToken;

use crate::descendants;
use crate::protocol::{Job, Message};

/// How long a worker may take to end once nobody wants it any more. The runner kills it before, if there is a runner.
const GRACE: Duration = Duration::from_secs(15);

/// The way to the runner.
static RUNNER: OnceLock<File> = OnceLock::new();

/// What to do, and until when.
#[derive(Debug)]
pub(crate) struct Orders {
    pub(crate) job: Job,
    /// The runner wants no more of it, or is gone.
    pub(crate) end: CancellationToken,
}

impl Orders {
    /// Takes them, and what a test could get in the way with: what it prints goes the way of errors, and its input is empty.
    pub(crate) fn take() -> io::Result<Self> {
        let output = fcntl_dupfd_cloexec(io::stdout(), 3)?;
        rustix::stdio::dup2_stdout(io::stderr())?;
        let _ = RUNNER.set(File::from(output));
        let input = fcntl_dupfd_cloexec(io::stdin(), 3)?;
        rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
        let (mut input, mut line) = (BufReader::new(File::from(input)), String::new());
        input.read_line(&mut line)?;
        let job = serde_json::from_str(&line).map_err(|error| {
            io::Error::other(format!("these are no orders for a worker: {error}"))
        })?;
        let end = CancellationToken::new();
        let told = end.clone();
        thread::spawn(move || {
            // The runner holds the other end for as long as it wants the test.
            let _ = input.read_to_end(&mut Vec::new());
            told.cancel();
            give_up();
        });
        Ok(Self { job, end })
    }
}

/// Ends a worker that does not do it itself: its test may hold the thread.
fn give_up() {
    thread::park_timeout(GRACE);
    descendants::kill();
    #[expect(
        clippy::disallowed_methods,
        reason = "whoever should drop things does not come to it"
    )]
    std::process::exit(1);
}

/// A line to the runner. While that is busy, the test waits. One that is gone needs no line.
pub(crate) fn tell(message: &Message) {
    if let (Ok(mut line), Some(mut runner)) = (serde_json::to_vec(message), RUNNER.get()) {
        line.push(b'\n');
        let _ = runner.write_all(&line);
    }
}
