//! Kills the bridge that publishes, again and again while a server makes events, and looks for
//! holes, repeats and inversions in the stream.
//!
//! ```sh
//! cargo run -p fleet --example kills -- 100 2000
//! ```
//!
//! The arguments are the number of kills and the events a second. Each bridge is a process of its
//! own, which SIGKILL ends. The servers are found or fetched as in the tests.

#![expect(clippy::print_stdout, reason = "the figures are the result of the program")]

use std::env;
use std::error::Error;
use std::io::Read as _;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use ami::{Action, Client};
use async_nats::jetstream;
use async_nats::jetstream::consumer::DeliverPolicy;
use async_nats::jetstream::consumer::pull::{Ordered, OrderedConfig};
use fleet::nats::{Body, Bridge, Config, Control, Message, Role};
use fleet::{Fleet, Member};
use futures_util::StreamExt;
use instance::{Builder, Instance, Modules, nats};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::sync::oneshot;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};
use tokio_util::sync::CancellationToken;

type Failure = Box<dyn Error + Send + Sync>;

/// The time without a leader's sign of life after which the other takes over.
const LEASE: Duration = Duration::from_secs(1);

/// The longest wait for what has to come.
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<_> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["bridge", url, address] => bridge(url, address).await,
        [] => kills(100, 2000).await,
        [count] => kills(count.parse()?, 2000).await,
        [count, rate] => kills(count.parse()?, rate.parse()?).await,
        _ => Err("expected the number of kills, and the events a second".into()),
    }
}

/// A bridge, as a process that tells its role. Ends with the process that has started it.
async fn bridge(url: &str, address: &str) -> Result<(), Failure> {
    let fleet = Fleet::new();
    let login = ami::Config::new("user", "mysecret");
    let member = fleet.add("berlin", &ami::Server::new(address, login))?;
    let bridge = Bridge::start(&fleet, Config::new(url).lease(LEASE))?;
    let (sender, orphaned) = oneshot::channel();
    thread::spawn(|| {
        let _ = std::io::stdin().read(&mut [0]);
        sender.send(())
    });
    tokio::select! {
        _ = orphaned => Ok(()),
        told = tell(&bridge, &member) => told,
    }
}

async fn tell(bridge: &Bridge, member: &Member) -> Result<(), Failure> {
    let mut role = bridge.role();
    member.client().ready().await?;
    println!("Up");
    loop {
        let now = *role.borrow_and_update();
        println!("{now:?}");
        if now == Role::Ended {
            return Ok(bridge.ended().await?);
        }
        role.changed().await?;
    }
}

/// A bridge in a process of its own.
struct Running {
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Running {
    fn start(url: &str, address: &str) -> Result<Self, Failure> {
        let mut command = Command::new(env::current_exe()?);
        command.args(["bridge", url, address]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.kill_on_drop(true).spawn()?;
        let stdout = process.stdout.take().ok_or("no output of the bridge")?;
        Ok(Self { process, lines: BufReader::new(stdout).lines() })
    }

    /// Waits until the bridge tells this.
    async fn until(&mut self, wanted: &str) -> Result<(), Failure> {
        let reached = async {
            while let Some(line) = self.lines.next_line().await? {
                if line == wanted {
                    return Ok(());
                }
            }
            Err(format!("the bridge has ended before it was {wanted}").into())
        };
        timeout(PATIENCE, reached).await?
    }
}

async fn kills(count: u64, rate: u64) -> Result<(), Failure> {
    let (nats, pbx) = servers().await?;
    let (url, address) = (nats.url(), pbx.ami_address());
    make_stream(&url).await?;
    let mut leader = Running::start(&url, &address)?;
    leader.until("Leader").await?;
    let (made, stop) = (Arc::new(AtomicU64::new(0)), CancellationToken::new());
    let maker = tokio::spawn(make(pbx.ami().clone(), rate, Arc::clone(&made), stop.clone()));
    let mut seen = Seen::default();
    let mut messages = messages(&url).await?;
    let (begun, mut slowest) = (Instant::now(), Duration::ZERO);
    for kill in 1..=count {
        let mut standby = Running::start(&url, &address)?;
        standby.until("Up").await?;
        standby.until("Standby").await?;
        seen.read(&mut messages, made.load(Relaxed)).await?;
        sleep(Duration::from_millis(fastrand::u64(..500))).await;
        leader.process.kill().await?;
        let killed = Instant::now();
        standby.until("Leader").await?;
        slowest = slowest.max(killed.elapsed());
        leader = standby;
        if kill % 10 == 0 {
            println!("{kill} kills, {} events: {seen:?}", made.load(Relaxed));
        }
    }
    stop.cancel();
    maker.await??;
    let made = made.load(Relaxed);
    seen.read(&mut messages, made - 1).await?;
    println!(
        "{count} kills in {:.0?}, {made} events made, {} in the stream, {} missing, {} repeated, \
         {} out of order; {} takeovers, {} of them exact; slowest takeover {slowest:.2?}",
        begun.elapsed(),
        seen.events,
        seen.missing,
        seen.repeated,
        seen.inverted,
        seen.takeovers,
        seen.exact,
    );
    drop(leader);
    pbx.stop().await?;
    nats.stop().await?;
    let is_right = seen.missing + seen.repeated + seen.inverted == 0 && seen.events == made;
    if is_right { Ok(()) } else { Err("the stream is not what the server made".into()) }
}

async fn servers() -> Result<(nats::Instance, Instance), Failure> {
    let nats = nats::Builder::new(nats::Server::find().await?).boot().await?;
    let pbx = Builder::new(instance::server(22).await?)
        .modules(Modules::list(["app_userevent"]))
        .file("manager.general.conf.inc", "timestampevents = yes\ndebug = on\n")
        .boot()
        .await?;
    Ok((nats, pbx))
}

/// Makes the stream. It forgets the ids of its messages soon, so that they do not hide what is
/// published twice.
async fn make_stream(url: &str) -> Result<(), Failure> {
    let config = jetstream::stream::Config {
        name: "AMI".to_owned(),
        subjects: ["ami.ev.berlin.>", "ami.ctl.berlin.>"].map(str::to_owned).into(),
        duplicate_window: Duration::from_millis(100),
        ..jetstream::stream::Config::default()
    };
    jetstream::new(async_nats::connect(url).await?).create_stream(config).await?;
    Ok(())
}

/// Has the server make numbered events.
async fn make(
    client: Client,
    rate: u64,
    made: Arc<AtomicU64>,
    stop: CancellationToken,
) -> Result<(), ami::Error> {
    let mut ticks = interval(Duration::from_millis(10));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while !stop.is_cancelled() {
        ticks.tick().await;
        for _ in 0..(rate / 100).max(1) {
            let number = made.fetch_add(1, Relaxed);
            let event = Action::new("UserEvent").field("UserEvent", "Numbered");
            client.send(event.field("N", number.to_string())).await?;
        }
        client.call(Action::new("Ping")).await?;
    }
    Ok(())
}

async fn messages(url: &str) -> Result<Ordered, Failure> {
    let jetstream = jetstream::new(async_nats::connect(url).await?);
    let stream = jetstream.get_stream("AMI").await?;
    let config = OrderedConfig { deliver_policy: DeliverPolicy::All, ..OrderedConfig::default() };
    Ok(stream.create_consumer(config).await?.messages().await?)
}

/// The findings in the stream.
#[derive(Debug, Default)]
struct Seen {
    events: u64,
    /// The number that has to come next.
    next: u64,
    missing: u64,
    repeated: u64,
    inverted: u64,
    takeovers: u64,
    exact: u64,
}

impl Seen {
    /// Reads the stream through the event with this number, or a later one.
    async fn read(&mut self, messages: &mut Ordered, last: u64) -> Result<(), Failure> {
        while self.next <= last {
            let message = timeout(PATIENCE, messages.next()).await?.ok_or("no more messages")??;
            match Message::parse(&message)?.body {
                Body::Control(Control::Takeover(takeover)) => {
                    self.takeovers += 1;
                    self.exact += u64::from(takeover.exact);
                }
                Body::Event(event) => {
                    if let Some(number) = event.text("N").and_then(|text| text.parse().ok()) {
                        self.count(number);
                    }
                }
                Body::Control(_) => {}
            }
        }
        Ok(())
    }

    fn count(&mut self, number: u64) {
        self.events += 1;
        if number >= self.next {
            self.missing += number - self.next;
            self.next = number + 1;
        } else if number + 1 == self.next {
            self.repeated += 1;
        } else {
            self.inverted += 1;
        }
    }
}
