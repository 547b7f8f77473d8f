//! A client that connects in the background, against a peer on a TCP port.

use std::time::Duration;

use ami::testing;
use ami::{
    Action, Client, Config, Delivery, Disconnect, Error, Filter, Item, Login, LoginError,
    Reconnect, State,
};

use crate::peer::{BOOTED, Peer, next_name, quiet_config};
use crate::reconnect::{AGES, Server, config};

/// Returns a client that connects to the server in the background.
pub(crate) fn client(server: &Server, config: Config) -> Client {
    let config = config.login(Login::Plain).keepalive(None);
    config.connect(server.listener.address()).in_background()
}

/// Waits for waits that never end.
fn slow() -> Config {
    config().reconnect(Reconnect::default().wait(AGES, AGES))
}

/// Refuses the next login.
async fn refuse(server: &Server, message: &str) {
    let mut peer = Peer::accept(&server.listener).await;
    peer.send("Asterisk Call Manager/11.0.0\r\n").await;
    peer.action().await;
    peer.send(format!("Response: Error\r\nMessage: {message}\r\n\r\n")).await;
}

fn is_down(state: &State) -> bool {
    matches!(state, State::Down(_))
}

#[tokio::test]
async fn a_client_is_there_before_its_server_and_keeps_trying() {
    let server = Server::new().await;
    // The first connection is retried, whether or not later ones are.
    for config in [config(), config().reconnect(None), config().retry_first(true)] {
        let client = client(&server, config);
        let mut states = client.state();
        assert!(matches!(*states.borrow(), State::Connecting));
        assert_eq!(client.banner().line(), b"");
        assert_eq!(client.banner().version(), None);
        let waiting = tokio::spawn(client.call(Action::new("Status")));
        drop(Peer::accept(&server.listener).await);
        states.wait_for(is_down).await.unwrap();
        states.wait_for(|state| matches!(state, State::Connecting)).await.unwrap();
        refuse(&server, "Asterisk is shutting down").await;
        let refused = |state: &State| matches!(state, State::Down(Error::Login(LoginError::Refused(it))) if it.message() == "Asterisk is shutting down");
        states.wait_for(refused).await.unwrap();
        let mut peer = server.accept_again().await;
        peer.answer("Status", "").await;
        waiting.await.unwrap().unwrap();
        assert!(client.state().borrow().is_up());
        assert_eq!(client.banner().version(), Some("11.0.0"));
        assert_eq!(client.stats().reconnects, 0);
    }
}

#[tokio::test]
async fn subscriptions_made_before_get_all_events_and_no_gap() {
    let server = Server::new().await;
    let connect = config().login(Login::Plain).connect(server.listener.address());
    let mut early = connect.subscribe(Filter::all());
    let client = connect.in_background();
    let mut late = client.subscribe(Filter::all());
    drop(Peer::accept(&server.listener).await);
    client.state().wait_for(is_down).await.unwrap();
    let mut last = client.subscribe(Filter::all());
    let mut peer = Peer::accept(&server.listener).await;
    peer.log_in_and_say(&format!("Event: First\r\n\r\n{BOOTED}Event: Second\r\n\r\n")).await;
    for events in [&mut early, &mut late, &mut last] {
        for name in ["First", "FullyBooted", "Second"] {
            assert_eq!(next_name(events).await, name);
        }
    }
    // The next loss is a gap.
    client.state().wait_for(State::is_up).await.unwrap();
    drop(peer);
    let _peer = server.accept_again().await;
    for events in [&mut early, &mut late, &mut last] {
        let gap = events.next().await;
        assert!(matches!(&gap, Some(Item::Gap(gap)) if gap.times == 1), "{gap:?}");
    }
    assert_eq!(client.stats().reconnects, 1);
}

#[tokio::test]
async fn calls_wait_until_the_server_is_booted() {
    let server = Server::new().await;
    let client = client(&server, config());
    let waiting = tokio::spawn(client.call(Action::new("QueueStatus")));
    let mut peer = server.accept().await;
    peer.answer("Ping", "").await;
    peer.show_user("all").await;
    client.state().wait_for(|state| matches!(state, State::Booting)).await.unwrap();
    let late = client.call(Action::new("Ping")).timeout(Duration::from_millis(20)).await;
    let late = late.unwrap_err();
    assert!(format!("{late:#}").ends_with("that it is fully booted"), "{late:#}");
    peer.send(BOOTED).await;
    peer.answer("QueueStatus", "").await;
    waiting.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_call_waits_for_the_first_connection_no_longer_than_it_said() {
    let server = Server::new().await;
    let client = client(&server, slow());
    let ping = || client.call(Action::new("Ping")).timeout(Duration::from_millis(20));
    // Nobody knows of an error yet.
    let late = ping().await.unwrap_err();
    let never = Delivery::NeverSent;
    assert!(matches!(&late, Error::Timeout { delivery, .. } if *delivery == never), "{late:?}");
    refuse(&server, "Login Already In Use").await;
    client.state().wait_for(is_down).await.unwrap();
    let late = ping().await.unwrap_err();
    assert_eq!(
        format!("{late:#}"),
        "no connection within 20ms; the action was never sent: login failed: \
         the server answered: Login Already In Use"
    );
}

#[tokio::test]
async fn a_login_that_is_refused_for_good_ends_the_client() {
    let server = Server::new().await;
    for tries in 0..2 {
        let client = client(&server, config());
        let mut events = client.subscribe(Filter::all());
        let waiting = tokio::spawn(client.call(Action::new("Ping")));
        for _ in 0..tries {
            drop(Peer::accept(&server.listener).await);
        }
        refuse(&server, "Authentication failed").await;
        assert_eq!(
            format!("{:#}", client.ended().await),
            "connecting failed for good: login failed: the server answered: Authentication failed"
        );
        let error = waiting.await.unwrap().unwrap_err();
        let refused = |reason: &Disconnect| matches!(reason, Disconnect::Refused(_));
        assert!(
            matches!(&error, Error::Disconnected { reason, delivery: Delivery::NeverSent } if refused(reason)),
            "{error:?}"
        );
        assert!(events.next_event().await.unwrap_err().is_end());
        client.close().await.unwrap();
    }
}

#[tokio::test]
async fn dropping_or_closing_a_client_ends_its_attempts_at_once() {
    for stage in ["connecting", "logging in", "waiting"] {
        for closes in [false, true] {
            let server = Server::new().await;
            let client = client(&server, slow().connect_timeout(AGES));
            let mut events = client.subscribe(Filter::all());
            let mut peer = None;
            if stage != "connecting" {
                let mut accepted = Peer::accept(&server.listener).await;
                if stage == "logging in" {
                    accepted.send("Asterisk Call Manager/11.0.0\r\n").await;
                    accepted.action().await;
                    peer = Some(accepted);
                } else {
                    drop(accepted);
                    client.state().wait_for(is_down).await.unwrap();
                }
            }
            if closes {
                client.close().await.unwrap();
                assert!(matches!(client.ended().await, Disconnect::Closed));
            }
            drop(client);
            assert!(events.next_event().await.unwrap_err().is_end(), "{stage}");
            if let Some(peer) = peer {
                peer.end().await;
            }
        }
    }
}

#[tokio::test]
async fn a_login_that_stalls_is_given_up_and_tried_again() {
    let server = Server::new().await;
    let client = client(&server, config().connect_timeout(Duration::from_millis(300)));
    let mut states = client.state();
    let _silent = Peer::accept(&server.listener).await;
    let late = |state: &State| matches!(state, State::Down(Error::Login(LoginError::Timeout(_))));
    states.wait_for(late).await.unwrap();
    let _peer = server.accept_again().await;
    states.wait_for(State::is_up).await.unwrap();
}

#[tokio::test]
async fn a_client_that_does_not_reconnect_ends_with_its_first_connection() {
    let server = Server::new().await;
    let client = client(&server, config().reconnect(None));
    drop(server.accept_again().await);
    let ended = client.ended().await;
    assert!(matches!(ended, Disconnect::Eof), "{ended:?}");
}

#[tokio::test]
async fn a_first_connection_that_is_lost_while_the_server_boots_is_replaced() {
    let server = Server::new().await;
    let client = client(&server, config());
    let mut events = client.subscribe(Filter::all());
    let mut peer = server.accept().await;
    peer.send("Event: First\r\n\r\n").await;
    assert_eq!(next_name(&mut events).await, "First");
    drop(peer);
    let _peer = server.accept_again().await;
    client.state().wait_for(State::is_up).await.unwrap();
    assert!(matches!(events.next().await, Some(Item::Gap(_))));
    assert_eq!(next_name(&mut events).await, "FullyBooted");
    assert_eq!(client.stats().reconnects, 1);
}

#[tokio::test]
async fn a_client_over_an_existing_connection_tries_once() {
    let config = quiet_config("user", "mysecret").login(Login::Plain);
    let (near, mut peer) = Peer::wide();
    let client = config.handshake(near).in_background();
    let waiting = tokio::spawn(client.call(Action::new("Status")));
    peer.log_in_and_say(BOOTED).await;
    peer.answer("Status", "").await;
    waiting.await.unwrap().unwrap();
    drop(peer);
    assert!(matches!(client.ended().await, Disconnect::Eof));

    let (near, peer) = Peer::new();
    let client = config.handshake(near).in_background();
    drop(peer);
    let ended = client.ended().await;
    assert!(matches!(&ended, Disconnect::Refused(error) if !error.is_final()), "{ended:?}");
}

#[tokio::test]
async fn what_was_begun_is_continued_in_the_background() {
    let server = testing::Server::bind().await.unwrap();
    let begun = async |config: Config| {
        let mut connect = config.login(Login::Plain).connect(server.address());
        let events = connect.subscribe(Filter::all());
        let peer = tokio::select! {
            biased;
            client = &mut connect => panic!("{client:?}"),
            peer = Peer::accept(&server) => peer,
        };
        (connect, peer, events)
    };
    // While it logs in.
    let (connect, mut peer, mut events) = begun(config()).await;
    let client = connect.in_background();
    peer.log_in_and_say(BOOTED).await;
    assert_eq!(next_name(&mut events).await, "FullyBooted");
    client.state().wait_for(State::is_up).await.unwrap();
    // While the server boots. Calls of such a client do not wait.
    let (mut connect, mut peer, mut events) = begun(config().until_booted(true)).await;
    tokio::select! {
        biased;
        client = &mut connect => panic!("{client:?}"),
        _ = async {
            peer.log_in().await;
            peer.answer("Ping", "").await
        } => {}
    }
    let client = connect.in_background();
    assert!(client.state().borrow().is_up());
    let (pong, _) = tokio::join!(client.call(Action::new("Status")), peer.answer("Status", ""));
    pong.unwrap();
    peer.send(BOOTED).await;
    assert_eq!(next_name(&mut events).await, "FullyBooted");
    // When it has failed.
    let (mut connect, peer, mut events) = begun(config()).await;
    drop(peer);
    (&mut connect).await.unwrap_err();
    let client = connect.in_background();
    assert!(matches!(client.ended().await, Disconnect::Refused(_)));
    assert!(events.next_event().await.unwrap_err().is_end());
}
