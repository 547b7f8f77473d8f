//! The recorded events as items, each time with another stamp.

use std::time::SystemTime;

use ami::{Codec, Event, Frame};
use bytes::BytesMut;
use fleet::{Item, Origin, What};
use tokio_util::codec::Decoder;

/// The events of the recorded stream.
pub(crate) fn recorded() -> Vec<Event> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../ami/fixtures/asterisk-22.ami");
    let mut bytes = BytesMut::from(&std::fs::read(path).unwrap()[..]);
    let mut codec = Codec::default();
    let mut events = Vec::new();
    while let Some(frame) = codec.decode(&mut bytes).unwrap() {
        if let Frame::Event(event) = frame {
            events.push(event.detach());
        }
    }
    assert!(events.len() > 100);
    events
}

/// Items of a server, from the one with this number on. The events have stamps, as with
/// `timestampevents = yes`.
pub(crate) fn items(events: &[Event], origin: &Origin, first: u64, count: u64) -> Vec<Item> {
    (first..first + count)
        .zip(events.iter().cycle())
        .map(|(number, event)| item(event, origin, number))
        .collect()
}

/// The item with a number, of an event with a stamp.
pub(crate) fn item(event: &Event, origin: &Origin, number: u64) -> Item {
    let mut text = Vec::with_capacity(event.raw().len() + 64);
    let mut lines = event.raw().split_inclusive(|&byte| byte == b'\n');
    text.extend(lines.next().into_iter().chain(lines.next()).flatten());
    let (seconds, micros) = (1_700_000_000 + number / 5000, number % 5000 * 200);
    text.extend_from_slice(format!("Timestamp: {seconds}.{micros:06}\r\n").as_bytes());
    lines.for_each(|line| text.extend_from_slice(line));
    let event = Event::parse(text).unwrap();
    let (received, what) = (SystemTime::now(), What::Event(event));
    let position = number + 1;
    Item { origin: origin.clone(), boot: 1, connection: 1, position, received, what }
}
