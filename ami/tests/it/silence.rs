//! Keepalive, and the cap on calls in flight: who waits, and for how long.

use std::future::Future;
use std::time::Duration;

use ami::{Action, Client, Config, Delivery, Disconnect, Error, Originate};
use tokio::time::Instant;

use crate::peer::{Peer, id, quiet_config};

fn config() -> Config {
    let second = Duration::from_secs(1);
    quiet_config("user", "mysecret").keepalive(10 * second).timeout(5 * second)
}

fn ping() -> Action {
    Action::new("Ping")
}

#[tokio::test(start_paused = true)]
async fn a_link_that_is_half_open_is_noticed() {
    let (client, mut peer) = Peer::with_config(config()).await;
    let begun = Instant::now();
    let asked = peer.action().await;
    assert!(asked.starts_with("Action: Ping\r\n"), "{asked}");
    let ended = client.ended().await;
    assert!(matches!(ended, Disconnect::Unresponsive(after) if after.as_secs() == 5), "{ended:?}");
    assert_eq!(begun.elapsed().as_secs(), 15);
    peer.end().await;
}

#[tokio::test(start_paused = true)]
async fn every_sign_of_life_will_do() {
    let (client, mut peer) = Peer::with_config(config()).await;
    for _ in 0..10 {
        peer.answer("Ping", "").await;
    }
    // An event instead of the answer.
    for _ in 0..10 {
        peer.action().await;
        peer.send("Event: Alive\r\n\r\n").await;
    }
    // While there are events, nobody asks.
    for _ in 0..100 {
        tokio::time::sleep(Duration::from_secs(9)).await;
        peer.send("Event: Alive\r\n\r\n").await;
    }
    let (pong, asked) = tokio::join!(client.call(Action::new("Mine")), peer.answer("Mine", ""));
    pong.unwrap();
    assert!(asked.starts_with("Action: Mine"));
    assert_eq!(client.in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_busy_with_a_call_is_given_its_time() {
    let (client, mut peer) = Peer::with_config(config()).await;
    let begun = Instant::now();
    let wait = Action::new("WaitEvent").field("Timeout", "60");
    let wait = client.call(wait).timeout(Duration::from_secs(65));
    let server = async {
        let id = peer.id().await;
        tokio::time::sleep(Duration::from_secs(60)).await;
        peer.send(format!("Response: Success\r\nActionID: {id}\r\n\r\n")).await;
    };
    let (answer, ()) = tokio::join!(wait, server);
    answer.unwrap();
    // After that it has no excuse.
    assert!(matches!(client.ended().await, Disconnect::Unresponsive(_)));
    assert!(begun.elapsed() > Duration::from_secs(65));
    drop(peer);
}

#[tokio::test(start_paused = true)]
async fn without_keepalive_nobody_asks() {
    let (client, peer) = Peer::with_config(config().keepalive(None)).await;
    let waited = tokio::time::timeout(Duration::from_secs(100_000), client.ended()).await;
    assert!(waited.is_err());
    drop(peer);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_has_ended_has_no_place_whoever_holds_it() {
    let config = quiet_config("user", "mysecret").max_in_flight(1).keepalive(None);
    let (client, mut peer) = Peer::with_config(config).await;
    // A list that is complete, and not read to its end.
    let mut list = client.list(Action::new("Things"));
    let server = async {
        let id = peer.fenced().await;
        peer.send(format!("Response: Success\r\nActionID: {id}\r\nEventList: start\r\n\r\nEvent: Item\r\nActionID: {id}\r\n\r\nEvent: End\r\nActionID: {id}\r\nEventList: Complete\r\n\r\n")).await;
    };
    let (item, ()) = tokio::join!(list.next(), server);
    item.unwrap().unwrap();
    let (pong, _) = tokio::join!(client.call(ping()), peer.answer("Ping", ""));
    pong.unwrap();
    // A phone that rings.
    let call = Originate::to_application("Local/1@a", "Echo", "");
    let ringing = tokio::spawn({
        let client = client.clone();
        async move { client.originate(call).await }
    });
    peer.show_user("all").await;
    let id = peer.answer("Originate", "").await;
    let (pong, _) = tokio::join!(client.call(ping()), peer.answer("Ping", ""));
    pong.unwrap();
    let id = crate::peer::id(&id);
    peer.send(format!("Event: OriginateResponse\r\nActionID: {id}\r\nResponse: Success\r\n\r\n"))
        .await;
    ringing.await.unwrap().unwrap();
    // A connection that has ended, with a call that nobody looks at.
    let held = client.call(Action::new("Held"));
    let mut held = Box::pin(held);
    assert!(
        std::future::poll_fn(|cx| std::task::Poll::Ready(held.as_mut().poll(cx).is_pending()))
            .await
    );
    drop(peer);
    client.ended().await;
    assert_eq!(client.in_flight(), 0);
    let late = client.call(ping()).timeout(Duration::MAX).await.unwrap_err();
    assert!(matches!(late, Error::Disconnected { .. }), "{late:?}");
}

/// Starts a call, as far as it gets without waiting.
fn start(
    client: &Client,
    name: &str,
    limit: u64,
) -> tokio::task::JoinHandle<Result<ami::Response, Error>> {
    let call = client.call(Action::new(name)).timeout(Duration::from_secs(limit));
    tokio::spawn(call)
}

#[tokio::test(start_paused = true)]
async fn calls_beyond_the_cap_wait_for_their_turn() {
    let config = quiet_config("user", "mysecret").max_in_flight(2).keepalive(None);
    let (client, mut peer) = Peer::with_config(config).await;
    let (one, _two) = (start(&client, "One", 100), start(&client, "Two", 100));
    let (first, _second) = (peer.action().await, peer.action().await);
    let late = start(&client, "Late", 5);
    let dropped = start(&client, "Dropped", 100);
    let three = start(&client, "Three", 100);
    // Nothing of them is written, however long that takes.
    let error = late.await.unwrap().unwrap_err();
    assert!(matches!(error, Error::Timeout { delivery: Delivery::NeverSent, .. }), "{error:?}");
    assert_eq!(client.in_flight(), 2);
    dropped.abort();
    assert!(dropped.await.unwrap_err().is_cancelled());
    peer.send(format!("Response: Success\r\nActionID: {}\r\n\r\n", id(&first))).await;
    one.await.unwrap().unwrap();
    let next = peer.action().await;
    assert!(next.starts_with("Action: Three\r\n"), "{next}");
    peer.send(format!("Response: Success\r\nActionID: {}\r\n\r\n", id(&next))).await;
    three.await.unwrap().unwrap();
    // A call that has no place does not keep the client from closing.
    let _four = start(&client, "Four", 100);
    peer.action().await;
    let server = async {
        let logoff = peer.action().await;
        assert!(logoff.starts_with("Action: Logoff\r\n"), "{logoff}");
        peer.send(format!("Response: Goodbye\r\nActionID: {}\r\n\r\n", id(&logoff))).await;
    };
    let (closed, ()) = tokio::join!(client.close(), server);
    closed.unwrap();
    assert!(client.call(ping()).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn bytes_of_a_message_that_does_not_end_are_no_sign_of_life() {
    let (near, mut peer) = Peer::new();
    let config = config().login(ami::Login::Plain);
    let server = async {
        peer.send("Asterisk Call Manager/2.8.0\r\n").await;
        peer.action().await;
        peer.send("Response: Success\r\n\r\nResponse: Follows\r\nActionID: x\r\ntext").await;
    };
    let (client, ()) = tokio::join!(config.handshake(near), server);
    let client = client.unwrap();
    let babble = async {
        loop {
            peer.send("Event: Swallowed\r\n\r\n").await;
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    };
    tokio::select! {
        ended = client.ended() => assert!(matches!(ended, Disconnect::Unresponsive(_)), "{ended:?}"),
        () = babble => {}
    }
}

#[tokio::test(start_paused = true)]
async fn a_keepalive_of_nothing_does_not_flood_the_server() {
    let config = config().keepalive(Duration::ZERO);
    let (client, mut peer) = Peer::with_config(config).await;
    let begun = Instant::now();
    for _ in 0..20 {
        peer.answer("Ping", "").await;
    }
    assert!(begun.elapsed() >= Duration::from_secs(2), "{:?}", begun.elapsed());
    drop(client);
}
