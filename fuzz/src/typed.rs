//! Any bytes as a stream of messages: every event has a typed view, and every getter of it says
//! what the raw event says.

use ami::event::{Outcome, Seen, Typed};
use ami::value::{ChannelName, UniqueId};
use ami::{Codec, Event, Frame};
use bytes::BytesMut;
use tokio_util::codec::Decoder;

/// The bytes are a stream without a banner. Bytes behind the last message are not looked at.
pub(crate) fn typed(data: &[u8]) {
    let mut codec = Codec::without_banner();
    let mut buffer = BytesMut::from(data);
    while let Some(frame) = codec.decode(&mut buffer).expect("only the transport fails") {
        if let Frame::Event(event) = frame {
            check(&event);
        }
    }
}

fn check(event: &Event) {
    let typed = event.typed();
    assert!(typed.raw() == event);
    if let Typed::Unknown(_) = typed {
        assert!(!matches!(event.head(), b"Hangup" | b"Newchannel" | b"UserEvent"), "{event:?}");
    }
    typed.visit_fields(&mut |seen| agrees(event, &seen));
    let _ = (event.classes().count(), event.timestamp(), event.sequence_number());
    let _ = event.system_name();
    match &typed {
        Typed::UserEvent(it) => assert!(it.fields().count() <= event.fields().count()),
        Typed::VarSet(it) => drop(it.is_global()),
        Typed::Status(it) => drop(it.variables().count()),
        Typed::DialEnd(it) => drop(it.dest().variables().count()),
        _ => {}
    }
    for (_, value) in event.fields().take(8) {
        let text = String::from_utf8_lossy(value);
        take_apart(&ChannelName::from(&*text));
        let id = UniqueId::from(&*text);
        let _ = (id.system(), id.time());
    }
    assert!(typed.into_raw() == *event);
}

/// Asserts that a getter agrees with the raw field.
fn agrees(event: &Event, seen: &Seen) {
    let name = [seen.prefix, seen.name].concat();
    let raw = event.get(&name);
    match &seen.outcome {
        Outcome::Absent => {
            let raw = raw.unwrap_or_default().trim_ascii();
            let absent: [&[u8]; 6] = [b"", b"(null)", b"none", b"<unknown>", b"<null>", b"n/a"];
            let never = raw.iter().all(|byte| matches!(byte, b'0' | b'.'));
            assert!(never || absent.contains(&&*raw.to_ascii_lowercase()), "{name}");
        }
        Outcome::Text | Outcome::Parsed => assert!(raw.is_some(), "{name}"),
        Outcome::Failed(error) => {
            assert_eq!((error.field(), Some(error.value())), (&*name, raw));
            let text = error.to_string();
            assert!(text.len() < 1024 && !text.contains(char::is_control), "{text:?}");
        }
    }
}

fn take_apart(name: &ChannelName<'_>) {
    let parts = [name.technology(), name.resource(), name.suffix(), Some(name.stem())];
    assert!(parts.into_iter().flatten().all(|part| name.contains(part)));
    let _ = (name.number(), name.is_local());
    if let Some(other) = name.other_half() {
        assert!(other.half() != name.half() && other.stem() == name.stem(), "{name}");
    }
}
