use std::time::{Duration, SystemTime};

use ami::{Collected, Event};

use crate::change::What;
use crate::model::base::Model;
use crate::model::lists;
use crate::state::{Freshness, ParkingLot, Part, Since, StaleReason};

/// A model and the clock that is passed to it.
struct Test {
    model: Model,
    now: SystemTime,
}

impl Test {
    fn current(calls: &[&str]) -> Self {
        let mut test = Self { model: Model::new(Part::ALL), now: SystemTime::UNIX_EPOCH };
        test.list("Parkinglots", &[LOT]);
        test.list("ParkedCalls", calls);
        test.is_current();
        test
    }

    fn tick(&mut self) -> SystemTime {
        self.now += Duration::from_secs(100);
        self.now
    }

    fn event(&mut self, name: &str, fields: &str) -> SystemTime {
        let at = self.tick();
        self.model.event(&Event::parse(format!("Event: {name}\n{fields}")).unwrap(), at);
        at
    }

    fn list(&mut self, action: &str, items: &[&str]) -> SystemTime {
        let at = self.tick();
        let list = lists(Part::ALL).find(|list| list.action == action).unwrap();
        self.model.list(list, &collected(items), at);
        at
    }

    fn is_current(&mut self) {
        let since = self.tick();
        self.model.set_freshness(Freshness::Current { since }, since);
    }

    fn is_stale(&mut self) {
        let (since, reason) = (self.tick(), StaleReason::Missed(1));
        self.model.set_freshness(Freshness::Stale { since, reason }, since);
    }

    fn lot(&self, name: &str) -> &ParkingLot {
        self.model.state.parking_lots().unwrap().get(name).unwrap()
    }

    /// Returns the spaces of the lot `default` that are taken, with the channels.
    fn taken(&self) -> Vec<(u32, &str)> {
        self.lot("default").calls.iter().map(|call| (call.space, &*call.channel)).collect()
    }

    /// Returns the changes of lots since the last call, in short.
    fn told(&mut self) -> Vec<String> {
        let told = self.model.take_changes().into_iter().filter_map(|change| {
            let told = match change.what {
                What::CallParked { space, channel, .. } => format!("{channel} parked at {space}"),
                What::ParkedCallSwapped { from, to, .. } => format!("{to} for {from}"),
                What::CallRetrieved { call, by, .. } => format!("{} by {by:?}", call.channel),
                What::ParkingTimedOut { call, .. } => format!("{} timed out", call.channel),
                What::ParkedCallerGaveUp { call, .. } => format!("{} gave up", call.channel),
                What::ParkedCallGone { call, .. } => format!("{} gone", call.channel),
                _ => return None,
            };
            Some(if change.resync { format!("{told}!") } else { told })
        });
        told.collect()
    }
}

const LOT: &str = "Name: default\nStartSpace: 701\nStopSpace: 720\nTimeout: 45";

fn collected(items: &[&str]) -> Collected {
    let item = |item: &&str| Event::parse(format!("Event: Item\n{item}")).unwrap();
    let mut collected = Collected::default();
    collected.items = items.iter().map(item).collect();
    collected
}

fn parked(channel: &str, space: u32) -> String {
    timed(channel, space, "45", "0")
}

fn timed(channel: &str, space: u32, left: &str, passed: &str) -> String {
    format!(
        "ParkeeUniqueid: {channel}\nParkeeCallerIDNum: 100\nParkeeCallerIDName: <unknown>\n\
         ParkerDialString: PJSIP/alice\nParkinglot: default\nParkingSpace: {space}\n\
         ParkingTimeout: {left}\nParkingDuration: {passed}"
    )
}

#[test]
fn events_tell_how_calls_come_and_go() {
    let mut test = Test::current(&[]);
    let at = test.event("ParkedCall", &parked("1", 702));
    test.event("ParkedCall", &parked("2", 701));
    assert_eq!(test.taken(), [(701, "2"), (702, "1")]);
    let call = test.lot("default").space(702).unwrap();
    assert_eq!((call.since, call.timeout), (Since::At(at), Some(Duration::from_secs(45))));
    assert_eq!(call.times_out_at(), Some(at + Duration::from_secs(45)));
    assert_eq!(
        (&*call.parker, &*call.caller.number, &*call.caller.name),
        ("PJSIP/alice", "100", "")
    );
    test.event("ParkedCallSwap", &parked("3", 702));
    test.event("UnParkedCall", &format!("{}\nRetrieverUniqueid: 9", parked("3", 702)));
    test.event("ParkedCallTimeOut", &parked("2", 701));
    test.event("ParkedCall", &parked("4", 701));
    test.event("ParkedCallGiveUp", &parked("4", 701));
    // Behind the end of the call.
    test.event("ParkedCallGiveUp", &parked("4", 701));
    test.event("ParkedCallSwap", &parked("5", 701));
    assert!(test.taken().is_empty());
    let begin = ["1 parked at 702", "2 parked at 701", "3 for 1", "3 by Some(\"9\")"];
    let end = ["2 timed out", "4 parked at 701", "4 gave up"];
    assert_eq!(test.told(), [&begin[..], &end[..]].concat());
    assert!(test.model.take_requests().is_empty());
}

#[test]
fn a_list_tells_since_when_a_call_is_parked() {
    let mut test = Test { model: Model::new(Part::ALL), now: SystemTime::UNIX_EPOCH };
    test.list("Parkinglots", &[LOT]);
    let endless = timed("2", 702, "18446744073709551609", "7");
    let at = test.list("ParkedCalls", &[&timed("1", 701, "38", "7"), &endless]);
    let calls = &test.lot("default").calls;
    assert_eq!(calls[0].since, Since::At(at - Duration::from_secs(7)));
    assert_eq!(calls[0].timeout, Some(Duration::from_secs(45)));
    assert_eq!((calls[1].timeout, calls[1].times_out_at()), (None, None));
    let spaces = test.lot("default").spaces.unwrap();
    assert_eq!((spaces.first, spaces.last, spaces.timeout), (701, 720, calls[0].timeout));
}

#[test]
fn events_behind_a_list_do_no_harm() {
    let mut test = Test::current(&[&parked("2", 701)]);
    assert_eq!(test.told(), ["2 parked at 701"]);
    test.event("ParkedCall", &parked("2", 701));
    assert!(test.told().is_empty());
    // The state steps back for a moment.
    test.event("ParkedCall", &parked("1", 701));
    test.event("UnParkedCall", &parked("1", 701));
    test.event("ParkedCall", &parked("2", 701));
    assert_eq!(test.taken(), [(701, "2")]);
    // The end of the first parking is on its way.
    test.event("ParkedCall", &parked("2", 702));
    assert_eq!(test.taken(), [(702, "2")]);
}

#[test]
fn a_list_that_is_behind_the_end_does_not_bring_a_call_back() {
    let mut test = Test::current(&[&parked("1", 701), &parked("2", 702), &parked("3", 703)]);
    test.told();
    test.is_stale();
    test.event("ParkedCallGiveUp", &parked("1", 701));
    test.event("ParkedCallSwap", &parked("9", 703));
    test.event("ParkedCall", &parked("4", 704));
    test.list("Parkinglots", &[LOT]);
    test.list("ParkedCalls", &[&parked("1", 701), &parked("3", 703)]);
    test.is_current();
    // The list is behind with two calls, and ahead with one, the end of which is on its way.
    assert_eq!(test.taken(), [(703, "9"), (704, "4")]);
    assert_eq!(test.told(), ["1 gave up", "9 for 3", "4 parked at 704", "2 gone!"]);
    test.is_stale();
    test.list("Parkinglots", &[LOT]);
    test.list("ParkedCalls", &[&parked("1", 701)]);
    assert_eq!(test.taken(), [(701, "1")]);
}

#[test]
fn a_call_that_ended_unseen_is_gone_with_the_list() {
    // While another list is on its way, and before a further loss.
    let mut test = Test::current(&[]);
    test.event("ConfbridgeStart", "Conference: 1\nBridgeUniqueid: c");
    test.event("ConfbridgeJoin", "Conference: 1\nBridgeUniqueid: c\nUniqueid: 7\nLinkedid: 7");
    assert!(test.model.is_listing());
    test.event("ParkedCall", &parked("1", 701));
    assert!(test.model.parked.is_empty(), "no list of calls is on its way");
    test.is_stale();
    test.event("ParkedCall", &parked("2", 702));
    test.is_stale();
    test.list("Parkinglots", &[LOT]);
    test.list("ParkedCalls", &[]);
    assert!(test.taken().is_empty());
    assert_eq!(test.told(), ["1 parked at 701", "2 parked at 702", "1 gone!", "2 gone!"]);
}

#[test]
fn a_lot_that_begins_with_a_call_is_asked_for() {
    let mut test = Test::current(&[]);
    test.event("ParkedCall", &parked("1", 901).replace("default", "dynamic"));
    assert_eq!(test.lot("dynamic").spaces, None);
    let requests = test.model.take_requests();
    assert_eq!(requests.iter().map(|it| it.action.name()).collect::<Vec<_>>(), ["Parkinglots"]);
    let (at, dynamic) = (test.tick(), "Name: dynamic\nStartSpace: 901\nStopSpace: 910\nTimeout: 0");
    test.model.answer(&requests[0], Ok(&collected(&[LOT, dynamic])), at);
    let lot = test.lot("dynamic");
    let spaces = lot.spaces.unwrap();
    assert_eq!((spaces.first, spaces.last, spaces.timeout), (901, 910, None));
    assert_eq!(lot.calls.len(), 1);
    // A lot that the configuration has no longer.
    test.list("Parkinglots", &[LOT]);
    assert!(!test.model.state.parking_lots().unwrap().contains("dynamic"));
    assert_eq!(test.told(), ["1 parked at 901", "1 gone!"]);
}

#[test]
fn what_was_told_before_a_further_loss_does_not_keep_a_call() {
    let mut test = Test::current(&[]);
    test.is_stale();
    test.event("ParkedCall", &parked("1", 701));
    test.is_stale();
    test.list("Parkinglots", &[LOT]);
    test.list("ParkedCalls", &[]);
    assert_eq!(test.taken(), []);
    assert!(test.model.parked.is_empty());
}

#[test]
fn the_caller_is_that_of_the_channel() {
    let mut test = Test::current(&[]);
    let channel = "Channel: PJSIP/a-1\nUniqueid: 1\nCallerIDNum: 100\nCallerIDName: <unknown>";
    test.event("Newchannel", channel);
    let call = parked("1", 701).replace("<unknown>", r#"the \"boss\""#);
    test.event("ParkedCall", &call);
    let caller = |test: &Test| test.lot("default").calls[0].caller.clone();
    assert_eq!((&*caller(&test).number, &*caller(&test).name), ("100", r#"the "boss""#));
    test.event("NewCallerid", &channel.replace("100", "200"));
    assert_eq!((&*caller(&test).number, &*caller(&test).name), ("200", ""));
}

#[test]
fn a_channel_that_picks_up_a_parked_one_takes_its_place() {
    let channel = |id: &str| format!("Uniqueid: {id}\nLinkedid: {id}\nCallerIDNum: 10{id}");
    let pickup = format!("{}\nTargetUniqueid: 1", channel("2"));
    for is_told_late in [false, true] {
        let mut test = Test::current(&[]);
        let bridge = "BridgeUniqueid: b\nBridgeType: holding\n";
        test.event("Newchannel", &channel("1"));
        test.event("Newchannel", &channel("2"));
        test.event("BridgeEnter", &format!("{bridge}{}", channel("1")));
        let events = [("Pickup", pickup.clone()), ("ParkedCall", parked("1", 701))];
        let [first, second] = if is_told_late { [0, 1] } else { [1, 0] };
        let at = test.event(events[first].0, &events[first].1);
        test.event(events[second].0, &events[second].1);
        test.event("Hangup", &channel("1"));
        let told: &[_] =
            if is_told_late { &["2 parked at 701"] } else { &["1 parked at 701", "2 for 1"] };
        assert_eq!(test.told(), told);
        let call = test.lot("default").space(701).unwrap();
        assert_eq!((&*call.channel, &*call.caller.number), ("2", "102"));
        assert_eq!(call.since.time() == at, !is_told_late);
        let bridge = test.model.state.bridges.get("b").unwrap();
        assert_eq!(bridge.members.iter().map(|it| &**it).collect::<Vec<_>>(), ["2"]);
        test.event("Hangup", &channel("2"));
        test.event("ParkedCallGiveUp", &parked("2", 701));
        assert_eq!(test.told(), ["2 gave up"]);
        assert!(test.model.replaced.is_empty());
    }
}
