//! The cost of an instance on top of the server's own boot and stop.
//!
//! `cargo bench -p instance --bench boot` boots Asterisk 22 in turn by hand and by us: with the
//! sample's modules, with all modules, and all at once. By hand is from spawning the server to the
//! `READY=1` that it sends; ours is from spawning it to a logged-in client. Each boot has a new
//! sandbox with the same configuration; making and removing it is not counted. A stop follows right
//! behind the boot: by hand with SIGTERM, ours with `core stop now`. `BENCH_ROUNDS` sets how many
//! rounds there are.

#![expect(clippy::print_stdout, reason = "the figures are the program's output")]

use std::env;
use std::fs;
use std::os::unix::net::UnixDatagram;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use instance::{Builder, Documentation, Instance, Modules, Sandbox, Server, Stop, Want};
use rustix::process::{Pid, Signal, kill_process};

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

/// The number of instances that are booted at the same time.
const MANY: usize = 16;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let rounds =
        env::var("BENCH_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(30).max(1);
    let said = |progress| eprintln!("{progress}");
    let server = Server::find_or_fetch(&Want::Major(22), said).await.expect("a server");
    println!("Asterisk {}, {rounds} rounds", server.version());
    let all = Builder::new(server.clone()).keep_on_drop(false);
    let few = all.clone().modules(Modules::list(MODULES));
    many(&few).await;
    let small = boots(&few, rounds).await;
    let large = boots(&all, rounds.div_ceil(2)).await;
    let stock = all.documentation(Documentation::Full);
    let stock = (0..rounds.div_ceil(2)).map(|_| bare(&stock)).collect();
    let stops = stops(&few, rounds.div_ceil(3)).await;
    let stock: Summary = Summary::of(stock);
    println!("{} modules, bare: spawn to READY=1            {}", MODULES.len(), small.0);
    println!("{} modules, ours: spawn to a logged-in client {}", MODULES.len(), small.1);
    println!("all modules, bare                             {}", large.0);
    println!("all modules, bare, full documentation         {stock}");
    println!("all modules, ours                             {}", large.1);
    println!("stop behind the boot, bare: SIGTERM           {}", stops.0);
    println!("stop behind the boot, ours                    {}", stops.1);
    println!("ratio boot/bare {:.3}", small.1.over(&small.0));
    println!("ratio boot-all/bare {:.3}", large.1.over(&large.0));
    println!("ratio boot-all/stock {:.3}", large.1.over(&stock));
    println!("ratio stop/bare {:.4}", stops.1.over(&stops.0));
}

fn sandbox(builder: &Builder) -> Sandbox {
    builder.clone().build().expect("a sandbox")
}

async fn boot(builder: &Builder) -> Instance {
    sandbox(builder).boot().await.expect("a boot")
}

/// Boots in turn, by hand and by us.
async fn boots(builder: &Builder, rounds: usize) -> (Summary, Summary) {
    // The first boot reads the files into the page cache, for both alike.
    bare(builder);
    let (mut theirs, mut ours) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        // Neither always goes first.
        if round % 2 == 0 {
            theirs.push(bare(builder));
        }
        ours.push(boot(builder).await.boot_time());
        if round % 2 == 1 {
            theirs.push(bare(builder));
        }
    }
    (Summary::of(theirs), Summary::of(ours))
}

/// Stops in turn, each right behind its boot.
async fn stops(builder: &Builder, rounds: usize) -> (Summary, Summary) {
    let (mut theirs, mut ours) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let sandbox = sandbox(builder);
        let (mut child, _) = launch(&sandbox);
        let begun = Instant::now();
        let pid = Pid::from_child(&child);
        kill_process(pid, Signal::TERM).expect("a process to stop");
        child.wait().expect("a process to reap");
        theirs.push(begun.elapsed());
        ours.push(boot(builder).await.shut_down(Stop::Now).await.took);
    }
    (Summary::of(theirs), Summary::of(ours))
}

/// Boots many at the same time, and tells what they cost this process.
async fn many(builder: &Builder) {
    drop(boot(builder).await);
    let before = resident();
    let sandboxes = Builder::build_all((0..MANY).map(|_| builder.clone())).expect("sandboxes");
    let begun = Instant::now();
    let instances = Sandbox::boot_all(sandboxes).await.expect("boots");
    let took = begun.elapsed();
    let each = resident().saturating_sub(before) / MANY as u64;
    println!("{MANY} instances at once: ready in {} ms, {each} KiB of ours each", took.as_millis());
    let begun = Instant::now();
    Instance::stop_all(instances).await;
    println!("{MANY} instances at once: stopped in {} ms", begun.elapsed().as_millis());
}

/// The memory that this process has in use, in KiB.
fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("the process's status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

/// Boots the server by hand, and kills it.
fn bare(builder: &Builder) -> Duration {
    let sandbox = sandbox(builder);
    let (mut child, took) = launch(&sandbox);
    child.kill().expect("a process to kill");
    child.wait().expect("a process to reap");
    took
}

/// Boots the server by hand.
fn launch(sandbox: &Sandbox) -> (Child, Duration) {
    let mut command = sandbox.command();
    let socket =
        command.get_envs().find_map(|(name, value)| (name == "NOTIFY_SOCKET").then_some(value?));
    let socket = UnixDatagram::bind(socket.expect("a socket to notify")).expect("a bound socket");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let begun = Instant::now();
    let child = command.spawn().expect("a process");
    let mut message = [0; 4096];
    loop {
        let length = socket.recv(&mut message).expect("a message");
        if message[..length].windows(7).any(|it| it == b"READY=1") {
            break;
        }
    }
    (child, begun.elapsed())
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

    /// Returns the ratio of a median to another.
    fn over(&self, other: &Self) -> f64 {
        self.median.as_secs_f64() / other.median.as_secs_f64()
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
