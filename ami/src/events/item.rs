//! What a subscription yields.

use std::fmt;
use std::time::Duration;

use super::stray::Stray;
use crate::error::Disconnect;
use crate::wire::Event;

/// What a subscription yields.
///
/// A `match` has to name every kind, or say that it leaves some out: events that are missing are
/// easily forgotten.
#[derive(Clone, Debug)]
pub enum Item {
    /// An event.
    Event(Event),
    /// So many events are missing here, because the subscription was full when they came, or they
    /// were larger than a message may be ([`Config::max_message`](crate::Config::max_message)). Of
    /// one that was too large only the first KiB is known: it counts unless a field in there shows
    /// that the filter does not admit it.
    Missed(u64),
    /// The connection was lost here and has been made anew. What the server would have sent in
    /// between is missing, and nobody knows how much that is. Calls and queues may have come
    /// and gone: now is the time to ask again what there is.
    Gap(Gap),
    /// Something that is no event; only if [the filter asks for it](crate::Filter::with_strays).
    Stray(Box<Stray>),
}

/// A time without a connection; see [`Item::Gap`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Gap {
    /// Why the connection was lost, the last time if it was more than once.
    pub reason: Disconnect,
    /// How often it was lost: more than once only if the subscription was full all the while.
    pub times: u32,
    /// From the loss to the new login; added up if it was lost more than once.
    pub lasted: Duration,
    /// Whether the server was started anew in between, so that its calls are gone; `None` if it
    /// does not say. It says so in the `FullyBooted` behind the login, from Asterisk 14 on and
    /// to a user who may read the class `system`: by how many seconds it has been up, so a
    /// start within a second of the former login is not told for certain; or, where the former
    /// connection had that event, by another event that comes before it, which shows that the
    /// server is still booting (or that the user may no longer read the class).
    pub restarted: Option<bool>,
}

impl Gap {
    /// Adds a gap that follows with no event in between.
    pub(super) fn add(&mut self, next: &Self) {
        self.times += next.times;
        self.lasted += next.lasted;
        self.reason = next.reason.clone();
        self.restarted = match (self.restarted, next.restarted) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (Some(false), Some(false)) => Some(false),
            _ => None,
        };
    }
}

/// Writes how long the gap was, and whether the server was restarted; `{:#}` also why the
/// connection was lost.
impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let restarted = match self.restarted {
            Some(true) => "the server was restarted",
            Some(false) => "the server was not restarted",
            None => "the server does not tell whether it was restarted",
        };
        write!(f, "{:.1?} without a connection, {restarted}", self.lasted)?;
        if f.alternate() { write!(f, ": {:#}", self.reason) } else { Ok(()) }
    }
}
