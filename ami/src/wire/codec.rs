//! The codec, which cuts the stream into frames.
//!
//! A frame is a banner (the first line of a connection) or a message. [`framing`](super::framing)
//! finds the end of a message.
//!
//! - **Each byte is searched once.** The decoder remembers its position, so a message costs the
//!   same whether it arrives in one piece or byte by byte.
//! - **The stream ends only with the connection.** A message that exceeds the limit, or that the
//!   end of the stream cuts off, is an item ([`Malformed`]). Decoding continues with the next
//!   message.
//! - **No data is copied.** A message is a slice of the read buffer.

use std::{fmt, io};

use bytes::{Buf, Bytes, BytesMut};
use memchr::memchr;
use tokio_util::codec::{Decoder, Encoder};

use super::action::{Action, ActionError};
use super::banner::Banner;
use super::framing::Scan;
use super::message::{Event, Kind, Message, Response};

/// The default limit of a message, in bytes: 16 MiB. The output of a `Command` is one message,
/// however long it is.
pub const MAX_MESSAGE: usize = 16 * 1024 * 1024;

/// The size of a read buffer. A message that is kept keeps the whole buffer that it was read into
/// alive.
pub(crate) const READ_BUFFER: usize = 64 * 1024;

/// The number of bytes kept of a message that is too large: enough to identify it and its action.
pub(crate) const KEPT: usize = 1024;

/// The longest banner. A peer that sends more without a line end does not speak AMI.
const MAX_BANNER: usize = 1024;

/// One item of the stream from the server.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Frame {
    /// The first line of a connection.
    Banner(Banner),
    /// A message that begins with `Event: …`.
    Event(Event),
    /// A message that begins with `Response: …`.
    Response(Response),
    /// A message that begins with anything else.
    Other(Message),
    /// A part of the stream that is not a message.
    Malformed(Malformed),
}

/// A part of the stream that is not a message. `Debug` does not show its bytes, because they may
/// hold a secret.
#[derive(Clone, Eq, PartialEq)]
#[non_exhaustive]
pub enum Malformed {
    /// A message larger than the limit.
    #[non_exhaustive]
    TooLarge {
        /// The size of the message in bytes.
        bytes: usize,
        /// The first bytes of the message, at most 1,024. The rest is discarded.
        head: Bytes,
    },
    /// The beginning of a message that the end of the stream cut off. A server cuts a message short
    /// when the client does not read within the server's `writetimeout`.
    Truncated(Bytes),
}

impl fmt::Debug for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { bytes, .. } => write!(f, "TooLarge({bytes} bytes)"),
            Self::Truncated(rest) => write!(f, "Truncated({} bytes)", rest.len()),
        }
    }
}

/// The codec of one connection: decodes [`Frame`]s and encodes [`Action`]s.
///
/// Use it with [`tokio_util::codec::Framed`], or call [`decode`](Decoder::decode) and
/// [`encode`](Encoder::encode) directly. The default is [`Codec::new`].
#[derive(Debug)]
pub struct Codec {
    state: State,
    max_message: usize,
    /// The number of bytes of a banner that were searched.
    scanned: usize,
    /// The search for the end of the message that is being read.
    scan: Scan,
    /// The beginning of the message that is being skipped.
    head: Bytes,
    /// `true` if `Response: Follows` begins a text that ends with an end marker. From a newer
    /// server it can only be forged, and would swallow the messages after it.
    legacy: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    Banner,
    /// Between messages.
    Idle,
    Message,
    /// Inside a message that is larger than the limit; `gone` bytes of it are discarded.
    Skipping {
        gone: usize,
    },
}

impl Codec {
    /// Creates a codec for the start of a connection, where the first line is the banner.
    pub fn new() -> Self {
        Self {
            state: State::Banner,
            max_message: MAX_MESSAGE,
            scanned: 0,
            scan: Scan::new(true),
            head: Bytes::new(),
            legacy: true,
        }
    }

    /// Creates a codec for a stream without a banner, such as a part of a recording. It decodes the
    /// output of commands in both formats.
    pub fn without_banner() -> Self {
        Self { state: State::Idle, ..Self::new() }
    }

    /// Sets the limit of a message in bytes: [`MAX_MESSAGE`] by default, and always less than 4
    /// GiB.
    ///
    /// The decoder holds at most this much and one read. Of a message that is larger it holds about
    /// 2 KiB, and yields [`Malformed::TooLarge`] at its end.
    #[must_use]
    pub fn max_message(mut self, bytes: usize) -> Self {
        self.max_message = bytes.min(u32::MAX as usize - 1);
        self
    }

    fn banner(&mut self, src: &mut BytesMut) -> Option<Frame> {
        let seen = src.len().min(MAX_BANNER + 1);
        let Some(end) = memchr(b'\n', &src[self.scanned..seen]).map(|at| self.scanned + at) else {
            if seen > MAX_BANNER {
                self.scan = Scan::new(false);
                return self.begin_skip(src);
            }
            self.scanned = seen;
            return None;
        };
        let line = src.split_to(end + 1).freeze();
        let banner = Banner(line.slice(..end - usize::from(line[..end].ends_with(b"\r"))));
        self.legacy = banner.may_be_legacy();
        self.state = State::Idle;
        Some(Frame::Banner(banner))
    }

    /// Skips stray empty lines. Returns `None` if no message has begun.
    fn skip_empty(&self, src: &mut BytesMut) -> Option<()> {
        let mut at = 0;
        loop {
            match &src[at..] {
                [b'\n', ..] => at += 1,
                [b'\r', b'\n', ..] => at += 2,
                _ => break,
            }
        }
        src.advance(at);
        (!matches!(&src[..], [] | [b'\r'])).then_some(())
    }

    /// Decodes the message that begins here, if it is complete.
    #[inline]
    fn begin(&mut self, src: &mut BytesMut) -> Option<Frame> {
        self.scan = match Scan::event(src) {
            Some(Ok(end)) if end.end <= self.max_message => {
                let raw = src.split_to(end.end).freeze();
                return Some(Frame::Event(Event::new(Message::event(raw, end))));
            }
            Some(Err(scan)) => scan,
            _ => Scan::new(self.legacy),
        };
        self.state = State::Message;
        self.message(src)
    }

    fn message(&mut self, src: &mut BytesMut) -> Option<Frame> {
        let Some(end) = self.scan.find(src) else {
            // With a limit below `KEPT`, decoding still waits for the bytes that are kept and that
            // decide the kind of the message.
            let too_large = src.len() > self.max_message.max(KEPT);
            return if too_large { self.begin_skip(src) } else { None };
        };
        self.state = State::Idle;
        if end.end > self.max_message {
            let head = kept(src, end.end);
            src.advance(end.end);
            return Some(Frame::Malformed(Malformed::TooLarge { bytes: end.end, head }));
        }
        let raw = src.split_to(end.end).freeze();
        Some(frame(Message::new(raw, end)))
    }

    /// Begins to skip a message of which more bytes have come than are kept.
    fn begin_skip(&mut self, src: &mut BytesMut) -> Option<Frame> {
        self.head = kept(src, src.len());
        self.skip(src, 0)
    }

    fn skip(&mut self, src: &mut BytesMut, gone: usize) -> Option<Frame> {
        match self.scan.find(src) {
            Some(end) => {
                src.advance(end.end);
                self.state = State::Idle;
                let head = std::mem::take(&mut self.head);
                Some(Frame::Malformed(Malformed::TooLarge { bytes: gone + end.end, head }))
            }
            None => {
                // The bytes that remain may be the beginning of the end.
                let seen = self.scan.seen();
                src.advance(seen);
                self.scan.took(seen);
                self.state = State::Skipping { gone: gone + seen };
                None
            }
        }
    }
}

/// Copies the beginning of a message of that length into memory of its own.
fn kept(src: &[u8], length: usize) -> Bytes {
    Bytes::copy_from_slice(&src[..length.min(KEPT)])
}

impl Default for Codec {
    fn default() -> Self {
        Self::new()
    }
}

impl Decoder for Codec {
    type Item = Frame;
    type Error = io::Error;

    /// Decodes the next frame. Returns `None` if more bytes are needed.
    ///
    /// # Errors
    ///
    /// Never returns an error. The error type is there for the transport.
    #[inline]
    fn decode(&mut self, src: &mut BytesMut) -> io::Result<Option<Frame>> {
        Ok(match self.state {
            State::Idle => {
                let is_empty = matches!(src.first(), None | Some(b'\r' | b'\n'));
                if is_empty && self.skip_empty(src).is_none() { None } else { self.begin(src) }
            }
            State::Message => self.message(src),
            State::Banner => self.banner(src),
            State::Skipping { gone } => self.skip(src, gone),
        })
    }

    /// Decodes the next frame at the end of the stream. A message that is cut off yields
    /// [`Malformed::Truncated`], or [`Malformed::TooLarge`] if it exceeded the limit.
    fn decode_eof(&mut self, src: &mut BytesMut) -> io::Result<Option<Frame>> {
        if let Some(frame) = self.decode(src)? {
            return Ok(Some(frame));
        }
        let rest = src.split().freeze();
        let (state, head) = (self.state, std::mem::take(&mut self.head));
        self.state = State::Idle;
        let bytes = rest.len();
        Ok(match state {
            State::Skipping { gone } => {
                Some(Frame::Malformed(Malformed::TooLarge { bytes: gone + bytes, head }))
            }
            State::Message if bytes > self.max_message => {
                let head = kept(&rest, bytes);
                Some(Frame::Malformed(Malformed::TooLarge { bytes, head }))
            }
            _ if rest.is_empty() || &rest[..] == b"\r" => None,
            _ => Some(Frame::Malformed(Malformed::Truncated(rest))),
        })
    }
}

impl Encoder<&Action> for Codec {
    type Error = EncodeError;

    /// Writes the action, with the ActionID that it carries, if any.
    ///
    /// # Errors
    ///
    /// Returns an error if the action cannot be sent. `dst` is unchanged then.
    fn encode(&mut self, action: &Action, dst: &mut BytesMut) -> Result<(), EncodeError> {
        Ok(action.encode(action.action_id(), dst)?)
    }
}

/// The error of encoding an action with [`Codec`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// The action breaks a rule of the protocol or a limit of the server.
    #[error(transparent)]
    Action(#[from] ActionError),
    /// The transport failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

#[inline]
fn frame(message: Message) -> Frame {
    match message.kind() {
        Kind::Event => Frame::Event(Event::new(message)),
        Kind::Response => Frame::Response(Response::new(message)),
        Kind::Other => Frame::Other(message),
    }
}
