//! Benchmarks of the bridge's publisher against async-nats alone, with a real nats-server.
//!
//! `cargo bench -p fleet --bench nats` publishes the recorded events of Asterisk 22 as JSON into
//! streams on disk: by the publisher from its spool, and by async-nats with prepared messages of
//! the same bytes and as many acknowledgements outstanding as the publisher's window has messages.
//! Both sides take turns, for `BENCH_ROUNDS` rounds; a ratio is the median of the ratios within a
//! round. `-- publish` and `-- pause` measure a part; `-- pause 60` stops the server for so many
//! seconds, while 5,000 events a second come.

#![expect(clippy::print_stdout, reason = "the figures are the program's output")]
#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

mod events;
mod pause;
mod publish;

use instance::nats::{Builder, Instance, Server};

fn main() {
    let wanted = std::env::var("BENCH_ROUNDS").ok().and_then(|it| it.parse().ok());
    let rounds = |default: usize| wanted.unwrap_or(default).max(1);
    // cargo adds a flag of its own.
    let chosen: Vec<_> = std::env::args().skip(1).filter(|it| !it.starts_with('-')).collect();
    let is_chosen = |name: &str| chosen.is_empty() || chosen.iter().any(|it| it == name);
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    if is_chosen("pause") {
        let seconds = chosen.iter().find_map(|it| it.parse().ok()).unwrap_or(5);
        runtime.block_on(pause::measure(seconds));
    }
    if is_chosen("publish") {
        let ratio = runtime.block_on(publish::measure(rounds(11)));
        println!("\nratio bridge/nats {ratio:.3}");
    }
}

async fn nats() -> Instance {
    Builder::new(Server::find().await.unwrap()).boot().await.unwrap()
}
