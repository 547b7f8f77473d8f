//! The recorded streams through typed events.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use bytes::BytesMut;
use tokio_util::codec::Decoder;

use super::*;
use crate::wire::{Codec, Frame};

/// The events of the recordings that have no type.
const UNKNOWN: [&str; 0] = [];

/// The fields of the recordings that no getter reads. Tests of servers choose the fields of
/// `TestEvent`.
const UNREAD: [&str; 6] = [
    "TestEvent.CallID",
    "TestEvent.Channel",
    "TestEvent.PriorCallID",
    "TestEvent.Realm",
    "TestEvent.Status",
    "TestEvent.Username",
];

/// The values of the recordings that do not parse.
const FAILED: [&str; 0] = [];

/// The fields that any event can begin with, and the id of the action that a list answers.
const EVERYWHERE: [&str; 5] = ["Event", "Privilege", "Timestamp", "SystemName", "ActionID"];

fn recorded() -> Vec<Event> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut events = Vec::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let mut buffer = BytesMut::from(&std::fs::read(file.unwrap().path()).unwrap()[..]);
        let mut codec = Codec::new();
        while let Some(frame) = codec.decode(&mut buffer).unwrap() {
            if let Frame::Event(event) = frame {
                events.push(event);
            }
        }
    }
    assert!(events.len() > 8_000, "{}", events.len());
    events
}

#[test]
fn every_field_of_the_recorded_events_is_read_and_parses_or_is_listed() {
    let (mut unknown, mut unread, mut failed) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for event in recorded() {
        let typed = event.typed();
        assert_eq!(typed.raw(), &event);
        if let Typed::Unknown(_) = typed {
            unknown.insert(event.name().into_owned());
            continue;
        }
        let mut read = BTreeSet::new();
        typed.visit_fields(&mut |seen| {
            let field = [seen.prefix, seen.name].concat();
            if let Outcome::Failed(error) = &seen.outcome {
                let value = String::from_utf8_lossy(error.value()).into_owned();
                failed.insert(format!("{}.{field}={value}", event.name()));
            }
            read.insert(field.to_ascii_lowercase());
        });
        let own = match &typed {
            Typed::UserEvent(it) => it.fields().count(),
            _ => 0,
        };
        let fields: Vec<_> = event.fields().map(|(name, _)| name).collect();
        for name in &fields[..fields.len() - own] {
            let name = std::str::from_utf8(name).unwrap();
            let everywhere = EVERYWHERE.contains(&name) || name.contains("ChanVariable");
            if !everywhere && !read.contains(&name.to_ascii_lowercase()) {
                unread.insert(format!("{}.{name}", event.name()));
            }
        }
    }
    assert_eq!(unknown.iter().collect::<Vec<_>>(), UNKNOWN.iter().collect::<Vec<_>>());
    assert_eq!(unread.iter().collect::<Vec<_>>(), UNREAD.iter().collect::<Vec<_>>());
    assert_eq!(failed.iter().collect::<Vec<_>>(), FAILED.iter().collect::<Vec<_>>());
}

#[test]
fn the_getters_of_an_event_read_its_fields() {
    let event = Event::parse(
        "Event: DialEnd\nChannel: PJSIP/a-00000001\nChannelState: 6\nCallerIDName: say \\\"hi\\\"\n\
         Priority: x\nDestChannel: PJSIP/b-00000002\nDestUniqueid: 1700000000.2\n\
         DestChanVariable: A=b\\\\c\nChanVariable: D=e\nDialStatus: answer",
    )
    .unwrap();
    let Typed::DialEnd(dial) = event.typed() else { panic!("{event:?}") };
    assert_eq!(dial.channel().unwrap(), "PJSIP/a-00000001");
    assert_eq!(dial.snapshot().channel(), dial.channel());
    assert_eq!(dial.channel_state(), Ok(Some(crate::value::ChannelState::Up)));
    assert_eq!(dial.caller_id_name().unwrap(), "say \"hi\"");
    assert_eq!(dial.priority().unwrap_err().value(), b"x");
    assert_eq!(dial.dest().channel().unwrap(), "PJSIP/b-00000002");
    assert_eq!(dial.dest().unique_id().unwrap().sequence(), Some(2));
    assert_eq!(dial.dest().priority(), Ok(None));
    assert_eq!(dial.dial_status(), Some(crate::value::DialStatus::Answer));
    let variables: Vec<_> = dial.dest().variables().map(|it| it.unescaped()).collect();
    assert_eq!(variables, [&br"b\c"[..]]);
    assert_eq!(dial.snapshot().variables().count(), 1);
    // A view of another type, and by the name in another case.
    assert!(event.view::<Hangup>().is_none() && event.view::<DialEnd>().as_ref() == Some(&dial));
    assert_eq!(dial.into_raw(), event);
}

#[test]
fn the_own_fields_of_a_user_event_are_those_behind_its_name() {
    let event = Event::parse(
        "Event: UserEvent\nPrivilege: user,all\nChannel: X/1\nUserEvent: Order\n Id : 7\n\
         ActionID: 9\nchannel: web\nno field\nUserEvent: again",
    )
    .unwrap();
    let order = event.view::<UserEvent>().unwrap();
    assert_eq!(order.user_event().unwrap(), "Order");
    let fields: Vec<_> = order.fields().collect();
    let expected: [(&[u8], &[u8]); 3] =
        [(b" Id ", b"7"), (b"channel", b"web"), (b"UserEvent", b"again")];
    assert_eq!(fields, expected);
    assert_eq!((order.own("ID"), order.own("Channel")), (Some(&b"7"[..]), Some(&b"web"[..])));
    assert_eq!((order.own("Privilege"), order.own("ActionID")), (None, None));
    assert_eq!(order.channel().unwrap(), "X/1");
    let without = UserEvent::view(Event::parse("Event: UserEvent\nA: b").unwrap());
    assert_eq!(without.fields().count(), 0);
}

#[test]
fn variables_are_read_where_events_have_them() {
    let set = |text: &str| VarSet::view(Event::parse(text).unwrap());
    let global = set("Event: VarSet\nChannel: none\nUniqueid: none\nVariable: A\nValue: b\\\"c\\n");
    assert!(global.is_global() && set("Event: VarSet\nVariable: A").is_global());
    assert_eq!((&*global.variable().unwrap(), &*global.value().unwrap()), ("A", "b\"c\n"));
    assert!(!set("Event: VarSet\nChannel: PJSIP/none-00000001").is_global());
    let status =
        "Event: Status\nChannel: X/1\nVariable: A=b=c\\n\nVariable: odd\nVariable: B=(null)";
    let status = Status::view(Event::parse(status).unwrap());
    let variables: Vec<_> = status.variables().map(|it| (it.name, it.unescaped())).collect();
    let expected: [(&[u8], _); 2] = [(b"A", b"b=c\\n"[..].into()), (b"B", b"(null)"[..].into())];
    assert_eq!(variables, expected);
}

#[test]
fn values_that_servers_send_are_of_their_kinds() {
    use crate::value::{PeerState, RegistrationStatus};
    let event = |text: &str| Event::parse(text).unwrap();
    for text in ["Reachable", "Unreachable", "Unmonitored", "Lagged"] {
        assert!(!matches!(PeerState::from(text), PeerState::Other(_)), "{text}");
    }
    for text in ["Registered", "Stopping", "Stopped", "Timeout"] {
        assert!(!matches!(RegistrationStatus::from(text), RegistrationStatus::Other(_)), "{text}");
    }
    let rings = event("Event: AgentRingNoAnswer\nRingTime: 5000").view::<AgentRingNoAnswer>();
    let connects = event("Event: AgentConnect\nRingTime: 5").view::<AgentConnect>();
    let five = Ok(Some(Duration::from_secs(5)));
    assert_eq!((rings.unwrap().ring_time(), connects.unwrap().ring_time()), (five.clone(), five));
    let never = event("Event: QueueMember\nLastCall: 0\nLoginTime: 1795707001");
    let never = never.view::<QueueMember>().unwrap();
    assert_eq!(never.last_call(), Ok(None));
    assert!(never.login_time().unwrap().is_some());
    let contact = event("Event: ContactList\nRoundtripUsec: N/A\nViaPort: 5060\nPruneOnBoot: no");
    let contact = contact.view::<ContactList>().unwrap();
    assert_eq!(contact.roundtrip_usec(), Ok(None));
    assert_eq!((contact.via_port(), contact.prune_on_boot()), (Ok(Some(5060)), Ok(Some(false))));
    let global = event("Event: VarSet\nChannel: none\nUniqueid: none").view::<VarSet>().unwrap();
    assert_eq!((global.channel(), global.unique_id()), (None, None));
    assert_eq!(global.raw().get("Channel"), Some(&b"none"[..]));
    let failed = event("Event: OriginateResponse\nUniqueid: <unknown>");
    assert_eq!(failed.view::<OriginateResponse>().unwrap().unique_id(), None);
    let cel = event("Event: CEL\nCallerIDani: 100").view::<CEL>().unwrap();
    assert_eq!(cel.caller_id_ani().as_deref(), Some("100"));
}
