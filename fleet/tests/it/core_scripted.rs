//! The merged stream, with servers that do what no real one does on command.

use std::time::Duration;

use ami::testing::Server;
use ami::{Action, Buffer, EventMask, Filter};
use fleet::{Fleet, What};

use crate::core_kit::{AGES, Scripted, add, next, now, numbered, plain, shorts, until, what};

/// A fleet whose gaps wait this long for a number.
fn waiting(wait: Duration) -> Fleet {
    Fleet::with(fleet::Config::default().count_wait(wait))
}

#[tokio::test]
async fn the_items_of_a_server_stand_at_their_places() {
    let fleet = Fleet::new();
    let mut events = fleet.subscribe(Filter::all());
    let mut berlin = Scripted::add(&fleet, "berlin").await;
    berlin.send([numbered(7)]).await;
    let begin = ["berlin 1.1.0 Up", "berlin 1.1.1 FullyBooted", "berlin 1.1.2 7"];
    assert_eq!(shorts(&mut events, 3).await, begin);
    berlin.cut().await;
    berlin.send([numbered(10), numbered(11)]).await;
    let again = [
        "berlin 1.1.2 Down",
        "berlin 1.1.2 Gap Some(false) Some(2)",
        "berlin 1.2.0 Up",
        "berlin 1.2.1 FullyBooted",
        "berlin 1.2.2 10",
        "berlin 1.2.3 11",
    ];
    assert_eq!(shorts(&mut events, 6).await, again);
    // One who reads too late is told the same.
    berlin.through().await;
    berlin.cut().await;
    berlin.through().await;
    berlin.send([numbered(12)]).await;
    berlin.through().await;
    let late = [
        "berlin 1.2.3 Down",
        "berlin 1.2.3 Gap Some(false) Some(0)",
        "berlin 1.3.0 Up",
        "berlin 1.3.1 FullyBooted",
        "berlin 1.3.2 12",
    ];
    assert_eq!(now(&mut events), late);
    drop((fleet, berlin.member));
    let (ended, served) = tokio::join!(shorts(&mut events, 1), berlin.peer.serve());
    served.unwrap();
    assert_eq!(ended, ["berlin 1.3.2 Ended"]);
    assert_eq!(now(&mut events), ["end"]);
}

#[tokio::test]
async fn a_gap_that_waits_for_a_number_holds_up_its_own_server_alone() {
    let fleet = waiting(AGES * 10);
    let mut events = fleet.subscribe(Filter::all());
    let (mut berlin, mut tokyo) =
        (Scripted::add(&fleet, "berlin").await, Scripted::add(&fleet, "tokyo").await);
    berlin.send([numbered(5)]).await;
    until(&mut events, "5").await;
    berlin.cut().await;
    // The number of a user's own is not the server's.
    berlin.send([plain("A")]).await;
    berlin.through().await;
    tokyo.send([numbered(1)]).await;
    tokyo.through().await;
    let mut told = now(&mut events);
    told.retain(|it| !it.starts_with("tokyo 1.1.0") && !it.starts_with("tokyo 1.1.1"));
    assert_eq!(told, ["berlin 1.1.2 Down", "tokyo 1.1.2 1"]);
    berlin.send([numbered(6)]).await;
    berlin.through().await;
    let told = [
        "berlin 1.1.2 Gap Some(false) Some(0)",
        "berlin 1.2.0 Up",
        "berlin 1.2.1 FullyBooted",
        "berlin 1.2.2 A",
        "berlin 1.2.3 6",
    ];
    assert_eq!(now(&mut events), told);
}

#[tokio::test]
async fn a_gap_is_told_when_no_number_comes() {
    let fleet = waiting(Duration::from_millis(20));
    let mut events = fleet.subscribe(Filter::all());
    let mut berlin = Scripted::add(&fleet, "berlin").await;
    berlin.send([numbered(5)]).await;
    until(&mut events, "5").await;
    berlin.cut().await;
    let told = ["Down", "Gap Some(false) None", "Up", "FullyBooted"];
    assert_eq!(until(&mut events, "FullyBooted").await, told);
    // The next one counts from the last number that there was.
    berlin.cut().await;
    berlin.send([numbered(9)]).await;
    let told = ["Down", "Gap Some(false) Some(3)", "Up", "FullyBooted", "9"];
    assert_eq!(until(&mut events, "9").await, told);
}

#[tokio::test]
async fn a_gap_is_told_without_a_number_before_whatever_makes_it_unknown() {
    let fleet = waiting(AGES * 10);
    let mut events = fleet.subscribe_with(Filter::all(), Buffer::bounded(100));
    let mut berlin = Scripted::add(&fleet, "berlin").await;
    berlin.send([numbered(5)]).await;
    until(&mut events, "5").await;
    // Many events without a number.
    berlin.cut().await;
    berlin.send((0..70).map(|_| plain("A"))).await;
    berlin.through().await;
    let told = now(&mut events);
    assert_eq!(told[..2], ["berlin 1.1.2 Down", "berlin 1.1.2 Gap Some(false) None"]);
    assert_eq!((told.len(), &*told[73]), (74, "berlin 1.2.71 A"));
    // Another loss.
    berlin.send([numbered(6)]).await;
    until(&mut events, "6").await;
    berlin.cut().await;
    berlin.through().await;
    assert_eq!(now(&mut events), ["berlin 1.2.72 Down"]);
    berlin.cut().await;
    berlin.send([numbered(9)]).await;
    let told =
        ["Gap Some(false) None", "Up", "FullyBooted", "Down", "Gap Some(false) Some(2)", "Up"];
    assert_eq!(until(&mut events, "9").await[..6], told);
    // Events that were missed, behind the gap or before it.
    berlin.cut().await;
    berlin.send((0..200).map(|_| plain("A"))).await;
    berlin.through().await;
    let told = until(&mut events, "Missed 101").await;
    assert_eq!(told[..3], ["Down", "Gap Some(false) None", "Up"]);
    berlin.cut().await;
    berlin.send([numbered(20)]).await;
    assert_eq!(until(&mut events, "20").await[..2], ["Down", "Gap Some(false) None"]);
    // A server that was restarted.
    berlin.peer = {
        let restarted = berlin.server.accept_silent();
        drop(std::mem::replace(&mut berlin.peer, ami::testing::Peer::pipe().1));
        restarted.await.unwrap().script(ami::testing::Script::new().booting())
    };
    berlin.peer.log_in().await.unwrap();
    berlin.send([numbered(21)]).await;
    let told = ["berlin 1.6.2 Down", "berlin 1.6.2 Gap Some(true) None", "berlin 2.7.0 Up?"];
    assert_eq!(shorts(&mut events, 3).await, told);
}

#[tokio::test]
async fn a_gap_is_not_counted_if_the_filter_leaves_out_events() {
    let fleet = waiting(AGES * 10);
    let mut events = fleet.subscribe(Filter::named(["Numbered"]));
    let mut berlin = Scripted::add(&fleet, "berlin").await;
    berlin.send([numbered(5)]).await;
    assert_eq!(until(&mut events, "5").await, ["Up", "5"]);
    berlin.cut().await;
    let told = ["berlin 1.1.1 Down", "berlin 1.1.1 Gap Some(false) None", "berlin 1.2.0 Up"];
    assert_eq!(shorts(&mut events, 3).await, told);
}

#[tokio::test]
async fn a_loud_server_does_not_delay_a_quiet_one_or_take_its_room() {
    const MANY: usize = 5_000;
    let fleet = Fleet::new();
    let mut events = fleet.subscribe_with(Filter::named(["A"]), Buffer::bounded(MANY));
    let (mut loud, mut quiet) =
        (Scripted::add(&fleet, "loud").await, Scripted::add(&fleet, "quiet").await);
    assert_eq!(until(&mut events, "Up").await, ["Up"]);
    assert_eq!(until(&mut events, "Up").await, ["Up"]);
    let burst = plain("A").replace('\n', "\r\n") + "\r\n\r\n";
    let (member, peer) = (loud.member.clone(), &mut loud.peer);
    peer.send(burst.repeat(MANY + 100)).await.unwrap();
    peer.serve_until(member.call(Action::new("Ping"))).await.unwrap().unwrap();
    for _ in 0..10 {
        // It is the turn of the loud one.
        assert_eq!(next(&mut events).await.origin.as_str(), "loud");
        quiet.send([plain("A")]).await;
        quiet.through().await;
        let mut others = 0;
        while next(&mut events).await.origin.as_str() != "quiet" {
            others += 1;
        }
        assert!(others <= 64, "{others} items came before that of the quiet one");
    }
    let rest = until(&mut events, "Missed 100").await;
    assert!(rest.iter().filter(|it| *it == "A").count() > MANY - 11 * 65);
}

/// A subscriber whose task has used up its turn gives way, and goes on.
#[tokio::test]
async fn many_servers_are_read_in_one_task() {
    let fleet = Fleet::new();
    // A small queue is read one by one, and each of them takes from the budget of the task.
    let mut events = fleet.subscribe_with(Filter::named(["A"]), Buffer::bounded(63));
    let mut peers = Vec::new();
    for n in 0..10 {
        peers.push(Scripted::add(&fleet, &format!("pbx{n}")).await);
    }
    for peer in &mut peers {
        peer.send((0..60).map(|_| plain("A"))).await;
        peer.through().await;
    }
    let mut count = 0;
    while count < 600 {
        count += usize::from(matches!(next(&mut events).await.what, What::Event(_)));
    }
    assert!(now(&mut events).is_empty());
}

#[tokio::test]
async fn a_late_subscription_joins_in_and_a_dropped_one_leaves_nothing() {
    let fleet = Fleet::new();
    let mut berlin = Scripted::add(&fleet, "berlin").await;
    let client = berlin.member.client().clone();
    berlin.through().await;
    let mut first = fleet.subscribe(Filter::all());
    assert_eq!(shorts(&mut first, 1).await, ["berlin 1.1.0 Up"]);
    berlin.cut().await;
    berlin.through().await;
    let mut late = fleet.subscribe(Filter::named(["A"]));
    let unread = fleet.subscribe(Filter::named(["A"]));
    assert_eq!(now(&mut late), ["berlin 1.2.0 Up"]);
    berlin.send([plain("A")]).await;
    berlin.through().await;
    assert_eq!(now(&mut late), ["berlin 1.2.1 A"]);
    assert_eq!(now(&mut first).last().unwrap(), "berlin 1.2.2 A");
    assert_eq!(client.stats().subscriptions, 3);
    drop((first, late, unread));
    assert_eq!(client.stats().subscriptions, 0);
    // What was made meanwhile is not added to those that are gone.
    let tokyo = Scripted::add(&fleet, "tokyo").await;
    assert_eq!(tokyo.member.client().stats().subscriptions, 0);
}

#[tokio::test]
async fn classes_that_do_not_come_are_told_behind_the_begin() {
    let fleet = Fleet::new();
    let mut events = fleet.subscribe(Filter::named(["Hangup"]));
    let server = Server::bind().await.unwrap();
    let mask: EventMask = "user".parse().unwrap();
    let config = crate::core_kit::quick("user").event_mask(mask);
    fleet.add("berlin", &ami::Server::new(server.address().to_string(), config)).unwrap();
    let told = server.serve_until(shorts(&mut events, 2)).await.unwrap();
    assert_eq!(told, ["berlin 1.1.0 Up?", "berlin 1.1.0 Withheld [Call]"]);
}

#[tokio::test]
async fn a_server_that_refuses_the_login_ends_and_the_others_go_on() {
    let fleet = Fleet::new();
    let mut events = fleet.subscribe(Filter::all());
    let server = Server::bind().await.unwrap();
    let wrong = add(&fleet, "wrong", server.address());
    let mut peer = server.accept_silent().await.unwrap();
    peer.refuse_login("Authentication failed").await.unwrap();
    let item = next(&mut events).await;
    assert_eq!(item.origin.as_str(), "wrong");
    let What::Ended(reason) = item.what else { panic!("{item:?}") };
    assert!(format!("{reason:#}").ends_with("Authentication failed"), "{reason:#}");
    let _berlin = Scripted::add(&fleet, "berlin").await;
    assert_eq!(shorts(&mut events, 1).await, ["berlin 1.1.0 Up"]);
    // Whoever comes later is told as well.
    let mut late = fleet.subscribe(Filter::none());
    let mut told = shorts(&mut late, 2).await;
    told.sort_unstable();
    assert_eq!(told, ["berlin 1.1.0 Up", "wrong 0.0.0 Ended"]);
    assert!(wrong.call(Action::new("Ping")).await.is_err());
    assert_eq!(what(&next(&mut events).await), "FullyBooted");
}
