//! The command that servers were booted for.
//!
//! The command has the standard streams, the terminal and the process group of this program, so it
//! can be an interactive one. A variable of its environment marks what it starts, as servers and
//! their processes are marked; so none of that outlives it, and none of it outlives this program.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::future::pending;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::ExitStatus;
use std::time::Duration;

use anyhow::Context;
use instance::{Instance, MARK, kill_marked, marked};
use rustix::process::{Pid, Signal, getpgrp, getpid, kill_process};
use rustix::termios::tcgetpgrp;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep_until};

use crate::ends::{Ends, any_exit};
use crate::environment;
use crate::{aside, complain};

/// The longest wait for the end of a command after SIGTERM, if a server has ended by itself.
const PATIENCE: Duration = Duration::from_secs(5);

/// The code of a command that is not found, as shells tell it.
const NOT_FOUND: u8 = 127;

/// The code of a command that cannot be executed, as shells tell it.
const NOT_EXECUTABLE: u8 = 126;

/// The code of a command that a signal has ended, without the number of the signal.
const SIGNALED: i32 = 128;

/// The end of a command.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Ran {
    /// The exit code, as a shell tells it.
    pub(crate) code: u8,
    pub(crate) reason: Reason,
}

/// The reason for the end of a command.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Reason {
    /// The command could not be executed.
    NotExecuted,
    /// The command came to its own end.
    Own,
    /// A signal to this program.
    Signal,
    /// A server ended by itself.
    Server,
}

/// Runs a command until it ends. It is asked to end when a signal comes or a server ends, and
/// killed if a second signal comes. What it leaves running is killed.
pub(crate) async fn run(
    words: &[OsString],
    variables: Vec<(String, OsString)>,
    instances: &[Instance],
    ends: &mut Ends,
) -> anyhow::Result<Ran> {
    let [program, arguments @ ..] = words else {
        return Ok(Ran { code: 0, reason: Reason::NotExecuted });
    };
    // All instances are in one folder.
    let mark = instances.first().map(|it| it.sandbox().folder().join("command"));
    let mark = mark.unwrap_or_default();
    let mut child = match spawn(program, arguments, variables, &mark) {
        Ok(child) => child,
        Err(error) => {
            let shown = Path::new(program).display();
            complain(&format!("{shown}: failed to execute the command: {error}"));
            let is_missing = error.kind() == io::ErrorKind::NotFound;
            let code = if is_missing { NOT_FOUND } else { NOT_EXECUTABLE };
            return Ok(Ran { code, reason: Reason::NotExecuted });
        }
    };
    let (status, reason) = wait(&mut child, instances, ends).await;
    let left = aside(move || {
        let left = marked(&mark, getpid());
        kill_marked(&mark, None);
        left
    });
    let left = left.await?;
    if !left.is_empty() {
        complain(&format!("processes that the command left were killed: {}", left.join(", ")));
    }
    let status = status.context("failed to wait for the command")?;
    let code = status.code().or_else(|| Some(SIGNALED + status.signal()?));
    Ok(Ran { code: code.and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX), reason })
}

fn spawn(
    program: &OsStr,
    arguments: &[OsString],
    variables: Vec<(String, OsString)>,
    mark: &Path,
) -> io::Result<Child> {
    let mut command = Command::new(program);
    command.args(arguments);
    for (name, _) in std::env::vars_os().filter(|(name, _)| environment::is_ours(name)) {
        command.env_remove(name);
    }
    command.envs(variables).env(MARK, mark).kill_on_drop(true).spawn()
}

/// Waits for the end of a command, and asks for it if there is a reason.
async fn wait(
    child: &mut Child,
    instances: &[Instance],
    ends: &mut Ends,
) -> (io::Result<ExitStatus>, Reason) {
    let (mut reason, mut end) = (Reason::Own, None);
    let mut with_servers = true;
    loop {
        let patience = async {
            match end {
                Some(end) => sleep_until(end).await,
                None => pending().await,
            }
        };
        tokio::select! {
            biased;
            status = child.wait() => return (status, reason),
            signal = ends.signal() => match reason {
                Reason::Own => {
                    reason = Reason::Signal;
                    if !terminal_sends(signal) {
                        send(child, signal);
                    }
                }
                _ => send(child, Signal::KILL),
            },
            () = any_exit(instances), if with_servers => {
                with_servers = false;
                complain("a server ended by itself, so the command is ended");
                reason = Reason::Server;
                send(child, Signal::TERM);
                end = Some(Instant::now() + PATIENCE);
            }
            () = patience => {
                send(child, Signal::KILL);
                end = None;
            }
        }
    }
}

/// Sends a signal to a command that may have ended, but has not been waited for.
fn send(child: &Child, signal: Signal) {
    let pid = child.id().and_then(|pid| Pid::from_raw(pid.try_into().ok()?));
    if let Some(pid) = pid {
        // A command that became another user's is out of reach, and has what the terminal sends.
        let _ = kill_process(pid, signal);
    }
}

/// Returns `true` if the terminal sends a signal to the command as well: Ctrl-C is for all of the
/// terminal's foreground, and a second SIGINT would cut off what the first one has begun.
fn terminal_sends(signal: Signal) -> bool {
    let foreground = || Some(tcgetpgrp(File::open("/dev/tty").ok()?).ok()? == getpgrp());
    signal == Signal::INT && foreground() == Some(true)
}
