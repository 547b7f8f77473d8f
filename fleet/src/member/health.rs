//! The state of the connection to a server, and since when.

use std::time::SystemTime;

use ami::{Client, State, Stats};
use tokio::sync::watch;

use crate::origin::Origin;

/// The state of the connection to a server.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Health {
    /// The server.
    pub origin: Origin,
    /// The state of its client.
    pub state: State,
    /// The time at which the state began.
    pub since: SystemTime,
    /// The process of the server that the client is or was connected to, counted as
    /// [`Item::boot`](crate::Item::boot); 0 before the first connection.
    pub boot: u32,
    /// The latest connection, counted as [`Item::connection`](crate::Item::connection); 0 before
    /// the first one.
    pub connection: u32,
    /// The number of connections that were lost.
    pub lost: u64,
    /// The time at which the last event was received, on any connection.
    pub last_event: Option<SystemTime>,
    /// The counts of its client.
    pub stats: Stats,
}

impl Health {
    pub(super) fn new(origin: &Origin, client: &Client, seen: &Seen) -> Self {
        let stats = client.stats();
        // A server greets before the login, so there is no banner before the first connection.
        let is_connected_once = !client.banner().line().is_empty();
        let count = |earlier: u64| {
            let count = earlier + u64::from(is_connected_once);
            u32::try_from(count).unwrap_or(u32::MAX)
        };
        let is_lost = is_connected_once && matches!(seen.state, State::Connecting | State::Down(_));
        Self {
            origin: origin.clone(),
            state: seen.state.clone(),
            since: seen.since,
            boot: count(stats.restarts),
            connection: count(stats.reconnects),
            lost: stats.reconnects + u64::from(is_lost),
            last_event: stats.last_event,
            stats,
        }
    }
}

/// The state of a client, and the time at which it was seen first.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    state: State,
    since: SystemTime,
}

impl Seen {
    /// Returns the present state.
    pub(super) fn now(state: &mut watch::Receiver<State>) -> Self {
        Self { state: state.borrow_and_update().clone(), since: SystemTime::now() }
    }
}

/// Notes each change of the state, and counts it up in `changes`, until the client has ended.
pub(super) async fn observe(
    state: &mut watch::Receiver<State>,
    seen: &watch::Sender<Seen>,
    changes: &watch::Sender<u64>,
) {
    while !seen.borrow().state.is_closed() && state.changed().await.is_ok() {
        seen.send_replace(Seen::now(state));
        changes.send_modify(|count| *count += 1);
    }
}
