//! The errors of programs that do not work.

use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

use crate::server::layout::LayoutError;
use crate::server::version::Version;

/// The error of a file that does not work as the program that it should be.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProbeError {
    /// The file is missing.
    #[error("there is no such program")]
    Missing(#[source] io::Error),
    /// The binary cannot be executed.
    #[error("failed to execute it")]
    Launch(#[source] io::Error),
    /// The program did not print its version in time.
    #[error("it did not say its version within {0:?}")]
    Silent(Duration),
    /// The program printed something else than a version.
    #[error("it did not say its version ({status}): {said:?}")]
    NoVersion {
        /// The exit status.
        status: ExitStatus,
        /// The output.
        said: String,
    },
    /// The program is of a version that is not good enough.
    #[error("it is version {found}, expected {expected}")]
    Version {
        /// The version.
        found: Version,
        /// The versions that are good enough, and the reason.
        expected: String,
    },
    /// The path of the program's libraries has a character that separates paths for the loader.
    #[error("the dynamic loader cannot take a path with `:` or `;` in it: {}; move or link the program to another", .0.display())]
    OddPath(PathBuf),
    /// A folder of the server was not found.
    #[error(transparent)]
    Layout(#[from] LayoutError),
}
