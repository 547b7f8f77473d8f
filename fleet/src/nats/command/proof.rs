//! Requests that time out at random, on both sides, through a relay that delays and cuts: none is
//! executed twice, and the reply tells the truth about each.
//!
//! A real Asterisk server executes the actions, each a `UserEvent` with a number, and an observer
//! with a connection of its own counts them.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use ami::{Action, Client, Config, Filter, Item, Reconnect};
use async_nats::{Request as Ask, RequestErrorKind};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use instance::{Builder, Instance, Modules, nats};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::*;

/// The number of requests (`FLEET_COMMANDS` sets another), and of those at once.
const REQUESTS: u64 = 400;
const AT_ONCE: usize = 16;

/// The reply that a request got.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Told {
    /// Nobody is there who could execute it.
    NoResponders,
    /// No reply within the requester's own time.
    Silence,
    NeverSent,
    MaybeExecuted,
    Answered,
}

/// A sequence of numbers that a seed repeats.
#[derive(Clone)]
struct Random(Arc<AtomicU64>);

impl Random {
    fn below(&self, limit: u64) -> u64 {
        let seed = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Relaxed);
        let mixed = (seed ^ (seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }

    fn micros(&self, limit: u64) -> Duration {
        Duration::from_micros(self.below(limit))
    }
}

/// Passes connections on to `to`, each piece late by a random time. One piece of 60 is the last,
/// and gets lost.
async fn relay(listener: TcpListener, to: String, random: Random) {
    let mut connections = JoinSet::new();
    loop {
        let (mut near, _) = listener.accept().await.unwrap();
        let (to, random) = (to.clone(), random.clone());
        connections.spawn(async move {
            let Ok(mut far) = TcpStream::connect(to).await else { return };
            let ((near_in, near_out), (far_in, far_out)) = (near.split(), far.split());
            tokio::select! {
                () = pass(near_in, far_out, &random) => {}
                () = pass(far_in, near_out, &random) => {}
            }
        });
    }
}

async fn pass(
    mut from: impl AsyncReadExt + Unpin,
    mut to: impl AsyncWriteExt + Unpin,
    random: &Random,
) {
    let mut piece = [0; 2048];
    while let Ok(read @ 1..) = from.read(&mut piece).await {
        tokio::time::sleep(random.micros(25_000)).await;
        if random.below(60) == 0 || to.write_all(&piece[..read]).await.is_err() {
            return;
        }
    }
}

async fn asterisk() -> Instance {
    let server = instance::server(22).await.unwrap();
    let builder = Builder::new(server).modules(Modules::list(["app_userevent"]));
    builder.build().unwrap().boot().await.unwrap()
}

/// Sends a request, and returns what is told of it.
async fn ask(nats: &async_nats::Client, number: u64, random: &Random) -> Told {
    // Some times are too short for anything to be sent.
    let limit = random.micros(if random.below(4) == 0 { 200 } else { 150_000 });
    let limit = limit.as_secs_f64().max(1e-6);
    let body = json!({"fields": {"UserEvent": "Command", "Number": number}, "timeout": limit});
    let patience = Duration::from_millis(1) + random.micros(250_000);
    let ask = Ask::new().payload(body.to_string().into()).timeout(Some(patience));
    match nats.send_request("ami.do.berlin.UserEvent", ask).await {
        Err(error) if error.kind() == RequestErrorKind::NoResponders => Told::NoResponders,
        Err(error) if error.kind() == RequestErrorKind::TimedOut => Told::Silence,
        Err(error) => panic!("{error}"),
        Ok(reply) => {
            let reply: Value = serde_json::from_slice(&reply.payload).unwrap();
            match (reply["outcome"].as_str(), reply["delivery"].as_str()) {
                (Some("answered"), None) => Told::Answered,
                (Some("failed"), Some("never-sent")) => Told::NeverSent,
                (Some("failed"), Some("may-have-been-executed")) => Told::MaybeExecuted,
                _ => panic!("{reply}"),
            }
        }
    }
}

/// Returns how often each number was executed.
async fn executed(observer: &Client, mut events: ami::Subscription) -> BTreeMap<u64, u32> {
    // What came over the last connection is executed when its session is gone.
    loop {
        let sessions = observer.command("manager show connected").await.unwrap();
        if sessions.lines().any(|line| line.starts_with(b"1 users connected")) {
            break;
        }
        tokio::task::yield_now().await;
    }
    observer.call(Action::user_event("End")).await.unwrap();
    let mut executed = BTreeMap::new();
    loop {
        let Some(Item::Event(event)) = events.next().await else { panic!("no event") };
        let Some(number) = event.text("Number") else { return executed };
        *executed.entry(number.parse().unwrap()).or_default() += 1;
    }
}

#[tokio::test]
async fn no_request_is_executed_twice_and_replies_are_true() {
    let requests = std::env::var("FLEET_COMMANDS").map_or(REQUESTS, |it| it.parse().unwrap());
    let random = Random(Arc::new(AtomicU64::new(requests)));
    let asterisk = asterisk().await;
    let events = asterisk.ami().subscribe(Filter::named(["UserEvent"]));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let near: SocketAddr = listener.local_addr().unwrap();
    let relay = tokio::spawn(relay(listener, asterisk.ami_address(), random.clone()));
    let reconnect = Reconnect::default().wait(Duration::from_millis(1), Duration::from_millis(5));
    let client = Config::new("user", "mysecret").retry_first(true).reconnect(reconnect);
    let client = client.connect(near).await.unwrap();

    let server = nats::Server::find().await.unwrap();
    let nats = nats::Builder::new(server).boot().await.unwrap();
    let answers = async_nats::connect(nats.url()).await.unwrap();
    let asks = async_nats::connect(nats.url()).await.unwrap();
    let commands = Commands::allow(["UserEvent"]).unwrap();
    let responder = Responder::new(answers, Subjects::default(), "test", commands);
    let (stop, origin) = (CancellationToken::new(), Origin::new("berlin").unwrap());
    let serving = tokio::spawn(responder.serve(origin, client.clone(), stop.clone()));

    let told: FuturesUnordered<_> = (0..AT_ONCE as u64)
        .map(|first| {
            let (asks, random, mut state) = (&asks, &random, client.state());
            async move {
                let mut told = Vec::new();
                for number in (first..requests).step_by(AT_ONCE) {
                    let said = ask(asks, number, random).await;
                    told.push((number, said));
                    if said == Told::NoResponders {
                        state.wait_for(State::is_up).await.unwrap();
                    }
                }
                told
            }
        })
        .collect();
    let told: Vec<_> = told.concat().await;
    stop.cancel();
    serving.await.unwrap();
    drop(client);
    relay.abort();
    let executed = executed(asterisk.ami(), events).await;

    let mut counts: BTreeMap<(Told, u32), u64> = BTreeMap::new();
    for (number, told) in told {
        let times = executed.get(&number).copied().unwrap_or_default();
        *counts.entry((told, times)).or_default() += 1;
    }
    println!("{counts:?}");
    assert!(counts.keys().all(|(_, times)| *times <= 1), "{counts:?}");
    for impossible in [(Told::NoResponders, 1), (Told::NeverSent, 1), (Told::Answered, 0)] {
        assert_eq!(counts.get(&impossible), None, "{counts:?}");
    }
    // The test is about something. Few requests are never sent, or none.
    for common in [(Told::Answered, 1), (Told::MaybeExecuted, 1)] {
        assert!(counts.contains_key(&common), "{counts:?}");
    }
    nats.stop().await.unwrap();
    asterisk.kill().await;
    asterisk.stop().await.unwrap();
}
