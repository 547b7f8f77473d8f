//! One execution of a test: a worker, what it says, and the limits that end it.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream as StdStream;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use instance::{FoundRun, RunState};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::net::unix::pipe;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::process::{Child, Command};
use tokio::sync::mpsc::Sender;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use crate::job::Limit;
use crate::job::Lines;
use crate::job::usage::after;
use crate::job::{Account, INTERRUPTED, Outcome, Phase, Reason};
use crate::job::{Job, LONGEST, Message};
use crate::job::{Output, OutputBuffer};
use crate::session::isolation::Isolation;
use crate::worker::evidence;

/// The time that a worker may take to end once it is told to.
const GRACE: Duration = Duration::from_secs(10);

/// The time that its last messages may take to arrive after it has ended.
const REST: Duration = Duration::from_secs(2);

/// The number of bytes of output that are read at once: as many as a pipe holds.
const CHUNK: usize = 64 * 1024;

/// The longest time for which a test that has not booted its servers keeps others from booting: it
/// may boot none, or much later.
const TURN: Duration = Duration::from_secs(5);

/// The settings that all executions have in common.
#[derive(Clone, Debug)]
pub(crate) struct Context {
    pub(crate) isolation: Isolation,
    /// The file of this program.
    pub(crate) program: Arc<File>,
    pub(crate) inactivity: Limit,
    pub(crate) time_limit: Limit,
    /// A permit for each test that may boot its servers at the same time: one for each core. More
    /// would not boot sooner, and would keep servers that play and detect tones from the processor.
    pub(crate) boots: Arc<Semaphore>,
}

/// Something that a worker does, told while it does it.
#[derive(Clone, Debug)]
pub(crate) enum Progress {
    Begun {
        attempt: usize,
    },
    Phase(Phase),
    /// Lines of output.
    Lines(String),
}

/// The sender of what a worker does, by the name of the test.
#[derive(Clone, Debug)]
pub(crate) struct ProgressSender {
    pub(crate) name: String,
    pub(crate) to: Sender<(String, Progress)>,
}

impl ProgressSender {
    pub(crate) async fn send(&self, progress: Progress) {
        // The one who listens is there until all tests have ended.
        let _ = self.to.send((self.name.clone(), progress)).await;
    }
}

/// The result of an execution.
#[derive(Debug)]
pub(crate) struct Execution {
    pub(crate) account: Account,
    pub(crate) output: Output,
    pub(crate) seconds: f64,
    /// Set if somebody wanted the end of all.
    pub(crate) interrupted: bool,
}

/// The reason for which a worker was told to end.
#[derive(Clone, Debug)]
enum Why {
    Interrupted,
    Limit(String),
}

/// A process that runs a test.
struct Worker {
    child: Child,
    /// The worker is wanted as long as this is there.
    orders: Option<OwnedWriteHalf>,
    said: Lines<OwnedReadHalf>,
    /// The output of the test.
    printed: pipe::Receiver,
}

/// Runs a test once, when it is its turn to boot. The time before does not count.
pub(crate) async fn execute(
    context: &Context,
    job: &Job,
    cancelled: &CancellationToken,
    progress: &ProgressSender,
) -> Execution {
    let turn = tokio::select! {
        biased;
        turn = Arc::clone(&context.boots).acquire_owned() => turn.ok(),
        // It ends as soon as it is started, as all others do.
        () = cancelled.cancelled() => None,
    };
    let begun = Instant::now();
    let mut run = Running {
        context,
        job,
        progress,
        end: None,
        garbled: None,
        held: OutputBuffer::default(),
        folder: None,
        why: None,
        last_sign: begun,
        begun,
        turn,
    };
    let status = match start(context, job).await {
        Ok(worker) => run.follow(worker, cancelled).await,
        Err(error) => {
            let what = format!("the process that runs the test cannot be started: {error:#}");
            run.end = Some(Account::failed(what));
            Ok(ExitStatus::default())
        }
    };
    let interrupted = matches!(run.why, Some(Why::Interrupted));
    let (account, output) = run.weigh(status).await;
    Execution { account, interrupted, output, seconds: begun.elapsed().as_secs_f64() }
}

async fn start(context: &Context, job: &Job) -> anyhow::Result<Worker> {
    let mut line = serde_json::to_vec(job).context("orders for it")?;
    line.push(b'\n');
    let (ours, theirs) = StdStream::pair().context("a socket for its messages")?;
    let (printed, print) = io::pipe().context("a pipe for its output")?;
    let mut command = Command::from(context.isolation.command(&context.program)?);
    // What stays of a test is the runner's to say: the worker copies its evidence, and then removes
    // the folder.
    command.env_remove("ASTERISK_KEEP");
    let program = command.as_std().get_program().display().to_string();
    // Ctrl-C is for the runner.
    command.process_group(0).stdin(OwnedFd::from(theirs)).stderr(print);
    let child = command.kill_on_drop(true).spawn().context(program)?;
    // With it go our copies of the worker's ends, so that they end with the worker.
    drop(command);
    ours.set_nonblocking(true)?;
    let (said, mut orders) = UnixStream::from_std(ours)?.into_split();
    // Why one cannot take them it says itself, or its end does.
    let _ = orders.write_all(&line).await;
    let said = Lines::new(said, LONGEST);
    let printed = pipe::Receiver::from_owned_fd(printed.into())?;
    Ok(Worker { child, orders: Some(orders), said, printed })
}

struct Running<'a> {
    context: &'a Context,
    job: &'a Job,
    progress: &'a ProgressSender,
    end: Option<Account>,
    /// The reason for which no more could be understood of what the worker says.
    garbled: Option<String>,
    held: OutputBuffer,
    /// The sandbox of the test.
    folder: Option<PathBuf>,
    why: Option<Why>,
    last_sign: Instant,
    begun: Instant,
    /// Others wait for their turn to boot while this is there.
    turn: Option<OwnedSemaphorePermit>,
}

/// Messages of a worker and output of its test, until no more can come.
struct Inbox {
    said: Option<Lines<OwnedReadHalf>>,
    printed: Option<pipe::Receiver>,
    /// The bytes that were printed last.
    chunk: Vec<u8>,
}

/// A message, or output.
enum Came {
    Said(Vec<u8>),
    /// A message that cannot be read.
    Garbled(io::Error),
    Printed,
}

impl Inbox {
    /// Waits for more; none when no more can come. Cancel safe.
    async fn next(&mut self) -> Option<Came> {
        loop {
            self.chunk.clear();
            let (said, printed) = (&mut self.said, &mut self.printed);
            let chunk = &mut self.chunk;
            let (is_said, is_printed) = (said.is_some(), printed.is_some());
            let next = async {
                match said {
                    Some(said) => said.next().await,
                    None => std::future::pending().await,
                }
            };
            let more = async {
                match printed {
                    Some(printed) => printed.read_buf(chunk).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                next = next, if is_said => match next {
                    Ok(Some(line)) => return Some(Came::Said(line)),
                    Ok(None) => self.said = None,
                    Err(error) => {
                        self.said = None;
                        return Some(Came::Garbled(error));
                    }
                },
                more = more, if is_printed => match more {
                    Ok(count) if count > 0 => return Some(Came::Printed),
                    _ => self.printed = None,
                },
                else => return None,
            }
        }
    }
}

impl Running<'_> {
    async fn follow(
        &mut self,
        worker: Worker,
        cancelled: &CancellationToken,
    ) -> io::Result<ExitStatus> {
        let Worker { mut child, mut orders, said, printed } = worker;
        let (said, printed) = (Some(said), Some(printed));
        let mut inbox = Inbox { said, printed, chunk: Vec::with_capacity(CHUNK) };
        let mut killed_at = None;
        let status = loop {
            let limit = killed_at.unwrap_or_else(|| self.limit());
            tokio::select! {
                Some(came) = inbox.next() => self.take(came, &inbox.chunk).await,
                status = child.wait() => break status,
                () = sleep_until(self.begun + TURN), if self.turn.is_some() => self.turn = None,
                () = cancelled.cancelled(), if self.why.is_none() => self.why = Some(Why::Interrupted),
                () = sleep_until(limit) => {
                    if killed_at.is_some() {
                        let _ = child.start_kill();
                        break child.wait().await;
                    }
                    // The runner may have been stopped: a test that has ended was in time.
                    if let Ok(Some(status)) = child.try_wait() {
                        break Ok(status);
                    }
                    self.why = Some(Why::Limit(self.limit_told()));
                }
            }
            if self.why.is_some() && killed_at.is_none() {
                // It ends when its orders do.
                orders = None;
                killed_at = Some(Instant::now() + GRACE);
            }
        };
        drop(orders);
        // A process that it left may hold the pipe, and that is no reason to wait for ever.
        let rest = async {
            while let Some(came) = inbox.next().await {
                self.take(came, &inbox.chunk).await;
            }
        };
        let _ = timeout(REST, rest).await;
        status
    }

    /// Returns the time at which the next limit ends it.
    fn limit(&self) -> Instant {
        let (inactivity, time_limit) = (self.context.inactivity.0, self.context.time_limit.0);
        let silent = after(self.last_sign, inactivity.unwrap_or(Duration::MAX));
        silent.min(after(self.begun, time_limit.unwrap_or(Duration::MAX)))
    }

    fn limit_told(&self) -> String {
        let late = self.context.time_limit.0.filter(|limit| self.begun.elapsed() >= *limit);
        match (late, self.context.inactivity.0) {
            (Some(limit), _) => {
                format!("it took longer than the limit of {} s", limit.as_secs_f64())
            }
            (None, Some(limit)) => format!("no output and no event for {} s", limit.as_secs_f64()),
            (None, None) => "it took too long".to_owned(),
        }
    }

    async fn take(&mut self, came: Came, printed: &[u8]) {
        self.last_sign = Instant::now();
        let line = match came {
            Came::Said(line) => line,
            Came::Garbled(error) => {
                self.garbled = Some(error.to_string());
                return;
            }
            Came::Printed => {
                self.held.push(printed);
                if let Some(lines) = self.held.new_lines() {
                    self.progress.send(Progress::Lines(lines)).await;
                }
                return;
            }
        };
        match serde_json::from_slice(&line) {
            Ok(Message::Folder(folder)) => self.folder = Some(folder),
            Ok(Message::Phase(phase)) => {
                if !matches!(phase, Phase::Prepare | Phase::Boot) {
                    self.turn = None;
                }
                self.progress.send(Progress::Phase(phase)).await;
            }
            Ok(Message::Alive) => {}
            Ok(Message::End(account)) => self.end = Some(*account),
            Err(error) => self.garbled = Some(error.to_string()),
        }
    }

    async fn weigh(mut self, status: io::Result<ExitStatus>) -> (Account, Output) {
        let ended = std::mem::take(&mut self.held).end();
        let untold = ended.untold();
        if !untold.text().is_empty() {
            self.progress.send(Progress::Lines(untold.text().to_owned())).await;
        }
        let mut account = self.end.take().unwrap_or_else(|| {
            let how = status.map_or_else(|error| error.to_string(), |status| status.to_string());
            let mut what = format!("the process that runs the test ended ({how})");
            if let Some(garbled) = &self.garbled {
                what.push_str(&format!("; what it said cannot be understood: {garbled}"));
            }
            Account::failed(what)
        });
        if account.evidence.is_none() && !account.passed() {
            self.keep(&mut account);
        }
        if let Some(place) = &account.evidence {
            let path = place.join("output.txt");
            if let Err(error) = ended.write(&path) {
                let what = format!("the output could not be kept: {}: {error}", path.display());
                account.notes.push(what);
            }
        }
        if let Some(Why::Limit(limit)) = &self.why {
            account.outcome = Outcome::TimedOut;
            account.reasons.retain(|reason| reason.what != INTERRUPTED);
            account.reasons.insert(0, Reason::new(limit));
        }
        (account, ended.output())
    }

    /// Keeps what a worker left that could not do it itself.
    fn keep(&self, account: &mut Account) {
        let Some(folder) = self.folder.as_deref().filter(|it| it.exists()) else {
            return;
        };
        let cores = self.job.settings.chosen.keep_core;
        let kept = evidence::keep(folder, &self.job.evidence(), cores);
        evidence::attach(account, kept, folder, cores);
        account.notes.extend(remove(&self.job.settings.sandboxes, folder));
    }
}

/// Removes the sandbox of a worker that is gone.
fn remove(root: &Path, folder: &Path) -> Option<String> {
    let found = FoundRun::all(root).unwrap_or_default();
    let run = found.iter().find(|it| it.path() == folder && it.state() != RunState::Running)?;
    let error = run.remove().err()?;
    let error = anyhow::Error::from(error);
    Some(format!("a sandbox stays: {}: {error:#}", folder.display()))
}
