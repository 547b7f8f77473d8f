//! A CLI command, and its output.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pin_project_lite::pin_project;

use super::Call;
use crate::error::Error;
use crate::state::Handle;
use crate::wire::{Action, Response};

/// The message of a response that has the output of a command.
const FOLLOWS: &str = "Command output follows";

/// A response of fewer bytes holds more of its read buffer than of its own.
const SMALL: usize = 32 * 1024;

/// How much of what a failed command printed is in the error's text, in characters.
const LONGEST: usize = 200;

pin_project! {
    /// A CLI command about to be sent: await it for what it prints. See
    /// [`Client::command`](crate::Client::command).
    ///
    /// Dropping it takes the command back if it was not written yet; else the server runs it, and
    /// its output is ignored.
    ///
    /// # Panics
    ///
    /// If it is polled again after its end, as other futures do.
    #[must_use = "nothing is sent until it is awaited"]
    pub struct Command {
        #[pin]
        call: Call,
        command: String,
    }
}

impl Command {
    pub(crate) fn new(handle: Arc<Handle>, command: String) -> Self {
        let action = Action::new("Command").field("Command", &command);
        Self { call: Call::new(handle, action), command }
    }

    /// Sets how long the command waits for its output, instead of the client's time-out; as
    /// [`Call::timeout`] does.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.call = self.call.timeout(timeout);
        self
    }
}

impl Future for Command {
    type Output = Result<CommandOutput, Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let answer = ready!(this.call.poll(cx));
        let failed = |error| CommandOutput::failed(error, this.command);
        Poll::Ready(answer.map_err(failed).and_then(CommandOutput::new))
    }
}

/// Does not show the command, which may hold a secret.
impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Command").finish_non_exhaustive()
    }
}

/// What a CLI command printed, line by line and byte by byte.
///
/// The two formats of the server look alike here: a field `Output` for each line (Asterisk 14 and
/// later), and text up to an end marker (before). Colours are taken out by the server.
/// [`Display`](fmt::Display) gives the lines as text.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CommandOutput(Response);

impl CommandOutput {
    /// # Errors
    ///
    /// If the server could not read back what the command printed: it says so in the message of a
    /// `Success`, without any output (`main/manager.c`, `action_command`).
    fn new(response: Response) -> Result<Self, Error> {
        let follows = response.head().eq_ignore_ascii_case(b"Follows");
        if follows || response.message().trim_end() == FOLLOWS {
            // As a rule it is kept for longer than other responses; a large one has a buffer of its
            // own.
            Ok(Self(if response.raw().len() < SMALL { response.detach() } else { response }))
        } else {
            Err(Error::rejected(&response))
        }
    }

    /// Makes the error of a command that was refused: as a rule its message says no more than that
    /// there is output, and that says why. Of a command that the server does not know, and so
    /// repeats, only the first word is left in: it may hold a secret.
    fn failed(error: Error, command: &str) -> Error {
        let Error::Rejected(response) = error else { return error };
        let lines = response.command_output().map(<[u8]>::trim_ascii);
        let printed = lines.filter(|line| !line.is_empty()).map(String::from_utf8_lossy).next();
        let words: Vec<_> = command.split_whitespace().collect();
        let first = words.first().copied().unwrap_or_default();
        // It repeats a command that it does not know, and as much of it as looks like one that it
        // does.
        let short = |line: &str| {
            if !line.starts_with("No such command") {
                return line.to_owned();
            }
            let parts = (2..=words.len()).rev().map(|count| words[..count].join(" "));
            let parts = std::iter::once(command.trim().to_owned()).chain(parts);
            parts
                .filter(|part| part.len() > first.len())
                .fold(line.to_owned(), |line, part| line.replace(&part, &format!("{first} …")))
        };
        let printed = printed.map(|line| short(&line));
        match printed.map(|line| line.chars().take(LONGEST).collect()) {
            Some(printed) => Error::Command { printed, response },
            None => Error::Rejected(response),
        }
    }

    /// The lines as sent, without line ends.
    pub fn lines(&self) -> impl Iterator<Item = &[u8]> {
        self.0.command_output()
    }

    /// The response, with all its fields.
    pub fn response(&self) -> &Response {
        &self.0
    }
}

impl fmt::Display for CommandOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in self.lines() {
            writeln!(f, "{}", String::from_utf8_lossy(line))?;
        }
        Ok(())
    }
}
