//! What went wrong in a server's life, apart from what its test asked it: for a test to fail on.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use crate::instance::crash::Crash;
use crate::sandbox::SANITIZER;

/// The number of bytes of a sanitizer's report that are looked at.
const REPORT: u64 = 1024 * 1024;

/// What it took to stop a server.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Stopping {
    /// Nothing: it had ended by itself, or crashed.
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

/// Something that a server did or left, and that no server should.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Finding {
    /// It crashed.
    Crash(Crash),
    /// It ended by itself, with this status.
    Ended(ExitStatus),
    /// It did not end when it was asked to, and took this.
    Stubborn(Stopping),
    /// Channels that were up when it was to stop, by name.
    Channels(Vec<String>),
    /// Processes that it had started and left behind, by name. They were killed.
    Processes(Vec<String>),
    /// A report of a sanitizer that the server was built with.
    Sanitizer {
        /// The file.
        path: PathBuf,
        /// The line that says what it is.
        summary: String,
    },
    /// The disk of the sandbox is full: what the server wrote last is missing.
    DiskFull,
    /// A line of level ERROR in the log, after the boot. The first hundred are told.
    Error(String),
    /// The number of lines of level ERROR that are not told.
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
    /// Whether it names files of the sandbox.
    pub(crate) fn has_files(&self) -> bool {
        match self {
            Self::Crash(crash) => crash.core.is_some() || crash.backtraces.is_some(),
            Self::Sanitizer { .. } => true,
            _ => false,
        }
    }
}

/// The reports of sanitizers in a folder, but for those that were there before.
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
        // One that cannot be read is a report all the same.
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
