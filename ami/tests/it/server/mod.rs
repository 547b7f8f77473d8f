//! Real servers, old and new.

use std::time::Duration;

use ami::{
    Action, Client, Config, Error, Event, EventMask, Item, Originate, Reconnect, State,
    Subscription,
};
use instance::{Builder, Instance, Modules, Server, Want};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

mod agi;
mod async_agi;
mod boots;
mod calls;
mod counts;
mod errors;
mod fast_agi;
mod filter_text;
mod filters;
mod follow;
mod gaps;
mod kit;
mod life;
mod lists;
mod permissions;
mod placed;
mod sources;
#[cfg(feature = "tls")]
mod tls;
mod values;

const VERSIONS: [u32; 2] = [22, 16];

/// Longer than any test waits.
const AGES: Duration = Duration::from_secs(60);

/// A dialplan with a number for every outcome.
const DIALPLAN: &str = "
[default]
exten => answer,1,Answer()
same => n(given),Set(SEEN=${GIVEN})
same => n,UserEvent(Given,value:${GIVEN})
same => n,Wait(600)
exten => busy,1,Busy()
exten => congestion,1,Congestion()
exten => silence,1,Wait(60)

[long]
exten => _X.,1,NoOp()
";

async fn builder(major: u32) -> Builder {
    let said = |progress| eprintln!("{progress}");
    let server = Server::find_or_fetch(&Want::Major(major), said).await.unwrap();
    let long: String =
        (2..3000).map(|n| format!("same => n,NoOp(step {n} of many: with a colon)\n")).collect();
    Builder::new(server)
        .modules(Modules::list([
            "pbx_config",
            "app_userevent",
            "app_echo",
            "func_channel",
            "codec_alaw",
        ]))
        .file("extensions.conf", format!("{DIALPLAN}{long}"))
}

async fn boot(major: u32) -> Instance {
    builder(major).await.build().unwrap().boot().await.unwrap()
}

/// Ends a server that nobody needs any more. One that has calls, or has booted a moment ago, would
/// take up to a second to end by itself.
async fn end(instance: Instance) {
    instance.kill().await;
    instance.stop().await.unwrap();
}

async fn connect(instance: &Instance, config: Config) -> Result<Client, Error> {
    config.connect(instance.ami_address()).await
}

fn user() -> Config {
    Config::new("user", "mysecret")
}

fn mask(text: &str) -> EventMask {
    text.parse().unwrap()
}

/// The next event. That the connection was lost or events are missing is not expected here.
async fn next(events: &mut Subscription) -> Event {
    match timeout(AGES, events.next()).await.unwrap() {
        Some(Item::Event(event)) => event,
        other => panic!("{other:?}"),
    }
}

/// The next event, behind the gaps.
async fn next_event(events: &mut Subscription) -> Event {
    loop {
        match timeout(AGES, events.next()).await.unwrap() {
            Some(Item::Event(event)) => return event,
            Some(Item::Gap(_)) => {}
            other => panic!("{other:?}"),
        }
    }
}

/// Tries that follow each other fast.
fn soon() -> Reconnect {
    Reconnect::default().wait(Duration::from_millis(5), Duration::from_millis(100))
}

/// A user with all that tests need, and tries that follow each other fast.
fn quick() -> Config {
    user().reconnect(soon()).timeout(AGES)
}

async fn wait_for(client: &Client, state: impl Fn(&State) -> bool) {
    timeout(AGES, client.state().wait_for(state)).await.unwrap().unwrap();
}

/// A link to a server that can be cut, with an address of its own.
struct Proxy {
    address: String,
    task: JoinHandle<()>,
    cut: watch::Sender<()>,
}

impl Proxy {
    async fn before(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let cut = watch::Sender::new(());
        let cuts = cut.clone();
        let task = tokio::spawn(async move {
            loop {
                let (mut near, _) = listener.accept().await.unwrap();
                let (server, mut cut) = (server.clone(), cuts.subscribe());
                tokio::spawn(async move {
                    let Ok(mut far) = TcpStream::connect(server).await else { return };
                    tokio::select! {
                        _ = copy_bidirectional(&mut near, &mut far) => {}
                        _ = cut.changed() => {}
                    }
                });
            }
        });
        Self { address, task, cut }
    }

    /// Ends all connections that there are.
    fn cut(&self) {
        self.cut.send_replace(());
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A call that is answered and stays up.
fn answered() -> Originate {
    Originate::to_application("Local/answer@default", "Echo", "")
}

/// An action that the server is busy with for a minute, and does nothing else for this connection.
fn busy() -> Action {
    Action::new("Originate")
        .field("Channel", "Local/silence@default")
        .field("Application", "Echo")
        .field("Timeout", "60000")
}
