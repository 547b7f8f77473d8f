//! Messages from text that a person writes, in a test or next to a recording.

use std::str::FromStr;

use bytes::{Buf, BytesMut};
use memchr::memchr;
use tokio_util::codec::Decoder;

use super::codec::{Codec, Frame};
use super::grammar;
use super::message::{Event, Kind, Message, Response};

impl Message {
    /// Parses one message from text that a person writes.
    ///
    /// Lines may end in LF or CR LF, and the empty line at the end may be missing. The first line
    /// decides. If it ends in LF alone, every line end becomes CR LF, as servers send it. If it
    /// ends in CR LF, the text is taken unchanged, so that an LF in it is part of a value. A
    /// `Response: Follows` of the old command format has to be written as it is sent, with CR LF.
    ///
    /// ```
    /// use ami::Message;
    ///
    /// let message = Message::parse("Event: Hangup\nCause: 16")?;
    /// assert_eq!(message.get("Cause"), Some(&b"16"[..]));
    /// assert_eq!(&message.raw()[..], b"Event: Hangup\r\nCause: 16\r\n\r\n");
    /// # Ok::<(), ami::ParseError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error if the text has no message, more than one, or one without an end.
    pub fn parse(text: impl AsRef<[u8]>) -> Result<Self, ParseError> {
        let mut bytes = as_sent(text.as_ref());
        let mut codec = Codec::without_banner().max_message(usize::MAX);
        // The codec never fails. Its error type is there for transports.
        let message = match codec.decode(&mut bytes) {
            Ok(Some(Frame::Event(event))) => event.into_message(),
            Ok(Some(Frame::Response(response))) => response.into_message(),
            Ok(Some(Frame::Other(message))) => message,
            _ if bytes.is_empty() => return Err(ParseError::Empty),
            _ => return Err(ParseError::Unfinished),
        };
        while bytes.first().is_some_and(|byte| matches!(byte, b'\r' | b'\n')) {
            bytes.advance(1);
        }
        if bytes.is_empty() { Ok(message) } else { Err(ParseError::SeveralMessages) }
    }
}

/// Returns the text with the line ends of a server, and an empty line after it.
fn as_sent(text: &[u8]) -> BytesMut {
    let begin = text.iter().position(|byte| !matches!(byte, b'\r' | b'\n'));
    let text = &text[begin.unwrap_or(text.len())..];
    let mut bytes = BytesMut::with_capacity(text.len() + text.len() / 16 + 4);
    if text.is_empty() {
        return bytes;
    }
    match memchr(b'\n', text) {
        Some(end) if !text[..end].ends_with(b"\r") => {
            for line in text.split_inclusive(|&byte| byte == b'\n') {
                let text = line.strip_suffix(b"\n").unwrap_or(line);
                bytes.extend_from_slice(grammar::without_cr(text));
                bytes.extend_from_slice(if text.len() < line.len() { b"\r\n" } else { b"" });
            }
        }
        _ => bytes.extend_from_slice(text),
    }
    bytes.extend_from_slice(b"\r\n\r\n");
    bytes
}

impl Event {
    /// Parses an event from text that a person writes, by the rules of [`Message::parse`].
    ///
    /// ```
    /// use ami::Event;
    ///
    /// let event = Event::parse("Event: Hangup\nChannel: PJSIP/alice-00000001\nCause: 17")?;
    /// assert!(event.is("Hangup"));
    /// assert_eq!(event.text("Cause").as_deref(), Some("17"));
    /// # Ok::<(), ami::ParseError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error if the text is not one message, or does not begin with `Event: …`.
    pub fn parse(text: impl AsRef<[u8]>) -> Result<Self, ParseError> {
        let message = Message::parse(text)?;
        let found = message.kind();
        Self::from_message(message).ok_or(ParseError::Kind { expected: Kind::Event, found })
    }
}

impl Response {
    /// Parses a response from text that a person writes, by the rules of [`Message::parse`].
    ///
    /// ```
    /// use ami::Response;
    ///
    /// let response = Response::parse("Response: Error\nMessage: No such channel")?;
    /// assert!(response.is_error());
    /// # Ok::<(), ami::ParseError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error if the text is not one message, or does not begin with `Response: …`.
    pub fn parse(text: impl AsRef<[u8]>) -> Result<Self, ParseError> {
        let message = Message::parse(text)?;
        let found = message.kind();
        Self::from_message(message).ok_or(ParseError::Kind { expected: Kind::Response, found })
    }
}

macro_rules! from_str {
    ($($type:ident),*) => {
        $(impl FromStr for $type {
            type Err = ParseError;

            fn from_str(text: &str) -> Result<Self, ParseError> {
                Self::parse(text)
            }
        })*
    };
}

from_str!(Message, Event, Response);

/// The error of a text that is not the message that it was parsed as.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseError {
    /// The text has no line.
    #[error("no message in the text: expected a line such as `Event: Hangup`")]
    Empty,
    /// The first line is not that of an event, or not that of a response.
    #[error("the first line of the text is {}, expected {}", first_line(.found), first_line(.expected))]
    Kind {
        /// The kind that the text was parsed as.
        expected: Kind,
        /// The kind that the first line of the text names.
        found: Kind,
    },
    /// The text continues after the empty line that ends the message.
    #[error("more than one message in the text: expected none behind the first empty line")]
    SeveralMessages,
    /// A `Response: Follows` without the marker that ends its text.
    #[error("no `--END COMMAND--` line, in CR LF, behind the text of a `Response: Follows`")]
    Unfinished,
}

fn first_line(kind: &Kind) -> &'static str {
    match kind {
        Kind::Event => "`Event: …`",
        Kind::Response => "`Response: …`",
        Kind::Other => "neither `Event: …` nor `Response: …`",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_write_a_message_gives_the_same() {
        let sent = "Event: Hangup\r\nCause: 16\r\nText: a : b\r\n\r\n";
        for text in [
            "Event: Hangup\nCause: 16\nText: a : b",
            "Event: Hangup\nCause: 16\nText: a : b\n",
            "\n\nEvent: Hangup\nCause: 16\nText: a : b\n\n\n",
            "Event: Hangup\nCause: 16\r\nText: a : b\r\n",
            "Event: Hangup\r\nCause: 16\r\nText: a : b",
            sent,
        ] {
            let event = Event::parse(text).unwrap();
            assert_eq!(event.raw(), sent, "{text:?}");
            assert_eq!(text.parse::<Message>().unwrap(), event.into_message());
        }
        assert_eq!(Event::parse("Event: A").unwrap().raw(), "Event: A\r\n\r\n");
    }

    #[test]
    fn what_is_written_as_sent_keeps_the_line_ends_in_values() {
        let event = Event::parse("Event: MessageReceived\r\nBody: a\n\nb: c").unwrap();
        assert_eq!(event.whole("Body"), Some(&b"a\n\nb: c"[..]));
        let follows = "Response: Follows\r\nActionID: 1\r\na\n\nb: c\n--END COMMAND--\r\n\r\n";
        let response = Response::parse(follows).unwrap();
        assert_eq!(response.command_output().collect::<Vec<_>>(), [&b"a"[..], b"", b"b: c"]);
        assert_eq!(Message::parse("(None) 1 2").unwrap().kind(), Kind::Other);
        // The bytes are not UTF-8, and the name has another case.
        assert_eq!(Event::parse(b"event: \xff").unwrap().head(), b"\xff");
    }

    #[test]
    fn what_is_no_message_is_told_apart() {
        for text in ["", "\n\r\n", "\r"] {
            assert_eq!(Event::parse(text), Err(ParseError::Empty), "{text:?}");
        }
        let wrong = Event::parse("Response: Success").unwrap_err();
        assert_eq!(
            wrong.to_string(),
            "the first line of the text is `Response: …`, expected `Event: …`"
        );
        assert!(matches!(
            Response::parse("Secret: hush"),
            Err(ParseError::Kind { expected: Kind::Response, found: Kind::Other })
        ));
        for text in ["Event: A\n\nEvent: B", "Event: A\r\n\r\nrest"] {
            assert_eq!(Event::parse(text), Err(ParseError::SeveralMessages), "{text:?}");
        }
        assert_eq!(Message::parse("Response: Follows\r\na"), Err(ParseError::Unfinished));
    }
}
