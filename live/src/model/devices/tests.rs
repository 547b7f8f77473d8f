use std::time::{Duration, SystemTime};

use ami::value::{DeviceState, ExtensionState, PresenceState};
use ami::{Collected, Event};

use crate::change::What;
use crate::model::{List, Model};
use crate::state::{Freshness, Part, Since, StaleReason};

const DEVICES: List = List { action: "DeviceStateList", part: Part::Devices };
const EXTENSIONS: List = List { action: "ExtensionStateList", part: Part::Extensions };
const PRESENCES: List = List { action: "PresenceStateList", part: Part::Presences };

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

fn event(text: &str) -> Event {
    Event::parse(format!("Event: {}\r\n\r\n", text.replace(" | ", "\r\n"))).unwrap()
}

fn device(name: &str, state: &str) -> Event {
    event(&format!("DeviceStateChange | Device: {name} | State: {state}"))
}

fn extension(exten: &str, hint: &str, status: i32) -> Event {
    event(&format!(
        "ExtensionStatus | Exten: {exten} | Context: c | Hint: {hint} | Status: {status} | \
         StatusText: text {status}"
    ))
}

fn presence(status: &str, message: &str) -> Event {
    event(&format!(
        "PresenceStateChange | Presentity: CustomPresence:a | Status: {status} | Subtype: s | \
         Message: {message}"
    ))
}

fn list(model: &mut Model, list: List, items: Vec<Event>, time: SystemTime) {
    let mut collected = Collected::default();
    collected.items = items;
    model.list(list, &collected, time);
}

fn lose(model: &mut Model, time: SystemTime) {
    let reason = StaleReason::Missed(1);
    model.set_freshness(Freshness::Stale { since: time, reason }, time);
    model.take_changes();
}

fn told(model: &mut Model) -> Vec<What> {
    model.take_changes().into_iter().map(|change| change.what).collect()
}

#[test]
fn a_state_begins_with_the_event_that_changes_it() {
    let mut model = Model::new(Part::ALL);
    list(&mut model, DEVICES, vec![device("Custom:a", "INUSE")], at(1));
    let a = |model: &Model| {
        let device = model.state.devices().unwrap().get("Custom:a").unwrap();
        (device.state, device.since)
    };
    assert_eq!(a(&model), (DeviceState::InUse, Since::Before(at(1))));
    model.event(&device("Custom:a", "INUSE"), at(2));
    assert_eq!(a(&model), (DeviceState::InUse, Since::Before(at(1))));
    model.take_changes();
    model.event(&device("Custom:a", "RINGINUSE"), at(3));
    model.event(&device("Custom:a", "RINGINUSE"), at(4));
    assert_eq!(a(&model), (DeviceState::RingInUse, Since::At(at(3))));
    let [What::DeviceState { device, from: Some(from), to }] = &told(&mut model)[..] else {
        panic!()
    };
    assert_eq!((&**device, *from, *to), ("Custom:a", DeviceState::InUse, DeviceState::RingInUse));
}

#[test]
fn a_device_of_a_local_channel_goes_with_it() {
    let mut model = Model::new(Part::ALL);
    list(&mut model, DEVICES, vec![], at(1));
    model.event(&device("Local/1@c", "NOT_INUSE"), at(2));
    assert!(told(&mut model).is_empty());
    model.event(&device("Local/1@c", "INUSE"), at(2));
    assert_eq!(model.state.devices().unwrap().len(), 1);
    model.event(&device("Local/1@c", "NOT_INUSE"), at(3));
    assert!(model.state.devices().unwrap().is_empty());
    assert!(matches!(
        told(&mut model)[..],
        [
            What::DeviceState { from: None, to: DeviceState::InUse, .. },
            What::DeviceState { from: Some(DeviceState::InUse), to: DeviceState::NotInUse, .. },
            What::DeviceRemoved { .. },
        ]
    ));
    model.event(&device("CBAnn/1", "UNKNOWN"), at(4));
    assert!(model.state.devices().unwrap().is_empty(), "an announcer of a conference");
}

#[test]
fn a_list_ends_what_it_does_not_name_unless_an_event_has_told_of_it_since_the_loss() {
    let mut model = Model::new(Part::ALL);
    model.event(&device("Custom:early", "BUSY"), at(1));
    list(&mut model, DEVICES, vec![device("Custom:a", "INUSE")], at(2));
    list(
        &mut model,
        DEVICES,
        vec![device("Custom:a", "INUSE"), device("Custom:early", "INUSE")],
        at(2),
    );
    assert_eq!(model.state.devices().unwrap().len(), 2);
    let early = model.state.devices().unwrap().get("Custom:early").unwrap().state;
    assert_eq!(early, DeviceState::Busy, "the event is right");
    model.set_freshness(Freshness::Current { since: at(3) }, at(3));
    lose(&mut model, at(4));
    model.event(&device("Local/1@c", "INUSE"), at(5));
    model.take_changes();
    list(&mut model, DEVICES, vec![device("Custom:a", "BUSY")], at(6));
    let names = model.state.devices().unwrap().sorted();
    let names: Vec<_> = names.iter().map(|it| &*it.name).collect();
    assert_eq!(names, ["Custom:a", "Local/1@c"]);
    let changes = model.take_changes();
    assert!(changes.iter().all(|it| it.resync), "{changes:?}");
    let [changed, removed] = &changes[..] else { panic!("{changes:?}") };
    assert!(matches!(changed.what, What::DeviceState { to: DeviceState::Busy, .. }));
    let What::DeviceRemoved { device } = &removed.what else { panic!("{removed:?}") };
    assert_eq!(&*device.name, "Custom:early");
}

#[test]
fn a_hint_stays_when_an_event_has_none() {
    let mut model = Model::new(Part::ALL);
    list(&mut model, EXTENSIONS, vec![extension("1", "PJSIP/a,CustomPresence:a", 0)], at(1));
    model.take_changes();
    model.event(&extension("1", "", 9), at(2));
    let state = model.state.clone();
    let found = state.extensions().unwrap().get("1@c").unwrap();
    assert_eq!((&*found.exten, &*found.context), ("1", "c"));
    assert_eq!((&*found.hint, &*found.status_text), ("PJSIP/a,CustomPresence:a", "text 9"));
    assert_eq!(found.presence.as_deref(), Some("CustomPresence:a"));
    assert_eq!((found.state, found.since), (ExtensionState::RingInUse, Since::At(at(2))));
    assert!(matches!(
        told(&mut model)[..],
        [What::ExtensionState {
            from: ExtensionState::NotInUse,
            to: ExtensionState::RingInUse,
            ..
        }]
    ));
    model.event(&extension("1", "PJSIP/b", 9), at(3));
    let state = model.state.clone();
    assert_eq!(state.extensions().unwrap().get("1@c").unwrap().presence, None);
    assert!(matches!(told(&mut model)[..], [What::ExtensionHint { .. }]));
}

#[test]
fn a_hint_ends_with_its_event_or_when_the_list_does_not_name_it() {
    let mut model = Model::new(Part::ALL);
    list(&mut model, EXTENSIONS, ["1", "2", "3"].map(|it| extension(it, "h", 0)).into(), at(1));
    model.take_changes();
    for (exten, status) in [("1", -1), ("2", -2), ("4", -1)] {
        model.event(&extension(exten, "h", status), at(2));
    }
    assert!(matches!(
        told(&mut model)[..],
        [What::ExtensionRemoved { .. }, What::ExtensionRemoved { .. }]
    ));
    lose(&mut model, at(3));
    list(&mut model, EXTENSIONS, vec![], at(4));
    assert!(matches!(&told(&mut model)[..], [What::ExtensionRemoved { extension }]
        if &*extension.id == "3@c"));
}

#[test]
fn a_presence_changes_with_its_message() {
    let mut model = Model::new(Part::ALL);
    list(&mut model, PRESENCES, vec![presence("away", "m")], at(1));
    model.take_changes();
    model.event(&presence("away", "m"), at(2));
    assert!(told(&mut model).is_empty());
    model.event(&presence("away", r#"a \"b\""#), at(3));
    let state = model.state.clone();
    let found = state.presences().unwrap().get("CustomPresence:a").unwrap();
    assert_eq!((&*found.subtype, &*found.message), ("s", "a \"b\""));
    assert_eq!((found.state, found.since), (PresenceState::Away, Since::At(at(3))));
    let away = PresenceState::Away;
    assert!(matches!(told(&mut model)[..], [What::PresenceChanged { from: Some(from), to, .. }]
        if from == away && to == away));
    lose(&mut model, at(4));
    list(&mut model, PRESENCES, vec![], at(5));
    assert!(matches!(told(&mut model)[..], [What::PresenceRemoved { .. }]));
}

#[test]
fn a_server_whose_clock_is_ahead_keeps_no_device_that_ended_during_a_loss() {
    let mut model = Model::new(Part::ALL);
    list(&mut model, DEVICES, vec![device("Custom:a", "INUSE")], at(1));
    model.set_freshness(Freshness::Current { since: at(1) }, at(1));
    let stamped = "DeviceStateChange | Timestamp: 9000.5 | Device: Custom:b | State: INUSE";
    model.event(&event(stamped), at(2));
    assert_eq!(
        model.state.devices.get("Custom:b").unwrap().since.time(),
        at(9000) + Duration::from_millis(500)
    );
    lose(&mut model, at(10));
    // What is told between two losses can have ended in the second one.
    model.event(&event(&stamped.replace(":b", ":c")), at(11));
    lose(&mut model, at(12));
    list(&mut model, DEVICES, vec![device("Custom:a", "INUSE")], at(13));
    assert_eq!(model.state.devices.len(), 1, "{:?}", model.state.devices);
}
