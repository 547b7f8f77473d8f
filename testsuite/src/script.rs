//! A test that is a program, in whatever language: `run-test`, or the suite's Python for YAML that does not run natively.
//!
//! It gets what the suite's runner gives it: the suite as working directory, `AST_TEST_ROOT` with a system tree, the server in
//! `PATH`. Its output is the test's, and its exit code the verdict.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, SystemTime};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::AsyncRead;
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::evidence;
use crate::lines::{self, Lines};
use crate::orders;
use crate::protocol::{Job, Message, Script};
use crate::verdict::{INTERRUPTED, Outcome, Reason};

/// The variable with the name of the test.
const ACTIVE: &str = "TESTSUITE_ACTIVE_TEST";

/// Runs it. When somebody wants the end, it is killed.
pub(crate) async fn run(job: &Job, script: &Script, cancelled: &CancellationToken) -> Outcome {
    let (mut outcome, begun) = (Outcome::default(), SystemTime::now());
    let mut child = match start(job, script) {
        Ok(child) => child,
        Err(error) => {
            outcome.reasons.push(Reason::new(format!("{}: {error}", script.command.join(" "))));
            outcome.faulty = true;
            return outcome;
        }
    };
    let pid = child.id().and_then(|pid| i32::try_from(pid).ok()).and_then(Pid::from_raw);
    let output = [hand_on(child.stdout.take()), hand_on(child.stderr.take())];
    let ended = tokio::select! {
        ended = child.wait() => Some(ended),
        () = cancelled.cancelled() => None,
    };
    match ended {
        Some(Ok(status)) if status.success() => outcome.passed = true,
        Some(Ok(status)) => {
            outcome
                .reasons
                .push(Reason::new(format!("{} ended with {status}", script.command.join(" "))));
        }
        Some(Err(error)) => outcome.reasons.push(Reason::new(error.to_string())),
        None => outcome.reasons.push(Reason::new(INTERRUPTED)),
    }
    kill(pid, &mut child).await;
    // A grandchild that holds the pipe is no reason to wait for ever.
    let rest = async {
        for lines in output {
            let _ = lines.await;
        }
    };
    let _ = tokio::time::timeout(Duration::from_secs(2), rest).await;
    outcome.cores = cores(job, begun);
    for core in &outcome.cores {
        outcome.passed = false;
        outcome.faulty = true;
        outcome.reasons.push(Reason::new(format!("a server crashed, core {}", core.display())));
    }
    outcome
}

/// The cores of the test's servers: they run in the suite's folder, and leave them there. In a core is the environment, and with
/// it the name of the test.
fn cores(job: &Job, since: SystemTime) -> Vec<PathBuf> {
    /// The clock of files is behind, by the kernel's tick.
    const TICK: Duration = Duration::from_millis(20);
    let since = since - TICK;
    let mark = format!("{ACTIVE}={}\0", job.test).into_bytes();
    let entries = std::fs::read_dir(&job.suite).into_iter().flatten().flatten();
    let new = entries.filter(|entry| {
        let is_new = entry.metadata().and_then(|it| it.modified()).is_ok_and(|it| it >= since);
        is_new && entry.file_name().to_string_lossy().starts_with("core")
    });
    let cores = new.map(|entry| entry.path()).filter(|path| has(path, &mark).unwrap_or(false));
    cores.collect()
}

/// Whether a file has some bytes in it.
fn has(path: &Path, wanted: &[u8]) -> std::io::Result<bool> {
    let (mut file, mut held) = (File::open(path)?, Vec::new());
    let mut chunk = vec![0; 1024 * 1024];
    loop {
        let count = file.read(&mut chunk)?;
        held.extend_from_slice(&chunk[..count]);
        if memchr::memmem::find(&held, wanted).is_some() {
            return Ok(true);
        }
        if count == 0 {
            return Ok(false);
        }
        held.drain(..held.len().saturating_sub(wanted.len()));
    }
}

fn start(job: &Job, script: &Script) -> std::io::Result<Child> {
    let (program, arguments) =
        script.command.split_first().ok_or(std::io::ErrorKind::InvalidInput)?;
    let path = std::env::var_os("PATH").unwrap_or_default();
    let own = [script.tree.join("usr/sbin")];
    let path = std::env::join_paths(own.into_iter().chain(std::env::split_paths(&path)));
    let library = PathBuf::from("lib/python");
    let libraries = std::env::var_os("PYTHONPATH").unwrap_or_default();
    let libraries =
        std::env::join_paths([library].into_iter().chain(std::env::split_paths(&libraries)));
    std::fs::create_dir_all(&script.scratch)?;
    let mut command = Command::new(program);
    command
        .args(arguments)
        .current_dir(&job.suite)
        .env("AST_TEST_ROOT", &script.tree)
        // What it puts there goes away with it.
        .env("TMPDIR", &script.scratch)
        .env(ACTIVE, &job.test)
        .env("PATH", path.map_err(std::io::Error::other)?)
        .env("PYTHONPATH", libraries.map_err(std::io::Error::other)?)
        .env("PYTHONUNBUFFERED", "1")
        .envs(script.environment.iter().map(|(key, value)| (key, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true);
    command.spawn()
}

/// Hands on what comes, until nothing more can. An empty line is a line.
fn hand_on(from: Option<impl AsyncRead + Unpin + Send + 'static>) -> JoinHandle<()> {
    tokio::spawn(async move {
        let Some(from) = from else {
            return;
        };
        let mut from = Lines::new(from, lines::OUTPUT);
        while let Some(line) = from.next().await {
            orders::tell(&Message::Line(line));
        }
    })
}

/// Kills what is left of its process group.
async fn kill(group: Option<Pid>, child: &mut Child) {
    if let Some(pid) = group {
        let _ = kill_process_group(pid, Signal::KILL);
        let _ = child.wait().await;
    }
}

/// Keeps what the suite's library has in its folder for the runs of the test, and removes that.
pub(crate) fn keep(
    script: &Script,
    evidence: Option<&Path>,
    cores: bool,
) -> std::io::Result<Option<PathBuf>> {
    if script.scratch.exists() {
        std::fs::remove_dir_all(&script.scratch)?;
    }
    // It is a link with the test's name.
    let Ok(folder) = std::fs::canonicalize(&script.work) else {
        return Ok(None);
    };
    let mut place = None;
    for run in std::fs::read_dir(&folder)?.flatten() {
        let is_run = run.file_name().to_string_lossy().starts_with("run_");
        if let Some(evidence) = evidence.filter(|_| is_run && run.path().is_dir()) {
            place = Some(evidence::keep(&run.path(), evidence, cores)?.place);
        }
    }
    if folder.starts_with(std::fs::canonicalize(&script.tree)?) {
        std::fs::remove_dir_all(folder)?;
    }
    Ok(place)
}
