//! Benchmarks of the state against a subscriber and a list of the client.
//!
//! `cargo bench -p live --bench live` replays the recorded stream of Asterisk 22 over loopback,
//! with new identifiers each time: to a state, and to a subscriber that reads ten fields of each
//! event by name. Both sides take turns, for `BENCH_ROUNDS` rounds; a ratio is the median of the
//! ratios within a round. Memory is counted by the allocator while 100,000 calls are replayed. A
//! snapshot is taken of real servers, 22 and 16, with 2,000 channels. `-- read`, `-- memory` and
//! `-- snapshot` measure a part.

#![expect(clippy::print_stdout, reason = "the figures are the program's output")]
#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

mod memory;
mod read;
mod snapshot;
mod stream;

fn main() {
    let wanted = std::env::var("BENCH_ROUNDS").ok().and_then(|it| it.parse().ok());
    let rounds = |default: usize| wanted.unwrap_or(default).max(1);
    // cargo adds a flag of its own.
    let chosen: Vec<_> = std::env::args().skip(1).filter(|it| !it.starts_with('-')).collect();
    let is_chosen = |name: &str| chosen.is_empty() || chosen.iter().any(|it| it == name);
    let mut ratios = Vec::new();
    if is_chosen("memory") {
        ratios.extend(memory::measure());
    }
    if is_chosen("snapshot") {
        ratios.extend(snapshot::measure(rounds(15)));
    }
    if is_chosen("read") {
        ratios.extend(read::measure(rounds(25)));
    }
    println!();
    for (name, value) in ratios {
        println!("ratio {name} {value:.3}");
    }
}

/// The name of a figure and its value.
type Ratio = (&'static str, f64);

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Returns the median of the ratios within a round.
fn ratio(ours: &[f64], floor: &[f64]) -> f64 {
    median(ours.iter().zip(floor).map(|(ours, floor)| ours / floor).collect())
}
