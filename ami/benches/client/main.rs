//! Benchmarks of the client, in units of a bare loop that does the minimum with the same bytes.
//!
//! `cargo bench -p ami --bench client` boots an Asterisk for the pings, and replays the recorded
//! stream of Asterisk 22 over loopback for the events. Both sides take turns, for `BENCH_ROUNDS`
//! rounds; a ratio is the median of the ratios within a round. Memory is counted by the allocator.
//! A flood of the same events shows whether a subscriber with the default buffer loses any, and
//! what a single thread costs it. `-- events`, `-- flood`, `-- pings` and `-- heap` measure a part.

#![expect(clippy::print_stdout, reason = "the figures are the program's output")]
#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use tokio::runtime::Runtime;

mod events;
mod flood;
mod heap;
mod pings;

fn main() {
    let wanted = std::env::var("BENCH_ROUNDS").ok().and_then(|it| it.parse().ok());
    let rounds = |default: usize| wanted.unwrap_or(default).max(1);
    // cargo adds a flag of its own.
    let chosen: Vec<_> = std::env::args().skip(1).filter(|it| !it.starts_with('-')).collect();
    let is_chosen = |name: &str| chosen.is_empty() || chosen.iter().any(|it| it == name);
    let mut ratios = Vec::new();
    if is_chosen("heap") {
        ratios.extend(heap::measure());
    }
    if is_chosen("events") {
        ratios.extend(events::measure(rounds(25)));
    }
    if is_chosen("flood") {
        ratios.extend(flood::measure(rounds(5)));
    }
    if is_chosen("pings") {
        ratios.extend(pings::measure(rounds(25)));
    }
    // The most important figures come last.
    let main = ["events/channel-loop", "ping/bare", "pipelined/bare"];
    ratios.sort_by_key(|(name, _)| main.contains(name));
    println!();
    for (name, value) in ratios {
        println!("ratio {name} {value:.3}");
    }
}

/// The name of a figure and its value.
type Ratio = (&'static str, f64);

/// Creates a runtime with two threads, as on the machine that the figures are for.
fn on_two_threads() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

fn on_one_thread() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Returns the median of the ratios within a round.
fn ratio(ours: &[f64], floor: &[f64]) -> f64 {
    median(ours.iter().zip(floor).map(|(ours, floor)| ours / floor).collect())
}
