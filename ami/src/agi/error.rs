//! The errors of AGI.

use std::fmt;
use std::io;
use std::sync::Arc;
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
    /// AsyncAGI needs the read class `call`; without it, the error is [`Ended`](Self::Ended), or
    /// [`Failed`](Self::Failed) for a command that the hang-up has interrupted. FastAGI needs that
    /// the channel variable `AGISIGHUP` is not `no`; with it, the error is
    /// [`Refused`](Self::Refused) with the code 511, or [`Failed`](Self::Failed).
    HungUp,
    /// The channel is not in AGI any more, or never was: the session was
    /// [ended](super::Session::end), a command has failed so that the server has ended AGI (as for
    /// a sound file that does not exist), or the channel was hung up. A session of FastAGI ends
    /// when one of both ends has closed the connection; a command that has failed does not end it.
    ///
    /// With AsyncAGI, the server keeps commands that it has not executed. If the channel enters
    /// `AGI(agi:async)` again, it executes them then.
    Ended,
    /// The server refused the command: [`Reply::code`] is 510 for a command that it does not know,
    /// 511 for one that is not allowed on a dead channel, and 520 for wrong arguments, with the
    /// usage in [`Reply::text`].
    Refused(Reply),
    /// The command failed: its result is -1, or -2 for an application that does not exist.
    Failed(Reply),
    /// The reply cannot be read. With AsyncAGI, the server cuts replies off at 1,024 bytes, as for
    /// a long variable, and sends the rest with the reply to the next command. With FastAGI, it was
    /// no reply, had more than 1 MiB, or came without a command; that ends the session, for what
    /// comes next cannot be told apart.
    Unreadable(Reply),
    /// The result did not come within the session's own [time-out](super::Session::timeout). The
    /// server still executes the command. One of FastAGI that waited behind another one is not
    /// sent.
    Timeout(Duration),
    /// The command was not sent or not accepted, or it is not known what became of it, because the
    /// connection ([`Error::Lost`], [`Error::Disconnected`]) or events ([`Error::Missed`]) were
    /// lost. A session that has lost something does not go on;
    /// [`Client::attach_agi`](crate::Client::attach_agi) begins another one for the channel.
    Client(Error),
    /// The command cannot be sent over FastAGI in this form. Nothing was sent.
    Command(CommandError),
    /// The connection of a session of FastAGI failed. A command that was in flight may have been
    /// executed. The session does not go on.
    Io(Arc<io::Error>),
}

/// The error of a command that cannot be sent over FastAGI.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CommandError {
    /// A command with CR, LF or NUL in it. The server would take the rest for another command.
    #[error("the command holds the byte {0:#04x}, which ends a line")]
    LineBreak(u8),
    /// A command longer than the 2,046 bytes that the server reads. The number is that of its
    /// bytes.
    #[error("the command has {0} bytes, the server reads at most 2046")]
    TooLong(usize),
}

impl Reply {
    /// Returns the reply if its code is 200, and an error otherwise.
    pub(super) fn accepted(self) -> Result<Self, AgiError> {
        if self.code() == 200 { Ok(self) } else { Err(AgiError::Refused(self)) }
    }
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
            Self::Command(_) => f.write_str("the command was not sent"),
            Self::Io(_) => f.write_str("the connection of FastAGI failed"),
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
            Self::Command(error) => Some(error),
            Self::Io(error) => Some(&**error),
            _ => None,
        }
    }
}

impl From<CommandError> for AgiError {
    fn from(error: CommandError) -> Self {
        Self::Command(error)
    }
}

impl From<io::Error> for AgiError {
    fn from(error: io::Error) -> Self {
        Self::Io(Arc::new(error))
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
