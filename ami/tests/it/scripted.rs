//! What a server won't do on command: fragments, garbage, silence, hanging up at the worst moment.

use std::future::{Future, IntoFuture};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use ami::{
    Action, Client, Config, Delivery, Disconnect, Error, Filter, Item, Login, LoginError,
    Originate, Reason, Subscription,
};

use crate::peer::{Peer, assert_like, id};

fn ping() -> Action {
    Action::new("Ping")
}

fn pong(id: &str) -> String {
    format!("Response: Success\r\nActionID: {id}\r\nPing: Pong\r\n\r\n")
}

async fn next_name(events: &mut Subscription) -> String {
    match events.next().await {
        Some(Item::Event(event)) => String::from_utf8_lossy(event.name()).into_owned(),
        other => format!("{other:?}"),
    }
}

#[tokio::test]
async fn login_by_challenge_does_not_send_the_secret() {
    let (near, mut peer) = Peer::new();
    let config = Config::new("user", "mysecret").events("call,user");
    let server = async {
        peer.send("Asterisk Call Manager/11.0.0\r\n").await;
        let challenge = peer.action().await;
        assert!(
            challenge.contains("Action: Challenge\r\n") && challenge.contains("AuthType: MD5\r\n")
        );
        let answer = format!(
            "Response: Success\r\nActionID: {}\r\nChallenge: 840415273\r\n\r\n",
            id(&challenge)
        );
        peer.send(answer).await;
        let login = peer.action().await;
        assert!(login.contains("\r\nKey: 72ee2809cbf69e9bdb27bdd924cda8e3\r\n"), "{login}");
        assert!(
            login.contains("\r\nUsername: user\r\n") && login.contains("\r\nEvents: call,user\r\n")
        );
        assert!(!login.contains("mysecret"));
        peer.send("Response: Success\r\nMessage: Authentication accepted\r\n\r\n").await;
    };
    let (client, ()) = tokio::join!(config.handshake(near), server);
    assert_eq!(client.unwrap().banner().version(), Some("11.0.0"));
}

#[tokio::test]
async fn a_peer_that_speaks_something_else_is_told_apart() {
    for (first, expected) in [
        ("SSH-2.0-OpenSSH_9.2\r\n", r#"NotAmi("SSH-2.0-OpenSSH_9.2")"#),
        ("HTTP", r#"NotAmi("HTTP")"#),
        ("", "NoBanner"),
    ] {
        let (near, mut peer) = Peer::new();
        let config = Config::new("user", "mysecret");
        let server = async {
            peer.send(first).await;
            drop(peer);
        };
        let (client, ()) = tokio::join!(config.handshake(near), server);
        assert_like(&client.unwrap_err(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_silent_peer_costs_the_connect_time_out_and_no_more() {
    let (near, _peer) = Peer::new();
    let config = Config::new("user", "mysecret").connect_timeout(Duration::from_secs(3));
    let error = config.handshake(near).await.unwrap_err();
    assert!(matches!(error, Error::Login(LoginError::Timeout(after)) if after.as_secs() == 3));
}

#[tokio::test]
async fn a_secret_with_a_line_break_is_refused_and_not_shown() {
    let (near, mut peer) = Peer::new();
    let config = Config::new("user", "hush\r\nAction: Logoff").login(Login::Plain);
    assert!(!format!("{config:?}").contains("hush"));
    let (client, ()) =
        tokio::join!(config.handshake(near), peer.send("Asterisk Call Manager/1.0\r\n"));
    let error = client.unwrap_err();
    assert!(matches!(&error, Error::Action(error) if error.field == "Secret"), "{error:?}");
    assert!(!format!("{error:?} {error}").contains("hush"));
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
        let (a, b, c) = tokio::join!(
            client.call(ping()).into_future(),
            client.call(ping()).into_future(),
            client.call(ping()).into_future()
        );
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
    let (result, ()) = tokio::join!(client.call(ping()).into_future(), server);
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
    let calls = async {
        tokio::join!(
            client.call(Action::new("IAXnetstats")).into_future(),
            client.call(ping()).into_future()
        )
    };
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
    let (result, ()) = tokio::join!(client.call(ping()).into_future(), server);
    assert_eq!(result.unwrap().get("Ping"), Some(&b"Pong"[..]));
}

#[tokio::test(start_paused = true)]
async fn a_time_out_tells_whether_the_action_was_sent() {
    let (client, mut peer) = Peer::with_client().await;
    let limit = Duration::from_secs(5);
    // The pipe takes 64 bytes; what is behind the first batch stays in the queue.
    let long = Action::new("Long").field("Data", "x".repeat(200));
    let (sent, queued) = tokio::join!(client.call(long).timeout(limit).into_future(), async {
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
    let (last, next) =
        tokio::join!(client.call(Action::new("Last")).timeout(limit).into_future(), peer.action());
    assert!(next.starts_with("Action: Last"), "{next}");
    assert!(last.is_err());
}

#[tokio::test]
async fn the_end_of_the_connection_ends_everything() {
    let (client, mut peer) = Peer::with_client().await;
    let mut events = client.subscribe(Filter::all());
    let server = async {
        peer.id().await;
        peer.send("Event: Last\r\n\r\nEvent: Cut\r\nHal").await;
        drop(peer);
    };
    let (result, ()) = tokio::join!(client.call(ping()).into_future(), server);
    let error = result.unwrap_err();
    assert!(
        matches!(
            &error,
            Error::Disconnected { reason: Disconnect::Eof, delivery: Delivery::MaybeExecuted }
        ),
        "{error:?}"
    );
    assert_eq!(next_name(&mut events).await, "Last");
    assert!(events.next().await.is_none());
    let later = client.call(ping()).await.unwrap_err();
    assert!(
        matches!(&later, Error::Disconnected { delivery: Delivery::NeverSent, .. }),
        "{later:?}"
    );
    assert!(client.subscribe(Filter::all()).next().await.is_none());
    assert!(matches!(client.ended().await, Disconnect::Eof));
    assert_eq!(client.in_flight(), 0);
}

#[tokio::test]
async fn dropping_the_last_handle_closes_the_connection() {
    let (client, peer) = Peer::with_client().await;
    let mut events = client.subscribe(Filter::all());
    let clone = client.clone();
    drop(client);
    drop(clone);
    peer.end().await;
    assert!(events.next().await.is_none());
}

#[test]
fn what_outlives_the_runtime_does_not_hang() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let first = runtime();
    let (client, peer) = first.block_on(Peer::with_client());
    let mut events = client.subscribe(Filter::all());
    drop(first);
    runtime().block_on(async {
        assert!(events.next().await.is_none());
        let error = client.call(ping()).await.unwrap_err();
        assert!(matches!(error, Error::Disconnected { delivery: Delivery::NeverSent, .. }));
    });
    drop((client, events, peer));
}

#[tokio::test]
async fn close_logs_off_and_waits() {
    let (client, mut peer) = Peer::with_client().await;
    let server = async {
        let logoff = peer.action().await;
        assert!(logoff.starts_with("Action: Logoff\r\n"), "{logoff}");
        peer.send(format!("Response: Goodbye\r\nActionID: {}\r\n\r\n", id(&logoff))).await;
        peer.end().await;
    };
    let (closed, ()) = tokio::join!(client.close(), server);
    closed.unwrap();
    client.close().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_server_that_hangs_cannot_keep_close_from_ending() {
    let (client, peer) = Peer::with_client().await;
    assert!(client.close().await.unwrap_err().is_timeout());
    peer.end().await;
}

#[tokio::test]
async fn a_frozen_subscriber_stops_nobody_and_is_told_what_it_missed() {
    let (client, mut peer) = Peer::with_client().await;
    let mut frozen = client.subscribe(Filter::named(["Flood"]));
    let server = async {
        for _ in 0..100 {
            for _ in 0..100 {
                peer.send("Event: Flood\r\n\r\n").await;
            }
            let id = peer.id().await;
            peer.send(pong(&id)).await;
        }
    };
    let calls = async {
        for _ in 0..100 {
            client.call(ping()).await.unwrap();
        }
    };
    tokio::join!(server, calls);
    drop(client);
    let (mut events, mut missed) = (0, 0);
    while let Some(item) = frozen.next().await {
        match item {
            Item::Event(_) => events += 1,
            Item::Missed(n) => missed += n,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((events, missed), (4096, 10_000 - 4096));
}

#[tokio::test]
async fn an_originate_ends_with_its_own_outcome() {
    let (client, mut peer) = Peer::with_client().await;
    let mut events = client.subscribe(Filter::named(["OriginateResponse"]));
    let server = async {
        let (first, second, third) = (peer.id().await, peer.id().await, peer.id().await);
        let ack =
            |id: &str| format!("Response: Success\r\nActionID: {id}\r\nMessage: queued\r\n\r\n");
        peer.send(ack(&first)).await;
        peer.send(ack(&second)).await;
        peer.send(format!(
            "Response: Error\r\nActionID: {third}\r\nMessage: Invalid channel\r\n\r\n"
        ))
        .await;
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
async fn ready_waits_for_the_word_and_remembers_it() {
    let (client, mut peer) = Peer::with_client().await;
    let booted = "Event: FullyBooted\r\nPrivilege: system,all\r\nStatus: Fully Booted\r\n\r\n";
    let (ready, ()) = tokio::join!(client.ready(), peer.send(booted));
    ready.unwrap();
    peer.send(booted).await;
    client.ready().await.unwrap();
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
    let (result, ()) = tokio::join!(client.call(ping()).into_future(), server);
    result.unwrap();
    assert_eq!(next_name(&mut events).await, "A");
    assert_eq!(next_name(&mut events).await, "B");
}

/// Polls a future so often and no more, also when nothing has happened in between.
struct Polls<F> {
    future: Pin<Box<F>>,
    left: usize,
}

impl<F: Future> Future for Polls<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        self.left -= 1;
        cx.waker().wake_by_ref();
        self.future.as_mut().poll(cx).map(Some)
    }
}

#[tokio::test]
async fn a_call_can_be_dropped_after_any_poll() {
    let (client, mut peer) = Peer::with_client().await;
    let call = |client: Client| async move {
        client
            .originate(Originate::to_application("Local/1@a", "Echo", "x".repeat(300).as_str()))
            .await
    };
    for polls in 0..8 {
        let dropped = Polls { future: Box::pin(call(client.clone())), left: polls }.await;
        assert!(dropped.is_none());
        assert_eq!(client.in_flight(), 0, "after {polls} polls");
        // The connection is still good: what was written of the dropped call is read, and the next one answered.
        let server = async {
            loop {
                let action = peer.action().await;
                if action.starts_with("Action: Ping") {
                    return peer.send(pong(&id(&action))).await;
                }
            }
        };
        let (alive, ()) = tokio::join!(client.call(ping()).into_future(), server);
        alive.unwrap();
    }
}

#[tokio::test]
async fn the_dialogue_can_be_cut_at_every_byte() {
    let banner = "Asterisk Call Manager/11.0.0\r\n";
    let rest = "Response: Success\r\nMessage: Authentication accepted\r\n\r\nEvent: FullyBooted\r\nPrivilege: system,all\r\n\r\n";
    for cut in 0..banner.len() + rest.len() {
        let (near, mut peer) = Peer::new();
        let config = Config::new("user", "mysecret").login(Login::Plain);
        let server = async {
            peer.send(&banner[..cut.min(banner.len())]).await;
            if let Some(cut) = cut.checked_sub(banner.len()) {
                peer.action().await;
                peer.send(&rest[..cut]).await;
            }
            drop(peer);
        };
        let client = async {
            let client = config.handshake(near).await?;
            client.ready().await
        };
        let mut both = pin!(async { tokio::join!(client, server) });
        let (result, ()) = tokio::time::timeout(Duration::from_secs(5), &mut both).await.unwrap();
        assert!(result.is_err(), "cut at {cut}");
    }
}
