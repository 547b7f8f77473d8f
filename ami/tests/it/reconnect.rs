//! A connection that is lost, and what comes after it, against a peer on a TCP port.

use std::time::{Duration, Instant};

use ami::testing;
use ami::{
    Action, Client, Config, Delivery, Disconnect, Error, EventClass, EventFilter, EventMask,
    Filter, Item, Login, LoginError, Originate, Reconnect, Recording, State,
};

use crate::peer::{BOOTED, Peer, assert_like, id, next_name};

/// Longer than any test waits.
const AGES: Duration = Duration::from_secs(600);

struct Server {
    listener: testing::Server,
}

impl Server {
    async fn new() -> Self {
        Self { listener: testing::Server::bind().await.unwrap().patience(AGES) }
    }

    /// A connection that was let in.
    async fn accept(&self) -> Peer {
        let mut peer = Peer::accept(&self.listener).await;
        peer.log_in().await;
        peer
    }

    /// A connection that was let in again, by a server that has booted.
    async fn accept_again(&self) -> Peer {
        let mut peer = Peer::accept(&self.listener).await;
        peer.log_in_and_say(BOOTED).await;
        peer
    }

    async fn client(&self, config: Config) -> (Client, Peer) {
        let config = config.login(Login::Plain).keepalive(None);
        let address = self.listener.address();
        let (client, peer) = tokio::join!(config.connect(address), self.accept());
        (client.unwrap(), peer)
    }
}

fn config() -> Config {
    let quick = Reconnect::default().wait(Duration::from_millis(1), Duration::from_millis(20));
    Config::new("user", "mysecret").timeout(AGES).reconnect(quick)
}

/// Waits until the client has noticed that its connection is gone.
async fn lost(client: &Client) {
    client.state().wait_for(|state| !state.is_up()).await.unwrap();
}

/// Waits until a connection was given up because the server did not confirm a setting. The client
/// is down for a moment only, so somebody has to look all the time.
fn unsettled(client: &Client) -> impl Future<Output = bool> + use<> {
    let mut states = client.state();
    let unsettled =
        |state: &State| matches!(state, State::Down(Error::Lost(Disconnect::Unsettled)));
    async move { states.wait_for(unsettled).await.is_ok() }
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
        "connecting again failed for good: login failed: the server answered: Authentication failed"
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

/// How long it takes to lose the connection that often.
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
async fn a_recording_goes_on_with_the_next_connection() {
    let folder = std::env::temp_dir().join(format!("ami-recording-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("stream.ami");
    let recording = Recording::create(&path).unwrap();
    let server = Server::new().await;
    let (client, mut peer) = server.client(config().record(&recording)).await;
    let mut events = client.subscribe(Filter::all());
    peer.send("Event: One\r\n\r\n").await;
    assert_eq!(next_name(&mut events).await, "One");
    drop(peer);
    lost(&client).await;
    let peer = server.accept_again().await;
    client.state().wait_for(State::is_up).await.unwrap();
    drop((client, peer));
    while events.next().await.is_some() {}
    let bytes = recording.finish().await.unwrap();
    let read = |suffix: &str| std::fs::read_to_string(format!("{}{suffix}", path.display()));
    let (first, second) = (read("").unwrap(), read(".2").unwrap());
    assert_eq!(bytes, (first.len() + second.len()) as u64);
    for part in [&first, &second] {
        assert!(part.starts_with("Asterisk Call Manager/11.0.0\r\n"), "{part}");
    }
    assert!(first.ends_with("Event: One\r\n\r\n") && second.ends_with(BOOTED));
    assert!(read(".times").is_ok() && read(".2.times").is_ok() && read(".3").is_err());
    // A part of a former recording is not taken for one of the next.
    let refused = Recording::create(&path).unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::AlreadyExists);
    std::fs::remove_dir_all(&folder).unwrap();
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

#[tokio::test]
async fn two_connections_are_recorded_at_once() {
    let folder = std::env::temp_dir().join(format!("ami-recordings-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("stream.ami");
    let recording = Recording::create(&path).unwrap();
    let server = Server::new().await;
    let config = config().record(&recording);
    let (one, _first) = server.client(config.clone()).await;
    let (two, _second) = server.client(config).await;
    // The second ends first, and the configuration that records lives on.
    let mut events = two.subscribe(Filter::all());
    drop(two);
    while events.next().await.is_some() {}
    let mut events = one.subscribe(Filter::all());
    drop(one);
    while events.next().await.is_some() {}
    let bytes = recording.finish().await.unwrap();
    let read = |suffix: &str| std::fs::read(format!("{}{suffix}", path.display())).unwrap();
    assert_eq!(bytes, (read("").len() + read(".2").len()) as u64);
    assert!(read(".2").starts_with(b"Asterisk Call Manager/"));
    std::fs::remove_dir_all(&folder).unwrap();
}
