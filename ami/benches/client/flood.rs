//! Events faster than any server sends them, to one subscriber with the default buffer: whether it
//! loses any.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ami::{Config, Filter, Item, Login};

use crate::events::{Stream, serve, start};
use crate::{Ratio, median, on_one_thread, on_two_threads, ratio};

/// How many events a flood has, and how many a burst.
const FLOOD: usize = 1_000_000;
const BURST: usize = 14_000;

/// What came of a runtime's floods or bursts.
#[derive(Default)]
struct Seen {
    /// Of each round, in seconds.
    times: Vec<f64>,
    /// How many events are missing, in all rounds.
    lost: u64,
}

impl Seen {
    fn add(&mut self, round: usize, (took, lost): (Duration, u64)) {
        // The first warms up. What is lost is lost.
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

/// So many events to a subscriber. The result is how long they took, and how many are missing.
async fn receive(address: SocketAddr, events: usize) -> (Duration, u64) {
    let config = Config::new("user", "secret").login(Login::Plain).reconnect(None);
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
    // In `block_on`, on the thread of the client's task; and as a task of its own.
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
    // Rates, so the other way round than times.
    vec![("flood/current-thread-to-two-threads", ratio(&flood.1.times, &flood.0.times))]
}
