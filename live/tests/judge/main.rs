//! The server is the judge: while random calls, transfers, queues, conferences and parking go on,
//! and links and servers are lost, the state is compared with what the server itself tells.
//!
//! The tests here take seconds. A long proof of one version is
//!
//! ```sh
//! JUDGE_COMPARISONS=100000 cargo test --release -p live --test judge 22 -- --nocapture
//! ```
//!
//! `JUDGE_SEED` repeats the steps of a run, but not the times at which the server does them.
//! `JUDGE_EVENTS` names a file for all events that were read.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod fence;
mod invariants;
mod judge;
mod known;
mod server;
mod shadow;
mod steps;
mod told;
mod view;

use std::time::{Duration, Instant};

use instance::Instance;
use live::ami::{Action, Client};
use live::{Freshness, Live, State};

use self::judge::{Judge, Tally};
use self::server::Link;
use self::steps::Steps;

#[tokio::test]
async fn the_state_is_what_the_server_tells_22() {
    prove(22).await;
}

#[tokio::test]
async fn the_state_is_what_the_server_tells_16() {
    prove(16).await;
}

fn from_env(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|it| it.parse().unwrap())
}

async fn prove(version: u32) {
    let seed = from_env("JUDGE_SEED").unwrap_or_else(|| fastrand::u64(..));
    let comparisons = from_env("JUDGE_COMPARISONS").unwrap_or(6_000);
    eprintln!("version {version}: JUDGE_SEED={seed} JUDGE_COMPARISONS={comparisons}");
    let began = Instant::now();
    let mut proof = Proof::new(version, seed).await;
    proof.run(comparisons).await;
    proof.end().await;
    report(&proof, began.elapsed());
    assert!(proof.judge.tally.differences.is_empty(), "{version}: JUDGE_SEED={seed}");
    proof.client.close().await.unwrap();
    proof.instance.kill().await;
    proof.instance.stop().await.unwrap();
}

/// A proof on one server.
struct Proof {
    name: String,
    instance: Instance,
    link: Link,
    client: Client,
    live: Live,
    judge: Judge,
    steps: Steps,
    cuts: u64,
    kills: u64,
    /// The number of times that the server crashed or hung by itself.
    crashes: u64,
}

impl Proof {
    async fn new(version: u32, seed: u64) -> Self {
        let instance = server::boot(version).await;
        let link = Link::new(instance.ami_address()).await;
        let client = link.connect().await;
        let live = Live::start(&client);
        live.current().await.unwrap();
        Self {
            name: format!("version {version}, seed {seed}"),
            judge: Judge::new(live.clone(), &client),
            steps: Steps::new(seed),
            instance,
            link,
            client,
            live,
            cuts: 0,
            kills: 0,
            crashes: 0,
        }
    }

    /// Compares. A server that crashes in the meantime, or answers no more, is booted again.
    async fn check(&mut self) {
        let when = format!("{}, step {}", self.name, self.steps.done);
        let checked = tokio::select! {
            checked = self.judge.check(self.instance.ami(), &when) => checked.is_ok(),
            _ = self.instance.exited() => false,
            // A server whose threads wait for each other answers no list.
            () = silence(self.instance.ami()) => false,
        };
        if !checked {
            self.crashed().await;
        }
    }

    /// Boots a server again that crashed or answers no more.
    async fn crashed(&mut self) {
        self.instance.kill().await;
        self.crashes += 1;
        self.boot().await;
    }

    async fn run(&mut self, comparisons: u64) {
        while self.judge.tally.total() < comparisons {
            let done = self.judge.tally.total();
            self.steps.some(self.instance.ami()).await;
            let dice = self.steps.random.u16(..1000);
            // Each kind of loss once in a run, however short it is.
            if dice < 4 || (self.kills == 0 && done > comparisons / 3) {
                self.kill().await;
                self.check().await;
            } else if dice < 14 || (self.cuts == 0 && done > comparisons * 2 / 3) {
                self.cut().await;
                self.check().await;
            } else if dice < 300 {
                self.check().await;
            }
        }
    }

    /// Cuts the link of the state, and waits until the state is current again.
    async fn cut(&mut self) {
        self.cuts += 1;
        let Freshness::Current { since: before, .. } = *self.live.state().freshness() else {
            panic!("the state is not current");
        };
        self.link.cut();
        let is_new = |it: &State| matches!(it.freshness(), Freshness::Current { since, .. } if *since > before);
        let is_up = tokio::select! {
            state = self.live.until(is_new) => state.map(|_| ()).is_ok(),
            _ = self.instance.exited() => false,
        };
        if !is_up {
            self.crashes += 1;
            self.boot().await;
        }
    }

    /// Kills the server and boots it again.
    async fn kill(&mut self) {
        self.kills += 1;
        self.instance.kill().await;
        self.boot().await;
    }

    /// Boots a server that has ended, and waits until the state is current again.
    async fn boot(&mut self) {
        self.live.until(|it| !it.freshness().is_current()).await.unwrap();
        self.instance.restart().await.unwrap();
        self.live.current().await.unwrap();
    }

    /// Ends all calls, after which nothing may be left.
    async fn end(&mut self) {
        let none = |it: &State| it.channels().unwrap().is_empty();
        loop {
            let state = tokio::select! {
                state = self.judge.fence(self.instance.ami()) => state.ok(),
                _ = self.instance.exited() => None,
            };
            let Some(state) = state else {
                self.crashed().await;
                continue;
            };
            if none(&state) {
                self.check().await;
                // Calls that were under way to begin may have begun since.
                let state = self.live.state();
                if none(&state) {
                    return self.judge.is_empty(&state, &self.name);
                }
            }
            // A lost connection shows at the next fence.
            let _ = self.instance.ami().command("channel request hangup all").await;
        }
    }
}

/// Waits until a server does not answer.
async fn silence(client: &Client) {
    while client.list(Action::new("CoreShowChannels")).await.is_ok() {
        tokio::time::sleep(Duration::from_secs(10)).await;
    }
}

fn report(proof: &Proof, time: Duration) {
    let Tally { comparisons, by_field, untold, differences, .. } = &proof.judge.tally;
    let tally = &proof.judge.tally;
    for difference in differences {
        eprintln!("{difference}");
    }
    for ((kind, field), number) in comparisons {
        eprintln!("{number:8} comparisons of {field} of {kind}");
    }
    for ((kind, field), number) in untold {
        eprintln!("{number:8} changes that the server told nobody: {field} of {kind}");
    }
    for ((kind, field), number) in by_field {
        eprintln!("{number:8} DIFFERENCES of {field} of {kind}");
    }
    eprintln!(
        "{}: {} comparisons in {} checks, {} differed in a first list, {} differ; {} changes with \
         {} comparisons; {} events, {} steps, {} calls, {} links cut, {} servers killed, {} crashed or hung, {:.1} s",
        proof.name,
        tally.total(),
        tally.checks,
        tally.suspects,
        differences.len(),
        tally.changes,
        tally.shadow_comparisons,
        tally.events,
        proof.steps.done,
        proof.steps.calls,
        proof.cuts,
        proof.kills,
        proof.crashes,
        time.as_secs_f64(),
    );
}
