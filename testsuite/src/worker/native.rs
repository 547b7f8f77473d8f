//! A test that this process runs itself: of YAML, or in Rust.

use std::path::Path;

use instance::sipp::Sipp;
use instance::{FoundRun, RunState, Server, Want};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::case::{Panicked, TestCase, TestResult, logs};
use crate::components::{self, Registry};
use crate::files::{GlobalConfig, TestConfig};
use crate::job::{Account, Job, Phase};
use crate::worker::evidence;

/// Runs a test natively.
pub(super) async fn run(
    registry: &Registry,
    job: &Job,
    config: TestConfig,
    end: &CancellationToken,
) -> anyhow::Result<Account> {
    logs::start()?;
    let (settings, inverted) = (&job.settings, config.inverted);
    let server = Server::find(&Want::Path(settings.server.clone())).await?;
    let global = GlobalConfig::read(&settings.suite, settings.chosen.testsuite_config.as_deref())?;
    let version = global.forced_version.clone().or_else(|| server.version().as_str().parse().ok());
    let typename = config.object.as_ref().map(|it| it.typename.clone()).unwrap_or_default();
    let test = TestCase::new(job.clone(), Some(server), config.clone())?;
    for named in components::build(&config, &global, version.as_ref(), registry)? {
        test.add_as(named.typename, named.component, named.is_object);
    }
    if let Some(path) = settings.sipp.as_ref().filter(|_| test.needs().sipp_features().is_some()) {
        test.set_sipp(Sipp::at(path).await?);
    }
    let (goes, gone) = oneshot::channel();
    let body = match registry.test_of(&typename) {
        Some(run) => spawn(run(test.clone()), goes),
        None => spawn(components::run(test.clone()), goes),
    };
    let mut account = test.run(result(body), end).await;
    // A body that was given up drops its servers a moment later, and their folder is kept by that:
    // here it is evidence, and goes at the end of this function.
    let _ = gone.await;
    if inverted {
        account.invert();
    }
    let folder = test.folder_of_run();
    let chosen = &settings.chosen;
    if let Some(folder) = folder.filter(|_| !account.passed() || chosen.keep_full_logs) {
        test.begin(Phase::Evidence);
        let kept = evidence::keep(&folder, &job.evidence(), chosen.keep_core);
        if evidence::attach(&mut account, kept, &folder, chosen.keep_core) {
            point_to_evidence(&mut account, &folder, chosen.keep_core);
        }
    }
    account.phases = test.phase_times();
    let folder = test.folder_of_run();
    drop(test);
    if let Some(folder) = folder {
        account.notes.extend(sweep(&settings.sandboxes, &folder));
    }
    Ok(account)
}

/// Has reasons name the files that were kept, and not those of the sandbox.
fn point_to_evidence(account: &mut Account, sandbox: &Path, cores: bool) {
    let kept = account.evidence.as_deref().unwrap_or(sandbox);
    let (from, to) = (sandbox.display().to_string(), kept.display().to_string());
    for reason in &mut account.reasons {
        let lines = reason.what.lines().filter(|line| !line.starts_with("the sandbox is kept: "));
        reason.what = lines.collect::<Vec<_>>().join("\n").replace(&from, &to);
    }
    if !account.cores.is_empty() && !cores {
        account.notes.push("core files are not kept; --keep-core keeps them".to_owned());
    }
}

/// Removes a sandbox that did not boot: it is kept by its own, and here its files are in the
/// evidence.
fn sweep(sandboxes: &Path, folder: &Path) -> Option<String> {
    let found = FoundRun::all(sandboxes).unwrap_or_default();
    let kept = found.iter().find(|run| run.path() == folder && run.state() == RunState::Kept);
    let error = kept?.remove().err()?;
    let error = anyhow::Error::from(error);
    Some(format!("a sandbox stays: {}: {error:#}", folder.display()))
}

/// Begins the function of a test, in a task of its own: if it panics, that is a failure like
/// another. `goes` is dropped behind it, also where it is given up.
fn spawn(
    body: impl Future<Output = TestResult> + 'static,
    goes: oneshot::Sender<()>,
) -> AbortOnDropHandle<TestResult> {
    AbortOnDropHandle::new(tokio::task::spawn_local(async move {
        let _goes = goes;
        body.await
    }))
}

async fn result(body: AbortOnDropHandle<TestResult>) -> TestResult {
    match body.await {
        Ok(result) => result,
        Err(error) if error.is_panic() => Err(Panicked::new(&*error.into_panic()).into()),
        Err(_) => Err("the test was given up".into()),
    }
}
