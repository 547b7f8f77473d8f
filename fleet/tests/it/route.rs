//! The choice of a server for a call, and actions on each server, with scripted servers.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use ami::testing::{Reply, Script, Server};
use ami::{Action, Error, State};
use fleet::{Fleet, Member, Route, Unfit};
use tokio::time::timeout;

use crate::core_kit::{AGES, add};
use crate::whole_kit::{Served, added, script, small, until};

/// A server with a number of channels that a test can change.
async fn counting(fleet: &Fleet, name: &str, channels: u64) -> (Served, Arc<AtomicU64>) {
    let number = Arc::new(AtomicU64::new(channels));
    let theirs = Arc::clone(&number);
    let script = Script::new().answer_with("CoreStatus", move |_| {
        Reply::success().field("CoreCurrentCalls", theirs.load(Ordering::SeqCst).to_string())
    });
    let server = Served::by(script).await;
    added(fleet, name, server.address).await;
    (server, number)
}

async fn route(fleet: &Fleet, route: Route<'_>) -> String {
    let routed = timeout(AGES, fleet.route(route)).await.unwrap();
    routed.unwrap().origin().to_string()
}

fn counts(chosen: impl IntoIterator<Item = String>) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    chosen.into_iter().for_each(|name| *counts.entry(name).or_default() += 1);
    counts
}

#[tokio::test]
async fn many_calls_at_once_are_spread_evenly() {
    let fleet = Fleet::new();
    let names = ["a", "b", "c", "d"];
    let mut servers = Vec::new();
    for name in names {
        servers.push(counting(&fleet, name, 7).await);
    }
    let even: BTreeMap<_, _> = names.map(|name| (name.to_owned(), 25)).into();
    // None of the calls shows in the numbers of the servers yet.
    let calls: Vec<_> = (0..100)
        .map(|_| {
            let fleet = fleet.clone();
            tokio::spawn(async move { route(&fleet, Route::LeastCalls).await })
        })
        .collect();
    let mut chosen = Vec::new();
    for call in calls {
        chosen.push(call.await.unwrap());
    }
    assert_eq!(counts(chosen), even);
    // One after another, with the calls of before.
    let mut chosen = Vec::new();
    for _ in 0..100 {
        let name = route(&fleet, Route::LeastCalls).await;
        let at = names.iter().position(|it| *it == name).unwrap();
        servers[at].1.fetch_add(1, Ordering::SeqCst);
        chosen.push(name);
    }
    assert_eq!(counts(chosen), even);
}

#[tokio::test]
async fn the_server_with_the_fewest_calls_is_chosen_whether_or_not_they_show_already() {
    for shows in [true, false] {
        let fleet = Fleet::new();
        let (_busy, _) = counting(&fleet, "busy", 10).await;
        let (_idle, number) = counting(&fleet, "idle", 0).await;
        let mut chosen = Vec::new();
        for _ in 0..20 {
            let name = route(&fleet, Route::LeastCalls).await;
            if shows && name == "idle" {
                number.fetch_add(1, Ordering::SeqCst);
            }
            chosen.push(name);
        }
        assert!(chosen[..10].iter().all(|it| it == "idle"), "{chosen:?}");
        let even = [("busy".to_owned(), 5), ("idle".to_owned(), 5)].into();
        assert_eq!(counts(chosen.split_off(10)), even, "shows: {shows}");
    }
}

#[tokio::test]
async fn a_choice_by_number_counts_in_the_turn_but_its_number_does_not() {
    let fleet = Fleet::new();
    let mut servers = Vec::new();
    for (name, channels) in [("a", 0), ("b", 100), ("c", 100)] {
        servers.push(counting(&fleet, name, channels).await);
    }
    for _ in 0..5 {
        assert_eq!(route(&fleet, Route::LeastCalls).await, "a");
    }
    for name in ["b", "c", "a", "b", "c", "a"] {
        assert_eq!(route(&fleet, Route::RoundRobin).await, name);
    }
}

#[tokio::test]
async fn a_server_that_tells_no_number_is_not_chosen() {
    let fleet = Fleet::new();
    let error = |fleet: &Fleet| {
        let fleet = fleet.clone();
        async move { fleet.route(Route::LeastCalls).await.unwrap_err() }
    };
    let silent = Script::new().answer("CoreStatus", Reply::none());
    let silent = Served::by(silent).await;
    added(&fleet, "silent", silent.address).await;
    let refuses = Served::by(Script::new().answer("CoreStatus", Reply::error("no"))).await;
    added(&fleet, "refuses", refuses.address).await;
    let empty = Served::by(Script::new().answer("CoreStatus", Reply::success())).await;
    added(&fleet, "empty", empty.address).await;
    let none = timeout(AGES, error(&fleet)).await.unwrap();
    let names: Vec<_> = none.servers.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["empty", "refuses", "silent"]);
    assert!(matches!(
        none.servers.iter().map(|(_, why)| why).collect::<Vec<_>>()[..],
        [
            Unfit::NoNumber,
            Unfit::Uncounted(Error::Rejected(_)),
            Unfit::Uncounted(Error::Timeout { .. })
        ]
    ));
    // Each choice would wait a second for it.
    assert!(fleet.remove("silent"));
    let (_works, _) = counting(&fleet, "works", 1000).await;
    assert_eq!(route(&fleet, Route::LeastCalls).await, "works");
}

#[tokio::test]
async fn servers_that_are_followed_are_not_asked() {
    let asked = Arc::new(AtomicU64::new(0));
    let of_server = |ids| {
        let asked = Arc::clone(&asked);
        script(ids).answer_with("CoreStatus", move |_| {
            asked.fetch_add(1, Ordering::SeqCst);
            Reply::success().field("CoreCurrentCalls", "0")
        })
    };
    let servers =
        [Served::by(of_server(&["1.1", "1.2"])).await, Served::by(of_server(&["2.1"])).await];
    let fleet = Fleet::new();
    for (name, server) in ["a", "b"].into_iter().zip(&servers) {
        added(&fleet, name, server.address).await;
    }
    let live = fleet.live_with(small());
    live.current().await.unwrap();
    assert_eq!(route(&fleet, Route::LeastCalls).await, "b");
    assert_eq!(asked.load(Ordering::SeqCst), 0);
    drop(live);
    assert_eq!(route(&fleet, Route::LeastCalls).await, "a", "it has not had one, and says 0");
    assert_eq!(asked.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn servers_are_taken_in_turn_if_they_are_up_and_admitted() {
    let fleet = Fleet::new();
    let none = fleet.route(Route::RoundRobin).await.unwrap_err();
    assert_eq!(none.to_string(), "no server is up: the fleet has none");
    let mut servers = Vec::new();
    for name in ["a", "b", "c"] {
        let server = Served::by(Script::new()).await;
        added(&fleet, name, server.address).await;
        servers.push(server);
    }
    let never = Server::bind().await.unwrap();
    add(&fleet, "down", never.address());
    let mut chosen = String::new();
    let not_b = |it: &Member| it.origin().as_str() != "b";
    for _ in 0..3 {
        for _ in 0..2 {
            chosen += &route(&fleet, Route::RoundRobin).await;
        }
        chosen += &route(&fleet, Route::Where(&not_b)).await;
    }
    // Two who take turns do not disturb each other: all get their share.
    assert_eq!(chosen, "abcabcabc");
    let mut chosen = String::new();
    for _ in 0..4 {
        chosen += &route(&fleet, Route::Where(&not_b)).await;
    }
    assert_eq!(chosen, "acac");
    let admits_none = fleet.route(Route::Where(&|_| false)).await.unwrap_err();
    assert_eq!(
        admits_none.to_string(),
        "no server is up: a is up, but not admitted; b is up, but not admitted; c is up, but not \
         admitted; down is connecting"
    );
    fleet.remove("down");
    for name in ["a", "b", "c"] {
        let member = fleet.server(name).unwrap();
        drop(servers.remove(0));
        until(&member, |state| matches!(state, State::Down(_))).await;
    }
    let none = fleet.route(Route::LeastCalls).await.unwrap_err();
    assert_eq!(none.servers.len(), 3);
    let down = |why: &Unfit| matches!(why, Unfit::NotUp(State::Down(_) | State::Connecting));
    assert!(none.servers.iter().all(|(_, why)| down(why)), "{none}");
}

#[tokio::test]
async fn each_server_has_one_result_and_none_waits_for_a_slow_one_beyond_the_limit() {
    let fleet = Fleet::new();
    let answers = Script::new()
        .answer("Ping", Reply::success().field("Ping", "Pong"))
        .answer("QueueStatus", Reply::list(["Event: QueueParams\nQueue: sales"]));
    // A list that begins and does not end.
    let begun = Reply::success().field("EventList", "start");
    let begun = begun.event("QueueParams").field("Queue", "sales").then_stall();
    let silent = Script::new().answer("Ping", Reply::none()).answer("QueueStatus", begun);
    let (answers, silent) = (Served::by(answers).await, Served::by(silent).await);
    added(&fleet, "works", answers.address).await;
    added(&fleet, "stalls", silent.address).await;
    let never = Server::bind().await.unwrap();
    add(&fleet, "connects", never.address());
    let gone = add(&fleet, "gone", never.address());
    gone.client().close().await.unwrap();
    let limit = Duration::from_millis(100);
    let results = timeout(AGES, fleet.each(Action::new("Ping"), limit)).await.unwrap();
    let names: Vec<_> = results.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["connects", "gone", "stalls", "works"]);
    let results: Vec<_> = results.into_iter().map(|(_, result)| result).collect();
    let [Err(connects), Err(gone), Err(stalls), Ok(works)] = &results[..] else {
        panic!("{results:?}")
    };
    assert!(!connects.may_have_been_executed() && !gone.may_have_been_executed());
    assert!(matches!(gone, Error::Disconnected { .. }), "{gone:?}");
    assert!(stalls.is_timeout() && stalls.may_have_been_executed(), "{stalls:?}");
    assert_eq!(works.text("Ping").as_deref(), Some("Pong"));
    let list = ami::action::QueueStatus::new();
    let results = timeout(AGES, fleet.each(list, limit)).await.unwrap();
    let stalls = results[2].1.as_ref().unwrap_err();
    assert!(stalls.is_timeout() && stalls.may_have_been_executed(), "{stalls:?}");
    assert_eq!(results[3].1.as_ref().unwrap().items.len(), 1);
    assert!(results[..2].iter().all(|(_, it)| it.is_err()), "{results:?}");
}
