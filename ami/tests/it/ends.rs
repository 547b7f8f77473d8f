//! The ends of a connection, and what becomes of those who still wait.

use ami::{Action, Delivery, Disconnect, Error, Filter};

use crate::peer::{Peer, id, next_name};

fn ping() -> Action {
    Action::new("Ping")
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
    let (result, ()) = tokio::join!(client.call(ping()), server);
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
async fn what_was_still_in_the_queue_was_never_sent() {
    let (client, peer) = Peer::with_client().await;
    // The pipe takes 64 bytes of the first; those behind it stay in the queue.
    let long = tokio::spawn(client.call(Action::new("Long").field("Data", "x".repeat(200))));
    while client.in_flight() == 0 {
        tokio::task::yield_now().await;
    }
    tokio::task::yield_now().await;
    let queued = [tokio::spawn(client.call(ping())), tokio::spawn(client.call(ping()))];
    while client.in_flight() < 3 {
        tokio::task::yield_now().await;
    }
    drop(peer);
    let delivery = |error| match error {
        Error::Disconnected { delivery, .. } => delivery,
        other => panic!("{other:?}"),
    };
    assert_eq!(delivery(long.await.unwrap().unwrap_err()), Delivery::MaybeExecuted);
    for call in queued {
        assert_eq!(delivery(call.await.unwrap().unwrap_err()), Delivery::NeverSent);
    }
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
