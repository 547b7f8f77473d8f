//! Calls and events against a peer that does what no server does on command: odd orders, forged ids, silence, garbage.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use ami::{Action, Config, Delivery, Error, Filter, Item, Originate, Reason};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::peer::{Peer, assert_like, id, next_name};

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
            // Above every id that was given out: it must not end the calls below it, nor make the reader count up to it.
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
    let mut frozen = client.subscribe(Filter::named(["Flood"]));
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
    assert_eq!(first.unwrap().unique_id(), b"u.1");
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
    let config = Config::new("user", "mysecret").max_message(100);
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
        peer.send(format!("Event: Long\r\nX: {}\r\n\r\n", "x".repeat(1000))).await;
        peer.send(pong(&id)).await;
        peer.send("Event: Beh").await;
        drop(peer);
    };
    let (answer, ()) = tokio::join!(client.call(ping()), server);
    answer.unwrap();
    assert_eq!(next_name(&mut events).await, "Cut by");
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
        peer.send(format!("Response: Error\r\nActionID: {id}\r\nMessage: Command output follows\r\nOutput: No such command 'x'\r\n\r\n")).await;
    };
    let calls = async {
        let output = client.command("a").await.unwrap();
        assert_eq!(output.lines().collect::<Vec<_>>(), [&b"a"[..], b"  b: c", b""]);
        assert_eq!(output.to_string(), "a\n  b: c\n\n");
        assert_like(&client.command("b").await.unwrap_err(), "Illegal seek");
        let unknown = client.command("x").await.unwrap_err();
        assert_eq!(
            unknown.response().unwrap().command_output().next(),
            Some(&b"No such command 'x'"[..])
        );
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
