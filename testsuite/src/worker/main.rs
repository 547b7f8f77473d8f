//! The life of a worker, from its job to the account of the test.

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Context as _;
use tokio::task::LocalSet;
use tokio_util::sync::CancellationToken;

use crate::components::Registry;
use crate::files::TestConfig;
use crate::job::link::{self, Orders};
use crate::job::{Account, Job, Message, Phase, PhaseTime, usage};
use crate::worker::script::{self, Script};
use crate::worker::{evidence, namespace, native};

/// Runs this process as a worker, if it was started as one. Returns `None` if it was not.
pub(crate) fn run_if_wanted(registry: &Registry) -> Option<ExitCode> {
    let arguments: Vec<_> =
        std::env::args_os().skip(1).map(|it| it.to_string_lossy().into_owned()).collect();
    let is_wanted = arguments.first().is_some_and(|it| it == namespace::WORKER);
    is_wanted.then(|| main(registry, &arguments))
}

/// The whole life of a worker.
fn main(registry: &Registry, arguments: &[String]) -> ExitCode {
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
    let mut account = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => {
            let local = LocalSet::new();
            let account = local.block_on(&runtime, work(registry, &orders));
            // What is left of the test goes, and with it its servers and their folder. Threads that
            // it has left to themselves are not waited for.
            drop(local);
            runtime.shutdown_background();
            account
        }
        Err(error) => Account::failed(format!("the runtime of the test cannot be made: {error}")),
    };
    // As process 1 it takes all others along anyway.
    if std::process::id() != 1 {
        instance::kill_children();
    }
    account.cpu = usage::cpu();
    account.memory = usage::memory();
    link::tell(&Message::End(Box::new(account.bounded())));
    ExitCode::SUCCESS
}

async fn work(registry: &Registry, orders: &Orders) -> Account {
    match Box::pin(run(registry, &orders.job, &orders.end)).await {
        Ok(account) => account,
        Err(error) => Account::failed(format!("{error:#}")),
    }
}

async fn run(registry: &Registry, job: &Job, end: &CancellationToken) -> anyhow::Result<Account> {
    let suite = &job.settings.suite;
    if job.settings.isolated {
        namespace::enter().context("the network of the test")?;
    }
    instance::adopt_descendants().context("processes that lose their parents cannot be adopted")?;
    std::env::set_current_dir(suite)
        .with_context(|| format!("the suite {} cannot be entered", suite.display()))?;
    let config = TestConfig::read(&job.folder())?;
    match &job.command {
        Some(command) => Ok(run_script(&Script::new(job, command), &config, end).await),
        None => native::run(registry, job, config, end).await,
    }
}

async fn run_script(script: &Script<'_>, config: &TestConfig, end: &CancellationToken) -> Account {
    let begun = Instant::now();
    link::tell(&Message::Phase(Phase::Run));
    let mut account = script.run(end).await;
    let seconds = begun.elapsed().as_secs_f64();
    account.phases.push(PhaseTime { phase: Phase::Run, seconds });
    if config.inverted {
        account.invert();
    }
    let chosen = &script.job().settings.chosen;
    if !account.passed() || chosen.keep_full_logs {
        evidence::attach(&mut account, script::keep(script), script.tree(), chosen.keep_core);
    }
    if let Err(error) = script::sweep(script) {
        let error = anyhow::Error::from(error);
        account.notes.push(format!("not all that it wrote could be removed: {error:#}"));
    }
    account
}
