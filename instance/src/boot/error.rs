//! Why a server did not boot.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

use crate::findings::Finding;

/// How far a boot came.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Stage {
    /// The sandbox was made.
    Created,
    /// The process was started.
    Launched,
    /// The server said that it is fully booted.
    Ready,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Created => "launching the server",
            Self::Launched => "waiting for the server to boot",
            Self::Ready => "logging in to the booted server",
        })
    }
}

/// A server that did not boot.
#[derive(Debug, thiserror::Error)]
#[error(
    "instance {number} failed at {stage}: {failure}{}{}\nthe sandbox is kept: {}",
    .findings.iter().map(|finding| format!("\n    {finding}")).collect::<String>(),
    .last_words.iter().map(|line| format!("\n    {line}")).collect::<String>(),
    .folder.display()
)]
pub struct BootError {
    /// The number of the instance in its run.
    pub number: u32,
    /// What was going on.
    pub stage: Stage,
    /// What went wrong.
    #[source]
    pub failure: BootFailure,
    /// What else the server left, if it ended: a core, the report of a sanitizer.
    pub findings: Vec<Finding>,
    /// The last lines of what the server printed and logged.
    pub last_words: Vec<String>,
    /// The folder of the run.
    pub folder: PathBuf,
}

/// Why a server did not boot.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BootFailure {
    /// The process could not be started.
    #[error("failed to {what}: {error}")]
    Launch {
        /// What was tried.
        what: &'static str,
        /// What the system said.
        #[source]
        error: io::Error,
    },
    /// The process ended.
    #[error("the server ended by itself ({0})")]
    Exited(ExitStatus),
    /// The server has booted and does not listen for AMI: its configuration is invalid or says so, or another listens there.
    #[error(
        "the server does not listen at {address} for AMI{}",
        .reason.as_deref().map(|line| format!(": {line}")).unwrap_or_default()
    )]
    NotListening {
        /// The address.
        address: String,
        /// The line of its log that says why.
        reason: Option<String>,
    },
    /// There is no AMI connection to the booted server.
    #[error("{0:#}")]
    Login(#[source] ami::Error),
    /// Time is up.
    #[error("it took longer than {0:?}")]
    Timeout(Duration),
}
