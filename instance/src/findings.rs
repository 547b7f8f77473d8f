//! What went wrong in a server's life, apart from what its test asked it: for a test to fail on.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use crate::crash::Crash;

/// What the files of sanitizers begin with.
pub(crate) const SANITIZER: &str = "sanitizer";

/// The variables with the options of sanitizers.
pub(crate) const SANITIZERS: [&str; 5] =
    ["ASAN_OPTIONS", "LSAN_OPTIONS", "MSAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS"];

/// The line of the log that ends the boot.
const READY: &str = "Asterisk Ready.";

/// What the log says of a login (`process_message` in `main/manager.c`). The last one of the boot is ours.
const LOGGED_ON: &str = "' logged on from ";

/// Something that a server did or left, and that no server should.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Finding {
    /// It crashed.
    Crash(Crash),
    /// It ended by itself, with this status.
    Ended(ExitStatus),
    /// It did not end when it was asked to, and took this.
    Stubborn(crate::Stopping),
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
    /// A line of level ERROR in the log, after the boot.
    Error(String),
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
        }
    }
}

/// The lines of level ERROR in a log from an offset on: those of the boot, and those after it. Where the log does not tell the
/// end of the boot, its length at that time does, nearly.
///
/// A server tells its service manager first that it is ready, and its log behind that (`main` in `main/asterisk.c`). What
/// calls log may come in between, but not before our last login, which we begin when the server is ready.
pub(crate) fn errors(log: &Path, start: u64, ready: u64) -> (Vec<String>, Vec<String>) {
    let (mut text, mut booted) = (Vec::new(), 0);
    let read = File::open(log).and_then(|mut file| {
        // One that is shorter was begun anew.
        let is_same = file.metadata()?.len() >= start.max(ready);
        let (start, end) = if is_same { (start, ready) } else { (0, 0) };
        booted = usize::try_from(end.saturating_sub(start)).unwrap_or(usize::MAX);
        file.seek(SeekFrom::Start(start))?;
        file.read_to_end(&mut text)
    });
    // A test's own logger.conf may have none.
    if read.is_err() {
        return (Vec::new(), Vec::new());
    }
    let ready = first(&text, READY.as_bytes());
    let end = match ready {
        Some(ready) if ready < booted => ready,
        Some(ready) => last(&text[..ready], LOGGED_ON.as_bytes()).unwrap_or(ready),
        None => booted,
    };
    let (boot, rest) = text.split_at(end.min(text.len()));
    let (boot, rest) = (String::from_utf8_lossy(boot), String::from_utf8_lossy(rest));
    let errors = |text: &str| {
        text.lines().filter(|line| is_error(line)).map(str::to_owned).collect::<Vec<_>>()
    };
    (errors(&boot), errors(&rest))
}

/// Where a text is first in another.
fn first(text: &[u8], word: &[u8]) -> Option<usize> {
    text.windows(word.len()).position(|window| window == word)
}

/// Where a text is last in another.
fn last(text: &[u8], word: &[u8]) -> Option<usize> {
    text.windows(word.len()).rposition(|window| window == word)
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

/// `[date] ERROR[thread] file: text`.
fn is_error(line: &str) -> bool {
    line.split_once("] ").is_some_and(|(_, rest)| rest.starts_with("ERROR["))
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
        let text = String::from_utf8_lossy(&fs::read(&path).unwrap_or_default()).into_owned();
        let says = |word: &str| text.lines().find(|line| line.contains(word));
        let summary =
            says("SUMMARY:").or_else(|| says("ERROR:")).or_else(|| says("runtime error:"));
        let summary = summary.or_else(|| text.lines().next()).unwrap_or_default().trim().to_owned();
        Finding::Sanitizer { path, summary }
    });
    findings.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_told_apart_by_when_they_came() {
        let path = std::env::temp_dir().join(format!("log-{}", uuid::Uuid::new_v4().simple()));
        let line =
            |level, text: &str| format!("[2026-01-02 03:04:05.678] {level}[7] a.c: {text}\n");
        let log = [
            line("ERROR", "of another life"),
            line("ERROR", "early"),
            line("WARNING", "not an ERROR[1]"),
            line("VERBOSE", READY),
            line("ERROR", "late"),
        ];
        fs::write(&path, log.concat()).unwrap();
        let told = |line: &str| vec![line.trim().to_owned()];
        for ready in [0, log.concat().len()] {
            let found = errors(&path, log[0].len() as u64, ready as u64);
            assert_eq!(found, (told(&log[1]), told(&log[4])));
        }
        // Without the word, and in a file that was begun anew.
        let text = log.concat().replace(READY, "");
        fs::write(&path, &text).unwrap();
        let ready = text.len() - log[4].len();
        assert_eq!(
            errors(&path, log[0].len() as u64, ready as u64),
            (told(&log[1]), told(&log[4]))
        );
        // The server was not at that line yet when we had logged in, and somebody called.
        let login = line("VERBOSE", "Manager 'user' logged on from 127.0.0.1");
        let [other, early, _, ready, late] = &log;
        fs::write(&path, [other, &login, early, &login, late, ready].map(|it| &**it).concat())
            .unwrap();
        let ready = other.len() + early.len() + 2 * login.len();
        let found = errors(&path, other.len() as u64, ready as u64);
        assert_eq!(found, (told(early), told(late)));
        fs::write(&path, late).unwrap();
        assert_eq!(errors(&path, 1000, 2000), (vec![], told(late)));
        fs::remove_file(path).unwrap();
    }
}
