//! Messages in serde: `{"lines": [["Event", "Hangup"], ["Cause", "16"], …]}`.
//!
//! A field is a pair, a line without a colon is alone in its list, and `text` is the output of a
//! command in the old format. Text that is not UTF-8 becomes a list of bytes. Order and repeats are
//! kept. The format has to be self-describing, as JSON is.
//!
//! A value of several lines is one text with LF in it, as the server sent it. A message that is
//! read back has the same lines. They end in CR LF, and blanks that are not part of a value are
//! those that a server sends. A message that no server can have sent is an error.

use std::fmt;

use bytes::BytesMut;
use serde::de::{Error, SeqAccess, Unexpected, Visitor};
use serde::ser::SerializeStruct;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use tokio_util::codec::Decoder;

use super::codec::{Codec, Frame};
use super::grammar::{self, END_COMMAND, Line};
use super::message::{Event, Message, Response};

impl Serialize for Message {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let lines = self.whole_lines().map(|line| match grammar::field(line) {
            Line::Field(name, value) => vec![Text(name), Text(value)],
            Line::Bare(text) => vec![Text(text)],
        });
        let text = self.legacy_text().map(Text);
        let fields = 1 + usize::from(text.is_some());
        let mut out = serializer.serialize_struct("Message", fields)?;
        out.serialize_field("lines", &lines.collect::<Vec<_>>())?;
        match text {
            Some(text) => out.serialize_field("text", &text)?,
            None => out.skip_field("text")?,
        }
        out.end()
    }
}

impl<'de> Deserialize<'de> for Message {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let parts = Parts::deserialize(deserializer)?;
        parts.message().ok_or_else(|| D::Error::custom("the lines are not those of one message"))
    }
}

macro_rules! view {
    ($view:ident, $expected:literal) => {
        impl Serialize for $view {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                Message::serialize(self, serializer)
            }
        }

        impl<'de> Deserialize<'de> for $view {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let message = Message::deserialize(deserializer)?;
                let other = Unexpected::Other("another kind of message");
                Self::from_message(message).ok_or_else(|| D::Error::invalid_type(other, &$expected))
            }
        }
    };
}

view!(Event, "an event");
view!(Response, "a response");

/// The parts of a message that is deserialized.
#[derive(Deserialize)]
struct Parts {
    lines: Vec<Vec<OwnedText>>,
    text: Option<OwnedText>,
}

impl Parts {
    /// Returns the message that has these parts, if there is one. The parts are written as a server
    /// would write them, and decoded again.
    fn message(&self) -> Option<Message> {
        let lines: Vec<_> = self.lines.iter().map(|line| joined(line)).collect();
        let mut wire = BytesMut::new();
        match &self.text {
            Some(text) => {
                let (head, tail) = lines.split_at(self.head());
                head.iter().for_each(|line| put(&mut wire, line));
                wire.extend_from_slice(&text.0);
                wire.extend_from_slice(END_COMMAND);
                tail.iter().for_each(|line| put(&mut wire, line));
            }
            None => lines.iter().for_each(|line| put(&mut wire, line)),
        }
        wire.extend_from_slice(b"\r\n");
        let mut codec = Codec::without_banner().max_message(usize::MAX);
        let message = match codec.decode(&mut wire) {
            Ok(Some(Frame::Event(event))) => event.into_message(),
            Ok(Some(Frame::Response(response))) => response.into_message(),
            Ok(Some(Frame::Other(message))) => message,
            _ => return None,
        };
        let same = message.whole_lines().map(grammar::field).map(parts_of).eq(self
            .lines
            .iter()
            .map(|line| line.iter().map(|part| &part.0[..]).collect::<Vec<_>>()));
        let text = self.text.as_ref().map(|text| &text.0[..]);
        (wire.is_empty() && same && message.legacy_text() == text).then_some(message)
    }

    /// Returns the number of lines before the text of a command: those up to the ActionID, or the
    /// first line and `Privilege`.
    fn head(&self) -> usize {
        let is = |line: &Vec<OwnedText>, name: &[u8]| {
            line.len() == 2 && line[0].0.eq_ignore_ascii_case(name)
        };
        let id = self.lines.iter().position(|line| is(line, b"ActionID"));
        let privileges = self.lines.iter().skip(1).take_while(|line| is(line, b"Privilege"));
        id.map_or_else(|| (1 + privileges.count()).min(self.lines.len()), |at| at + 1)
    }
}

fn joined(line: &[OwnedText]) -> Vec<u8> {
    let parts: Vec<_> = line.iter().map(|part| &part.0[..]).collect();
    parts.join(&b": "[..])
}

fn put(wire: &mut BytesMut, line: &[u8]) {
    wire.extend_from_slice(line);
    wire.extend_from_slice(b"\r\n");
}

fn parts_of(line: Line<'_>) -> Vec<&[u8]> {
    match line {
        Line::Field(name, value) => vec![name, value],
        Line::Bare(text) => vec![text],
    }
}

/// Bytes that are usually text.
struct Text<'a>(&'a [u8]);

impl Serialize for Text<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match str::from_utf8(self.0) {
            Ok(text) => serializer.serialize_str(text),
            Err(_) => serializer.serialize_bytes(self.0),
        }
    }
}

struct OwnedText(Vec<u8>);

impl<'de> Deserialize<'de> for OwnedText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = OwnedText;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text, or a list of bytes")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<OwnedText, E> {
        Ok(OwnedText(text.as_bytes().to_vec()))
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<OwnedText, E> {
        Ok(OwnedText(bytes.to_vec()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut bytes: A) -> Result<OwnedText, A::Error> {
        let mut all = Vec::new();
        while let Some(byte) = bytes.next_element()? {
            all.push(byte);
        }
        Ok(OwnedText(all))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(wire: &[u8]) -> Message {
        match Codec::without_banner().decode(&mut BytesMut::from(wire)).unwrap().unwrap() {
            Frame::Event(event) => event.into_message(),
            Frame::Response(response) => response.into_message(),
            Frame::Other(message) => message,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_message_is_read_back_with_the_same_lines() {
        let wires: [&[u8]; 12] = [
            b"Event: X\r\nVal: a\nActionID: forged\nb\r\nA: 1\r\n\r\n",
            b"Event: X\r\nVal: hello\n\r\nActionID: 7\r\n\r\n",
            b"Event: X\r\nVal: a\n\n\nb\nc\r\nD: e\n\r\n\r\n",
            b"Event: X\r\n\nA: b\r\n\r\n",
            b"Event: X\r\nA: b\r\r\n\nC: d\r\n\r\n",
            b"Response: Follows\r\nActionID: 7\r\na\n--END COMMAND--\r\nB: c\r\nD: e\r\n\r\n",
            b"Event: X\r\nA: 1\r\nA: 2\r\nB:\r\nC:  two blanks \r\n\r\n",
            b"Event: X\nbare\n\xe9: \xff\xfe\n\n",
            b"Response: Follows\r\nPrivilege: Command\r\na\n\n  b: c\n--END COMMAND--\r\n\r\n",
            b"Response: Success\r\nOutput: x\r\r\n\r\n",
            b":\r\n\r\n",
            b"Sp : x\r\n\r\n",
        ];
        for wire in wires {
            let message = decoded(wire);
            let json = serde_json::to_string(&message).unwrap();
            let back: Message = serde_json::from_str(&json).unwrap();
            assert!(back.lines().eq(message.lines()), "{json}");
            assert_eq!(back.whole("Val"), message.whole("Val"), "{json}");
            assert_eq!(back.action_id(), message.action_id(), "{json}");
            assert_eq!(back.legacy_text(), message.legacy_text(), "{json}");
            assert_eq!(serde_json::to_string(&back).unwrap(), json);
        }
    }

    #[test]
    fn the_form_is_stable() {
        let json = serde_json::to_string(&decoded(b"Event: X\r\nA: 1\r\nbare\r\nB: \xff\r\n\r\n"));
        assert_eq!(json.unwrap(), r#"{"lines":[["Event","X"],["A","1"],["bare"],["B",[255]]]}"#);
    }

    #[test]
    fn what_no_server_can_send_is_refused() {
        for json in [
            r#"{"lines":[]}"#,
            r#"{"lines":[["Event","X\r\n\r\nEvent: Y"]]}"#,
            r#"{"lines":[["A:","b"]]}"#,
            r#"{"lines":[["Event","X"],[""]]}"#,
            r#"{"lines":[["Event","X","Y"]]}"#,
            r#"{"lines":[["Event","X"],[]]}"#,
            r#"{"lines":[["Event","X"]],"text":"t"}"#,
            r#"{"lines":[["Event",300]]}"#,
        ] {
            assert!(serde_json::from_str::<Message>(json).is_err(), "{json}");
        }
        let event = r#"{"lines":[["Event","X"]]}"#;
        assert!(serde_json::from_str::<Event>(event).is_ok());
        assert!(serde_json::from_str::<Response>(event).is_err());
    }
}
