//! From a sandbox to a running server and back.

use std::fmt;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use ami::{Client, Config};
use rustix::process::Signal;
use tokio::io::AsyncWriteExt;
use tokio::net::{UnixDatagram, UnixStream};
use tokio::time::{sleep, timeout};

use crate::process::Process;
use crate::sandbox::Sandbox;

/// The manager user of our `manager.conf`.
const USER: &str = "user";
const SECRET: &str = "mysecret";

/// After which time a server that has not said it is ready is asked over AMI, and how often: it may be a build without
/// `sd_notify`. All that have it are ready before.
const ASK_AFTER: Duration = Duration::from_secs(1);
const ASK_EVERY: Duration = Duration::from_millis(100);

/// How long a server may take to stop when asked, and again when told by SIGTERM.
const GRACE: Duration = Duration::from_secs(10);

impl Sandbox {
    /// Launches the server and waits until it is fully booted and we are logged in.
    ///
    /// # Errors
    ///
    /// At once if the server dies or refuses the login, and after the boot time-out. The error has the server's last
    /// words, and the folder is kept.
    pub async fn boot(mut self) -> Result<Instance, BootError> {
        let (process, client, boot_time) = self.start().await?;
        Ok(Instance { process, client, sandbox: self, boot_time })
    }

    async fn start(&mut self) -> Result<(Process, Client, Duration), BootError> {
        let begun = Instant::now();
        let launched = self.launch();
        let (process, ready) = match launched {
            Ok(launched) => launched,
            Err(error) => return Err(self.failed(Stage::Created, BootFailure::Launch(error))),
        };
        let mut boot = Boot { sandbox: self, process: &process, ready, stage: Stage::Launched };
        let booted = tokio::select! {
            booted = timeout(boot.sandbox.boot_timeout, boot.run()) => booted,
            status = process.exited() => Ok(Err(BootFailure::Exited(status))),
        };
        let stage = boot.stage;
        match booted.unwrap_or(Err(BootFailure::Timeout(self.boot_timeout))) {
            Ok(client) => {
                let took = begun.elapsed();
                tracing::info!(?took, address = self.ami_address(), "booted");
                Ok((process, client, took))
            }
            Err(failure) => {
                process.kill();
                Err(self.failed(stage, failure))
            }
        }
    }

    /// The `host:port` that AMI listens on.
    pub fn ami_address(&self) -> String {
        format!("{}:{}", self.address.ip, self.address.ami_port)
    }

    /// The command that launches the server.
    pub fn command(&self) -> std::process::Command {
        let mut command = self.server.command();
        command.args(["-f", "-g", "-q", "-m", "-n", "-C"]).arg(self.asterisk_conf());
        command.env("NOTIFY_SOCKET", self.notify_socket()).env_remove("LISTEN_FDS");
        command.current_dir(&self.directories.0);
        command
    }

    /// Says a CLI command on the server's control socket, without waiting for what it prints.
    ///
    /// AMI's `Command` would do, but for `core stop now`: the server keeps what a command prints in a file in `/tmp`,
    /// and would end before it removes that.
    async fn tell(&self, command: &str) -> io::Result<()> {
        let mut console = UnixStream::connect(self.directories.control_socket()).await?;
        console.write_all(format!("{command}\0").as_bytes()).await
    }

    fn notify_socket(&self) -> PathBuf {
        self.directories.runtime().join("notify")
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
        Ok((Process::spawn(command, output)?, ready))
    }

    fn failed(&mut self, stage: Stage, failure: BootFailure) -> BootError {
        self.keep();
        let (folder, last_words) = (self.folder().to_owned(), self.last_words());
        BootError { stage, failure, last_words, folder }
    }
}

/// What is happening between the launch and the login.
struct Boot<'a> {
    sandbox: &'a Sandbox,
    process: &'a Process,
    ready: UnixDatagram,
    stage: Stage,
}

impl Boot<'_> {
    async fn run(&mut self) -> Result<Client, BootFailure> {
        let early = tokio::select! {
            notified = notified(&self.ready) => notified.map(|()| None).map_err(BootFailure::Launch)?,
            client = self.ask() => Some(client?),
        };
        self.stage = Stage::Ready;
        match early {
            Some(client) => Ok(client),
            None => self.log_in().await,
        }
    }

    async fn log_in(&self) -> Result<Client, BootFailure> {
        // The address may be another's once this server has ended.
        let config = Config::new(USER, SECRET).reconnect(None);
        let connected = config.connect(self.sandbox.ami_address()).await;
        match connected {
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

/// Waits for the word that a server sends to its service manager.
async fn notified(socket: &UnixDatagram) -> io::Result<()> {
    let mut message = [0; 4096];
    loop {
        let length = socket.recv(&mut message).await?;
        let mut lines = message[..length].split(|&byte| byte == b'\n');
        if lines.any(|line| line == b"READY=1") {
            return Ok(());
        }
    }
}

/// A running server in its sandbox.
///
/// Dropping it kills the server and removes the folder; [`stop`](Self::stop) lets it end its business first. A panic, or
/// [`keep`](Self::keep), leaves the folder as evidence.
#[derive(Debug)]
pub struct Instance {
    // In the order in which they are dropped.
    client: Client,
    process: Process,
    sandbox: Sandbox,
    boot_time: Duration,
}

impl Instance {
    /// The AMI connection that the boot ended with.
    pub fn ami(&self) -> &Client {
        &self.client
    }

    /// The `host:port` that AMI listens on, for connections of one's own: user `user`, secret `mysecret`, unless the
    /// test's configuration says otherwise.
    pub fn ami_address(&self) -> String {
        self.sandbox.ami_address()
    }

    /// The time from launch to login.
    pub fn boot_time(&self) -> Duration {
        self.boot_time
    }

    /// The sandbox that it runs in.
    pub fn sandbox(&self) -> &Sandbox {
        &self.sandbox
    }

    /// Keeps the folder when the instance ends.
    pub fn keep(&mut self) {
        self.sandbox.keep();
    }

    /// Waits until the server has ended by itself. Cancel safe.
    pub async fn exited(&self) -> ExitStatus {
        self.process.exited().await
    }

    /// The server's process, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.process.pid()
    }

    /// Kills the server, as a crash would end it. The sandbox stays as it is.
    pub async fn kill(&self) -> ExitStatus {
        self.process.signal(Signal::KILL);
        self.process.exited().await
    }

    /// Ends the server as [`stop`](Self::stop) does, if it runs, and boots it again: in the same sandbox, at the same
    /// address, with what is in its files and its database. There is a new AMI connection then.
    ///
    /// # Errors
    ///
    /// As [`Sandbox::boot`].
    pub async fn restart(&mut self) -> Result<(), BootError> {
        let (stopping, status) = self.end().await;
        tracing::info!(?stopping, %status, "stopped, to be started again");
        (self.process, self.client, self.boot_time) = self.sandbox.start().await?;
        Ok(())
    }

    /// Stops the server: asks it on its control socket, tells it by SIGTERM after 10 s, kills it after 10 more. Then removes the
    /// folder, unless it is to be kept.
    ///
    /// Calls that are up are hung up. The server's children go with it.
    ///
    /// # Errors
    ///
    /// If the folder cannot be removed. The server is gone all the same.
    pub async fn stop(mut self) -> io::Result<Stopped> {
        let begun = Instant::now();
        let (stopping, status) = self.end().await;
        self.process.kill();
        let took = begun.elapsed();
        tracing::info!(?stopping, %status, ?took, "stopped");
        let last_words = self.sandbox.last_words();
        self.sandbox.end()?;
        Ok(Stopped { stopping, status, took, last_words })
    }

    async fn end(&self) -> (Stopping, ExitStatus) {
        if let Some(status) = self.process.status() {
            return (Stopping::WasOver, status);
        }
        let asked = async {
            // A server whose console does not answer is told by signal.
            self.sandbox.tell("core stop now").await?;
            io::Result::Ok(self.process.exited().await)
        };
        if let Ok(Ok(status)) = timeout(GRACE, asked).await {
            return (Stopping::Asked, status);
        }
        self.process.signal(Signal::TERM);
        if let Ok(status) = timeout(GRACE, self.process.exited()).await {
            return (Stopping::Terminated, status);
        }
        self.process.signal(Signal::KILL);
        (Stopping::Killed, self.process.exited().await)
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        self.process.kill();
        if std::thread::panicking() {
            self.sandbox.keep();
            eprintln!("the sandbox is kept: {}", self.sandbox.folder().display());
        }
    }
}

/// How a server was stopped.
#[derive(Clone, Debug)]
pub struct Stopped {
    /// What it took.
    pub stopping: Stopping,
    /// How the process ended.
    pub status: ExitStatus,
    /// How long it took.
    pub took: Duration,
    /// The last lines of what the server printed and logged. While it runs they may still be on their way to the file.
    pub last_words: Vec<String>,
}

/// What it took to stop a server.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Stopping {
    /// Nothing: it had ended by itself, or crashed.
    WasOver,
    /// A word on its control socket.
    Asked,
    /// SIGTERM.
    Terminated,
    /// SIGKILL.
    Killed,
}

/// How far a boot came.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Stage {
    /// The sandbox was made.
    Created,
    /// The process was started.
    Launched,
    /// The server said that it is fully booted.
    Ready,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Created => "launching the server",
            Self::Launched => "waiting for the server to boot",
            Self::Ready => "logging in to the booted server",
        })
    }
}

/// A server that did not boot.
#[derive(Debug, thiserror::Error)]
#[error(
    "failed at {stage}: {failure}{}\nthe sandbox is kept: {}",
    .last_words.iter().map(|line| format!("\n    {line}")).collect::<String>(),
    .folder.display()
)]
pub struct BootError {
    /// What was going on.
    pub stage: Stage,
    /// What went wrong.
    #[source]
    pub failure: BootFailure,
    /// The last lines of what the server printed and logged.
    pub last_words: Vec<String>,
    /// The folder of the run.
    pub folder: PathBuf,
}

impl BootError {
    /// The folder of the run, which is kept.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

/// Why a server did not boot.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BootFailure {
    /// The process could not be started.
    #[error("{0}")]
    Launch(#[source] io::Error),
    /// The process ended.
    #[error("the server ended by itself ({0})")]
    Exited(ExitStatus),
    /// There is no AMI connection to the booted server.
    #[error("{0}")]
    Login(#[source] ami::Error),
    /// Time is up.
    #[error("it took longer than {0:?}")]
    Timeout(Duration),
}
