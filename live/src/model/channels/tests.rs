//! Channels, from shortened streams.

use std::time::SystemTime;

use ami::{Collected, Error, Event};

use super::super::{Model, Request, lists};
use crate::change::What;
use crate::state::{CallState, Freshness, Part, Since, StaleReason};

const NOW: SystemTime = SystemTime::UNIX_EPOCH;

fn event(text: &str) -> Event {
    Event::parse(format!("Event: {}\r\n\r\n", text.replace('|', "\r\n"))).unwrap()
}

fn model_of(events: &[&str]) -> Model {
    let mut model = Model::new(Part::ALL);
    events.iter().for_each(|it| model.event(&event(it), NOW));
    model
}

fn listed(items: &[&str]) -> Collected {
    let mut collected = Collected::default();
    collected.items = items.iter().map(|it| event(it)).collect();
    collected
}

/// Applies all lists, of which that of channels has these items.
fn load(model: &mut Model, items: &[&str]) {
    for list in lists(Part::ALL) {
        let items = if list.part == Part::Channels { items } else { &[] };
        model.list(list, &listed(items), NOW);
    }
    model.set_freshness(Freshness::Current { since: NOW }, NOW);
    model.take_changes();
}

fn asked(model: &mut Model) -> Option<Request> {
    let mut requests = model.take_requests();
    requests.retain(|it| it.part == Part::Channels);
    assert!(requests.len() < 2, "{requests:?}");
    requests.pop()
}

const BORN: &str = "Newchannel|Channel: Local/a@b-1;1|ChannelState: 0|Uniqueid: 1.1|\
                    CallerIDNum: <unknown>|CallerIDName: <unknown>";

#[test]
fn names_are_unescaped_and_an_unknown_one_is_empty() {
    let caller = r#"NewCallerid|Uniqueid: 1.1|CallerIDNum: 5|CallerIDName: the \"boss\" a\\b"#;
    for (events, number, name) in
        [(&[BORN][..], "", ""), (&[BORN, caller][..], "5", r#"the "boss" a\b"#)]
    {
        let model = model_of(events);
        let channel = model.state.channels.get("1.1").unwrap();
        assert_eq!((&*channel.caller.number, &*channel.caller.name), (number, name));
    }
}

#[test]
fn a_channel_has_one_name_and_its_other_half_goes_with_it() {
    let second = "Newchannel|Channel: Local/a@b-1;2|ChannelState: 4|Uniqueid: 1.2";
    let rename = "Rename|Channel: Local/a@b-1;1|Newname: SIP/c-2|Uniqueid: 1.1";
    let mut model = model_of(&[BORN, second]);
    let other = |model: &Model, id| model.state.channels.get(id).unwrap().other_half.clone();
    assert_eq!(other(&model, "1.1").as_deref(), Some("1.2"));
    assert_eq!(other(&model, "1.2").as_deref(), Some("1.1"));
    model = model_of(&[BORN, second, rename]);
    assert_eq!((other(&model, "1.1"), other(&model, "1.2")), (None, None));
    assert_eq!(model.channels.id("SIP/c-2").map(|it| &**it), Some("1.1"));
    assert_eq!(model.channels.id("Local/a@b-1;1"), None);
    let renamed =
        |what: &What| matches!(what, What::ChannelRenamed { to, .. } if **to == *"SIP/c-2");
    assert!(model.take_changes().iter().any(|it| renamed(&it.what)));
    let leg = model.state.calls.get("1.1").unwrap().leg("1.1").unwrap().name.clone();
    assert_eq!(&*leg, "SIP/c-2");
}

#[test]
fn events_behind_the_end_of_a_channel_change_nothing() {
    for late in ["DialEnd", "HangupRequest", "SoftHangupRequest", "BridgeLeave", "Hold"] {
        let mut model = model_of(&[]);
        load(&mut model, &[]);
        for text in [BORN, "Hangup|Uniqueid: 1.1|Cause: 16"] {
            model.event(&event(text), NOW);
        }
        let late = format!("{late}|Uniqueid: 1.1|DestUniqueid: 1.1|BridgeUniqueid: b");
        model.event(&event(&late), NOW);
        assert!(model.state.channels.is_empty() && model.state.calls.is_empty(), "{late}");
        assert!(asked(&mut model).is_none());
    }
}

#[test]
fn what_an_end_has_changed_finds_no_channel() {
    for born in [BORN, "Newstate|Uniqueid: 1.2"] {
        let mut model = model_of(&[]);
        load(&mut model, &[]);
        for text in [born, "Hangup|Uniqueid: 1.1|Cause: 16", "NewCallerid|Uniqueid: 1.1"] {
            model.event(&event(text), NOW);
        }
        assert!(!model.state.channels.contains("1.1"), "{born}");
    }
}

const FOUND: &str = "Newexten|Channel: SIP/a-1|ChannelState: 6|Uniqueid: 1.5|Linkedid: 1.5";

#[test]
fn a_channel_that_the_list_has_left_out_is_found_by_its_next_event() {
    let mut model = model_of(&[FOUND]);
    assert!(model.state.channels.is_empty(), "its list is on its way");
    load(&mut model, &[]);
    model.event(&event(FOUND), NOW);
    let channel = model.state.channels.get("1.5").unwrap();
    let call = model.state.calls.get("1.5").unwrap();
    let before = Since::Before(NOW);
    assert_eq!((channel.since, channel.state_since, call.since), (before, before, before));
    assert_eq!((call.state, call.complete), (CallState::Accepted, false));
    assert_eq!(call.accepted, Some(before));
    assert!(model.take_changes().iter().all(|it| it.resync));
    let request = asked(&mut model).unwrap();
    model.event(&event(&FOUND.replace("1.5", "1.6")), NOW);
    assert!(asked(&mut model).is_none(), "asked already");
    assert!(model.state.channels().is_ok());
    let item = "CoreShowChannel|ChannelState: 6|Uniqueid: 1.5|Linkedid: 1.5|BridgeId: b";
    model.answer(&request, Ok(&listed(&[item])), NOW);
    let bridge = |model: &Model, id| model.state.channels.get(id).unwrap().bridge.clone();
    assert_eq!(bridge(&model, "1.5").as_deref(), Some("b"));
    assert_eq!(model.state.channels.len(), 1, "the list has left it out twice");
    let enters = "BridgeEnter|Uniqueid: 1.7|Linkedid: 1.7|BridgeUniqueid: c|BridgeType: basic";
    model.event(&event(enters), NOW);
    assert_eq!(bridge(&model, "1.7").as_deref(), Some("c"));
    let request = asked(&mut model).unwrap();
    model.answer(&request, Err(&Error::NoResponse), NOW);
    assert!(model.state.channels().is_ok());
    model.event(&event(FOUND), NOW);
    assert!(asked(&mut model).is_none(), "the server has not answered");
}

#[test]
fn a_known_channel_that_the_list_leaves_out_stays_if_an_event_has_told_of_it() {
    for (told, is_kept) in [(true, true), (false, false)] {
        let mut model = model_of(&[]);
        load(&mut model, &[&FOUND.replace("Newexten", "CoreShowChannel")]);
        let reason = StaleReason::Missed(1);
        model.set_freshness(Freshness::Stale { since: NOW, reason }, NOW);
        if told {
            model.event(&event(FOUND), NOW);
        }
        load(&mut model, &[]);
        assert_eq!(model.state.channels.contains("1.5"), is_kept);
        model.event(&event(FOUND), NOW);
        assert!(model.state.channels.contains("1.5") && model.state.calls.contains("1.5"));
        assert_eq!(asked(&mut model).is_some(), !is_kept);
    }
}
