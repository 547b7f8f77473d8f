//! Isolation of tests from each other: the runner finds the best way that the kernel allows, and
//! starts each worker by it.
//!
//! The file of the program is opened once and is what every worker executes, whatever is built in
//! its place meanwhile. It comes to a worker as its standard output, and so through `unshare` and
//! into a `/proc` that is mounted anew.

use std::fs::File;
use std::io;
use std::process::{Command, Stdio};

use anyhow::Context as _;

use crate::worker::namespace::{TRIAL, WORKER};

/// The standard output of a process that has the program there.
const PROGRAM: &str = "/proc/self/fd/1";

/// The way in which tests are kept apart.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Isolation {
    /// Each in namespaces of its own, entered with these options of `unshare`.
    Namespaces(&'static [&'static str]),
    /// Not at all, for this reason: one test at a time.
    None(String),
}

/// Ways to enter, the best first. Root needs no user namespace, and is more than an ordinary user
/// only without one. Where `/proc` is covered in parts, as in containers, no other can be mounted.
const WAYS: [&[&str]; 3] = [
    &["--net", "--mount", "--pid", "--kill-child", "--mount-proc"],
    &[
        "--user",
        "--map-current-user",
        "--keep-caps",
        "--net",
        "--mount",
        "--pid",
        "--kill-child",
        "--mount-proc",
    ],
    &["--user", "--map-current-user", "--keep-caps", "--net", "--mount", "--fork", "--kill-child"],
];

/// The file of the program that runs.
pub(crate) fn program() -> anyhow::Result<File> {
    const OWN: &str = "/proc/self/exe";
    File::open(OWN).with_context(|| format!("the program that runs, {OWN}, cannot be opened"))
}

impl Isolation {
    /// Finds out what the kernel allows.
    pub(crate) fn find(program: &File) -> Self {
        let is_root = rustix::process::geteuid().is_root();
        let ways = if is_root { &WAYS[..] } else { &WAYS[1..] };
        let mut why = "there is no way".to_owned();
        for way in ways {
            let found = Self::Namespaces(way);
            let tried = found
                .command(program)
                .and_then(|mut command| command.arg(TRIAL).stdin(Stdio::null()).output());
            match tried {
                Ok(output) if output.status.success() => return found,
                Ok(output) => {
                    let said = String::from_utf8_lossy(&output.stderr);
                    why = said.lines().next().unwrap_or("it failed without a word").to_owned();
                }
                Err(error) => why = format!("unshare (of util-linux) cannot be run: {error}"),
            }
        }
        Self::None(why)
    }

    /// The command that starts this program as a worker. Its standard output is taken.
    pub(crate) fn command(&self, program: &File) -> io::Result<Command> {
        let mut command = match self {
            Self::Namespaces(way) => {
                let mut command = Command::new("unshare");
                command.args(*way).arg("--").arg(PROGRAM);
                command
            }
            Self::None(_) => Command::new(PROGRAM),
        };
        command.arg(WORKER).stdout(program.try_clone()?);
        Ok(command)
    }

    /// Returns whether each test has a network of its own.
    pub(crate) fn is_there(&self) -> bool {
        matches!(self, Self::Namespaces(_))
    }
}
