//! A test that is a program, in whatever language: `run-test`, or the suite's Python for YAML that
//! does not run natively.
//!
//! It gets what the suite's runner gives it: the suite as working directory, `AST_TEST_ROOT` with a
//! system tree, the server in `PATH`. Its output is the test's, and its exit code the verdict.

use std::ffi::OsString;
use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, SystemTime};

use tokio::process::{Child, Command};
use tokio_util::sync::CancellationToken;

use crate::files::GlobalConfig;
use crate::job::{Account, INTERRUPTED, Job, Outcome, Reason};
use crate::worker::evidence::{self, Kept};

/// The variable with the name of the test.
const ACTIVE: &str = "TESTSUITE_ACTIVE_TEST";

/// A test that is a program.
#[derive(Debug)]
pub(crate) struct Script<'a> {
    job: &'a Job,
    /// The program and its arguments.
    command: &'a [String],
    /// The system tree for `AST_TEST_ROOT`.
    tree: PathBuf,
    /// A folder for what it writes for a while.
    scratch: PathBuf,
    /// The place at which the suite's library links to the folder of the test's runs.
    work: PathBuf,
}

impl<'a> Script<'a> {
    pub(crate) fn new(job: &'a Job, command: &'a [String]) -> Self {
        let (name, tree) = (&job.test, job.settings.tree.clone().unwrap_or_default());
        Self {
            job,
            command,
            // No test's folder is in that of another, whose name may begin with its.
            scratch: tree.join("scratch").join(name.replace('/', "%")),
            // The library names it without the first part.
            work: tree.join("tmp").join(name.strip_prefix("tests/").unwrap_or(name)),
            tree,
        }
    }

    pub(crate) fn job(&self) -> &Job {
        self.job
    }

    pub(crate) fn tree(&self) -> &Path {
        &self.tree
    }

    /// The variables of the environment that say what was asked of the run.
    fn environment(&self) -> impl Iterator<Item = (&'static str, OsString)> {
        let chosen = &self.job.settings.chosen;
        let config = chosen.testsuite_config.as_ref().map(|path| path.clone().into_os_string());
        let variables = [
            (GlobalConfig::VARIABLE, config),
            ("PCAP", chosen.pcap.then(|| "yes".into())),
            ("VALGRIND_ENABLE", chosen.valgrind.then(|| "true".into())),
        ];
        variables.into_iter().filter_map(|(name, value)| Some((name, value?)))
    }

    fn told(&self) -> String {
        self.command.join(" ")
    }

    /// Runs the program. It is killed when `cancelled` says so.
    pub(crate) async fn run(&self, cancelled: &CancellationToken) -> Account {
        let begun = SystemTime::now();
        let mut child = match start(self) {
            Ok(child) => child,
            Err(error) => {
                let hint = hint_of(self).unwrap_or_default();
                let account = Account::failed(format!("{}: {error}{hint}", self.told()));
                return Account { outcome: Outcome::Faulty, ..account };
            }
        };
        let ended = tokio::select! {
            ended = child.wait() => Some(ended),
            () = cancelled.cancelled() => None,
        };
        let mut account = match ended {
            Some(Ok(status)) if status.success() => {
                Account { outcome: Outcome::Passed, ..Account::default() }
            }
            Some(Ok(status)) => {
                // `env` is what the system finds, and it does not find the rest of the line.
                let hint = status.code().filter(|code| *code == NO_PROGRAM);
                let hint = hint.and_then(|_| hint_of(self)).unwrap_or_default();
                Account::failed(format!("{} ended with {status}{hint}", self.told()))
            }
            Some(Err(error)) => Account::failed(error.to_string()),
            None => Account::failed(INTERRUPTED),
        };
        // What it started goes with it, whatever group that is in.
        let _ = child.kill().await;
        instance::kill_children();
        account.cores = cores(self.job, begun);
        for core in &account.cores {
            account.outcome = Outcome::Faulty;
            account.reasons.push(Reason::new(format!("a server crashed, core {}", core.display())));
        }
        account
    }
}

/// The exit code of a shell or `env` that finds no such program.
const NO_PROGRAM: i32 = 127;

/// Says what the first line of a program has to do with its not being found.
fn hint_of(script: &Script<'_>) -> Option<String> {
    let program = script.job.settings.suite.join(script.command.first()?);
    let mut start = Vec::new();
    File::open(program).ok()?.take(256).read_to_end(&mut start).ok()?;
    let line = start.strip_prefix(b"#!")?.split(|byte| *byte == b'\n').next()?;
    let line = String::from_utf8_lossy(line);
    Some(match line.strip_suffix('\r') {
        Some(_) => {
            "; its first line ends in CR, which the system takes for a part of the name: save it with LF alone as the end of a line".to_owned()
        }
        None => format!("; its first line names {}", line.trim()),
    })
}

/// The folder that the suite's library has its own log in, and that the suite's runner makes: a
/// fresh checkout has none.
fn make_logs(suite: &Path) {
    let logs = suite.join("logs");
    if !suite.join("lib/python/asterisk").is_dir() || logs.is_dir() {
        return;
    }
    // Only the library needs it, and says so.
    if let Err(error) = std::fs::create_dir_all(&logs) {
        // The output of a test goes there.
        let _ = writeln!(std::io::stderr(), "failed to make {}: {error}", logs.display());
    }
}

/// The cores of the test's servers: they run in the suite's folder, and leave them there. In a core
/// is the environment, and with it the name of the test.
fn cores(job: &Job, since: SystemTime) -> Vec<PathBuf> {
    /// The clock of files is behind, by the kernel's tick.
    const TICK: Duration = Duration::from_millis(20);
    let since = since - TICK;
    let mark = format!("{ACTIVE}={}\0", job.test).into_bytes();
    let entries = std::fs::read_dir(&job.settings.suite).into_iter().flatten().flatten();
    let new = entries.filter(|entry| {
        let is_new = entry.metadata().and_then(|it| it.modified()).is_ok_and(|it| it >= since);
        is_new && entry.file_name().to_string_lossy().starts_with("core")
    });
    let cores = new.map(|entry| entry.path()).filter(|path| has(path, &mark).unwrap_or(false));
    cores.collect()
}

/// Returns whether a file has some bytes in it.
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

fn start(script: &Script<'_>) -> std::io::Result<Child> {
    let job = script.job;
    let (program, arguments) =
        script.command.split_first().ok_or(std::io::ErrorKind::InvalidInput)?;
    let programs = ["usr/local/bin", "usr/sbin"].map(|folder| script.tree.join(folder));
    let path = before("PATH", programs)?;
    let libraries = before("PYTHONPATH", ["lib/python".into()])?;
    std::fs::create_dir_all(&script.scratch)?;
    make_logs(&job.settings.suite);
    let mut command = Command::new(program);
    command
        .args(arguments)
        .current_dir(&job.settings.suite)
        .env("AST_TEST_ROOT", &script.tree)
        // What it puts there goes away with it.
        .env("TMPDIR", &script.scratch)
        .env(ACTIVE, &job.test)
        .env("PATH", path)
        .env("PYTHONPATH", libraries)
        .env("PYTHONUNBUFFERED", "1")
        .envs(script.environment())
        // The worker's outputs are the program's as well, and so come to the runner as they are.
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command.spawn()
}

/// Folders before those that a variable names. An empty one would be the working directory.
fn before(variable: &str, folders: impl IntoIterator<Item = PathBuf>) -> std::io::Result<OsString> {
    let value = std::env::var_os(variable).unwrap_or_default();
    let others = std::env::split_paths(&value).filter(|path| !path.as_os_str().is_empty());
    std::env::join_paths(folders.into_iter().chain(others)).map_err(std::io::Error::other)
}

/// Keeps what the suite's library has in its folder for the run of the test. A program that does
/// not use it has its output kept.
pub(crate) fn keep(script: &Script<'_>) -> anyhow::Result<Kept> {
    // It is a link with the test's name.
    let runs = std::fs::read_dir(&script.work).into_iter().flatten().flatten();
    let is_run = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("run_") && path.is_dir()
    };
    // What earlier executions left was removed.
    let (evidence, cores) = (script.job.evidence(), script.job.settings.chosen.keep_core);
    match runs.map(|run| run.path()).find(is_run) {
        Some(run) => evidence::keep(&run, &evidence, cores),
        None => Kept::nothing(&evidence),
    }
}

/// Removes what the program and the suite's library wrote.
pub(crate) fn sweep(script: &Script<'_>) -> std::io::Result<()> {
    let scratch = match std::fs::remove_dir_all(&script.scratch) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    };
    let runs = sweep_runs(script);
    scratch.and(runs)
}

/// Removes the folder of the test's runs. The library names it after a digest of the test's name,
/// and links to it; whatever else a program has linked there is not ours. A folder without a link
/// may have those of other tests in it.
fn sweep_runs(script: &Script<'_>) -> std::io::Result<()> {
    let Ok(metadata) = std::fs::symlink_metadata(&script.work) else {
        return Ok(());
    };
    if metadata.is_dir() {
        for entry in std::fs::read_dir(&script.work)?.flatten() {
            if entry.file_name().to_string_lossy().starts_with("run_") {
                std::fs::remove_dir_all(entry.path())?;
            }
        }
        return Ok(());
    }
    let all = std::fs::canonicalize(script.tree.join("tmp"))?;
    let target = std::fs::canonicalize(&script.work);
    std::fs::remove_file(&script.work)?;
    let is_digest = |path: &Path| {
        let name = path.file_name().unwrap_or_default().as_encoded_bytes();
        name.len() == 32 && name.iter().all(u8::is_ascii_hexdigit)
    };
    match target {
        Ok(target) if target.parent() == Some(&all) && is_digest(&target) => {
            std::fs::remove_dir_all(target)
        }
        _ => Ok(()),
    }
}
