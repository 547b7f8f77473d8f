//! A tee: the bytes that a server sends, written to a file as they come.
//!
//! A recording is the raw stream, banner included. It feeds tests and benchmarks, and can be
//! replayed by the example `replay`. Beside it stands a file of times, one line for each read:
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

/// A recording in the making.
///
/// Each connection is a part: the first is written to the file that is named, the second to one
/// with `.2` behind the name, and so on, so that each file is a stream with one banner. Its times
/// are in a file with `.times` behind the part's name, counted from the beginning of the recording.
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

/// Where the bytes of a recording go in.
#[derive(Clone, Debug)]
pub(crate) struct Tap {
    begun: Instant,
    notes: mpsc::Sender<Note>,
    /// How many parts there are.
    parts: Arc<Mutex<u32>>,
}

#[derive(Debug)]
enum Note {
    /// A connection begins.
    Begin,
    /// Bytes were read on a connection, at that time.
    Chunk { part: u32, at: Duration, bytes: Bytes },
    /// A connection has ended.
    End { part: u32 },
    /// Connections that begin later are not to be recorded.
    Finish,
}

impl Recording {
    /// Starts a recording in a file, over what is there, and its times in another with `.times`
    /// behind the name.
    ///
    /// The files are written by a thread of their own, so that no slow disk makes the connection
    /// wait. What the disk cannot keep up with is held in memory.
    ///
    /// # Errors
    ///
    /// If the files cannot be created; and if there is a file for a second part, of a former
    /// recording: it would be taken for a part of this one, so it has to be moved away or
    /// removed first.
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

    /// A connection whose incoming bytes are recorded, as the next part. A
    /// [`Config`](crate::Config) that [records](crate::Config::record) does so for each
    /// connection of a client.
    pub fn tee<T>(&self, io: T) -> Tee<T> {
        self.tap.tee(io)
    }

    pub(crate) fn tap(&self) -> Tap {
        self.tap.clone()
    }

    /// Waits until the connections that are recorded have ended, and all is written. Those that
    /// begin later are not recorded. The result is the number of bytes in all parts.
    ///
    /// # Errors
    ///
    /// If a file could not be written.
    pub async fn finish(self) -> io::Result<u64> {
        // The thread ends early only if it cannot write, which it tells.
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
        // In the order of the numbers. The thread ends early only if it cannot write, which it
        // tells.
        let _ = self.notes.send(Note::Begin);
        Tee { io, begun: self.begun, part: *parts, notes: self.notes.clone() }
    }
}

/// A part of a former recording of that name, behind its first.
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

/// The file of a part.
fn part_of(path: &Path, part: u32) -> PathBuf {
    if part == 1 { path.to_owned() } else { with_suffix(path, &format!(".{part}")) }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Creates a file for its owner alone: what a server says is not for everybody.
fn create(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    // One that was there keeps its mode otherwise.
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    Ok(file)
}

/// The files of a part.
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

/// Writes what comes, each connection to its own files, until nothing else is to come. The result
/// is the number of bytes.
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

/// A connection whose incoming bytes are recorded; see [`Recording::tee`].
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
            // The thread ends early only if it cannot write, which `finish` tells.
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
