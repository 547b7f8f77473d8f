//! Events and what is none, against a peer that floods, forges and sends garbage.

use std::pin::Pin;
use std::task::{Context, Poll};

use ami::testing::{self, Script};
use ami::{Buffer, Filter, Item, Stray};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::calls::{ping, pong};
use crate::peer::{Peer, id, next_name, quiet_config, taken};

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
async fn what_makes_no_sense_is_counted_and_does_no_harm() {
    let config = quiet_config("user", "mysecret").max_message(0);
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
async fn an_oversized_message_costs_nothing_but_itself() {
    let config = quiet_config("user", "mysecret").max_message(200);
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
async fn an_event_that_is_too_large_is_missed_by_those_who_asked_for_it() {
    let config = quiet_config("user", "mysecret").max_message(1024);
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
    let config = quiet_config("user", "mysecret").max_message(1024);
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
    let shown = |item: Item| match item {
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
async fn a_subscriber_on_the_readers_thread_keeps_up_with_a_flood() {
    const EVENTS: u64 = 200_000;
    let (near, peer) = testing::Peer::pipe_of(1024 * 1024);
    let mut peer = peer.script(Script::empty().booting());
    let config = quiet_config("user", "mysecret").login(ami::Login::Plain).keepalive(None);
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
    /// The bytes that the client has written.
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
    let config = quiet_config("user", "mysecret").login(ami::Login::Plain);
    let client = config.handshake(Flood::default()).await.unwrap();
    let response = client.call(ping()).await.unwrap();
    assert_eq!(response.get("Ping"), Some(&b"Pong"[..]));
}
