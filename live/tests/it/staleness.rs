//! Freshness of the state: lost connections, restarted servers, events that were missed, and what
//! is found afterwards.

use std::time::Duration;

use ami::testing::{Peer, Server};
use ami::{Buffer, Client, Disconnect, Originate, Reconnect};
use instance::{Builder, Instance};
use live::{Changes, Freshness, Live, StaleReason};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::kit::end;
use crate::scripted::{channels, hangup, has, name, newchannel, script, small, taken};

fn soon() -> Reconnect {
    Reconnect::default().wait(Duration::from_millis(1), Duration::from_millis(50))
}

/// Takes changes until the state is current. Returns those of channels and of freshness.
async fn until_current(changes: &mut Changes) -> Vec<String> {
    let mut taken = Vec::new();
    while taken.last().is_none_or(|it| it != "current") {
        taken.push(name(&changes.next().await.unwrap().unwrap()));
    }
    taken.retain(|it| it != "other");
    taken
}

#[tokio::test]
async fn a_lost_connection_is_told_at_once_and_what_is_found_afterwards_as_found() {
    let server = Server::bind().await.unwrap();
    let mut ids = [&["1.1", "2.2"][..], &["2.2", "3.3"]].into_iter();
    let server = server.script(
        script(&[]).answer_with("CoreShowChannels", move |_| channels(ids.next().unwrap())),
    );
    let login = ami::Config::new("user", "secret").reconnect(soon());
    let (client, mut peer) = server.connect(&login).await.unwrap();
    let live = Live::start_with(&client, small());
    let state = peer.serve_until(live.current()).await.unwrap().unwrap();
    assert!(has(&state, &["1.1", "2.2"]), "{state:?}");
    let (channel, mut changes) = (live.channel("1.1"), live.changes());
    drop(peer);
    // Nobody accepts the next connection yet.
    let down = live.until(|state| !state.freshness().is_current()).await.unwrap();
    let Freshness::Stale { since: begun, reason: StaleReason::Down(reason) } = down.freshness()
    else {
        panic!("{:?}", down.freshness())
    };
    assert!(matches!(**reason, Disconnect::Eof | Disconnect::Io(_)), "{reason:?}");
    assert!(has(&down, &["1.1", "2.2"]), "what was known stays");
    let mut peer = server.accept().await.unwrap();
    let gap = |state: &live::State| matches!(state.freshness().stale(), Some(StaleReason::Gap(_)));
    let (gapped, state) =
        peer.serve_until(async { (live.until(gap).await, live.current().await) }).await.unwrap();
    let Freshness::Stale { since, .. } = gapped.unwrap().freshness().clone() else { panic!() };
    assert_eq!(since, *begun, "it is stale since the loss");
    assert!(has(&state.unwrap(), &["2.2", "3.3"]));
    let told = until_current(&mut changes).await;
    let [first, second, found @ .., _] = &told[..] else { panic!("{told:?}") };
    assert_eq!(first, "stale: the connection is lost");
    assert!(second.starts_with("stale: 0.") || second.contains("without a connection"), "{second}");
    let mut found: Vec<_> = found.iter().map(String::as_str).collect();
    found.sort_unstable();
    assert_eq!(found, ["*+3.3", "*-1.1"]);
    let (ended, cause) = channel.ended().await.unwrap();
    assert_eq!((&*ended.id, cause), ("1.1", None));
    // What follows was seen to happen.
    peer.event(hangup("3.3")).await.unwrap();
    peer.serve_until(live.until(|state| has(state, &["2.2"]))).await.unwrap().unwrap();
    let told = taken(&mut changes);
    assert!(told.contains(&"-3.3".to_owned()), "{told:?}");
}

#[tokio::test]
async fn an_event_that_was_missed_makes_it_stale_until_the_server_was_asked_again() {
    let mut ids = [&["1.1", "2.2"][..], &["2.2", "3.3"]].into_iter();
    let script =
        script(&[]).answer_with("CoreShowChannels", move |_| channels(ids.next().unwrap()));
    // An event that is too large is missed like one that finds no room.
    let login = ami::Config::new("user", "secret").max_message(4096);
    let (client, mut peer) = Peer::connect_with(&login, script).await.unwrap();
    let live = Live::start_with(&client, small().buffer(Buffer::bounded(100)));
    peer.serve_until(live.current()).await.unwrap().unwrap();
    let mut changes = live.changes();
    let channel = live.channel("1.1");
    peer.event(format!("{}\nAccountCode: {}", newchannel("3.3"), "x".repeat(8192))).await.unwrap();
    let is_missed =
        |state: &live::State| matches!(state.freshness().stale(), Some(StaleReason::Missed(1)));
    let (stale, current) = peer
        .serve_until(async { (live.until(is_missed).await, live.current().await) })
        .await
        .unwrap();
    assert!(has(&stale.unwrap(), &["1.1", "2.2"]) && has(&current.unwrap(), &["2.2", "3.3"]));
    let mut told = until_current(&mut changes).await;
    told[1..3].sort_unstable();
    assert_eq!(told, ["stale: one event was missed", "*+3.3", "*-1.1", "current"]);
    assert_eq!(channel.ended().await.unwrap().1, None);
}

const DIALPLAN: &str = "[default]\nexten => s,1,Answer()\n same => n,Wait(600)\n";

async fn boot(version: u32) -> Instance {
    let server = instance::server(version).await.unwrap();
    Builder::new(server).dialplan(DIALPLAN).boot().await.unwrap()
}

/// Connects a client that comes again.
async fn connect_to(address: &str) -> Client {
    ami::Config::new("user", "mysecret").reconnect(soon()).connect(address).await.unwrap()
}

/// Makes calls, each of two channels.
async fn call(client: &Client, calls: usize) {
    let calls = (0..calls).map(|_| {
        let client = client.clone();
        let call = Originate::to_application("Local/s@default", "Wait", "600");
        tokio::spawn(async move { client.originate(call).await.unwrap() })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.unwrap();
    }
}

fn is_up(channels: usize) -> impl Fn(&live::State) -> bool {
    move |state| {
        state.freshness().is_current() && state.channels().is_ok_and(|it| it.len() == channels)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_killed_under_calls_has_none_of_them_when_it_is_back() {
    for version in [22, 16] {
        let instance = boot(version).await;
        let client = connect_to(&instance.ami_address()).await;
        let live = Live::start(&client);
        live.current().await.unwrap();
        call(&client, 25).await;
        let state = live.until(is_up(50)).await.unwrap();
        let handles: Vec<_> =
            state.channels().unwrap().ids().map(|id| live.channel(id.clone())).collect();
        let mut changes = live.changes();
        instance.kill().await;
        let down = live.until(|state| !state.freshness().is_current()).await.unwrap();
        assert!(matches!(down.freshness().stale(), Some(StaleReason::Down(_))));
        assert_eq!(down.channels().unwrap().len(), 50);
        instance.restart().await.unwrap();
        let state = live.until(is_up(0)).await.unwrap();
        assert!(state.bridges().unwrap().is_empty(), "{state:?}");
        for handle in handles {
            assert_eq!(handle.ended().await.unwrap().1, None, "nobody saw the end");
        }
        let told = until_current(&mut changes).await;
        let (stale, found): (Vec<_>, Vec<_>) =
            told[..told.len() - 1].iter().partition(|it| it.starts_with("stale"));
        assert_eq!((stale.len(), found.len()), (2, 50), "{told:?}");
        assert!(found.iter().all(|it| it.starts_with("*-")), "{told:?}");
        // The new server is followed like the old one.
        call(&client, 1).await;
        live.until(is_up(2)).await.unwrap();
        end(instance).await;
    }
}

/// A link to a server that can be cut.
struct Link {
    address: String,
    is_up: watch::Sender<bool>,
}

impl Link {
    async fn to(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let is_up = watch::Sender::new(true);
        let mut state = is_up.subscribe();
        tokio::spawn(async move {
            while state.wait_for(|is_up| *is_up).await.is_ok() {
                let (mut near, _) = listener.accept().await.unwrap();
                if !*state.borrow() {
                    continue;
                }
                let mut far = TcpStream::connect(&server).await.unwrap();
                tokio::select! {
                    _ = copy_bidirectional(&mut near, &mut far) => {}
                    _ = state.wait_for(|is_up| !is_up) => {}
                }
            }
        });
        Self { address, is_up }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_happened_while_a_link_was_cut_is_found_when_it_is_mended() {
    let instance = boot(22).await;
    let link = Link::to(instance.ami_address()).await;
    let client = connect_to(&link.address).await;
    let live = Live::start(&client);
    live.current().await.unwrap();
    call(instance.ami(), 3).await;
    let before = live.until(is_up(6)).await.unwrap();
    let mut changes = live.changes();
    link.is_up.send_replace(false);
    live.until(|state| !state.freshness().is_current()).await.unwrap();
    instance.ami().command("channel request hangup all").await.unwrap();
    call(instance.ami(), 2).await;
    assert_eq!(live.state().channels().unwrap().len(), 6);
    link.is_up.send_replace(true);
    let after = live.until(is_up(4)).await.unwrap();
    let channels = after.channels().unwrap();
    assert!(before.channels().unwrap().ids().all(|id| !channels.contains(id)), "{after:?}");
    let told = until_current(&mut changes).await;
    let count = |what: &str| told.iter().filter(|it| it.starts_with(what)).count();
    // A channel of before may still be on its way out when the server is asked.
    assert_eq!((count("+"), count("*+")), (0, 4), "{told:?}");
    assert_eq!(count("*-") + count("-"), 6, "{told:?}");
    end(instance).await;
}
