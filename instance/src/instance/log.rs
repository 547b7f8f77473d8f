//! The log files of a server: lines that were written, and waiting for lines that will be.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use memchr::memrchr;
use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
use rustix::io::retry_on_intr;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::sync::watch;

use crate::readable;

/// The number of bytes at the end of a file that are searched for its last lines.
const TAIL: u16 = 16 * 1024;

/// The number of bytes that are read at a time, and the maximum length of a line. The rest of a
/// longer line is skipped.
const PIECE: usize = 256 * 1024;
const LONGEST: usize = 1024 * 1024;

/// Returns the last lines of a file, or none if it cannot be read.
pub(crate) fn tail(path: &Path, lines: usize) -> Vec<String> {
    let mut text = Vec::new();
    let read = File::open(path).and_then(|mut file| {
        // The seek fails on a shorter file, which is read from its beginning.
        let _ = file.seek(SeekFrom::End(-i64::from(TAIL)));
        // A server may write faster than this reads.
        file.take(u64::from(TAIL)).read_to_end(&mut text)
    });
    if read.is_err() {
        return Vec::new();
    }
    let text = String::from_utf8_lossy(&text);
    let all: Vec<_> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    all[all.len().saturating_sub(lines)..].iter().map(|&line| line.to_owned()).collect()
}

/// Returns the lengths of the files of a folder.
pub(crate) fn lengths(folder: &Path) -> BTreeMap<PathBuf, u64> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| Some((entry.path(), entry.metadata().ok()?.len()))).collect()
}

/// A log file of a server, from the place at which the current boot began to write.
///
/// Each line is returned once: [`wait_for`](Self::wait_for) continues behind the line that it
/// found. Of a longer line, the first MiB is returned.
#[derive(Debug)]
pub struct Log {
    path: PathBuf,
    file: Option<File>,
    start: u64,
    /// The bytes that were read and are not a whole line yet.
    read: Vec<u8>,
    /// `true` if these are the rest of a line that was returned.
    in_line: bool,
    /// The lines that were read and not returned yet.
    lines: VecDeque<String>,
    exit: watch::Receiver<Option<ExitStatus>>,
}

impl Log {
    pub(crate) fn new(
        path: PathBuf,
        start: u64,
        exit: watch::Receiver<Option<ExitStatus>>,
    ) -> Self {
        Self {
            path,
            file: None,
            start,
            read: Vec::new(),
            in_line: false,
            lines: VecDeque::new(),
            exit,
        }
    }

    /// Returns the path of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the last lines of the file.
    pub fn tail(&self, lines: usize) -> Vec<String> {
        tail(&self.path, lines)
    }

    /// Returns the lines that were written since the last call, all of them, in memory.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be read. A file that does not exist has no lines.
    pub fn lines(&mut self) -> io::Result<Vec<String>> {
        while self.fill()? {}
        Ok(self.lines.drain(..).collect())
    }

    /// Waits for a line that contains a text, and returns it. The lines before it are skipped.
    ///
    /// # Errors
    ///
    /// Returns an error if the server ends without writing such a line, at the time-out, counted
    /// from the first poll, and if the file cannot be read.
    ///
    /// # Cancel safety
    ///
    /// Lines that were skipped before the call was given up are not returned again.
    pub async fn wait_for(&mut self, text: &str, timeout: Duration) -> Result<String, LogError> {
        self.wait_until(&format!("{text:?} in it"), timeout, |line| line.contains(text)).await
    }

    /// Waits for a line for which `matches` returns `true`. `what` describes the line in the error.
    ///
    /// # Errors
    ///
    /// As [`wait_for`](Self::wait_for).
    pub async fn wait_until(
        &mut self,
        what: &str,
        timeout: Duration,
        matches: impl FnMut(&str) -> bool,
    ) -> Result<String, LogError> {
        self.wait(timeout, matches).await.map_err(|failure| LogError {
            path: self.path.clone(),
            what: what.to_owned(),
            last: self.tail(1).pop(),
            failure,
        })
    }

    async fn wait(
        &mut self,
        timeout: Duration,
        mut matches: impl FnMut(&str) -> bool,
    ) -> Result<String, LogFailure> {
        let changes = Changes::of(self.path.parent().unwrap_or_else(|| Path::new("/")))?;
        let mut exit = self.exit.clone();
        let waited = tokio::time::timeout(timeout, async {
            loop {
                // The end is checked before the file, so that no line before the end is missed.
                let ended = *exit.borrow_and_update();
                loop {
                    let more = self.fill()?;
                    while let Some(line) = self.lines.pop_front() {
                        // A long log must not keep the timer and other tasks from running.
                        tokio::task::coop::consume_budget().await;
                        if matches(&line) {
                            return Ok(line);
                        }
                    }
                    if !more {
                        break;
                    }
                    tokio::task::coop::consume_budget().await;
                }
                if let Some(status) = ended {
                    return Err(LogFailure::Exited(status));
                }
                tokio::select! {
                    changed = changes.next() => changed?,
                    // An error is the end of the supervisor, which has sent the exit status.
                    _ = exit.changed() => {}
                }
            }
        });
        waited.await.unwrap_or(Err(LogFailure::Timeout(timeout)))
    }

    /// Reads a piece of what is new, and cuts it into lines. Returns whether there may be more.
    fn fill(&mut self) -> io::Result<bool> {
        let more = self.read_piece()?;
        let end = match memrchr(b'\n', &self.read) {
            Some(end) => end + 1,
            None if self.read.len() > LONGEST => self.read.len(),
            None => return Ok(more),
        };
        let ended = self.read[end - 1] == b'\n';
        let whole = &self.read[..end - usize::from(ended)];
        let text =
            |line: &[u8]| String::from_utf8_lossy(&line[..line.len().min(LONGEST)]).into_owned();
        let lines = whole.split(|&byte| byte == b'\n').map(text);
        self.lines.extend(lines.skip(usize::from(self.in_line)));
        self.in_line = !ended;
        self.read.drain(..end);
        Ok(more)
    }

    /// Reads a piece of what is new, also from a file that has taken the place of another.
    fn read_piece(&mut self) -> io::Result<bool> {
        if let Some(file) = &self.file {
            if read_some(file, &mut self.read)? {
                return Ok(true);
            }
            let (ours, now) = (file.metadata()?, fs::metadata(&self.path));
            if now.is_ok_and(|now| (now.dev(), now.ino()) == (ours.dev(), ours.ino())) {
                return Ok(false);
            }
        }
        match File::open(&self.path) {
            Ok(mut file) => {
                // A shorter file was truncated.
                let start = if file.metadata()?.len() >= self.start { self.start } else { 0 };
                file.seek(SeekFrom::Start(start))?;
                (self.file, self.start) = (Some(file), 0);
                Ok(true)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// Reads a piece behind what was read. Returns whether there was any.
fn read_some(file: &File, read: &mut Vec<u8>) -> io::Result<bool> {
    let limit = u64::try_from(PIECE).unwrap_or(u64::MAX);
    Ok(file.take(limit).read_to_end(read)? > 0)
}

/// The changes of the files in a folder, as the kernel tells them.
struct Changes(AsyncFd<OwnedFd>);

impl Changes {
    #[expect(
        deprecated,
        reason = "the unsafe successor asks for a descriptor that is never replaced, as an `OwnedFd` is"
    )]
    fn of(folder: &Path) -> io::Result<Self> {
        let watch = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
        let flags = WatchFlags::MODIFY | WatchFlags::CREATE | WatchFlags::MOVED_TO;
        inotify::add_watch(&watch, folder, flags)?;
        AsyncFd::with_interest(watch, Interest::READABLE).map(Self)
    }

    /// Waits for changes since the last ones that this returned for. Cancel safe.
    async fn next(&self) -> io::Result<()> {
        let mut ready = self.0.readable().await?;
        // The kind of a change does not matter: another look at the file tells.
        let mut events = [0; 4096];
        let read = |watch: &AsyncFd<OwnedFd>| {
            retry_on_intr(|| rustix::io::read(watch.get_ref(), &mut events)).map_err(Into::into)
        };
        match ready.try_io(read) {
            Ok(read) => read.map(drop),
            // There was none after all.
            Err(_) => Ok(()),
        }
    }
}

/// The error of a line that did not come. `Debug`, which tests that return errors print, writes the
/// text with its cause.
#[derive(thiserror::Error)]
#[error(
    "no line with {what} from {}{}",
    .path.display(),
    .last.as_deref().map(|line| format!("; the last line is {line:?}")).unwrap_or_default()
)]
pub struct LogError {
    /// The path of the file.
    pub path: PathBuf,
    /// The description of the line.
    pub what: String,
    /// The last line of the file.
    pub last: Option<String>,
    /// The reason.
    #[source]
    pub failure: LogFailure,
}

impl fmt::Debug for LogError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        readable::write(f, self)
    }
}

/// The reason for which a line did not come.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogFailure {
    /// The server ended first.
    #[error("the server ended ({0})")]
    Exited(ExitStatus),
    /// The time-out.
    #[error("it did not come within {0:?}")]
    Timeout(Duration),
    /// The file cannot be read or watched.
    #[error("failed to read or watch the file")]
    File(#[from] io::Error),
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_long_log_is_read_in_pieces_and_a_long_line_to_its_limit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.txt");
        let (_exited, exit) = watch::channel(None);
        let mut log = Log::new(path.clone(), 0, exit);
        assert_eq!(log.lines().unwrap(), [""; 0]);
        let mut file = File::create(&path).unwrap();
        let numbers: Vec<_> = (0..200_000).map(|number| number.to_string()).collect();
        writeln!(file, "{}", numbers.join("\n")).unwrap();
        // Not all of it is held at once.
        let mut lines = Vec::new();
        while log.fill().unwrap() {
            assert!(log.read.len() + log.lines.iter().map(String::len).sum::<usize>() <= PIECE);
            lines.extend(log.lines.drain(..));
        }
        assert!(lines == numbers);
        let long = "é".repeat(LONGEST);
        write!(file, "{long}").unwrap();
        assert_eq!(log.lines().unwrap().iter().map(String::len).collect::<Vec<_>>(), [LONGEST]);
        write!(file, "{long}\nnext\nhalf").unwrap();
        assert_eq!(log.lines().unwrap(), ["next"]);
        // Another file of that name: what is left of the old one comes before.
        fs::rename(&path, path.with_extension("0")).unwrap();
        writeln!(file, " and the rest").unwrap();
        fs::write(&path, "new\n").unwrap();
        assert_eq!(log.lines().unwrap(), ["half and the rest", "new"]);
    }
}
