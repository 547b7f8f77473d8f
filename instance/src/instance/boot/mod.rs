//! From a sandbox to a running server that is fully booted and that we are logged in to.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::future::{pending, ready};
use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::{Duration, Instant, SystemTime};

use ami::Client;
use rustix::fs::StatVfs;
use rustix::process::Signal;
use tokio::net::UnixDatagram;
use tokio::time::{sleep, timeout};

use crate::folder::descendants;
use crate::instance::Instance;
use crate::instance::console;
use crate::instance::crash;
use crate::instance::errors::{self, Before, Errors};
use crate::instance::findings::{self, Finding, SANITIZER, SANITIZERS};
use crate::instance::join::all;
use crate::instance::log;
use crate::instance::process::Process;
use crate::sandbox::listening::{self, listens};
use crate::sandbox::variables;
use crate::sandbox::{MissingInclude, Sandbox};

mod error;

pub use error::{AmiSettings, BootError, BootFailure, Stage};

/// After which time a server that has not said it is ready is asked, and how often: it may be a
/// build without `sd_notify`. One that has it may boot for longer.
const ASK_AFTER: Duration = Duration::from_secs(1);
const ASK_EVERY: Duration = Duration::from_millis(100);

/// The longest wait for a server's answer.
const ANSWER: Duration = Duration::from_secs(1);

/// The longest wait for a server that has what it registers last to say that it is ready.
const MOMENT: Duration = Duration::from_secs(2);

/// The longest wait for the log of a server that is ready, and the time between two looks at it.
const LOGGED: Duration = Duration::from_secs(5);
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// The longest wait for the end of a server that closed a connection.
const DYING: Duration = Duration::from_millis(100);

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
    pub(crate) before: Before,
    pub(crate) took: Duration,
}

impl Sandbox {
    /// Launches the server and waits until it is fully booted and we are logged in.
    ///
    /// # Errors
    ///
    /// At once if the server dies, does not listen or refuses the login, and after the boot
    /// time-out. The error has the server's last words, and the folder is kept, unless
    /// `ASTERISK_KEEP=never` is set.
    pub async fn boot(self) -> Result<Instance, BootError> {
        let instance = self.boot_unused().await?;
        instance.sandbox.witness.set_in_use(true);
        Ok(instance)
    }

    /// Boots a server that nobody uses yet: dropping it is no failure of a test.
    async fn boot_unused(self) -> Result<Instance, BootError> {
        let booted = self.start().await?;
        Ok(Instance::new(booted, self))
    }

    /// Boots several sandboxes at the same time.
    ///
    /// # Errors
    ///
    /// As [`boot`](Self::boot), for the first that fails. The others are killed.
    pub async fn boot_all(sandboxes: Vec<Self>) -> Result<Vec<Instance>, BootError> {
        let instances = all(sandboxes.into_iter().map(Self::boot_unused)).await?;
        instances.iter().for_each(|instance| instance.sandbox.witness.set_in_use(true));
        Ok(instances)
    }

    pub(crate) async fn start(&self) -> Result<Booted, BootError> {
        let begun = Instant::now();
        let launch = log::lengths(&self.logs());
        let mut before = Before { launched: SystemTime::now(), launch, ready: BTreeMap::new() };
        let (process, ready) = match self.launch() {
            Ok(started) => started,
            Err(failure) => return Err(self.failed(Stage::Created, failure, Vec::new(), &before)),
        };
        let mut boot = Boot {
            sandbox: self,
            process: &process,
            ready: &ready,
            stage: Stage::Launched,
            before: &mut before,
        };
        let booted = tokio::select! {
            booted = timeout(boot.sandbox.boot_timeout, boot.run()) => booted,
            status = process.exited() => Ok(Err(BootFailure::Exited(status))),
        };
        let stage = boot.stage;
        let booted = booted.unwrap_or(Err(BootFailure::Timeout(self.boot_timeout)));
        match booted {
            Ok(client) => {
                let took = begun.elapsed();
                tracing::info!(?took, address = self.ami_address(), "booted");
                Ok(Booted { client, process, before, took })
            }
            Err(failure) => Err(self.post_mortem(stage, failure, process, &before).await),
        }
    }

    /// Ends a server that did not boot, and finds out why it did not.
    async fn post_mortem(
        &self,
        stage: Stage,
        mut failure: BootFailure,
        process: Process,
        before: &Before,
    ) -> BootError {
        // Its log is complete when it has ended of itself. One that hangs does not.
        if !matches!(failure, BootFailure::Timeout(_)) {
            process.signal(Signal::TERM);
            // One that does not end is killed.
            let _ = process.awaited(LAST_WORDS, pending(), ready(())).await;
        }
        process.kill();
        // A module that has to load ends the server with it, and AMI is silent without its file.
        if matches!(failure, BootFailure::Exited(_) | BootFailure::NotListening { .. })
            && let Some(missing) = self.missing_include(before)
        {
            failure = missing;
        }
        if let BootFailure::NotListening { reason, settings, .. } = &mut failure {
            let (log, ours) = (self.log(), AmiSettings::At(self.ami_address()));
            *reason = errors::why_no_ami(&log, before.length_at_launch(&log));
            if *settings == ours {
                *settings = AmiSettings::Unknown;
                let (ip, port) = (self.address.ip, self.address.ami_port);
                if let Some(holder) = listening::holder(ip, port) {
                    let reason = reason.get_or_insert_default();
                    reason.push_str(&format!("; {holder} listens there"));
                }
            }
        }
        let mut findings = match process.status() {
            Some(status) => self.findings(status, &process, before).await.0,
            None => Vec::new(),
        };
        // The last words have the errors.
        findings.retain(|it| !matches!(it, Finding::Error(_) | Finding::MoreErrors(_)));
        self.failed(stage, failure, findings, before)
    }

    /// What the end of a process shows, and the errors that it logged while it booted.
    pub(crate) async fn findings(
        &self,
        status: ExitStatus,
        process: &Process,
        before: &Before,
    ) -> (Vec<Finding>, Errors) {
        let logs = self.logs();
        let (pid, launched) = (process.started(), before.launched);
        let crash =
            crash::examine(status, pid, launched, &self.layout.base, &self.server, &logs).await;
        let crash = crash.filter(|crash| !process.was_ended_by(crash.signal));
        let mut findings: Vec<_> = crash.map(Finding::Crash).into_iter().collect();
        let left = process.left();
        findings.extend((!left.is_empty()).then_some(Finding::Processes(left)));
        findings.extend(findings::sanitizers(&logs, &before.launch));
        findings.extend(self.has_full_disk().then_some(Finding::DiskFull));
        let (early, late) = self.errors(before);
        findings.extend(late.lines.into_iter().map(Finding::Error));
        findings.extend((late.more > 0).then_some(Finding::MoreErrors(late.more)));
        (findings, early)
    }

    /// The failure of a server that gave up a configuration file for want of one that it includes.
    /// The boot succeeds all the same, but for modules that have to load.
    fn missing_include(&self, before: &Before) -> Option<BootFailure> {
        if self.missing.is_empty() {
            return None;
        }
        let log = self.log();
        let names = errors::missing_includes(&log, before.length_at_launch(&log));
        let missing = self.missing.iter().find(|missing| names.contains(&missing.name))?.clone();
        let MissingInclude { from, line, name } = missing;
        Some(BootFailure::Include { from, line, name })
    }

    fn has_full_disk(&self) -> bool {
        let disk = rustix::fs::statvfs(&self.layout.base);
        // Of one without a limit there are no figures.
        let room = |disk: StatVfs| disk.f_bavail.saturating_mul(disk.f_frsize);
        disk.is_ok_and(|disk| disk.f_blocks > 0 && room(disk) < ROOM)
    }

    /// The command that launches the server.
    ///
    /// The environment is not this process's: a server inherits what it and the programs that it
    /// runs need (`PATH`, `HOME`, locale and time zone, library and module paths, certificates,
    /// options of sanitizers, `AST_…`), and gets what [`Builder::env`](crate::Builder::env) sets,
    /// but no other variable. unixODBC is sent to the folder of the configuration, also where a
    /// variable of the user's sends it elsewhere: `res_odbc` has it write there.
    pub fn command(&self) -> std::process::Command {
        let mut command = self.server.command();
        let own: Vec<_> = command
            .get_envs()
            .filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())))
            .collect();
        command.env_clear().envs(variables::inherited()).envs(own);
        command.args(["-f", "-g", "-q", "-m", "-n", "-C"]).arg(self.asterisk_conf());
        command.env("NOTIFY_SOCKET", self.notify_socket());
        command.env("ODBCSYSINI", self.etc()).env("ODBCINI", self.etc().join("odbc.ini"));
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
        command.envs(self.variables.0.iter().map(|(name, value)| (name, value)));
        command.current_dir(&self.layout.base);
        command
    }

    fn notify_socket(&self) -> PathBuf {
        self.layout.runtime().join("notify")
    }

    /// The socket of the server's service manager. Whoever holds it has to read: a server that has
    /// something to say and cannot waits. One whose manager is gone does not.
    pub(crate) fn service_manager(&self) -> io::Result<UnixDatagram> {
        // An earlier one leaves its socket.
        let socket = self.notify_socket();
        match fs::remove_file(&socket) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => UnixDatagram::bind(socket),
        }
    }

    fn launch(&self) -> Result<(Process, UnixDatagram), BootFailure> {
        let failed = |what: String| move |error| BootFailure::Launch { what, error };
        let ready = self.service_manager();
        let ready = ready.map_err(failed("bind the socket that it notifies".to_owned()))?;
        let console = self.logs().join("console.txt");
        // The output of an earlier run stays, as good a word as that of this one.
        let output = File::options().create(true).append(true).open(console);
        let output = output.map_err(failed("open console.txt".to_owned()))?;
        let command = self.command();
        // Values of the environment are nobody's business.
        let arguments: Vec<_> = command.get_args().collect();
        tracing::debug!(program = ?command.get_program(), ?arguments, "launching");
        let program = format!("execute {}", command.get_program().display());
        let process = Process::spawn(command, output, &self.layout.base);
        Ok((process.map_err(failed(program))?, ready))
    }

    fn failed(
        &self,
        stage: Stage,
        failure: BootFailure,
        findings: Vec<Finding>,
        before: &Before,
    ) -> BootError {
        let kept = self.run.keep_told();
        let (folder, log) = (self.folder().to_owned(), self.log());
        let start = before.length_at_launch(&log);
        let last_words = errors::evidence(&self.logs(), &log, start);
        BootError { number: self.number, stage, failure, findings, last_words, folder, kept }
    }
}

/// What is happening between the launch and the login.
struct Boot<'a> {
    sandbox: &'a Sandbox,
    process: &'a Process,
    ready: &'a UnixDatagram,
    stage: Stage,
    before: &'a mut Before,
}

impl Boot<'_> {
    async fn run(&mut self) -> Result<Client, BootFailure> {
        tokio::select! {
            notified = notified(self.ready, b"READY=1") => {
                let what = "read what it notifies".to_owned();
                notified.map_err(|error| BootFailure::Launch { what, error })?;
            }
            () = self.asked() => {}
        }
        self.stage = Stage::Ready;
        let client = self.log_in().await?;
        self.logged().await;
        if let Some(failure) = self.sandbox.missing_include(self.before) {
            return Err(failure);
        }
        self.before.ready = log::lengths(&self.sandbox.logs());
        Ok(client)
    }

    /// Waits until the log says that the server is ready, which it does after the server's own
    /// word: nobody has the server do anything before that line, so all errors behind it are not of
    /// the boot. Without that line, which a server whose log is behind by a thousand lines may
    /// leave out, all is logged after a while.
    async fn logged(&self) {
        let begun = Instant::now();
        let mut log = self.sandbox.log();
        while log.exists() && !errors::says_ready(&log, self.before.length_at_launch(&log)) {
            if begun.elapsed() > LOGGED || self.sandbox.has_full_disk() {
                tracing::warn!("the log does not say that the server is ready");
                return;
            }
            sleep(LOOK_EVERY).await;
            log = self.sandbox.log();
        }
    }

    async fn log_in(&self) -> Result<Client, BootFailure> {
        let address = self.sandbox.ami_address();
        if !self.listens() {
            let settings = self.settings().await;
            return Err(BootFailure::NotListening { address, settings, reason: None });
        }
        match self.sandbox.login.connect(address).await {
            Ok(client) => Ok(client),
            // A server that dies takes the connection with it. Its own end says more.
            Err(error) if error.fault() == ami::Fault::Link => {
                match timeout(DYING, self.process.exited()).await {
                    Ok(status) => Err(BootFailure::Exited(status)),
                    Err(_) => Err(BootFailure::Login(error)),
                }
            }
            Err(error) => Err(BootFailure::Login(error)),
        }
    }

    /// The server's settings of AMI, as it says them.
    async fn settings(&self) -> AmiSettings {
        let socket = self.sandbox.control_socket();
        match timeout(ANSWER, console::ask(&socket, "manager show settings")).await {
            Ok(Ok(printed)) => AmiSettings::parse(&printed),
            _ => AmiSettings::Unknown,
        }
    }

    /// Whether it is this server that listens there. Where the kernel does not tell, the login
    /// will.
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

    /// Waits until a server that does not notify has booted: its log says so behind all else. Where
    /// it has no log, its last CLI commands have been there for a moment: they come right before
    /// (`asterisk_daemon` in `main/asterisk.c`).
    async fn asked(&self) {
        sleep(ASK_AFTER).await;
        let socket = self.sandbox.control_socket();
        let mut known = None;
        loop {
            let log = self.sandbox.log();
            if errors::says_ready(&log, self.before.length_at_launch(&log)) {
                return;
            }
            if known.is_none() {
                let asked = timeout(ANSWER, console::ask(&socket, "core show help core stop now"));
                known = asked.await.is_ok_and(|it| it.is_ok()).then(Instant::now);
            }
            if known.is_some_and(|known| known.elapsed() > MOMENT) {
                return;
            }
            sleep(ASK_EVERY).await;
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
