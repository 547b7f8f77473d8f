//! The items of a follow.

use std::fmt;

use crate::error::Disconnect;
use crate::events::{Connected, Gap, Stray, WithheldClasses};
use crate::request::{Collected, ListError};
use crate::wire::Event;

/// An item of a [`Follow`](crate::Follow).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Followed {
    /// A complete list. Events behind it are newer than it; events before it are older, or, if they
    /// were still on their way inside the server, contained in it.
    Snapshot(Snapshot),
    /// A list that did not come. That can be the server's way to say that it is empty: see
    /// [`Failed`].
    Failed(Failed),
    /// All lists are in, except those that the server refuses. What is known is in step with the
    /// server from here on.
    Current,
    /// A connection has begun, if [the filter asks for it](crate::Filter::with_connections). It
    /// comes before everything else of that connection but for [`Stale::Gap`], and first if the
    /// follow is made while the client is connected.
    Connected(Connected),
    /// An event.
    Event(Event),
    /// The state that is known is stale from here on. The lists are asked for again without further
    /// ado, and another [`Current`](Self::Current) follows.
    Stale(Stale),
    /// A message that is not an event, if [the filter asks for it](crate::Filter::with_strays).
    Stray(Box<Stray>),
    /// Classes of events do not come, from here on. See [`Item::Withheld`](crate::Item::Withheld).
    Withheld(Box<WithheldClasses>),
}

/// A complete list, at the place among the events at which the server sent it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Snapshot {
    /// The index of the list, in the order given to [`Client::follow`](crate::Client::follow), or
    /// as returned by [`Follow::ask`](crate::Follow::ask).
    pub list: usize,
    /// The list.
    pub collected: Collected,
}

/// A list that did not come. See [`Followed::Failed`].
///
/// Some actions refuse an empty list: `PJSIPShowContacts` with `No Contacts found`,
/// `PJSIPShowEndpoints` with `No endpoints found`. A program that follows one of them has to take
/// that refusal for a [`Snapshot`] without items. Otherwise it keeps what ended during a loss.
///
/// ```
/// fn is_empty(failed: &ami::Failed) -> bool {
///     let refusal = failed.error.error.response();
///     refusal.is_some_and(|it| it.message() == "No Contacts found")
/// }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Failed {
    /// The index of the list, in the order given to [`Client::follow`](crate::Client::follow), or
    /// as returned by [`Follow::ask`](crate::Follow::ask).
    pub list: usize,
    /// The error, with the part of the list that arrived.
    pub error: ListError,
    /// `true` if the list is asked for again after a pause, and [`Followed::Current`] waits for
    /// it. `false` if the server refuses the action, or the action cannot be sent:
    /// [`Followed::Current`] comes without the list, which is asked for again after the next
    /// [`Followed::Stale`] or [`Follow::refresh`](crate::Follow::refresh).
    pub again: bool,
}

/// Writes which list failed; `{:#}` also why.
impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "list {} of a follow: {}", self.list, self.error)?;
        if f.alternate() { write!(f, ": {:#}", self.error.error) } else { Ok(()) }
    }
}

/// The reason why what is known is stale. See [`Followed::Stale`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Stale {
    /// The number of events that are missing here; see [`Item::Missed`](crate::Item::Missed).
    Missed(u64),
    /// The connection is lost, and the client is connecting again. A [`Gap`](Self::Gap) follows,
    /// or the end of the follow. This item comes only if all earlier items were taken before the
    /// client has reconnected.
    Down(Disconnect),
    /// The connection was lost here, and the client has reconnected; see
    /// [`Item::Gap`](crate::Item::Gap).
    Gap(Gap),
    /// Events of classes that the event mask left out come from here on, because
    /// [`Client::set_event_mask`](crate::Client::set_event_mask) has let them in again.
    Restored,
}

/// Writes what happened; `{:#}` also why the connection was lost.
impl fmt::Display for Stale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missed(1) => f.write_str("one event is missing here"),
            Self::Missed(missed) => write!(f, "{missed} events are missing here"),
            Self::Down(reason) if f.alternate() => write!(f, "the connection is lost: {reason:#}"),
            Self::Down(_) => f.write_str("the connection is lost"),
            Self::Gap(gap) if f.alternate() => write!(f, "events are missing here: {gap:#}"),
            Self::Gap(gap) => write!(f, "events are missing here: {gap}"),
            Self::Restored => f.write_str("the event mask left out classes of events up to here"),
        }
    }
}
