//! Benchmarks of the merged stream.
//!
//! `cargo bench -p fleet --bench fleet` reads the recorded events of Asterisk 22: through one
//! client from one server, and through a fleet from eight servers that have as many together. Both
//! sides take turns, for `BENCH_ROUNDS` rounds; a ratio is the median of the ratios within a round.
//! Then it measures the delay of a quiet server's events, alone and beside a loud one that sends
//! 20,000 events a second. `-- merge` and `-- quiet` measure a part; `-- quiet 60` does so for so
//! many seconds on each side in each round.
//!
//! `-- servers` boots five real servers, each of which raises 20,000 numbered events at once, and
//! checks that exactly those come, in order.

#![expect(clippy::print_stdout, reason = "the figures are the program's output")]
#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

mod merge;
mod peer;
mod quiet;
mod servers;

use std::time::Duration;

use tokio::runtime::Runtime;

fn main() {
    let wanted = std::env::var("BENCH_ROUNDS").ok().and_then(|it| it.parse().ok());
    let rounds = |default: usize| wanted.unwrap_or(default).max(1);
    // cargo adds a flag of its own.
    let chosen: Vec<_> = std::env::args().skip(1).filter(|it| !it.starts_with('-')).collect();
    let is_chosen = |name: &str| chosen.iter().any(|it| it == name);
    if is_chosen("servers") {
        return servers::measure();
    }
    let all = !is_chosen("merge") && !is_chosen("quiet");
    let mut ratios = Vec::new();
    if all || is_chosen("quiet") {
        let seconds = chosen.iter().find_map(|it| it.parse().ok()).unwrap_or(2);
        ratios.push(quiet::measure(rounds(7), Duration::from_secs(seconds)));
    }
    if all || is_chosen("merge") {
        ratios.push(merge::measure(rounds(25)));
    }
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

/// The settings of a client that asks a server for nothing.
fn config() -> ami::Config {
    let config = ami::Config::new("user", "secret").ask_permissions(false);
    config.login(ami::Login::Plain).keepalive(None)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Returns the median of the ratios within a round.
fn ratio(of: &[f64], to: &[f64]) -> f64 {
    median(of.iter().zip(to).map(|(of, to)| of / to).collect())
}
