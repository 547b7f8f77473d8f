//! A benchmark with events faster than any server sends them, for one subscriber with the default
//! buffer. It shows whether the subscriber loses events.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ami::{Config, Filter, Item, Login};

use crate::events::{Stream, serve, start};
use crate::{Ratio, median, on_one_thread, on_two_threads, ratio};

/// The number of events in a flood, and in a burst.
const FLOOD: usize = 1_000_000;
const BURST: usize = 14_000;

/// The results of one runtime's floods or bursts.
#[derive(Default)]
struct Seen {
    /// The time of each round in seconds.
    times: Vec<f64>,
    /// The number of missing events in all rounds.
    lost: u64,
}

impl Seen {
    fn add(&mut self, round: usize, (took, lost): (Duration, u64)) {
        // The first round warms up, but its losses count.
        if round > 0 {
            self.times.push(took.as_secs_f64());
        }
        self.lost += lost;
    }

    fn print(&self, what: &str, runtime: &str, events: usize) {
        let rate = events as f64 / median(self.times.clone()) / 1e6;
        let lost = self.lost;
        println!("{what} {runtime:22} {rate:6.2} million events a second, lost {lost}");
    }
}

/// Receives this many events with one subscriber. Returns the time and the number of missing
/// events.
async fn receive(address: SocketAddr, events: usize) -> (Duration, u64) {
    let config =
        Config::new("user", "secret").ask_permissions(false).login(Login::Plain).reconnect(None);
    let client = config.connect(address).await.unwrap();
    let mut all = client.subscribe(Filter::all());
    let begun = Instant::now();
    let start = start(&client);
    let (mut came, mut missed) = (0, 0);
    while came + missed < events as u64 {
        match all.next().await {
            Some(Item::Event(_)) => came += 1,
            Some(Item::Missed(more)) => missed += more,
            other => panic!("{other:?} after {came} events, and {missed} missed"),
        }
    }
    let took = begun.elapsed();
    start.abort();
    (took, missed)
}

pub(crate) fn measure(rounds: usize) -> Vec<Ratio> {
    let stream = Arc::new(Stream::read());
    let (one, two) = (on_one_thread(), on_two_threads());
    let mut flood = (Seen::default(), Seen::default());
    let mut burst = (Seen::default(), Seen::default());
    let flooding = serve(Arc::clone(&stream), FLOOD);
    let bursting = serve(stream, BURST);
    // One run is in `block_on`, on the thread of the client's task. The other is a task of its own.
    let on_one = |address, events| one.block_on(receive(address, events));
    let on_two = |address, events| two.block_on(two.spawn(receive(address, events))).unwrap();
    for round in 0..=rounds {
        flood.0.add(round, on_one(flooding, FLOOD));
        flood.1.add(round, on_two(flooding, FLOOD));
        burst.0.add(round, on_one(bursting, BURST));
        burst.1.add(round, on_two(bursting, BURST));
    }
    for (what, (one, two), events) in [
        ("flood of 1,000,000 events:", &flood, FLOOD),
        ("burst of 14,000 events:   ", &burst, BURST),
    ] {
        one.print(what, "on the current thread", events);
        two.print(what, "on two threads", events);
    }
    // The figures are rates, so the ratio is the inverse of that of times.
    vec![("flood/current-thread-to-two-threads", ratio(&flood.1.times, &flood.0.times))]
}
