//! What an instance costs on top of the server's own boot.
//!
//! `cargo bench -p instance --bench boot` boots the sample's modules on Asterisk 22, in turn: bare, from spawning the
//! server to the `READY=1` that it sends, and ours, from spawning it to a logged-in client. Each boot has a new sandbox
//! with the same configuration; making and removing it is not counted. `BENCH_ROUNDS` sets how many rounds there are.

#![expect(clippy::print_stdout, reason = "the figures are the program's output")]

use std::env;
use std::os::unix::net::UnixDatagram;
use std::process::Stdio;
use std::time::{Duration, Instant};

use instance::{Builder, Modules, Sandbox, Server, Want};

const MODULES: [&str; 11] = [
    "pbx_config",
    "app_playback",
    "app_echo",
    "app_userevent",
    "app_dial",
    "format_gsm",
    "codec_gsm",
    "chan_bridge_media",
    "func_channel",
    "bridge_simple",
    "res_timing_timerfd",
];

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let rounds =
        env::var("BENCH_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(30).max(1);
    let said = |progress| eprintln!("{progress}");
    let server = Server::find_or_fetch(&Want::Major(22), said).await.expect("a server");
    let sandbox = || {
        let builder = Builder::new(server.clone()).modules(Modules::list(MODULES));
        builder.build().expect("a sandbox")
    };
    // The first boot reads the files into the page cache, for both alike.
    bare(&sandbox());
    let (mut theirs, mut ours) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        // Neither always goes first.
        if round % 2 == 0 {
            theirs.push(bare(&sandbox()));
        }
        ours.push(sandbox().boot().await.expect("a boot").boot_time());
        if round % 2 == 1 {
            theirs.push(bare(&sandbox()));
        }
    }
    println!("Asterisk {}, {} modules, {rounds} rounds", server.version(), MODULES.len());
    let (theirs, ours) = (Summary::of(theirs), Summary::of(ours));
    println!("bare: spawn to READY=1            {theirs}");
    println!("ours: spawn to a logged-in client {ours}");
    println!("ratio boot/bare {:.3}", ours.median.as_secs_f64() / theirs.median.as_secs_f64());
}

/// Boots the server by hand, and kills it.
fn bare(sandbox: &Sandbox) -> Duration {
    let mut command = sandbox.command();
    let socket =
        command.get_envs().find_map(|(name, value)| (name == "NOTIFY_SOCKET").then_some(value?));
    let socket = UnixDatagram::bind(socket.expect("a socket to notify")).expect("a bound socket");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let begun = Instant::now();
    let mut child = command.spawn().expect("a process");
    let mut message = [0; 4096];
    loop {
        let length = socket.recv(&mut message).expect("a message");
        if message[..length].windows(7).any(|it| it == b"READY=1") {
            break;
        }
    }
    let took = begun.elapsed();
    child.kill().expect("a process to kill");
    child.wait().expect("a process to reap");
    took
}

/// Median and spread.
struct Summary {
    least: Duration,
    median: Duration,
    most: Duration,
}

impl Summary {
    fn of(mut times: Vec<Duration>) -> Self {
        times.sort();
        let at = |part: usize| times[(times.len() - 1) * part / 2];
        Self { least: at(0), median: at(1), most: at(2) }
    }
}

impl std::fmt::Display for Summary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        write!(
            f,
            "median {:6.1} ms ({:.1} to {:.1})",
            ms(self.median),
            ms(self.least),
            ms(self.most)
        )
    }
}
