//! Fleets of scripted servers, and what a subscription yields, in short forms.

use std::mem;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use ami::testing::{Peer, Server};
use ami::{Action, Reconnect};
use fleet::{Fleet, Item, Member, Subscription, What};
use tokio::time::timeout;

/// Longer than any test waits.
pub(crate) const AGES: Duration = Duration::from_secs(60);

/// The settings of a client whose attempts follow each other quickly.
pub(crate) fn quick(user: &str) -> ami::Config {
    let soon = Reconnect::default().wait(Duration::from_millis(1), Duration::from_millis(20));
    ami::Config::new(user, "mysecret").reconnect(soon).timeout(AGES)
}

/// Adds a server at that address.
pub(crate) fn add(fleet: &Fleet, name: &str, address: impl ToString) -> Member {
    fleet.add(name, &ami::Server::new(address.to_string(), quick("user"))).unwrap()
}

/// A scripted server, with the connection that it has accepted.
pub(crate) struct Scripted {
    pub(crate) server: Server,
    pub(crate) peer: Peer,
    pub(crate) member: Member,
}

impl Scripted {
    /// Adds a scripted server to a fleet, and accepts its connection.
    pub(crate) async fn add(fleet: &Fleet, name: &str) -> Self {
        let server = Server::bind().await.unwrap();
        let member = add(fleet, name, server.address());
        let peer = server.accept().await.unwrap();
        Self { server, peer, member }
    }

    /// Cuts the connection, and accepts the next one.
    pub(crate) async fn cut(&mut self) {
        // The client notices when the peer has gone.
        drop(mem::replace(&mut self.peer, Peer::pipe().1));
        self.peer = self.server.accept().await.unwrap();
    }

    /// Sends events.
    pub(crate) async fn send(&mut self, events: impl IntoIterator<Item = String>) {
        for event in events {
            self.peer.event(event).await.unwrap();
        }
    }

    /// Waits until the client has put everything that was sent into its queues.
    pub(crate) async fn through(&mut self) {
        let ping = self.member.call(Action::new("Ping"));
        self.peer.serve_until(ping).await.unwrap().unwrap();
    }
}

/// An event with a number that the server gave to it.
pub(crate) fn numbered(number: u32) -> String {
    format!("Event: Numbered\nPrivilege: user,all\nSequenceNumber: {number}\nFile: a.c")
}

/// An event without a number.
pub(crate) fn plain(name: &str) -> String {
    format!("Event: {name}\nPrivilege: user,all\nUserEvent: x\nSequenceNumber: 1\nFile: a.c")
}

/// The next item.
pub(crate) async fn next(events: &mut Subscription) -> Item {
    timeout(AGES, events.next()).await.unwrap().unwrap()
}

/// The next items in short forms.
pub(crate) async fn shorts(events: &mut Subscription, count: usize) -> Vec<String> {
    let mut shorts = Vec::new();
    while shorts.len() < count {
        shorts.push(short(&next(events).await));
    }
    shorts
}

/// The items up to one, in short forms without their places.
pub(crate) async fn until(events: &mut Subscription, last: &str) -> Vec<String> {
    let mut whats = Vec::new();
    while whats.last().is_none_or(|it| it != last) {
        whats.push(what(&next(events).await));
    }
    whats
}

/// An item in a short form: its place, and what it is.
pub(crate) fn short(item: &Item) -> String {
    let Item { origin, boot, connection, position, .. } = item;
    format!("{origin} {boot}.{connection}.{position} {}", what(item))
}

/// Returns a short form of an item.
pub(crate) fn what(item: &Item) -> String {
    match &item.what {
        What::Event(event) => match event.text("SequenceNumber") {
            Some(number) if event.is("Numbered") => number.into_owned(),
            _ => event.name().into_owned(),
        },
        What::Up(up) => format!("Up{}", if up.started.is_some() { "" } else { "?" }),
        What::Down(_) => "Down".to_owned(),
        What::Gap(gap) => format!("Gap {:?} {:?}", gap.restarted, gap.made),
        What::Missed(missed) => format!("Missed {missed}"),
        What::Withheld(withheld) => format!("Withheld {:?}", withheld.classes),
        What::Ended(_) => "Ended".to_owned(),
    }
}

/// The items that are there now, in short forms. Each future is dropped after one poll.
pub(crate) fn now(events: &mut Subscription) -> Vec<String> {
    let mut shorts = Vec::new();
    let mut cx = Context::from_waker(Waker::noop());
    loop {
        match pin!(events.next()).poll(&mut cx) {
            Poll::Ready(Some(item)) => shorts.push(short(&item)),
            Poll::Ready(None) => {
                shorts.push("end".to_owned());
                return shorts;
            }
            Poll::Pending => return shorts,
        }
    }
}
