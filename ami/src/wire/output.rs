//! The output of a CLI command.

use std::fmt;

use super::message::Response;

/// The output of a CLI command, as lines of bytes.
///
/// The type hides the difference between the two formats of servers: a field `Output` for each line
/// (Asterisk 14 and later), and text up to an end marker (earlier versions). The server removes
/// colours. [`Display`](fmt::Display) writes the lines as text, with U+FFFD in place of bytes that
/// are not UTF-8.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CommandOutput(Response);

impl CommandOutput {
    pub(crate) fn new(response: Response) -> Self {
        Self(response)
    }

    /// Returns the lines as sent, without line ends.
    pub fn lines(&self) -> impl Iterator<Item = &[u8]> {
        self.0.command_output()
    }

    /// Returns the response with all its fields.
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
