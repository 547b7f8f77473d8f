//! One test in a process of its own: the runner says which, and is told how it went.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::rc::Rc;
use std::sync::OnceLock;

use instance::{FoundRun, RunState, Server, Want};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::net::unix::pipe;
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, LocalSet};

use crate::case::{Panicked, TestCase, TestResult};
use crate::config::{GlobalConfig, TestConfig};
use crate::protocol::{Job, Message};
use crate::registry::Registry;
use crate::setup::Setup;
use crate::verdict::{Outcome, Phase, Reason};
use crate::{descendants, evidence, isolate, logs, objects, script, usage};

/// The whole life of a worker.
pub(crate) fn main(registry: &Registry, arguments: &[String]) -> ExitCode {
    if isolate::is_trial(arguments) {
        return isolate::try_out();
    }
    if let Err(error) = take_output() {
        // The runner hears of the end alone.
        let _ =
            writeln!(io::stderr(), "a worker says what it does on its standard output: {error}");
        return ExitCode::FAILURE;
    }
    let mut outcome = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => {
            let local = LocalSet::new();
            let outcome = local.block_on(&runtime, work(registry));
            // What is left of the test goes, and with it its servers and their folder.
            drop(local);
            outcome
        }
        Err(error) => failed(error.to_string()),
    };
    // As process 1 it takes all others along anyway.
    if std::process::id() != 1 {
        descendants::kill();
    }
    outcome.cpu = usage::cpu();
    outcome.memory = usage::memory();
    tell(&Message::End(Box::new(outcome)));
    ExitCode::SUCCESS
}

fn failed(reason: String) -> Outcome {
    Outcome { reasons: vec![Reason::new(reason)], ..Outcome::default() }
}

/// The way to the runner: what was the standard output. What a test prints goes the way of errors, and is output as well.
static RUNNER: OnceLock<File> = OnceLock::new();

fn take_output() -> io::Result<()> {
    let output = rustix::io::fcntl_dupfd_cloexec(io::stdout(), 3)?;
    rustix::stdio::dup2_stdout(io::stderr())?;
    let _ = RUNNER.set(File::from(output));
    Ok(())
}

/// A line to the runner. One that is gone needs none.
fn tell(message: &Message) {
    if let (Ok(mut line), Some(mut runner)) = (serde_json::to_vec(message), RUNNER.get()) {
        line.push(b'\n');
        let _ = runner.write_all(&line);
    }
}

async fn work(registry: &Registry) -> Outcome {
    let input = io::stdin().as_fd().try_clone_to_owned();
    let input = input.and_then(pipe::Receiver::from_owned_fd);
    let mut input = match input {
        Ok(input) => BufReader::new(input),
        Err(error) => return failed(format!("a worker takes its orders from a pipe: {error}")),
    };
    let mut line = String::new();
    let job: Job = match input.read_line(&mut line).await {
        Ok(_) => match serde_json::from_str(&line) {
            Ok(job) => job,
            Err(error) => return failed(format!("these are no orders for a worker: {error}")),
        },
        Err(error) => return failed(error.to_string()),
    };
    // The runner holds the other end for as long as it wants the test.
    let cancelled = async move {
        let mut rest = Vec::new();
        let _ = input.read_to_end(&mut rest).await;
    };
    let (messages, mut inbox) = mpsc::unbounded_channel();
    let telling = tokio::spawn(async move {
        while let Some(message) = inbox.recv().await {
            tell(&message);
        }
    });
    let outcome = match Box::pin(run(registry, &job, &messages, cancelled)).await {
        Ok(outcome) => outcome,
        Err(error) => failed(error.to_string()),
    };
    drop(messages);
    // Whoever still has something to say has lost the test.
    let _ = tokio::time::timeout(std::time::Duration::from_secs(1), telling).await;
    outcome
}

async fn run(
    registry: &Registry,
    job: &Job,
    messages: &mpsc::UnboundedSender<Message>,
    cancelled: impl Future<Output = ()>,
) -> Result<Outcome, Box<dyn std::error::Error>> {
    if job.isolated {
        isolate::enter()?;
    }
    descendants::adopt()?;
    std::env::set_current_dir(&job.suite)?;
    let config = TestConfig::read(&job.suite.join(&job.test))?;
    let inverted = config.inverted;
    let mut outcome = match &job.script {
        Some(script) => {
            let begun = std::time::Instant::now();
            let _ = messages.send(Message::Phase("run".to_owned()));
            let mut outcome = script::run(job, script, messages, cancelled).await;
            let seconds = begun.elapsed().as_secs_f64();
            outcome.phases.push(Phase { name: "run".to_owned(), seconds });
            invert(&mut outcome, inverted);
            let wanted = (!outcome.passed || job.keep_logs).then_some(&*job.evidence);
            match script::keep(script, wanted, job.keep_core) {
                Ok(place) => outcome.evidence = place,
                Err(error) => {
                    outcome.notes.push(format!("not all evidence could be kept: {error}"))
                }
            }
            outcome
        }
        None => native(registry, job, config, messages, cancelled).await?,
    };
    outcome.notes.retain(|note| !note.is_empty());
    Ok(outcome)
}

async fn native(
    registry: &Registry,
    job: &Job,
    config: TestConfig,
    messages: &mpsc::UnboundedSender<Message>,
    cancelled: impl Future<Output = ()>,
) -> Result<Outcome, Box<dyn std::error::Error>> {
    logs::start()?;
    let inverted = config.inverted;
    let server = Server::find(&Want::Path(job.server.clone())).await?;
    let global = GlobalConfig::read(&job.suite, job.global.as_deref())?;
    let version = global.forced_version.or_else(|| server.version().as_str().parse().ok());
    let setup = Setup {
        name: job.test.clone(),
        folder: job.suite.join(&job.test),
        suite: job.suite.clone(),
        server,
        base: job.base.clone(),
        root: job.root.clone(),
        isolated: job.isolated,
        pcap: job.pcap,
    };
    let typename = config.object.as_ref().map(|it| it.typename.clone()).unwrap_or_default();
    let test = TestCase::new(setup, config.clone(), messages.clone())?;
    let body = match registry.get(&typename) {
        Some(run) => Body::spawn(run(test.clone())),
        None => {
            let modules = objects::build(&config, &global.modules, version.as_ref())?;
            Body::spawn(objects::run(test.clone(), modules))
        }
    };
    let mut outcome = test.run(body.result(), cancelled).await;
    invert(&mut outcome, inverted);
    let folder = test.folder_of_run();
    if let Some(folder) = folder.filter(|_| !outcome.passed || job.keep_logs) {
        test.phase("evidence");
        match evidence::keep(&folder, &job.evidence, job.keep_core) {
            Ok(kept) => {
                outcome.notes.extend(kept.note());
                point_to(&mut outcome, &folder, kept.place, job.keep_core);
            }
            Err(error) => outcome.notes.push(format!("not all evidence could be kept: {error}")),
        }
    }
    test.phase("end");
    outcome.phases = test.phases();
    let folder = test.folder_of_run();
    drop(test);
    if let Some(folder) = folder {
        outcome.notes.extend(sweep(&job.root, &folder));
    }
    Ok(outcome)
}

/// Has reasons name the files that were kept, and not those of the sandbox.
fn point_to(outcome: &mut Outcome, sandbox: &Path, kept: PathBuf, cores: bool) {
    let (from, to) = (sandbox.display().to_string(), kept.display().to_string());
    for reason in &mut outcome.reasons {
        let lines = reason.what.lines().filter(|line| !line.starts_with("the sandbox is kept: "));
        reason.what = lines.collect::<Vec<_>>().join("\n").replace(&from, &to);
    }
    if outcome.faulty && !cores {
        outcome.notes.push("core files are not kept; --keep-core keeps them".to_owned());
    }
    outcome.evidence = Some(kept);
}

/// A sandbox that did not boot is kept by its own; here its files are in the evidence.
fn sweep(root: &Path, folder: &Path) -> Option<String> {
    let found = FoundRun::all(root).unwrap_or_default();
    let kept = found.iter().find(|run| run.path() == folder && run.state() == RunState::Kept);
    let error = kept?.remove().err()?;
    Some(format!("a sandbox stays: {}: {error}", folder.display()))
}

/// A test that has to fail passes when it does. A server that crashed is no such failure.
fn invert(outcome: &mut Outcome, inverted: bool) {
    if !inverted {
        return;
    }
    if outcome.passed {
        outcome.passed = false;
        outcome.reasons.push(Reason::new("it passed, and expectedResult says that it has to fail"));
    } else if !outcome.faulty {
        outcome.passed = true;
        outcome.timed_out = false;
        let failures =
            outcome.reasons.drain(..).map(|it| format!("failed, as expected: {}", it.what));
        outcome.notes.extend(failures);
    }
}

/// The function of a test, in a task of its own: if it panics, that is a failure like another.
struct Body {
    handle: tokio::task::JoinHandle<TestResult>,
    abort: Abort,
}

/// It does not go on when nobody waits for it.
struct Abort(AbortHandle);

impl Drop for Abort {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Body {
    fn spawn(body: impl Future<Output = TestResult> + 'static) -> Self {
        let handle = tokio::task::spawn_local(body);
        let abort = Abort(handle.abort_handle());
        Self { handle, abort }
    }

    async fn result(self) -> TestResult {
        let Self { handle, abort } = self;
        let result = match handle.await {
            Ok(result) => result,
            Err(error) if error.is_panic() => Err(Panicked::new(&*error.into_panic()).into()),
            Err(_) => Err("the test was given up".into()),
        };
        drop(abort);
        result
    }
}

/// A test in Rust.
pub(crate) type Run = Rc<dyn Fn(TestCase) -> std::pin::Pin<Box<dyn Future<Output = TestResult>>>>;
