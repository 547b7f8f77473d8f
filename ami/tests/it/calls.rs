//! Calls and events against a peer that does what no server does on command: odd orders, forged
//! ids, silence, garbage.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use ami::testing::{self, Script};
use ami::{
    Action, Buffer, Client, Config, Delivery, Error, EventClass, EventMask, Filter, Item,
    Originate, Placed, Reason, Stray,
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::peer::{Peer, assert_like, id, next_name, taken};

/// Longer than any test waits.
const AGES: Duration = Duration::from_secs(600);

fn ping() -> Action {
    Action::new("Ping")
}

fn pong(id: &str) -> String {
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
async fn a_frozen_subscriber_stops_nobody_and_is_told_what_it_missed() {
    let (client, mut peer) = Peer::with_client().await;
    let mut frozen = client.subscribe_with(Filter::named(["Flood"]), Buffer::bounded(4096));
    let server = async {
        for _ in 0..1000 {
            peer.send("Event: Flood\r\n\r\n".repeat(20)).await;
            let id = peer.id().await;
            peer.send(pong(&id)).await;
        }
    };
    let calls = async {
        for _ in 0..1000 {
            client.call(ping()).await.unwrap();
        }
    };
    tokio::join!(server, calls);
    let stats = client.stats();
    assert_eq!((stats.events, stats.responses, stats.missed), (20_000, 1000, 20_000 - 4096));
    assert_eq!((stats.unmatched, stats.other, stats.malformed, stats.in_flight), (0, 0, 0, 0));
    drop(client);
    let (mut events, mut missed) = (0, 0);
    while let Some(item) = frozen.next().await {
        match item {
            Item::Event(_) => events += 1,
            Item::Missed(n) => missed += n,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((events, missed), (4096, 20_000 - 4096));
}

#[tokio::test]
async fn an_originate_ends_with_its_own_outcome() {
    let (client, mut peer) = Peer::with_client().await;
    let mut events = client.subscribe(Filter::named(["OriginateResponse"]));
    let server = async {
        peer.show_user("all").await;
        let mut actions = Vec::new();
        for _ in 0..3 {
            actions.push(peer.action().await);
        }
        let of = |channel| id(actions.iter().find(|action| action.contains(channel)).unwrap());
        let (first, second) = (of("Local/1@a"), of("Local/2@a"));
        // In the order of the actions, as servers answer.
        for action in &actions {
            let (status, text) = match action.contains("Channel: bad") {
                true => ("Error", "Invalid channel"),
                false => ("Success", "queued"),
            };
            let id = id(action);
            peer.send(format!("Response: {status}\r\nActionID: {id}\r\nMessage: {text}\r\n\r\n"))
                .await;
        }
        // Somebody else's, then ours in another order.
        peer.send("Event: OriginateResponse\r\nActionID: 1\r\nResponse: Success\r\n\r\n").await;
        peer.send(format!("Event: OriginateResponse\r\nActionID: {second}\r\nResponse: Failure\r\nReason: 5\r\n\r\n")).await;
        peer.send(format!("Event: OriginateResponse\r\nActionID: {first}\r\nResponse: Success\r\nReason: 4\r\nUniqueid: u.1\r\n\r\n")).await;
    };
    let originate = |channel| client.originate(Originate::to_application(channel, "Echo", ""));
    let calls =
        async { tokio::join!(originate("Local/1@a"), originate("Local/2@a"), originate("bad")) };
    let ((first, second, third), ()) = tokio::join!(calls, server);
    assert_eq!(first.unwrap().unique_id(), "u.1");
    let busy = second.unwrap_err();
    assert!(matches!(&busy, Error::Originate { reason: Reason::Busy, .. }), "{busy:?}");
    assert_eq!(busy.to_string(), "originate failed: busy");
    assert_like(&third.unwrap_err(), "Rejected");
    for _ in 0..3 {
        assert_eq!(next_name(&mut events).await, "OriginateResponse");
    }
}

#[tokio::test(start_paused = true)]
async fn an_originate_without_an_outcome_ends() {
    let config = Config::new("user", "mysecret").timeout(Duration::from_secs(2));
    let (client, mut peer) = Peer::with_config(config).await;
    let server = async {
        peer.show_user("call").await;
        let id = peer.id().await;
        peer.send(format!("Response: Success\r\nActionID: {id}\r\n\r\n")).await;
    };
    let call = Originate::to_application("Local/1@a", "Echo", "").timeout(Duration::from_secs(5));
    let begun = tokio::time::Instant::now();
    let (result, ()) = tokio::join!(client.originate(call), server);
    assert!(result.unwrap_err().is_timeout());
    assert_eq!(begun.elapsed().as_secs(), 7);
    assert_eq!(client.in_flight(), 0);
}

#[tokio::test]
async fn what_makes_no_sense_is_counted_and_does_no_harm() {
    let config = Config::new("user", "mysecret").max_message(0);
    let (client, mut peer) = Peer::with_config(config).await;
    let mut events = client.subscribe(Filter::all());
    let server = async {
        let id = peer.id().await;
        for text in [
            // In mid-stream this is a line without a colon.
            "Asterisk Call Manager/11.0.0\r\n\r\n",
            "\r\n\n\r\n",
            "garbage\n\n",
            "\x00\u{ff}\u{fe}: \x01\r\r\n\r\n",
            "Event: Cut by\n\nits: own value\r\n\r\n",
            "Response: Error\r\nMessage: Missing action in request\r\n\r\n",
            "Response: Success\r\nActionID: somebody's\r\n\r\n",
        ] {
            peer.send(text).await;
        }
        peer.send(format!("Event: Long\r\nX: {}\r\n\r\n", "x".repeat(1024))).await;
        peer.send(pong(&id)).await;
        peer.send("Event: Beh").await;
        drop(peer);
    };
    let (answer, ()) = tokio::join!(client.call(ping()), server);
    answer.unwrap();
    assert_eq!(next_name(&mut events).await, "Cut by");
    assert_eq!(next_name(&mut events).await, "Some(Missed(1))");
    assert!(events.next().await.is_none());
    let stats = client.stats();
    assert_eq!((stats.events, stats.responses, stats.other), (1, 3, 4));
    assert_eq!((stats.malformed, stats.unmatched), (2, 2));
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
        let config = Config::new("user", "mysecret").login(ami::Login::Plain);
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
async fn an_oversized_message_costs_nothing_but_itself() {
    let config = Config::new("user", "mysecret").max_message(200);
    let (client, mut peer) = Peer::with_config(config).await;
    let mut events = client.subscribe(Filter::all());
    let server = async {
        let id = peer.id().await;
        peer.send("Event: A\r\n\r\n").await;
        peer.send(format!("Event: Big\r\nData: {}\r\n\r\n", "x".repeat(10_000))).await;
        peer.send(pong(&id)).await;
        peer.send("Event: B\r\n\r\n").await;
    };
    let (result, ()) = tokio::join!(client.call(ping()), server);
    result.unwrap();
    assert_eq!(next_name(&mut events).await, "A");
    assert_eq!(next_name(&mut events).await, "Some(Missed(1))");
    assert_eq!(next_name(&mut events).await, "B");
}

#[tokio::test]
async fn garbage_costs_nothing_but_itself() {
    let (client, mut peer) = Peer::with_client().await;
    let mut events = client.subscribe(Filter::all());
    let server = async {
        let id = peer.id().await;
        peer.send(
            b"\r\n\n\xff\xfe\x00 no colon\r\n\r\nEvent: A\r\n\r\nAsterisk Call Manager/9\r\n\r\n",
        )
        .await;
        peer.send(pong(&id)).await;
        peer.send("Event: B\n\n").await;
    };
    let (result, ()) = tokio::join!(client.call(ping()), server);
    result.unwrap();
    assert_eq!(next_name(&mut events).await, "A");
    assert_eq!(next_name(&mut events).await, "B");
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
    let config = Config::new("user", "mysecret").max_message(1024).timeout(AGES);
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
async fn an_event_that_is_too_large_is_missed_by_those_who_asked_for_it() {
    let config = Config::new("user", "mysecret").max_message(1024);
    let (client, mut peer) = Peer::with_config(config).await;
    let subscribe = |filter| client.subscribe(filter);
    let mut all = subscribe(Filter::all());
    let mut named = subscribe(Filter::named(["Big"]).field("Kind", "a"));
    let mut other = subscribe(Filter::named(["Big"]).field("Kind", "b"));
    let mut foreign = subscribe(Filter::named(["Small"]));
    let long = "x".repeat(3000);
    peer.send(format!("Event: Big\r\nKind: a\r\nX: {long}\r\n\r\nEvent: Small\r\n\r\n")).await;
    assert_eq!(next_name(&mut foreign).await, "Small");
    assert_eq!(taken(&mut all), ["Missed(1)", "Small"]);
    assert_eq!(taken(&mut named), ["Missed(1)"]);
    assert_eq!(taken(&mut other), Vec::<String>::new());
    assert_eq!((client.stats().missed, client.stats().malformed), (2, 1));
}

#[tokio::test]
async fn an_event_whose_field_is_behind_what_is_kept_of_it_is_missed_too() {
    let config = Config::new("user", "mysecret").max_message(1024);
    let (client, mut peer) = Peer::with_config(config).await;
    let mut by_field = client.subscribe(Filter::named(["Big"]).field("To", "me"));
    let mut judged = client.subscribe(Filter::all().when(|event| event.get("To").is_some()));
    let mut small = client.subscribe(Filter::named(["Small"]));
    let long = "x".repeat(3000);
    peer.send(format!("Event: Big\r\nX: {long}\r\nTo: me\r\n\r\nEvent: Small\r\n\r\n")).await;
    assert_eq!(next_name(&mut small).await, "Small");
    assert_eq!(taken(&mut by_field), ["Missed(1)"]);
    assert_eq!(taken(&mut judged), ["Missed(1)"]);
}

#[tokio::test]
async fn a_full_subscription_that_is_dropped_keeps_nothing_alive() {
    let (client, mut peer) = Peer::with_client().await;
    let inner = client.clone();
    let filter = Filter::named(["A"]).when(move |_| inner.in_flight() == 0);
    let full = client.subscribe_with(filter, Buffer::bounded(1));
    let mut behind = client.subscribe(Filter::named(["B"]));
    peer.send("Event: A\r\n\r\nEvent: B\r\n\r\n").await;
    assert_eq!(next_name(&mut behind).await, "B");
    drop((full, client));
    // The last client is gone with it.
    peer.end().await;
    assert!(behind.next().await.is_none());
}

/// A call that was placed, and the peer with its id and that of the channel.
async fn placed(client: &Client, peer: &mut Peer) -> (Placed, String, String) {
    let mut call = client.place(Originate::to_application("Local/1@a", "Echo", ""));
    let action = tokio::select! {
        outcome = call.outcome() => panic!("{outcome:?}"),
        action = async {
            peer.show_user("all").await;
            peer.answer("Originate", "").await
        } => action,
    };
    let unique_id = call.unique_id().to_owned();
    (call, id(&action), unique_id)
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_call_that_failed_is_waited_for_as_long_as_there_is_a_channel() {
    let (client, mut peer) = Peer::with_client().await;
    let (mut call, id, channel) = placed(&client, &mut peer).await;
    let server = async {
        for half in ["", ";2"] {
            peer.send(format!("Event: Newchannel\r\nUniqueid: {channel}{half}\r\n\r\n")).await;
        }
        peer.send(format!("Event: OriginateResponse\r\nActionID: {id}\r\nResponse: Failure\r\nUniqueid: {channel}\r\n\r\n")).await;
        peer.send(format!("Event: Hangup\r\nUniqueid: {channel}\r\nCause: 0\r\n\r\n")).await;
        // What the dialplan does behind the call takes its time.
        tokio::time::sleep(Duration::from_secs(30)).await;
        peer.send(format!("Event: Hangup\r\nUniqueid: {channel};2\r\nCause: 17\r\n\r\n")).await;
    };
    let (end, ()) = tokio::join!(call.end(), server);
    let end = end.unwrap();
    assert_eq!((end.halves.len(), end.cause().number()), (2, 17));
}

#[tokio::test(start_paused = true)]
async fn an_end_that_nobody_can_know_is_an_error() {
    let config = Config::new("user", "mysecret").max_message(1024);
    let (client, mut peer) = Peer::with_config(config).await;
    let (mut call, id, channel) = placed(&client, &mut peer).await;
    peer.send(format!("Event: OriginateResponse\r\nActionID: {id}\r\nResponse: Success\r\nUniqueid: {channel}\r\n\r\n")).await;
    let long = "x".repeat(2000);
    peer.send(format!("Event: Hangup\r\nUniqueid: {channel}\r\nX: {long}\r\n\r\n")).await;
    for _ in 0..2 {
        let end = call.end().await;
        assert!(matches!(end, Err(Error::Missed(1))), "{end:?}");
    }
}

#[tokio::test]
async fn the_end_of_a_channel_with_another_id_is_not_waited_for() {
    let (client, mut peer) = Peer::with_client().await;
    let (mut call, id, _) = placed(&client, &mut peer).await;
    peer.send(format!(
        "Event: OriginateResponse\r\nActionID: {id}\r\nResponse: Success\r\nUniqueid: 1.2\r\n\r\n"
    ))
    .await;
    let end = call.end().await;
    assert!(matches!(end, Err(Error::OtherChannel)), "{end:?}");
}

#[tokio::test]
async fn what_is_no_event_comes_to_those_who_ask_for_it() {
    let (client, mut peer) = Peer::with_client().await;
    let mut strays = client.subscribe(Filter::none().with_strays());
    let mut both = client.subscribe(Filter::named(["A"]).with_strays());
    let mut events = client.subscribe(Filter::all());
    peer.send("Event: A\r\n\r\nrest: of it\r\n\r\n").await;
    peer.send("Response: Success\r\nActionID: nobody's\r\n\r\nEvent: B\r\n\r\nEvent: Cut").await;
    drop(peer);
    client.ended().await;
    let shown = |item| match item {
        Item::Event(event) => event.name().into_owned(),
        Item::Stray(stray) => match *stray {
            Stray::Message(it) => format!("message {}", it.text("rest").unwrap()),
            Stray::Unmatched(it) => format!("unmatched {}", it.text("ActionID").unwrap()),
            Stray::Malformed(it) => format!("{it:?}"),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    };
    let expected = ["message of it", "unmatched nobody's", "Truncated(10 bytes)"];
    let mut read = Vec::new();
    while let Some(item) = strays.next().await {
        read.push(shown(item));
    }
    assert_eq!(read, expected);
    read.clear();
    while let Some(item) = both.next().await {
        read.push(shown(item));
    }
    assert_eq!(read, [&["A"], &expected[..]].concat());
    assert_eq!(taken(&mut events)[..2], ["A", "B"]);
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
async fn what_was_kept_back_from_originate_says_by_which_mask() {
    let config = Config::new("user", "mysecret").event_mask(EventClass::User);
    let (client, _peer) = Peer::with_config(config).await;
    let call = Originate::to_application("Local/1@a", "Echo", "");
    let error = client.originate(call).await.unwrap_err();
    assert_eq!(
        format!("{error:#}"),
        "events of class call do not come to this connection: the event mask user leaves it out"
    );
}

#[tokio::test]
async fn the_error_of_the_system_is_among_the_causes() {
    let error = Config::new("u", "s").connect("127.0.0.1:1").await.unwrap_err();
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

#[tokio::test]
async fn a_subscriber_on_the_readers_thread_keeps_up_with_a_flood() {
    const EVENTS: u64 = 200_000;
    let (near, peer) = testing::Peer::pipe_of(1024 * 1024);
    let mut peer = peer.script(Script::empty().booting());
    let config = Config::new("user", "mysecret").login(ami::Login::Plain).keepalive(None);
    let flood = tokio::spawn(async move {
        peer.log_in().await.unwrap();
        let event = format!("Event: Flood\r\nX: {}\r\n\r\n", "x".repeat(380));
        let events = event.repeat(1000);
        for _ in 0..EVENTS / 1000 {
            peer.send(&events).await.unwrap();
        }
    });
    let connect = config.handshake(near);
    let mut events = connect.subscribe(Filter::all());
    let client = connect.await.unwrap();
    let (mut count, mut missed) = (0, 0);
    while let Some(item) = events.next().await {
        match item {
            Item::Event(_) => count += 1,
            Item::Missed(more) => missed += more,
            other => panic!("{other:?}"),
        }
    }
    flood.await.unwrap();
    assert_eq!((count, missed, client.stats().missed), (EVENTS, 0, 0));
}

/// A server that has an event at every read until it has seen a ping, and gives up after very many.
#[derive(Default)]
struct Flood {
    /// What the client has written.
    seen: Vec<u8>,
    reads: usize,
}

impl Flood {
    fn says(&mut self) -> String {
        let seen = String::from_utf8_lossy(&self.seen).into_owned();
        self.reads += 1;
        match self.reads {
            1 => "Asterisk Call Manager/11.0.0\r\n".to_owned(),
            2 => "Response: Success\r\n\r\n".to_owned(),
            3..10_000 => match seen.find("Action: Ping") {
                None => "Event: Flood\r\n\r\n".to_owned(),
                Some(at) => {
                    self.reads = 10_000;
                    pong(&id(&seen[at..]))
                }
            },
            _ => String::new(),
        }
    }
}

impl AsyncRead for Flood {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        buf.put_slice(self.says().as_bytes());
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Flood {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        self.seen.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[tokio::test]
async fn a_flood_of_events_does_not_keep_an_action_from_being_sent() {
    let config = Config::new("user", "mysecret").login(ami::Login::Plain);
    let client = config.handshake(Flood::default()).await.unwrap();
    let response = client.call(ping()).await.unwrap();
    assert_eq!(response.get("Ping"), Some(&b"Pong"[..]));
}
