//! The kinds of entities, each with its columns, its parts of the state, and its entries.

use live::{Part, State, Unknown};

use super::entry::Entry;
use super::{bridges, calls, channels, conferences, endpoints, parked, queues};

/// The entities of a view.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Entities {
    Calls,
    Channels,
    Bridges,
    Queues,
    Conferences,
    Endpoints,
    Parked,
}

impl Entities {
    /// Returns the word for one of them.
    pub(super) fn singular(self) -> &'static str {
        match self {
            Self::Calls => "call",
            Self::Channels => "channel",
            Self::Bridges => "bridge",
            Self::Queues => "queue",
            Self::Conferences => "conference",
            Self::Endpoints => "endpoint",
            Self::Parked => "parked call",
        }
    }

    /// Returns the words for so many of them.
    pub(super) fn counted(self, count: usize) -> String {
        match count {
            1 => format!("1 {}", self.singular()),
            0 => format!("no {}s", self.singular()),
            _ => format!("{count} {}s", self.singular()),
        }
    }

    /// Returns the columns, which are also the keys to sort by.
    pub(super) fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Calls => calls::COLUMNS,
            Self::Channels => channels::COLUMNS,
            Self::Bridges => bridges::COLUMNS,
            Self::Queues => queues::COLUMNS,
            Self::Conferences => conferences::COLUMNS,
            Self::Endpoints => endpoints::COLUMNS,
            Self::Parked => parked::COLUMNS,
        }
    }

    /// Returns the description of the fields of an object.
    pub(super) fn fields(self) -> &'static str {
        match self {
            Self::Calls => calls::FIELDS,
            Self::Channels => channels::FIELDS,
            Self::Bridges => bridges::FIELDS,
            Self::Queues => queues::FIELDS,
            Self::Conferences => conferences::FIELDS,
            Self::Endpoints => endpoints::FIELDS,
            Self::Parked => parked::FIELDS,
        }
    }

    /// Returns what the names are by which a user asks for entities.
    pub(super) fn names(self) -> &'static str {
        match self {
            Self::Calls => "calls, by identifier or the number of a party",
            Self::Channels => "channels, by name or identifier",
            Self::Bridges => "bridges, by identifier or name",
            Self::Queues => "queues",
            Self::Conferences => "conferences",
            Self::Endpoints => "endpoints",
            Self::Parked => "parked calls, by space, lot or SPACE@LOT",
        }
    }

    /// Returns what the columns mean where their names do not say it.
    pub(super) fn notes(self) -> &'static str {
        match self {
            Self::Calls => {
                "\
from began the call; to is who is called, else the place in the dialplan; talking is who hears whom
now, also where calls meet."
            }
            Self::Channels => "place is the extension and the context.",
            Self::Bridges => "Below each bridge are its members.",
            Self::Queues => {
                "\
free is how many members can be called; taken and abandoned are calls since the server counts; level
is the part that was answered within the service level, as of when the server was asked. Below each
queue are its callers and members."
            }
            Self::Conferences => "Below each conference are its members.",
            Self::Endpoints => {
                "\
duration is that of the state. Below each endpoint are its contacts with the round trip and the user
agent."
            }
            Self::Parked => "timeout is the time that is left.",
        }
    }

    /// Returns the parts of the state: first the one without which there is nothing to show.
    ///
    /// The list of channels has their places in the dialplan. Events of them, which are most of
    /// those of a call, are needed only to see them change.
    pub(super) fn parts(self, watches: bool) -> &'static [Part] {
        match self {
            Self::Calls | Self::Channels if watches => {
                &[Part::Channels, Part::Bridges, Part::Dialplan]
            }
            Self::Calls | Self::Channels => &[Part::Channels, Part::Bridges],
            Self::Bridges => &[Part::Bridges, Part::Channels],
            Self::Queues => &[Part::Queues],
            Self::Conferences => &[Part::Conferences],
            Self::Endpoints => &[Part::Endpoints, Part::Contacts],
            Self::Parked => &[Part::ParkingLots],
        }
    }

    /// Returns the entries, in no order.
    pub(super) fn entries(self, state: &State) -> Result<Vec<Entry>, Unknown> {
        match self {
            Self::Calls => calls::entries(state),
            Self::Channels => channels::entries(state),
            Self::Bridges => bridges::entries(state),
            Self::Queues => queues::entries(state),
            Self::Conferences => conferences::entries(state),
            Self::Endpoints => endpoints::entries(state),
            Self::Parked => parked::entries(state),
        }
    }
}
