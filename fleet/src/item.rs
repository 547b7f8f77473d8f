//! The items of the merged event stream.

use std::fmt;
use std::time::{Duration, SystemTime};

use ami::{Disconnect, Event, WithheldClasses};

use crate::origin::Origin;

/// An item of the merged event stream, with its place in the stream of its server.
///
/// The items of an origin are in the order in which its server sent them, and `(boot, connection,
/// position)` grows from event to event. `boot` and `connection` are the same in all subscriptions
/// of a [`Fleet`](crate::Fleet). So is `position`, if the subscriptions have the same filter and
/// were made before the connection began.
#[derive(Clone, Debug)]
pub struct Item {
    /// The server.
    pub origin: Origin,
    /// The process of the server, counted from 1: one more after each restart that was seen or
    /// cannot be excluded. 0 before the first connection.
    pub boot: u32,
    /// The connection, counted from 1. 0 before the first one.
    pub connection: u32,
    /// The number of events that the connection has brought to this subscription, with this one
    /// and with those that were missed. A control item has the position of the event before
    /// it.
    pub position: u64,
    /// The time at which the item was taken from the connection's queue, by this machine's clock.
    pub received: SystemTime,
    /// The content of the item.
    pub what: What,
}

/// The kinds of items.
///
/// The items of a server are, in this order: [`Up`](Self::Up), events and what is missing among
/// them, [`Down`](Self::Down), [`Gap`](Self::Gap), `Up`, and so on, and at the end
/// [`Ended`](Self::Ended). A subscription that is made while a server is not connected begins there
/// with `Up`, or with the `Gap` that it shares with earlier subscriptions.
///
/// The enum is exhaustive on purpose, so that no `match` forgets that events can be missing.
#[derive(Clone, Debug)]
pub enum What {
    /// An event.
    Event(Event),
    /// A connection has begun, or the subscription while there was a connection. The first item of
    /// each connection.
    Up(Up),
    /// The connection is lost. The client connects again.
    Down(Disconnect),
    /// The client has connected again, and events are missing here. The item has the place of the
    /// last event before it.
    Gap(Gap),
    /// The number of events that are missing here because the subscriber was too slow, or because
    /// they were too large ([`ami::Item::Missed`]).
    Missed(u64),
    /// Classes of events do not come from here on ([`ami::Item::Withheld`]).
    Withheld(Box<WithheldClasses>),
    /// The client has ended: the server refused the login, or was removed from the fleet. The last
    /// item of its origin.
    Ended(Disconnect),
}

/// The begin of a connection.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Up {
    /// The time at which the server was started, to the second, as far as it tells: `FullyBooted`
    /// has the time since the start, and comes first to users who may read the class `system`,
    /// unless the server is still booting.
    pub started: Option<SystemTime>,
}

/// A time without a connection.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Gap {
    /// The reason why the connection was lost; the latest one if it was lost several times.
    pub reason: Disconnect,
    /// The number of times that the connection was lost. More than one only if nothing was read in
    /// between.
    pub times: u32,
    /// The time from the loss to the new login, added up if the connection was lost several times.
    pub lasted: Duration,
    /// `Some(true)` if the server was restarted meanwhile; `None` if that is not known
    /// ([`ami::Gap::restarted`]).
    pub restarted: Option<bool>,
    /// The number of events of all classes that the server made between the last numbered event
    /// before the gap and the first one behind it, whether or not the user may read them.
    ///
    /// Known if the server numbers its events (`debug = on` in `manager.conf`), was not restarted,
    /// and the subscription takes all events. Those that the new login itself caused are among
    /// them. Whoever may read the class `security` gets a numbered event directly behind the
    /// login; otherwise the gap waits for the next event
    /// ([`Config::count_wait`](crate::Config::count_wait)).
    pub made: Option<u64>,
}

/// Writes what has happened in a few words, with the whole reason where there is one.
impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Event(event) => f.write_str(&event.name()),
            Self::Up(_) => f.write_str("connected"),
            Self::Down(reason) => write!(f, "the connection is lost: {reason:#}"),
            Self::Gap(gap) => write!(f, "events are missing here: {gap}"),
            Self::Missed(1) => f.write_str("one event is missing here"),
            Self::Missed(missed) => write!(f, "{missed} events are missing here"),
            Self::Withheld(withheld) => write!(f, "{withheld}"),
            Self::Ended(reason) => write!(f, "the client has ended: {reason:#}"),
        }
    }
}

/// Writes how long the gap was, whether the server was restarted, and how many events were made.
impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let restarted = match self.restarted {
            Some(true) => "the server was restarted",
            Some(false) => "the server was not restarted",
            None => "the server does not tell whether it was restarted",
        };
        write!(f, "{:.1?} without a connection, {restarted}", self.lasted)?;
        match self.made {
            Some(1) => f.write_str(", and made one event"),
            Some(made) => write!(f, ", and made {made} events"),
            None => Ok(()),
        }
    }
}
