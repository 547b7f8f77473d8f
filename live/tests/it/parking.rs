use std::time::Duration;

use instance::ami::value::ChannelState;
use instance::ami::{Action, Client, Event, Originate};
use instance::{Builder, Instance, Modules};
use live::{Changes, Id, Live, ParkedCall, ParkingLot, State, What};
use tokio::time::timeout;

use crate::kit::{PATIENCE, end};

const DIALPLAN: &str = "[default]
exten => park,1,Answer()
 same => n,Park()
exten => short,1,Answer()
 same => n,Park(short)
exten => endless,1,Answer()
 same => n,Park(endless)
exten => dynamic,1,Answer()
 same => n,Set(PARKINGDYNAMIC=default)
 same => n,Set(PARKINGDYNCONTEXT=dynamic)
 same => n,Set(PARKINGDYNEXTEN=900)
 same => n,Set(PARKINGDYNPOS=901-910)
 same => n,Park(dynamic)
exten => retrieve,1,Answer()
 same => n,ParkedCall(default,701)
exten => silence,1,Answer()
 same => n,Wait(600)
exten => tone,1,Answer()
 same => n,Milliwatt()
exten => ring,1,Ringing()
 same => n,Wait(600)
exten => pickup,1,Pickup(ring@default)
exten => dial,1,Dial(Local/tone@default,,tT)
exten => dials,1,Answer()
 same => n,Dial(Local/silence@default,,tT)
";

const PARKING: &str = "[general]
parkeddynamic=yes
[default]
context=parkedcalls
parkext=700
parkpos=701-720
parkingtime=450
[short]
context=short
parkext=800
parkpos=801-802
parkingtime=1
comebacktoorigin=no
comebackcontext=default
[endless]
context=endless
parkext=850
parkpos=851-852
parkingtime=0
";

const MODULES: &[&str] = &[
    "app_dial",
    "app_directed_pickup",
    "app_milliwatt",
    "bridge_builtin_features",
    "bridge_holding",
    "bridge_simple",
    "res_parking",
];

async fn boot(major: u32) -> Instance {
    let server = instance::server(major).await.unwrap();
    let builder = Builder::new(server).dialplan(DIALPLAN).file("res_parking.conf", PARKING);
    builder.modules(Modules::list(MODULES.iter().copied())).boot().await.unwrap()
}

async fn call(ami: &Client, from: &str, to: &str) {
    let call = Originate::to_extension(&format!("Local/{from}@default"), "default", to, 1);
    ami.originate(call).await.unwrap();
}

async fn until(live: &Live, lot: &str, condition: impl Fn(&ParkingLot) -> bool) -> State {
    let mut last = None;
    let met = live.until(|state| {
        let lot = state.parking_lots().ok().and_then(|it| it.get(lot).cloned());
        let met = lot.as_deref().is_some_and(&condition);
        last = lot;
        met
    });
    match timeout(PATIENCE, met).await {
        Ok(state) => state.unwrap(),
        Err(_) => panic!("the lot stays {last:#?}"),
    }
}

fn parked(state: &State, lot: &str) -> ParkedCall {
    let lots = state.parking_lots().unwrap();
    lots.get(lot).unwrap().calls[0].clone()
}

/// Returns what the lists say of lots and parked calls.
async fn listed(ami: &Client) -> Vec<String> {
    let text = |item: &Event, name| item.text(name).unwrap_or_default().replace("<unknown>", "");
    let lots = ami.list(Action::new("Parkinglots")).collect().await.unwrap();
    let calls = ami.list(Action::new("ParkedCalls")).collect().await.unwrap();
    let lots = lots.items.iter().map(|item| {
        ["Name", "StartSpace", "StopSpace", "Timeout"].map(|name| text(item, name)).join(",")
    });
    let calls = calls.items.iter().map(|item| {
        let names = ["Parkinglot", "ParkingSpace", "ParkeeUniqueid", "ParkeeCallerIDNum"];
        let number = |name| text(item, name).parse::<u64>().unwrap();
        let timeout = number("ParkingTimeout").wrapping_add(number("ParkingDuration"));
        let parker = text(item, "ParkerDialString");
        format!("{},{parker},{timeout}", names.map(|name| text(item, name)).join(","))
    });
    let mut all: Vec<_> = lots.chain(calls).collect();
    all.sort();
    all
}

/// Returns what the state says of lots and parked calls, in the words of the lists.
fn known(state: &State) -> Vec<String> {
    let seconds = |time: Option<Duration>| time.unwrap_or_default().as_secs();
    let mut all = Vec::new();
    for lot in state.parking_lots().unwrap().iter() {
        let spaces = lot.spaces.map(|it| (it.first, it.last, seconds(it.timeout)));
        let (first, last, timeout) = spaces.unwrap_or_default();
        all.push(format!("{},{first},{last},{timeout}", lot.name));
        for call in &lot.calls {
            let ParkedCall { space, channel, caller, parker, timeout, .. } = call;
            let (number, timeout) = (&caller.number, seconds(*timeout));
            all.push(format!("{},{space},{channel},{number},{parker},{timeout}", lot.name));
        }
    }
    all.sort();
    all
}

/// Waits until the state says what the server's lists say, which may be ahead; and compares it with
/// a state that begins now.
async fn agrees(live: &Live, ami: &Client) {
    // The lists can name a call whose end was told, but no call that was told to have left.
    let told = live.until(|state| {
        let bridges = state.bridges().unwrap().iter().filter(|it| &*it.kind == "parking");
        let mut parked: Vec<_> = bridges.flat_map(|it| it.members.clone()).collect();
        let lots = state.parking_lots().unwrap().iter();
        let mut calls: Vec<_> =
            lots.flat_map(|lot| lot.calls.iter().map(|it| it.channel.clone())).collect();
        parked.sort();
        calls.sort();
        parked == calls
    });
    timeout(PATIENCE, told).await.expect("parked calls are in a bridge").unwrap();
    let listed = listed(ami).await;
    let mut last = Vec::new();
    let agrees = live.until(|state| {
        last = known(state);
        last == listed
    });
    if timeout(PATIENCE, agrees).await.is_err() {
        panic!("the server lists {listed:#?}, the state has {last:#?}");
    }
    let other = Live::start(ami);
    assert_eq!(known(&other.current().await.unwrap()), listed);
}

/// Waits for the next change of a lot.
async fn next(changes: &mut Changes) -> What {
    loop {
        let change = changes.next().await.unwrap().unwrap();
        assert!(!change.resync, "{change:?}");
        if matches!(
            change.what,
            What::CallParked { .. }
                | What::ParkedCallSwapped { .. }
                | What::CallRetrieved { .. }
                | What::ParkingTimedOut { .. }
                | What::ParkedCallerGaveUp { .. }
                | What::ParkedCallGone { .. }
        ) {
            return change.what;
        }
    }
}

async fn parking(major: u32) {
    let instance = boot(major).await;
    let ami = instance.ami();
    let live = Live::start(ami);
    live.current().await.unwrap();
    agrees(&live, ami).await;
    let mut changes = live.changes();

    // By the dialplan; retrieved.
    call(ami, "silence", "park").await;
    let state = until(&live, "default", |lot| lot.calls.len() == 1).await;
    let call_1 = parked(&state, "default");
    assert!(matches!(next(&mut changes).await, What::CallParked { space: 701, channel, .. }
        if channel == call_1.channel));
    agrees(&live, ami).await;
    call(ami, "silence", "retrieve").await;
    let What::CallRetrieved { call: retrieved, by: Some(by), lot } = next(&mut changes).await
    else {
        panic!("not retrieved");
    };
    assert_eq!((&*lot, &retrieved.channel), ("default", &call_1.channel));
    until(&live, "default", |lot| lot.calls.is_empty()).await;
    assert_ne!(by, call_1.channel);
    name(&live, &by).await;
    agrees(&live, ami).await;

    // Into a lot that begins with the call; given up.
    call(ami, "silence", "dynamic").await;
    let state = until(&live, "dynamic", |lot| lot.calls.len() == 1 && lot.spaces.is_some()).await;
    let call_2 = parked(&state, "dynamic");
    assert!(matches!(next(&mut changes).await, What::CallParked { space: 901, .. }));
    agrees(&live, ami).await;
    let hang_up = Action::new("Hangup").field("Channel", name(&live, &call_2.channel).await);
    ami.send(hang_up).await.unwrap();
    assert!(matches!(next(&mut changes).await, What::ParkedCallerGaveUp { call, .. }
        if call.channel == call_2.channel));
    agrees(&live, ami).await;

    // Two lots, without a limit and with a short one.
    call(ami, "silence", "endless").await;
    assert!(matches!(next(&mut changes).await, What::CallParked { space: 851, .. }));
    call(ami, "silence", "short").await;
    assert!(matches!(next(&mut changes).await, What::CallParked { space: 801, .. }));
    let What::ParkingTimedOut { call: timed_out, .. } = next(&mut changes).await else {
        panic!("not timed out");
    };
    assert_eq!(timed_out.timeout, Some(Duration::from_secs(1)));
    let state = until(&live, "short", |lot| lot.calls.is_empty()).await;
    assert_eq!(parked(&state, "endless").timeout, None);
    agrees(&live, ami).await;
    end(instance).await;
}

/// Calls a party that calls another, and returns both ends of what is said, with the state.
async fn talk(live: &Live, ami: &Client) -> [String; 2] {
    call(ami, "silence", "dials").await;
    let talks = |bridge: &live::Bridge| &*bridge.kind == "basic" && bridge.members.len() == 2;
    let state = live.until(|it| it.bridges().unwrap().iter().any(|it| talks(it))).await.unwrap();
    let bridge = state.bridges().unwrap().iter().find(|it| talks(it)).unwrap();
    let channels = state.channels().unwrap();
    [0, 1].map(|at| channels.get(&bridge.members[at]).unwrap().name.to_string())
}

async fn parking_by_others(major: u32) {
    let instance = boot(major).await;
    let ami = instance.ami();
    let live = Live::start(ami);
    live.current().await.unwrap();
    let mut changes = live.changes();

    // By AMI.
    let [channel, other] = talk(&live, ami).await;
    let park = Action::new("Park").field("Channel", &channel).field("TimeoutChannel", &other);
    ami.send(park.field("Timeout", "300000")).await.unwrap();
    assert!(matches!(next(&mut changes).await, What::CallParked { space: 701, .. }));
    let state = until(&live, "default", |lot| lot.calls.len() == 1).await;
    let call_1 = parked(&state, "default");
    assert_eq!(name(&live, &call_1.channel).await, channel);
    assert_eq!(call_1.timeout, Some(Duration::from_secs(300)));
    assert_eq!(&*call_1.parker, "Local/silence@default");
    agrees(&live, ami).await;

    // By a blind transfer.
    let [channel, other] = talk(&live, ami).await;
    let transfer = Action::new("BlindTransfer").field("Channel", &channel);
    ami.send(transfer.field("Context", "parkedcalls").field("Exten", "700")).await.unwrap();
    let What::CallParked { space: 702, channel, .. } = next(&mut changes).await else {
        panic!("not parked");
    };
    until(&live, "default", |lot| lot.calls.len() == 2).await;
    assert_eq!(name(&live, &channel).await, other);
    agrees(&live, ami).await;

    // A Local channel that is optimized away.
    call(ami, "dial", "park").await;
    let What::CallParked { space: 703, channel, .. } = next(&mut changes).await else {
        panic!("not parked");
    };
    let What::ParkedCallSwapped { space: 703, from, to, .. } = next(&mut changes).await else {
        panic!("not swapped");
    };
    assert_eq!(from, channel);
    until(&live, "default", |lot| lot.call(&to).is_some()).await;
    let name = name(&live, &to).await;
    assert!(name.starts_with("Local/tone@default-"), "{name}");
    agrees(&live, ami).await;
    end(instance).await;
}

/// A channel that rings and is parked, and is picked up: another one takes its place.
async fn parking_of_what_rings(major: u32) {
    let instance = boot(major).await;
    let ami = instance.ami();
    let live = Live::start(ami);
    live.current().await.unwrap();
    let mut changes = live.changes();
    let ringing = Action::new("Originate").field("Channel", "Local/ring@default/n");
    let ringing = ringing.field("Application", "Wait").field("Data", "60");
    ami.send(ringing.field("Async", "true")).await.unwrap();
    let is_ringing = |it: &live::Channel| it.state == ChannelState::Ringing;
    let rings = |it: &State| it.channels().unwrap().iter().any(|it| is_ringing(it));
    let state = live.until(rings).await.unwrap();
    let rings = state.channels().unwrap().iter().find(|it| is_ringing(it)).unwrap();
    ami.send(Action::new("Park").field("Channel", &*rings.name)).await.unwrap();
    let What::CallParked { space: 701, channel, .. } = next(&mut changes).await else {
        panic!("not parked");
    };
    assert_eq!(channel, rings.id);
    agrees(&live, ami).await;

    call(ami, "silence", "pickup").await;
    let What::ParkedCallSwapped { space: 701, from, to, .. } = next(&mut changes).await else {
        panic!("not swapped");
    };
    assert_eq!(from, channel);
    agrees(&live, ami).await;
    let is_gone = |it: &State| !it.channels().unwrap().contains(&from);
    let state = live.until(is_gone).await.unwrap();
    let bridge = state.channels().unwrap().get(&to).unwrap().bridge.clone().unwrap();
    assert_eq!(state.bridges().unwrap().get(&bridge).unwrap().members, [Id::clone(&to)]);
    let hang_up = Action::new("Hangup").field("Channel", name(&live, &to).await);
    ami.send(hang_up).await.unwrap();
    assert!(matches!(next(&mut changes).await, What::ParkedCallerGaveUp { call, .. }
        if call.channel == to));
    agrees(&live, ami).await;
    end(instance).await;
}

/// Returns the name of a channel. The server can tell that it is parked before it tells the
/// channel.
async fn name(live: &Live, channel: &str) -> String {
    let state = live.until(|it| it.channels().unwrap().contains(channel)).await.unwrap();
    state.channels().unwrap().get(channel).unwrap().name.to_string()
}

#[tokio::test]
async fn parking_of_asterisk_22() {
    parking(22).await;
}

#[tokio::test]
async fn parking_of_asterisk_16() {
    parking(16).await;
}

#[tokio::test]
async fn parking_by_others_of_asterisk_22() {
    parking_by_others(22).await;
}

#[tokio::test]
async fn parking_by_others_of_asterisk_16() {
    parking_by_others(16).await;
}

#[tokio::test]
async fn parking_of_what_rings_of_asterisk_22() {
    parking_of_what_rings(22).await;
}

#[tokio::test]
async fn parking_of_what_rings_of_asterisk_16() {
    parking_of_what_rings(16).await;
}
