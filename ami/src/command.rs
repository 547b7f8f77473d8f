//! The output of a CLI command.

use std::fmt;

use crate::error::Error;
use crate::message::Response;

/// What a CLI command printed, line by line and byte by byte.
///
/// The two formats of the server look alike here: a field `Output` for each line (Asterisk 14 and later), and text up to
/// an end marker (before). Colours are taken out by the server. [`Display`](fmt::Display) gives the lines as text.
#[derive(Clone, Debug)]
pub struct CommandOutput(Response);

impl CommandOutput {
    /// # Errors
    ///
    /// If the server could not read back what the command printed: it says so in the message of a `Success`, without any
    /// output (`main/manager.c`, `action_command`).
    pub(crate) fn new(response: Response) -> Result<Self, Error> {
        let follows = response.status().eq_ignore_ascii_case(b"Follows");
        if follows || response.message().trim_end() == "Command output follows" {
            Ok(Self(response))
        } else {
            Err(Error::Rejected(Box::new(response)))
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
