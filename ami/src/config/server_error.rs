//! The errors of the sources of a server: the environment, a text, a `manager.conf`.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use crate::error::write_error;

/// The reason that there is no [`Server`](crate::Server). Neither `Display` nor `Debug` shows a
/// secret, or anything else of a text that may hold one.
///
/// `Display` says what is wrong and where, and [`source`](std::error::Error::source) why; `{:#}`
/// writes both.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ServerError {
    /// The environment variable is not set, or empty.
    Unset {
        /// The variable's name.
        variable: &'static str,
        /// The form that its value has to have.
        expected: &'static str,
    },
    /// The value of the environment variable is not UTF-8.
    NotUtf8 {
        /// The variable's name.
        variable: &'static str,
    },
    /// The text names no server.
    Text {
        /// The environment variable that the text is from.
        variable: Option<&'static str>,
        /// The part of the text that is wrong.
        part: ServerPart,
        /// The character of that part, counted from 1.
        character: usize,
        /// The form or the value that was expected there.
        expected: &'static str,
    },
    /// The `manager.conf`, or a file that it includes, has no login to offer.
    ManagerConf {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1; `None` if it is about the file as a whole.
        line: Option<usize>,
        /// The fault in the file.
        problem: ManagerConfProblem,
    },
}

/// A part of the text that names a server, `user:secret@host:port`.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum ServerPart {
    /// All of it.
    Whole,
    /// The user, before the first `:`.
    User,
    /// The secret, from the first `:` to the last `@`.
    Secret,
    /// The host, from the last `@` on.
    Host,
    /// The port, behind the host.
    Port,
}

impl fmt::Display for ServerPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Whole => "the text",
            Self::User => "the user",
            Self::Secret => "the secret",
            Self::Host => "the host",
            Self::Port => "the port",
        })
    }
}

/// A fault in a `manager.conf`, or the lack of a login in it.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ManagerConfProblem {
    /// The file cannot be read.
    #[error("cannot be read")]
    Read {
        /// The error of the system.
        source: Arc<std::io::Error>,
    },
    /// The line is not of the configuration language.
    #[error("expected {expected}")]
    Syntax {
        /// The form or the value that was expected.
        expected: &'static str,
    },
    /// The section inherits from one that is not there, or goes on with one that is not there. The
    /// server reads nothing of such a file.
    #[error("there is no section [{name}] before this line")]
    UnknownSection {
        /// The name of the missing section.
        name: String,
    },
    /// There is no file of the name, or none that matches the pattern, of an `#include`. The server
    /// reads nothing of such a configuration.
    #[error("there is no file {name:?} to include")]
    NotFound {
        /// The name or the pattern.
        name: String,
    },
    /// The file includes itself, perhaps by way of others.
    #[error("{} includes itself", path.display())]
    Cycle {
        /// The file.
        path: PathBuf,
    },
    /// The files include each other more than ten deep.
    #[error("includes go deeper than ten files")]
    TooDeep,
    /// The files include more than 10,000 others.
    #[error("includes are of more than 10,000 files")]
    TooManyFiles,
    /// An `#exec` would have the server run a program (`execincludes` in `asterisk.conf`), and what
    /// that prints can be of the login. A client does not run it.
    #[error("#exec is not run, and what it prints may be of the login")]
    Exec,
    /// The manager is not enabled: `enabled` of `[general]` is unset or false.
    #[error("the manager is not enabled: expected `enabled = yes` in [general]")]
    NotEnabled,
    /// The value of a key in `[general]` makes no sense.
    #[error("{key} in [general]: expected {expected}")]
    General {
        /// The key.
        key: &'static str,
        /// The form or the value that was expected.
        expected: &'static str,
    },
    /// There is no user with a secret.
    #[error("there is no user with a secret")]
    NoUsers,
    /// There is no user of the name that was asked for.
    #[error("there is no user {user:?}; users are: {}", users.join(", "))]
    UnknownUser {
        /// The name that was asked for.
        user: String,
        /// The users with a secret, in their order.
        users: Vec<String>,
    },
    /// The user has no secret, so that the server lets nobody in by that name.
    #[error("the user {user:?} has no secret")]
    NoSecret {
        /// The user.
        user: String,
    },
    /// There are several users with a secret, and none was asked for.
    #[error("there are several users, expected the name of one: {}", users.join(", "))]
    SeveralUsers {
        /// The users with a secret, in their order.
        users: Vec<String>,
    },
}

impl ServerError {
    /// The same, about the value of an environment variable.
    pub(super) fn of(mut self, name: &'static str) -> Self {
        if let Self::Text { variable, .. } = &mut self {
            *variable = Some(name);
        }
        self
    }

    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unset { variable, expected } => {
                write!(f, "{variable} is not set, or empty: expected {expected}")
            }
            Self::NotUtf8 { variable } => write!(f, "{variable} is not UTF-8"),
            Self::Text { variable, part, character, expected } => {
                if let Some(variable) = variable {
                    write!(f, "{variable}: ")?;
                }
                write!(f, "{part}, character {character}: expected {expected}")
            }
            Self::ManagerConf { path, line, problem } => {
                write!(f, "{}", path.display())?;
                if let Some(line) = line {
                    write!(f, ":{line}")?;
                }
                write!(f, ": {problem}")
            }
        }
    }
}

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_error(f, self, |f| self.describe(f))
    }
}

impl std::error::Error for ServerError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::ManagerConf { problem: ManagerConfProblem::Read { source }, .. } => {
                Some(&**source)
            }
            _ => None,
        }
    }
}
