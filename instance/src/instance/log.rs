//! What a server has written into its log, and waiting for what it will.

use std::collections::{BTreeMap, VecDeque};
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use memchr::memrchr;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
use tokio::sync::{Notify, watch};

/// How much of the end of a file is looked at.
const TAIL: u16 = 16 * 1024;

/// The number of bytes that are read at a time, and that a line can have; the rest of a longer one
/// is passed over.
const PIECE: usize = 256 * 1024;
const LONGEST: usize = 1024 * 1024;

/// The last lines of a file, or none if it cannot be read.
pub(crate) fn tail(path: &Path, lines: usize) -> Vec<String> {
    let mut text = Vec::new();
    let read = File::open(path).and_then(|mut file| {
        // A file shorter than that is read from its beginning.
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

/// How long the files of a folder are, by name.
pub(crate) fn lengths(folder: &Path) -> BTreeMap<PathBuf, u64> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| Some((entry.path(), entry.metadata().ok()?.len()))).collect()
}

/// A log file of a server, read from where the server that runs now began to write.
///
/// Each line is given once: [`wait_for`](Self::wait_for) goes on behind the line that it found. A
/// line is given up to its first 1 MiB.
#[derive(Debug)]
pub struct Log {
    path: PathBuf,
    file: Option<File>,
    start: u64,
    /// What was read and is not a whole line yet.
    read: Vec<u8>,
    /// Whether that is the rest of a line that was given.
    in_line: bool,
    /// The lines that were read and not given yet.
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

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The last lines of the file.
    pub fn tail(&self, lines: usize) -> Vec<String> {
        tail(&self.path, lines)
    }

    /// The lines that were written since the last look: all of them, in memory.
    ///
    /// # Errors
    ///
    /// If the file cannot be read. One that is not there has no lines.
    pub fn lines(&mut self) -> io::Result<Vec<String>> {
        while self.fill()? {}
        Ok(self.lines.drain(..).collect())
    }

    /// Waits for a line that has a text in it, and gives the line. Those before it are passed over.
    ///
    /// # Errors
    ///
    /// If the server ends without writing one, if the time is up, or if the file cannot be read.
    pub async fn wait_for(&mut self, text: &str, timeout: Duration) -> Result<String, LogError> {
        self.wait_until(&format!("{text:?} in it"), timeout, |line| line.contains(text)).await
    }

    /// Waits for a line that `matches` says is the one. `what` tells in the error what was waited
    /// for.
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
                // Looked at before the file, so that nothing written before the end is missed.
                let ended = *exit.borrow_and_update();
                loop {
                    let more = self.fill()?;
                    while let Some(line) = self.lines.pop_front() {
                        // A long log is no reason to forget the time, or other tasks.
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
                    () = changes.next() => {}
                    // An error is the end of the supervisor, which has told how the server ended.
                    _ = exit.changed() => {}
                }
            }
        });
        waited.await.unwrap_or(Err(LogFailure::Timeout(timeout)))
    }

    /// Reads a piece of what is new, and cuts it into lines. The result is whether there may be
    /// more.
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

    /// Reads a piece of what is new, also from a file that another was renamed for.
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
                // One that is shorter was begun anew.
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

/// Reads a piece behind what was read. The result is whether there was any.
fn read_some(file: &File, read: &mut Vec<u8>) -> io::Result<bool> {
    let limit = u64::try_from(PIECE).unwrap_or(u64::MAX);
    Ok(file.take(limit).read_to_end(read)? > 0)
}

/// The changes of the files in a folder, as the kernel tells them to a thread that ends with this.
struct Changes {
    changed: Arc<Notify>,
    _open: io::PipeWriter,
}

impl Changes {
    fn of(folder: &Path) -> io::Result<Self> {
        let watch = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
        let flags = WatchFlags::MODIFY | WatchFlags::CREATE | WatchFlags::MOVED_TO;
        inotify::add_watch(&watch, folder, flags)?;
        let (closed, _open) = io::pipe()?;
        let changed = Arc::new(Notify::new());
        let notify = Arc::clone(&changed);
        thread::Builder::new().name("log".to_owned()).spawn(move || {
            let mut events = [0; 4096];
            loop {
                let mut ends =
                    [PollFd::new(&watch, PollFlags::IN), PollFd::new(&closed, PollFlags::IN)];
                match poll(&mut ends, None) {
                    Err(rustix::io::Errno::INTR) => continue,
                    Ok(_) if ends[1].revents().is_empty() => {}
                    _ => return,
                }
                // What they are does not matter; another look at the file tells.
                let _ = rustix::io::read(&watch, &mut events);
                notify.notify_one();
            }
        })?;
        Ok(Self { changed, _open })
    }

    /// Waits for a change since the last one that this told.
    async fn next(&self) {
        self.changed.notified().await;
    }
}

/// A line that did not come.
#[derive(Debug, thiserror::Error)]
#[error(
    "no line with {what} from {}{}",
    .path.display(),
    .last.as_deref().map(|line| format!("; the last line is {line:?}")).unwrap_or_default()
)]
pub struct LogError {
    /// The file.
    pub path: PathBuf,
    /// What was waited for.
    pub what: String,
    /// The last line of the file.
    pub last: Option<String>,
    /// What went wrong.
    #[source]
    pub failure: LogFailure,
}

/// Why a line did not come.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogFailure {
    /// The server ended first.
    #[error("the server ended ({0})")]
    Exited(ExitStatus),
    /// Time is up.
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
        let path = std::env::temp_dir().join(format!("log-{}", uuid::Uuid::new_v4().simple()));
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
        fs::remove_file(path.with_extension("0")).unwrap();
        fs::remove_file(path).unwrap();
    }
}
