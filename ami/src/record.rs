//! A tee: the bytes that a server sends, written to a file as they come.
//!
//! A recording is the raw stream, banner included. It feeds tests and benchmarks, and can be
//! replayed by the example `replay`. Beside it stands a file of times, one line for each read:
//! `<microseconds since the start> <bytes>`.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::mpsc;
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
}

#[derive(Debug)]
enum Note {
    /// A connection begins, whose bytes are these. It ends when the other end is gone.
    Part(mpsc::Receiver<Chunk>),
    /// Nothing else is to be recorded.
    Finish,
}

#[derive(Debug)]
struct Chunk {
    at: Duration,
    bytes: Bytes,
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
        let second = part_of(path, 2);
        if second.try_exists()? {
            let text =
                format!("{} is part of a former recording: remove it first", second.display());
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, text));
        }
        let first = Files::create(path)?;
        let (notes, received) = mpsc::channel();
        let path = path.to_owned();
        let writer = thread::Builder::new()
            .name("ami recording".to_owned())
            .spawn(move || write(&received, &path, first))?;
        Ok(Self { tap: Tap { begun: Instant::now(), notes }, writer })
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
        let (chunks, received) = mpsc::channel();
        let _ = self.notes.send(Note::Part(received));
        Tee { io, begun: self.begun, chunks }
    }
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

    /// Writes what comes, until the connection ends. The result is the number of bytes.
    fn write(mut self, chunks: &mpsc::Receiver<Chunk>) -> io::Result<u64> {
        let mut written = 0;
        for Chunk { at, bytes } in chunks {
            self.stream.write_all(&bytes)?;
            writeln!(self.times, "{} {}", at.as_micros(), bytes.len())?;
            written += bytes.len() as u64;
        }
        self.stream.flush()?;
        self.times.flush()?;
        Ok(written)
    }
}

/// Writes one part after another. A client has one connection at a time; where two are recorded at
/// once, the second waits in memory for the end of the first.
fn write(notes: &mpsc::Receiver<Note>, path: &Path, first: Files) -> io::Result<u64> {
    let (mut written, mut next) = (0, Some(first));
    let parts = notes.iter().map_while(|note| match note {
        Note::Part(chunks) => Some(chunks),
        Note::Finish => None,
    });
    for (number, chunks) in (1..).zip(parts) {
        let files = match next.take() {
            Some(files) => files,
            None => Files::create(&part_of(path, number))?,
        };
        written += files.write(&chunks)?;
    }
    Ok(written)
}

/// A connection whose incoming bytes are recorded; see [`Recording::tee`].
#[derive(Debug)]
pub struct Tee<T> {
    io: T,
    begun: Instant,
    chunks: mpsc::Sender<Chunk>,
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
            let _ = self.chunks.send(Chunk { at: self.begun.elapsed(), bytes });
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
