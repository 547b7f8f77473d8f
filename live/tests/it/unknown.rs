//! Parts of the state that are not known: classes that do not come, lists that are refused, parts
//! that nobody asked for.

use std::time::Duration;

use ami::testing::{Peer, Reply, Server};
use ami::{EventClass, EventMask, Originate, Reconnect};
use instance::Builder;
use live::{Config, Live, Part, State, Unknown, WaitError};

use crate::kit::end;
use crate::scripted::{connect, hangup, has, newchannel, script, small, taken};

fn withheld(state: &State, part: Part) -> Option<Vec<EventClass>> {
    match state.unknown(part) {
        Some(Unknown::Withheld { classes, .. }) => Some(classes.to_vec()),
        _ => None,
    }
}

#[tokio::test]
async fn a_part_whose_list_is_refused_is_unknown_and_not_empty() {
    let script = script(&["1.1"])
        .answer("QueueStatus", Reply::error("Invalid/unknown command: QueueStatus."));
    let (client, mut peer) =
        Peer::connect_with(&ami::Config::new("user", "secret"), script).await.unwrap();
    let config = Config::new().parts([Part::Channels, Part::Bridges, Part::Queues]);
    let live = Live::start_with(&client, config);
    assert!(matches!(live.state().queues(), Err(Unknown::Loading(Part::Queues))));
    let state = peer.serve_until(live.current()).await.unwrap().unwrap();
    assert!(has(&state, &["1.1"]), "the rest works: {state:?}");
    let unknown = state.queues().unwrap_err();
    assert_eq!(unknown.part(), Part::Queues);
    assert_eq!(unknown.to_string(), "the queues are not known: the list QueueStatus did not come");
    let Unknown::Failed { error, .. } = unknown else { panic!() };
    assert!(matches!(*error, ami::Error::Rejected(_)), "{error:?}");
    let queue = live.queue("sales");
    assert!(matches!(queue.get(), Err(Unknown::Failed { .. })));
    assert!(matches!(queue.until(|_| true).await, Err(WaitError::Unknown(Unknown::Failed { .. }))));
    assert!(matches!(queue.gone().await, Err(WaitError::Unknown(_))));
    assert!(matches!(state.devices(), Err(Unknown::NotFollowed(Part::Devices))));
}

#[tokio::test]
async fn what_the_user_may_not_read_is_unknown_until_the_rights_come_back() {
    let few = EventMask::of([EventClass::System]);
    let login = ami::Config::new("user", "secret")
        .reconnect(Reconnect::default().wait(Duration::from_millis(1), Duration::from_millis(50)));
    let server = Server::bind().await.unwrap().script(script(&["1.1"]));
    let (client, mut peer) = server.connect(&login).await.unwrap();
    let config = Config::new().parts([Part::Channels, Part::Dialplan]);
    let live = Live::start_with(&client, config);
    let state = peer.serve_until(live.current()).await.unwrap().unwrap();
    assert!(has(&state, &["1.1"]));
    let (channel, mut changes) = (live.channel("1.1"), live.changes());
    // The user comes again, with few classes.
    drop(peer);
    let server = server.script(script(&["2.2"]).read(few));
    let mut peer = server.accept().await.unwrap();
    let is_new = |state: &State| state.freshness().is_current() && state.channels().is_err();
    let state = peer.serve_until(live.until(is_new)).await.unwrap().unwrap();
    let missing = withheld(&state, Part::Channels).unwrap();
    assert_eq!(missing, [EventClass::Call]);
    assert_eq!(withheld(&state, Part::Dialplan).unwrap(), [EventClass::Dialplan]);
    assert_eq!(
        state.channels().unwrap_err().to_string(),
        "the channels are not known: no events of the class call come"
    );
    // Nobody knows what has become of the channel.
    assert!(matches!(
        channel.ended().await,
        Err(WaitError::Unknown(Unknown::Withheld { part: Part::Channels, .. }))
    ));
    peer.event(newchannel("3.3")).await.unwrap();
    peer.event(hangup("1.1")).await.unwrap();
    let told = taken(&mut changes);
    assert!(!told.iter().any(|it| it.ends_with("1.1") || it.ends_with("2.2")), "{told:?}");
    // And again, with all of them.
    drop(peer);
    let server = server.script(script(&["1.1", "2.2"]));
    let mut peer = server.accept().await.unwrap();
    let is_known = |state: &State| has(state, &["1.1", "2.2"]) && state.freshness().is_current();
    peer.serve_until(live.until(is_known)).await.unwrap().unwrap();
    assert!(channel.get().unwrap().is_some());
    let told = taken(&mut changes);
    assert!(!told.iter().any(|it| it.ends_with("3.3")), "{told:?}");
}

#[tokio::test]
async fn a_class_that_the_mask_leaves_out_is_missing() {
    let (client, mut peer) = connect(&["1.1"]).await;
    let mask = EventMask::of([EventClass::Agent]);
    peer.serve_until(client.set_event_mask(mask)).await.unwrap().unwrap();
    let config = Config::new().parts([Part::Channels, Part::Dialplan, Part::Queues]);
    let live = Live::start_with(&client, config);
    let state = peer.serve_until(live.current()).await.unwrap().unwrap();
    assert_eq!(withheld(&state, Part::Channels), Some(vec![EventClass::Call]));
    assert!(state.queues().is_ok());
    // Channels and calls need no more than this.
    let mask = EventMask::of([EventClass::Call]);
    peer.serve_until(client.set_event_mask(mask)).await.unwrap().unwrap();
    let is_known = |state: &State| has(state, &["1.1"]) && state.freshness().is_current();
    let state = peer.serve_until(live.until(is_known)).await.unwrap().unwrap();
    assert_eq!(withheld(&state, Part::Queues), Some(vec![EventClass::Agent]));
    assert_eq!(withheld(&state, Part::Dialplan), Some(vec![EventClass::Dialplan]));
    assert!(state.channels().unwrap().get("1.1").unwrap().exten.contains('s'));
}

#[tokio::test]
async fn a_user_of_few_classes_gets_the_rest() {
    for version in [22, 16] {
        let server = instance::server(version).await.unwrap();
        let few =
            "[few]\nsecret = x\nread = call,dialplan\nwrite = call,command,reporting,system\n";
        let instance = Builder::new(server)
            .dialplan("[default]\nexten => s,1,Answer()\n same => n,Wait(600)\n")
            .file("manager.users.conf.inc", few)
            .boot()
            .await
            .unwrap();
        let client = ami::Config::new("few", "x").connect(instance.ami_address()).await.unwrap();
        let live = Live::start(&client);
        let state = live.current().await.unwrap();
        for &part in Part::ALL {
            // What a part needs that the user has not is said; every other part is known, or its
            // module is not loaded.
            let needs = withheld(&state, part).unwrap_or_default();
            let has = [EventClass::Call, EventClass::Dialplan];
            assert!(needs.iter().all(|class| !has.contains(class)), "{version}: {part} {needs:?}");
        }
        assert!(state.channels().is_ok() && state.bridges().is_ok(), "{version}: {state:?}");
        let call = Originate::to_application("Local/s@default", "Wait", "600");
        instance.ami().originate(call).await.unwrap();
        let up = |state: &State| state.channels().is_ok_and(|it| it.len() == 2);
        live.until(up).await.unwrap();
        // What happens while the mask leaves a class out is found when it comes again.
        client.set_event_mask(EventClass::System).await.unwrap();
        live.until(|state| withheld(state, Part::Channels).is_some()).await.unwrap();
        instance.ami().command("channel request hangup all").await.unwrap();
        client.set_event_mask(EventMask::all()).await.unwrap();
        let none = |state: &State| state.channels().is_ok_and(live::Table::is_empty);
        let state = live.until(none).await.unwrap();
        assert_eq!(state.calls().unwrap().len(), 0);
        client.close().await.unwrap();
        end(instance).await;
    }
}

#[tokio::test]
async fn a_server_that_does_not_tell_the_rights_is_said_to() {
    for (write, are_known) in [(EventMask::all(), true), (EventClass::System.into(), false)] {
        let script = script(&["1.1"]).write(write);
        let (client, mut peer) =
            Peer::connect_with(&ami::Config::new("user", "secret"), script).await.unwrap();
        let live = Live::start_with(&client, small());
        let state = peer.serve_until(live.current()).await.unwrap().unwrap();
        assert!(state.rights_are_known() == are_known && has(&state, &["1.1"]), "{state:?}");
    }
}

#[tokio::test]
async fn bridges_are_not_known_without_their_members() {
    let refuse = Reply::error("Permission denied");
    let script = script(&[]).answer("CoreShowChannels", refuse);
    let (client, mut peer) =
        Peer::connect_with(&ami::Config::new("user", "secret"), script).await.unwrap();
    let live = Live::start_with(&client, small());
    let state = peer.serve_until(live.current()).await.unwrap().unwrap();
    assert!(matches!(state.bridges(), Err(Unknown::Failed { part: Part::Channels, .. })));
    let live = Live::start_with(&client, Config::new().parts([Part::Bridges]));
    let state = peer.serve_until(live.current()).await.unwrap().unwrap();
    assert!(matches!(state.bridges(), Err(Unknown::NotFollowed(Part::Channels))));
}

#[tokio::test]
async fn a_list_that_fails_holds_up_no_other_part_and_is_asked_for_again() {
    let mut asked = 0;
    let script = script(&["1.1"]).answer_with("QueueStatus", move |_| {
        asked += 1;
        if asked == 1 { Reply::none() } else { Reply::list(Vec::<String>::new()) }
    });
    let (client, mut peer) =
        Peer::connect_with(&ami::Config::new("user", "secret"), script).await.unwrap();
    let config = Config::new().parts([Part::Channels, Part::Queues]);
    let live = Live::start_with(&client, config);
    let state = peer.serve_until(live.current()).await.unwrap().unwrap();
    assert!(has(&state, &["1.1"]) && matches!(state.queues(), Err(Unknown::Failed { .. })));
    let is_known = |state: &State| state.queues().is_ok();
    let state = peer.serve_until(live.until(is_known)).await.unwrap().unwrap();
    assert!(state.freshness().is_current() && has(&state, &["1.1"]));
}

#[tokio::test]
async fn a_server_that_is_reached_late_is_asked_what_the_user_may_read() {
    let few = EventMask::of([EventClass::System]);
    let soon = Reconnect::default().wait(Duration::from_millis(1), Duration::from_millis(5));
    let login = ami::Config::new("user", "secret").reconnect(soon);
    // Nobody else gets the port meanwhile.
    let held = tokio::net::TcpSocket::new_v4().unwrap();
    held.set_reuseaddr(true).unwrap();
    held.bind((std::net::Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    let address = held.local_addr().unwrap();
    let client = login.timeout(Duration::from_millis(20)).connect(address).in_background();
    let live = Live::start_with(&client, small());
    // No question waits as long as the server is away.
    for _ in 0..3 {
        client.call(ami::Action::new("Ping")).await.unwrap_err();
    }
    assert!(!live.state().freshness().is_current(), "{:?}", live.state());
    let server = Server::bind_to(address).await.unwrap().script(script(&["1.1"]).read(few));
    let mut peer = server.accept().await.unwrap();
    let state = peer.serve_until(live.current()).await.unwrap().unwrap();
    assert!(state.rights_are_known());
    assert_eq!(withheld(&state, Part::Channels).unwrap(), [EventClass::Call]);
}
