//! The states of a fleet of scripted servers: joins and leaves, losses, waits, and what is unknown.

use std::pin::pin;
use std::task::{Context, Waker};

use ami::testing::{Reply, Server};
use fleet::live::{Ended, Freshness, Part, StaleReason, Unknown};
use fleet::{Fleet, FleetState, Id, Origin};
use tokio::time::timeout;

use crate::core_kit::{AGES, add};
use crate::whole_kit::{
    Served, added, hangup, known, newchannel, next, script, small, taken, taken_to, until,
};

fn origin(name: &str) -> Origin {
    Origin::new(name).unwrap()
}

#[tokio::test]
async fn what_a_server_does_not_tell_is_told_and_not_left_out() {
    let refuses = script(&[]).answer("CoreShowChannels", Reply::error("No such command"));
    let servers = [Served::by(script(&["1.1", "1.2"])).await, Served::by(refuses).await];
    let fleet = Fleet::new();
    let live = fleet.live_with(small());
    assert!(live.state().is_current() && live.state().servers().len() == 0, "there is none");
    for (name, server) in ["berlin", "paris"].into_iter().zip(&servers) {
        add(&fleet, name, server.address);
    }
    // A server that is known from the moment at which it was added, and is never up.
    let silent = Server::bind().await.unwrap();
    let rome = add(&fleet, "rome", silent.address());
    let told = |state: &FleetState| {
        let all = state.channels().into_iter().map(|(origin, channel)| match channel {
            Ok(channel) => format!("{origin}/{}", channel.id),
            Err(unknown) => format!("{origin}: {unknown}"),
        });
        let mut all: Vec<_> = all.collect();
        all.sort_unstable();
        all
    };
    assert_eq!(live.state().stale().count(), 3);
    let state = live.until(|state| state.stale().count() == 1);
    let state = timeout(AGES, state).await.unwrap().unwrap();
    let refused = "the channels are not known: the list CoreShowChannels did not come";
    let expected = [
        "berlin/1.1",
        "berlin/1.2",
        &format!("paris: {refused}"),
        "rome: the channels are not known yet",
    ];
    assert_eq!(told(&state), expected);
    assert_eq!(known(&state), expected[..2]);
    let unknown: Vec<_> = state.calls().unknown().map(|(name, why)| (name, why.part())).collect();
    assert_eq!(unknown, [(&origin("paris"), Part::Channels), (&origin("rome"), Part::Channels)]);
    let (stale, freshness) = state.stale().next().unwrap();
    assert!(*stale == origin("rome") && matches!(freshness, Freshness::Loading), "{freshness:?}");
    // By identifier.
    let get = |id: &str| state.channels().get(&id.parse().unwrap());
    assert_eq!(&*get("berlin/1.2").unwrap().unwrap().name, "SIP/1.2");
    assert!(get("berlin/1.3").unwrap().is_none() && get("oslo/1.1").unwrap().is_none());
    assert!(matches!(get("paris/1.1"), Err(Unknown::Failed { .. })));
    // Nobody waits for a server that was removed.
    let (current, ()) = tokio::join!(live.current(), async { assert!(fleet.remove("rome")) });
    assert_eq!(current.unwrap().servers().len(), 2);
    until(&rome, ami::State::is_closed).await;
}

#[tokio::test]
async fn servers_that_join_and_leave_are_told_with_all_their_changes_between() {
    let fleet = Fleet::new();
    let live = fleet.live_with(small());
    let mut changes = live.changes();
    let berlin = Served::by(script(&["1.1"])).await;
    added(&fleet, "berlin", berlin.address).await;
    assert_eq!(
        taken_to(&mut changes, "berlin current").await,
        ["berlin joined", "berlin +1.1", "berlin current"]
    );
    // A second watcher begins with what is there.
    let (state, mut late) = live.watch();
    assert_eq!(known(&state), ["berlin/1.1"]);
    // The name goes to another server, before anybody has looked.
    let other = Served::by(script(&["2.2"])).await;
    assert!(fleet.remove("berlin"));
    add(&fleet, "berlin", other.address);
    for changes in [&mut changes, &mut late] {
        let told = taken_to(changes, "berlin current").await;
        let [ended, rest @ ..] = &told[..] else { panic!("{told:?}") };
        assert!(ended.starts_with("berlin stale: the "), "{ended}");
        assert_eq!(rest, ["berlin left", "berlin joined", "berlin +2.2", "berlin current"]);
    }
    assert_eq!(known(&live.state()), ["berlin/2.2"]);
    assert!(fleet.remove("berlin"));
    let told = taken_to(&mut changes, "berlin left").await;
    assert_eq!(told.len(), 2, "{told:?}");
    assert_eq!(live.state().servers().len(), 0);
    assert!(taken(&mut changes).is_empty());
    // The watcher does not keep the states alive.
    drop((live, fleet));
    assert_eq!(next(&mut changes).await, None);
}

#[tokio::test]
async fn changes_have_their_server_and_the_order_of_it_and_say_what_is_missing() {
    let fleet = Fleet::new();
    let servers = [Server::bind().await.unwrap(), Server::bind().await.unwrap()];
    let mut peers = Vec::new();
    for (name, server) in ["berlin", "paris"].into_iter().zip(servers) {
        let server = server.script(script(&[]));
        add(&fleet, name, server.address());
        peers.push(server.accept().await.unwrap());
    }
    let [berlin, paris] = &mut peers[..] else { panic!() };
    let live = fleet.live_with(small().changes(100));
    berlin.serve_until(paris.serve_until(live.current())).await.unwrap().unwrap().unwrap();
    let mut changes = live.changes();
    // Each channel makes four changes, those of its call among them.
    for call in 0..40 {
        berlin.event(newchannel(&format!("1.{call}"))).await.unwrap();
    }
    paris.event(newchannel("7.1")).await.unwrap();
    paris.event(hangup("7.1")).await.unwrap();
    let done = live.until(|state| state.channels().known().count() == 40);
    timeout(AGES, done).await.unwrap().unwrap();
    let told = taken(&mut changes);
    let of = |name: &str| {
        let of = told.iter().filter_map(|it| it.strip_prefix(name));
        of.map(str::to_owned).collect::<Vec<_>>()
    };
    let [missed, rest @ ..] = &of("berlin ")[..] else { panic!("{told:?}") };
    assert_eq!(missed, "missed 60");
    let last: Vec<_> = (15..40).map(|call| format!("+1.{call}")).collect();
    assert_eq!(rest, last);
    assert_eq!(of("paris "), ["+7.1", "-7.1"]);
}

#[tokio::test]
async fn a_wait_sees_every_server_also_one_that_is_added_meanwhile() {
    let fleet = Fleet::new();
    let live = fleet.live_with(small());
    let quiet = Served::by(script(&[])).await;
    added(&fleet, "berlin", quiet.address).await;
    live.current().await.unwrap();
    let find = |id: &'static str| {
        live.find(move |state| {
            let (origin, channel) = state.channels().known().find(|(_, it)| &*it.id == id)?;
            Some(Id::new(origin, channel.id.clone()))
        })
    };
    let mut found = pin!(find("1.1"));
    assert!(found.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    let server = Server::bind().await.unwrap().script(script(&[]));
    add(&fleet, "paris", server.address());
    let mut peer = server.accept().await.unwrap();
    peer.serve_until(live.current()).await.unwrap().unwrap();
    peer.event(newchannel("1.1")).await.unwrap();
    let id = timeout(AGES, found).await.unwrap().unwrap();
    assert_eq!(id.to_string(), "paris/1.1");
    // Handles by identifier.
    let (call, channel) = (live.call(&id).unwrap(), live.channel(&id).unwrap());
    peer.event(hangup("1.1")).await.unwrap();
    let (call, channel) = tokio::join!(call.ended(), channel.ended());
    assert_eq!((&*call.unwrap().id, &*channel.unwrap().0.id), ("1.1", "1.1"));
    assert!(live.call(&"oslo/1.1".parse().unwrap()).is_err());
    assert!(live.server("PARIS").is_ok() && live.server("oslo").is_err());
}

#[tokio::test]
async fn a_wait_ends_when_no_server_is_followed_any_more() {
    let refuses = Served::by(script(&[]).refuse_login("Authentication failed")).await;
    let works = Served::by(script(&["1.1"])).await;
    let fleet = Fleet::new();
    let live = fleet.live_with(small());
    add(&fleet, "berlin", works.address);
    add(&fleet, "paris", refuses.address);
    let ended = timeout(AGES, live.current()).await.unwrap().unwrap_err();
    let [(name, Ended::Client(_))] = &ended.servers[..] else { panic!("{ended:?}") };
    assert_eq!(*name, origin("paris"));
    assert_eq!(ended.to_string(), "no longer followed: paris (the client has ended)");
    // The other one can still do what is waited for.
    let found = live.until(|state| known(state) == ["berlin/1.1"]);
    timeout(AGES, found).await.unwrap().unwrap();
    let never = live.until(|_| false);
    let berlin = fleet.server("berlin").unwrap();
    let (never, closed) = tokio::join!(timeout(AGES, never), berlin.client().close());
    closed.unwrap();
    assert_eq!(never.unwrap().unwrap_err().servers.len(), 2);
    let state = live.state();
    assert!(state.stale().all(|(_, it)| matches!(it.stale(), Some(StaleReason::Ended(_)))));
    // An empty fleet waits for servers.
    assert!(fleet.remove("berlin") && fleet.remove("paris"));
    let mut waits = pin!(live.until(|state| state.servers().len() > 0));
    assert!(waits.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    add(&fleet, "berlin", works.address);
    timeout(AGES, waits).await.unwrap().unwrap();
}

#[tokio::test]
async fn the_last_handle_ends_the_states_and_nothing_is_left() {
    let server = Served::by(script(&["1.1"])).await;
    let fleet = Fleet::new();
    let member = added(&fleet, "berlin", server.address).await;
    let before = member.client().stats().subscriptions;
    let live = fleet.live_with(small());
    live.current().await.unwrap();
    let (clone, mut changes) = (live.clone(), live.changes());
    assert!(member.client().stats().subscriptions > before);
    drop(live);
    assert!(clone.state().is_current());
    drop(clone);
    let stopped = "berlin stale: the task that keeps the state was stopped";
    assert_eq!(next(&mut changes).await.as_deref(), Some(stopped));
    assert_eq!(next(&mut changes).await, None);
    let gone = async {
        while member.client().stats().subscriptions > before {
            tokio::task::yield_now().await;
        }
    };
    timeout(AGES, gone).await.unwrap();
}
