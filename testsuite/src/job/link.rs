//! A worker's side of the line to the runner.
//!
//! The line is a socket. A worker is started with it as its standard input and moves it to a
//! descriptor that no child inherits, before the test begins: what a test prints can neither be
//! taken for a message nor stand in the middle of one. Where the standard output should be, the
//! worker is given the file of its program; from then on both outputs are one pipe, in which the
//! runner reads what the test prints.

use std::ffi::CString;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::io::fcntl_dupfd_cloexec;
use tokio_util::sync::CancellationToken;

use crate::job::protocol::{Job, Message};

/// The time that a worker may take to end once nobody wants it any more. The runner kills it
/// before, if there is a runner.
const GRACE: Duration = Duration::from_secs(15);

/// The way to the runner: one message at a time.
static RUNNER: OnceLock<Mutex<UnixStream>> = OnceLock::new();

/// The job of a worker, and the end of it.
#[derive(Debug)]
pub(crate) struct Orders {
    pub(crate) job: Job,
    /// The runner wants no more of it, or is gone.
    pub(crate) end: CancellationToken,
}

impl Orders {
    /// Takes the orders, and takes away what a test could get in the way with: its input is empty
    /// then.
    pub(crate) fn take() -> io::Result<Self> {
        rustix::stdio::dup2_stdout(io::stderr())?;
        take_name();
        let socket = UnixStream::from(fcntl_dupfd_cloexec(io::stdin(), 3)?);
        rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
        let _ = RUNNER.set(Mutex::new(socket.try_clone()?));
        let (mut input, mut line) = (BufReader::new(socket), String::new());
        input.read_line(&mut line)?;
        let job = serde_json::from_str(&line)
            .map_err(|error| io::Error::other(format!("line 1, {line:?}: {error}")))?;
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

/// Gives the process the name of its program: it was executed by a descriptor, and would be called
/// by the number of that.
fn take_name() {
    let program = std::env::current_exe().unwrap_or_default();
    let name = program.file_name().unwrap_or_default().as_encoded_bytes();
    // The kernel's word where the file was replaced since.
    let name = name.strip_suffix(b" (deleted)").unwrap_or(name);
    if let Ok(name) = CString::new(name) {
        // For those who look at processes; the kernel takes the first 15 bytes.
        let _ = rustix::thread::set_name(&name);
    }
}

/// Ends a worker that does not do it itself: its test may hold the thread.
fn give_up() {
    thread::park_timeout(GRACE);
    instance::kill_children();
    #[expect(
        clippy::disallowed_methods,
        reason = "whoever should drop things does not come to it"
    )]
    std::process::exit(1);
}

/// Tells the runner. While that is busy, the test waits. One that is gone needs no message.
pub(crate) fn tell(message: &Message) {
    if let Some(runner) = RUNNER.get() {
        let line = message.line();
        let _ = runner.lock().unwrap_or_else(PoisonError::into_inner).write_all(&line);
    }
}

/// Prints a line: it comes to the runner as output, in the order in which it was printed.
pub(crate) fn print(line: &str) {
    let mut output = io::stdout().lock();
    // As `println!` but for its panic: a runner that is gone needs no output.
    let _ = output.write_all(line.as_bytes()).and_then(|()| output.write_all(b"\n"));
}
