//! AGI sessions against a peer that does what no server does on command: losses, odd orders,
//! foreign ids.

use std::time::Duration;

use ami::agi::{AgiError, Session, Sessions};
use ami::testing::{Peer, Reply, Script, Server};
use ami::{Action, Client, Config, Delivery, Error, EventMask, Lost, Reconnect};
use tokio::time::timeout;

fn config() -> Config {
    Config::new("user", "mysecret")
}

/// The script of a server that tells the user's classes, and answers `Ping`.
fn script() -> Script {
    Script::new().command("manager show user user", "         read perm: all")
}

/// An event of AGI about a channel, whose unique id is its name.
fn event(name: &str, channel: &str, more: &str) -> String {
    format!("Event: {name}\nPrivilege: agi,all\nChannel: {channel}\nUniqueid: {channel}\n{more}")
}

fn start(channel: &str) -> String {
    event("AsyncAGIStart", channel, "Env: agi_request%3A%20async%0A%0A")
}

fn exec(channel: &str, id: &str, result: &str) -> String {
    let result = result.replace(' ', "%20").replace('\n', "%0A");
    event("AsyncAGIExec", channel, &format!("Result: {result}\nCommandId: {id}"))
}

/// The id of a command that the client has sent.
fn id(action: &Action) -> String {
    action.text("CommandID").unwrap().into_owned()
}

fn queued() -> Reply {
    Reply::success().field("Message", "Added AGI command to queue")
}

/// A client, and the session of a channel `a`.
async fn session() -> (Client, Peer, Sessions, Session) {
    let (client, mut peer) = Peer::connect_with(&config(), script()).await.unwrap();
    let mut sessions = peer.serve_until(client.async_agi()).await.unwrap().unwrap();
    peer.event(start("a")).await.unwrap();
    let session = peer.serve_until(sessions.next()).await.unwrap().unwrap().unwrap();
    assert_eq!((session.channel(), session.env().get("agi_request")), ("a", Some("async")));
    (client, peer, sessions, session)
}

#[tokio::test]
async fn results_find_their_commands_in_any_order() {
    let (client, mut peer, _, session) = session().await;
    let server = async {
        let (first, second) =
            (peer.expect("AGI").await.unwrap(), peer.expect("AGI").await.unwrap());
        assert_eq!(first.text("Command").unwrap(), r#"GET VARIABLE "A""#);
        for text in [
            exec("a", "1", "200 result=1 (foreign)\n"),
            event("AsyncAGIExec", "a", "Result: 200%20result%3D1%20%28none%29%0A"),
            exec("b", &id(&first), "200 result=1 (other channel)\n"),
            exec("a", &id(&second), "200 result=1 (second)\n"),
            exec("a", &id(&first), "200 result=1 (first)\n"),
        ] {
            peer.event(text).await.unwrap();
        }
        // The results have overtaken the answers.
        peer.respond(&first, queued()).await.unwrap();
        peer.respond(&second, queued()).await.unwrap();
    };
    let commands = async { tokio::join!(session.get_variable("A"), session.get_variable("B")) };
    let ((first, second), ()) = tokio::join!(commands, server);
    assert_eq!(first.unwrap().as_deref(), Some("first"));
    assert_eq!(second.unwrap().as_deref(), Some("second"));
    drop(session);
    assert_eq!(client.in_flight(), 0);
}

#[tokio::test]
async fn an_end_ends_the_commands_in_flight_and_all_later_ones() {
    for (events, hung_up) in [
        (vec![event("AsyncAGIEnd", "a", "")], false),
        (vec![event("HangupRequest", "a", ""), event("AsyncAGIEnd", "a", "")], true),
        (vec![event("SoftHangupRequest", "a", ""), event("AsyncAGIEnd", "a", "")], true),
        (vec![event("Hangup", "a", "")], true),
    ] {
        let (_client, mut peer, _, session) = session().await;
        let server = async {
            let action = peer.expect("AGI").await.unwrap();
            peer.respond(&action, queued()).await.unwrap();
            let other = peer.expect("AGI").await.unwrap();
            peer.event(event("AsyncAGIEnd", "b", "")).await.unwrap();
            for text in &events {
                peer.event(text).await.unwrap();
            }
            // One that has raced with the end.
            let gone = "Failed to add AGI command to channel a queue";
            peer.respond(&other, Reply::error(gone)).await.unwrap();
        };
        let commands = async { tokio::join!(session.noop(), session.answer()) };
        let ((first, second), ()) = tokio::join!(commands, server);
        for error in [first, second, session.noop().await].map(Result::unwrap_err) {
            assert_eq!(matches!(error, AgiError::HungUp), hung_up, "{error:?}");
            assert!(error.is_end());
        }
        assert!(session.over().await.is_end());
        let sent = peer.received().iter().filter(|action| action.is("AGI")).count();
        assert_eq!(sent, 2, "nothing is sent after the end");
    }
}

#[tokio::test]
async fn a_refusal_of_the_action_ends_or_is_told() {
    for (message, expected) in [
        ("Channel a does not exist.", "the channel was hung up"),
        ("Failed to add AGI command to channel a queue", "the channel is not in AGI any more"),
        (
            "Permission denied",
            "the command has no result: the server refused the action: Permission denied",
        ),
    ] {
        let (_client, mut peer, _, session) = session().await;
        let server = async {
            let action = peer.expect("AGI").await.unwrap();
            peer.respond(&action, Reply::error(message)).await.unwrap();
        };
        let (refused, ()) = tokio::join!(session.noop(), server);
        assert_eq!(format!("{:#}", refused.unwrap_err()), expected);
    }
}

#[tokio::test]
async fn a_result_of_minus_one_is_a_hang_up_if_one_was_asked_for() {
    let (_client, mut peer, _, session) = session().await;
    // The result of a recording says it, even to a user who does not see the request.
    let server = async {
        let action = peer.expect("AGI").await.unwrap();
        let result = "200 result=-1 (hangup) endpos=8\n";
        peer.event(exec("a", &id(&action), result)).await.unwrap();
    };
    let (recorded, ()) = tokio::join!(session.record_file("x", "gsm", "", None), server);
    assert!(matches!(recorded, Err(AgiError::HungUp)), "{recorded:?}");
    for hanging_up in [false, true] {
        let server = async {
            let action = peer.expect("AGI").await.unwrap();
            if hanging_up {
                peer.event(event("HangupRequest", "a", "")).await.unwrap();
            }
            peer.event(exec("a", &id(&action), "200 result=-1 endpos=8\n")).await.unwrap();
        };
        let (played, ()) = tokio::join!(session.stream_file("x", ""), server);
        match played.unwrap_err() {
            AgiError::HungUp => assert!(hanging_up),
            AgiError::Failed(reply) => assert!(!hanging_up && reply.number() == Some(-1)),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_lost_connection_ends_waits_at_once() {
    let waits = Reconnect::default().wait(Duration::from_millis(1), Duration::from_millis(5));
    let server = Server::bind().await.unwrap().script(script());
    let (client, mut peer) = server.connect(&config().reconnect(waits)).await.unwrap();
    let mut sessions = peer.serve_until(client.async_agi()).await.unwrap().unwrap();
    peer.event(start("a")).await.unwrap();
    let session = peer.serve_until(sessions.next()).await.unwrap().unwrap().unwrap();
    let cut = async {
        let action = peer.expect("AGI").await.unwrap();
        peer.respond(&action, queued()).await.unwrap();
        // This one gets no answer.
        peer.expect("AGI").await.unwrap();
        drop(peer);
    };
    let commands = async { tokio::join!(session.noop(), session.noop(), session.over()) };
    // The client cannot connect again before this is over: nobody accepts.
    let ends = async { tokio::join!(commands, cut) };
    let ((accepted, sent, over), ()) = timeout(Duration::from_secs(60), ends).await.unwrap();
    let lost = |error| matches!(error, AgiError::Client(Error::Lost(_)));
    assert!(lost(accepted.unwrap_err()) && lost(over));
    let sent = sent.unwrap_err();
    let delivery = match &sent {
        AgiError::Client(Error::Disconnected { delivery, .. }) => *delivery,
        AgiError::Client(Error::Lost(_)) => Delivery::MaybeExecuted,
        _ => panic!("{sent:?}"),
    };
    assert_eq!(delivery, Delivery::MaybeExecuted);

    // The loss is told where it was, and the session does not go on.
    let mut peer = server.accept().await.unwrap();
    let gap = peer.serve_until(sessions.next()).await.unwrap().unwrap();
    assert!(matches!(gap, Err(Lost::Gap(_))), "{gap:?}");
    for _ in 0..2 {
        assert!(lost(session.noop().await.unwrap_err()));
    }
    assert!(!peer.received().iter().any(|action| action.is("AGI")));

    // A new handle for the same channel does.
    let served = async {
        let action = peer.expect("AGI").await.unwrap();
        assert_eq!(action.text("Command").unwrap(), "NOOP");
        peer.respond(&action, queued()).await.unwrap();
        peer.event(exec("a", &id(&action), "200 result=0\n")).await.unwrap();
        peer.action().await
    };
    tokio::select! {
        attached = client.attach_agi("a") => assert_eq!(attached.unwrap().unique_id(), "a"),
        action = served => panic!("{action:?}"),
    }
}

#[tokio::test]
async fn lost_events_are_told_and_end_the_wait() {
    let small = config().max_message(4096);
    let (client, mut peer) = Peer::connect_with(&small, script()).await.unwrap();
    let mut sessions = peer.serve_until(client.async_agi()).await.unwrap().unwrap();
    peer.event(start("a")).await.unwrap();
    let session = peer.serve_until(sessions.next()).await.unwrap().unwrap().unwrap();
    let large = "x".repeat(5000);
    let server = async {
        let action = peer.expect("AGI").await.unwrap();
        peer.event(exec("b", &id(&action), &large)).await.unwrap();
        peer.event(exec("a", "1", &large)).await.unwrap();
        peer.action().await
    };
    let lost = tokio::select! {
        lost = session.noop() => lost.unwrap_err(),
        action = server => panic!("{action:?}"),
    };
    assert!(matches!(lost, AgiError::Client(Error::Missed(1))), "{lost:?}");
    // Only a result was lost, so the session goes on.
    let server = async {
        let action = peer.expect("AGI").await.unwrap();
        peer.event(exec("a", &id(&action), "200 result=0\n")).await.unwrap();
    };
    let (done, ()) = tokio::join!(session.noop(), server);
    done.unwrap();
    // The beginning of a session is lost, and the end of this one.
    peer.event(event("AsyncAGIStart", "c", &format!("Env: {large}"))).await.unwrap();
    let missed = sessions.next().await.unwrap();
    assert!(matches!(missed, Err(Lost::Missed(1))), "{missed:?}");
    peer.event(event("AsyncAGIEnd", "a", &format!("Long: {large}"))).await.unwrap();
    let over = peer.serve_until(session.over()).await.unwrap();
    assert!(matches!(over, AgiError::Client(Error::Missed(1))), "{over:?}");
    assert!(matches!(session.noop().await, Err(AgiError::Client(Error::Missed(1)))));
}

#[tokio::test]
async fn a_channel_that_has_left_before_its_session_was_taken_is_told() {
    let (client, mut peer) = Peer::connect_with(&config(), script()).await.unwrap();
    let mut sessions = peer.serve_until(client.async_agi()).await.unwrap().unwrap();
    for text in [start("a"), event("AsyncAGIEnd", "a", ""), start("a"), start("b")] {
        peer.event(text).await.unwrap();
    }
    // Until all have come.
    peer.serve_until(client.call(Action::new("Ping"))).await.unwrap().unwrap();
    let program = async {
        let (first, again) = (sessions.next().await, sessions.next().await);
        let (first, again) = (first.unwrap().unwrap(), again.unwrap().unwrap());
        assert!(matches!(first.noop().await, Err(AgiError::Ended)));
        (again, sessions.next().await.unwrap().unwrap())
    };
    let (again, other) = peer.serve_until(program).await.unwrap();
    assert_eq!((again.channel(), other.channel()), ("a", "b"));
    let server = async {
        for _ in 0..2 {
            let action = peer.expect("AGI").await.unwrap();
            let channel = action.text("Channel").unwrap().into_owned();
            peer.event(exec(&channel, &id(&action), "200 result=0\n")).await.unwrap();
        }
    };
    let (again, other, ()) = tokio::join!(again.noop(), other.noop(), server);
    again.unwrap();
    other.unwrap();
}

#[tokio::test]
async fn an_end_that_comes_with_the_answer_is_seen() {
    let (client, mut peer) = Peer::connect_with(&config(), script()).await.unwrap();
    let mut sessions = peer.serve_until(client.async_agi()).await.unwrap().unwrap();
    peer.event(start("a")).await.unwrap();
    let server = async {
        // The session subscribes before its ping, and the end comes before the answer.
        let ping = peer.expect("Ping").await.unwrap();
        peer.event(event("AsyncAGIEnd", "a", "")).await.unwrap();
        peer.respond(&ping, Reply::success().field("Ping", "Pong")).await.unwrap();
    };
    let (session, ()) = tokio::join!(sessions.next(), server);
    let over = session.unwrap().unwrap().noop().await.unwrap_err();
    assert!(matches!(over, AgiError::Ended), "{over:?}");
}

#[tokio::test]
async fn sessions_end_with_their_client() {
    let (client, mut peer, mut sessions, session) = session().await;
    let before = client.stats().subscriptions;
    let clone = session.clone();
    drop((clone, session));
    assert_eq!(client.stats().subscriptions, before - 1);
    let closed = async {
        client.close().await.unwrap();
        sessions.next().await
    };
    assert!(peer.serve_until(closed).await.unwrap().is_none());
}

#[tokio::test]
async fn a_user_who_may_not_read_agi_is_told() {
    let script = Script::new().command("manager show user user", "         read perm: system,call");
    let (client, mut peer) = Peer::connect_with(&config(), script).await.unwrap();
    let withheld = peer.serve_until(client.async_agi()).await.unwrap().unwrap_err();
    assert!(matches!(withheld, Error::Withheld { .. }), "{withheld:?}");
    let attached = peer.serve_until(client.attach_agi("a")).await.unwrap().unwrap_err();
    assert!(matches!(attached, AgiError::Client(Error::Withheld { .. })), "{attached:?}");
    assert_eq!(client.stats().subscriptions, 0);
}

/// The end of a session comes at any moment: before the session is taken, while a command is on its
/// way, and behind the server's word that it has taken the command.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_end_at_any_moment_ends_the_command() {
    let script = script().answer("AGI", queued());
    let (client, mut peer) = Peer::connect_with(&config(), script).await.unwrap();
    let mut sessions = peer.serve_until(client.async_agi()).await.unwrap().unwrap();
    let (go, mut gone) = tokio::sync::mpsc::unbounded_channel::<usize>();
    let server = tokio::spawn(async move {
        loop {
            tokio::select! {
                round = gone.recv() => {
                    let Some(round) = round else { return };
                    let channel = format!("c{round}");
                    peer.event(start(&channel)).await.unwrap();
                    for _ in 0..round % 7 {
                        tokio::task::yield_now().await;
                    }
                    peer.event(event("AsyncAGIEnd", &channel, "")).await.unwrap();
                }
                served = peer.serve() => return served.unwrap(),
            }
        }
    });
    for round in 0..1000 {
        go.send(round).unwrap();
        let command = async {
            let session = sessions.next().await.unwrap().unwrap();
            session.noop().await.unwrap_err()
        };
        let over = timeout(Duration::from_secs(60), command).await.unwrap();
        assert!(matches!(over, AgiError::Ended), "{round}: {over:?}");
    }
    drop(go);
    client.close().await.unwrap();
    server.await.unwrap();
}

#[tokio::test]
async fn a_session_needs_no_events_of_calls() {
    let all = script();
    let agi = || "agi".parse::<EventMask>().unwrap();
    for (config, script) in
        [(config(), Script::new().read(agi())), (config().event_mask(agi()), all)]
    {
        let (client, mut peer) = Peer::connect_with(&config, script).await.unwrap();
        let mut sessions = peer.serve_until(client.async_agi()).await.unwrap().unwrap();
        peer.event(start("a")).await.unwrap();
        let session = peer.serve_until(sessions.next()).await.unwrap().unwrap().unwrap();
        let server = async {
            let action = peer.expect("AGI").await.unwrap();
            peer.respond(&action, queued()).await.unwrap();
            peer.event(exec("a", &id(&action), "200 result=0\n")).await.unwrap();
            peer.expect("Ping").await.unwrap();
            peer.event(event("AsyncAGIEnd", "a", "")).await.unwrap();
        };
        let commands = async { (session.noop().await, session.over().await) };
        let ((noop, over), ()) = tokio::join!(commands, server);
        noop.unwrap();
        assert!(matches!(over, AgiError::Ended), "{over:?}");
        assert!(matches!(session.noop().await, Err(AgiError::Ended)));
    }
}
