//! From a sandbox to a running server that is fully booted and that we are logged in to.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::{Duration, Instant, SystemTime};

use ami::{Client, Config};
use rustix::process::Signal;
use tokio::net::UnixDatagram;
use tokio::time::{sleep, timeout};

use crate::crash;
use crate::descendants;
use crate::findings::{self, Finding, SANITIZER, SANITIZERS};
use crate::instance::Instance;
use crate::join::all;
use crate::listening::listens;
use crate::log;
use crate::process::Process;
use crate::sandbox::Sandbox;

mod error;

pub use error::{BootError, BootFailure, Stage};

/// The manager user of our `manager.conf`.
pub(crate) const USER: &str = "user";
pub(crate) const SECRET: &str = "mysecret";

/// After which time a server that has not said it is ready is asked over AMI, and how often: it may be a build without
/// `sd_notify`. All that have it are ready before.
const ASK_AFTER: Duration = Duration::from_secs(1);
const ASK_EVERY: Duration = Duration::from_millis(100);

/// How long a server that nobody can log in to may take to end, so that its log is complete.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// With less room than that, in bytes, a disk is full: the server gives back a little when it ends.
const ROOM: u64 = 64 * 1024;

/// A server that has booted.
#[derive(Debug)]
pub(crate) struct Booted {
    // In the order in which they are dropped.
    pub(crate) client: Client,
    pub(crate) process: Process,
    /// What the server says to its service manager.
    pub(crate) notify: std::os::unix::net::UnixDatagram,
    /// How long the log files were before.
    pub(crate) logs: BTreeMap<PathBuf, u64>,
    pub(crate) launched: SystemTime,
    pub(crate) took: Duration,
}

impl Sandbox {
    /// Launches the server and waits until it is fully booted and we are logged in.
    ///
    /// # Errors
    ///
    /// At once if the server dies, does not listen or refuses the login, and after the boot time-out. The error has the
    /// server's last words, and the folder is kept.
    pub async fn boot(self) -> Result<Instance, BootError> {
        let booted = self.start().await?;
        Ok(Instance::new(booted, self))
    }

    /// Boots several sandboxes at the same time.
    ///
    /// # Errors
    ///
    /// As [`boot`](Self::boot), for the first that fails. The others are killed.
    pub async fn boot_all(sandboxes: Vec<Self>) -> Result<Vec<Instance>, BootError> {
        all(sandboxes.into_iter().map(Self::boot)).await
    }

    pub(crate) async fn start(&self) -> Result<Booted, BootError> {
        let begun = Instant::now();
        let launched = SystemTime::now();
        let logs = log::lengths(&self.logs());
        let (process, ready) = match self.launch() {
            Ok(started) => started,
            Err(error) => return Err(self.failed(Stage::Created, error.into(), Vec::new())),
        };
        let mut boot =
            Boot { sandbox: self, process: &process, ready: &ready, stage: Stage::Launched };
        let booted = tokio::select! {
            booted = timeout(boot.sandbox.boot_timeout, boot.run()) => booted,
            status = process.exited() => Ok(Err(BootFailure::Exited(status))),
        };
        let stage = boot.stage;
        let booted = booted.unwrap_or(Err(BootFailure::Timeout(self.boot_timeout)));
        let booted = booted.and_then(|client| Ok((client, ready.into_std()?)));
        match booted {
            Ok((client, notify)) => {
                let took = begun.elapsed();
                tracing::info!(?took, address = self.ami_address(), "booted");
                Ok(Booted { client, process, notify, logs, launched, took })
            }
            Err(failure) => Err(self.post_mortem(stage, failure, process, launched, &logs).await),
        }
    }

    /// Ends a server that did not boot, and finds out why it did not.
    async fn post_mortem(
        &self,
        stage: Stage,
        mut failure: BootFailure,
        process: Process,
        launched: SystemTime,
        logs: &BTreeMap<PathBuf, u64>,
    ) -> BootError {
        // Its log is complete when it has ended of itself. One that hangs does not.
        if !matches!(failure, BootFailure::Timeout(_)) {
            process.signal(Signal::TERM);
            // One that does not end is killed.
            let _ = process.awaited(LAST_WORDS, std::future::ready(())).await;
        }
        process.kill();
        if let BootFailure::NotListening { reason, .. } = &mut failure {
            let lines = log::tail(&self.logs().join("messages.txt"), 100);
            let says = |line: &String| line.contains("AMI") || line.contains("manager.c");
            *reason = lines.into_iter().find(says);
        }
        let mut findings = match (&failure, process.status()) {
            (BootFailure::Exited(_), Some(status)) => {
                self.findings(status, process.started(), launched, logs).await.0
            }
            _ => Vec::new(),
        };
        // The last words have them.
        findings.retain(|finding| !matches!(finding, Finding::Error(_)));
        self.failed(stage, failure, findings)
    }

    /// What the end of a process shows, and the errors that it logged while it booted.
    pub(crate) async fn findings(
        &self,
        status: ExitStatus,
        pid: u32,
        launched: SystemTime,
        before: &BTreeMap<PathBuf, u64>,
    ) -> (Vec<Finding>, Vec<String>) {
        let logs = self.logs();
        let crash =
            crash::examine(status, pid, launched, &self.layout.base, &self.server, &logs).await;
        let mut findings: Vec<_> = crash.map(Finding::Crash).into_iter().collect();
        findings.extend(findings::sanitizers(&logs));
        let disk = rustix::fs::statvfs(&self.layout.base);
        let is_full = disk.is_ok_and(|disk| disk.f_bavail * disk.f_frsize < ROOM);
        findings.extend(is_full.then_some(Finding::DiskFull));
        let full = logs.join("full.txt");
        let log = if full.exists() { full } else { logs.join("messages.txt") };
        let (early, late) = findings::errors(&log, before.get(&log).copied().unwrap_or(0));
        findings.extend(late.into_iter().map(Finding::Error));
        (findings, early)
    }

    /// The command that launches the server.
    pub fn command(&self) -> std::process::Command {
        let mut command = self.server.command();
        command.args(["-f", "-g", "-q", "-m", "-n", "-C"]).arg(self.asterisk_conf());
        command.env("NOTIFY_SOCKET", self.notify_socket()).env_remove("LISTEN_FDS");
        let reports = self.logs().join(SANITIZER);
        for variable in SANITIZERS {
            let mut options = std::env::var_os(variable).unwrap_or_default();
            if !options.is_empty() {
                options.push(":");
            }
            options.push("log_path=");
            options.push(&reports);
            command.env(variable, options);
        }
        command.current_dir(&self.layout.base);
        command
    }

    fn notify_socket(&self) -> PathBuf {
        self.layout.runtime().join("notify")
    }

    fn launch(&self) -> io::Result<(Process, UnixDatagram)> {
        // An earlier run leaves its socket, and its output, which is as good a word as that of this one.
        let socket = self.notify_socket();
        match fs::remove_file(&socket) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let ready = UnixDatagram::bind(socket)?;
        let console = self.logs().join("console.txt");
        let output = File::options().create(true).append(true).open(console)?;
        let command = self.command();
        tracing::debug!(?command, "launching");
        Ok((Process::spawn(command, output, &self.layout.base)?, ready))
    }

    fn failed(&self, stage: Stage, failure: BootFailure, findings: Vec<Finding>) -> BootError {
        self.keep();
        let (folder, last_words) = (self.folder().to_owned(), self.last_words());
        BootError { number: self.number, stage, failure, findings, last_words, folder }
    }
}

/// What is happening between the launch and the login.
struct Boot<'a> {
    sandbox: &'a Sandbox,
    process: &'a Process,
    ready: &'a UnixDatagram,
    stage: Stage,
}

impl Boot<'_> {
    async fn run(&mut self) -> Result<Client, BootFailure> {
        let early = tokio::select! {
            notified = notified(self.ready, b"READY=1") => {
                notified.map(|()| None)?
            }
            client = self.ask() => Some(client?),
        };
        self.stage = Stage::Ready;
        match early {
            Some(client) => Ok(client),
            None => self.log_in().await,
        }
    }

    async fn log_in(&self) -> Result<Client, BootFailure> {
        let address = self.sandbox.ami_address();
        if !self.listens() {
            return Err(BootFailure::NotListening { address, reason: None });
        }
        // The address may be another's once this server has ended.
        let config = Config::new(USER, SECRET).reconnect(None);
        match config.connect(address).await {
            Ok(client) => Ok(client),
            // A server that dies takes the connection with it. Its own end says more.
            Err(error) if error.fault() == ami::Fault::Link => {
                match timeout(ASK_EVERY, self.process.exited()).await {
                    Ok(status) => Err(BootFailure::Exited(status)),
                    Err(_) => Err(BootFailure::Login(error)),
                }
            }
            Err(error) => Err(BootFailure::Login(error)),
        }
    }

    /// Whether it is this server that listens there. Where the kernel does not tell, the login will.
    fn listens(&self) -> bool {
        let address = &self.sandbox.address;
        let Some(pid) = self.process.pid() else {
            return true;
        };
        // A server behind a script is not the process that we started.
        listens(&[pid], address.ip, address.ami_port) != Some(false)
            || listens(&descendants::pids(&self.sandbox.layout.base), address.ip, address.ami_port)
                != Some(false)
    }

    /// Finds out over AMI whether the server has booted. It gives no answer while it has not.
    async fn ask(&self) -> Result<Client, BootFailure> {
        sleep(ASK_AFTER).await;
        loop {
            match self.log_in().await {
                Ok(client) if client.ready().await.is_ok() => return Ok(client),
                Err(BootFailure::Login(error)) if error.response().is_some() => {
                    return Err(BootFailure::Login(error));
                }
                _ => sleep(ASK_EVERY).await,
            }
        }
    }
}

/// Waits for a word that a server sends to its service manager.
pub(crate) async fn notified(socket: &UnixDatagram, word: &[u8]) -> io::Result<()> {
    let mut message = [0; 4096];
    loop {
        let length = socket.recv(&mut message).await?;
        let mut lines = message[..length].split(|&byte| byte == b'\n');
        if lines.any(|line| line == word) {
            return Ok(());
        }
    }
}
