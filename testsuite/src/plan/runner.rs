//! The ways to run a test, and the things that are missing for it.

use std::fmt;
use std::path::{Path, PathBuf};

/// The runner of a test.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum How {
    /// We do.
    Native,
    /// The test is a program: this one, with arguments.
    Script(Vec<String>),
    /// The suite's library does.
    Library {
        /// The program that loads it, with arguments.
        command: Vec<String>,
        /// The reason for which we do not.
        why: String,
    },
}

impl How {
    /// Returns the command of a test that another program runs.
    pub(crate) fn command(&self) -> Option<&[String]> {
        match self {
            Self::Native => None,
            Self::Script(command) | Self::Library { command, .. } => Some(command),
        }
    }
}

impl fmt::Display for How {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Native => f.write_str("natively"),
            Self::Script(command) => write!(f, "a program, {}", command.join(" ")),
            Self::Library { why, .. } => write!(f, "by the suite's library ({why})"),
        }
    }
}

/// Something that a test needs and that is not there.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Unmet {
    pub(crate) name: String,
    pub(crate) reason: String,
}

impl fmt::Display for Unmet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.reason)
    }
}

/// The absolute path of a program: of one without a slash, the first in `PATH`. None if there is
/// none that can be executed.
pub(crate) fn executable(program: &Path) -> Option<PathBuf> {
    use std::os::unix::fs::PermissionsExt;
    let is_executable = |path: &PathBuf| {
        path.metadata().is_ok_and(|it| it.is_file() && it.permissions().mode() & 0o111 != 0)
    };
    if program.components().count() > 1 {
        return std::path::absolute(program).ok().filter(is_executable);
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut found = std::env::split_paths(&path).map(|folder| folder.join(program));
    std::path::absolute(found.find(is_executable)?).ok()
}
