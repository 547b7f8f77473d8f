//! Real servers, old and new.

use std::time::Duration;

use ami::{Action, Client, Config, Error, Event, Item, Originate, Subscription};
use instance::{Builder, Instance, Modules, Server, Want};
use tokio::time::timeout;

mod calls;
mod filters;
mod life;
mod lists;
#[cfg(feature = "tls")]
mod tls;

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

async fn connect(instance: &Instance, config: Config) -> Result<Client, Error> {
    config.connect(instance.ami_address()).await
}

fn user() -> Config {
    Config::new("user", "mysecret")
}

/// The next event. That the connection was lost or events are missing is not expected here.
async fn next(events: &mut Subscription) -> Event {
    match timeout(AGES, events.next()).await.unwrap() {
        Some(Item::Event(event)) => event,
        other => panic!("{other:?}"),
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
