//! Common parts of the tests of the bridge: servers, numbered events, and reading a stream.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use ami::{Action, Reconnect};
use async_nats::jetstream::consumer::DeliverPolicy;
use async_nats::jetstream::consumer::pull::{Ordered, OrderedConfig};
use async_nats::jetstream::{self, stream};
use fleet::Fleet;
use fleet::nats::{Bridge, Config, Role};
use futures_util::StreamExt;
use instance::{Builder, Instance, Modules, nats};
use serde_json::Value;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

/// The longest wait for what has to come. A test that passes never waits that long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Settings of a server whose events have stamps and numbers.
pub(crate) const STAMPED: &str = "timestampevents = yes\ndebug = on\n";

/// Boots a server with lines of the section `[general]` of `manager.conf`.
pub(crate) async fn pbx(general: &str) -> Instance {
    let server = instance::server(22).await.unwrap();
    Builder::new(server)
        .modules(Modules::list(["app_userevent"]))
        .file("manager.general.conf.inc", general)
        .boot()
        .await
        .unwrap()
}

/// Waits for what has to come.
pub(crate) async fn within<T>(future: impl Future<Output = T>) -> T {
    timeout(PATIENCE, future).await.expect("what has to come")
}

pub(crate) async fn nats() -> nats::Instance {
    nats::Builder::new(nats::Server::find().await.unwrap()).boot().await.unwrap()
}

/// Ends servers at once.
pub(crate) async fn end(nats: nats::Instance, pbxs: impl IntoIterator<Item = Instance>) {
    for pbx in pbxs {
        pbx.kill().await;
        pbx.stop().await.unwrap();
    }
    nats.kill().await;
    nats.stop().await.unwrap();
}

/// Has the server make numbered events, in order.
pub(crate) async fn make(pbx: &Instance, numbers: Range<u64>) {
    for number in numbers {
        pbx.ami().send(numbered(number)).await.unwrap();
    }
    pbx.ami().call(Action::new("Ping")).await.unwrap();
}

/// Has a server make numbered events all the time.
pub(crate) struct Maker {
    made: Arc<AtomicU64>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Maker {
    pub(crate) fn start(pbx: &Instance) -> Self {
        let (made, stop) = (Arc::new(AtomicU64::new(0)), CancellationToken::new());
        let (client, count, stopped) = (pbx.ami().clone(), Arc::clone(&made), stop.clone());
        let task = tokio::spawn(async move {
            while !stopped.is_cancelled() {
                let number = count.load(Relaxed);
                client.send(numbered(number)).await.unwrap();
                count.store(number + 1, Relaxed);
                if number % 5 == 0 {
                    client.call(Action::new("Ping")).await.unwrap();
                    sleep(Duration::from_millis(5)).await;
                }
            }
        });
        Self { made, stop, task }
    }

    /// Returns the number of events.
    pub(crate) fn made(&self) -> u64 {
        self.made.load(Relaxed)
    }

    /// Ends with it, and returns the number of events.
    pub(crate) async fn stop(self) -> u64 {
        self.stop.cancel();
        self.task.await.unwrap();
        self.made.load(Relaxed)
    }
}

fn numbered(number: u64) -> Action {
    Action::new("UserEvent").field("UserEvent", "Numbered").field("N", number.to_string())
}

/// Returns a random number below this one.
pub(crate) fn random(below: u64) -> u64 {
    uuid::Uuid::new_v4().as_u64_pair().0 % below
}

/// A fleet with servers at addresses.
pub(crate) fn fleet<'a>(servers: impl IntoIterator<Item = (&'a str, &'a str)>) -> Fleet {
    let fleet = Fleet::new();
    for (name, address) in servers {
        let soon = Reconnect::default().wait(Duration::from_millis(1), Duration::from_millis(50));
        let login = ami::Config::new("user", "mysecret").reconnect(soon);
        fleet.add(name, &ami::Server::new(address, login)).unwrap();
    }
    fleet
}

/// A fleet with its bridge. Dropping it is the end of both without a good-bye, as a kill is.
pub(crate) struct Running {
    pub(crate) bridge: Bridge,
    pub(crate) fleet: Fleet,
}

impl Running {
    pub(crate) fn start(fleet: Fleet, config: Config) -> Self {
        Self { bridge: Bridge::start(&fleet, config).unwrap(), fleet }
    }

    pub(crate) async fn until(&self, wanted: Role) {
        let mut role = self.bridge.role();
        let reached = timeout(PATIENCE, role.wait_for(|role| *role == wanted)).await;
        reached.unwrap_or_else(|_| panic!("not {wanted:?}: {:?}", self.bridge.stats())).unwrap();
    }
}

impl Running {
    /// Waits until all servers are up.
    pub(crate) async fn until_up(&self) {
        let mut changes = self.fleet.health_changes();
        let wait = async {
            while let Some(health) = changes.next().await {
                if health.iter().all(|health| health.state.is_up()) {
                    return;
                }
            }
        };
        timeout(PATIENCE, wait).await.unwrap();
    }
}

/// A message of the stream.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) subject: String,
    pub(crate) id: String,
    pub(crate) body: Value,
}

impl Stored {
    /// Returns the number that [`make`] gave the event.
    pub(crate) fn number(&self) -> Option<u64> {
        let lines = self.body["event"]["lines"].as_array()?;
        let line = lines.iter().find(|line| line[0] == "N")?;
        line[1].as_str()?.parse().ok()
    }

    /// Returns the number that the server gave the event.
    pub(crate) fn sequence_number(&self) -> Option<u64> {
        let lines = self.body["event"]["lines"].as_array()?;
        let line = lines.iter().find(|line| line[0] == "SequenceNumber")?;
        line[1].as_str()?.parse().ok()
    }

    /// Returns the control item if the message is one.
    pub(crate) fn control(&self) -> Option<&Value> {
        self.body.get("control")
    }

    pub(crate) fn is_control(&self, kind: &str) -> bool {
        self.control().is_some_and(|control| control["kind"] == kind)
    }
}

/// Reads a stream from its beginning.
pub(crate) struct Reader {
    messages: Ordered,
    pub(crate) read: Vec<Stored>,
}

impl Reader {
    /// Waits for a stream.
    pub(crate) async fn open(nats: &nats::Instance, name: &str) -> Self {
        let client = async_nats::connect(nats.url()).await.unwrap();
        let jetstream = jetstream::new(client);
        let stream = stream(&jetstream, name).await;
        let config =
            OrderedConfig { deliver_policy: DeliverPolicy::All, ..OrderedConfig::default() };
        let consumer = stream.create_consumer(config).await.unwrap();
        Self { messages: consumer.messages().await.unwrap(), read: Vec::new() }
    }

    async fn next(&mut self) -> Stored {
        let message = self.messages.next().await.unwrap().unwrap();
        let headers = message.headers.as_ref().unwrap();
        Stored {
            subject: message.subject.to_string(),
            id: headers.get("Nats-Msg-Id").unwrap().to_string(),
            body: serde_json::from_slice(&message.payload).unwrap(),
        }
    }

    /// Reads on to the first message that the predicate admits.
    pub(crate) async fn until(&mut self, wanted: impl Fn(&Stored) -> bool) -> Stored {
        let found = timeout(PATIENCE, async {
            loop {
                let stored = self.next().await;
                self.read.push(stored.clone());
                if wanted(&stored) {
                    return stored;
                }
            }
        });
        match found.await {
            Ok(stored) => stored,
            Err(_) => panic!("not in the stream, whose end is {:#?}", self.end()),
        }
    }

    fn end(&self) -> &[Stored] {
        &self.read[self.read.len().saturating_sub(10)..]
    }

    /// Returns the numbers of the events of a server, in the order of the stream.
    pub(crate) fn numbers(&self, origin: &str) -> Vec<u64> {
        let begin = format!("ami.ev.{origin}.");
        let ours = self.read.iter().filter(|stored| stored.subject.starts_with(&begin));
        ours.filter_map(Stored::number).collect()
    }

    /// Returns the control items of a kind.
    pub(crate) fn controls(&self, kind: &str) -> Vec<&Value> {
        let ours = self.read.iter().filter(|stored| stored.is_control(kind));
        ours.filter_map(Stored::control).collect()
    }
}

async fn stream(jetstream: &jetstream::Context, name: &str) -> stream::Stream {
    let wait = async {
        loop {
            match jetstream.get_stream(name).await {
                Ok(stream) => return stream,
                Err(_) => tokio::task::yield_now().await,
            }
        }
    };
    timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("no stream {name}"))
}
