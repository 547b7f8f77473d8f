use std::time::{Duration, SystemTime};

use ami::value::{ContactState, DeviceState, RegistrationStatus};
use ami::{Collected, Error, Event, Response};

use crate::change::What;
use crate::model::{List, Model};
use crate::state::{Freshness, Part, Since, StaleReason, Unknown};

const ENDPOINTS: List = List { action: "PJSIPShowEndpoints", part: Part::Endpoints };
const DETAILS: List = List { action: "PJSIPShowContacts", part: Part::Contacts };
const NAMES: List = List { action: "PJSIPShowEndpoints", part: Part::Contacts };
const REGISTRATIONS: List =
    List { action: "PJSIPShowRegistrationsOutbound", part: Part::Registrations };

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

fn event(text: &str) -> Event {
    Event::parse(format!("Event: {}\r\n\r\n", text.replace(" | ", "\r\n"))).unwrap()
}

fn endpoint(name: &str, contacts: &str) -> Event {
    event(&format!(
        "EndpointList | ObjectType: endpoint | ObjectName: {name} | Transport: udp | \
         Aor: {name},{name}2 | Auths: {name} | OutboundAuths:  | {contacts} | \
         DeviceState: Not in use | ActiveChannels: 0"
    ))
}

fn contact(status: &str) -> Event {
    event(&format!(
        "ContactStatus | URI: sip:a@h | ContactStatus: {status} | AOR: a | EndpointName: a | \
         RoundtripUsec: 700"
    ))
}

fn registry(client: &str, status: &str) -> Event {
    event(&format!(
        "Registry | ChannelType: PJSIP | Username: {client} | Domain: sip:s | Status: {status}"
    ))
}

fn list(model: &mut Model, list: List, items: Vec<Event>, time: SystemTime) {
    let mut collected = Collected::default();
    collected.items = items;
    model.list(list, &collected, time);
}

fn told(model: &mut Model) -> Vec<What> {
    model.take_changes().into_iter().map(|change| change.what).collect()
}

#[test]
fn an_endpoint_has_the_state_of_its_device() {
    let mut model = Model::new(Part::ALL);
    let item = endpoint("a", "Contacts: a/sip:a@h,");
    list(&mut model, ENDPOINTS, vec![item.clone()], at(1));
    list(&mut model, NAMES, vec![item], at(1));
    model.take_changes();
    let device = |name: &str, state: &str| {
        event(&format!("DeviceStateChange | Device: {name} | State: {state}"))
    };
    for (name, state) in
        [("PJSIP/a", "INUSE"), ("PJSIP/a", "INUSE"), ("SIP/a", "BUSY"), ("PJSIP/no", "INVALID")]
    {
        model.event(&device(name, state), at(2));
    }
    let state = model.state.clone();
    let a = state.endpoints().unwrap().get("a").unwrap();
    assert_eq!((a.state, a.since), (DeviceState::InUse, Since::At(at(2))));
    assert_eq!((&*a.transport, a.aors.len(), &*a.auths[0]), ("udp", 2, "a"));
    assert_eq!((&*a.aors[1], a.outbound_auths.len()), ("a2", 0));
    let device_changes = |it: &What| matches!(it, What::DeviceState { .. });
    let changes: Vec<_> = told(&mut model).into_iter().filter(|it| !device_changes(it)).collect();
    assert!(matches!(changes[..], [What::EndpointState { to: DeviceState::InUse, .. }]));
    // A reload takes one away and adds another one.
    model.event(&device("PJSIP/a", "INVALID"), at(3));
    model.event(&device("PJSIP/b", "UNAVAILABLE"), at(3));
    let changes: Vec<_> = told(&mut model).into_iter().filter(|it| !device_changes(it)).collect();
    assert!(matches!(
        changes[..],
        [What::EndpointRemoved { .. }, What::ContactRemoved { .. }, What::EndpointAdded { .. },]
    ));
    assert_eq!(model.state.endpoints().unwrap().len(), 1);
}

#[test]
fn an_endpoint_is_reachable_when_its_own_event_says_so() {
    let mut model = Model::new(Part::ALL);
    list(&mut model, ENDPOINTS, vec![endpoint("a", "Contacts: ")], at(1));
    let device =
        |state: &str| event(&format!("DeviceStateChange | Device: PJSIP/a | State: {state}"));
    let peer = |name: &str, status: &str| {
        event(&format!("PeerStatus | ChannelType: PJSIP | Peer: {name} | PeerStatus: {status}"))
    };
    let (idle, unavailable, in_use) =
        (DeviceState::NotInUse, DeviceState::Unavailable, DeviceState::InUse);
    for (event, state, reachable) in [
        // The device is late, or does not come at all.
        (peer("PJSIP/a", "Unreachable"), unavailable, false),
        (device("NOT_INUSE"), unavailable, false),
        (peer("PJSIP/a", "Reachable"), idle, true),
        (device("UNAVAILABLE"), idle, true),
        // A call is up.
        (device("INUSE"), in_use, true),
        (peer("PJSIP/a", "Unreachable"), in_use, false),
        (device("NOT_INUSE"), unavailable, false),
        (peer("PJSIP/a", "Unknown"), unavailable, false),
        (peer("SIP/a", "Reachable"), unavailable, false),
    ] {
        model.event(&event, at(2));
        let state_now = model.state.clone();
        let a = state_now.endpoints().unwrap().get("a").unwrap();
        assert_eq!((a.state, a.reachable), (state, Some(reachable)), "{event:?}");
    }
    model.event(&peer("PJSIP/gone", "Unreachable"), at(3));
    assert_eq!(model.state.endpoints().unwrap().len(), 1);
    model.event(&peer("PJSIP/new", "Reachable"), at(3));
    assert_eq!(model.state.endpoints().unwrap().get("new").unwrap().state, idle);
}

#[test]
fn a_list_that_is_behind_its_events_does_not_put_an_old_state_over_a_new_one() {
    let mut model = Model::new(Part::ALL);
    let device =
        |state: &str| event(&format!("DeviceStateChange | Device: PJSIP/a | State: {state}"));
    let state = |model: &Model| model.state.endpoints().unwrap().get("a").unwrap().state;
    model.event(&device("BUSY"), at(1));
    list(&mut model, ENDPOINTS, vec![endpoint("a", "Contacts: ")], at(2));
    assert_eq!(state(&model), DeviceState::Busy);
    assert_eq!(model.state.endpoints().unwrap().get("a").unwrap().aors.len(), 2);
    let reason = StaleReason::Missed(1);
    model.set_freshness(Freshness::Stale { since: at(3), reason }, at(3));
    list(&mut model, ENDPOINTS, vec![endpoint("a", "Contacts: ")], at(4));
    assert_eq!(state(&model), DeviceState::NotInUse);
}

#[test]
fn contacts_come_from_two_lists() {
    let mut model = Model::new(Part::ALL);
    let detail = event(
        "ContactList | ObjectType: contact | ObjectName: a;@0123 | Endpoint: a | Uri: sip:a@h | \
         UserAgent: phone 1 | ExpirationTime: 60 | Status: Reachable | RoundtripUsec: 700",
    );
    list(&mut model, DETAILS, vec![detail], at(1));
    assert!(model.state.contacts().is_err(), "the second list is not in");
    let contacts = "Contacts: a/sip:a@h,a/sip:x,a@h, | Contacts: a2/sip:b@h,";
    list(&mut model, NAMES, vec![endpoint("a", contacts), endpoint("b", "Contacts: ")], at(1));
    let state = model.state.clone();
    let ids: Vec<_> = state.contacts().unwrap().sorted().iter().map(|it| &*it.id).collect();
    assert_eq!(ids, ["a/sip:a@h", "a/sip:x,a@h", "a2/sip:b@h"]);
    let a = state.contacts().unwrap().get("a/sip:a@h").unwrap();
    assert_eq!((&*a.aor, &*a.uri, &*a.endpoint), ("a", "sip:a@h", "a"));
    assert_eq!((&*a.user_agent, a.expires), ("phone 1", Some(at(60))));
    assert_eq!(a.status, Some(ContactState::Reachable));
    assert_eq!(a.round_trip, Some(Duration::from_micros(700)));
    let b = state.contacts().unwrap().get("a2/sip:b@h").unwrap();
    assert_eq!((&b.status, b.round_trip, &*b.endpoint), (&None, None, "a"));
    model.take_changes();
    list(&mut model, DETAILS, vec![], at(2));
    list(&mut model, NAMES, vec![endpoint("a", "Contacts: a2/sip:b@h,")], at(2));
    assert_eq!(model.state.contacts().unwrap().len(), 1);
    assert!(matches!(
        told(&mut model)[..],
        [What::ContactRemoved { .. }, What::ContactRemoved { .. }]
    ));
}

#[test]
fn a_contact_is_told_by_its_events() {
    let mut model = Model::new(Part::ALL);
    list(&mut model, DETAILS, vec![], at(1));
    list(&mut model, NAMES, vec![], at(1));
    for (status, time) in
        [("Updated", 1), ("Removed", 1), ("NonQualified", 2), ("Reachable", 3), ("Updated", 4)]
    {
        model.event(&contact(status), at(time));
    }
    let state = model.state.clone();
    let a = state.contacts().unwrap().get("a/sip:a@h").unwrap();
    assert_eq!((&a.status, a.since), (&Some(ContactState::Reachable), Since::At(at(3))));
    assert_eq!(a.round_trip, Some(Duration::from_micros(700)));
    assert_eq!(a.last.get("ContactStatus"), Some(&b"Updated"[..]));
    model.event(&contact("Unreachable"), at(5));
    let state = model.state.clone();
    assert_eq!(state.contacts().unwrap().get("a/sip:a@h").unwrap().round_trip, None);
    model.event(&contact("Removed"), at(6));
    assert!(model.state.contacts().unwrap().is_empty());
    assert!(matches!(&told(&mut model)[..], [
        What::ContactAdded { .. },
        What::ContactStatus { from: None, to: ContactState::NonQualified, .. },
        What::ContactStatus {
            from: Some(ContactState::NonQualified),
            to: ContactState::Reachable,
            ..
        },
        What::ContactStatus { to: ContactState::Unreachable, .. },
        What::ContactRemoved { contact },
    ] if contact.status == Some(ContactState::Unreachable)));
}

#[test]
fn a_registration_keeps_no_secret() {
    let mut model = Model::new(Part::ALL);
    let out = |name: &str, client: &str| {
        event(&format!(
            "OutboundRegistrationDetail | ObjectType: registration | ObjectName: {name} | \
             ClientUri: {client} | ServerUri: sip:s | OutboundAuth: a | Status: Registered | \
             NextReg: 50"
        ))
    };
    let secret = event("AuthDetail | ObjectType: auth | ObjectName: auth | Password: hidden");
    let items = vec![out("out", "sip:a"), secret.clone(), out("other", "sip:b"), secret];
    list(&mut model, REGISTRATIONS, items, at(1));
    let state = model.state.clone();
    assert_eq!(state.registrations().unwrap().len(), 2);
    assert!(!format!("{state:?}").contains("hidden"));
    let out = state.registrations().unwrap().get("out").unwrap();
    assert_eq!((&*out.client_uri, &*out.server_uri), ("sip:a", "sip:s"));
    assert_eq!((&out.status, out.next), (&RegistrationStatus::Registered, Some(at(51))));
    model.take_changes();
    model.event(&registry("sip:a", "Rejected"), at(2));
    model.event(&registry("sip:none", "Rejected"), at(2));
    let state = model.state.clone();
    let out = state.registrations().unwrap().get("out").unwrap();
    assert_eq!((&out.status, out.next), (&RegistrationStatus::Rejected, None));
    assert_eq!(out.since, Since::At(at(2)));
    assert!(matches!(
        told(&mut model)[..],
        [What::RegistrationStatus {
            from: RegistrationStatus::Registered,
            to: RegistrationStatus::Rejected,
            ..
        }]
    ));
}

#[test]
fn a_refusal_of_what_is_not_there_is_an_empty_list() {
    let mut model = Model::new(Part::ALL);
    let refused = |message: &str| {
        let text = format!("Response: Error\r\nMessage: {message}\r\n\r\n");
        Error::Rejected(Box::new(Response::parse(text).unwrap()))
    };
    model.failed(ENDPOINTS, refused("No endpoints found\n"), at(1));
    model.failed(DETAILS, refused("No Contacts found\n"), at(1));
    model.failed(NAMES, refused("No endpoints found\n"), at(1));
    let unknown = "Invalid/unknown command: PJSIPShowRegistrationsOutbound. Use Action: …";
    model.failed(REGISTRATIONS, refused(unknown), at(1));
    assert!(model.state.endpoints().unwrap().is_empty());
    assert!(model.state.contacts().unwrap().is_empty());
    assert!(model.state.registrations().unwrap().is_empty());
    model.failed(ENDPOINTS, refused("Permission denied"), at(2));
    assert!(matches!(model.state.endpoints(), Err(Unknown::Failed { .. })));
    // Devices are there, whether the module that lists them is loaded or not.
    let devices = List { action: "DeviceStateList", part: Part::Devices };
    model.failed(devices, refused("Invalid/unknown command: DeviceStateList."), at(2));
    assert!(matches!(model.state.devices(), Err(Unknown::Failed { .. })));
}
