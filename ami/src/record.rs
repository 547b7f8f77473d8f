//! A tee: the bytes that a server sends, written to a file as they come.
//!
//! A recording is the raw stream, banner included. It feeds tests and benchmarks, and can be replayed by the example
//! `replay`. Beside it stands a file of times, one line for each read: `<microseconds since the start> <bytes>`.

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
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use ami::{Config, Recording};
/// use tokio::net::TcpStream;
///
/// let recording = Recording::create("stream.ami")?;
/// let io = recording.tee(TcpStream::connect("127.0.0.1:5038").await?);
/// let client = Config::new("user", "mysecret").handshake(io).await?;
/// // …
/// client.close().await?;
/// let bytes = recording.finish().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Recording {
    begun: Instant,
    chunks: mpsc::Sender<Chunk>,
    writer: JoinHandle<io::Result<u64>>,
}

#[derive(Debug)]
struct Chunk {
    at: Duration,
    bytes: Bytes,
}

impl Recording {
    /// Starts a recording in a file, over what is there, and its times in another with `.times` behind the name.
    ///
    /// The files are written by a thread of their own, so that no slow disk makes the connection wait. What the disk
    /// cannot keep up with is held in memory.
    ///
    /// # Errors
    ///
    /// If the files cannot be created.
    pub fn create(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref();
        let (stream, times) = (create(path)?, create(&times_of(path))?);
        let (chunks, received) = mpsc::channel();
        let writer = thread::Builder::new()
            .name("ami recording".to_owned())
            .spawn(move || write(&received, stream, times))?;
        Ok(Self { begun: Instant::now(), chunks, writer })
    }

    /// A connection whose incoming bytes are recorded.
    pub fn tee<T>(&self, io: T) -> Tee<T> {
        Tee { io, begun: self.begun, chunks: self.chunks.clone() }
    }

    /// Waits until the connection has ended and all is written. The result is the number of bytes.
    ///
    /// # Errors
    ///
    /// If a file could not be written.
    pub async fn finish(self) -> io::Result<u64> {
        drop(self.chunks);
        let joined = tokio::task::spawn_blocking(|| self.writer.join()).await;
        match joined {
            Ok(Ok(written)) => written,
            _ => Err(io::Error::other("the recording's thread died")),
        }
    }
}

/// The file of times that belongs to a recording.
fn times_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".times");
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

fn write(chunks: &mpsc::Receiver<Chunk>, stream: File, times: File) -> io::Result<u64> {
    let (mut stream, mut times) = (BufWriter::new(stream), BufWriter::new(times));
    let mut written = 0;
    for Chunk { at, bytes } in chunks {
        stream.write_all(&bytes)?;
        writeln!(times, "{} {}", at.as_micros(), bytes.len())?;
        written += bytes.len() as u64;
    }
    stream.flush()?;
    times.flush()?;
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
