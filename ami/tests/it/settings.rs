//! Filters and event masks, which a client sets again after a loss, or gives up a connection for.

use std::time::Duration;

use ami::{Action, Client, Disconnect, Error, EventClass, EventFilter, State};

use crate::peer::{BOOTED, Peer, id};
use crate::reconnect::{Server, config, lost};

/// Waits until a connection was given up because the server did not confirm a setting. The client
/// is down for a moment only, so somebody has to look all the time.
fn unsettled(client: &Client) -> impl Future<Output = bool> + use<> {
    let mut states = client.state();
    let unsettled =
        |state: &State| matches!(state, State::Down(Error::Lost(Disconnect::Unsettled)));
    async move { states.wait_for(unsettled).await.is_ok() }
}

#[tokio::test]
async fn filters_and_mask_are_set_again_before_anything_else() {
    let server = Server::new().await;
    let (client, mut peer) = server.client(config()).await;
    let settings = "AsteriskVersion: 22.10.1\r\n";
    let answers = async {
        peer.answer("CoreSettings", settings).await;
        // With each of them comes what calls wait for, so that it cannot be missing.
        for name in ["Hangup", "OriginateResponse", "FullyBooted"] {
            let filter = peer.answer("Filter", "").await;
            let expected = format!("MatchCriteria: action(include),name({name})\r\n");
            assert!(filter.contains(&expected), "{filter}");
        }
        peer.answer("CoreSettings", settings).await;
        for _ in 0..3 {
            peer.answer("Filter", "").await;
        }
        let mask = peer.answer("Events", "Events: On\r\n").await;
        assert!(mask.contains("EventMask: call\r\n"), "{mask}");
        peer.action().await;
    };
    let asks = async {
        client.add_event_filter(EventFilter::include("Hangup")).await.unwrap();
        client.add_event_filter(EventFilter::include("Newstate")).await.unwrap();
        client.set_event_mask(EventClass::Call).await.unwrap();
    };
    tokio::join!(answers, asks);
    drop(peer);
    lost(&client).await;
    let waiting = tokio::spawn(client.call(Action::new("Ping")));
    let mut peer = Peer::accept(&server.listener).await;
    peer.send("Asterisk Call Manager/5.0.4\r\n").await;
    let login = peer.answer("Login", "").await;
    assert!(login.contains("Events: call\r\n"), "{login}");
    peer.send(BOOTED).await;
    // The server is an older one now.
    peer.answer("CoreSettings", "AsteriskVersion: 16.28.0~dfsg\r\n").await;
    for name in ["Hangup", "OriginateResponse", "FullyBooted", "Newstate"] {
        let filter = peer.answer("Filter", "").await;
        let expected = format!("Filter: ^Event: {name}[[:cntrl:]]\r\n");
        assert!(filter.contains(&expected) && !filter.contains("MatchCriteria"), "{filter}");
        assert!(!client.state().borrow().is_up());
    }
    peer.answer("Ping", "").await;
    waiting.await.unwrap().unwrap();
    assert_eq!(client.banner().version(), Some("5.0.4"));
}

#[tokio::test]
async fn a_filter_is_set_with_its_company_or_not_at_all() {
    let server = Server::new().await;
    let (client, mut peer) = server.client(config()).await;
    let refuse = async |peer: &mut Peer| {
        let filter = peer.action().await;
        assert!(filter.starts_with("Action: Filter\r\n"), "{filter}");
        let id = id(&filter);
        peer.send(format!("Response: Error\r\nActionID: {id}\r\nMessage: no\r\n\r\n")).await;
    };
    // Refused, it leaves nothing: the company alone would keep everything else back.
    let answers = async {
        peer.answer("CoreSettings", "").await;
        refuse(&mut peer).await;
        peer.answer("Ping", "").await;
    };
    let asks = async {
        let refused = client.add_event_filter(EventFilter::include("Hangup")).await;
        assert!(matches!(refused, Err(Error::Rejected(_))), "{refused:?}");
        client.call(Action::new("Ping")).await.unwrap();
    };
    tokio::join!(answers, asks);
    // Taken without its company it costs the connection, and the next one has all of it.
    let answers = async {
        peer.answer("CoreSettings", "").await;
        peer.answer("Filter", "").await;
        refuse(&mut peer).await;
        peer.end().await;
        let mut peer = server.accept_again().await;
        peer.answer("CoreSettings", "").await;
        for name in ["Newstate", "OriginateResponse", "FullyBooted"] {
            let filter = peer.answer("Filter", "").await;
            assert!(filter.contains(name), "{filter}");
        }
        peer.answer("Ping", "").await;
    };
    let asks = async {
        // It is down for a moment only, so somebody has to look all the time.
        let mut states = client.state();
        let half = |state: &State| matches!(state, State::Down(Error::Lost(Disconnect::Unsettled)));
        let filter = client.add_event_filter(EventFilter::include("Newstate"));
        let seen = async { states.wait_for(half).await.map(drop) };
        let (set, seen) = tokio::join!(filter, seen);
        assert!(set.is_err() && seen.is_ok());
        client.call(Action::new("Ping")).await.unwrap();
    };
    tokio::join!(answers, asks);
}

#[tokio::test]
async fn a_mask_is_remembered_once_the_server_was_asked_for_it() {
    let server = Server::new().await;
    let (client, mut peer) = server.client(config()).await;
    // Given up right behind the write.
    let asked = tokio::select! {
        set = client.set_event_mask(EventClass::User) => panic!("{set:?}"),
        asked = peer.action() => asked,
    };
    peer.send(format!("Response: Success\r\nActionID: {}\r\nEvents: On\r\n\r\n", id(&asked))).await;
    peer.answer("Ping", "").await;
    let (pong, _) = tokio::join!(client.call(Action::new("Ping")), peer.answer("Ping", ""));
    pong.unwrap();
    drop(peer);
    let mut peer = Peer::accept(&server.listener).await;
    peer.send("Asterisk Call Manager/11.0.0\r\n").await;
    let login = peer.action().await;
    assert!(login.contains("Events: user\r\n"), "{login}");
}

#[tokio::test]
async fn a_mask_that_the_server_says_nothing_of_costs_the_connection() {
    let server = Server::new().await;
    let (client, mut peer) = server.client(config().timeout(Duration::from_millis(50))).await;
    let seen = unsettled(&client);
    let (set, asked, seen) =
        tokio::join!(client.set_event_mask(EventClass::User), peer.action(), seen);
    assert!(set.unwrap_err().is_timeout() && asked.contains("EventMask: user") && seen);
    let mut peer = Peer::accept(&server.listener).await;
    peer.send("Asterisk Call Manager/11.0.0\r\n").await;
    let login = peer.action().await;
    assert!(!login.contains("Events: "), "{login}");
}

#[tokio::test]
async fn a_filter_that_the_server_says_nothing_of_costs_the_connection() {
    let server = Server::new().await;
    let (client, mut peer) = server.client(config().timeout(Duration::from_millis(50))).await;
    let seen = unsettled(&client);
    let asked = async {
        peer.answer("CoreSettings", "").await;
        peer.action().await
    };
    let filter = client.add_event_filter(EventFilter::include("Hangup"));
    let (set, asked, seen) = tokio::join!(filter, asked, seen);
    assert!(set.unwrap_err().is_timeout() && asked.contains("Hangup") && seen);
    // The next one has none.
    let mut peer = server.accept_again().await;
    let (pong, _) = tokio::join!(client.call(Action::new("Ping")), peer.answer("Ping", ""));
    pong.unwrap();
}

#[tokio::test]
async fn a_former_mask_that_cannot_be_set_again_costs_the_connection() {
    let server = Server::new().await;
    let (client, mut peer) = server.client(config()).await;
    let seen = unsettled(&client);
    let answers = async {
        peer.answer("Events", "Events: Off\r\n").await;
        peer.answer("Ping", "").await;
        let again = peer.id().await;
        peer.send(format!("Response: Error\r\nActionID: {again}\r\nMessage: no\r\n\r\n")).await;
    };
    let (set, (), seen) = tokio::join!(client.set_event_mask(EventClass::User), answers, seen);
    assert!(matches!(set, Err(Error::Rejected(_))) && seen, "{set:?}");
}
