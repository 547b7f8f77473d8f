//! Running the program, in a home folder of its own and without the caller's environment.

use std::fs::{self, DirBuilder, File, Permissions};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use instance::{Builder, Instance, Modules, Server, Want};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, SpecialCodeIndex, tcgetattr};
use tempfile::TempDir;
use tokio::process::{Child, Command};

pub(super) const VERSIONS: [u32; 2] = [22, 16];

/// Longer than any test waits.
pub(super) const AGES: Duration = Duration::from_secs(60);

/// The secrets of all tests, which no output may have.
const SECRETS: [&str; 4] = ["mysecret", "weaksecret", "wrongsecret", "hidden"];

/// A user of `manager.conf` that may do little.
pub(super) const WEAK: &str = "
[weak]
secret = weaksecret
read = system
write = reporting,command
";

const TLS: &str = "
tlsenable = yes
tlsbindaddr = <<address>>:5039
tlscertfile = <<astetcdir>>/server.pem
tlsprivatekey = <<astetcdir>>/server.key
";

pub(super) const AUTHORITY: &str = include_str!("../../../ami/tests/it/server/tls/ca.pem");
pub(super) const OTHER_AUTHORITY: &str =
    include_str!("../../../ami/tests/it/server/tls/other-ca.pem");

pub(super) async fn builder(major: u32) -> Builder {
    let told = |progress| eprintln!("{progress}");
    let server = Server::find_or_fetch(&Want::Major(major), told).await.unwrap();
    Builder::new(server)
        .modules(Modules::list(["app_userevent"]))
        .file("manager.general.conf.inc", TLS)
        .file("server.pem", include_str!("../../../ami/tests/it/server/tls/server.pem"))
        .file("server.key", include_str!("../../../ami/tests/it/server/tls/server.key"))
}

pub(super) async fn boot(builder: Builder) -> Instance {
    builder.build().unwrap().boot().await.unwrap()
}

/// Ends a server at once.
pub(super) async fn end(instance: Instance) {
    instance.kill().await;
    instance.stop().await.unwrap();
}

/// Returns the host that a server listens on.
pub(super) fn host(instance: &Instance) -> String {
    instance.ami_address().rsplit_once(':').unwrap().0.to_owned()
}

/// The program, with a home folder of its own.
pub(super) struct Program {
    home: TempDir,
    variables: Vec<(String, String)>,
}

/// The output of a run of the program, and its exit code.
#[derive(Debug)]
pub(super) struct Ran {
    pub(super) code: i32,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

impl Ran {
    /// Checks the exit code, and that the error output has a text.
    #[track_caller]
    pub(super) fn failed(&self, code: i32, text: &str) {
        assert!(self.code == code && self.stderr.contains(text), "expected {code}: {self:#?}");
    }

    /// Checks that the run was a success, and returns the output.
    #[track_caller]
    pub(super) fn ok(self) -> String {
        assert_eq!(self.code, 0, "{self:#?}");
        self.stdout
    }
}

impl Program {
    pub(super) fn new() -> Self {
        Self { home: tempfile::tempdir().unwrap(), variables: Vec::new() }
    }

    pub(super) fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.variables.push((name.to_owned(), value.into()));
        self
    }

    pub(super) fn home(&self) -> &Path {
        self.home.path()
    }

    pub(super) fn contexts(&self) -> PathBuf {
        self.home().join(".config/ami/contexts.toml")
    }

    /// Writes a file below the home folder with a mode; folders are for the user alone.
    pub(super) fn write(&self, name: &str, mode: u32, text: &str) -> PathBuf {
        let path = self.home().join(name);
        DirBuilder::new().recursive(true).mode(0o700).create(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        path
    }

    fn set_up(&self, command: &mut Command) {
        for (name, _) in std::env::vars_os() {
            if name.as_encoded_bytes().starts_with(b"AMI_") {
                command.env_remove(name);
            }
        }
        command.env("HOME", self.home()).env_remove("XDG_CONFIG_HOME").env_remove("NO_COLOR");
        // The tests' machine may have a server of its own.
        command.env("AMI_MANAGER_CONF", self.home().join("no-manager.conf"));
        command.envs(self.variables.iter().cloned()).kill_on_drop(true);
    }

    /// Creates the command, in a session without a terminal.
    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("setsid");
        command.arg("--wait").arg(env!("CARGO_BIN_EXE_ami")).args(arguments);
        self.set_up(&mut command);
        command.stdin(Stdio::null());
        command
    }

    /// Runs the program to its end.
    pub(super) async fn run(&self, arguments: &[&str]) -> Ran {
        let output = self.command(arguments).output();
        let output = tokio::time::timeout(AGES, output).await.unwrap().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let (stdout, stderr) = (text(output.stdout), text(output.stderr));
        let ran = Ran { code: output.status.code().unwrap_or(-1), stdout, stderr };
        has_no_secret(&format!("{ran:?}"));
        ran
    }

    /// Starts the program on a terminal.
    pub(super) fn on_terminal(&self, arguments: &[&str]) -> Terminal {
        let master =
            openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
        let slave = File::options().read(true).write(true).open(name).unwrap();
        assert!(tcgetattr(&slave).unwrap().local_modes.contains(LocalModes::ECHO));
        let mut command = Command::new("setsid");
        command.arg("--ctty").arg(env!("CARGO_BIN_EXE_ami")).args(arguments);
        self.set_up(&mut command);
        let side = || Stdio::from(slave.try_clone().unwrap());
        let child = command.stdin(side()).stdout(side()).stderr(side()).spawn().unwrap();
        let master = File::from(master);
        let (mut reader, (sender, output)) = (master.try_clone().unwrap(), channel());
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(read @ 1..) = reader.read(&mut buffer) {
                let _ = sender.send(buffer[..read].to_vec());
            }
        });
        Terminal { master, slave: Some(slave), child, output, seen: String::new() }
    }
}

/// The program on a terminal.
pub(super) struct Terminal {
    master: File,
    /// Open as long as the terminal is looked at.
    slave: Option<File>,
    child: Child,
    output: Receiver<Vec<u8>>,
    seen: String,
}

impl Terminal {
    /// Waits until the terminal shows a text.
    pub(super) fn expect(&mut self, text: &str) {
        let end = Instant::now() + AGES;
        while !self.seen.contains(text) {
            let more = self.output.recv_timeout(end.saturating_duration_since(Instant::now()));
            let more = more.unwrap_or_else(|_| panic!("no {text:?} in {:?}", self.seen));
            self.seen.push_str(&String::from_utf8_lossy(&more));
        }
    }

    pub(super) fn press(&mut self, keys: &str) {
        self.master.write_all(keys.as_bytes()).unwrap();
    }

    /// Returns `true` if the terminal shows what is typed.
    pub(super) fn echoes(&self) -> bool {
        tcgetattr(self.slave.as_ref().unwrap()).unwrap().local_modes.contains(LocalModes::ECHO)
    }

    /// Returns `true` if a key of the terminal stops the program.
    pub(super) fn suspends(&self) -> bool {
        let settings = tcgetattr(self.slave.as_ref().unwrap()).unwrap();
        settings.special_codes[SpecialCodeIndex::VSUSP] != 0
    }

    /// Waits for the end, and returns the exit code and all that the terminal showed.
    pub(super) async fn end(mut self) -> (i32, String) {
        let status = tokio::time::timeout(AGES, self.child.wait()).await.unwrap().unwrap();
        self.slave = None;
        let shown = tokio::task::spawn_blocking(move || {
            self.seen
                .extend(self.output.iter().map(|it| String::from_utf8_lossy(&it).into_owned()));
            self.seen
        });
        let shown = shown.await.unwrap();
        has_no_secret(&shown);
        (status.code().unwrap_or(-1), shown)
    }
}

#[track_caller]
fn has_no_secret(text: &str) {
    for secret in SECRETS {
        assert!(!text.contains(secret), "a secret was printed: {text}");
    }
}
