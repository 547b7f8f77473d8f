//! Any bytes in any chunks: the real decoder says what the slow and obvious one says.

use ami::{Codec, Frame, Line, Malformed, Message};

use crate::chunks::{self, Chunks};
use crate::reference::{self, Item, Kind, Parts};

/// Small, so that the fuzzer gets beyond it.
const MAX_MESSAGE: usize = 512;

pub(crate) fn differential(data: &[u8]) {
    let Some(Chunks { banner, sizes, stream }) = Chunks::of(data) else { return };
    let expected = reference::decode(stream, banner, MAX_MESSAGE);
    let codec = if banner { Codec::new() } else { Codec::without_banner() };
    let mut found = Vec::new();
    chunks::decode(codec.max_message(MAX_MESSAGE), stream, sizes, |frame| found.push(item(&frame)));
    assert_eq!(found, expected);
}

fn item(frame: &Frame) -> Item {
    match frame {
        Frame::Banner(banner) => Item::Banner(banner.line().to_vec()),
        Frame::Event(event) => message(Kind::Event, event),
        Frame::Response(response) => message(Kind::Response, response),
        Frame::Other(other) => message(Kind::Other, other),
        Frame::Malformed(Malformed::TooLarge { bytes, head, .. }) => {
            Item::TooLarge(*bytes, head.to_vec())
        }
        Frame::Malformed(Malformed::Truncated(rest)) => Item::Truncated(rest.to_vec()),
        other => panic!("a new kind of frame: {other:?}"),
    }
}

fn message(kind: Kind, message: &Message) -> Item {
    let lines = message.lines().map(|line| match line {
        Line::Field(name, value) => (Some(name.to_vec()), value.to_vec()),
        Line::Bare(text) => (None, text.to_vec()),
    });
    let text = message.legacy_text().map(<[u8]>::to_vec);
    Item::Message(Parts { kind, lines: lines.collect(), text })
}
