//! The errors of the sources of a server: the environment, a text, a `manager.conf`.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use crate::error::write_error;

/// The error of reading a [`Server`](crate::Server). Neither `Display` nor `Debug` shows a secret,
/// or any part of a text that may hold one.
///
/// `Display` says what is wrong and where, and [`source`](std::error::Error::source) returns the
/// cause. The alternate form `{:#}` writes both.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ServerError {
    /// The environment variable is not set or is empty.
    Unset {
        /// The name of the variable.
        variable: &'static str,
        /// The form that the value has to have.
        expected: &'static str,
    },
    /// The value of the environment variable is not UTF-8.
    NotUtf8 {
        /// The name of the variable.
        variable: &'static str,
    },
    /// The text does not name a server.
    Text {
        /// The environment variable that the text is from, if any.
        variable: Option<&'static str>,
        /// The part of the text that is wrong.
        part: ServerPart,
        /// The position of the wrong character in that part, counted from 1.
        character: usize,
        /// The form or the value that was expected there.
        expected: &'static str,
    },
    /// The `manager.conf`, or a file that it includes, has no usable login.
    ManagerConf {
        /// The path of the file.
        path: PathBuf,
        /// The line, counted from 1; `None` if the problem concerns the file as a whole.
        line: Option<usize>,
        /// The problem in the file.
        problem: ManagerConfProblem,
    },
}

/// A part of the text that names a server, `user:secret@host:port`.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum ServerPart {
    /// The whole text.
    Whole,
    /// The user, before the first `:`.
    User,
    /// The secret, between the first `:` and the last `@`.
    Secret,
    /// The host, after the last `@`.
    Host,
    /// The port, after the host.
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

/// A problem in a `manager.conf`.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ManagerConfProblem {
    /// The file cannot be read.
    #[error("cannot be read")]
    Read {
        /// The I/O error.
        source: Arc<std::io::Error>,
    },
    /// The path is that of a folder, a pipe or a device. The server reads regular files alone.
    #[error("not a regular file")]
    NotAFile,
    /// The files, together with what their sections inherit, have more than 64 MiB.
    #[error("the files and what is inherited in them have more than 64 MiB")]
    TooLarge,
    /// The line does not follow the configuration language.
    #[error("expected {expected}")]
    Syntax {
        /// The form or the value that was expected.
        expected: &'static str,
    },
    /// The section inherits from a section that does not exist, or continues one. The server
    /// discards such a file.
    #[error("there is no section [{name}] before this line")]
    UnknownSection {
        /// The name of the missing section.
        name: String,
    },
    /// The file in an `#include` does not exist, or no file matches the pattern. The server
    /// discards such a configuration.
    #[error("there is no file {name:?} to include")]
    NotFound {
        /// The name or the pattern.
        name: String,
    },
    /// The file includes itself, directly or through other files.
    #[error("{} includes itself", path.display())]
    Cycle {
        /// The path of the file.
        path: PathBuf,
    },
    /// The files include each other more than ten levels deep.
    #[error("includes go deeper than ten files")]
    TooDeep,
    /// The files include more than 10,000 others.
    #[error("includes are of more than 10,000 files")]
    TooManyFiles,
    /// An `#exec` line. The server can run a program there (`execincludes` in `asterisk.conf`)
    /// whose output may be part of the login. A client does not run it.
    #[error("#exec is not run, and what it prints may be of the login")]
    Exec,
    /// The manager is not enabled: `enabled` of `[general]` is unset or false.
    #[error("the manager is not enabled: expected `enabled = yes` in [general]")]
    NotEnabled,
    /// The value of a key in `[general]` is invalid.
    #[error("{key} in [general]: expected {expected}")]
    General {
        /// The name of the key.
        key: &'static str,
        /// The form or the value that was expected.
        expected: &'static str,
    },
    /// The file has no user with a secret.
    #[error("there is no user with a secret")]
    NoUsers,
    /// The file has no user of the requested name.
    #[error("there is no user {user:?}; users are: {}", users.join(", "))]
    UnknownUser {
        /// The requested name.
        user: String,
        /// The users with a secret, in the order of the file.
        users: Vec<String>,
    },
    /// The user has no secret, so the server accepts no login by that name.
    #[error("the user {user:?} has no secret")]
    NoSecret {
        /// The name of the user.
        user: String,
    },
    /// The file has several users with a secret, and none was requested.
    #[error("there are several users, expected the name of one: {}", users.join(", "))]
    SeveralUsers {
        /// The users with a secret, in the order of the file.
        users: Vec<String>,
    },
}

impl ServerError {
    /// Attributes the error to the value of an environment variable.
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
