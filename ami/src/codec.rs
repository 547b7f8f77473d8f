//! Cutting the stream into frames.
//!
//! A frame is a banner (the first line of a connection) or a message: lines up to an empty one. Lines end at LF, with at
//! most one CR before it. That is all the framing there is, and all that real servers keep to: a search for CR LF CR LF
//! would glue some of their messages together.
//!
//! - **Each byte is looked at once.** The decoder remembers how far it looked, so a message costs the same whether it
//!   arrives in one piece or byte by byte.
//! - **Nothing but the end of the connection ends the stream.** A message beyond the limit, or one that the end of the
//!   stream cut off, is an item ([`Malformed`]), and the next message is read as if nothing had happened.
//! - **Nothing is copied.** A message is a slice of the read buffer.

use std::{fmt, io};

use bytes::{Buf, Bytes, BytesMut};
use memchr::{memchr, memmem};
use tokio_util::codec::{Decoder, Encoder};

use crate::action::Action;
use crate::error::ActionError;
use crate::message::{Event, Kind, Message, Response};
use crate::parse::{self, END_COMMAND};

/// The largest message by default, in bytes. A `Command` answers with one message however much it prints.
pub const MAX_MESSAGE: usize = 16 * 1024 * 1024;

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

/// The line that a server greets with: `Asterisk Call Manager/11.0.0`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Banner(Bytes);

impl Banner {
    /// The line as sent, without its end.
    pub fn line(&self) -> &[u8] {
        &self.0
    }

    /// The version of the protocol (not of Asterisk) that the server names, or nothing when the line is no banner.
    pub fn version(&self) -> Option<&str> {
        parse::banner(&self.0).and_then(|version| str::from_utf8(version).ok())
    }

    /// Whether the server can answer `Command` in the old format. Those before Asterisk 14 do; their protocol's version
    /// is at most 2. An unknown version is taken for an old server.
    fn may_be_legacy(&self) -> bool {
        let major = self.version().and_then(|version| version.split('.').next());
        major.and_then(|major| major.parse::<u32>().ok()).is_none_or(|major| major < 3)
    }
}

/// A part of the stream that is not a message. `Debug` does not show its bytes, which may hold a secret.
#[derive(Clone, Eq, PartialEq)]
#[non_exhaustive]
pub enum Malformed {
    /// A message of this many bytes was larger than the limit. Its bytes are gone.
    TooLarge(usize),
    /// The stream ended inside a message; these are the bytes of it that came. A server cuts a message short when the
    /// client does not read within its `writetimeout`.
    Truncated(Bytes),
}

impl fmt::Debug for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge(bytes) => write!(f, "TooLarge({bytes} bytes)"),
            Self::Truncated(rest) => write!(f, "Truncated({} bytes)", rest.len()),
        }
    }
}

/// The codec of one connection, for [`tokio_util::codec::Framed`] or by hand.
#[derive(Debug)]
pub struct Codec {
    state: State,
    max_message: usize,
    /// How much of the buffer is known to hold no end of the current frame.
    scanned: usize,
    /// Whether `Response: Follows` opens a text that ends with an end marker. From a newer server it can only be forged,
    /// and would swallow what follows.
    legacy: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    Banner,
    /// Between messages.
    Idle,
    /// In a message, one in the old command format or not.
    Message {
        legacy: bool,
    },
    /// In a message that is larger than the limit, of which so many bytes are gone.
    Skipping {
        legacy: bool,
        gone: usize,
    },
}

impl Codec {
    /// A codec at the start of a connection: the first line is the banner.
    pub fn new() -> Self {
        Self { state: State::Banner, max_message: MAX_MESSAGE, scanned: 0, legacy: true }
    }

    /// A codec for a stream without a banner, such as the rest of a recorded one. It knows both command formats.
    pub fn without_banner() -> Self {
        Self { state: State::Idle, ..Self::new() }
    }

    /// Sets the largest message in bytes; [`MAX_MESSAGE`] by default. The decoder never holds more than that and one
    /// read.
    #[must_use]
    pub fn max_message(mut self, bytes: usize) -> Self {
        self.max_message = bytes;
        self
    }

    fn banner(&mut self, src: &mut BytesMut) -> Option<Frame> {
        let seen = src.len().min(MAX_BANNER + 1);
        let Some(end) = memchr(b'\n', &src[self.scanned..seen]).map(|at| self.scanned + at) else {
            if seen > MAX_BANNER {
                self.enter(State::Skipping { legacy: false, gone: 0 });
                return self.skip(src, false, 0);
            }
            self.scanned = seen;
            return None;
        };
        let line = src.split_to(end + 1).freeze();
        let banner = Banner(line.slice(..end - usize::from(line[..end].ends_with(b"\r"))));
        self.legacy = banner.may_be_legacy();
        self.enter(State::Idle);
        Some(Frame::Banner(banner))
    }

    /// Skips stray empty lines and looks at how the next message begins. `None` if that takes more bytes.
    fn begin(&mut self, src: &mut BytesMut) -> Option<()> {
        let mut at = 0;
        loop {
            match &src[at..] {
                [b'\n', ..] => at += 1,
                [b'\r', b'\n', ..] => at += 2,
                _ => break,
            }
        }
        src.advance(at);
        if matches!(&src[..], [] | [b'\r']) {
            return None;
        }
        let legacy = self.legacy && is_legacy(src)?;
        self.enter(State::Message { legacy });
        Some(())
    }

    fn message(&mut self, src: &mut BytesMut, legacy: bool) -> Option<Frame> {
        match find_end(src, self.scanned, legacy) {
            Ok((_, end)) if end > self.max_message => {
                src.advance(end);
                self.enter(State::Idle);
                Some(Frame::Malformed(Malformed::TooLarge(end)))
            }
            Ok((lines, end)) => {
                let raw = src.split_to(end).freeze();
                self.enter(State::Idle);
                Some(if legacy {
                    Frame::Response(Response::new(Message::legacy(raw)))
                } else {
                    frame(Message::new(raw, lines))
                })
            }
            Err(scanned) if src.len() > self.max_message => {
                self.state = State::Skipping { legacy, gone: 0 };
                self.scanned = scanned;
                self.skip(src, legacy, 0)
            }
            Err(scanned) => {
                self.scanned = scanned;
                None
            }
        }
    }

    fn skip(&mut self, src: &mut BytesMut, legacy: bool, gone: usize) -> Option<Frame> {
        match find_end(src, self.scanned, legacy) {
            Ok((_, end)) => {
                src.advance(end);
                self.enter(State::Idle);
                Some(Frame::Malformed(Malformed::TooLarge(gone + end)))
            }
            Err(scanned) => {
                // What is left is the beginning of a possible end.
                src.advance(scanned);
                self.scanned = 0;
                self.state = State::Skipping { legacy, gone: gone + scanned };
                None
            }
        }
    }

    fn enter(&mut self, state: State) {
        self.state = state;
        self.scanned = 0;
    }
}

impl Default for Codec {
    fn default() -> Self {
        Self::new()
    }
}

impl Decoder for Codec {
    type Item = Frame;
    type Error = io::Error;

    /// The next frame, or nothing if it takes more bytes. It never returns an error: only the transport fails.
    fn decode(&mut self, src: &mut BytesMut) -> io::Result<Option<Frame>> {
        if self.state == State::Idle && self.begin(src).is_none() {
            return Ok(None);
        }
        Ok(match self.state {
            State::Banner => self.banner(src),
            State::Message { legacy } => self.message(src, legacy),
            State::Skipping { legacy, gone } => self.skip(src, legacy, gone),
            State::Idle => None,
        })
    }

    /// As [`decode`](Self::decode), and when the stream ends inside a frame, what came of it.
    fn decode_eof(&mut self, src: &mut BytesMut) -> io::Result<Option<Frame>> {
        if let Some(frame) = self.decode(src)? {
            return Ok(Some(frame));
        }
        let rest = src.split().freeze();
        let state = self.state;
        self.enter(State::Idle);
        Ok(match state {
            State::Skipping { gone, .. } => {
                Some(Frame::Malformed(Malformed::TooLarge(gone + rest.len())))
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

fn frame(message: Message) -> Frame {
    match message.kind() {
        Kind::Event => Frame::Event(Event::new(message)),
        Kind::Response => Frame::Response(Response::new(message)),
        Kind::Other => Frame::Other(message),
    }
}

/// Whether the message is in the old command format. `None` if that takes more bytes.
fn is_legacy(src: &[u8]) -> Option<bool> {
    const HEAD: &[u8] = b"Response: Follows";
    let common = src.len().min(HEAD.len());
    if !src[..common].eq_ignore_ascii_case(&HEAD[..common]) {
        return Some(false);
    }
    match &src[common..] {
        [] | [b'\r'] => None,
        [b'\n', ..] | [b'\r', b'\n', ..] => Some(true),
        _ => Some(false),
    }
}

/// Finds the end of the message that `src` begins with: the length of its lines, and with the empty line that ends it.
/// `Err` says how much need not be looked at again.
fn find_end(src: &[u8], scanned: usize, legacy: bool) -> Result<(usize, usize), usize> {
    if legacy {
        let end = memmem::find(&src[scanned..], END_COMMAND).map(|at| scanned + at);
        let end =
            end.ok_or_else(|| scanned.max((src.len() + 1).saturating_sub(END_COMMAND.len())))?;
        return Ok((end, end + END_COMMAND.len()));
    }
    let mut at = skip_blocks(src, scanned);
    while let Some(lf) = memchr(b'\n', &src[at..]).map(|lf| at + lf) {
        match &src[lf + 1..] {
            [b'\n', ..] => return Ok((lf + 1, lf + 2)),
            [b'\r', b'\n', ..] => return Ok((lf + 1, lf + 3)),
            [] | [b'\r'] => return Err(lf),
            _ => at = lf + 1,
        }
    }
    Err(src.len())
}

/// Advances over whole blocks in which no line end has an empty line behind it.
///
/// The inner loop has no branch, so that the compiler makes vector code of it: several times as fast as stopping at each
/// of the short lines that messages consist of.
fn skip_blocks(src: &[u8], mut at: usize) -> usize {
    const BLOCK: usize = 64;
    while let Some(window) = src.get(at..at + BLOCK + 2) {
        let mut found = 0;
        for i in 0..BLOCK {
            let lf = u8::from(window[i] == b'\n');
            let lf_lf = u8::from(window[i + 1] == b'\n');
            let lf_cr_lf = u8::from(window[i + 1] == b'\r') & u8::from(window[i + 2] == b'\n');
            found |= lf & (lf_lf | lf_cr_lf);
        }
        if found != 0 {
            break;
        }
        at += BLOCK;
    }
    at
}
