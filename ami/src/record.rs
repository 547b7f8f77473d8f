//! Recordings: the bytes that a server sends, written to a file as they arrive.
//!
//! A recording is the raw stream including the banner. It is input for tests and benchmarks, and
//! the example `replay` plays it back. A second file holds the times, one line for each read:
//! `<microseconds since the start> <bytes>`.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::task::{Context, Poll, ready};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A recording in progress of the bytes that a server sends.
///
/// Each connection is a part with files of its own, so that each file is a stream with one banner.
/// The first part is written to the given path, the second to that path with `.2` appended, and so
/// on. The times of a part are in a file with `.times` appended to the name of the part; they count
/// from the start of the recording.
///
/// Recordings contain everything that the server sends, including any secret in it. On Unix the
/// files are readable by their owner only.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use ami::{Config, Recording};
///
/// let recording = Recording::create("stream.ami")?;
/// let client = Config::new("user", "mysecret").record(&recording).connect("127.0.0.1").await?;
/// // …
/// client.close().await?;
/// let bytes = recording.finish().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Recording {
    tap: Tap,
    writer: JoinHandle<io::Result<u64>>,
}

/// The sending side of a recording.
#[derive(Clone, Debug)]
pub(crate) struct Tap {
    begun: Instant,
    notes: mpsc::Sender<Note>,
    /// The number of parts so far.
    parts: Arc<Mutex<u32>>,
}

#[derive(Debug)]
enum Note {
    /// The start of a connection.
    Begin,
    /// Bytes that were read on a connection, and the time of the read.
    Chunk { part: u32, at: Duration, bytes: Bytes },
    /// The end of a connection.
    End { part: u32 },
    /// The request to record no further connections and to stop after the open ones.
    Finish,
}

impl Recording {
    /// Starts a recording in the file at `path`. An existing file is overwritten. The times are
    /// written to a second file, with `.times` appended to the name.
    ///
    /// A dedicated thread writes the files, so a slow disk does not delay the connection. Data that
    /// the disk cannot keep up with is buffered in memory without a limit.
    ///
    /// # Errors
    ///
    /// Returns an error if a file or the thread cannot be created. Returns an error of kind
    /// [`AlreadyExists`](io::ErrorKind::AlreadyExists) if the folder holds a later part of a former
    /// recording (such as `stream.ami.2`), which would be mistaken for a part of this one. Move or
    /// remove it first.
    pub fn create(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref();
        if let Some(part) = former_part(path)? {
            let text = format!("{} is part of a former recording: remove it first", part.display());
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, text));
        }
        let first = Files::create(path)?;
        let (notes, received) = mpsc::channel();
        let path = path.to_owned();
        let writer = thread::Builder::new()
            .name("ami recording".to_owned())
            .spawn(move || write(&received, &path, first))?;
        Ok(Self { tap: Tap { begun: Instant::now(), notes, parts: Arc::default() }, writer })
    }

    /// Wraps a connection so that the bytes read from it are recorded, as the next part.
    ///
    /// [`Config::record`](crate::Config::record) does this for each connection of a client.
    pub fn tee<T>(&self, io: T) -> Tee<T> {
        self.tap.tee(io)
    }

    pub(crate) fn tap(&self) -> Tap {
        self.tap.clone()
    }

    /// Waits until the recorded connections have ended and all data is written. Returns the number
    /// of bytes in all parts. Connections that begin later are not recorded.
    ///
    /// The wait ends only after the client is [closed](crate::Client::close) or has ended: a
    /// connection that stays open is still recorded. If the future is dropped, the thread goes on
    /// until then, but its result is lost.
    ///
    /// # Errors
    ///
    /// Returns an error if a file could not be written or the thread panicked.
    pub async fn finish(self) -> io::Result<u64> {
        // The thread ends early only if it cannot write, and `join` returns that error.
        let _ = self.tap.notes.send(Note::Finish);
        let joined = tokio::task::spawn_blocking(|| self.writer.join()).await;
        match joined {
            Ok(Ok(written)) => written,
            _ => Err(io::Error::other("the recording's thread died")),
        }
    }
}

impl Tap {
    pub(crate) fn tee<T>(&self, io: T) -> Tee<T> {
        let mut parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        *parts += 1;
        // The lock is held while sending, so parts begin in the order of their numbers. The thread
        // ends early only if it cannot write, and `finish` returns that error.
        let _ = self.notes.send(Note::Begin);
        Tee { io, begun: self.begun, part: *parts, notes: self.notes.clone() }
    }
}

/// Finds a later part of a former recording with the same name.
fn former_part(path: &Path) -> io::Result<Option<PathBuf>> {
    let Some(name) = path.file_name() else { return Ok(None) };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    for entry in std::fs::read_dir(folder.unwrap_or_else(|| Path::new(".")))? {
        let entry = entry?;
        let behind = entry.file_name();
        let behind = behind.as_encoded_bytes().strip_prefix(name.as_encoded_bytes());
        let number = behind.and_then(|it| it.strip_prefix(b"."));
        if number.is_some_and(|it| !it.is_empty() && it.iter().all(u8::is_ascii_digit)) {
            return Ok(Some(entry.path()));
        }
    }
    Ok(None)
}

/// Returns the path of a part.
fn part_of(path: &Path, part: u32) -> PathBuf {
    if part == 1 { path.to_owned() } else { with_suffix(path, &format!(".{part}")) }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Creates a file that only its owner can read, because the stream can hold confidential data.
fn create(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    // An existing file would otherwise keep its mode.
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    Ok(file)
}

/// The open files of a part.
struct Files {
    stream: BufWriter<File>,
    times: BufWriter<File>,
}

impl Files {
    fn create(path: &Path) -> io::Result<Self> {
        let times = with_suffix(path, ".times");
        Ok(Self { stream: BufWriter::new(create(path)?), times: BufWriter::new(create(&times)?) })
    }

    fn write(&mut self, at: Duration, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)?;
        writeln!(self.times, "{} {}", at.as_micros(), bytes.len())
    }

    fn finish(mut self) -> io::Result<()> {
        self.stream.flush()?;
        self.times.flush()
    }
}

/// Writes the notes as they arrive, each connection to its own files, until the recording is
/// finished and no connection is open, or no sender is left. Returns the number of bytes written.
fn write(notes: &mpsc::Receiver<Note>, path: &Path, first: Files) -> io::Result<u64> {
    let (mut written, mut first, mut last) = (0, Some(first), 0);
    let mut open = HashMap::new();
    let mut finishing = false;
    for note in notes {
        match note {
            Note::Begin if finishing => {}
            Note::Begin => {
                last += 1;
                let files = first.take().map_or_else(|| Files::create(&part_of(path, last)), Ok)?;
                open.insert(last, files);
            }
            Note::Chunk { part, at, bytes } => {
                if let Some(files) = open.get_mut(&part) {
                    files.write(at, &bytes)?;
                    written += bytes.len() as u64;
                }
            }
            Note::End { part } => open.remove(&part).map_or(Ok(()), Files::finish)?,
            Note::Finish => finishing = true,
        }
        if finishing && open.is_empty() {
            break;
        }
    }
    open.into_values().try_for_each(Files::finish)?;
    Ok(written)
}

/// A connection whose incoming bytes are recorded. See [`Recording::tee`].
#[derive(Debug)]
pub struct Tee<T> {
    io: T,
    begun: Instant,
    part: u32,
    notes: mpsc::Sender<Note>,
}

impl<T> Drop for Tee<T> {
    fn drop(&mut self) {
        let _ = self.notes.send(Note::End { part: self.part });
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Tee<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.io).poll_read(cx, buf))?;
        let bytes = Bytes::copy_from_slice(&buf.filled()[before..]);
        if !bytes.is_empty() {
            // The thread ends early only if it cannot write, and `finish` returns that error.
            let (part, at) = (self.part, self.begun.elapsed());
            let _ = self.notes.send(Note::Chunk { part, at, bytes });
        }
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Tee<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
