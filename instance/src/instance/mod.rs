//! Running servers: the boot, everything that is done with a server that runs, and its end.
//!
//! An [`Instance`] is a sandbox and the life of the server in it. A boot observes that the server
//! is ready instead of waiting for some time: the server notifies its service manager, its log says
//! so, and the login succeeds. A stop asks, then signals, then kills, and says which of these it
//! took. The traces that a server leaves at its end (a core, a report of a sanitizer, errors in the
//! log) become findings.
//!
//! The room names all rooms before it. What crosses its door are instances, their logs, records and
//! call files, and the errors and findings of their lives. Pitfalls:
//!
//! - A process number belongs to a server until it is reaped, so every signal is sent under a lock.
//! - The kernel takes the thread that spawned a child for the child's parent: each server has a
//!   thread that lives as long as the server.
//! - The log is written by a thread of the server's own, later than what the server says elsewhere.

mod boot;
mod call_file;
mod console;
mod crash;
mod errors;
mod evidence;
mod expect;
mod findings;
mod journal;
mod life;
mod log;
mod notify;
mod process;
mod records;
mod resources;
mod start;
mod stop;

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use ami::{Action, Client};
use futures_util::future::{join_all, try_join_all};
use rustix::process::Signal;
use tokio::sync::Mutex;

pub use self::boot::{AmiSettings, BootError, BootFailure, OtherUsers, Stage};
pub use self::call_file::{CallFile, CallFileError};
pub use self::console::CliError;
pub use self::crash::Crash;
pub use self::expect::{ExpectError, ExpectFailure};
pub use self::findings::{Finding, Stopping};
use self::life::{Life, Lives};
pub use self::log::{Log, LogError, LogFailure};
pub(crate) use self::process::Process;
pub use self::records::{Record, RecordError};
pub use self::resources::Resources;
pub use self::start::StartError;
pub use self::stop::{Stop, Stopped};
use crate::sandbox::Sandbox;

/// A running server in its sandbox.
///
/// [`stop`](Self::stop) ends the server in an orderly way and removes the folder. Dropping an
/// instance kills the server. An instance that is dropped without having been stopped, by a `?` or
/// a panic, belongs to a test that failed: its folder stays as evidence, and the path is printed on
/// the error output, once for all instances of a run.
/// [`Builder::keep_on_drop`](crate::Builder::keep_on_drop) and the environment variable
/// `ASTERISK_KEEP` (`always`, `failed` or `never`; `failed` unless set) change that. After
/// [`shut_down`](Self::shut_down), also by [`Stop::Kill`], dropping the instance removes the
/// folder.
#[derive(Debug)]
pub struct Instance {
    // In the order in which they are dropped.
    lives: Lives,
    sandbox: Sandbox,
    /// Held during a restart.
    restarting: Mutex<()>,
}

impl Sandbox {
    /// Launches the server and waits until it is fully booted and the login has succeeded.
    ///
    /// # Errors
    ///
    /// Returns an error at once if the server dies, does not listen or refuses the login, and at
    /// the boot time-out. The error has the last lines of the server's log, and the folder is kept
    /// unless `ASTERISK_KEEP=never` is set.
    ///
    /// # Cancel safety
    ///
    /// A boot that is given up kills the server and removes the folder.
    pub async fn boot(self) -> Result<Instance, BootError> {
        let instance = self.boot_unused().await?;
        instance.sandbox.witness.set_in_use(true);
        Ok(instance)
    }

    /// Boots a server that is not in use yet: dropping it is no failure of a test.
    async fn boot_unused(self) -> Result<Instance, BootError> {
        let life = self.start().await?;
        Ok(Instance { lives: Lives::new(life), sandbox: self, restarting: Mutex::new(()) })
    }

    /// Boots several sandboxes at the same time.
    ///
    /// # Errors
    ///
    /// Returns the error of the first boot that fails. The other servers are killed.
    pub async fn boot_all(sandboxes: Vec<Self>) -> Result<Vec<Instance>, BootError> {
        let instances = try_join_all(sandboxes.into_iter().map(Self::boot_unused)).await?;
        instances.iter().for_each(|instance| instance.sandbox.witness.set_in_use(true));
        Ok(instances)
    }
}

impl Instance {
    /// Returns the AMI connection of the last boot. A client that was obtained before a
    /// [`restart`](Self::restart) stays disconnected.
    ///
    /// # Panics
    ///
    /// Panics if the server was booted [without AMI](crate::Builder::without_ami), for which
    /// [`try_ami`](Self::try_ami) has an error.
    #[track_caller]
    pub fn ami(&self) -> &Client {
        self.try_ami().unwrap_or_else(|error| panic!("{error}"))
    }

    /// Returns the AMI connection of the last boot, as [`ami`](Self::ami) does.
    ///
    /// # Errors
    ///
    /// Returns an error if the server was booted [without AMI](crate::Builder::without_ami).
    pub fn try_ami(&self) -> Result<&Client, NoAmiError> {
        let number = self.sandbox.number();
        self.life().client.as_ref().ok_or(NoAmiError { number })
    }

    fn life(&self) -> &Life {
        self.lives.current()
    }

    /// Returns the `host:port` that AMI listens on, for further connections: user `user`, secret
    /// `mysecret`, unless the test's configuration says otherwise.
    pub fn ami_address(&self) -> String {
        self.sandbox.ami_address()
    }

    /// Returns the time from the launch to the login, or without AMI to the end of the boot.
    pub fn boot_time(&self) -> Duration {
        self.life().took
    }

    /// Returns the lines of level ERROR in the log while the server booted, the first thousand of
    /// them, as [`Stopped::boot_errors`](crate::Stopped::boot_errors) has them. A log that cannot
    /// be read has no lines.
    pub fn boot_errors(&self) -> Vec<String> {
        self.sandbox.errors(&self.life().before).0.lines
    }

    /// Returns the warnings in the log of how the server read its configuration while it booted,
    /// the first ones: a file that cannot be parsed, a line of the dialplan that is ignored.
    /// The server boots all the same, without what it did not understand (`main/config.c`,
    /// `pbx/pbx_config.c`). A log that cannot be read has no lines.
    pub fn configuration_warnings(&self) -> Vec<String> {
        let (log, before) = (self.sandbox.log(), &self.life().before);
        let (start, ready) = (before.length_at_launch(&log), before.length_when_ready(&log));
        errors::of_configuration(&log, start, ready)
    }

    /// Returns the sandbox of the server.
    pub fn sandbox(&self) -> &Sandbox {
        &self.sandbox
    }

    /// Keeps the folder when the instance ends.
    pub fn keep(&self) {
        self.sandbox.keep();
    }

    /// Sends a CLI command over the control socket, as `asterisk -rx` does, and returns what the
    /// server prints, with bytes that are not UTF-8 replaced. This also works without AMI.
    ///
    /// # Cancel safety
    ///
    /// A command that was sent is executed.
    ///
    /// # Errors
    ///
    /// Returns an error if the server has ended or ends before the output does, if it has no such
    /// command, and after a minute. A command that fails says so in its output.
    pub async fn cli(&self, command: &str) -> Result<String, CliError> {
        console::ask(&self.sandbox.control_socket(), command).await
    }

    /// Returns the names of the channels that are up.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`cli`](Self::cli).
    pub async fn channels(&self) -> Result<Vec<String>, CliError> {
        console::channels(&self.sandbox.control_socket()).await
    }

    /// Makes the server read its configuration files again: all, or those of a module such as
    /// `manager` or `pbx_config`. A file that has not changed changes nothing. This needs AMI;
    /// without it, use [`cli`](Self::cli) with `module reload`.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Client::call`]. The server refuses a module that it does not know.
    ///
    /// # Panics
    ///
    /// Panics without AMI, as [`ami`](Self::ami) does.
    pub async fn reload(&self, module: Option<&str>) -> Result<(), ami::Error> {
        let action = Action::new("Reload");
        let action =
            module.into_iter().fold(action, |action, module| action.field("Module", module));
        self.ami().call(action).await.map(drop)
    }

    /// Returns the log with every level, from the beginning of the current boot: `full.txt`, or
    /// `instance.txt` if the test has a `logger.conf` of its own.
    pub fn log(&self) -> Log {
        self.log_file(self.sandbox.log())
    }

    /// Returns a file of the log folder, from the beginning of the current boot: `messages.txt` has
    /// notices, warnings and errors, `console.txt` the output of the server, and a `logger.conf`
    /// may name more.
    pub fn log_file(&self, name: impl AsRef<Path>) -> Log {
        let path = self.sandbox.logs().join(name);
        let start = self.life().before.launch.get(&path).copied().unwrap_or(0);
        Log::new(path, start, self.life().process.exit())
    }

    /// Puts a call file into the spool, from which the server makes the call if `pbx_spool` is
    /// loaded. Returns the path of the file there, in which the server notes its tries, and which
    /// is gone when the call is over.
    ///
    /// # Errors
    ///
    /// Returns an error if a key or value of the call cannot be written as it is, or if the file
    /// cannot be written.
    pub fn call_file(&self, call: &CallFile) -> Result<PathBuf, CallFileError> {
        call.put(&self.sandbox.spool())
    }

    /// Reads the call detail records that `cdr_csv` has written so far: those of the
    /// [file](Self::records) `cdr-csv/Master.csv`.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`records`](Self::records).
    pub fn cdr(&self) -> Result<Vec<Record>, RecordError> {
        self.records("cdr-csv/Master.csv")
    }

    /// Reads the channel events that `cel_custom` has written so far: those of the
    /// [file](Self::records) `cel-custom/Master.csv`.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`records`](Self::records).
    pub fn cel(&self) -> Result<Vec<Record>, RecordError> {
        self.records("cel-custom/Master.csv")
    }

    /// Reads the records that the server has written so far into a file of the log folder, such as
    /// `cdr-custom/Simple.csv`. A record may come a moment after the end of the call. After
    /// [`shut_down`](Self::shut_down) those of calls that it ended are there; a server under load
    /// may leave out those of calls that ended just before. A file that does not exist has no
    /// records.
    ///
    /// The fields of `cdr-csv/*` are named as `cdr_csv` names them. Those of `cdr-custom/*` and
    /// `cel-custom/*` are named, separated and quoted as `cdr_custom.conf` or `cel_custom.conf`
    /// says: a field `${CSV_QUOTE(${CDR(src)})}` is `src`. Of other files, whose fields are
    /// separated by commas, no names are known.
    ///
    /// # Errors
    ///
    /// Returns an error if the file or its configuration cannot be read, or if it has records in
    /// JSON.
    pub fn records(&self, file: impl AsRef<Path>) -> Result<Vec<Record>, RecordError> {
        records::read(&self.sandbox, file.as_ref())
    }

    /// Reads comma-separated records as [`records`](Self::records) does, with names for the fields.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be read.
    pub fn records_named<N: Into<String>>(
        &self,
        file: impl AsRef<Path>,
        names: impl IntoIterator<Item = N>,
    ) -> Result<Vec<Record>, RecordError> {
        records::read_named(&self.sandbox, file.as_ref(), names)
    }

    /// Returns the resources that the server uses.
    ///
    /// # Errors
    ///
    /// Returns an error if the server has ended.
    pub fn resources(&self) -> io::Result<Resources> {
        let pid = self.pid().ok_or_else(|| io::Error::other("the server has ended"))?;
        Resources::of(pid)
    }

    /// Stops the server, and leaves the sandbox: its records and logs can be read, and the server
    /// can be [started again](Self::restart). The server's children end with it.
    ///
    /// The result says how the server ended, how long that took, and what was found. Whether that
    /// is a failure is for the caller to say.
    pub async fn shut_down(&self, stop: Stop) -> Stopped {
        // A server that is being booted is there to be stopped afterwards.
        drop(self.restarting.lock().await);
        self.life().shut_down(&self.sandbox, stop).await
    }

    /// Waits until the server has ended. Cancel safe.
    pub async fn exited(&self) -> ExitStatus {
        self.life().process.exited().await
    }

    /// Returns the process number of the server while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.life().process.pid()
    }

    /// Kills the server, as a crash would end it. The sandbox stays as it is, and the instance can
    /// still be [stopped](Self::stop).
    pub async fn kill(&self) -> ExitStatus {
        // A restart may begin another life meanwhile, which is not the one to wait for.
        let process = &self.life().process;
        process.signal(Signal::KILL);
        process.exited().await
    }

    /// Ends the server as [`stop`](Self::stop) does, if it runs, and boots it again: in the same
    /// sandbox, at the same address, with the same files and database. The result says how the
    /// server ended. From then on, [`ami`](Self::ami), the logs and the process are those of the
    /// new boot.
    ///
    /// Restarts happen one after another, and [`shut_down`](Self::shut_down) waits for one that is
    /// under way.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Sandbox::boot`]. The server does not run then, and can be restarted
    /// again.
    ///
    /// # Cancel safety
    ///
    /// A restart that is given up leaves a server that does not run.
    pub async fn restart(&self) -> Result<Stopped, BootError> {
        let _restarting = self.restarting.lock().await;
        let stopped = self.life().shut_down(&self.sandbox, Stop::Now).await;
        self.keep_evidence(&stopped);
        let witness = &self.sandbox.witness;
        witness.set_in_use(true);
        // The error tells that the folder is kept.
        let life = self.sandbox.start().await;
        if let Some(journal) = &self.life().journal {
            journal.clear();
        }
        self.lives.push(life.inspect_err(|_| witness.set_in_use(false))?);
        Ok(stopped)
    }

    /// Stops the server at once ([`Stop::Now`]) and removes the folder, unless the folder is to be
    /// kept or another instance of the run is in it. After a crash with a core, and with the report
    /// of a sanitizer, the folder is kept, and its path is printed on the error output.
    ///
    /// # Errors
    ///
    /// Returns an error if the folder cannot be removed. The server has ended all the same.
    ///
    /// # Cancel safety
    ///
    /// Giving up the call drops the instance: the server is killed, and the folder stays.
    pub async fn stop(self) -> io::Result<Stopped> {
        let stopped = self.shut_down(Stop::Now).await;
        self.keep_evidence(&stopped);
        drop(self.lives);
        self.sandbox.end()?;
        Ok(stopped)
    }

    /// Keeps the files that findings name.
    fn keep_evidence(&self, stopped: &Stopped) {
        if stopped.findings.iter().any(Finding::has_files) {
            self.sandbox.run.keep_and_announce();
        }
    }

    /// Stops several instances at the same time, each as [`stop`](Self::stop) does.
    pub async fn stop_all(instances: Vec<Self>) -> Vec<io::Result<Stopped>> {
        join_all(instances.into_iter().map(Self::stop)).await
    }
}

/// The error of a call that needs AMI, on a server that was booted
/// [without it](crate::Builder::without_ami).
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("instance {number} was booted without AMI (`Builder::without_ami`), so it has no client")]
pub struct NoAmiError {
    /// The number of the instance in its run.
    pub number: u32,
}
