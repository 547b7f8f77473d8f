//! A running server.

mod boot;
mod call_file;
mod console;
pub(crate) mod crash;
pub(crate) mod errors;
mod findings;
mod join;
pub(crate) mod log;
mod process;
mod records;
mod resources;
mod stop;

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ami::{Action, Client};
use rustix::process::Signal;

use self::boot::Booted;
pub use self::boot::{AmiSettings, BootError, BootFailure, Stage};
pub use self::call_file::{CallFile, CallFileError};
pub use self::console::CliError;
pub use self::crash::Crash;
pub use self::findings::{Finding, Stopping};
use self::join::all;
pub use self::log::{Log, LogError, LogFailure};
pub use self::records::{Record, RecordError};
pub use self::resources::Resources;
pub use self::stop::{Stop, Stopped};
use crate::sandbox::Sandbox;

/// A running server in its sandbox.
///
/// [`stop`](Self::stop) lets it end its business and removes the folder. Dropping it kills the
/// server. An instance that is dropped without having been stopped, by a `?` or a panic, is one of
/// a test that failed: its folder stays as evidence, and the path is printed on the error output,
/// once for all instances of a run. [`Builder::keep_on_drop`](crate::Builder::keep_on_drop) and the
/// environment variable `ASTERISK_KEEP` (`always`, `failed` or `never`; `failed` unless set) change
/// that. After [`shut_down`](Self::shut_down), also by [`Stop::Kill`], dropping it removes the
/// folder.
#[derive(Debug)]
pub struct Instance {
    // In the order in which they are dropped.
    pub(crate) booted: Booted,
    pub(crate) sandbox: Sandbox,
    /// Whether the server was asked to stop.
    pub(crate) asked: AtomicBool,
}

impl Instance {
    pub(crate) fn new(booted: Booted, sandbox: Sandbox) -> Self {
        Self { booted, sandbox, asked: AtomicBool::new(false) }
    }

    /// The AMI connection that the boot ended with.
    pub fn ami(&self) -> &Client {
        &self.booted.client
    }

    /// The `host:port` that AMI listens on, for connections of one's own: user `user`, secret
    /// `mysecret`, unless the test's configuration says otherwise.
    pub fn ami_address(&self) -> String {
        self.sandbox.ami_address()
    }

    /// The time from launch to login.
    pub fn boot_time(&self) -> Duration {
        self.booted.took
    }

    /// The lines of level ERROR in the log while the server booted, the first thousand of them;
    /// [`Stopped::boot_errors`](crate::Stopped::boot_errors) are the same. Where a server has
    /// logged nothing, or nothing can be read, there are none.
    pub fn boot_errors(&self) -> Vec<String> {
        self.sandbox.errors(&self.booted.before).0.lines
    }

    /// The sandbox that it runs in.
    pub fn sandbox(&self) -> &Sandbox {
        &self.sandbox
    }

    /// Keeps the folder when the instance ends.
    pub fn keep(&self) {
        self.sandbox.keep();
    }

    /// Says a CLI command on the server's control socket, as `asterisk -rx` does, and gives what it
    /// prints; bytes that are not UTF-8 are replaced. Works also where AMI does not. Cancel
    /// safe: a command that was sent is executed.
    ///
    /// # Errors
    ///
    /// If the server has ended, or ends before the command is through, if it knows no such command,
    /// or after a minute. A command that is known and fails says so in what it prints.
    pub async fn cli(&self, command: &str) -> Result<String, CliError> {
        console::ask(&self.sandbox.control_socket(), command).await
    }

    /// The names of the channels that are up.
    ///
    /// # Errors
    ///
    /// As [`cli`](Self::cli).
    pub async fn channels(&self) -> Result<Vec<String>, CliError> {
        let listed = self.cli("core show channels concise").await?;
        // `name!context!exten!…`: fourteen fields, and no name has an exclamation mark.
        let names = listed.lines().filter_map(|line| line.split_once('!'));
        Ok(names.map(|(name, _)| name.to_owned()).collect())
    }

    /// Reads the configuration files again: all, or those of a module, such as `manager` or
    /// `pbx_config`. A file that has not changed changes nothing.
    ///
    /// # Errors
    ///
    /// As [`Client::call`]. An unknown module is a response of the server's.
    pub async fn reload(&self, module: Option<&str>) -> Result<(), ami::Error> {
        let action = Action::new("Reload");
        let action =
            module.into_iter().fold(action, |action, module| action.field("Module", module));
        self.ami().call(action).await.map(drop)
    }

    /// The log with every level, from the beginning of this server's life: `full.txt`, or
    /// `instance.txt` where a test has a `logger.conf` of its own.
    pub fn log(&self) -> Log {
        self.log_file(self.sandbox.log())
    }

    /// A file of the log folder, from the beginning of this server's life: `messages.txt` has
    /// notices, warnings and errors, `console.txt` what the server printed, and a test's
    /// `logger.conf` may name more.
    pub fn log_file(&self, name: impl AsRef<Path>) -> Log {
        let path = self.sandbox.logs().join(name);
        let start = self.booted.before.launch.get(&path).copied().unwrap_or(0);
        Log::new(path, start, self.booted.process.exit())
    }

    /// Puts a call file into the spool; the server makes the call if `pbx_spool` is loaded. The
    /// result is its path there, where the server notes its tries; when it is done with it, the
    /// file is gone.
    ///
    /// # Errors
    ///
    /// If the file cannot be written, or something in it has a line break.
    pub fn call_file(&self, call: &CallFile) -> Result<PathBuf, CallFileError> {
        call.put(&self.sandbox.spool())
    }

    /// The call detail records that `cdr_csv` has written so far (`cdr-csv/Master.csv`), with the
    /// fields named as the module does. A record may come a moment after the call's end; after
    /// [`shut_down`](Self::shut_down) all are there.
    ///
    /// # Errors
    ///
    /// If the file cannot be read. Where there is none, there are no records.
    pub fn cdr(&self) -> Result<Vec<Record>, RecordError> {
        records::cdr(&self.sandbox.logs())
    }

    /// The channel events that `cel_custom` has written so far (`cel-custom/Master.csv`), with the
    /// fields named as in `cel_custom.conf`.
    ///
    /// # Errors
    ///
    /// If a file cannot be read. Where there is none, there are no records.
    pub fn cel(&self) -> Result<Vec<Record>, RecordError> {
        records::cel(&self.sandbox.logs(), &self.sandbox.etc())
    }

    /// What the server uses of the machine.
    ///
    /// # Errors
    ///
    /// If it has ended.
    pub fn resources(&self) -> io::Result<Resources> {
        let pid = self.pid().ok_or_else(|| io::Error::other("the server has ended"))?;
        Resources::of(pid)
    }

    /// Waits until the server has ended by itself. Cancel safe.
    pub async fn exited(&self) -> ExitStatus {
        self.booted.process.exited().await
    }

    /// The server's process, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.booted.process.pid()
    }

    /// Kills the server, as a crash would end it. The sandbox stays as it is, and the instance is
    /// still to be [stopped](Self::stop).
    pub async fn kill(&self) -> ExitStatus {
        self.booted.process.signal(Signal::KILL);
        self.booted.process.exited().await
    }

    /// Ends the server as [`stop`](Self::stop) does, if it runs, and boots it again: in the same
    /// sandbox, at the same address, with what is in its files and its database. There is a new
    /// AMI connection then. The result is how it ended.
    ///
    /// # Errors
    ///
    /// As [`Sandbox::boot`].
    pub async fn restart(&mut self) -> Result<Stopped, BootError> {
        let stopped = self.shut_down(Stop::Now).await;
        self.keep_evidence(&stopped);
        let witness = &self.sandbox.witness;
        witness.set_in_use(true);
        // The error tells that the folder is kept.
        self.booted = self.sandbox.start().await.inspect_err(|_| witness.set_in_use(false))?;
        self.asked.store(false, Ordering::Relaxed);
        Ok(stopped)
    }

    /// Stops the server at once ([`Stop::Now`]) and removes the folder, unless it is to be kept or
    /// another instance of the run is in it. After a crash with a core, and with the report of
    /// a sanitizer, it is kept, and its path is printed on the error output.
    ///
    /// # Errors
    ///
    /// If the folder cannot be removed. The server is gone all the same.
    ///
    /// # Cancel safety
    ///
    /// To give it up is to drop the instance: the server is killed, and the folder stays.
    pub async fn stop(self) -> io::Result<Stopped> {
        let stopped = self.shut_down(Stop::Now).await;
        self.keep_evidence(&stopped);
        drop(self.booted);
        self.sandbox.end()?;
        Ok(stopped)
    }

    /// Keeps the files that findings name.
    fn keep_evidence(&self, stopped: &Stopped) {
        if stopped.findings.iter().any(Finding::has_files) {
            self.sandbox.run.keep_and_tell();
        }
    }

    /// Stops several instances at the same time, each as [`stop`](Self::stop) does.
    pub async fn stop_all(instances: Vec<Self>) -> Vec<io::Result<Stopped>> {
        let stops = instances.into_iter().map(|instance| async { Ok(instance.stop().await) });
        let stopped: Result<Vec<_>, std::convert::Infallible> = all(stops).await;
        let Ok(stopped) = stopped;
        stopped
    }
}
