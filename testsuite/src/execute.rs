//! One execution of a test: a worker, what it says, and the limits that end it.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use instance::{FoundRun, RunState};
use tokio::io::{AsyncRead, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use crate::evidence;
use crate::isolate::Isolation;
use crate::lines::{self, Lines};
use crate::options::Limit;
use crate::protocol::{Job, Message};
use crate::verdict::{INTERRUPTED, Outcome, Reason};

/// How long a worker may take to end once it is told to.
const GRACE: Duration = Duration::from_secs(10);

/// How long what it said may take to arrive after it has ended.
const REST: Duration = Duration::from_secs(2);

/// How many of the first and of the last lines of output are held.
const LINES: usize = 20_000;

/// The output of a test: its beginning and its end, and how much is between them.
#[derive(Debug, Default)]
struct Held {
    first: Vec<String>,
    last: VecDeque<String>,
    left: usize,
}

impl Held {
    fn push(&mut self, line: String) {
        if self.first.len() < LINES {
            return self.first.push(line);
        }
        if self.last.len() == LINES {
            self.last.pop_front();
            self.left += 1;
        }
        self.last.push_back(line);
    }

    fn all(&self) -> Vec<String> {
        let left = (self.left > 0).then(|| format!("… {} lines are left out here …", self.left));
        self.first.iter().cloned().chain(left).chain(self.last.iter().cloned()).collect()
    }
}

/// What all executions have in common.
#[derive(Clone, Debug)]
pub(crate) struct Context {
    pub(crate) isolation: Isolation,
    /// This program.
    pub(crate) program: PathBuf,
    pub(crate) inactivity: Limit,
    pub(crate) time_limit: Limit,
}

/// What a worker does, while it does it.
#[derive(Clone, Debug)]
pub(crate) enum Told {
    Begun { attempt: usize },
    Phase(String),
    Line(String),
}

/// Who tells of it, by the name of the test.
#[derive(Clone, Debug)]
pub(crate) struct Teller {
    pub(crate) name: String,
    pub(crate) to: Sender<(String, Told)>,
}

impl Teller {
    pub(crate) async fn tell(&self, told: Told) {
        // The one who listens is there until all tests have ended.
        let _ = self.to.send((self.name.clone(), told)).await;
    }
}

/// How an execution went.
#[derive(Debug)]
pub(crate) struct Execution {
    pub(crate) outcome: Outcome,
    pub(crate) output: Vec<String>,
    pub(crate) seconds: f64,
    /// Whether somebody wanted the end of all.
    pub(crate) interrupted: bool,
}

/// Why a worker was told to end.
#[derive(Clone, Debug)]
enum Why {
    Interrupted,
    Limit(String),
}

/// What comes out of a worker.
enum Output {
    Said(String),
    Complained(String),
}

/// Runs a test once.
pub(crate) async fn execute(
    context: &Context,
    job: &Job,
    cancelled: &CancellationToken,
    teller: &Teller,
) -> Execution {
    let begun = Instant::now();
    let mut run = Running {
        context,
        job,
        teller,
        end: None,
        output: Held::default(),
        folder: None,
        why: None,
        last_sign: begun,
        begun,
    };
    let outcome = match start(context, job).await {
        Ok((child, orders)) => run.follow(child, orders, cancelled).await,
        Err(error) => {
            let what = format!("the process that runs the test cannot be started: {error}");
            Outcome { reasons: vec![Reason::new(what)], ..Outcome::default() }
        }
    };
    Execution {
        outcome,
        interrupted: matches!(run.why, Some(Why::Interrupted)),
        output: run.output.all(),
        seconds: begun.elapsed().as_secs_f64(),
    }
}

async fn start(context: &Context, job: &Job) -> std::io::Result<(Child, ChildStdin)> {
    let mut command = Command::from(context.isolation.command(&context.program));
    // Ctrl-C is for the runner.
    command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.kill_on_drop(true).spawn()?;
    let mut orders = child.stdin.take().ok_or(std::io::ErrorKind::BrokenPipe)?;
    let mut line = serde_json::to_vec(job)?;
    line.push(b'\n');
    // Why one cannot take them it says itself, or its end does.
    let _ = orders.write_all(&line).await;
    Ok((child, orders))
}

struct Running<'a> {
    context: &'a Context,
    job: &'a Job,
    teller: &'a Teller,
    end: Option<Outcome>,
    output: Held,
    /// Its sandbox.
    folder: Option<PathBuf>,
    why: Option<Why>,
    last_sign: Instant,
    begun: Instant,
}

impl Running<'_> {
    async fn follow(
        &mut self,
        mut child: Child,
        orders: ChildStdin,
        cancelled: &CancellationToken,
    ) -> Outcome {
        let mut orders = Some(orders);
        let mut inbox = listen(&mut child);
        let mut killed_at = None;
        let status = loop {
            let limit = killed_at.unwrap_or_else(|| self.limit());
            tokio::select! {
                Some(output) = inbox.recv() => self.take(output).await,
                status = child.wait() => break status,
                () = cancelled.cancelled(), if self.why.is_none() => self.why = Some(Why::Interrupted),
                () = sleep_until(limit) => {
                    if killed_at.is_some() {
                        let _ = child.start_kill();
                        break child.wait().await;
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
        let rest = async {
            while let Some(output) = inbox.recv().await {
                self.take(output).await;
            }
        };
        let _ = timeout(REST, rest).await;
        self.weigh(status)
    }

    /// When the next limit ends it.
    fn limit(&self) -> Instant {
        let far = self.begun + Duration::from_secs(31_536_000);
        let silent = self.context.inactivity.0.map_or(far, |limit| self.last_sign + limit);
        let late = self.context.time_limit.0.map_or(far, |limit| self.begun + limit);
        silent.min(late)
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

    async fn take(&mut self, output: Output) {
        self.last_sign = Instant::now();
        let line = match output {
            Output::Complained(line) => line,
            Output::Said(line) => match serde_json::from_str(&line) {
                Ok(Message::Folder(folder)) => {
                    self.folder = Some(folder);
                    return;
                }
                Ok(Message::Phase(phase)) => {
                    self.teller.tell(Told::Phase(phase)).await;
                    return;
                }
                Ok(Message::Alive) => return,
                Ok(Message::End(outcome)) => {
                    self.end = Some(*outcome);
                    return;
                }
                Ok(Message::Line(line)) => line,
                // A test in Rust may print as well.
                Err(_) => line,
            },
        };
        self.teller.tell(Told::Line(line.clone())).await;
        self.output.push(line);
    }

    fn weigh(&mut self, status: std::io::Result<ExitStatus>) -> Outcome {
        let mut outcome = self.end.take().unwrap_or_else(|| {
            let how = status.map_or_else(|error| error.to_string(), |status| status.to_string());
            let what = format!("the process that runs the test ended ({how})");
            Outcome { reasons: vec![Reason::new(what)], ..Outcome::default() }
        });
        if outcome.evidence.is_none() && !outcome.passed {
            self.keep(&mut outcome);
        }
        if let Some(place) = &outcome.evidence
            && let Err(error) =
                std::fs::write(place.join("output.txt"), self.output.all().join("\n") + "\n")
        {
            outcome.notes.push(format!("the output could not be kept: {error}"));
        }
        if let Some(Why::Limit(limit)) = &self.why {
            outcome.passed = false;
            outcome.timed_out = true;
            outcome.reasons.retain(|reason| reason.what != INTERRUPTED);
            outcome.reasons.insert(0, Reason::new(limit));
        }
        outcome
    }

    /// Keeps what a worker left that could not do it itself.
    fn keep(&self, outcome: &mut Outcome) {
        let Some(folder) = self.folder.as_deref().filter(|it| it.exists()) else {
            return;
        };
        match evidence::keep(folder, &self.job.evidence, self.job.keep_core) {
            Ok(kept) => {
                outcome.notes.extend(kept.note());
                outcome.evidence = Some(kept.place);
            }
            Err(error) => outcome.notes.push(format!("not all evidence could be kept: {error}")),
        }
        outcome.notes.extend(remove(&self.job.root, folder));
    }
}

/// Removes the sandbox of a worker that is gone.
fn remove(root: &Path, folder: &Path) -> Option<String> {
    let found = FoundRun::all(root).unwrap_or_default();
    let run = found.iter().find(|it| it.path() == folder && it.state() != RunState::Running)?;
    let error = run.remove().err()?;
    Some(format!("a sandbox stays: {}: {error}", folder.display()))
}

fn listen(child: &mut Child) -> Receiver<Output> {
    // A worker that says more than is heard has to wait.
    let (sender, inbox) = mpsc::channel(256);
    if let Some(from) = child.stdout.take() {
        tokio::spawn(hear(from, lines::MESSAGE, Output::Said, sender.clone()));
    }
    if let Some(from) = child.stderr.take() {
        tokio::spawn(hear(from, lines::OUTPUT, Output::Complained, sender));
    }
    inbox
}

async fn hear(
    from: impl AsyncRead + Unpin,
    longest: usize,
    make: fn(String) -> Output,
    to: Sender<Output>,
) {
    let mut lines = Lines::new(from, longest);
    while let Some(line) = lines.next().await {
        if to.send(make(line)).await.is_err() {
            return;
        }
    }
}
