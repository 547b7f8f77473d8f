//! The boot: from a folder to a server that is ready.

use std::error::Error;
use std::fmt;
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::folder::Run;
use crate::instance::{BootFailure, Log, LogFailure, Process};
use crate::nats::configuration::MAIN;
use crate::nats::life::Life;
use crate::nats::port::Port;
use crate::nats::server::Server;
use crate::readable;
use crate::sandbox::{BuildError, inherited};

/// The line of the log that tells the end of a boot.
const READY: &str = "Server is ready";

/// The kinds of lines in the log that do not tell of a failure.
const CHATTER: [&str; 3] = ["[INF]", "[DBG]", "[TRC]"];

/// The number of bytes at the end of a log that are searched for the reason of a failed boot, and
/// the maximum number of lines that tell it.
const TAIL: u64 = 64 * 1024;
const TELLING: usize = 10;

/// The folder of an instance, and all that a boot needs.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) run: Arc<Run>,
    pub(super) folder: PathBuf,
    pub(super) store: PathBuf,
    pub(super) port: Port,
    pub(super) server: Server,
    pub(super) boot_timeout: Duration,
}

impl Place {
    /// Returns the file of the log, in which what the server prints is, too.
    pub(super) fn log(&self) -> PathBuf {
        self.folder.join("nats.log")
    }

    /// Launches the server and waits until it is ready.
    pub(super) async fn start(&self) -> Result<Life, BootError> {
        let begun = Instant::now();
        let path = self.log();
        let log_start = fs::metadata(&path).map_or(0, |metadata| metadata.len());
        let process = self.launch().map_err(|failure| self.failed(failure, log_start))?;
        let mut log = Log::new(path, log_start, process.exit());
        match log.wait_for(READY, self.boot_timeout).await {
            Ok(_) => {
                let took = begun.elapsed();
                tracing::info!(?took, address = %self.port.address, "nats-server is ready");
                Ok(Life { process, log_start, took, run: Arc::clone(&self.run) })
            }
            Err(error) => {
                process.kill();
                let failure = match error.failure {
                    LogFailure::Exited(status) => BootFailure::Exited(status),
                    LogFailure::Timeout(timeout) => BootFailure::Timeout(timeout),
                    LogFailure::File(error) => failed_to("watch its log")(error),
                };
                Err(self.failed(failure, log_start))
            }
        }
    }

    fn launch(&self) -> Result<Process, BootFailure> {
        let output = File::options().create(true).append(true).open(self.log());
        let output = output.map_err(failed_to("open its log"))?;
        let command = self.command();
        tracing::debug!(program = ?command.get_program(), "launching");
        let program = format!("execute {}", command.get_program().display());
        Process::spawn(command, output, &self.folder).map_err(failed_to(program))
    }

    /// Returns the command that launches the server. The arguments count more than what the same
    /// settings in a configuration file say.
    fn command(&self) -> Command {
        let mut command = Command::new(self.server.binary());
        command.env_clear().envs(inherited()).current_dir(&self.folder);
        command.args(["-c", MAIN, "-a"]).arg(self.port.address.ip().to_string());
        command.arg("-p").arg(self.port.address.port().to_string());
        command.args(["-js", "-sd"]).arg(&self.store).arg("-l").arg(self.log());
        command
    }

    fn failed(&self, failure: BootFailure, log_start: u64) -> BootError {
        let kept = self.run.keep_for_error();
        let last_words = last_words(&self.log(), log_start);
        BootError { failure, last_words, folder: self.run.path.clone(), kept }
    }
}

fn failed_to(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> BootFailure {
    let what = what.into();
    move |error| BootFailure::Launch { what, error }
}

/// Returns the last lines that tell of a failure, behind a place in a log, or the last lines of any
/// kind if there are none of these.
fn last_words(path: &Path, start: u64) -> Vec<String> {
    let mut text = Vec::new();
    let read = File::open(path).and_then(|mut file| {
        let end = file.metadata()?.len();
        file.seek(SeekFrom::Start(start.max(end.saturating_sub(TAIL))))?;
        file.take(TAIL).read_to_end(&mut text)
    });
    if read.is_err() {
        return Vec::new();
    }
    let text = String::from_utf8_lossy(&text);
    let all: Vec<_> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let is_telling = |line: &&str| !CHATTER.iter().any(|kind| line.contains(kind));
    let telling: Vec<_> = all.iter().copied().filter(is_telling).collect();
    let words = if telling.is_empty() { all } else { telling };
    words[words.len().saturating_sub(TELLING)..].iter().map(|&line| line.to_owned()).collect()
}

/// The error of a server that did not boot. It is displayed with its evidence first: the last lines
/// of the log, and where the folder is kept. The last line is the conclusion, and
/// [`source`](Error::source) is the cause of the failure. `Debug`, which tests that return errors
/// print, adds the causes.
pub struct BootError {
    /// The reason of the failure.
    pub failure: BootFailure,
    /// The last lines of the log that are neither information nor for debugging, or of any kind if
    /// there are none of these.
    pub last_words: Vec<String>,
    /// The folder of the run.
    pub folder: PathBuf,
    /// `true` if the folder is kept, as it is unless `ASTERISK_KEEP=never` is set.
    pub kept: bool,
}

impl fmt::Display for BootError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.last_words.iter().try_for_each(|line| writeln!(f, "    {line}"))?;
        if self.kept {
            writeln!(f, "the sandbox is kept: {}", self.folder.display())?;
        }
        write!(f, "nats-server did not boot: {}", self.failure)
    }
}

impl fmt::Debug for BootError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        readable::write(f, self)
    }
}

impl Error for BootError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.failure.source()
    }
}

/// The error of a server that was not started: its folder could not be made, or it did not boot.
/// `Debug`, which tests that return errors print, writes the text with its causes.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The folder could not be made, or no port is free.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The server did not boot.
    #[error(transparent)]
    Boot(#[from] BootError),
}

impl fmt::Debug for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        readable::write(f, self)
    }
}
