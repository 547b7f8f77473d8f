//! `ami cli`: the console of a server, without root.

mod complete;
mod prompt;

use std::io::{self, BufRead, IsTerminal};

use ami::{Client, CommandOutput, Error};
use clap::Args;
use serde_json::json;
use tokio::sync::mpsc;

use super::each::{Order, each};
use crate::connect::{connect, several};
use crate::exit::{Exit, Failure};
use crate::options::Options;
use crate::out::{Form, Out, escape, value_of};

/// Run commands of the server's console, without root
///
/// Without COMMAND there is a prompt with history and the server's own completion; Ctrl-D or exit
/// ends it, and Ctrl-C cancels the line. Where the input is no terminal, each line is a command,
/// and the first that fails ends the program; empty lines and those that begin with # are skipped.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(crate) struct Cli {
    /// The command, such as core show channels
    command: Vec<String>,
    /// Go on after a command that failed, and end with the exit code of the first that did
    #[arg(long, conflicts_with = "command")]
    keep_going: bool,
}

const HELP: &str = "\
With --json: an object for each command, with its lines in `output`. With --raw: the server's banner
and its answers. The history of the prompt is in ~/.local/state/ami/history, which only the user may
read; a line that begins with a blank is not kept.

Exit codes: 0 done; 1 a command failed; 5 never sent; 6 it may have been executed, but the answer
did not come; 9 of several servers, some have done it. `ami --help` has the others.";

impl Cli {
    /// Returns `true` if somebody is to be asked for commands.
    pub(crate) fn is_interactive(&self) -> bool {
        self.command.is_empty() && io::stdin().is_terminal() && io::stdout().is_terminal()
    }

    pub(crate) async fn run(&self, options: &Options, out: &mut Out) -> Result<Exit, Failure> {
        let servers = several(options)?;
        if !servers.is_empty() {
            if self.command.is_empty() {
                let text = "--servers needs COMMAND: the prompt, and commands on the standard \
                            input, are for one server";
                return Err(Failure::usage(text));
            }
            let command = self.command.join(" ");
            return each(&servers, Order::InTurn, out, async |server, out| {
                execute(&connect(server).await?, &command, out).await
            })
            .await;
        }
        if self.is_interactive() {
            return prompt::run(options, out).await;
        }
        let client = connect(options).await?;
        if out.form == Form::Raw {
            out.bytes(client.banner().line());
            out.bytes(b"\r\n");
        }
        if self.command.is_empty() {
            return self.script(&client, out).await;
        }
        execute(&client, &self.command.join(" "), out).await
    }

    /// Runs each line of the input.
    async fn script(&self, client: &Client, out: &mut Out) -> Result<Exit, Failure> {
        let mut lines = lines();
        let mut first = Exit::Done;
        let mut number = 0;
        while let Some(line) = lines.recv().await {
            number += 1;
            let line = line.map_err(|error| match error.kind() {
                io::ErrorKind::InvalidData => {
                    Failure::usage(format!("line {number} of the standard input is not UTF-8"))
                }
                _ => error.into(),
            })?;
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if is_end(line) {
                break;
            }
            let exit = match execute(client, line, out).await {
                Ok(exit) => exit,
                // Without a connection, the next ones would fail as well.
                Err(failure) if !self.keep_going || failure.exit != Exit::Refused => {
                    return Err(failure);
                }
                Err(failure) => {
                    out.complain(&failure);
                    failure.exit
                }
            };
            out.drain().await?;
            if first == Exit::Done {
                first = exit;
            }
            if exit != Exit::Done && !self.keep_going {
                break;
            }
        }
        Ok(first)
    }
}

/// Returns `true` for a line that ends the session rather than being sent.
fn is_end(line: &str) -> bool {
    matches!(line, "exit" | "quit")
}

/// Reads the lines of the input on another thread, which is not waited for at the end.
fn lines() -> mpsc::Receiver<io::Result<String>> {
    let (sender, receiver) = mpsc::channel(1);
    std::thread::spawn(move || {
        for line in io::stdin().lock().lines() {
            if sender.blocking_send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

/// Runs a command and prints its output. The exit code tells if the server has refused it.
async fn execute(client: &Client, command: &str, out: &mut Out) -> Result<Exit, Failure> {
    match client.command(command).await {
        Ok(output) => {
            print(command, &output, true, out)?;
            Ok(Exit::Done)
        }
        Err(Error::Command { output, .. }) => {
            print(command, &output, false, out)?;
            Ok(Exit::Refused)
        }
        Err(error) => Err(error.into()),
    }
}

fn print(command: &str, output: &CommandOutput, done: bool, out: &mut Out) -> io::Result<()> {
    match out.form {
        Form::Raw => out.bytes(output.response().raw()),
        Form::Json => {
            let lines: Vec<_> = output.lines().map(value_of).collect();
            out.object(&json!({ "v": 1, "command": command, "done": done, "output": lines }))?;
        }
        Form::People => {
            for line in output.lines() {
                out.line(&plain(line))?;
            }
        }
    }
    Ok(())
}

/// Returns a line without colours, with its tabs, and without all else that a terminal acts on.
fn plain(line: &[u8]) -> String {
    let mut text = Vec::with_capacity(line.len());
    let mut rest = line;
    while let Some((&byte, tail)) = rest.split_first() {
        let color = tail.strip_prefix(b"[").filter(|_| byte == 0x1b).and_then(|tail| {
            let end = tail.iter().position(|it| !it.is_ascii_digit() && *it != b';')?;
            tail[end..].strip_prefix(b"m")
        });
        match color {
            Some(tail) => rest = tail,
            None => {
                text.push(byte);
                rest = tail;
            }
        }
    }
    let columns: Vec<_> = text.split(|byte| *byte == b'\t').map(escape).collect();
    columns.join("\t")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_removed_and_all_else_is_escaped() {
        assert_eq!(plain(b"\x1b[1;32mup\x1b[0m\t\x1b[2J\x1b[m\x07\r"), "up\t\\u{1b}[2J\\u{7}\\r");
        assert_eq!(plain(b"\x1b[31"), "\\u{1b}[31");
    }
}
