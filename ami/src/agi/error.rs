//! The errors of AGI.

use std::fmt;
use std::time::Duration;

use super::reply::Reply;
use crate::error::{Error, write_error};
use crate::events::Lost;

/// The error of an AGI command or session.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum AgiError {
    /// The channel was hung up. A command that was in flight may have been executed in part.
    ///
    /// Needs the read class `call`; without it, the error is [`Ended`](Self::Ended), or
    /// [`Failed`](Self::Failed) for a command that the hang-up has interrupted.
    HungUp,
    /// The channel is not in AGI any more, or never was: the session was
    /// [ended](super::Session::end), a command has failed so that the server has ended AGI (as for
    /// a sound file that does not exist), or the channel was hung up.
    ///
    /// The server keeps commands that it has not executed. If the channel enters `AGI(agi:async)`
    /// again, it executes them then.
    Ended,
    /// The server refused the command: [`Reply::code`] is 510 for a command that it does not know,
    /// 511 for one that is not allowed on a dead channel, and 520 for wrong arguments, with the
    /// usage in [`Reply::text`].
    Refused(Reply),
    /// The command failed: its result is -1, or -2 for an application that does not exist.
    Failed(Reply),
    /// The reply cannot be read. The server cuts replies off at 1,024 bytes, as for a long
    /// variable, and sends the rest with the reply to the next command.
    Unreadable(Reply),
    /// The result did not come within the session's own [time-out](super::Session::timeout). The
    /// server still executes the command.
    Timeout(Duration),
    /// The command was not sent or not accepted, or it is not known what became of it, because the
    /// connection ([`Error::Lost`], [`Error::Disconnected`]) or events ([`Error::Missed`]) were
    /// lost. A session that has lost something does not go on;
    /// [`Client::attach_agi`](crate::Client::attach_agi) begins another one for the channel.
    Client(Error),
}

impl AgiError {
    /// Returns `true` if the session has ended: the channel was hung up, or has left AGI.
    pub fn is_end(&self) -> bool {
        matches!(self, Self::HungUp | Self::Ended)
    }

    /// Returns the server's reply, if there is one.
    pub fn reply(&self) -> Option<&Reply> {
        match self {
            Self::Refused(reply) | Self::Failed(reply) | Self::Unreadable(reply) => Some(reply),
            _ => None,
        }
    }

    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first = |reply: &Reply| {
            let text = reply.text();
            text.lines().next().unwrap_or_default().escape_debug().to_string()
        };
        match self {
            Self::HungUp => f.write_str("the channel was hung up"),
            Self::Ended => f.write_str("the channel is not in AGI any more"),
            Self::Refused(reply) => write!(f, "the server refused the command: {}", first(reply)),
            Self::Failed(reply) => write!(f, "the command failed: {}", first(reply)),
            Self::Unreadable(reply) => write!(
                f,
                "expected a reply with a code and a line end, got {} bytes without",
                reply.bytes().len()
            ),
            Self::Timeout(limit) => write!(f, "no result of the command within {limit:?}"),
            Self::Client(_) => f.write_str("the command has no result"),
        }
    }
}

/// Writes what happened. The alternate form `{:#}` adds the causes.
impl fmt::Display for AgiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_error(f, self, |f| self.describe(f))
    }
}

impl std::error::Error for AgiError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Client(error) => Some(error),
            _ => None,
        }
    }
}

impl From<Error> for AgiError {
    fn from(error: Error) -> Self {
        Self::Client(error)
    }
}

impl From<Lost> for AgiError {
    fn from(lost: Lost) -> Self {
        Self::Client(lost.into())
    }
}
