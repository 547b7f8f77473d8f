//! Actions on calls.

use std::borrow::Cow;
use std::time::Duration;

use ami::{Action, Cause, Client, Error, Subscription, action, event};

use super::{Halves, call, of, until};

pub(super) async fn effects(client: &Client) {
    tokio::join!(
        hung_up(client),
        variables(client),
        redirected(client),
        bridged(client),
        transferred(client),
        attended(client),
        parked(client),
        recorded(client),
        optimized(client),
    );
}

/// Calls a number that dials another, and waits until both are in a bridge.
async fn pair(client: &Client, name: &str) -> Halves {
    let mut enters = client.subscribe_to::<event::BridgeEnter>();
    let halves = call(client, "dial", name).await;
    both(&mut enters, |it| of(it.channel(), &halves.second)).await;
    halves
}

/// Waits until such a channel is in a bridge with another.
async fn both(
    enters: &mut Subscription<event::BridgeEnter>,
    is_one: impl Fn(&event::BridgeEnter) -> bool,
) {
    let mut bridges = Vec::new();
    let mut full = Vec::new();
    until(enters, |it| {
        let bridge = it.bridge_unique_id().map(Cow::into_owned);
        if is_one(it) {
            bridges.push(bridge.clone());
        }
        if it.bridge_num_channels().unwrap() == Some(2) {
            full.push(bridge);
        }
        bridges.iter().any(|bridge| full.contains(bridge))
    })
    .await;
}

async fn hung_up(client: &Client) {
    let Halves { first, .. } = call(client, "answer", "effect-hangup").await;
    let up = client.call(action::CoreShowChannels::new()).await.unwrap();
    assert!(up.items.iter().any(|it| of(it.channel(), &first)));
    let mut gone = client.subscribe_to::<event::Hangup>();
    client.call(action::Hangup::new(&first).cause(17)).await.unwrap();
    let gone = until(&mut gone, |it| of(it.channel(), &first)).await;
    assert_eq!(gone.cause().unwrap().map(Cause::number), Some(17));
}

async fn variables(client: &Client) {
    let Halves { first, second } = call(client, "answer", "effect-variables").await;
    let mut set = client.subscribe_to::<event::VarSet>();
    client.call(action::Setvar::new("TASTE", "sweet \"and\" sour").channel(&first)).await.unwrap();
    let set = until(&mut set, |it| it.variable().as_deref() == Some("TASTE")).await;
    assert_eq!(set.value().as_deref(), Some("sweet \"and\" sour"));
    let get = action::Getvar::new("TASTE").channel(&first);
    let got = client.call(get).await.unwrap();
    assert_eq!(got.text("Value").as_deref(), Some("sweet \"and\" sour"));

    let limit = Duration::from_secs(500);
    client.call(action::AbsoluteTimeout::new(&first, limit)).await.unwrap();
    let left = action::Getvar::new("TIMEOUT(absolute)").channel(&first);
    let left = client.call(left).await.unwrap();
    assert!(left.text("Value").unwrap().starts_with("49"), "{left:?}");

    let mut end = client.subscribe_to::<event::DTMFEnd>();
    client.call(action::PlayDTMF::new(&first, "7")).await.unwrap();
    let end = until(&mut end, |it| of(it.channel(), &second)).await;
    assert_eq!(end.digit().as_deref(), Some("7"));
    client.call(action::SendText::new(&first, "hello")).await.unwrap();
    client.call(action::Hangup::new(&first)).await.unwrap();
}

async fn redirected(client: &Client) {
    let Halves { first, second } = call(client, "answer", "effect-redirect").await;
    let mut moved = client.subscribe_to::<event::Newexten>();
    client.call(action::Redirect::new(&second, "moved", "default", "1")).await.unwrap();
    let is_it = |it: &event::Newexten| {
        of(it.channel(), &second) && it.extension().as_deref() == Some("moved")
    };
    until(&mut moved, is_it).await;
    client.call(action::Hangup::new(&first)).await.unwrap();
}

async fn bridged(client: &Client) {
    let one = call(client, "answer", "effect-bridge-1").await;
    let two = call(client, "answer", "effect-bridge-2").await;
    let mut enters = client.subscribe_to::<event::BridgeEnter>();
    client.call(action::Bridge::new(&one.second, &two.second)).await.unwrap();
    let is_second = |it: &event::BridgeEnter| {
        it.bridge_num_channels().unwrap() == Some(2)
            && (of(it.channel(), &one.second) || of(it.channel(), &two.second))
    };
    until(&mut enters, is_second).await;
    let mut leaves = client.subscribe_to::<event::BridgeLeave>();
    client.call(action::BridgeKick::new(&one.second)).await.unwrap();
    until(&mut leaves, |it| of(it.channel(), &one.second)).await;
    // The bridge may have ended, and both with it.
    let _ = client.call(action::Hangup::new(&one.first)).await;
    let _ = client.call(action::Hangup::new(&two.first)).await;
}

async fn transferred(client: &Client) {
    let Halves { second, .. } = pair(client, "effect-transfer").await;
    let mut told = client.subscribe_to::<event::BlindTransfer>();
    let to = action::BlindTransfer::new(&second, "203").context("default");
    client.call(to).await.unwrap();
    let told = until(&mut told, |it| of(it.transferer().channel(), &second)).await;
    assert_eq!(told.extension().as_deref(), Some("203"));
    assert_eq!(told.is_external().unwrap(), Some(true));
    let transferee = told.transferee().channel().unwrap().to_string();
    client.call(action::Hangup::new(transferee)).await.unwrap();
}

/// The server queues the digits of a transfer. A busy one can lose some of them, but the first.
async fn attended(client: &Client) {
    let Halves { first, second } = pair(client, "effect-attended").await;
    let mut end = client.subscribe_to::<event::DTMFEnd>();
    client.call(action::Atxfer::new(&second, "204").context("default")).await.unwrap();
    let is_code =
        |it: &event::DTMFEnd| of(it.channel(), &second) && it.digit().as_deref() == Some("4");
    until(&mut end, is_code).await;
    client.call(action::Hangup::new(&first)).await.unwrap();
}

async fn parked(client: &Client) {
    let Halves { first, second } = call(client, "answer", "effect-park").await;
    let mut told = client.subscribe_to::<event::ParkedCall>();
    client.call(action::Park::new(&second).parkinglot("long")).await.unwrap();
    let told = until(&mut told, |it| of(it.parkee().channel(), &second)).await;
    let parked = client.call(action::ParkedCalls::new()).await.unwrap();
    let space = told.parking_space();
    assert!(parked.items.iter().any(|it| it.parking_space() == space), "{parked:?}");
    client.call(action::Hangup::new(&first)).await.unwrap();
}

async fn recorded(client: &Client) {
    let Halves { first, second } = call(client, "answer", "effect-record").await;
    let mut begin = client.subscribe_to::<event::MixMonitorStart>();
    let mut muted = client.subscribe_to::<event::MixMonitorMute>();
    let mut end = client.subscribe_to::<event::MixMonitorStop>();
    client.call(action::MixMonitor::new(&second).file("effect.wav")).await.unwrap();
    until(&mut begin, |it| of(it.channel(), &second)).await;
    for given in [&[][..], &[("Direction", "read")], &[("State", "1")]] {
        let mute = Action::new("MixMonitorMute").field("Channel", &second);
        let mute = given.iter().fold(mute, |mute, (name, value)| mute.field(name, value));
        assert!(matches!(client.call(mute).await, Err(Error::Rejected(_))), "{given:?}");
    }
    let mute = action::MixMonitorMute::new(&second, "read", true);
    client.call(mute).await.unwrap();
    until(&mut muted, |it| of(it.channel(), &second)).await;
    client.call(action::StopMixMonitor::new(&second)).await.unwrap();
    until(&mut end, |it| of(it.channel(), &second)).await;
    client.call(action::Hangup::new(&first)).await.unwrap();
}

/// A Local channel between two bridges that stays there until it may get out of the way.
async fn optimized(client: &Client) {
    let mut enters = client.subscribe_to::<event::BridgeEnter>();
    let Halves { first, .. } = call(client, "chain-fixed", "effect-optimize").await;
    let link = until(&mut enters, |it| {
        it.channel()
            .is_some_and(|it| it.as_str().starts_with("Local/link@") && it.as_str().ends_with(";1"))
    });
    let link = link.await.channel().unwrap().to_string();
    let mut end = client.subscribe_to::<event::LocalOptimizationEnd>();
    let mut gone = client.subscribe_to::<event::Hangup>();
    client.call(action::LocalOptimizeAway::new(&link)).await.unwrap();
    // The server says that this had no success, but the channel is gone.
    until(&mut end, |it| of(it.local_one().channel(), &link)).await;
    until(&mut gone, |it| of(it.channel(), &link)).await;
    client.call(action::Hangup::new(&first)).await.unwrap();
}
