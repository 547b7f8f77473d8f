//! Messages are written and read back.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ami::{Disconnect, Event};
use async_nats::HeaderMap;

use super::*;
use crate::item::{Gap, Item, Up, What};
use crate::nats::config::Format;
use crate::nats::subject::Subjects;
use crate::origin::Origin;

const STAMPED: &str = "Event: Hangup\nPrivilege: call,all\nTimestamp: 1700000000.000042\nCause: 16";

fn writer(format: Format) -> Writer {
    Writer { subjects: Subjects::default(), format, run: "r1".parse().unwrap() }
}

fn item(what: What) -> Item {
    let received = UNIX_EPOCH + Duration::from_micros(1_700_000_000_123_456);
    let origin = Origin::new("berlin").unwrap();
    Item { origin, boot: 2, connection: 3, position: 4, received, what }
}

fn written(format: Format, keys: &mut Keys, what: What) -> Outgoing {
    let item = item(what);
    writer(format).message(&item.origin, &Entry::of(&item, keys)).unwrap()
}

fn read(message: &Outgoing) -> Message {
    Message::from_parts(&message.headers, &message.payload).unwrap()
}

fn text(message: &Outgoing) -> &str {
    str::from_utf8(&message.payload).unwrap()
}

#[test]
fn an_event_in_json_is_as_the_page_on_the_format_says() {
    let event = Event::parse(STAMPED).unwrap();
    let message = written(Format::Json, &mut Keys::default(), What::Event(event.clone()));
    assert_eq!(message.subject, "ami.ev.berlin.call.Hangup");
    assert_eq!(
        text(&message),
        r#"{"v":1,"origin":"berlin","bridge":"r1","boot":2,"connection":3,"position":4,"received":"2023-11-14T22:13:20.123456Z","event":{"lines":[["Event","Hangup"],["Privilege","call,all"],["Timestamp","1700000000.000042"],["Cause","16"]]}}"#
    );
    assert_eq!(message.id, message.headers.get(ID).unwrap().as_str());
    assert!(message.id.starts_with("berlin.1700000000.000042."));
    assert!(message.headers.get(AFTER).is_none() && message.headers.get(PLACE).is_none());
    let back = read(&message);
    assert_eq!(back.body, Body::Event(event));
    assert_eq!((back.origin.as_str(), back.bridge.as_str()), ("berlin", "r1"));
    let place = Place { boot: 2, connection: 3, position: 4, micros: 1_700_000_000_123_456 };
    assert_eq!(back.place, place);
    assert_eq!(back.last_shared(), back.id.shared());
}

#[test]
fn a_raw_event_is_the_bytes_of_the_server() {
    let raw = b"Event: X\r\nPrivilege: user,all\r\nA: \xff\nb\r\n\r\n";
    let event = Event::parse(raw).unwrap();
    let message = written(Format::Raw, &mut Keys::default(), What::Event(event.clone()));
    assert_eq!(&message.payload[..], raw);
    assert_eq!(message.headers.get(PLACE).unwrap().as_str(), "r1/2/3/4/1700000000123456");
    assert_eq!(message.id, "r1.berlin.1");
    let back = read(&message);
    assert_eq!((back.body, back.place.position), (Body::Event(event), 4));
}

#[test]
fn a_private_message_names_the_shared_one_before_it() {
    let mut keys = Keys::default();
    let event = written(Format::Json, &mut keys, What::Event(Event::parse(STAMPED).unwrap()));
    let missed = written(Format::Raw, &mut keys, What::Missed(7));
    assert_eq!(missed.headers.get(AFTER).unwrap().as_str(), event.id);
    assert_eq!(read(&missed).last_shared(), read(&event).id.shared());
    assert_eq!(missed.subject, "ami.ctl.berlin.Missed");
    assert!(text(&missed).ends_with(r#""control":{"kind":"Missed","count":7,"reason":"queue"}}"#));
}

#[test]
fn control_items_are_read_back() {
    let started: SystemTime = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    let gap = Gap {
        reason: Disconnect::Eof,
        times: 1,
        lasted: Duration::from_millis(1250),
        restarted: Some(true),
        made: None,
    };
    for (what, subject, expected) in [
        (
            What::Up(Up { started: Some(started) }),
            "Up",
            r#"{"kind":"Up","started":"2023-11-14T22:13:20.000000Z"}"#,
        ),
        (What::Up(Up { started: None }), "Up", r#"{"kind":"Up","started":null}"#),
        (
            What::Down(Disconnect::Eof),
            "Down",
            r#"{"kind":"Down","reason":"eof","text":"the server closed the connection"}"#,
        ),
        (
            What::Gap(gap),
            "Gap",
            r#"{"kind":"Gap","reason":"eof","text":"the server closed the connection","times":1,"lasted":1.25,"restarted":true,"made":null}"#,
        ),
        (
            What::Ended(Disconnect::Closed),
            "Ended",
            r#"{"kind":"Ended","reason":"closed","text":"the client was closed"}"#,
        ),
    ] {
        let message = written(Format::Json, &mut Keys::default(), what);
        assert_eq!(message.subject, format!("ami.ctl.berlin.{subject}"));
        let (_, control) = text(&message).split_once(r#","control":"#).unwrap();
        assert_eq!(control.strip_suffix('}').unwrap(), expected);
        let Body::Control(back) = read(&message).body else { panic!("{message:?}") };
        assert_eq!(serde_json::to_string(&back).unwrap(), expected);
        assert_eq!(back.kind(), subject);
    }
    for control in [
        Control::Takeover(Takeover { exact: false, first: true, made: Some(3) }),
        Control::Missed { count: 1, reason: Why::SpoolFull },
        Control::Missed { count: 1, reason: Why::SpoolUnreadable },
        Control::Missed { count: 1, reason: Why::TooLarge },
    ] {
        let json = serde_json::to_string(&control).unwrap();
        assert_eq!(serde_json::from_str::<Control>(&json).unwrap(), control, "{json}");
    }
}

#[test]
fn what_no_bridge_has_written_is_an_error() {
    let event = Event::parse(STAMPED).unwrap();
    let good = written(Format::Json, &mut Keys::default(), What::Event(event));
    let parse = |headers: &HeaderMap, body: &str| {
        Message::from_parts(headers, &body.to_owned().into()).unwrap_err().to_string()
    };
    let body = text(&good);
    assert_eq!(parse(&HeaderMap::new(), body), "no header Nats-Msg-Id in the message");
    let mut headers = good.headers.clone();
    headers.insert(ID, "1");
    assert_eq!(parse(&headers, body), r#"the header Nats-Msg-Id is "1", which no bridge writes"#);
    let mut headers = good.headers.clone();
    headers.insert(PLACE, "r1/2/3/x/5");
    let error = r#"the header Ami-Place is "r1/2/3/x/5", which no bridge writes"#;
    assert_eq!(parse(&headers, body), error);
    headers.insert(PLACE, "r1/2/3/4/5");
    assert_eq!(parse(&headers, body), "the body is not the bytes of one event");
    let newer = body.replacen("\"v\":1", "\"v\":2", 1);
    assert_eq!(parse(&good.headers, &newer), "the body has version 2, expected 1");
    let both =
        body.replacen("\"event\"", "\"control\":{\"kind\":\"Up\",\"started\":null},\"event\"", 1);
    let error = "the body has not exactly one of `event` and `control`";
    assert_eq!(parse(&good.headers, &both), error);
    for other in ["", "{}", "hello", "[]", r#"{"v":1}"#] {
        assert_eq!(parse(&good.headers, other), "the body is not the JSON of a bridge", "{other}");
    }
}
