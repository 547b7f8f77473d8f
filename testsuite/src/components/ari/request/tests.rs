//! Tests of requests to a scripted server.

use super::*;
use crate::case::alone::{Alone, section};
use crate::components::ari::peer::{Peer, event};
use crate::job::Account;

const EVENT: &str = r#"{"type": "StasisEnd", "channel": {"id": "c1;2", "up": true, "n": 7},
    "bridge": {"id": null}}"#;

fn cause() -> Cause {
    Cause::with_fields("the event StasisEnd".to_owned(), event(EVENT))
}

fn read(yaml: &str) -> Request {
    Request::read(&section(yaml)).unwrap_or_else(|error| panic!("{yaml}: {error}"))
}

/// Runs a request that is answered so, and returns what was sent and how it ended.
async fn run(yaml: &str, status: u16, body: &str) -> (Option<String>, Result<Done, Reason>) {
    let mut ended = None;
    Alone::new(0)
        .await
        .play(async |alone| {
            let mut peer = Peer::answering(&alone.test, &[(status, body)]).await;
            let done = read(yaml).run(&cause(), &alone.test).await;
            let request = if peer.no_request() { None } else { Some(peer.request().await) };
            ended = Some((request, done));
        })
        .await;
    ended.unwrap()
}

async fn failure(yaml: &str, status: u16, body: &str) -> String {
    let reason = run(yaml, status, body).await.1.unwrap_err();
    [vec![reason.what], reason.details].concat().join(" | ")
}

#[tokio::test]
async fn a_request_is_sent_as_it_is_described() {
    for (yaml, sent) in [
        ("{method: get, uri: channels}", "GET /ari/channels"),
        ("{method: POST, uri: 'channels/{channel.id}/ring'}", "POST /ari/channels/c1;2/ring"),
        (
            "{method: put, uri: 'a?x=1', params: {b: True, c: no, d: 2, e: '{channel.up} {channel.n}', f: ~, g: ''}}",
            "PUT /ari/a?x=1&b=True&c=False&d=2&e=True+7&g=",
        ),
        (r"{method: get, uri: a, params: {b: '\{c\}'}}", r"GET /ari/a?b=%5C%7Bc%5C%7D"),
        (
            "{method: delete, uri: a, body: {'V ': {report: True}, a: ['{channel.id}', 1]}}",
            r#"DELETE /ari/a {"V ":{"report":true},"a":["{channel.id}",1]}"#,
        ),
        ("{method: post, uri: a, body: {}}", "POST /ari/a"),
    ] {
        let (request, done) = run(yaml, 200, "").await;
        assert_eq!((request.as_deref(), done), (Some(sent), Ok(Done::Answered)), "{yaml}");
    }
}

#[tokio::test]
async fn an_answer_is_right_by_its_status_and_its_body() {
    let body = r#"{"value": "x", "more": 1}"#;
    for (keys, status, body, is_right) in [
        ("", 204, "", true),
        ("", 302, "", false),
        ("expect: 204", 204, "", true),
        ("expect: 204", 200, "", false),
        ("expect: 404", 404, "", true),
        ("response_body: {match: {value: x}}", 200, body, true),
        ("response_body: {match: {value: x}}", 404, body, true),
        ("response_body: {match: ~}", 200, body, true),
        ("response_body: {match: {value: y}}", 200, body, false),
        ("response_body: {match: ~}", 200, "x", false),
        ("response_body: {match: ~}", 200, "", false),
        ("expect: 200, response_body: {match: {value: x}}", 200, body, true),
        ("expect: 200, response_body: {match: {value: x}}", 404, body, false),
        ("expect: 200, response_body: {match: {value: y}}", 200, body, false),
    ] {
        let yaml = format!("{{method: get, uri: a, {keys}}}");
        let done = run(&yaml, status, body).await.1;
        assert_eq!(done.is_ok(), is_right, "{keys} {status} {body}: {done:?}");
    }
}

#[tokio::test]
async fn a_failure_tells_what_was_sent_what_was_answered_and_what_was_expected() {
    for (yaml, status, body, told) in [
        (
            "{method: delete, uri: channels/c1, expect: 204}",
            404,
            r#"{"message": "Channel not found"}"#,
            "test-config.yaml:1: DELETE channels/c1 answered 404 (Channel not found), expected 204",
        ),
        (
            "{method: post, uri: 'a/{channel.id}', params: {b: 1, c: x}, body: [1]}",
            500,
            "",
            "test-config.yaml:1: POST a/c1;2 answered 500 (Internal Server Error), expected a success | its parameters: b=1, c=x | its body: [1]",
        ),
        (
            "{method: get, uri: bridges/b1, response_body: {match: {value: created, n: 1}}}",
            200,
            r#"{"value": "x"}"#,
            r#"test-config.yaml:1: GET bridges/b1 answered {"value":"x"}: value is "x", expected to match "created"; n is missing, expected the number 1"#,
        ),
        (
            "{method: get, uri: a, response_body: {match: {value: x}}}",
            200,
            "<html>",
            "test-config.yaml:1: GET a answered 200 and \"<html>\", which is no JSON: expected value at line 1 column 1",
        ),
    ] {
        assert_eq!(failure(yaml, status, body).await, told);
    }
    let closed = failure("{method: get, uri: a}", 0, "").await;
    assert!(closed.starts_with("test-config.yaml:1: GET a failed: "), "{closed}");
}

#[tokio::test]
async fn a_field_that_the_cause_does_not_have_is_not_sent() {
    for uri in ["'channels/{channel.name}'", "'{bridge.id}'", "a, params: {b: '{channel.x}'}"] {
        let (sent, done) = run(&format!("{{method: get, uri: {uri}}}"), 200, "").await;
        let what = done.unwrap_err().what;
        assert_eq!(sent, None, "{uri}");
        assert!(what.starts_with("test-config.yaml:1: GET ") && what.contains(" was not sent: `{"));
        assert!(what.ends_with("}` has no value in the event StasisEnd"), "{what}");
    }
    let alone = Alone::new(0).await;
    let done = read("{method: get, uri: a}").run(&Cause::plain("ari-start"), &alone.test).await;
    let why = "test-config.yaml:1: GET a was not sent: the test has no ARI";
    assert_eq!(done.unwrap_err().what, why);
}

#[tokio::test]
async fn an_instance_is_sent_once() {
    let mut request = read("{method: get, uri: a, instance: 2}");
    Alone::new(0)
        .await
        .play(async |alone| {
            let peer = Peer::answering(&alone.test, &[]).await;
            for done in [Done::Nothing, Done::Answered, Done::Nothing] {
                assert_eq!(request.run(&cause(), &alone.test).await, Ok(done));
            }
            assert!(!peer.no_request());
        })
        .await;
}

/// Sends a request after a while, and waits for the answer. Returns the notes of the test.
async fn delayed(status: u16) -> Account {
    let alone = Alone::new(0).await;
    let story = async |alone: &mut Alone| {
        let mut peer = Peer::answering(&alone.test, &[(status, "")]).await;
        let request = read("{method: get, uri: 'a/{channel.id}', expect: 200}");
        let (filled, client) = (request.fill(&cause()).unwrap(), client_of(&alone.test).unwrap());
        let delay = Duration::from_millis(10);
        later(delay, filled, client, request.place, alone.test.clone()).await;
        assert_eq!(peer.request().await, "GET /ari/a/c1;2");
    };
    alone.play(story).await
}

#[tokio::test]
async fn the_answer_to_a_delayed_request_is_told_and_not_judged() {
    assert!(delayed(204).await.notes.is_empty());
    let note = "test-config.yaml:1: GET a/c1;2, after 0.01 s, answered 404 (Not Found)";
    assert_eq!(delayed(404).await.notes, [note]);
    assert!(delayed(0).await.notes[0].contains("GET a/c1;2, after 0.01 s, failed: "));
}

#[tokio::test]
async fn a_delayed_request_is_sent_beside_the_test_and_not_when_it_has_ended() {
    let alone = Alone::new(0).await;
    let account = alone
        .play(async |alone| {
            let mut peer = Peer::answering(&alone.test, &[]).await;
            let mut early = read("{method: get, uri: early, delay: 0.01}");
            let mut never = read("{method: get, uri: never, delay: 1000}");
            for request in [&mut never, &mut early] {
                assert_eq!(request.run(&cause(), &alone.test).await, Ok(Done::Nothing));
            }
            assert!(peer.no_request());
            assert_eq!(peer.request().await, "GET /ari/early");
        })
        .await;
    assert_eq!((account.reasons.len(), account.notes.len()), (1, 0), "{account:?}");
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_never_answered_does_not_outlast_the_test() {
    let alone = Alone::new(0).await;
    let _peer = Peer::answering(&alone.test, &[(1, "")]).await;
    alone.test.stop();
    let done = read("{method: get, uri: a}").run(&cause(), &alone.test).await;
    let what = "test-config.yaml:1: GET a was not answered before the test ended";
    assert_eq!(done.unwrap_err().what, what);
}

#[test]
fn what_cannot_be_a_request_is_refused() {
    for (yaml, why) in [
        ("x", "expected `method:` and `uri:` of a request, found a value"),
        ("{uri: a}", "expected `method:`"),
        ("{method: get}", "expected `uri:`"),
        ("{method: fetch, uri: a}", "there is no method fetch; expected one of get, post"),
        ("{method: get, uri: a, params: [b]}", "params are a list, expected a mapping"),
        ("{method: get, uri: a, params: {b: [c]}}", "b is a list, not a text"),
        ("{method: get, uri: a, expect: 20}", "expect is 20, not a status of HTTP"),
        ("{method: get, uri: a, expect: ok}", "expect is ok, not a whole number"),
        ("{method: get, uri: a, response_body: {}}", "expected `match:` with a pattern"),
        ("{method: get, uri: a, response_body: {match: '('}}", "the expression cannot be used"),
        ("{method: get, uri: a, instance: 0}", "instance is 0, expected the number of a run"),
        ("{method: get, uri: a, delay: soon}", "delay is soon, not a number"),
    ] {
        let error = Request::read(&section(yaml)).err().unwrap_or_else(|| panic!("{yaml}"));
        assert!(error.to_string().starts_with(&format!("test-config.yaml:1: {why}")), "{error}");
    }
}

#[test]
fn keys_that_have_no_effect_are_warned_of() {
    let section = section(
        "{method: get, uri: a, delay: 1, expect: 200, response_body: {match: ~, nomatch: x}, params: {b: ~}, expct: 1}",
    );
    Request::read(&section).unwrap();
    let told = |all: Vec<ConfigError>| {
        all.iter().map(|it| it.reason().to_owned()).collect::<Vec<_>>().join("; ")
    };
    assert_eq!(
        told(section.warnings()),
        "expect has no effect on a request with a delay; response_body has no effect on a request with a delay; b is nothing, and not sent"
    );
    let unread = told(section.unread());
    assert!(
        unread.contains("no expct; is it expect?") && unread.contains("no nomatch"),
        "{unread}"
    );
}
