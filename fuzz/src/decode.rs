//! Any bytes, in any chunks: the decoder does not panic, always gets on, holds no more than its
//! limit, and loses nothing.

use std::fmt::{self, Write};

use ami::{Codec, Frame, Line, Malformed, Message};
use bytes::BytesMut;
use memchr::{memchr, memchr_iter, memchr2_iter, memmem};
use tokio_util::codec::Decoder;

/// Small, so that the fuzzer gets beyond it.
const MAX_MESSAGE: usize = 512;

/// How much the decoder holds between two reads: a banner, or as much of a message as it keeps; of
/// one that it skips, the end marker of an old command and the fields behind it.
const HELD: usize = 1024 + b"--END COMMAND--\r\n".len();

/// How many fields of a message are looked up by name. Each look-up goes through the whole message.
const LOOK_UPS: usize = 4;

/// The first byte chooses the start of the stream and the size of its chunks, the rest is the
/// stream. The chunks are of one byte, or larger; the target `split` cuts in all ways.
pub(crate) fn decode(data: &[u8]) {
    let Some((&mode, stream)) = data.split_first() else {
        return;
    };
    let codec = if mode & 1 == 0 { Codec::new() } else { Codec::without_banner() };
    let mut codec = codec.max_message(MAX_MESSAGE);
    let chunk = usize::from(mode >> 1) * 8 + 1;
    let mut buffer = BytesMut::with_capacity(stream.len());
    let mut checks = Checks::default();
    for bytes in stream.chunks(chunk) {
        buffer.extend_from_slice(bytes);
        while let Some(frame) = codec.decode(&mut buffer).expect("only the transport fails") {
            checks.frame(&frame);
        }
        assert!(buffer.len() <= HELD, "{} bytes are held", buffer.len());
    }
    while let Some(frame) = codec.decode_eof(&mut buffer).expect("only the transport fails") {
        checks.frame(&frame);
    }
    assert!(buffer.is_empty(), "{} bytes are left", buffer.len());
    // What no frame has are line ends between messages, and those of a banner.
    let lost = stream.len().checked_sub(checks.accounted).expect("a byte is in one frame");
    assert!(
        lost == 0 || lost <= memchr2_iter(b'\r', b'\n', stream).count(),
        "{lost} bytes are lost"
    );
}

#[derive(Default)]
struct Checks {
    /// How many bytes of the stream the frames stand for.
    accounted: usize,
    /// How many messages there were.
    messages: usize,
}

impl Checks {
    /// Looks at everything in a frame.
    fn frame(&mut self, frame: &Frame) {
        self.accounted += match frame {
            Frame::Banner(banner) => {
                let _ = banner.version();
                banner.line().len()
            }
            Frame::Event(event) => {
                self.message(event);
                event.raw().len()
            }
            Frame::Response(response) => {
                let _ = (response.status(), response.is_error(), response.message());
                self.message(response);
                response.raw().len()
            }
            Frame::Other(other) => {
                self.message(other);
                other.raw().len()
            }
            Frame::Malformed(Malformed::TooLarge { bytes, head, .. }) => {
                assert_eq!(head.len(), 1024.min(*bytes));
                *bytes
            }
            Frame::Malformed(Malformed::Truncated(rest)) => rest.len(),
            other => panic!("a new kind of frame: {other:?}"),
        };
    }

    fn message(&mut self, message: &Message) {
        assert!(message.raw().len() <= MAX_MESSAGE);
        let lines: Vec<_> = message.lines().collect();
        let head = match lines[0] {
            Line::Field(_, value) => value,
            Line::Bare(_) => b"",
        };
        assert!(message.kind() == ami::Kind::Other || message.head() == head);
        for line in &lines {
            let (Line::Field(text, value) | Line::Bare(text @ value)) = line;
            assert!(memchr(b'\n', text).is_none() && memchr(b'\n', value).is_none());
        }
        // The lines of a long message have their turn in other inputs.
        let every = lines.len().div_ceil(LOOK_UPS);
        for line in lines.iter().skip(message.raw().len() % every).step_by(every) {
            if let Line::Field(name, _) = line
                && let Ok(name) = std::str::from_utf8(name)
            {
                look_up(message, &lines, name);
            }
        }
        assert_eq!(message.action_id(), action_id(message));
        let _ = message.command_output().count();
        assert!(message.detach() == *message);
        // All take the same way; it is a long one.
        if self.messages == 0 {
            write!(Sink, "{message:?}").expect("a sink takes everything");
        }
        self.messages += 1;
    }
}

/// Looks a name up: the result is what the lines that have it say, in order.
fn look_up(message: &Message, lines: &[Line<'_>], name: &str) {
    let mut expected = lines.iter().filter_map(|line| match line {
        Line::Field(other, value) if is_same(other, name.as_bytes()) => Some(*value),
        _ => None,
    });
    let first = expected.clone().next();
    assert!(first.is_some() && message.get(name) == first, "{name:?}");
    assert!(message.get_all(name).all(|value| expected.next() == Some(value)), "{name:?}");
    assert_eq!(expected.next(), None, "{name:?}");
    if message.legacy_text().is_none() {
        let crlf = ends_in_crlf(message);
        let expected = if crlf { whole(lines_of(message), name) } else { first };
        assert_eq!(message.whole(name), expected, "{name:?}");
    }
}

/// The first value of a name up to the next CR LF.
fn whole<'a>(mut text: &'a [u8], name: &str) -> Option<&'a [u8]> {
    while let Some(end) = memmem::find(text, b"\r\n") {
        let line = &text[..end];
        text = &text[end + 2..];
        if let Some(colon) = memchr(b':', line)
            && is_same(&line[..colon], name.as_bytes())
        {
            let value = &line[colon + 1..];
            return Some(value.strip_prefix(b" ").unwrap_or(value));
        }
    }
    None
}

/// The ActionID: in the server's spelling, and behind a CR LF unless the lines end in LF alone.
fn action_id(message: &Message) -> Option<&[u8]> {
    let crlf = ends_in_crlf(message);
    let mut counts = true;
    let lines = lines_of(message);
    let mut begin = 0;
    for end in memchr_iter(b'\n', lines) {
        let line = &lines[begin..end];
        let text = line.strip_suffix(b"\r");
        if counts && let Some(id) = text.unwrap_or(line).strip_prefix(b"ActionID: ") {
            return Some(id);
        }
        counts = !crlf || text.is_some();
        begin = end + 1;
    }
    None
}

/// Whether the first line ends in CR LF.
fn ends_in_crlf(message: &Message) -> bool {
    memchr(b'\n', message.raw()).is_some_and(|lf| message.raw()[..lf].ends_with(b"\r"))
}

/// The lines of a message as sent; those before the text of a command, if there is one.
fn lines_of(message: &Message) -> &[u8] {
    let raw = message.raw();
    let empty = if raw.ends_with(b"\r\n") { 2 } else { 1 };
    let length = match message.legacy_text() {
        Some(text) => text.as_ptr() as usize - raw.as_ptr() as usize,
        None => raw.len() - empty,
    };
    &raw[..length]
}

/// Whether two names are the same but for ASCII case and the blanks around them.
fn is_same(one: &[u8], other: &[u8]) -> bool {
    without_blanks(one).eq_ignore_ascii_case(without_blanks(other))
}

fn without_blanks(mut name: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = name {
        name = rest;
    }
    name
}

struct Sink;

impl Write for Sink {
    fn write_str(&mut self, _: &str) -> fmt::Result {
        Ok(())
    }
}
