//! Findings: everything that went wrong in a server's life apart from what its test asked of it,
//! for a test to fail on.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use crate::instance::crash::Crash;
use crate::sandbox::SANITIZER;

/// The maximum number of bytes of a sanitizer's report that are read.
const REPORT: u64 = 1024 * 1024;

/// The way in which a server ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Stopping {
    /// The server had ended by itself, or crashed.
    WasOver,
    /// `core stop gracefully`.
    Gracefully,
    /// `core stop now`.
    Now,
    /// SIGTERM.
    Terminated,
    /// SIGKILL.
    Killed,
}

impl fmt::Display for Stopping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::WasOver => "it was over",
            Self::Gracefully => "core stop gracefully",
            Self::Now => "core stop now",
            Self::Terminated => "SIGTERM",
            Self::Killed => "SIGKILL",
        })
    }
}

/// Something that a server did or left, and that no server should do or leave.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Finding {
    /// The server crashed.
    Crash(Crash),
    /// The server ended by itself, with this status.
    Ended(ExitStatus),
    /// The server did not end when it was asked to; this ended it.
    Stubborn(Stopping),
    /// Channels that were up when the server was stopped, by name.
    Channels(Vec<String>),
    /// Processes that the server started and left behind, by name. They were killed.
    Processes(Vec<String>),
    /// A report of a sanitizer that the server was built with.
    Sanitizer {
        /// The file.
        path: PathBuf,
        /// The line that summarizes the report.
        summary: String,
    },
    /// The disk of the sandbox is full, so the end of logs and records is missing.
    DiskFull,
    /// A line of level ERROR in the log, after the boot. There are at most a hundred of these
    /// findings.
    Error(String),
    /// The number of further lines of level ERROR.
    MoreErrors(usize),
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Crash(crash) => crash.fmt(f),
            Self::Ended(status) => write!(f, "the server ended by itself ({status})"),
            Self::Stubborn(stopping) => write!(f, "the server did not stop when asked: {stopping}"),
            Self::Channels(names) => write!(f, "channels were left: {}", names.join(", ")),
            Self::Processes(names) => write!(f, "processes were left: {}", names.join(", ")),
            Self::Sanitizer { path, summary } => write!(f, "{}: {summary}", path.display()),
            Self::DiskFull => f.write_str("the disk is full, logs and records are not complete"),
            Self::Error(line) => write!(f, "error: {line}"),
            Self::MoreErrors(number) => write!(f, "and {number} more errors in the log"),
        }
    }
}

impl Finding {
    /// Returns `true` if the finding names files of the sandbox.
    pub(crate) fn has_files(&self) -> bool {
        match self {
            Self::Crash(crash) => crash.core.is_some() || crash.backtraces.is_some(),
            Self::Sanitizer { .. } => true,
            _ => false,
        }
    }
}

/// Returns the reports of sanitizers in a folder, except those that were there before.
pub(crate) fn sanitizers(logs: &Path, before: &BTreeMap<PathBuf, u64>) -> Vec<Finding> {
    let entries = fs::read_dir(logs).into_iter().flatten().flatten();
    let new = entries.filter(|entry| !before.contains_key(&entry.path()));
    let reports = new.filter(|entry| {
        entry
            .file_name()
            .to_string_lossy()
            .strip_prefix(SANITIZER)
            .is_some_and(|rest| rest.starts_with('.'))
    });
    let findings = reports.map(|entry| {
        let path = entry.path();
        let mut text = Vec::new();
        // A file that cannot be read is a report all the same.
        let _ = File::open(&path).and_then(|file| file.take(REPORT).read_to_end(&mut text));
        let text = String::from_utf8_lossy(&text).into_owned();
        let says = |word: &str| text.lines().find(|line| line.contains(word));
        let summary =
            says("SUMMARY:").or_else(|| says("ERROR:")).or_else(|| says("runtime error:"));
        let summary = summary.or_else(|| text.lines().next()).unwrap_or_default().trim().to_owned();
        Finding::Sanitizer { path, summary }
    });
    findings.collect()
}
