//! Events, a server of NATS, and what is in its stream.

use std::time::{Duration, SystemTime};

use ami::Event;
use async_nats::jetstream::consumer::{AckPolicy, pull};
use fleet::nats::{Body, Config, Control, Message};
use fleet::{Item, Origin, What};
use futures_util::StreamExt;
use instance::nats::{Builder, Instance, Server};

/// A long time; what takes longer has failed.
pub(super) const AGES: Duration = Duration::from_secs(60);

pub(super) async fn nats() -> Instance {
    Builder::new(Server::find().await.unwrap()).boot().await.unwrap()
}

pub(super) fn origin(name: &str) -> Origin {
    Origin::new(name).unwrap()
}

/// The settings of a bridge to a server.
pub(super) fn config(url: &str) -> Config {
    Config::new(url)
}

/// The event of a position, with a stamp as servers write it.
pub(super) fn event(position: u64) -> Event {
    let (seconds, micros) = (1_700_000_000 + position / 1000, position % 1000 * 1000);
    let text = format!(
        "Event: Newexten\r\nPrivilege: dialplan,all\r\nTimestamp: {seconds}.{micros:06}\r\n\
         Channel: PJSIP/alice-{position:08x}\r\nContext: internal\r\nNumber: {position}"
    );
    Event::parse(text).unwrap()
}

/// The item with the event of a position.
pub(super) fn item(origin: &Origin, position: u64) -> Item {
    let what = What::Event(event(position));
    let received = SystemTime::now();
    Item { origin: origin.clone(), boot: 1, connection: 1, position, received, what }
}

pub(super) async fn client(nats: &Instance) -> async_nats::jetstream::Context {
    async_nats::jetstream::new(async_nats::connect(nats.url()).await.unwrap())
}

/// Waits until something holds.
pub(super) async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let wait = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    let waited = tokio::time::timeout(AGES, wait).await;
    assert!(waited.is_ok(), "still not {what}");
}

/// Returns all messages of the stream, in order.
pub(super) async fn messages(nats: &Instance) -> Vec<Message> {
    let stream = client(nats).await.get_stream("AMI").await.unwrap();
    let count = stream.get_info().await.unwrap().state.messages;
    let config = pull::Config { ack_policy: AckPolicy::None, ..pull::Config::default() };
    let consumer = stream.create_consumer(config).await.unwrap();
    let mut all = Vec::new();
    while (all.len() as u64) < count {
        let mut batch = consumer.fetch().max_messages(5000).messages().await.unwrap();
        while let Some(message) = batch.next().await {
            all.push(Message::parse(&message.unwrap()).unwrap());
        }
    }
    all
}

/// The events of an origin, and what is told of missing ones.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) events: u64,
    pub(super) missed: Vec<u64>,
    pub(super) takeovers: u64,
}

/// Checks that the messages of an origin are the events from the first on, each once and in order,
/// with each hole told at its place.
pub(super) fn check(messages: &[Message], origin: &Origin) -> Told {
    let mut told = Told::default();
    let mut position = 0;
    for message in messages.iter().filter(|it| it.origin == *origin) {
        match &message.body {
            Body::Event(found) => {
                position += 1;
                assert_eq!(message.place.position, position);
                assert_eq!(found.raw(), event(position).raw());
                told.events += 1;
            }
            Body::Control(Control::Missed { count, .. }) => {
                position += count;
                assert_eq!(message.place.position, position);
                told.missed.push(*count);
            }
            Body::Control(Control::Takeover(_)) => told.takeovers += 1,
            other => panic!("{other:?}"),
        }
    }
    told
}
