//! Typed actions, their replies, and typed subscriptions.

use std::time::Duration;

use ami::action::reply::{Items, Plain};
use ami::action::{self, AbsoluteTimeout, ModuleLoad, Status, TypedAction};
use ami::event::{DialEnd, FullyBooted, Hangup, Typed, TypedEvent};
use ami::testing::{Peer, Reply, Script};
use ami::{
    Action, Client, Config, Error, Event, EventClass, Filter, FromEvent, Item, Lost, Originate,
    TryNextError,
};

async fn client(script: Script) -> Client {
    let (client, mut peer) =
        Peer::connect_with(&Config::new("user", "secret"), script).await.unwrap();
    tokio::spawn(async move { peer.serve().await.unwrap() });
    client
}

/// An action that no table has, answered with views of one event.
struct Ended;

impl TypedAction for Ended {
    const NAME: &'static str = "Ended";
    const CLASSES: &'static [EventClass] = &[];
    type Reply = Items<Hangup>;
}

impl From<Ended> for Action {
    fn from(_: Ended) -> Self {
        Self::new(Ended::NAME).field("Of", "own")
    }
}

/// An action that is answered with events of several names.
struct Mixed;

impl TypedAction for Mixed {
    const NAME: &'static str = "Mixed";
    const CLASSES: &'static [EventClass] = &[];
    type Reply = Items<Typed>;
}

impl From<Mixed> for Action {
    fn from(_: Mixed) -> Self {
        Self::new(Mixed::NAME)
    }
}

/// A generic function over what can be called.
fn plain(client: &Client, action: impl TypedAction<Reply = Plain>) -> ami::Call {
    client.call(action).timeout(Duration::from_secs(5))
}

#[tokio::test]
async fn the_reply_follows_from_the_action() {
    let queued = Reply::success().event("OriginateResponse").field("Response", "Success");
    let script = Script::new()
        .answer("AbsoluteTimeout", Reply::success().field("Message", "Timeout Set"))
        .command("core show uptime", "System uptime: 2 weeks")
        .answer("ModuleLoad", "Response: Error\nMessage: a\n\nResponse: Error\nMessage: b")
        .answer("Originate", queued.field("Reason", "4").field("Uniqueid", "u.1"));
    let client = client(script).await;
    let set = plain(&client, AbsoluteTimeout::new("PJSIP/1", Duration::from_secs(9))).await;
    assert_eq!(set.unwrap().message(), "Timeout Set");
    let output = client.call(action::Command::new("core show uptime")).await.unwrap();
    assert_eq!(output.lines().next(), Some(&b"System uptime: 2 weeks"[..]));
    // The command of a typed action is hidden as that of a raw one is.
    let error = client.call(action::Command::new("database put hush hush x")).await.unwrap_err();
    assert!(matches!(&error, Error::Command { printed, .. } if !printed.contains("hush")));
    let replied = client.call(ModuleLoad::new("load")).await.unwrap();
    assert_eq!(replied.len(), 2);
    let call = Originate::to_application("PJSIP/1", "Echo", "");
    assert_eq!(client.call(call).await.unwrap().unique_id(), "u.1");
    let pong = client.call(Action::new("Ping")).await.unwrap();
    assert_eq!(pong.get("Ping"), Some(&b"Pong"[..]));
}

#[tokio::test]
async fn the_items_of_a_list_are_views_and_none_is_left_out() {
    let items = ["Event: Hangup\nCause: 17", "Event: Other\nCause: 18", "Event: HANGUP\nCause: x"];
    let script = Script::new()
        .answer("Ended", Reply::list(items))
        .answer("Mixed", Reply::list(["Event: Unheard\nChannel: PJSIP/1", "Event: DialEnd"]));
    let client = client(script).await;
    let mut list = client.call(Ended).timeout(Duration::from_secs(5));
    let mut causes = Vec::new();
    while let Some(item) = list.next().await {
        causes.push(item.unwrap().raw().text("Cause").unwrap().into_owned());
    }
    assert_eq!(causes, ["17", "18", "x"]);
    assert!(list.response().is_some() && list.complete().is_some());
    let whole = client.call(Ended).await.unwrap();
    assert_eq!((whole.items.len(), whole.list_items()), (3, Some(3)));
    assert_eq!(whole.items[0].cause().unwrap().unwrap().number(), 17);
    assert!(whole.items[2].cause().is_err(), "it is there, though it is no number");
    // As an enum, and shared with a subscription.
    let mut shared = client.subscribe_to::<DialEnd>();
    let mixed = client.call(Mixed).also_to_subscribers().collect().await.unwrap();
    assert!(matches!(&mixed.items[..], [Typed::Unknown(_), Typed::DialEnd(_)]));
    assert!(shared.next_event().await.unwrap().dial_status().is_none());
}

#[tokio::test]
async fn a_typed_list_that_fails_keeps_what_came() {
    let short = "Response: Success\nEventList: start\n\nEvent: Hangup\nCause: 16\n\nEvent: EndedComplete\nEventList: Complete\nListItems: 2";
    let script = Script::new().answer("Ended", short).answer("Status", Reply::error("No such"));
    let client = client(script).await;
    let error = client.call(Ended).await.unwrap_err();
    assert!(matches!(error.error, Error::ListShort { said: 2, came: 1 }), "{error:?}");
    assert_eq!(error.partial.items[0].cause().unwrap().unwrap().number(), 16);
    assert!(error.to_string().contains("(1 items of it came)"));
    let refused: Error = client.call(Status::new()).await.unwrap_err().into();
    assert!(matches!(refused, Error::Rejected(_)));
    // A plain success is an empty list.
    let script = Script::new().answer("Ended", Reply::success());
    let client = self::client(script).await;
    let empty = client.call(Ended).await.unwrap();
    assert!(empty.items.is_empty() && empty.complete.is_none());
}

/// Two events that a program handles, as its own enum.
enum Progress {
    Ended(Hangup),
    Other(Event),
}

impl FromEvent for Progress {
    fn from_event(event: Event) -> Self {
        event.view().map_or(Self::Other(event), Self::Ended)
    }

    fn filter() -> Filter {
        Filter::named(["Hangup", "DialEnd"])
    }
}

#[tokio::test]
async fn a_typed_subscription_gets_its_events_with_loss_told_as_always() {
    let (client, mut peer) = Peer::connect(&Config::new("user", "secret")).await.unwrap();
    let mut hangups = client.subscribe_to::<Hangup>();
    let mut one = client.subscribe_to_with::<Hangup>(ami::Buffer::bounded(1));
    let mut all = client.subscribe_to::<Typed>();
    let mut own = client.subscribe_to::<Progress>();
    let mut busy = client.subscribe(Filter::of::<Hangup>().field("Cause", "17")).typed::<Hangup>();
    let mut raw = client.subscribe_to::<Event>();
    assert_eq!(hangups.try_next().unwrap_err(), TryNextError::Empty);
    for text in ["Hangup\nCause: 16", "DialEnd\nDialStatus: BUSY", "Hangup\nCause: 17", "New"] {
        peer.event(format!("Event: {text}")).await.unwrap();
    }
    peer.serve_until(client.call(Action::new("Ping"))).await.unwrap().unwrap();
    assert!(matches!(hangups.try_next(), Ok(Item::Event(it)) if it.cause().is_ok()));
    assert_eq!(hangups.queued(), 1);
    let second = hangups.next_event().await.unwrap();
    assert_eq!(second.cause().unwrap().unwrap().number(), 17);
    assert!(one.next_event().await.is_ok());
    assert!(matches!(one.next_event().await, Err(Lost::Missed(1))));
    let mut names = Vec::new();
    for _ in 0..4 {
        names.push(match all.next_event().await.unwrap() {
            Typed::Hangup(_) => "hangup",
            Typed::DialEnd(_) => "dial",
            Typed::Unknown(_) => "unknown",
            _ => "other",
        });
    }
    assert_eq!(names, ["hangup", "dial", "hangup", "unknown"]);
    assert!(matches!(own.next_event().await.unwrap(), Progress::Ended(it) if it.cause().is_ok()));
    assert!(matches!(own.next_event().await.unwrap(), Progress::Other(it) if it.is("DialEnd")));
    assert_eq!(busy.next_event().await.unwrap().raw().get("Cause"), Some(&b"17"[..]));
    assert_eq!((busy.queued(), raw.queued()), (0, 4));
    assert!(raw.next_event().await.unwrap().is("Hangup"));
    drop(peer);
    client.ended().await;
    assert!(hangups.next().await.is_none());
    assert!(matches!(hangups.next_event().await, Err(Lost::Ended(_))));
    assert_eq!(client.stats().subscriptions, 0);
}

#[tokio::test]
async fn a_typed_subscription_can_be_made_before_the_login() {
    let (near, mut peer) = Peer::pipe();
    let connect = Config::new("user", "secret").handshake(near);
    let mut booted = connect.subscribe_to::<FullyBooted>();
    let client = peer.serve_until(connect).await.unwrap().unwrap();
    let event = peer.serve_until(booted.next_event()).await.unwrap().unwrap();
    assert_eq!(event.uptime().unwrap(), Some(Duration::from_secs(86400)));
    drop(client);
}
