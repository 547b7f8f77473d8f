//! Calls against a peer that does what no server does on command: odd orders, forged ids, silence.

use std::time::Duration;

use ami::{Action, Delivery, Error, EventClass, EventMask, Originate};

use crate::peer::{Peer, assert_like, quiet_config};

/// Longer than any test waits.
pub(crate) const AGES: Duration = Duration::from_secs(600);

pub(crate) fn ping() -> Action {
    Action::new("Ping")
}

pub(crate) fn pong(id: &str) -> String {
    format!("Response: Success\r\nActionID: {id}\r\nPing: Pong\r\n\r\n")
}

#[tokio::test]
async fn answers_find_their_calls_in_any_order_of_waiting() {
    let (client, mut peer) = Peer::with_client().await;
    let server = async {
        let mut ids = Vec::new();
        for _ in 0..3 {
            ids.push(peer.id().await);
        }
        for id in ids {
            peer.send(format!("Response: Success\r\nActionID: {id}\r\nEcho: {id}\r\n\r\n")).await;
        }
    };
    let calls = async {
        let (a, b, c) = tokio::join!(client.call(ping()), client.call(ping()), client.call(ping()));
        for response in [a, b, c] {
            let response = response.unwrap();
            assert_eq!(response.get("Echo"), response.action_id());
        }
    };
    tokio::join!(server, calls);
    assert_eq!(client.in_flight(), 0);
}

#[tokio::test]
async fn nothing_is_sent_for_an_action_that_is_wrong() {
    let (client, mut peer) = Peer::with_client().await;
    let error = client.call(Action::new("Setvar").field("Value", "a\nb")).await.unwrap_err();
    assert_like(&error, "LineBreak");
    assert_eq!(error.fault(), ami::Fault::Caller);
    let (pinged, action) = tokio::join!(client.call(ping()).timeout(Duration::ZERO), peer.action());
    assert!(pinged.unwrap_err().is_timeout());
    assert!(action.starts_with("Action: Ping\r\n"), "{action}");
}

#[tokio::test]
async fn a_refusal_keeps_the_response() {
    let (client, mut peer) = Peer::with_client().await;
    let server = async {
        let id = peer.id().await;
        // Real servers send an extra line end behind some texts.
        peer.send(format!(
            "Response: Error\r\nActionID: {id}\r\nMessage: Permission denied\n\r\n\r\n"
        ))
        .await;
    };
    let (result, ()) = tokio::join!(client.call(ping()), server);
    let error = result.unwrap_err();
    assert_eq!(error.to_string(), "the server refused the action: Permission denied");
    assert_eq!(error.response().unwrap().get("Message"), Some(&b"Permission denied"[..]));
}

#[tokio::test]
async fn a_later_answer_ends_an_action_that_got_none() {
    let (client, mut peer) = Peer::with_client().await;
    let server = async {
        let (_skipped, second) = (peer.id().await, peer.id().await);
        peer.send("\r\n").await;
        peer.send(pong(&second)).await;
    };
    let calls = async { tokio::join!(client.call(Action::new("Mystery")), client.call(ping())) };
    let ((first, second), ()) = tokio::join!(calls, server);
    let error = first.unwrap_err();
    assert!(matches!(error, Error::NoResponse) && error.may_have_been_executed(), "{error:?}");
    second.unwrap();
}

#[tokio::test]
async fn foreign_glued_and_missing_ids_answer_nobody() {
    let (client, mut peer) = Peer::with_client().await;
    let server = async {
        let id = peer.id().await;
        let forged = id.replace(|c: char| c.is_ascii_hexdigit(), "0");
        for text in [
            "Response: Error\r\nMessage: Missing action in request\r\n\r\n".to_owned(),
            format!("Response: Error\r\nActionID: {id}Events: Off\r\n\r\n"),
            format!("Response: Error\r\nActionID: {}\r\n\r\n", id.replace('-', "-+")),
            format!("Response: Error\r\nActionID: {forged}\r\n\r\n"),
            "Response: Error\r\nActionID: 1\r\n\r\n".to_owned(),
            // Above every id that was given out: it must not end the calls below it, nor make the
            // reader count up to it.
            format!("Response: Error\r\nActionID: {}-18446744073709551615\r\n\r\n", &id[..16]),
            format!("Response: Error\r\nActionID: {}-2\r\n\r\n", &id[..16]),
            format!("Event: OriginateResponse\r\nActionID: {id}\r\nResponse: Failure\r\n\r\n"),
            format!("garbage\r\nActionID: {id}\r\n\r\n"),
            pong(&id),
            // Some actions answer twice.
            format!("Response: Error\r\nActionID: {id}\r\nMessage: again\r\n\r\n"),
        ] {
            peer.send(text).await;
        }
    };
    let (result, ()) = tokio::join!(client.call(ping()), server);
    assert_eq!(result.unwrap().get("Ping"), Some(&b"Pong"[..]));
}

#[tokio::test(start_paused = true)]
async fn a_time_out_tells_whether_the_action_was_sent() {
    let (client, mut peer) = Peer::with_client().await;
    let limit = Duration::from_secs(5);
    // The pipe takes 64 bytes; what is behind the first batch stays in the queue.
    let long = Action::new("Long").field("Data", "x".repeat(200));
    let (sent, queued) = tokio::join!(client.call(long).timeout(limit), async {
        tokio::task::yield_now().await;
        client.call(ping()).timeout(limit).await
    },);
    let delivery = |result: Result<_, Error>| match result {
        Err(Error::Timeout { waited, delivery }) if waited == limit => delivery,
        other => panic!("{:?}", other.map(|_: ami::Response| ())),
    };
    assert_eq!(delivery(sent), Delivery::MaybeExecuted);
    assert_eq!(delivery(queued), Delivery::NeverSent);
    assert_eq!(client.in_flight(), 0);
    // What was said to be never sent is not sent later either.
    assert!(peer.action().await.starts_with("Action: Long"));
    let (last, next) = tokio::join!(client.call(Action::new("Last")).timeout(limit), peer.action());
    assert!(next.starts_with("Action: Last"), "{next}");
    assert!(last.is_err());
}

#[tokio::test]
async fn a_command_gives_its_lines_or_an_error() {
    let (client, mut peer) = Peer::with_client().await;
    let server = async {
        let id = peer.id().await;
        peer.send(format!("Response: Success\r\nActionID: {id}\r\nMessage: Command output follows\r\nOutput: a\r\nOutput:   b: c\r\nOutput: \r\n\r\n")).await;
        let id = peer.id().await;
        peer.send(format!("Response: Success\r\nActionID: {id}\r\nMessage: Failed to determine number of characters: Illegal seek\r\n\r\n")).await;
        let id = peer.id().await;
        peer.send(format!("Response: Error\r\nActionID: {id}\r\nMessage: Command output follows\r\nOutput: \r\nOutput: No such command 'x'\r\n\r\n")).await;
        let id = peer.id().await;
        peer.send(format!("Response: Error\r\nActionID: {id}\r\nMessage: Command output follows\r\nOutput: No such command 'databse put f p hush' (type 'core show help')\r\n\r\n")).await;
    };
    let calls = async {
        let output = client.command("a").await.unwrap();
        assert_eq!(output.lines().collect::<Vec<_>>(), [&b"a"[..], b"  b: c", b""]);
        assert_eq!(output.to_string(), "a\n  b: c\n\n");
        assert_like(&client.command("b").await.unwrap_err(), "Illegal seek");
        let unknown = client.command("x").await.unwrap_err();
        assert_eq!(
            unknown.response().unwrap().command_output().nth(1),
            Some(&b"No such command 'x'"[..])
        );
        assert_eq!(unknown.to_string(), "the command failed: No such command 'x'");
        let unknown = client.command("databse put f p hush").await.unwrap_err();
        assert_eq!(
            unknown.to_string(),
            "the command failed: No such command 'databse …' (type 'core show help')"
        );
        assert!(!format!("{unknown:?}").contains("hush"), "{unknown:?}");
    };
    tokio::join!(server, calls);
}

#[tokio::test]
async fn an_old_server_prints_the_same() {
    let (near, mut peer) = Peer::new();
    let server = async {
        peer.send("Asterisk Call Manager/1.3\r\n").await;
        peer.action().await;
        peer.send("Response: Success\r\n\r\n").await;
        let id = peer.id().await;
        peer.send(format!("Response: Follows\r\nPrivilege: Command\r\nActionID: {id}\r\na\n  b: c\n\n--END COMMAND--\r\n\r\n")).await;
    };
    let call = async {
        let config = quiet_config("user", "mysecret").login(ami::Login::Plain);
        let client = config.handshake(near).await.unwrap();
        assert_eq!(client.command("a").await.unwrap().to_string(), "a\n  b: c\n\n");
    };
    tokio::join!(server, call);
}

#[tokio::test]
async fn ready_waits_for_the_word_and_remembers_it() {
    let (client, mut peer) = Peer::with_client().await;
    let booted = "Event: FullyBooted\r\nPrivilege: system,all\r\nStatus: Fully Booted\r\n\r\n";
    let mut ready = Box::pin(client.ready());
    let server = async {
        // Not for a server's answer, and not for another event.
        peer.answer("Ping", "").await;
        peer.show_user("all").await;
        peer.send("Event: Other\r\n\r\n").await;
        let (answer, _) = tokio::join!(client.call(ping()), peer.answer("Ping", ""));
        answer.unwrap();
    };
    tokio::select! {
        biased;
        ready = &mut ready => panic!("{ready:?} before the word"),
        () = server => {}
    }
    let (ready, ()) = tokio::join!(ready, peer.send(booted));
    ready.unwrap();
    peer.send(booted).await;
    client.ready().await.unwrap();
}

#[tokio::test]
async fn words_that_begin_with_fail_are_errors() {
    let (client, mut peer) = Peer::with_client().await;
    for status in ["Failed", "Failure", "FAIL"] {
        let server = async {
            let id = peer.id().await;
            peer.send(format!("Response: {status}\r\nActionID: {id}\r\n\r\n")).await;
        };
        let (result, ()) = tokio::join!(client.call(ping()), server);
        let error = result.unwrap_err();
        assert_like(&error, "Rejected");
        assert_eq!(error.to_string(), format!("the server refused the action: {status}"));
    }
}

#[tokio::test]
async fn an_id_that_stands_before_the_response_is_found() {
    let (client, mut peer) = Peer::with_client().await;
    let server = async {
        let id = peer.id().await;
        // An event with the id in front is none, and neither is a response to somebody else.
        peer.send(format!("ActionID: {id}\r\nEvent: X\r\n\r\n")).await;
        peer.send(format!("ActionID: {id}9\r\nResponse: Success\r\n\r\n")).await;
        peer.send(format!("Line: 1\r\nActionID: {id}\r\nResponse: Success\r\n\r\n")).await;
        peer.send(format!("ActionID: {id}\r\nResponse: Success\r\nPing: Pong\r\n\r\n")).await;
        let id = peer.id().await;
        peer.send(format!("ActionID: {id}\r\nResponse: Error\r\nMessage: no\r\n\r\n")).await;
    };
    let calls = async {
        let pong = client.call(ping()).await.unwrap();
        assert_eq!((pong.status(), pong.get("Ping")), ("Success".into(), Some(&b"Pong"[..])));
        let error = client.call(ping()).await.unwrap_err();
        assert_eq!(error.to_string(), "the server refused the action: no");
    };
    tokio::join!(server, calls);
    let stats = client.stats();
    assert_eq!((stats.responses, stats.other), (2, 3));
}

#[tokio::test]
async fn an_answer_that_is_too_large_ends_its_call_at_once() {
    let config = quiet_config("user", "mysecret").max_message(1024).timeout(AGES);
    let (client, mut peer) = Peer::with_config(config).await;
    let long = "x".repeat(3000);
    let server = async {
        let id = peer.id().await;
        peer.send(format!("Response: Success\r\nActionID: {id}\r\nX: {long}\r\n\r\n")).await;
        peer.show_user("all").await;
        let id = peer.answer("Originate", "").await;
        let id = crate::peer::id(&id);
        peer.send(format!("Event: OriginateResponse\r\nActionID: {id}\r\nX: {long}\r\n\r\n")).await;
    };
    let calls = async {
        let error = client.call(ping()).await.unwrap_err();
        assert!(matches!(error, Error::TooLarge(bytes) if bytes > 3000), "{error:?}");
        let call = Originate::to_application("Local/1@a", "Echo", "");
        let error = client.originate(call).await.unwrap_err();
        assert!(matches!(error, Error::TooLarge(_)), "{error:?}");
    };
    tokio::join!(server, calls);
    assert_eq!(client.in_flight(), 0);
}

#[tokio::test]
async fn a_mask_that_the_server_does_not_know_is_told_with_its_answer() {
    let (client, mut peer) = Peer::with_client().await;
    let server = async {
        for (mask, answer) in [("security,message", "Off"), ("on", "On")] {
            let asked = peer.answer("Events", &format!("Events: {answer}\r\n")).await;
            assert!(asked.contains(&format!("EventMask: {mask}\r\n")), "{asked}");
            peer.answer("Ping", "").await;
        }
    };
    let mask = EventMask::of([EventClass::Message, EventClass::Security]);
    let (set, ()) = tokio::join!(client.set_event_mask(mask), server);
    let error = set.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the server knows no class of the event mask security,message: it answered `Events: Off`"
    );
    assert_eq!(error.fault(), ami::Fault::Caller);
}

#[tokio::test]
async fn the_error_of_the_system_is_among_the_causes() {
    let error = quiet_config("u", "s").connect("127.0.0.1:1").await.unwrap_err();
    let mut cause: &dyn std::error::Error = &error;
    while let Some(source) = cause.source() {
        assert!(!cause.to_string().contains(&source.to_string()), "{cause} tells of {source}");
        cause = source;
    }
    let io = cause.downcast_ref::<std::io::Error>().unwrap();
    assert_eq!(io.kind(), std::io::ErrorKind::ConnectionRefused);
}

#[tokio::test]
async fn our_own_end_is_nobody_elses_fault() {
    let (client, mut peer) = Peer::with_client().await;
    let waiting = tokio::spawn(client.call(ping()));
    peer.action().await;
    let server = async {
        let id = peer.id().await;
        peer.send(format!("Response: Goodbye\r\nActionID: {id}\r\n\r\n")).await;
        peer.end().await;
    };
    // The fence rule would end the first call with `NoResponse`: a server answers in order.
    let (closed, ()) = tokio::join!(client.close(), server);
    closed.unwrap();
    waiting.await.unwrap().unwrap_err();
    assert_eq!(client.call(ping()).await.unwrap_err().fault(), ami::Fault::Caller);
}
