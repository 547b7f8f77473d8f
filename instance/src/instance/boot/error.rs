//! The errors of a boot.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

use crate::instance::findings::Finding;
use crate::readable;
use crate::sandbox::MissingInclude;

/// A stage of a boot.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Stage {
    /// The sandbox exists.
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

/// The error of a server that did not boot. It is displayed with its evidence first: findings, the
/// last lines of the server, and where the sandbox is kept. The last line is the conclusion, and
/// [`source`](Error::source) is the cause of the failure. `Debug`, which tests that return errors
/// print, adds the causes.
pub struct BootError {
    /// The number of the instance in its run.
    pub number: u32,
    /// The stage that the boot had reached.
    pub stage: Stage,
    /// The reason of the failure.
    pub failure: BootFailure,
    /// The manager users of the configuration, if the server refused a login as a user that it
    /// does not have.
    pub users: Option<OtherUsers>,
    /// Further things that the server left if it ended, such as a core or the report of a
    /// sanitizer.
    pub findings: Vec<Finding>,
    /// The last lines of level ERROR and WARNING in the log, then the last notices, or the last
    /// lines of any level if there are none of these, and then the last lines that the server
    /// printed.
    pub last_words: Vec<String>,
    /// The folder of the run.
    pub folder: PathBuf,
    /// `true` if the folder is kept, as it is unless `ASTERISK_KEEP=never` is set.
    pub kept: bool,
}

impl fmt::Display for BootError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.findings.iter().try_for_each(|finding| writeln!(f, "    {finding}"))?;
        self.last_words.iter().try_for_each(|line| writeln!(f, "    {line}"))?;
        if self.kept {
            writeln!(f, "the sandbox is kept: {}", self.folder.display())?;
        }
        write!(f, "instance {} failed at {}: {}", self.number, self.stage, self.failure)?;
        self.users.as_ref().map_or(Ok(()), |users| write!(f, "; {users}"))
    }
}

impl fmt::Debug for BootError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        readable::write(f, self)
    }
}

impl Error for BootError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.failure.source()
    }
}

/// The manager users of a configuration that does not have the one that the boot logged in as.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OtherUsers {
    /// The user that the boot logged in as.
    pub tried: String,
    /// The users of `manager.conf` and what it includes.
    pub users: Vec<String>,
}

impl fmt::Display for OtherUsers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { tried, users } = self;
        write!(f, "manager.conf has no user `{tried}`")?;
        match &users[..] {
            [] => f.write_str(" or any other"),
            users => write!(f, ", but {}: name one with `Builder::login`", users.join(", ")),
        }
    }
}

/// The reason for which a server did not boot.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BootFailure {
    /// The process could not be started.
    #[error("failed to {what}")]
    Launch {
        /// The step that failed.
        what: String,
        /// The error of the system.
        #[source]
        error: io::Error,
    },
    /// The process ended.
    #[error("the server ended by itself ({0})")]
    Exited(ExitStatus),
    /// The server has booted and does not listen for AMI where it should: its configuration is
    /// invalid or disables AMI, or another process listens there.
    #[error("the server does not listen at {address} for AMI{}", advice(.settings, .reason.as_deref()))]
    NotListening {
        /// The address.
        address: String,
        /// The settings of AMI, as the server reports them.
        settings: AmiSettings,
        /// The line of the log that says why, and the process that listens there instead.
        reason: Option<String>,
    },
    /// The server stopped reading a configuration file at an `#include` of a missing file:
    /// everything behind that line is missing, and often the whole file (`ast_config_internal_load`
    /// in `main/config.c`).
    #[error(
        "{from}:{line}: there is no file {name:?}, and the server read no further; use `#tryinclude` if it need not be there"
    )]
    Include {
        /// The file with the include.
        from: String,
        /// The line in it, from 1.
        line: usize,
        /// The name of the missing file, as the server sees it.
        name: String,
    },
    /// The login to the booted server failed.
    #[error("failed to log in over AMI")]
    Login(#[source] ami::Error),
    /// The time-out.
    #[error("it took longer than {0:?}")]
    Timeout(Duration),
}

impl From<MissingInclude> for BootFailure {
    fn from(missing: MissingInclude) -> Self {
        let MissingInclude { from, line, name } = missing;
        Self::Include { from, line, name }
    }
}

/// The settings of a server's AMI (CLI command `manager show settings`,
/// `handle_manager_show_settings` in `main/manager.c`).
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum AmiSettings {
    /// The server did not answer.
    Unknown,
    /// AMI is disabled.
    Disabled,
    /// AMI is enabled, at this address.
    At(String),
}

impl AmiSettings {
    /// Reads the output of the command.
    pub(super) fn parse(printed: &str) -> Self {
        let value = |name: &str| {
            let value = printed.lines().find_map(|line| line.trim().strip_prefix(name))?;
            Some(value.trim())
        };
        match (value("Manager (AMI):"), value("TCP Bindaddress:")) {
            (Some("No"), _) => Self::Disabled,
            (Some("Yes"), Some(address)) => Self::At(address.to_owned()),
            _ => Self::Unknown,
        }
    }
}

/// Returns the part of the text that says why, and what to do.
fn advice(settings: &AmiSettings, reason: Option<&str>) -> String {
    const WHERE: &str = "in [general] of manager.conf";
    match (settings, reason) {
        // An invalid file leaves AMI disabled, too.
        (AmiSettings::Disabled | AmiSettings::Unknown, Some(reason)) => format!(": {reason}"),
        (AmiSettings::Disabled, None) => {
            format!(", which is disabled: set `enabled = yes` {WHERE}")
        }
        (AmiSettings::At(at), reason) => format!(
            " but is set to listen at {at}{}: set `bindaddr = <<address>>` and `port = <<amiport>>` {WHERE}",
            reason.map(|reason| format!(" ({reason})")).unwrap_or_default()
        ),
        (AmiSettings::Unknown, None) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_evidence_comes_first_and_no_cause_twice() {
        let error = BootError {
            number: 2,
            stage: Stage::Created,
            failure: BootFailure::Launch {
                what: "execute it".to_owned(),
                error: io::Error::other("the cause"),
            },
            users: None,
            findings: vec![Finding::DiskFull],
            last_words: vec!["one".to_owned(), "two".to_owned()],
            folder: "/tmp/x".into(),
            kept: true,
        };
        assert_eq!(
            error.to_string(),
            "    the disk is full, logs and records are not complete\n    one\n    two\n\
             the sandbox is kept: /tmp/x\n\
             instance 2 failed at launching the server: failed to execute it"
        );
        assert_eq!(error.source().unwrap().to_string(), "the cause");
        assert!(error.source().unwrap().source().is_none());
    }
}
