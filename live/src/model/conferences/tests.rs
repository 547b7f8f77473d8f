use std::time::{Duration, SystemTime};

use ami::{Collected, Error, Event, Response};

use crate::change::What;
use crate::model::base::{Model, Request};
use crate::model::{List, lists};
use crate::state::{Conference, Freshness, Part, Since, StaleReason, Unknown};

const BRIDGE: &str = "BridgeUniqueid: b1\nBridgeType: base\nBridgeTechnology: softmix\n\
    BridgeCreator: ConfBridge\nBridgeName: room";
const OTHER_BRIDGE: &str = "BridgeUniqueid: b2\nBridgeCreator: ConfBridge\nBridgeName: room";

/// A model and the clock that is passed to it.
struct Test {
    model: Model,
    now: SystemTime,
}

impl Test {
    /// Creates a model of a server without channels and conferences.
    fn current() -> Self {
        let mut test = Self::loading(&[], &[]);
        test.list("ConfbridgeListRooms", &[]);
        test.is_current();
        test
    }

    /// Creates a model that has the lists of bridges and channels.
    fn loading(bridges: &[&str], channels: &[&str]) -> Self {
        let mut test = Self { model: Model::new(Part::ALL), now: SystemTime::UNIX_EPOCH };
        test.list("BridgeList", bridges);
        test.list("CoreShowChannels", channels);
        test
    }

    fn tick(&mut self) -> SystemTime {
        self.now += Duration::from_secs(1);
        self.now
    }

    fn event(&mut self, name: &str, fields: &str) -> SystemTime {
        let at = self.tick();
        self.model.event(&Event::parse(format!("Event: {name}\n{fields}")).unwrap(), at);
        at
    }

    fn conference(&mut self, name: &str, fields: &str) -> SystemTime {
        self.event(&format!("Confbridge{name}"), &format!("Conference: room\n{BRIDGE}\n{fields}"))
    }

    fn list(&mut self, action: &str, items: &[&str]) -> SystemTime {
        let at = self.tick();
        self.model.list(list(action), &collected(items), at);
        at
    }

    /// Returns the only request.
    fn request(&mut self) -> Request {
        let mut requests = self.model.take_requests();
        assert_eq!(requests.len(), 1, "{requests:?}");
        requests.pop().unwrap()
    }

    /// Answers the only request.
    fn answer(&mut self, items: &[&str]) {
        let (request, at) = (self.request(), self.tick());
        assert_eq!(request.action.text("Conference").as_deref(), Some("room"));
        self.model.answer(&request, Ok(&collected(items)), at);
    }

    fn is_current(&mut self) {
        let since = self.tick();
        self.model.set_freshness(Freshness::Current { since }, since);
    }

    fn is_stale(&mut self) {
        let (since, reason) = (self.tick(), StaleReason::Missed(1));
        self.model.set_freshness(Freshness::Stale { since, reason }, since);
    }

    fn room(&self) -> &Conference {
        self.model.state.conferences().unwrap().get("room").unwrap()
    }

    fn members(&self) -> Vec<&str> {
        self.room().members.iter().map(|member| &*member.channel).collect()
    }

    /// Returns the changes of conferences since the last call, in short.
    fn told(&mut self) -> Vec<String> {
        let told = self.model.take_changes().into_iter().filter_map(|change| {
            let told = match change.what {
                What::ConferenceStarted { .. } => "started".to_owned(),
                What::ConferenceEnded { .. } => "ended".to_owned(),
                What::ConferenceJoined { channel, .. } => format!("{channel} joined"),
                What::ConferenceLeft { member, .. } => format!("{} left", member.channel),
                What::ConferenceMuted { channel, muted, .. } => format!("{channel} muted {muted}"),
                What::ConferenceTalking { talking, .. } => format!("talking {talking}"),
                What::ConferenceWaiting { waiting, .. } => format!("waiting {waiting}"),
                What::ConferenceLocked { locked, .. } => format!("locked {locked}"),
                _ => return None,
            };
            Some(if change.resync { format!("{told}!") } else { told })
        });
        told.collect()
    }
}

fn list(action: &str) -> List {
    lists(Part::ALL).find(|list| list.action == action).unwrap()
}

fn collected(items: &[&str]) -> Collected {
    let item = |item: &&str| Event::parse(format!("Event: Item\n{item}")).unwrap();
    let mut collected = Collected::default();
    collected.items = items.iter().map(item).collect();
    collected
}

const ROOM: &str = "Conference: room\nParties: 1\nMarked: 0\nLocked: No\nMuted: No";

fn item(channel: &str, waiting: &str) -> String {
    format!(
        "Conference: room\nAdmin: No\nMarkedUser: No\nWaitMarked: Yes\nEndMarked: No\n\
         Waiting: {waiting}\nMuted: No\nTalking: No\nUniqueid: {channel}"
    )
}

fn channel(id: &str, bridge: &str) -> String {
    format!("Channel: Local/{id}\nUniqueid: {id}\nLinkedid: {id}\nBridgeId: {bridge}")
}

fn joins(channel: &str) -> String {
    format!("Uniqueid: {channel}\nCallerIDNum: 100\nCallerIDName: <unknown>\nAdmin: No\nMuted: No")
}

#[test]
fn events_tell_a_conference_from_begin_to_end() {
    let mut test = Test::current();
    let began = test.conference("Start", "");
    let joined = test.conference("Join", &joins("1"));
    let room = test.room();
    assert_eq!((room.since, room.recording), (Since::At(began), Some(false)));
    assert_eq!(room.members[0].since, Since::At(joined));
    assert_eq!((&*room.members[0].caller.number, &*room.members[0].caller.name), ("100", ""));
    assert_eq!(room.members[0].waiting, None);
    test.answer(&[&item("1", "Yes")]);
    assert_eq!(test.room().members[0].waiting, Some(true));
    test.conference("Mute", "Uniqueid: 1\nAdmin: No");
    test.conference("Talking", "Uniqueid: 1\nTalkingStatus: on\nAdmin: No");
    assert!(test.room().members[0].muted && test.room().members[0].talking);
    test.conference("Talking", "Uniqueid: 1\nTalkingStatus: off\nAdmin: No");
    test.conference("Unmute", "Uniqueid: 1\nAdmin: No");
    // One who is not in the conference.
    test.conference("Mute", "Uniqueid: 2\nAdmin: No");
    test.conference("Record", "");
    assert_eq!(test.room().recording, Some(true));
    test.conference("Leave", "Uniqueid: 1\nAdmin: No");
    test.conference("End", "");
    assert!(test.model.state.conferences().unwrap().is_empty());
    let begin = ["started", "1 joined", "waiting true", "1 muted true", "talking true"];
    let end = ["talking false", "1 muted false", "1 left", "ended"];
    assert_eq!(test.told(), [&begin[..], &end[..]].concat());
    assert!(test.model.take_requests().is_empty());
}

#[test]
fn events_behind_a_list_tell_nothing_twice() {
    let mut test = Test::loading(&[BRIDGE], &[&channel("1", "b1")]);
    test.list("ConfbridgeListRooms", &[ROOM]);
    assert!(matches!(test.model.state.conferences(), Err(Unknown::Loading(Part::Conferences))));
    test.answer(&[&item("1", "No")]);
    assert_eq!(test.room().bridge.as_deref(), Some("b1"));
    assert!(matches!(test.room().since, Since::Before(_)));
    test.is_current();
    assert_eq!(test.told(), ["started", "1 joined"]);
    let began = test.conference("Start", "");
    let joined = test.conference("Join", &joins("1"));
    assert_eq!(test.room().since, Since::At(began));
    assert_eq!(test.room().members[0].since, Since::At(joined));
    assert!(test.told().is_empty());
}

#[test]
fn a_list_that_is_behind_the_leaving_does_not_bring_a_member_back() {
    let mut test = Test::loading(&[BRIDGE], &[&channel("1", "b1"), &channel("2", "b1")]);
    test.list("ConfbridgeListRooms", &[ROOM]);
    test.conference("Leave", "Uniqueid: 1\nAdmin: No");
    test.answer(&[&item("1", "No"), &item("2", "No")]);
    test.is_current();
    assert_eq!(test.members(), ["2"]);
    // The others wait once the channel of the marked user goes on.
    test.event("Hangup", "Uniqueid: 1\nChannel: Local/1\nCause: 16");
    test.answer(&[&item("2", "Yes")]);
    assert_eq!(test.room().members[0].waiting, Some(true));
    assert_eq!(test.told(), ["started", "2 joined", "waiting true"]);
}

#[test]
fn who_has_left_before_the_lists_leaves_the_bridge_behind_them() {
    let mut test = Test::loading(&[BRIDGE], &[&channel("1", "b1"), &channel("2", "b1")]);
    test.list("ConfbridgeListRooms", &[ROOM]);
    test.answer(&[&item("1", "No"), &item("2", "No")]);
    test.is_current();
    test.event("BridgeLeave", &format!("{BRIDGE}\n{}", channel("1", "b1")));
    assert_eq!(test.members(), ["2"]);
    // One whose joining was told leaves with an event, even if the bridge is late.
    test.conference("Join", &joins("2"));
    test.event("BridgeLeave", &format!("{BRIDGE}\n{}", channel("2", "b1")));
    assert_eq!(test.members(), ["2"]);
}

#[test]
fn who_is_listed_but_not_in_the_bridge_joins_later() {
    let mut test = Test::loading(&[BRIDGE], &[&channel("1", ""), &channel("2", "")]);
    test.list("ConfbridgeListRooms", &[ROOM]);
    test.answer(&[&item("1", "No"), &item("2", "No")]);
    test.is_current();
    assert!(test.members().is_empty());
    // The joining of one was told before the lists were asked for.
    test.event("BridgeEnter", &format!("{BRIDGE}\n{}", channel("1", "")));
    assert_eq!(test.members(), ["1"]);
    test.conference("Join", &joins("2"));
    assert_eq!(test.members(), ["1", "2"]);
    test.event("BridgeEnter", &format!("{BRIDGE}\n{}", channel("2", "")));
    assert_eq!(test.told(), ["started", "1 joined", "2 joined"]);
}

#[test]
fn a_conference_of_the_same_name_in_another_bridge_is_another_one() {
    let mut test = Test::current();
    test.conference("Start", "");
    test.conference("Join", &joins("1"));
    test.event("ConfbridgeStart", &format!("Conference: room\n{OTHER_BRIDGE}"));
    assert_eq!(test.room().bridge.as_deref(), Some("b2"));
    test.conference("Join", &joins("1"));
    test.conference("End", "");
    assert!(test.members().is_empty());
    assert_eq!(test.told(), ["started", "1 joined", "1 left", "ended", "started"]);
}

#[test]
fn one_question_is_on_its_way_at_a_time() {
    let mut test = Test::current();
    test.conference("Start", "");
    test.conference("Join", &joins("1"));
    let request = test.request();
    test.conference("Join", &joins("2"));
    assert!(test.model.take_requests().is_empty());
    let at = test.tick();
    test.model.answer(&request, Ok(&collected(&[&item("1", "No")])), at);
    assert_eq!(test.room().member("2").unwrap().marked, None);
    test.answer(&[&item("1", "No"), &item("2", "No")]);
    assert_eq!(test.room().member("2").unwrap().marked, Some(false));
    // Nobody else has to wait when one who is not marked leaves.
    test.conference("Leave", "Uniqueid: 1\nAdmin: No");
    assert!(test.model.take_requests().is_empty());
}

#[test]
fn a_channel_that_takes_the_place_of_another_one_is_found() {
    let mut test = Test::current();
    for channel in ["1", "2"] {
        let state = "ChannelState: 6\nContext: default";
        let fields = format!("Channel: Local/{channel}\nUniqueid: {channel}\n{state}");
        test.event("Newchannel", &fields);
    }
    test.conference("Start", "");
    test.event("BridgeCreate", BRIDGE);
    test.conference("Join", &joins("1"));
    let request = test.request();
    test.event("BridgeEnter", &format!("{BRIDGE}\n{}", channel("2", "")));
    test.event("Hangup", "Uniqueid: 1\nChannel: Local/1\nCause: 16");
    assert!(test.members().is_empty());
    // The list that is on its way is older.
    let at = test.tick();
    test.model.answer(&request, Ok(&collected(&[&item("1", "No")])), at);
    assert!(test.members().is_empty());
    test.answer(&[&item("2", "No")]);
    assert_eq!(test.members(), ["2"]);
    test.conference("Leave", "Uniqueid: 2\nAdmin: No");
    assert_eq!(test.told(), ["started", "1 joined", "1 left", "2 joined", "2 left"]);
}

#[test]
fn what_was_missed_is_told_as_found_by_asking_again() {
    let mut test = Test::current();
    test.conference("Start", "");
    test.conference("Join", &joins("1"));
    test.conference("Join", &joins("2"));
    test.told();
    test.is_stale();
    test.model.take_requests();
    test.list("BridgeList", &[BRIDGE]);
    test.list("CoreShowChannels", &[&channel("2", "b1"), &channel("3", "b1")]);
    test.list("ConfbridgeListRooms", &["Conference: room\nLocked: Yes\nMuted: No"]);
    test.answer(&[&item("2", "Yes"), &item("3", "No")]);
    test.is_current();
    assert_eq!(test.members(), ["2", "3"]);
    assert_eq!((test.room().locked, test.room().recording), (true, None));
    assert_eq!(test.told(), ["locked true!", "waiting true!", "3 joined!", "1 left!"]);

    // Missed: the end, and another conference of the same name.
    test.is_stale();
    test.list("BridgeList", &[OTHER_BRIDGE]);
    test.list("CoreShowChannels", &[]);
    test.list("ConfbridgeListRooms", &[ROOM]);
    let mut told = test.told();
    // What a list ends comes in no order.
    told[..2].sort_unstable();
    assert_eq!(told, ["2 left!", "3 left!", "ended!", "started!"]);
    test.list("ConfbridgeListRooms", &[]);
    assert_eq!(test.told(), ["ended!"]);
}

#[test]
fn a_server_without_conferences_refuses_the_list() {
    let refusal = |text: &str| {
        let response = Response::parse(format!("Response: Error\nMessage: {text}")).unwrap();
        Error::Rejected(Box::new(response))
    };
    let mut test = Test::loading(&[], &[]);
    let (list, at) = (list("ConfbridgeListRooms"), test.tick());
    test.model.failed(list, refusal("No active conferences."), at);
    assert!(test.model.state.conferences().unwrap().is_empty());
    test.model.failed(list, refusal("Invalid/unknown command: ConfbridgeListRooms."), at);
    assert!(matches!(test.model.state.conferences(), Err(Unknown::Failed { .. })));
}

#[test]
fn the_caller_of_a_member_is_that_of_the_channel() {
    let mut test = Test::current();
    test.event("Newchannel", &channel("1", ""));
    test.conference("Start", "");
    test.conference("Join", &joins("1"));
    assert_eq!(&*test.room().members[0].caller.number, "100");
    test.event("NewCallerid", "Uniqueid: 1\nCallerIDNum: 200\nCallerIDName: the \\\"boss\\\"");
    let caller = &test.room().members[0].caller;
    assert_eq!((&*caller.number, &*caller.name), ("200", r#"the "boss""#));
}
