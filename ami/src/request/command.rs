//! CLI commands and their output.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pin_project_lite::pin_project;

use super::Call;
use crate::error::Error;
use crate::state::Handle;
use crate::wire::{Action, CommandOutput, READ_BUFFER, Response};

/// The message of a response that has the output of a command.
const FOLLOWS: &str = "Command output follows";

/// A response of fewer bytes holds more of its read buffer than of its own.
const SMALL: usize = READ_BUFFER / 2;

/// The longest output of a failed command in the text of an error, in characters.
const LONGEST: usize = 200;

pin_project! {
    /// A future that runs a CLI command and returns its output. See
    /// [`Client::command`](crate::Client::command).
    ///
    /// Dropping the future takes the command back if it is not yet written. Otherwise the server
    /// runs it, and its output is ignored.
    ///
    /// ```no_run
    /// # async fn example(client: ami::Client) -> Result<(), ami::Error> {
    /// let output = client.command("core show uptime").await?;
    /// for line in output.lines() {
    ///     println!("{}", String::from_utf8_lossy(line));
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// Panics if it is polled again after completion.
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

    /// Creates the future from the action that runs the command.
    pub(crate) fn of(handle: Arc<Handle>, action: Action) -> Self {
        let command = action.text("Command").unwrap_or_default().into_owned();
        Self { call: Call::new(handle, action), command }
    }

    /// Sets the time-out of this command, in place of the client's. It counts as in
    /// [`Call::timeout`].
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
        let told = |error| failed(error, this.command);
        Poll::Ready(answer.map_err(told).and_then(output_of))
    }
}

/// Hides the command, which may hold a secret.
impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Command").finish_non_exhaustive()
    }
}

/// Takes the output from the response to a command.
///
/// # Errors
///
/// Returns an error if the server could not read back the output of the command. It says so in
/// the message of a `Success` without any output (`main/manager.c`, `action_command`).
fn output_of(response: Response) -> Result<CommandOutput, Error> {
    let follows = response.head().eq_ignore_ascii_case(b"Follows");
    if follows || response.message().trim_end() == FOLLOWS {
        // The output is often kept for longer than other responses. A large response has a read
        // buffer of its own.
        Ok(CommandOutput::new(if response.raw().len() < SMALL {
            response.detach()
        } else {
            response
        }))
    } else {
        Err(Error::rejected(&response))
    }
}

/// Returns the error of a refused command. The message of the response usually says only that
/// output follows, so the reason is taken from the output. The server repeats a command that it
/// does not know; of such a command only the first word is kept, because it may hold a secret.
fn failed(error: Error, command: &str) -> Error {
    let Error::Rejected(response) = error else { return error };
    let lines = response.command_output().map(<[u8]>::trim_ascii);
    let printed = lines.filter(|line| !line.is_empty()).map(String::from_utf8_lossy).next();
    let words: Vec<_> = command.split_whitespace().collect();
    let first = words.first().copied().unwrap_or_default();
    // The server repeats an unknown command, and the beginning of it that looks like a known
    // one.
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
        Some(printed) => {
            Error::Command { printed, output: Box::new(CommandOutput::new(*response)) }
        }
        None => Error::Rejected(response),
    }
}
