//! A server that has something of everything to list.

use ami::{Action, Client};

use super::security::phone;
use super::{Result, Stage};

/// The things that some of the lists are about.
#[derive(Debug)]
pub(crate) struct Filled {
    /// A channel that is in a bridge.
    pub(crate) channel: String,
    /// That bridge.
    pub(crate) bridge: String,
    /// The number of a fax that is received.
    pub(crate) fax: String,
}

/// Fills a server with callers in all places, states, registrations and entries of the database.
pub(crate) async fn fill(client: &Client, host: &str, major: u32) -> Result<Filled> {
    let stage = Stage { client: client.clone(), host: host.to_owned(), major };
    for key in ["one", "two"] {
        stage.act("DBPut", &[("Family", "lists"), ("Key", key), ("Val", "a: b")]).await?;
    }
    for (variable, value) in [
        ("DEVICE_STATE(Custom:lamp)", "INUSE"),
        ("DEVICE_STATE(Custom:other)", "RINGING"),
        ("PRESENCE_STATE(CustomPresence:alice)", "away,lunch,back soon"),
    ] {
        stage.act("Setvar", &[("Variable", variable), ("Value", value)]).await?;
    }
    phone(host, "REGISTER", "carol", "").await?;
    let presence = "Event: presence\r\nAccept: application/pidf+xml\r\n";
    phone(host, "SUBSCRIBE", "carol", presence).await?;
    let mut enters = stage.watch_channel("BridgeEnter", "Channel", "Local/meeting@");
    let mut waits = stage.watch("QueueCallerJoin", &[("Queue", "nobody")]);
    let mut parked = stage.watch("ParkedCall", &[("Parkinglot", "long")]);
    let mut agent = stage.watch("AgentLogin", &[("Agent", "1001")]);
    let mut fax = stage.watch("FAXStatus", &[]);
    for number in ["meeting", "queue-long", "park-long", "agent-long", "fax-in"] {
        stage.ring(number).await?;
    }
    for watch in [&mut waits, &mut parked, &mut agent, &mut fax] {
        watch.next().await?;
    }
    let entered = enters.next().await?;
    let text = |name| entered.text(name).unwrap_or_default().into_owned();
    let sessions = client.list(Action::new("FAXSessions")).collect().await?;
    let session = sessions.items.first().and_then(|it| it.text("SessionNumber"));
    let fax = session.ok_or("no fax is listed")?.into_owned();
    Ok(Filled { channel: text("Channel"), bridge: text("BridgeUniqueid"), fax })
}
