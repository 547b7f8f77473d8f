//! The command, program or shell that uses the server.

use std::ffi::{OsStr, OsString};
use std::future::pending;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::ExitStatus;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep_until};

use super::pbx::Pbx;
use super::signals::{Signals, terminal_sends};
use crate::exit::Exit;
use crate::out::{Out, Style};

/// The longest wait for the end of a command that was asked to end.
const PATIENCE: Duration = Duration::from_secs(5);

/// The code of a program that cannot be executed, as shells tell it.
const NOT_EXECUTABLE: u8 = 126;

/// The code of a program that a signal has ended, without the number of the signal.
const SIGNALED: i32 = 128;

/// The start-up file of bash, which marks the prompt. Other shells have `AMI_TRY` for theirs.
const BASHRC: &str = "\
[ -r /etc/bash.bashrc ] && . /etc/bash.bashrc
[ -r ~/.bashrc ] && . ~/.bashrc
PS1=\"(ami try) $PS1\"
";

/// A program and its arguments.
#[derive(Debug)]
pub(super) struct Words {
    pub(super) program: OsString,
    pub(super) arguments: Vec<OsString>,
    /// `true` if this is a shell that somebody types into.
    pub(super) is_shell: bool,
}

/// The end of the work with the server.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Ended {
    Exit(Exit),
    /// One of the servers ended by itself.
    Server,
}

/// Returns the user's shell.
pub(super) fn shell(pbx: &Pbx) -> io::Result<Words> {
    let program = std::env::var_os("SHELL").filter(|it| !it.is_empty());
    let program = program.unwrap_or_else(|| "/bin/sh".into());
    let mut arguments = Vec::new();
    if Path::new(&program).file_name() == Some(OsStr::new("bash")) {
        let file = pbx.folder().join("bashrc");
        std::fs::write(&file, BASHRC)?;
        arguments = vec!["--rcfile".into(), file.into()];
    }
    arguments.push("-i".into());
    Ok(Words { program, arguments, is_shell: true })
}

/// Returns `true` if there is a file for a program: at a path, or in `PATH` for a name.
pub(super) fn is_there(program: &OsStr) -> bool {
    let path = Path::new(program);
    if path.components().count() > 1 || path.has_root() {
        return path.is_file();
    }
    let folders = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&folders).any(|folder| folder.join(path).is_file())
}

/// Runs a program until it ends. It is asked to end when a signal comes, and unless it is a shell
/// when a server ends; it is killed by a second signal, or if it takes too long.
pub(super) async fn run(
    words: Words,
    pbx: &Pbx,
    signals: &mut Signals,
    out: &Out,
) -> io::Result<Ended> {
    let mut child = match spawn(&words, pbx) {
        Ok(child) => child,
        Err(error) => {
            let shown = Path::new(&words.program).display();
            out.tell(Style::Bad, &format!("{shown}: failed to execute the program: {error}"));
            return Ok(Ended::Exit(Exit::Passed(NOT_EXECUTABLE)));
        }
    };
    let (mut end, mut server_ended) = (None, false);
    let status = loop {
        let patience = async {
            match end {
                Some(end) => sleep_until(end).await,
                None => pending().await,
            }
        };
        tokio::select! {
            biased;
            status = child.wait() => break status?,
            signal = signals.next() => match end {
                // The program has it from the terminal, and knows best what it means.
                _ if terminal_sends(signal) => (),
                Some(_) => send(&child, Signal::KILL),
                None => {
                    // A shell in which somebody types ends by the end of its terminal alone.
                    send(&child, if words.is_shell { Signal::HUP } else { signal });
                    end = Some(Instant::now() + PATIENCE);
                }
            },
            () = pbx.died(), if !server_ended => {
                server_ended = true;
                out.tell(Style::Bad, &pbx.death().to_string());
                // What is being typed into a shell is the user's.
                if !words.is_shell {
                    send(&child, Signal::TERM);
                    end = Some(Instant::now() + PATIENCE);
                }
            }
            () = patience => {
                send(&child, Signal::KILL);
                end = None;
            }
        }
    };
    Ok(if server_ended { Ended::Server } else { Ended::Exit(Exit::Passed(code(status))) })
}

fn spawn(words: &Words, pbx: &Pbx) -> io::Result<Child> {
    let mut command = Command::new(&words.program);
    command.args(&words.arguments).envs(pbx.variables());
    // The program is `ami` there, however this file is named.
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(pbx.programs()).chain(std::env::split_paths(&path));
    command.env("PATH", std::env::join_paths(folders).map_err(io::Error::other)?);
    command.kill_on_drop(true).spawn()
}

/// Sends a signal to a program that may have ended, but has not been waited for.
fn send(child: &Child, signal: Signal) {
    let pid = child.id().and_then(|pid| Pid::from_raw(pid.try_into().ok()?));
    if let Some(pid) = pid {
        // A program that became another user's is out of reach.
        let _ = kill_process(pid, signal);
    }
}

/// Returns the code of a program as a shell tells it.
fn code(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| Some(SIGNALED + status.signal()?));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX)
}
