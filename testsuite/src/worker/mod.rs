//! One test in a process of its own: the runner says which, and is told how it went.
//!
//! This room depends on the rooms up to `components`. A job comes in over the socket, messages go
//! out; the runner takes from here how to start such a process, and how to keep the evidence of one
//! that died.
//!
//! Pitfalls: nothing of a test may outlive its process, also where the kernel allows no namespace of
//! its own. The process must enter its namespaces before it has threads.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use instance::{FoundRun, RunState, Server, Want};
use tokio::sync::oneshot;
use tokio::task::{AbortHandle, LocalSet};
use tokio_util::sync::CancellationToken;

use crate::case::{Panicked, Setup, TestCase, TestResult, logs};
use crate::components;
use crate::components::Registry;
use crate::files::{GlobalConfig, TestConfig};
use crate::job::link::{self, Orders};
use crate::job::{Job, Message};
use crate::job::{Outcome, Phase, Reason};
use crate::job::{descendants, usage};

pub(crate) mod evidence;
pub(crate) mod namespace;
mod script;

/// The whole life of a worker.
pub(crate) fn main(registry: &Registry, arguments: &[String]) -> ExitCode {
    if namespace::is_trial(arguments) {
        return namespace::try_out();
    }
    let orders = match Orders::take() {
        Ok(orders) => orders,
        Err(error) => {
            // The runner hears of the end alone.
            let _ = writeln!(
                io::stderr(),
                "a worker gets its orders on its standard input, from a runner: {error}"
            );
            return ExitCode::FAILURE;
        }
    };
    let mut outcome = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => {
            let local = LocalSet::new();
            let outcome = local.block_on(&runtime, work(registry, &orders));
            // What is left of the test goes, and with it its servers and their folder. Threads that
            // it has left to themselves are not waited for.
            drop(local);
            runtime.shutdown_background();
            outcome
        }
        Err(error) => failed(format!("the runtime of the test cannot be made: {error}")),
    };
    // As process 1 it takes all others along anyway.
    if std::process::id() != 1 {
        descendants::kill();
    }
    outcome.cpu = usage::cpu();
    outcome.memory = usage::memory();
    link::tell(&Message::End(Box::new(outcome.bounded())));
    ExitCode::SUCCESS
}

fn failed(reason: String) -> Outcome {
    Outcome { reasons: vec![Reason::new(reason)], ..Outcome::default() }
}

async fn work(registry: &Registry, orders: &Orders) -> Outcome {
    match Box::pin(run(registry, &orders.job, &orders.end)).await {
        Ok(outcome) => outcome,
        Err(error) => failed(format!("{error:#}")),
    }
}

async fn run(registry: &Registry, job: &Job, end: &CancellationToken) -> anyhow::Result<Outcome> {
    if job.isolated {
        namespace::enter().context("the network of the test")?;
    }
    descendants::adopt().context("processes that lose their parents cannot be adopted")?;
    std::env::set_current_dir(&job.suite)
        .with_context(|| format!("the suite {} cannot be entered", job.suite.display()))?;
    let config = TestConfig::read(&job.suite.join(&job.test))?;
    let inverted = config.inverted;
    let outcome = match &job.script {
        Some(script) => {
            let begun = std::time::Instant::now();
            link::tell(&Message::Phase("run".to_owned()));
            let mut outcome = script::run(job, script, end).await;
            let seconds = begun.elapsed().as_secs_f64();
            outcome.phases.push(Phase { name: "run".to_owned(), seconds });
            invert(&mut outcome, inverted);
            if !outcome.passed || job.keep_logs {
                match script::keep(script, &job.evidence, job.keep_core) {
                    Ok(mut kept) => {
                        outcome.notes.extend(kept.note());
                        if job.keep_core {
                            let cores = keep_cores(&outcome.cores, &script.tree, &kept.place);
                            outcome.notes.extend(cores);
                        }
                        outcome.evidence = Some(kept.place);
                    }
                    Err(error) => outcome.notes.push(not_kept(&error)),
                }
            }
            if let Err(error) = script::sweep(script) {
                let error = anyhow::Error::from(error);
                outcome.notes.push(format!("not all that it wrote could be removed: {error:#}"));
            }
            outcome
        }
        None => native(registry, job, config, end).await?,
    };
    Ok(outcome)
}

async fn native(
    registry: &Registry,
    job: &Job,
    config: TestConfig,
    end: &CancellationToken,
) -> anyhow::Result<Outcome> {
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
    let test = TestCase::new(setup, config.clone())?;
    let modules = components::build(&config, &global.modules, version.as_ref(), registry)?;
    modules.into_iter().for_each(|module| test.add(module));
    let (goes, gone) = oneshot::channel();
    let body = match registry.get(&typename) {
        Some(run) => Body::spawn(run(test.clone()), goes),
        None => Body::spawn(components::run(test.clone()), goes),
    };
    let mut outcome = test.run(body.result(), end).await;
    // A body that was given up drops its servers a moment later, and their folder is kept by that:
    // here it is evidence, and goes at the end of this function.
    let _ = gone.await;
    invert(&mut outcome, inverted);
    let folder = test.folder_of_run();
    if let Some(folder) = folder.filter(|_| !outcome.passed || job.keep_logs) {
        test.phase("evidence");
        match evidence::keep(&folder, &job.evidence, job.keep_core) {
            Ok(mut kept) => {
                outcome.notes.extend(kept.note());
                if job.keep_core {
                    outcome.notes.extend(keep_cores(&outcome.cores, &folder, &kept.place));
                }
                point_to(&mut outcome, &folder, kept.place, job.keep_core);
            }
            Err(error) => outcome.notes.push(not_kept(&error)),
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

fn not_kept(error: &anyhow::Error) -> String {
    format!("evidence could not be kept: {error:#}")
}

/// Keeps the cores that the kernel put elsewhere. Those stay there as well: the place is not ours.
fn keep_cores(cores: &[PathBuf], sandbox: &Path, place: &Path) -> Vec<String> {
    let elsewhere = cores.iter().filter(|core| !core.starts_with(sandbox));
    let kept = elsewhere.map(|core| {
        let target = place.join(core.file_name().unwrap_or_default());
        match std::fs::copy(core, &target) {
            Ok(_) => format!("{} is kept", core.display()),
            Err(error) => {
                let target = target.display();
                format!("{} could not be copied to {target}: {error}", core.display())
            }
        }
    });
    kept.collect()
}

/// Has reasons name the files that were kept, and not those of the sandbox.
fn point_to(outcome: &mut Outcome, sandbox: &Path, kept: PathBuf, cores: bool) {
    let (from, to) = (sandbox.display().to_string(), kept.display().to_string());
    for reason in &mut outcome.reasons {
        let lines = reason.what.lines().filter(|line| !line.starts_with("the sandbox is kept: "));
        reason.what = lines.collect::<Vec<_>>().join("\n").replace(&from, &to);
    }
    if !outcome.cores.is_empty() && !cores {
        outcome.notes.push("core files are not kept; --keep-core keeps them".to_owned());
    }
    outcome.evidence = Some(kept);
}

/// A sandbox that did not boot is kept by its own; here its files are in the evidence.
fn sweep(root: &Path, folder: &Path) -> Option<String> {
    let found = FoundRun::all(root).unwrap_or_default();
    let kept = found.iter().find(|run| run.path() == folder && run.state() == RunState::Kept);
    let error = kept?.remove().err()?;
    let error = anyhow::Error::from(error);
    Some(format!("a sandbox stays: {}: {error:#}", folder.display()))
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
    /// Begins the test. `goes` is dropped behind it, also where it is given up.
    fn spawn(body: impl Future<Output = TestResult> + 'static, goes: oneshot::Sender<()>) -> Self {
        let handle = tokio::task::spawn_local(async move {
            let _goes = goes;
            body.await
        });
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
