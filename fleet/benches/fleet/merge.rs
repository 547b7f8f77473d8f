//! Recorded events as fast as they can be read, through a fleet and through one client.

use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ami::{Action, Buffer, Client, Codec, Filter, Frame};
use bytes::BytesMut;
use fleet::{Fleet, What};
use tokio::task::JoinHandle;
use tokio_util::codec::Decoder;

use crate::peer::serve;
use crate::{Ratio, config, median, on_two_threads, ratio};

/// The number of servers of the fleet.
const SERVERS: usize = 8;

/// The number of times that each of them sends the recorded stream in a round.
const TIMES: usize = 8;

/// The recorded stream after its login, and the number of its events.
fn recorded() -> (Vec<u8>, usize) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../ami/fixtures/asterisk-22.ami");
    let (mut buffer, mut codec) = (BytesMut::from(&std::fs::read(path).unwrap()[..]), Codec::new());
    let (mut events, mut bytes) = (0, Vec::new());
    while let Ok(Some(frame)) = codec.decode(&mut buffer) {
        if let Frame::Event(event) = frame {
            events += 1;
            bytes.extend(event.raw());
        }
    }
    (bytes, events)
}

fn server(stream: &Arc<Vec<u8>>, times: usize) -> SocketAddr {
    let stream = Arc::clone(stream);
    serve(move |client: &mut TcpStream| {
        for _ in 0..times {
            // The client goes as soon as it has counted all.
            let _ = client.write_all(&stream);
        }
    })
}

/// Tells a server to begin. The server does not answer.
fn start(client: &Client) -> JoinHandle<()> {
    let client = client.clone();
    tokio::spawn(async move {
        let _ = client.call(Action::new("Start")).timeout(Duration::MAX).await;
    })
}

/// Reads this many events with one client.
async fn one(address: SocketAddr, events: usize) -> Duration {
    let client = config().connect(address).in_background();
    let mut all = client.subscribe_with(Filter::all(), Buffer::unbounded());
    client.ready().await.unwrap();
    let begun = Instant::now();
    let start = start(&client);
    let consumer = tokio::spawn(async move {
        let mut count = 0;
        while count < events {
            match all.next().await {
                Some(ami::Item::Event(_)) => count += 1,
                other => panic!("{other:?} after {count} events"),
            }
        }
    });
    consumer.await.unwrap();
    let took = begun.elapsed();
    start.abort();
    took
}

/// Reads this many events with a fleet of all these servers.
async fn many(addresses: &[SocketAddr], events: usize) -> Duration {
    let fleet = Fleet::new();
    let mut all = fleet.subscribe_with(Filter::all(), Buffer::unbounded());
    for (n, address) in addresses.iter().enumerate() {
        let server = ami::Server::new(address.to_string(), config());
        fleet.add(&*format!("pbx{n}"), &server).unwrap();
    }
    let members = fleet.servers();
    for member in &members {
        member.client().ready().await.unwrap();
    }
    let begun = Instant::now();
    let starts: Vec<_> = members.iter().map(|member| start(member.client())).collect();
    let consumer = tokio::spawn(async move {
        let mut count = 0;
        while count < events {
            match all.next().await.unwrap().what {
                What::Event(_) => count += 1,
                What::Up(_) => {}
                other => panic!("{other} after {count} events"),
            }
        }
    });
    consumer.await.unwrap();
    let took = begun.elapsed();
    starts.iter().for_each(JoinHandle::abort);
    took
}

/// Returns the resident memory of this process in MiB.
fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|it| it.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() / 1024.0
}

pub(crate) fn measure(rounds: usize) -> Ratio {
    let (stream, events) = recorded();
    let stream = Arc::new(stream);
    let single = server(&stream, TIMES * SERVERS);
    let addresses: Vec<_> = (0..SERVERS).map(|_| server(&stream, TIMES)).collect();
    let runtime = on_two_threads();
    let (mut client, mut fleet, mut memory) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..=rounds {
        // One more event of each server says that it has booted.
        let events = events * TIMES * SERVERS;
        let took = runtime.block_on(async {
            (one(single, events + 1).await, many(&addresses, events + SERVERS).await)
        });
        memory.push(resident());
        // The first round warms up.
        if round > 0 {
            client.push(took.0.as_secs_f64());
            fleet.push(took.1.as_secs_f64());
        }
    }
    for (name, times) in [("one client", &client), ("a fleet of eight", &fleet)] {
        let rate = (events * TIMES * SERVERS) as f64 / median(times.clone());
        println!("merge: {name:20} {:6.2} million events a second", rate / 1e6);
    }
    let (early, late) = memory.split_at(memory.len() / 2);
    let (early, late) = (median(early.to_vec()), median(late.to_vec()));
    println!(
        "merge: {early:.1} MiB resident in the first half of the rounds, {late:.1} in the second"
    );
    // The figures are rates, so the ratio is the inverse of that of times.
    ("fleet/client", ratio(&client, &fleet))
}
