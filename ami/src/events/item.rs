//! The items of a subscription.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::from_event::FromEvent;
use super::stray::Stray;
use super::withheld::WithheldClasses;
use crate::error::Disconnect;
use crate::wire::Event;

/// An item of a subscription.
///
/// The enum is exhaustive on purpose. A `match` has to name every kind or leave some out
/// explicitly, so that missing events are not forgotten.
#[derive(Clone, Debug)]
pub enum Item<E = Event> {
    /// An event.
    Event(E),
    /// The number of events that are missing here, because the subscription was full when they
    /// came, or because they were larger than [`Config::max_message`](crate::Config::max_message).
    /// Only the first KiB of an event that is too large is known. The event counts unless a field
    /// in that part shows that the filter does not admit it.
    Missed(u64),
    /// The connection was lost here, and the client has reconnected. An unknown number of events is
    /// missing. Calls and queues may have come and gone, so a program that tracks them has to query
    /// the server again.
    Gap(Gap),
    /// A message that is not an event, if [the filter asks for it](crate::Filter::with_strays).
    Stray(Box<Stray>),
    /// Classes of events that the subscription asks for do not come, from here on: the user may not
    /// read them, or the event mask leaves them out. Events of other classes continue.
    ///
    /// The client knows the classes of the events that a filter names, if they are events that
    /// Asterisk documents. It learns the user's permissions from the server, if the user may run
    /// CLI commands ([`Client::withheld`](crate::Client::withheld) has the details); otherwise only
    /// the event mask is known, and that method says [`Unknown`](crate::Withheld::Unknown).
    /// [`Filter::all`](crate::Filter::all) and names with wildcards are not judged.
    ///
    /// A subscription is told once, and again if a class is taken away later.
    Withheld(Box<WithheldClasses>),
}

impl Item {
    /// Converts the event, if the item is one.
    #[inline]
    pub(super) fn into_item_of<E: FromEvent>(self) -> Item<E> {
        match self {
            Self::Event(event) => Item::Event(E::from_event(event)),
            Self::Missed(missed) => Item::Missed(missed),
            Self::Gap(gap) => Item::Gap(gap),
            Self::Stray(stray) => Item::Stray(stray),
            Self::Withheld(withheld) => Item::Withheld(withheld),
        }
    }
}

/// An entry of a queue.
pub(crate) enum Queued {
    Item(Item),
    /// The place at which a list has ended. The queue of a follow has such entries, by the numbers
    /// that the follow gives.
    Mark(u64),
    /// The connection is lost, and the client has not reconnected yet. Follows are told.
    Down(Disconnect),
    /// Classes of events come from here on that the event mask left out. Follows are told.
    Restored,
    /// A connection has begun. Follows are told whose filters ask for it.
    Connected(Arc<Connected>),
}

/// The begin of a connection. See [`Followed::Connected`](crate::Followed::Connected).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Connected {
    /// The value of [`Stats::reconnects`](crate::Stats::reconnects) during this connection.
    pub reconnects: u64,
    /// The value of [`Stats::restarts`](crate::Stats::restarts) during this connection.
    pub restarts: u64,
    /// The time at which the server was started, to the second. `None` if its first message was
    /// not the event `FullyBooted` with its uptime, which a booted server of version 14 or
    /// later sends to users who may read the class `system`.
    pub started: Option<SystemTime>,
}

impl Queued {
    /// Returns `true` if the entry counts as an event: it is one, or a stray.
    #[inline]
    pub(super) fn is_message(&self) -> bool {
        matches!(self, Self::Item(Item::Event(_) | Item::Stray(_)))
    }
}

/// A time without a connection; see [`Item::Gap`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Gap {
    /// The reason why the connection was lost; the latest one if it was lost several times.
    pub reason: Disconnect,
    /// The number of times that the connection was lost. More than one only if the subscription
    /// was full all the time.
    pub times: u32,
    /// The time from the loss to the new login, added up if the connection was lost several times.
    pub lasted: Duration,
    /// `Some(true)` if the server was restarted in between, so that its calls are gone; `None` if
    /// that is not known.
    ///
    /// The client takes this from the event `FullyBooted` after the login, which the server sends
    /// to users who may read the class `system`. From Asterisk 14 on, the event reports for
    /// how many seconds the server has been up, so a restart within a second of the former
    /// login is not detected reliably. If the former connection had that event, another event
    /// before it also counts as a restart: it shows that the server is still booting (or that
    /// the user may no longer read the class).
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A queue holds many of them.
    #[test]
    fn an_entry_is_no_larger_than_its_item() {
        assert_eq!(size_of::<Queued>(), size_of::<Item>());
    }
}
