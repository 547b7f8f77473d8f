//! A connection that is lost, and what comes after it, against a peer on a TCP port.

use std::time::{Duration, Instant};

use ami::testing;
use ami::{
    Action, Client, Config, Delivery, Disconnect, Error, EventMask, Filter, Item, Login,
    LoginError, Originate, Reconnect, State,
};

use crate::peer::{BOOTED, Peer, assert_like, id, next_name, quiet_config};

/// Longer than any test waits.
pub(crate) const AGES: Duration = Duration::from_secs(600);

pub(crate) struct Server {
    pub(crate) listener: testing::Server,
}

impl Server {
    pub(crate) async fn new() -> Self {
        Self { listener: testing::Server::bind().await.unwrap().patience(AGES) }
    }

    /// A connection that was let in.
    pub(crate) async fn accept(&self) -> Peer {
        let mut peer = Peer::accept(&self.listener).await;
        peer.log_in().await;
        peer
    }

    /// A connection that was let in again, by a server that has booted.
    pub(crate) async fn accept_again(&self) -> Peer {
        let mut peer = Peer::accept(&self.listener).await;
        peer.log_in_and_say(BOOTED).await;
        peer
    }

    pub(crate) async fn client(&self, config: Config) -> (Client, Peer) {
        let config = config.login(Login::Plain).keepalive(None);
        let address = self.listener.address();
        let (client, peer) = tokio::join!(config.connect(address), self.accept());
        (client.unwrap(), peer)
    }
}

pub(crate) fn config() -> Config {
    let quick = Reconnect::default().wait(Duration::from_millis(1), Duration::from_millis(20));
    quiet_config("user", "mysecret").timeout(AGES).reconnect(quick)
}

/// Waits until the client has noticed that its connection is gone.
pub(crate) async fn lost(client: &Client) {
    client.state().wait_for(|state| !state.is_up()).await.unwrap();
}

#[tokio::test]
async fn what_was_lost_is_told_and_the_rest_goes_on() {
    let server = Server::new().await;
    let (client, mut peer) =
        server.client(config().event_mask("call,user".parse::<EventMask>().unwrap())).await;
    let mut events = client.subscribe(Filter::all());
    let in_flight = tokio::spawn(client.call(Action::new("First")));
    peer.send("Event: Before\r\n\r\n").await;
    let first = peer.id().await;
    drop(peer);
    let error = in_flight.await.unwrap().unwrap_err();
    assert!(
        matches!(
            &error,
            Error::Disconnected { reason: Disconnect::Eof, delivery: Delivery::MaybeExecuted }
        ),
        "{error:?}"
    );
    lost(&client).await;

    // A call that is made now waits for the next connection.
    let waiting = tokio::spawn(client.call(Action::new("Second")));
    let mut peer = Peer::accept(&server.listener).await;
    peer.send("Asterisk Call Manager/11.0.0\r\n").await;
    let login = peer.action().await;
    assert!(login.contains("Events: call,user\r\n"), "{login}");
    // The first event comes together with the answer.
    peer.send(format!("Response: Success\r\n\r\n{BOOTED}Event: After\r\n\r\n")).await;
    let second = peer.id().await;
    assert_ne!(first[..16], second[..16], "the random part is the same on both connections");
    // An answer to the former connection is nobody's.
    peer.send(format!("Response: Success\r\nActionID: {first}\r\n\r\n")).await;
    peer.send(format!("Response: Success\r\nActionID: {second}\r\nIs: right\r\n\r\n")).await;
    assert_eq!(waiting.await.unwrap().unwrap().get("Is"), Some(&b"right"[..]));

    assert_eq!(next_name(&mut events).await, "Before");
    match events.next().await {
        Some(Item::Gap(gap)) => assert!(matches!(gap.reason, Disconnect::Eof) && gap.times == 1),
        other => panic!("{other:?}"),
    }
    assert_eq!(next_name(&mut events).await, "FullyBooted");
    assert_eq!(next_name(&mut events).await, "After");
    let stats = client.stats();
    assert_eq!((stats.reconnects, stats.unmatched, stats.in_flight), (1, 1, 0));
    assert!(client.state().borrow().is_up());
}

#[tokio::test]
async fn all_who_wait_are_told_and_nothing_is_sent_again() {
    let server = Server::new().await;
    let (client, peer) = server.client(config()).await;
    // About what the sockets of both sides hold.
    let long = || Action::new("Long").field("Data", "x".repeat(1000));
    let calls: Vec<_> = (0..4000)
        .map(|_| {
            let call = client.call(long());
            tokio::spawn(async move { call.await.unwrap_err() })
        })
        .collect();
    while client.in_flight() < 4000 {
        tokio::task::yield_now().await;
    }
    drop(peer);
    let (mut sent, mut unsent) = (0, 0);
    for call in calls {
        match call.await.unwrap() {
            Error::Disconnected { delivery: Delivery::MaybeExecuted, .. } => sent += 1,
            Error::Disconnected { delivery: Delivery::NeverSent, .. } => unsent += 1,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(sent + unsent, 4000);
    assert!(sent > 0 && client.in_flight() == 0);
    // Nothing is sent again.
    let mut peer = server.accept_again().await;
    let (pong, ping) = tokio::join!(client.call(Action::new("Ping")), peer.answer("Ping", ""));
    pong.unwrap();
    assert!(ping.starts_with("Action: Ping"));
}

#[tokio::test]
async fn a_refused_login_ends_the_client_and_is_not_tried_again() {
    let server = Server::new().await;
    let (client, peer) = server.client(config()).await;
    let mut events = client.subscribe(Filter::all());
    drop(peer);
    lost(&client).await;
    let waiting = tokio::spawn(client.call(Action::new("Ping")));
    let mut peer = Peer::accept(&server.listener).await;
    peer.send("Asterisk Call Manager/11.0.0\r\n").await;
    peer.action().await;
    peer.send("Response: Error\r\nMessage: Authentication failed\r\n\r\n").await;
    let ended = client.ended().await;
    assert_eq!(
        format!("{ended:#}"),
        "connecting failed for good: login failed: the server answered: Authentication failed"
    );
    let error = waiting.await.unwrap().unwrap_err();
    assert!(matches!(error, Error::Disconnected { delivery: Delivery::NeverSent, .. }));
    assert!(events.next().await.is_none());
    assert!(client.state().borrow().is_closed());
    assert_like(&client.call(Action::new("Ping")).await.unwrap_err(), "Refused");
    // Nobody is left who could try.
    client.close().await.unwrap();
}

#[tokio::test]
async fn what_passes_is_tried_again() {
    let server = Server::new().await;
    let (client, peer) = server.client(config()).await;
    let mut states = client.state();
    drop(peer);
    for text in ["Asterisk is shutting down", "Login Already In Use"] {
        let mut peer = Peer::accept(&server.listener).await;
        peer.send("Asterisk Call Manager/11.0.0\r\n").await;
        peer.action().await;
        peer.send(format!("Response: Error\r\nMessage: {text}\r\n\r\n")).await;
        let refused = |state: &State| matches!(state, State::Down(Error::Login(LoginError::Refused(it))) if it.message() == text);
        states.wait_for(refused).await.unwrap();
    }
    // What a server does that has too many guests, and what may stand on its port in between.
    drop(Peer::accept(&server.listener).await);
    Peer::accept(&server.listener).await.send("SSH-2.0-OpenSSH_9.2\r\n").await;
    let mut peer = server.accept_again().await;
    let (pong, _) = tokio::join!(client.call(Action::new("Ping")), peer.answer("Ping", ""));
    pong.unwrap();
    assert_eq!(client.stats().reconnects, 1);
}

#[tokio::test]
async fn a_call_waits_for_a_connection_no_longer_than_it_said() {
    let server = Server::new().await;
    let slow = Reconnect::default().wait(AGES, AGES);
    let (client, peer) = server.client(config().reconnect(slow)).await;
    drop(peer);
    lost(&client).await;
    let limit = Duration::from_millis(20);
    let late = client.call(Action::new("Ping")).timeout(limit).await.unwrap_err();
    assert!(matches!(&late, Error::NotConnected { waited, .. } if *waited == limit), "{late:?}");
    assert_eq!(
        format!("{late:#}"),
        "no connection within 20ms; the action was never sent: the connection was lost: \
         the server closed the connection"
    );
    assert_eq!((late.fault(), late.may_have_been_executed()), (ami::Fault::Link, false));
    // And a client that waits for a connection can be closed.
    let mut events = client.subscribe(Filter::all());
    client.close().await.unwrap();
    assert!(events.next().await.is_none());
    assert!(matches!(client.ended().await, Disconnect::Closed));
}

#[tokio::test]
async fn dropping_the_last_handle_ends_a_client_that_has_no_connection() {
    let server = Server::new().await;
    let slow = Reconnect::default().wait(AGES, AGES);
    let (client, peer) = server.client(config().reconnect(slow)).await;
    let mut events = client.subscribe(Filter::all());
    drop(peer);
    lost(&client).await;
    drop(client);
    assert!(events.next().await.is_none());
}

#[tokio::test]
async fn logging_off_is_no_loss() {
    let server = Server::new().await;
    let (client, mut peer) = server.client(config()).await;
    let server = async {
        let id = id(&peer.action().await);
        peer.send(format!("Response: Goodbye\r\nActionID: {id}\r\n\r\n")).await;
        drop(peer);
    };
    let (answer, ()) = tokio::join!(client.call(Action::new("Logoff")), server);
    answer.unwrap();
    assert!(matches!(client.ended().await, Disconnect::Closed));
}

/// The time that it takes to lose the connection that often.
async fn losing(times: u32, stable: Duration) -> Duration {
    let server = Server::new().await;
    let policy = Reconnect::default().wait(Duration::from_millis(1), AGES).stable(stable);
    let (client, mut peer) = server.client(config().reconnect(policy)).await;
    let begun = Instant::now();
    for _ in 0..times {
        drop(peer);
        peer = server.accept().await;
    }
    drop(client);
    begun.elapsed()
}

#[tokio::test]
async fn only_a_connection_that_lasts_makes_the_waits_short_again() {
    // At least the half of 1 + 2 + … + 512 ms.
    assert!(losing(10, AGES).await >= Duration::from_millis(511));
    // It would be at least 8 s without that.
    assert!(losing(14, Duration::ZERO).await < Duration::from_secs(8));
}

#[tokio::test]
async fn calls_wait_for_the_boot_of_a_server_that_was_started_anew() {
    let server = Server::new().await;
    let (client, mut peer) = server.client(config()).await;
    let mut events = client.subscribe(Filter::all());
    peer.send(BOOTED).await;
    assert_eq!(next_name(&mut events).await, "FullyBooted");
    drop(peer);
    lost(&client).await;
    let waiting = tokio::spawn(client.call(Action::new("QueueStatus")));
    let mut peer = server.accept().await;
    peer.answer("Ping", "").await;
    peer.show_user("all").await;
    client.state().wait_for(|state| matches!(state, State::Booting)).await.unwrap();
    // It says other things before.
    peer.send("Event: PeerStatus\r\n\r\n").await;
    match events.next().await {
        Some(Item::Gap(gap)) => assert_eq!(gap.restarted, Some(true)),
        other => panic!("{other:?}"),
    }
    assert_eq!(next_name(&mut events).await, "PeerStatus");
    let late = client.call(Action::new("Ping")).timeout(Duration::from_millis(20)).await;
    let late = late.unwrap_err();
    assert!(format!("{late:#}").ends_with("that it is fully booted"), "{late:#}");
    peer.send(BOOTED).await;
    peer.answer("QueueStatus", "").await;
    waiting.await.unwrap().unwrap();
    assert!(client.state().borrow().is_up());
}

#[tokio::test]
async fn a_server_that_never_boots_is_waited_for_no_longer_than_a_call() {
    let server = Server::new().await;
    let (client, peer) = server.client(config().timeout(Duration::from_millis(50))).await;
    drop(peer);
    lost(&client).await;
    let mut peer = server.accept().await;
    peer.answer("Ping", "").await;
    peer.show_user("all").await;
    client.state().wait_for(State::is_up).await.unwrap();
}

#[tokio::test]
async fn where_nobody_can_tell_a_client_is_up_behind_a_ping() {
    let server = Server::new().await;
    let (client, peer) = server.client(config()).await;
    drop(peer);
    lost(&client).await;
    let mut peer = server.accept().await;
    peer.answer("Ping", "").await;
    peer.show_user("call,user").await;
    let wait = peer.action().await;
    let id = id(&wait);
    peer.send(format!("Response: Error\r\nActionID: {id}\r\nMessage: Permission denied\r\n\r\n"))
        .await;
    client.state().wait_for(State::is_up).await.unwrap();
}

#[tokio::test]
async fn a_gap_says_how_long_it_was_and_whether_the_server_was_started_anew() {
    let server = Server::new().await;
    let (client, mut peer) = server.client(config()).await;
    let mut events = client.subscribe(Filter::named(["Last"]));
    for (booted, restarted) in [
        (BOOTED.replace("\r\n\r\n", "\r\nUptime: 5000\r\n\r\n"), Some(false)),
        (BOOTED.to_owned(), None),
        ("Event: Last\r\n\r\n".to_owned() + BOOTED, Some(true)),
    ] {
        let begun = Instant::now();
        drop(peer);
        lost(&client).await;
        peer = Peer::accept(&server.listener).await;
        peer.log_in_and_say(&booted).await;
        match events.next().await {
            Some(Item::Gap(gap)) => {
                assert_eq!((gap.times, gap.restarted), (1, restarted), "{booted}");
                assert!(gap.lasted <= begun.elapsed(), "{gap:?}");
                assert!(gap.lasted > Duration::ZERO, "{gap:?}");
            }
            other => panic!("{other:?}"),
        }
        client.state().wait_for(State::is_up).await.unwrap();
    }
    assert_eq!(next_name(&mut events).await, "Last");
}

#[tokio::test]
async fn a_subscription_for_no_name_ends_with_the_client() {
    let server = Server::new().await;
    let (client, mut peer) = server.client(config()).await;
    let mut nothing = client.subscribe(Filter::none());
    assert_eq!(client.stats().subscriptions, 1);
    let (closed, _) = tokio::join!(client.close(), async {
        let id = peer.id().await;
        peer.send(format!("Response: Goodbye\r\nActionID: {id}\r\n\r\n")).await;
    });
    closed.unwrap();
    assert!(nothing.next().await.is_none());
}

#[tokio::test]
async fn a_connection_that_dies_at_once_does_not_say_that_the_server_was_started_anew() {
    let server = Server::new().await;
    let (client, mut peer) = server.client(config()).await;
    let mut events = client.subscribe(Filter::named(["FullyBooted"]));
    peer.send(BOOTED).await;
    assert_eq!(next_name(&mut events).await, "FullyBooted");
    drop(peer);
    lost(&client).await;
    // It is gone behind its answer, before any event.
    drop(server.accept().await);
    let mut peer = Peer::accept(&server.listener).await;
    peer.log_in_and_say(&BOOTED.replace("\r\n\r\n", "\r\nUptime: 5000\r\n\r\n")).await;
    let mut told = Vec::new();
    loop {
        match events.next().await {
            Some(Item::Gap(gap)) => told.push(gap.restarted),
            Some(Item::Event(_)) => break,
            other => panic!("{other:?}"),
        }
    }
    assert!(!told.is_empty() && !told.contains(&Some(true)), "{told:?}");
}

#[tokio::test]
async fn a_call_that_is_placed_while_there_is_no_connection_is_not_taken_for_lost() {
    let server = Server::new().await;
    let (client, peer) = server.client(config()).await;
    drop(peer);
    lost(&client).await;
    let mut call = client.place(Originate::to_application("Local/1@a", "Echo", ""));
    let channel = call.unique_id().to_owned();
    let calls = call.end();
    let server = async {
        let mut peer = server.accept_again().await;
        peer.show_user("all").await;
        let action = peer.answer("Originate", "").await;
        let id = id(&action);
        peer.send(format!(
            "Event: OriginateResponse\r\nActionID: {id}\r\nResponse: Success\r\nUniqueid: {channel}\r\n\r\n\
             Event: Newchannel\r\nUniqueid: {channel}\r\n\r\n\
             Event: Hangup\r\nUniqueid: {channel}\r\nCause: 16\r\n\r\n"
        ))
        .await;
        peer
    };
    let (end, _peer) = tokio::join!(calls, server);
    assert_eq!(end.unwrap().cause().number(), 16);
}
