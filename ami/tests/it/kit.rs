//! The test kit itself: each thing that a scripted peer can do, and how it fails.

use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::time::Duration;

use ami::testing::{Peer, PeerError, Reply, Script, Server};
use ami::{
    Action, Client, Config, Delivery, Disconnect, Error, EventClass, EventFilter, Filter, Item,
    Login, Originate, Reconnect,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::peer::next_name;

fn config() -> Config {
    Config::new("user", "mysecret")
}

fn ping() -> Action {
    Action::new("Ping")
}

fn soon() -> Config {
    let waits = Reconnect::default().wait(Duration::from_millis(1), Duration::from_millis(5));
    config().reconnect(waits)
}

#[tokio::test]
async fn every_login_is_let_in_unless_the_script_names_a_user() {
    for login in [Login::Challenge, Login::Plain] {
        let script = || Script::new().user("user", "mysecret");
        let right = config().login(login);
        let (client, peer) = Peer::connect_with(&right, script()).await.unwrap();
        assert!(peer.received().iter().any(|action| action.is("Login")));
        client.ready().await.unwrap();
        Peer::connect_with(&Config::new("x", "y").login(login), Script::new()).await.unwrap();
        for wrong in [Config::new("user", "other"), Config::new("other", "mysecret")] {
            let error = Peer::connect_with(&wrong.login(login), script()).await.unwrap_err();
            assert!(
                matches!(&error, PeerError::Login { reason, .. } if reason == "Authentication failed"),
                "{error:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_login_is_refused_on_demand() {
    let (near, mut peer) = Peer::pipe();
    let config = config();
    let (client, refused) =
        tokio::join!(config.handshake(near), peer.refuse_login("Login Already In Use"));
    assert!(refused.unwrap().is("Login"));
    let error = format!("{:#}", client.unwrap_err());
    assert!(error.ends_with("the server answered: Login Already In Use"), "{error}");
    // And by the script, however often the client tries.
    let server = Server::bind().await.unwrap().script(Script::new().refuse_login("No way"));
    let refused = server.serve_until(config.connect(server.address())).await.unwrap();
    assert!(format!("{:#}", refused.unwrap_err()).ends_with("No way"));
    let error = server.connect(&config).await.unwrap_err();
    assert_eq!(error.to_string(), "the login of user \"user\" was refused: No way");
}

#[tokio::test]
async fn the_script_answers_what_a_client_asks_by_itself() {
    let config = config().until_booted(true);
    let (client, mut peer) = Peer::connect(&config).await.unwrap();
    let program = async {
        client.call(ping()).await?;
        client.add_event_filter(EventFilter::include("Hangup")).await?;
        client.set_event_mask(EventClass::Call).await?;
        client.ready().await?;
        client.close().await
    };
    peer.serve_until(program).await.unwrap().unwrap();
    assert!(peer.received().iter().any(|action| action.is("Filter")));
    // One that does not see events of class `system` asks whether the server has booted.
    let config = config.event_mask(EventClass::Call);
    let (client, peer) = Peer::connect(&config).await.unwrap();
    assert_eq!(client.stats().events, 0);
    let asked = peer.received().last().unwrap();
    assert_eq!(asked.text("Command").as_deref(), Some("core waitfullybooted"));
}

#[tokio::test]
async fn a_server_has_booted_at_the_login_or_when_the_test_says_so() {
    let (client, _peer) = Peer::connect(&config()).await.unwrap();
    assert_eq!(client.stats().events, 1);
    let script = Script::new().booting();
    let (client, mut peer) = Peer::connect_with(&config(), script).await.unwrap();
    let mut events = client.subscribe(Filter::all());
    peer.serve_until(client.call(ping())).await.unwrap().unwrap();
    assert_eq!(client.stats().events, 0);
    peer.event("Event: FullyBooted").await.unwrap();
    assert_eq!(next_name(&mut events).await, "FullyBooted");
}

#[tokio::test]
async fn answers_come_from_tables_closures_and_for_the_rest() {
    let mut count = 0;
    let script = Script::new()
        .answer("Status", Reply::list(["Event: Status\nChannel: a", "Event: Status\nChannel: b"]))
        .answer("Hangup", "Response: Error\nMessage: No such channel")
        .answer_with("GETVAR", move |action| {
            count += 1;
            let name = action.text("Variable").unwrap().into_owned();
            Reply::success().field("Value", format!("{name}{count}"))
        })
        .command("core show uptime", "a\n  b: c");
    let (client, mut peer) = Peer::connect_with(&config(), script).await.unwrap();
    let program = async {
        let status = client.list(Action::new("Status")).collect().await.unwrap();
        let channels: Vec<_> = status.items.iter().map(|item| item.text("Channel")).collect();
        assert_eq!(channels, [Some("a".into()), Some("b".into())]);
        let refused = client.call(Action::new("Hangup")).await.unwrap_err();
        assert_eq!(refused.to_string(), "the server refused the action: No such channel");
        for expected in ["A1", "A2"] {
            let value = client.call(Action::new("Getvar").field("Variable", "A")).await.unwrap();
            assert_eq!(value.text("Value").unwrap(), expected);
        }
        assert_eq!(client.command("core show uptime").await.unwrap().to_string(), "a\n  b: c\n");
        let unknown = client.command("core show nothing").await.unwrap_err();
        assert!(unknown.to_string().contains("No such command"), "{unknown}");
        client.call(Action::new("Nonsense")).await.unwrap_err()
    };
    let unknown = peer.serve_until(program).await.unwrap();
    assert!(unknown.to_string().contains("Invalid/unknown command: Nonsense"), "{unknown}");
    let script = Script::empty().otherwise(|action| Reply::success().field("To", action.name()));
    let (client, mut peer) = Peer::connect_with(&config(), script).await.unwrap();
    let answer = peer.serve_until(client.call(ping())).await.unwrap().unwrap();
    assert_eq!(answer.text("To").unwrap(), "Ping");
}

#[tokio::test]
async fn a_test_leads_step_by_step() {
    let (client, mut peer) = Peer::connect(&config()).await.unwrap();
    let server = async {
        // What the script answers does not come, but for an action that is asked for by name.
        let action = peer.action().await.unwrap();
        assert_eq!((action.name(), action.text("A").as_deref()), ("Any", Some("1")));
        peer.respond(&action, Reply::success()).await.unwrap();
        let action = peer.expect("Ping").await.unwrap();
        peer.respond(&action, "Response: Success\nPing: mine").await.unwrap();
    };
    let program = async {
        client.call(ping()).await.unwrap();
        client.call(Action::new("Any").field("A", "1")).await.unwrap();
        client.call(ping()).await.unwrap()
    };
    let (answer, ()) = tokio::join!(program, server);
    assert_eq!(answer.text("Ping").unwrap(), "mine");
}

#[tokio::test(start_paused = true)]
async fn what_does_not_come_is_an_error_that_tells_what_came() {
    let (client, mut peer) = Peer::connect(&config().login(Login::Plain)).await.unwrap();
    let error = peer.action().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "no action came within 10s; the client has sent Login, ListCommands"
    );
    let (called, error) = tokio::join!(client.call(ping()), peer.expect("Originate"));
    called.unwrap();
    assert_eq!(
        error.unwrap_err().to_string(),
        "no action Originate came within 10s; the client has sent Login, ListCommands, Ping"
    );
    let call = client.call(Action::new("Other").field("Secret", "hush"));
    let call = call.timeout(Duration::from_secs(1));
    let (_, error) = tokio::join!(call, peer.expect("Originate"));
    assert_eq!(
        error.unwrap_err().to_string(),
        "expected action Originate, the client sent Other(Secret: (hidden))"
    );
    let mut peer = peer.patience(Duration::from_secs(2));
    assert_eq!(
        peer.closed().await.unwrap_err().to_string(),
        "the client did not close the connection within 2s"
    );
    drop(client);
    let error = peer.expect("Originate").await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the client closed the connection before action Originate came; \
         it has sent Login, ListCommands, Ping, Other"
    );
    peer.closed().await.unwrap();
    let server = Server::bind().await.unwrap();
    let error = server.accept().await.unwrap_err();
    assert_eq!(error.to_string(), "no client connected within 10s");
    let error = Server::bind_to(server.address()).await.unwrap_err();
    assert!(matches!(error, PeerError::Listen(_)), "{error:?}");
}

#[tokio::test]
async fn what_is_no_action_is_an_error() {
    let send = async |text: &str| {
        let (mut near, mut peer) = Peer::pipe_of(4096);
        near.write_all(text.as_bytes()).await.unwrap();
        peer.action().await.unwrap_err()
    };
    for text in ["Event: X\r\n\r\n", "Secret: hush\r\n\r\n", "Action: X\r\nbare\r\n\r\n"] {
        let error = send(text).await;
        assert!(matches!(error, PeerError::NotAnAction { bytes } if bytes == text.len()), "{text}");
    }
    let error = send(&format!("Action: X\r\nA: {}\r\n\r\n", "x".repeat(1100))).await;
    assert!(matches!(error, PeerError::BadAction(_)), "{error:?}");
    // The ids of other clients are read.
    let (mut near, mut peer) = Peer::pipe_of(4096);
    near.write_all(b"action: X\r\nactionid: 12_#3 4\r\n\r\n").await.unwrap();
    let action = peer.action().await.unwrap();
    peer.respond(&action, Reply::success()).await.unwrap();
    let mut answer = [0; 40];
    near.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"Response: Success\r\nActionID: 12_#3 4\r\n\r\n");
    // One that is cut is not one.
    let error = async {
        let (mut near, mut peer) = Peer::pipe();
        near.write_all(b"Action: X\r\n").await.unwrap();
        drop(near);
        peer.action().await.unwrap_err()
    };
    assert!(matches!(error.await, PeerError::Closed { .. }));
}

#[tokio::test(start_paused = true)]
async fn a_pipe_holds_so_many_bytes_and_who_does_not_read_is_told() {
    let (near, peer) = Peer::pipe();
    let mut peer = peer.patience(Duration::from_secs(3));
    let error = peer.send("x".repeat(100)).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the client did not read within 3s: 36 bytes are still to be sent"
    );
    drop(near);
    assert!(matches!(peer.send("x").await, Err(PeerError::Io(_))));
    let (_near, mut peer) = Peer::pipe_of(200);
    peer.send("x".repeat(200)).await.unwrap();
}

#[tokio::test]
async fn what_was_given_up_is_sent_before_the_next() {
    let (mut near, mut peer) = Peer::pipe();
    tokio::select! {
        biased;
        sent = peer.send("x".repeat(100)) => panic!("{sent:?}"),
        () = tokio::task::yield_now() => {}
    }
    let server = async move { peer.send("y").await };
    let mut read = Vec::new();
    let (sent, all) = tokio::join!(server, near.read_to_end(&mut read));
    sent.unwrap();
    all.unwrap();
    assert_eq!(read, [vec![b'x'; 100], vec![b'y']].concat());
}

#[tokio::test]
async fn a_reply_that_was_given_up_still_closes_the_connection() {
    let (mut near, mut peer) = Peer::pipe();
    let action = ping();
    let last = Reply::success().field("Text", "x".repeat(100)).then_close();
    tokio::select! {
        biased;
        sent = peer.respond(&action, last) => panic!("{sent:?}"),
        () = tokio::task::yield_now() => {}
    }
    let server = async move { peer.respond(&action, Reply::success()).await };
    let mut read = String::new();
    let (sent, all) = tokio::join!(server, near.read_to_string(&mut read));
    assert!(matches!(sent, Err(PeerError::Cut)), "{sent:?}");
    all.unwrap();
    assert_eq!(read.matches("Response").count(), 1, "{read}");
}

#[tokio::test]
async fn serving_can_be_given_up_at_any_place_and_goes_on() {
    let (near, mut peer) = Peer::pipe();
    let mut program = pin!(async {
        let client = config().handshake(near).await?;
        client.list(Action::new("Things")).collect().await?;
        client.close().await?;
        Ok::<_, Error>(client.ended().await)
    });
    let items = ["Event: Thing\nN: 1", "Event: Thing\nN: 2"];
    peer = peer.script(Script::new().answer("Things", Reply::list(items)));
    let mut given_up = 0;
    let ended = loop {
        tokio::select! {
            biased;
            ended = &mut program => break ended,
            served = peer.serve() => {
                served.unwrap();
                break program.await;
            }
            () = tokio::task::yield_now() => given_up += 1,
        }
    };
    assert!(matches!(ended.unwrap(), Disconnect::Closed) && given_up > 10, "{given_up}");
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_stalls_keeps_the_connection_and_says_nothing() {
    // It does nothing while the test does something else.
    let config = config().timeout(Duration::from_secs(3)).keepalive(None);
    let (client, mut peer) = Peer::connect(&config).await.unwrap();
    let long = client.call(Action::new("Long").field("Data", "x".repeat(200)));
    let queued = async {
        tokio::task::yield_now().await;
        client.call(ping()).await
    };
    let (long, queued) = tokio::join!(long, queued);
    let delivery = |result| match result {
        Err(Error::Timeout { delivery, .. }) => delivery,
        other => panic!("{other:?}"),
    };
    assert_eq!(delivery(long), Delivery::MaybeExecuted);
    assert_eq!(delivery(queued), Delivery::NeverSent);
    assert!(peer.expect("Long").await.is_ok());
    // By the script, behind an answer.
    let script = Script::new().answer("Last", Reply::success().then_stall());
    let (client, mut peer) = Peer::connect_with(&config, script).await.unwrap();
    let program = async {
        client.call(Action::new("Last")).await.unwrap();
        let error = client.call(ping()).await.unwrap_err();
        assert!(error.is_timeout() && client.state().borrow().is_up(), "{error:?}");
    };
    peer.serve_until(program).await.unwrap();
}

#[tokio::test]
async fn a_connection_is_cut_and_the_next_one_accepted() {
    let script = Script::new().answer("Restart", Reply::none().then_close());
    let server = Server::bind().await.unwrap().script(script);
    let (client, mut peer) = server.connect(&soon()).await.unwrap();
    let mut events = client.subscribe(Filter::named(["A", "B"]));
    peer.event("Event: A\n").await.unwrap();
    assert_eq!(next_name(&mut events).await, "A");
    let lost = peer.serve_until(client.call(Action::new("Restart"))).await.unwrap().unwrap_err();
    assert!(matches!(lost, Error::Disconnected { reason: Disconnect::Eof, .. }), "{lost:?}");
    assert!(matches!(peer.event("Event: A").await, Err(PeerError::Cut)));
    assert!(matches!(peer.action().await, Err(PeerError::Cut)));
    let mut peer = server.accept().await.unwrap();
    let gap = events.next().await;
    assert!(matches!(&gap, Some(Item::Gap(gap)) if gap.restarted == Some(false)), "{gap:?}");
    peer.event("Event: B").await.unwrap();
    assert_eq!(next_name(&mut events).await, "B");
    // One that says nothing is none, and the client comes again.
    drop(peer);
    drop(server.accept_silent().await.unwrap());
    let mut peer = server.accept().await.unwrap();
    peer.serve_until(client.call(ping())).await.unwrap().unwrap();
    let names: Vec<_> = server.received().iter().map(|it| it.name().to_owned()).collect();
    assert_eq!(names.iter().filter(|name| *name == "Login").count(), 3, "{names:?}");
}

#[tokio::test]
async fn a_server_serves_several_clients_at_once() {
    let server = Server::bind().await.unwrap();
    let address = server.address();
    let program = async {
        let (one, two) = tokio::join!(config().connect(address), config().connect(address));
        let (one, two) = (one?, two?);
        two.call(ping()).await?;
        one.call(ping()).await?;
        one.close().await?;
        two.originate(Originate::to_application("Local/1@a", "Echo", "")).await.unwrap_err();
        two.close().await
    };
    server.serve_until(program).await.unwrap().unwrap();
    assert_eq!(server.received().iter().filter(|it| it.is("Ping")).count(), 2);
}

/// The message that a future panics with.
async fn panic_of(future: impl Future<Output = ()> + Send + 'static) -> String {
    let ended = tokio::spawn(AssertUnwindSafe(future).0).await;
    let panic = ended.unwrap_err().into_panic();
    panic.downcast_ref::<&str>().unwrap().to_string()
}

#[tokio::test]
async fn a_script_that_panics_shows_in_the_test() {
    let script = || Script::new().answer_with("Any", |_| -> Reply { panic!("unexpected order") });
    let ask = async |client: &Client| drop(client.call(Action::new("Any")).await);
    let stepwise = async move {
        let (client, mut peer) = Peer::connect_with(&config(), script()).await.unwrap();
        peer.serve_until(ask(&client)).await.unwrap();
    };
    assert_eq!(panic_of(stepwise).await, "unexpected order");
    let served = async move {
        let server = Server::bind().await.unwrap().script(script());
        let program = async {
            let client = config().connect(server.address()).await.unwrap();
            ask(&client).await;
        };
        server.serve_until(program).await.unwrap();
    };
    assert_eq!(panic_of(served).await, "unexpected order");
}

#[tokio::test]
async fn an_event_that_is_none_is_not_sent_and_bytes_are_what_they_are() {
    let (client, mut peer) = Peer::connect(&config()).await.unwrap();
    let mut events = client.subscribe(Filter::all());
    let error = peer.event("Response: Success").await.unwrap_err();
    assert!(matches!(error, PeerError::Event(_)), "{error:?}");
    peer.send("Event: Cut by\r\n\r\nits: own value\r\n\r\nEve").await.unwrap();
    assert_eq!(next_name(&mut events).await, "Cut by");
    drop(peer);
    assert!(events.next().await.is_none());
    assert_eq!((client.stats().other, client.stats().malformed), (1, 1));
}

#[tokio::test]
async fn a_peer_is_a_byte_stream_too() {
    let (client, mut peer) = Peer::connect(&config()).await.unwrap();
    let mut events = client.subscribe(Filter::named(["Raw"]));
    let server = async {
        // What was read with the action and not taken comes first.
        peer.expect("One").await.unwrap();
        let mut two = [0; 13];
        peer.read_exact(&mut two).await.unwrap();
        assert_eq!(&two, b"Action: Two\r\n");
        peer.write_all(b"Event: Raw\r\n\r\n").await.unwrap();
        peer.shutdown().await.unwrap();
        peer
    };
    let call = |name| client.call(Action::new(name));
    let (one, two, _peer) = tokio::join!(call("One"), call("Two"), server);
    assert!(one.is_err() && two.is_err());
    assert_eq!(next_name(&mut events).await, "Raw");
}

#[tokio::test(start_paused = true)]
async fn whoever_retries_the_first_connection_waits_for_a_long_boot() {
    let (near, peer) = Peer::pipe();
    let mut peer = peer.script(Script::new().booting());
    let config = Config::new("user", "secret").timeout(Duration::from_secs(1)).until_booted(true);
    let connect = config.clone().retry_first(true).handshake(near);
    let server = async {
        peer.log_in().await.unwrap();
        peer.serve_until(tokio::time::sleep(Duration::from_secs(10))).await.unwrap();
        peer.event("Event: FullyBooted\nPrivilege: system,all").await.unwrap();
        peer.serve().await.unwrap();
    };
    tokio::select! {
        client = connect => assert!(client.is_ok(), "{client:?}"),
        () = server => panic!("the client has gone"),
    }
    // Others are told that it takes too long.
    let (near, peer) = Peer::pipe();
    let mut peer = peer.script(Script::new().booting());
    let server = async {
        peer.log_in().await.unwrap();
        peer.serve().await.unwrap();
        std::future::pending::<()>().await;
    };
    tokio::select! {
        client = config.handshake(near) => {
            assert!(matches!(client, Err(Error::NotBooted(_))), "{client:?}");
        }
        () = server => {}
    }
}
