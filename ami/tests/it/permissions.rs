//! Tests of the permissions of a user, against a peer that tells them or does not.

use std::time::Duration;

use ami::action::{self, ModuleLoad, Status};
use ami::event::Hangup;
use ami::testing::{Peer, Reply, Script, Server};
use ami::{
    Action, Client, Config, Error, EventClass, EventMask, Fault, Filter, Item, Lost, Originate,
    Reconnect, Subscription, Withheld,
};

fn config() -> Config {
    Config::new("bob", "secret")
}

fn mask(text: &str) -> EventMask {
    text.parse().unwrap()
}

/// The names of the actions that a peer got behind the login.
fn sent(peer: &Peer) -> Vec<&str> {
    let names = peer.received().iter().map(Action::name);
    names.skip_while(|name| *name != "Login").skip(1).collect()
}

/// Returns the next item of a subscription, without waiting.
fn told(events: &mut Subscription<impl ami::FromEvent + std::fmt::Debug>) -> String {
    match events.try_next() {
        Ok(Item::Withheld(withheld)) => withheld.to_string(),
        other => format!("{other:?}"),
    }
}

/// Awaits something that the client does in the background.
async fn ping(client: &Client, peer: &mut Peer) {
    peer.serve_until(client.call(Action::new("Ping"))).await.unwrap().unwrap();
}

#[tokio::test]
async fn an_action_that_the_user_may_not_send_is_not_sent() {
    let script = Script::new().write(mask("call"));
    let (client, mut peer) = Peer::connect_with(&config(), script).await.unwrap();
    let refused = async {
        let load = || Action::new("moduleload").field("LoadType", "load");
        vec![
            client.call(load()).await.unwrap_err(),
            client.call(ModuleLoad::new("load")).await.unwrap_err(),
            client.list(load()).next().await.unwrap().unwrap_err(),
            client.exchange(load()).await.unwrap_err(),
        ]
    };
    for error in peer.serve_until(refused).await.unwrap() {
        let text = error.to_string().to_lowercase();
        assert_eq!(
            text,
            r#"the user "bob" may not send moduleload: it needs `write = …,system` in manager.conf"#
        );
        assert!(!error.may_have_been_executed() && error.response().is_none());
        assert_eq!((error.fault(), error.is_final()), (Fault::Server, false));
    }
    let others = async {
        let uptime = action::Command::new("core show uptime");
        let place = Originate::to_application("PJSIP/1", "Echo", "");
        vec![
            client.command("core show uptime").await.unwrap_err(),
            client.call(uptime).await.unwrap_err(),
        ]
        .into_iter()
        .map(|error| (error, "Command"))
        .chain([
            (client.originate(place.clone()).await.unwrap_err(), "Originate"),
            (client.place(place).end().await.unwrap_err(), "Originate"),
        ])
        .collect::<Vec<_>>()
    };
    for (error, name) in peer.serve_until(others).await.unwrap() {
        assert!(matches!(&error, Error::Forbidden(it) if it.action == name), "{error:?}");
    }
    // One class of several suffices; an unknown action may be of any class.
    peer.serve_until(client.call(Status::new()).collect()).await.unwrap().unwrap_err();
    peer.serve_until(client.call(Action::new("Unheard"))).await.unwrap().unwrap_err();
    assert_eq!(sent(&peer), ["ListCommands", "Status", "Ping", "Unheard"]);
    assert_eq!(client.in_flight(), 0);
    let permissions = client.permissions().await.unwrap();
    let may = |name: &str| permissions.may_send(name);
    assert_eq!(
        (may("Redirect"), may("ModuleLoad"), may("Unheard")),
        (Some(true), Some(false), None)
    );
    let has = |class| permissions.may_write(class);
    assert_eq!(
        [EventClass::Call, EventClass::System, EventClass::Agi].map(has),
        [Some(true), Some(false), None]
    );
    assert_eq!(permissions.may_read(EventClass::Call), None);
}

#[tokio::test]
async fn calls_that_waited_for_the_answer_keep_their_order_and_are_judged() {
    let (near, mut peer) = Peer::pipe();
    let mut peer_of = |script| std::mem::replace(&mut peer, Peer::pipe().1).script(script);
    let mut peer = peer_of(Script::empty());
    let (client, login) = tokio::join!(config().handshake(near), peer.log_in());
    let (client, _) = (client.unwrap(), login.unwrap());
    let call = |name: &str| client.call(Action::new(name));
    let program = async {
        tokio::join!(
            call("A"),
            call("ModuleLoad"),
            call("B"),
            client.exchange(Action::new("Command")),
            call("C")
        )
    };
    let server = async {
        let question = peer.expect("ListCommands").await.unwrap();
        let free = ["Ping", "Logoff", "Events", "ListCommands"];
        let answer = free
            .iter()
            .fold(Reply::success(), |reply, name| reply.field(name, "Something.  (Priv: <none>)"));
        peer.respond(&question, answer).await.unwrap();
        for name in ["A", "B", "C"] {
            let action = peer.action().await.unwrap();
            assert_eq!(action.name(), name);
            peer.respond(&action, Reply::success()).await.unwrap();
        }
    };
    let ((a, load, b, command, c), ()) = tokio::join!(program, server);
    assert!(a.is_ok() && b.is_ok() && c.is_ok());
    assert!(matches!(load, Err(Error::Forbidden(_))), "{load:?}");
    assert!(matches!(command, Err(Error::Forbidden(_))), "{command:?}");
    // Nothing is left of the exchange that was refused.
    let server = async {
        let action = peer.action().await.unwrap();
        peer.send("line\r\n\r\n").await.unwrap();
        let fence = peer.action().await.unwrap();
        peer.respond(&fence, Reply::success()).await.unwrap();
        action
    };
    let (lines, _) = tokio::join!(client.exchange(Action::new("Lines")), server);
    assert_eq!(lines.unwrap().len(), 1);
    assert_eq!(client.in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn without_a_proper_answer_nothing_is_known_and_everything_is_sent() {
    let huge = (0..20_000).fold(Reply::success(), |reply, n| reply.field(&format!("A{n}"), "x"));
    for (what, reply) in [
        ("an error", Reply::error("Invalid/unknown command")),
        ("another answer", Reply::success().field("Ping", "Pong")),
        ("no answer", Reply::none()),
        ("a huge answer", huge),
        ("an answer that is too large", Reply::success().field("A", "x".repeat(2 * 1024 * 1024))),
        ("a list", Reply::list(["Event: Hangup"])),
    ] {
        let script =
            Script::new().answer("ListCommands", reply).answer("ModuleLoad", Reply::success());
        let (near, peer) = Peer::pipe_of(64 * 1024);
        let mut peer = peer.script(script);
        let limit = Duration::from_secs(3);
        let connect = config().connect_timeout(limit).max_message(1024 * 1024).handshake(near);
        let client = peer.serve_until(connect).await.unwrap().unwrap();
        let loaded = peer.serve_until(client.call(Action::new("ModuleLoad"))).await.unwrap();
        assert!(loaded.is_ok(), "{what}: {loaded:?}");
        let permissions = client.permissions().await.unwrap();
        assert_eq!(permissions.may_send("Ping"), None, "{what}");
        assert_eq!(permissions.may_write(EventClass::System), None, "{what}");
        // What the user may read is not asked for, because that may be forbidden.
        let mut events = client.subscribe_to::<Hangup>();
        ping(&client, &mut peer).await;
        assert_eq!(told(&mut events), "Err(Empty)", "{what}");
        assert!(!sent(&peer).contains(&"Command"), "{what}");
    }
}

/// A peer that ignores `ListCommands` and is otherwise healthy, as a proxy can be.
fn deaf() -> (tokio::io::DuplexStream, Peer) {
    let script = Script::new().answer("ListCommands", Reply::none());
    let (near, peer) = Peer::pipe();
    (near, peer.script(script.answer("ModuleLoad", Reply::success())))
}

#[tokio::test(start_paused = true)]
async fn a_server_that_ignores_the_question_serves_calls_within_their_time_outs() {
    let (near, mut peer) = deaf();
    let client = peer.serve_until(config().handshake(near)).await.unwrap().unwrap();
    let loaded = peer.serve_until(client.call(Action::new("ModuleLoad"))).await.unwrap();
    assert!(loaded.is_ok(), "{loaded:?}");
    // `close` is held back, too, and returns no error.
    let (near, mut peer) = deaf();
    let client = peer.serve_until(config().handshake(near)).await.unwrap().unwrap();
    peer.serve_until(client.close()).await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_server_that_ignores_the_question_is_not_taken_for_dead() {
    let second = Duration::from_secs(1);
    let (near, mut peer) = deaf();
    let config = config().keepalive(second).timeout(5 * second).connect_timeout(20 * second);
    let client = peer.serve_until(config.handshake(near)).await.unwrap().unwrap();
    let end = peer.serve_until(tokio::time::timeout(60 * second, client.ended())).await.unwrap();
    assert!(end.is_err(), "{end:?}");
    assert!(client.stats().responses > 10);
}

#[tokio::test]
async fn a_connection_that_is_cut_before_the_answer_is_lost_like_any_other() {
    let server = Server::bind().await.unwrap();
    let soon = Reconnect::default().wait(Duration::from_millis(1), Duration::from_millis(5));
    let connect = config().reconnect(soon).connect(server.address());
    let (client, peer) = tokio::join!(connect, server.accept());
    let (client, mut peer) = (client.unwrap(), peer.unwrap());
    let call = tokio::spawn(client.call(Action::new("ModuleLoad")));
    peer.expect("ListCommands").await.unwrap();
    while client.in_flight() < 2 {
        tokio::task::yield_now().await;
    }
    drop(peer);
    let error = call.await.unwrap().unwrap_err();
    assert!(matches!(error, Error::Disconnected { .. }) && !error.may_have_been_executed());
    // It is asked again on the next connection, before calls.
    let mut peer = server.accept().await.unwrap();
    let call = tokio::spawn(client.call(Action::new("ModuleLoad")));
    let load = peer.expect("ModuleLoad").await.unwrap();
    peer.respond(&load, Reply::success()).await.unwrap();
    assert!(call.await.unwrap().is_ok());
    assert_eq!(sent(&peer)[0], "ListCommands");
}

#[tokio::test]
async fn a_setting_turns_the_question_off() {
    let script = Script::new().write(mask("call")).answer("ModuleLoad", Reply::success());
    let (client, mut peer) =
        Peer::connect_with(&config().ask_permissions(false), script).await.unwrap();
    let mut events = client.subscribe_to::<Hangup>();
    peer.serve_until(client.call(Action::new("ModuleLoad"))).await.unwrap().unwrap();
    assert_eq!(sent(&peer), ["ModuleLoad"]);
    assert_eq!(told(&mut events), "Err(Empty)");
    assert_eq!(client.permissions().await.unwrap().may_send("Ping"), None);
}

#[tokio::test]
async fn a_refusal_by_the_server_says_what_is_missing() {
    let denied = || Reply::error("Permission denied");
    let script = Script::new().answer("ListCommands", Reply::error("no"));
    let script = script.answer("ModuleLoad", denied()).answer("Unheard", denied());
    let (client, mut peer) = Peer::connect_with(&config(), script).await.unwrap();
    let error =
        peer.serve_until(client.call(Action::new("ModuleLoad"))).await.unwrap().unwrap_err();
    let line =
        r#"the user "bob" may not send ModuleLoad: it needs `write = …,system` in manager.conf"#;
    assert_eq!(format!("{error:#}"), line);
    assert_eq!(error.response().unwrap().message(), "Permission denied");
    assert!(!error.may_have_been_executed());
    let error = peer.serve_until(client.call(Action::new("Unheard"))).await.unwrap().unwrap_err();
    assert!(matches!(error, Error::Rejected(_)), "{error:?}");
    // A user who has the class is refused because the module is not running, whether or not the
    // module had registered the action at the login.
    let agents = ["Ping", "Logoff", "Events", "ListCommands", "AgentLogoff"]
        .iter()
        .fold(Reply::success(), |reply, name| reply.field(name, "Something.  (Priv: agent,all)"));
    let script = Script::new().answer("ListCommands", agents).answer("QueueAdd", denied());
    let (client, mut peer) = Peer::connect_with(&config(), script).await.unwrap();
    let error = peer.serve_until(client.call(Action::new("QueueAdd"))).await.unwrap().unwrap_err();
    assert!(matches!(error, Error::Rejected(_)), "{error:?}");
    let script = Script::new().answer("ModuleLoad", denied());
    let (client, mut peer) = Peer::connect_with(&config(), script).await.unwrap();
    let error =
        peer.serve_until(client.call(Action::new("ModuleLoad"))).await.unwrap().unwrap_err();
    assert!(matches!(error, Error::Rejected(_)), "{error:?}");
}

#[tokio::test]
async fn a_subscription_says_which_classes_do_not_come() {
    let line =
        r#"events of class call do not come: the user "bob" needs `read = …,call` in manager.conf"#;
    let script = Script::new().read(mask("system,user"));
    let (near, peer) = Peer::pipe();
    let mut peer = peer.script(script);
    let connect = config().handshake(near);
    let mut early = connect.subscribe_to::<Hangup>();
    let mut all = connect.subscribe(Filter::all());
    let mut some = connect.subscribe(Filter::parse("Hang*").unwrap());
    let mut fine = connect.subscribe(Filter::named(["FullyBooted", "Unheard"]));
    let client = peer.serve_until(connect).await.unwrap().unwrap();
    let Err(Lost::Withheld(withheld)) = peer.serve_until(early.next_event()).await.unwrap() else {
        panic!("the subscription says nothing")
    };
    assert_eq!(withheld.to_string(), line);
    assert_eq!((&withheld.classes[..], &withheld.why), (&[EventClass::Call][..], &Withheld::User));
    let lost = Lost::Withheld(withheld);
    assert!(!lost.is_end());
    let error = Error::from(lost);
    assert_eq!(
        format!("{error:#}"),
        "events of class call do not come to this connection without `read = …,call` in \
         manager.conf: the user may not read it"
    );
    // A later subscription is told at once, and each of them once.
    let mut late = client.subscribe(Filter::parse("class:call Event!=VarSet").unwrap());
    assert_eq!(told(&mut late), line);
    ping(&client, &mut peer).await;
    for events in [&mut late, &mut some] {
        assert_eq!(told(events), "Err(Empty)");
    }
    assert_eq!(told(&mut early), "Err(Empty)");
    assert!(matches!(all.try_next(), Ok(Item::Event(_))) && all.queued() == 0);
    assert!(matches!(fine.try_next(), Ok(Item::Event(_))) && fine.queued() == 0);
    assert_eq!(client.withheld(EventClass::Call).await.unwrap(), Some(Withheld::User));
    assert_eq!(client.permissions().await.unwrap().may_read(EventClass::User), Some(true));
    assert_eq!(sent(&peer), ["ListCommands", "Command", "Ping"]);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_was_too_busy_to_tell_is_asked_again() {
    let mut asked = 0;
    let script = Script::new().answer_with("Command", move |_| {
        asked += 1;
        if asked == 1 { Reply::none() } else { Reply::output("  read perm: user") }
    });
    let (client, mut peer) = Peer::connect_with(&config(), script).await.unwrap();
    let mut first = client.subscribe_to::<Hangup>();
    peer.serve_until(tokio::time::sleep(Duration::from_secs(60))).await.unwrap();
    assert_eq!(told(&mut first), "Err(Empty)");
    assert_eq!(client.in_flight(), 0);
    let mut second = client.subscribe_to::<Hangup>();
    for events in [&mut second, &mut first] {
        let told = tokio::time::timeout(Duration::from_secs(60), events.next_event());
        let told = peer.serve_until(told).await.unwrap();
        assert!(matches!(told, Ok(Err(Lost::Withheld(_)))), "{told:?}");
    }
    assert_eq!(sent(&peer).iter().filter(|name| **name == "Command").count(), 2);
}

#[tokio::test]
async fn a_user_who_may_not_ask_is_not_made_to() {
    let script = Script::new().read(mask("user")).write(mask("call"));
    let (client, mut peer) = Peer::connect_with(&config(), script).await.unwrap();
    let mut events = client.subscribe_to::<Hangup>();
    ping(&client, &mut peer).await;
    assert_eq!(told(&mut events), "Err(Empty)");
    assert_eq!(client.withheld(EventClass::Call).await.unwrap(), Some(Withheld::Unknown));
    assert_eq!(sent(&peer), ["ListCommands", "Ping"]);
}

#[tokio::test]
async fn the_event_mask_counts_too_and_changes() {
    let by_mask =
        |mask| format!("events of class call do not come: the event mask {mask} leaves it out");
    let config = config().event_mask(mask("user"));
    let (client, mut peer) =
        Peer::connect_with(&config, Script::new().write(mask("call"))).await.unwrap();
    let mut events = client.subscribe_to::<Hangup>();
    assert_eq!(told(&mut events), by_mask("user"));
    for (set, says) in [
        ("system", "Err(Empty)".to_owned()),
        ("call", "Err(Empty)".to_owned()),
        ("call,user", "Err(Empty)".to_owned()),
        ("user", by_mask("user")),
    ] {
        peer.serve_until(client.set_event_mask(mask(set))).await.unwrap().unwrap();
        assert_eq!(told(&mut events), says, "{set}");
    }
    // The latest one counts, if none was read.
    for set in ["all", "user", "on", "system"] {
        peer.serve_until(client.set_event_mask(mask(set))).await.unwrap().unwrap();
    }
    assert_eq!((told(&mut events), told(&mut events)), (by_mask("system"), "Err(Empty)".into()));
    // Classes that are left out one after another are all named, those that come again are not.
    let mut several = client.subscribe(Filter::named(["Hangup", "UserEvent", "QueueMemberAdded"]));
    told(&mut several);
    for set in ["all", "call,user", "call", "user", "system,call"] {
        peer.serve_until(client.set_event_mask(mask(set))).await.unwrap().unwrap();
    }
    let expected =
        "events of class agent,user do not come: the event mask system,call leaves it out";
    assert_eq!((told(&mut several), told(&mut several)), (expected.into(), "Err(Empty)".into()));
}

#[tokio::test]
async fn after_a_reconnect_only_what_has_changed_is_told() {
    let server = Server::bind().await.unwrap().script(Script::new().read(mask("user")));
    let soon = Reconnect::default().wait(Duration::from_millis(1), Duration::from_millis(5));
    let (client, mut peer) = server.connect(&config().reconnect(soon)).await.unwrap();
    let mut events = client.subscribe_to::<Hangup>();
    for (read, tells) in [("user", true), ("system", false), ("call", false), ("user", true)] {
        peer = peer.script(Script::new().read(mask(read)));
        let permissions = peer.serve_until(client.permissions()).await.unwrap().unwrap();
        assert_eq!(permissions.may_read(EventClass::Call), Some(read == "call"));
        ping(&client, &mut peer).await;
        let first = told(&mut events);
        assert_eq!(first.contains("read = …,call"), tells, "{read}: {first}");
        drop(peer);
        peer = server.accept().await.unwrap();
        peer.event("Event: A").await.unwrap();
        let gap = peer.serve_until(events.next()).await.unwrap();
        assert!(matches!(gap, Some(Item::Gap(_))), "{read}: {gap:?}");
    }
}
