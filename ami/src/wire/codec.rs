//! Cutting the stream into frames.
//!
//! A frame is a banner (the first line of a connection) or a message; [`framing`](super::framing)
//! says where a message ends.
//!
//! - **Each byte is looked at once.** The decoder remembers how far it looked, so a message costs
//!   the same whether it arrives in one piece or byte by byte.
//! - **Nothing but the end of the connection ends the stream.** A message beyond the limit, or one
//!   that the end of the stream cut off, is an item ([`Malformed`]), and the next message is read
//!   as if nothing had happened.
//! - **Nothing is copied.** A message is a slice of the read buffer.

use std::{fmt, io};

use bytes::{Buf, Bytes, BytesMut};
use memchr::memchr;
use tokio_util::codec::{Decoder, Encoder};

use super::action::{Action, ActionError};
use super::banner::Banner;
use super::framing::Scan;
use super::message::{Event, Kind, Message, Response};

/// The largest message by default, in bytes. A `Command` answers with one message however much it
/// prints.
pub const MAX_MESSAGE: usize = 16 * 1024 * 1024;

/// The size of a read buffer. A message that is kept holds all of the buffer that it was read into.
pub(crate) const READ_BUFFER: usize = 64 * 1024;

/// How much of a message that is too large is kept: enough to know what it was, and whose.
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
    /// What could not become a message.
    Malformed(Malformed),
}

/// A part of the stream that is not a message. `Debug` does not show its bytes, which may hold a
/// secret.
#[derive(Clone, Eq, PartialEq)]
#[non_exhaustive]
pub enum Malformed {
    /// A message was larger than the limit.
    #[non_exhaustive]
    TooLarge {
        /// How many bytes it had.
        bytes: usize,
        /// The first of them, at most 1,024. The others are gone.
        head: Bytes,
    },
    /// The stream ended inside a message; these are the bytes of it that came. A server cuts a
    /// message short when the client does not read within its `writetimeout`.
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

/// The codec of one connection, for [`tokio_util::codec::Framed`] or by hand.
#[derive(Debug)]
pub struct Codec {
    state: State,
    max_message: usize,
    /// How much of a banner was looked at.
    scanned: usize,
    /// The search for the end of the message that is being read.
    scan: Scan,
    /// The beginning of the message that is being skipped.
    head: Bytes,
    /// Whether `Response: Follows` opens a text that ends with an end marker. From a newer server
    /// it can only be forged, and would swallow what follows.
    legacy: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    Banner,
    /// Between messages.
    Idle,
    Message,
    /// In a message that is larger than the limit, of which so many bytes are gone.
    Skipping {
        gone: usize,
    },
}

impl Codec {
    /// A codec at the start of a connection: the first line is the banner.
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

    /// A codec for a stream without a banner, such as the rest of a recorded one. It knows both
    /// command formats.
    pub fn without_banner() -> Self {
        Self { state: State::Idle, ..Self::new() }
    }

    /// Sets the largest message in bytes; [`MAX_MESSAGE`] by default, and less than 4 GiB always.
    /// The decoder never holds more than that and one read. Of a message that is larger it holds
    /// some 2 KiB.
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

    /// Skips stray empty lines. `None` if no message has begun.
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

    /// The message that has begun, if it is there as a whole.
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
            // A smaller limit waits for as much as is kept, and for what decides on the kind.
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

    /// Begins to skip a message of which more has come than is kept.
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
                // What is left is the beginning of a possible end.
                let seen = self.scan.seen();
                src.advance(seen);
                self.scan.took(seen);
                self.state = State::Skipping { gone: gone + seen };
                None
            }
        }
    }
}

/// The beginning of a message of that length, in memory of its own.
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

    /// The next frame, or nothing if it takes more bytes. It never returns an error: only the
    /// transport fails.
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

    /// As [`decode`](Self::decode), and when the stream ends inside a frame, what came of it.
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

    /// Writes the action with the ActionID that it carries, if any.
    ///
    /// # Errors
    ///
    /// If the action cannot be sent as it is; nothing is written then.
    fn encode(&mut self, action: &Action, dst: &mut BytesMut) -> Result<(), EncodeError> {
        Ok(action.encode(action.own_id(), dst)?)
    }
}

/// Why [`Codec`] did not encode an action.
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
