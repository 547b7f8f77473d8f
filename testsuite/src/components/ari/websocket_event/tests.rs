//! Tests of the module without a server.

use std::sync::Arc;

use super::*;
use crate::case::alone::{Alone, section};
use crate::components::ari::peer::{Peer, event};
use crate::job::{Account, Outcome};

/// Tells the module of events whose requests are answered so, and judges.
async fn played(yaml: &str, answers: &[(u16, &str)], events: &[&str]) -> (Account, Vec<String>) {
    let built = build(&section(yaml)).unwrap_or_else(|error| panic!("{yaml}: {error:#}"));
    let (alone, mut requests) = (Alone::new(0).await, Vec::new());
    alone.add("ari.WebSocketEventModule", built, false);
    let account = alone
        .play(async |alone| {
            let mut peer = Peer::answering(&alone.test, answers).await;
            for json in events {
                alone.test.tell_of_ari(event(json)).await;
                // Whatever the event caused was answered before.
                while !peer.no_request() {
                    requests.push(peer.request().await);
                }
                requests.push(String::new());
            }
        })
        .await;
    (account, requests)
}

fn told(account: &Account) -> String {
    let all = account.reasons.iter().flat_map(|it| [&it.what].into_iter().chain(&it.details));
    all.map(String::as_str).collect::<Vec<_>>().join(" | ")
}

const START: &str = r#"{"type": "StasisStart", "args": ["hello"], "channel": {"id": "c1"}}"#;
const END: &str = r#"{"type": "StasisEnd", "channel": {"id": "c1"}}"#;
const ODD: &str =
    r#"{"error": "InvalidMessage: Stasis message failed validation", "application": "a"}"#;

#[tokio::test]
async fn events_are_counted_and_the_test_passes_or_fails() {
    for (event, came, outcome, why) in [
        ("conditions: {match: {type: StasisStart}}", [1, 0], Outcome::Passed, ""),
        ("conditions: {match: {type: StasisStart}}", [2, 1], Outcome::Passed, ""),
        ("conditions: {match: {type: Stasis}}", [1, 1], Outcome::Passed, ""),
        ("conditions: {}", [0, 1], Outcome::Passed, ""),
        (
            "conditions: {match: {type: StasisStart}}, count: 1",
            [2, 0],
            Outcome::Failed,
            "test-config.yaml:1: StasisStart came 2 times, expected 1 | one too many: StasisStart channel.id=c1 args=[\"hello\"]",
        ),
        (
            "conditions: {match: {type: StasisStart, args: [bye]}}",
            [1, 1],
            Outcome::Failed,
            "test-config.yaml:1: StasisStart with args[0] \"bye\" came never, expected at least 1 | nearest: StasisStart channel.id=c1 args=[\"hello\"]: args[0] is \"hello\", expected to match \"bye\"",
        ),
        (
            "conditions: {match: {type: 'Stasis.*', channel: {id: c2}}}",
            [1, 0],
            Outcome::Failed,
            "event of the type \"Stasis.*\" with channel.id \"c2\" came never",
        ),
        (
            "conditions: {match: {type: StasisStart, channel: {id: c2}}}",
            [0, 1],
            Outcome::Failed,
            "StasisStart with channel.id \"c2\" came never, expected at least 1 | no other StasisStart came",
        ),
        ("conditions: {match: {type: StasisStart}}, count: '<1'", [0, 1], Outcome::Passed, ""),
        ("conditions: {match: {type: StasisStart}}, count: '>2'", [2, 0], Outcome::Passed, ""),
        (
            "conditions: {match: {type: StasisStart}}, count: '>2'",
            [1, 0],
            Outcome::Failed,
            "StasisStart came once, expected at least 2",
        ),
        (
            "conditions: {match: {type: Stasis}, nomatch: {channel: {id: 'c1$'}}}",
            [1, 0],
            Outcome::Failed,
            "Stasis, but not channel.id \"c1$\" came never, expected at least 1 | nearest: StasisStart channel.id=c1 args=[\"hello\"]: channel.id \"c1$\" is excluded",
        ),
        ("conditions: {nomatch: {type: StasisEnd}}, count: 2", [2, 3], Outcome::Passed, ""),
    ] {
        let yaml = format!("events: [{{{event}}}]");
        let events = [vec![START; came[0]], vec![END; came[1]]].concat();
        let (account, _) = played(&yaml, &[], &events).await;
        assert_eq!(account.outcome, outcome, "{event} {came:?}: {}", told(&account));
        assert!(told(&account).contains(why), "{event}: {}", told(&account));
    }
}

#[tokio::test]
async fn each_event_goes_through_all_and_its_requests_are_answered_in_their_order() {
    let yaml = "events:
  - {conditions: {match: {type: Stasis}}, requests: {method: get, uri: 'one/{channel.id}', instance: 2}}
  - conditions: {match: {type: StasisStart}}
    requests: [{method: get, uri: two, expect: 200}, {method: get, uri: 'three/{type}'}]";
    let (account, requests) = played(yaml, &[(200, ""); 3], &[START, END]).await;
    let expected = ["GET /ari/two", "GET /ari/three/StasisStart", "", "GET /ari/one/c1", ""]
        .map(str::to_owned);
    assert_eq!(requests, expected);
    assert_eq!(account.outcome, Outcome::Passed, "{}", told(&account));
}

#[tokio::test]
async fn a_request_that_fails_fails_the_test_and_leaves_out_nothing() {
    let yaml = "events: [{conditions: {match: {type: Stasis}}, count: 1, requests: [{method: get, uri: one}, {method: get, uri: two}, {method: get, uri: '{bridge.id}'}]}]";
    let (account, requests) = played(yaml, &[(404, ""), (200, "")], &[START]).await;
    assert_eq!(requests, ["GET /ari/one", "GET /ari/two", ""].map(str::to_owned));
    assert_eq!(account.outcome, Outcome::Failed);
    let told = told(&account);
    assert!(told.contains("GET one answered 404 (Not Found), expected a success"), "{told}");
    assert!(
        told.contains(
            "GET {bridge.id} was not sent: `{bridge.id}` has no value in the event StasisStart"
        ),
        "{told}"
    );
}

#[tokio::test]
async fn an_event_that_the_server_finds_invalid_fails_the_test() {
    let yaml = "events: [{conditions: {match: {type: Stasis}}}]";
    let (account, _) = played(yaml, &[], &[START, ODD]).await;
    assert_eq!(account.outcome, Outcome::Failed);
    let told = told(&account);
    let why = "test-config.yaml:1: Asterisk could not validate one of its own events | {\"error\"";
    assert!(told.starts_with(why), "{told}");
}

#[tokio::test]
async fn what_one_event_causes_is_done_before_the_next_comes() {
    let yaml =
        "events: [{conditions: {match: {type: Stasis}}, requests: {method: get, uri: '{type}'}}]";
    let (alone, other) = (Alone::new(0).await, Arc::new(std::sync::Mutex::new(Vec::new())));
    alone.add("one", build(&section(yaml)).unwrap(), false);
    alone.add("two", Box::new(Notes(Arc::clone(&other))), false);
    alone
        .play(async |alone| {
            let mut peer = Peer::answering(&alone.test, &[]).await;
            let told = async {
                alone.test.tell_of_ari(event(START)).await;
                alone.test.tell_of_ari(event(END)).await;
            };
            let asked = async {
                for _ in 0..2 {
                    let request = peer.request().await;
                    other.lock().unwrap().push(request);
                }
            };
            tokio::join!(told, asked);
        })
        .await;
    let expected = ["GET /ari/StasisStart", "StasisStart", "GET /ari/StasisEnd", "StasisEnd"];
    assert_eq!(*other.lock().unwrap(), expected);
}

/// Notes the events that it hears of.
struct Notes(Arc<std::sync::Mutex<Vec<String>>>);

impl crate::case::Watcher for Notes {
    fn see(&mut self, what: &Happening, _: &TestCase) {
        if let Happening::Ari(event, _) = what {
            self.0.lock().unwrap().push(event.kind().to_owned());
        }
    }
}

#[test]
fn what_python_has_to_do_or_cannot_be_right_is_refused() {
    for (yaml, unsupported, why) in [
        ("{}", false, "test-config.yaml:1: expected `events:`, a list"),
        ("{events: []}", false, "found an empty one"),
        ("{events: {conditions: {}}}", false, "events: expected a list, found a mapping"),
        ("{events: [{count: 1}]}", false, "expected `conditions:`"),
        ("{events: [{conditions: [a]}]}", false, "expected `conditions:`"),
        ("{events: [{conditions: {match: a}}]}", false, "match is a value, expected the keys"),
        ("{events: [{conditions: {}, count: x}]}", false, "count is \"x\""),
        ("{events: [{conditions: {match: {type: '('}}}]}", false, "the expression cannot be used"),
        (
            "{events: [{conditions: {}, callback: {module: own, method: see}}]}",
            true,
            "needs the Python callback own.see",
        ),
    ] {
        let error = build(&section(yaml)).err().unwrap_or_else(|| panic!("{yaml} was built"));
        assert_eq!(error.is_unsupported(), unsupported, "{yaml}: {error:#}");
        assert!(error.to_string().contains(why), "{yaml}: {error:#}");
    }
}

#[test]
fn a_value_for_what_is_an_object_is_warned_of() {
    let section = section("{events: [{conditions: {match: {channel: c1, bridge: ~, type: 1.5}}}]}");
    build(&section).unwrap();
    let warnings: Vec<_> = section.warnings().iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        [
            "test-config.yaml:1: channel is an object in every event that has it: a value matches none",
            "test-config.yaml:1: 1.5 has no quotes, and matches nothing"
        ]
    );
}
