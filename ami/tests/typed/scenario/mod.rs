//! A scenario that makes a server raise as many kinds of events as it can without hardware, within
//! seconds: calls with every end, transfers, parking, queues, agents, conferences, recordings,
//! registrations, refused logins.
//!
//! Every step waits for the events that it caused. The steps that need a second run at once.

/// Runs steps at once. Every failure is told, not the first alone.
macro_rules! steps {
    ($stage:ident: $($step:ident),+) => {{
        let ($($step,)+) = tokio::join!($($step($stage)),+);
        super::all([$($step.map_err(|error| format!("{}: {error}", stringify!($step)).into())),+])
    }};
}

mod calls;
pub(crate) mod lists;
mod media;
mod places;
mod queues;
mod security;
mod states;

use std::path::Path;
use std::time::Duration;

use ami::{Action, Client, Event, Filter, Originate, Response, Subscription};
use instance::{Builder, Server, Want};
use tokio::time::timeout;

pub(crate) type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Longer than any step waits for an event.
const AGES: Duration = Duration::from_secs(60);

/// The folder of the servers' configuration.
const CONFIGS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/typed/configs");

/// The users: one who may do everything, and those that are refused.
pub(crate) const USERS: &str = "
[all]
secret = mysecret
read = all
write = all
writetimeout = 5000

[once]
secret = mysecret
allowmultiplelogin = no
read = user
write = user

[barred]
secret = mysecret

[outside]
secret = mysecret
deny = 0.0.0.0/0.0.0.0
";

/// A server with all its modules and the configuration of the scenario.
pub(crate) async fn builder(major: u32, users: &str) -> Result<Builder> {
    let said = |progress| eprintln!("{progress}");
    let server = Server::find_or_fetch(&Want::Major(major), said).await?;
    let builder = Builder::new(server).configs(Path::new(CONFIGS)).option("debug", "0");
    Ok(builder.file("manager.users.conf.inc", users))
}

/// Runs the scenario. The client needs a user who may do and see everything.
pub(crate) async fn run(client: &Client, host: &str, major: u32) -> Result {
    let stage = Stage { client: client.clone(), host: host.to_owned(), major };
    let parts = tokio::join!(
        calls::run(&stage),
        media::run(&stage),
        places::run(&stage),
        queues::run(&stage),
        security::run(&stage),
        states::run(&stage),
    );
    all([parts.0, parts.1, parts.2, parts.3, parts.4, parts.5])
}

fn all<const N: usize>(results: [Result; N]) -> Result {
    let errors = results.into_iter().filter_map(|it| Some(it.err()?.to_string()));
    let errors: Vec<_> = errors.collect();
    if errors.is_empty() { Ok(()) } else { Err(errors.join("\n").into()) }
}

/// The things that the steps have in common.
struct Stage {
    client: Client,
    /// The IP address of the server.
    host: String,
    major: u32,
}

/// A call between the two halves of a Local channel: the first waits, the second runs a number of
/// the dialplan.
struct Call {
    first: String,
    second: String,
}

impl Stage {
    /// Sends an action, which has to succeed.
    async fn act(&self, name: &str, fields: &[(&str, &str)]) -> Result<Response> {
        let action = with(name, fields);
        self.client
            .call(action)
            .await
            .map_err(|error| format!("{name} {fields:?}: {error:#}").into())
    }

    /// Waits for events of a name with these values, from now on.
    fn watch(&self, name: &'static str, fields: &[(&str, &str)]) -> Watch {
        let values = fields.iter();
        let filter = values.fold(Filter::named([name]), |it, (name, value)| it.field(*name, value));
        Watch { what: format!("{name} {fields:?}"), events: self.client.subscribe(filter) }
    }

    /// Waits for events of a name with a channel whose name begins so, from now on.
    fn watch_channel(&self, name: &'static str, field: &'static str, channel: &str) -> Watch {
        let channel = channel.to_owned();
        let what = format!("{name} {field}={channel}*");
        let begins = move |event: &Event| {
            event.get(field).is_some_and(|it| it.starts_with(channel.as_bytes()))
        };
        Watch { what, events: self.client.subscribe(Filter::named([name]).when(begins)) }
    }

    /// Calls a number. The result is there once it has answered.
    async fn call(&self, number: &str) -> Result<Call> {
        self.call_with(number, "Wait", "600").await
    }

    async fn call_with(&self, number: &str, application: &str, data: &str) -> Result<Call> {
        let call = Originate::to_application(&local(number), application, data);
        let call = call.caller_id(&format!("{number} <100>")).timeout(AGES);
        let up = self.client.originate(call).await.map_err(|it| format!("{number}: {it:#}"))?;
        let first = up.channel().to_owned();
        Ok(Call { second: first.replace(";1", ";2"), first })
    }

    /// Calls a number that dials another, with sound from the caller. The result is there once both
    /// are in a bridge.
    async fn bridged(&self, number: &str) -> Result<Call> {
        let mut enters = self.watch("BridgeEnter", &[]);
        let call = self.call_with(number, "Milliwatt", "").await?;
        enters.pair(|it| it.get("Channel") == Some(call.second.as_bytes())).await?;
        Ok(call)
    }

    /// Calls a number that need not answer.
    async fn ring(&self, number: &str) -> Result {
        let fields = [("Channel", &*local(number)), ("Application", "Wait"), ("Data", "600")];
        self.act("Originate", &[&fields[..], &[("Async", "true")]].concat()).await?;
        Ok(())
    }

    /// Hangs up, and waits until the channel is gone.
    async fn hang_up(&self, channel: &str) -> Result {
        let mut gone = self.watch("Hangup", &[("Channel", channel)]);
        self.act("Hangup", &[("Channel", channel), ("Cause", "16")]).await?;
        gone.next().await?;
        Ok(())
    }

    /// Sends the digits that someone at the far end of a channel presses.
    async fn press(&self, channel: &str, digits: &str) -> Result {
        for digit in digits.chars() {
            let mut end = self.watch("DTMFEnd", &[("Digit", &digit.to_string())]);
            self.act("PlayDTMF", &[("Channel", channel), ("Digit", &digit.to_string())]).await?;
            end.next().await?;
        }
        Ok(())
    }
}

/// Events to wait for.
struct Watch {
    what: String,
    events: Subscription,
}

impl Watch {
    async fn next(&mut self) -> Result<Event> {
        match timeout(AGES, self.events.next_event()).await {
            Ok(event) => Ok(event?),
            Err(_) => Err(format!("no {}", self.what).into()),
        }
    }
}

impl Watch {
    /// Waits for events of channels that enter bridges, until such a one is in a bridge with
    /// another.
    async fn pair(&mut self, is_one: impl Fn(&Event) -> bool) -> Result {
        let mut events = Vec::new();
        loop {
            let next = self.next().await;
            let seen: Vec<_> = events.iter().map(|it: &Event| it.text("Channel")).collect();
            let next = next.map_err(|error| format!("{error} after {seen:?}"))?;
            events.push(next);
            let Some(one) = events.iter().find(|it| is_one(it)) else { continue };
            let same = |it: &&Event| it.get("BridgeUniqueid") == one.get("BridgeUniqueid");
            let mut same = events.iter().filter(same);
            if same.any(|it| it.get("BridgeNumChannels") == Some(b"2")) {
                return Ok(());
            }
        }
    }
}

/// An action with fields.
pub(crate) fn with(name: &str, fields: &[(&str, &str)]) -> Action {
    fields.iter().fold(Action::new(name), |action, (name, value)| action.field(name, value))
}

/// A Local channel to a number that stays in the call.
fn local(number: &str) -> String {
    format!("Local/{number}@default/n")
}
