//! The bytes of a connection, at the server's end: actions in, any bytes out.

use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio_util::codec::Decoder;

use super::error::PeerError;
use crate::wire::{Action, ActionError, ActionProblem, Codec, Frame, Line, Malformed, Message};

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// A connection with the bytes that were read and not used yet, and those that are still to be
/// sent. Its futures can be dropped at any time without losing data.
pub(super) struct Link {
    /// The stream; `None` once the peer has closed it.
    io: Option<Box<dyn Stream>>,
    codec: Codec,
    input: BytesMut,
    output: BytesMut,
}

impl Link {
    pub(super) fn new(io: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) -> Self {
        Self {
            io: Some(Box::new(io)),
            codec: Codec::without_banner(),
            input: BytesMut::new(),
            output: BytesMut::new(),
        }
    }

    /// Returns `true` if the peer has closed the connection.
    pub(super) fn is_cut(&self) -> bool {
        self.io.is_none()
    }

    /// Returns the number of bytes that are still to be sent.
    pub(super) fn left(&self) -> usize {
        self.output.len()
    }

    /// Adds bytes to those that are to be sent.
    pub(super) fn queue(&mut self, bytes: &[u8]) {
        self.output.extend_from_slice(bytes);
    }

    /// Sends the bytes that are still to be sent.
    pub(super) async fn flush(&mut self) -> io::Result<()> {
        let Some(io) = &mut self.io else { return Ok(()) };
        while !self.output.is_empty() {
            if io.write_buf(&mut self.output).await? == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
        }
        io.flush().await
    }

    /// Closes the connection.
    pub(super) async fn close(&mut self) {
        if let Some(mut io) = self.io.take() {
            // A client that has gone already needs no shutdown.
            let _ = io.shutdown().await;
        }
    }

    /// Reads the next action. Returns `None` at the end of the stream.
    pub(super) async fn action(&mut self) -> Result<Option<Action>, PeerError> {
        loop {
            if let Some(frame) = self.codec.decode(&mut self.input).map_err(PeerError::Io)? {
                return action_of(frame).map(Some);
            }
            if self.read().await? == 0 {
                return Ok(None);
            }
        }
    }

    /// Waits for the end of the stream and discards what the client sends.
    pub(super) async fn end(&mut self) -> Result<(), PeerError> {
        while !self.is_cut() {
            self.input.clear();
            if self.read().await? == 0 {
                break;
            }
        }
        Ok(())
    }

    /// Reads once. Returns 0 if the client has gone.
    async fn read(&mut self) -> Result<usize, PeerError> {
        let io = self.io.as_mut().ok_or(PeerError::Cut)?;
        match io.read_buf(&mut self.input).await {
            Err(error) if is_gone(&error) => Ok(0),
            read => read.map_err(PeerError::Io),
        }
    }
}

/// Returns the action that the client has sent.
fn action_of(frame: Frame) -> Result<Action, PeerError> {
    let bytes = match frame {
        Frame::Other(message) => return action(&message),
        Frame::Event(event) => event.raw().len(),
        Frame::Response(response) => response.raw().len(),
        Frame::Banner(banner) => banner.line().len(),
        Frame::Malformed(Malformed::TooLarge { bytes, .. }) => bytes,
        Frame::Malformed(Malformed::Truncated(bytes)) => bytes.len(),
    };
    Err(PeerError::NotAnAction { bytes })
}

fn action(message: &Message) -> Result<Action, PeerError> {
    let mut lines = message.lines();
    let no_action = || PeerError::NotAnAction { bytes: message.raw().len() };
    let name = match lines.next() {
        Some(Line::Field(name, value)) if name.eq_ignore_ascii_case(b"Action") => value,
        _ => return Err(no_action()),
    };
    let mut action = Action::new(String::from_utf8_lossy(name));
    for line in lines {
        let Line::Field(name, value) = line else { return Err(no_action()) };
        action = if name.eq_ignore_ascii_case(b"ActionID") {
            action.with_action_id(&String::from_utf8_lossy(value))
        } else {
            action.field(&String::from_utf8_lossy(name), value)
        };
    }
    match action.check() {
        // Servers accept other ids than those of this client, and repeat them.
        Ok(()) | Err(ActionError { problem: ActionProblem::ActionId, .. }) => Ok(action),
        Err(error) => Err(PeerError::BadAction(error)),
    }
}

/// Returns `true` if the error means only that the client has gone.
pub(super) fn is_gone(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset};
    matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionReset)
}

fn cut() -> io::Error {
    io::Error::new(io::ErrorKind::NotConnected, PeerError::Cut)
}

impl AsyncRead for Link {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let link = self.get_mut();
        if !link.input.is_empty() {
            let length = link.input.len().min(buf.remaining());
            buf.put_slice(&link.input[..length]);
            link.input.advance(length);
            return Poll::Ready(Ok(()));
        }
        let io = link.io.as_mut().ok_or_else(cut)?;
        Pin::new(io).poll_read(cx, buf)
    }
}

impl AsyncWrite for Link {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let link = self.get_mut();
        ready!(pin!(link.flush()).poll(cx))?;
        let io = link.io.as_mut().ok_or_else(cut)?;
        Pin::new(io).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        pin!(self.get_mut().flush()).poll(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let link = self.get_mut();
        ready!(pin!(link.flush()).poll(cx))?;
        match &mut link.io {
            Some(io) => Pin::new(io).poll_shutdown(cx),
            None => Poll::Ready(Ok(())),
        }
    }
}
