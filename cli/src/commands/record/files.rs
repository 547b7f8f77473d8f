//! The files of a recording, which a thread of their own writes.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use ami::Event;
use tokio::sync::mpsc;

/// The number of batches that wait for the disk. Events behind them wait in the subscription, which
/// counts those that it has to give up.
const WAITING: usize = 64;

/// A batch is handed over at the latest when it has this many bytes.
const BATCH: usize = 64 * 1024;

/// The limits of files: their size, and the number that is kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) bytes: Option<u64>,
    pub(super) files: Option<u32>,
}

/// An order for the thread that writes.
enum Note {
    /// A new file with this banner.
    Begin(Vec<u8>),
    /// Events that came at this time.
    Events(Duration, Vec<Event>),
}

/// The writing side of a recording. Dropping it waits until everything is written, so that the last
/// file ends with a whole message.
#[derive(Debug)]
pub(super) struct Writer {
    notes: Option<mpsc::Sender<Note>>,
    thread: Option<JoinHandle<io::Result<(u64, u32)>>>,
    begun: Instant,
    batch: Vec<Event>,
    bytes: usize,
}

impl Writer {
    /// Starts the thread. With `append` the files of a former recording are kept, and the first
    /// file is the one behind them.
    ///
    /// # Errors
    ///
    /// Returns an error if there is a former recording and `append` is not set, or if the folder
    /// cannot be read or written.
    pub(super) fn start(path: &Path, limits: Limits, append: bool) -> io::Result<Self> {
        let former = former(path)?;
        if let (Some((_, file)), false) = (former.front(), append) {
            let text = format!("{} is there already: remove it, or use --append", file.display());
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, text));
        }
        // A folder that cannot be written to is told before anything is recorded.
        let next = former.back().map_or(1, |(number, _)| number + 1);
        let files = Files {
            path: path.to_owned(),
            limits,
            next,
            kept: former,
            open: None,
            count: 0,
            written: 0,
        };
        let (notes, received) = mpsc::channel(WAITING);
        let thread = thread::Builder::new()
            .name("ami record".to_owned())
            .spawn(move || files.write(received))?;
        let (notes, thread) = (Some(notes), Some(thread));
        Ok(Self { notes, thread, begun: Instant::now(), batch: Vec::new(), bytes: 0 })
    }

    /// Begins a new file with a banner.
    pub(super) async fn begin(&mut self, banner: Vec<u8>) -> io::Result<()> {
        self.hand_over().await?;
        self.send(Note::Begin(banner)).await
    }

    /// Adds an event to those that are handed over together.
    pub(super) async fn event(&mut self, event: Event) -> io::Result<()> {
        self.bytes += event.raw().len();
        self.batch.push(event);
        if self.bytes >= BATCH { self.hand_over().await } else { Ok(()) }
    }

    /// Hands the events over to the thread.
    pub(super) async fn hand_over(&mut self) -> io::Result<()> {
        if self.batch.is_empty() {
            return Ok(());
        }
        self.bytes = 0;
        let events = std::mem::take(&mut self.batch);
        self.send(Note::Events(self.begun.elapsed(), events)).await
    }

    /// Waits until the thread has ended, which it does early only if it cannot write.
    ///
    /// Cancel safe.
    pub(super) async fn ended(&self) {
        if let Some(notes) = &self.notes {
            notes.closed().await;
        }
    }

    async fn send(&mut self, note: Note) -> io::Result<()> {
        let sent = match &self.notes {
            Some(notes) => notes.send(note).await.is_ok(),
            None => false,
        };
        // The thread ends early only if it cannot write.
        if sent { Ok(()) } else { self.finish().map(drop) }
    }

    /// Waits until everything is written. Returns the numbers of bytes and of files.
    ///
    /// # Errors
    ///
    /// Returns an error if a file could not be written.
    pub(super) fn finish(&mut self) -> io::Result<(u64, u32)> {
        self.notes = None;
        let ended = || io::Error::other("the thread that writes the files has ended");
        self.thread.take().ok_or_else(ended)?.join().map_err(|_| ended())?
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // An error was told by the call that met it, unless the program is interrupted.
        let _ = self.finish();
    }
}

/// Returns the files of a former recording, by their numbers.
fn former(path: &Path) -> io::Result<VecDeque<(u32, PathBuf)>> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    let mut files = Vec::new();
    for entry in fs::read_dir(folder.unwrap_or_else(|| Path::new(".")))? {
        let entry = entry?;
        let own = entry.file_name();
        let number = match own.as_encoded_bytes().strip_prefix(name) {
            Some(b"") => Some(1),
            Some(behind) => {
                let number = behind.strip_prefix(b".").and_then(|it| str::from_utf8(it).ok());
                number.and_then(|number| number.parse().ok()).filter(|number| *number > 1)
            }
            None => None,
        };
        files.extend(number.map(|number| (number, part_of(path, number))));
    }
    files.sort_unstable();
    Ok(files.into())
}

fn part_of(path: &Path, number: u32) -> PathBuf {
    if number == 1 { path.to_owned() } else { with_suffix(path, &format!(".{number}")) }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// The thread's side.
struct Files {
    path: PathBuf,
    limits: Limits,
    /// The number of the next file.
    next: u32,
    /// The files that are there, the oldest first.
    kept: VecDeque<(u32, PathBuf)>,
    open: Option<Part>,
    count: u32,
    written: u64,
}

/// The file that is being written.
struct Part {
    path: PathBuf,
    stream: BufWriter<File>,
    times: BufWriter<File>,
    banner: Vec<u8>,
    size: u64,
}

impl Files {
    fn write(mut self, mut notes: mpsc::Receiver<Note>) -> io::Result<(u64, u32)> {
        while let Some(note) = notes.blocking_recv() {
            match note {
                Note::Begin(mut banner) => {
                    banner.extend_from_slice(b"\r\n");
                    self.begin(banner)?;
                }
                Note::Events(at, events) => {
                    for event in events {
                        self.event(at, event.raw())?;
                    }
                }
            }
            if let Some(part) = &mut self.open {
                part.flush()?;
            }
        }
        Ok((self.written, self.count))
    }

    fn event(&mut self, at: Duration, raw: &[u8]) -> io::Result<()> {
        let Some(part) = &mut self.open else { return Ok(()) };
        let size = part.size + raw.len() as u64;
        let is_empty = part.size == part.banner.len() as u64;
        if self.limits.bytes.is_some_and(|limit| size > limit) && !is_empty {
            let banner = part.banner.clone();
            self.begin(banner)?;
        }
        let Some(part) = &mut self.open else { return Ok(()) };
        self.written += part.write(at, raw)?;
        Ok(())
    }

    /// Begins the next file, and removes those that are too many.
    fn begin(&mut self, banner: Vec<u8>) -> io::Result<()> {
        if let Some(mut part) = self.open.take() {
            part.flush()?;
        }
        let path = part_of(&self.path, self.next);
        let mut part = Part {
            path: path.clone(),
            stream: BufWriter::new(create(&path)?),
            times: BufWriter::new(create(&with_suffix(&path, ".times"))?),
            banner: banner.clone(),
            size: 0,
        };
        self.written += part.write(Duration::ZERO, &banner)?;
        self.open = Some(part);
        self.kept.push_back((self.next, path));
        self.next += 1;
        self.count += 1;
        while self.limits.files.is_some_and(|limit| self.kept.len() > limit as usize) {
            let Some((_, oldest)) = self.kept.pop_front() else { break };
            for file in [with_suffix(&oldest, ".times"), oldest] {
                match fs::remove_file(file) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                    _ => {}
                }
            }
        }
        Ok(())
    }
}

impl Part {
    fn flush(&mut self) -> io::Result<()> {
        let flushed = self.stream.flush().and_then(|()| self.times.flush());
        flushed.map_err(|error| named(&self.path, &error))
    }

    fn write(&mut self, at: Duration, bytes: &[u8]) -> io::Result<u64> {
        let written = self
            .stream
            .write_all(bytes)
            .and_then(|()| writeln!(self.times, "{} {}", at.as_micros(), bytes.len()));
        written.map_err(|error| named(&self.path, &error))?;
        self.size += bytes.len() as u64;
        Ok(bytes.len() as u64)
    }
}

/// Creates a file that only its owner can read.
fn create(path: &Path) -> io::Result<File> {
    let file = File::options().write(true).create_new(true).mode(0o600).open(path);
    file.map_err(|error| named(path, &error))
}

fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}
