//! The state of a server: entities as plain data, and what is known of them.

use std::sync::Arc;
use std::time::SystemTime;

mod bridge;
mod call;
mod channel;
mod conference;
mod coverage;
mod device;
mod endpoint;
mod freshness;
mod parking;
mod queue;
mod since;
mod talk;
mod totals;

pub use self::bridge::Bridge;
pub(crate) use self::call::HungUp;
pub use self::call::{
    Call, CallEnd, CallState, Leg, LegEnd, Outcome, Role, Transfer, TransferKind, TransferTarget,
};
pub use self::channel::{Channel, Party};
pub use self::conference::{Conference, ConferenceMember};
pub(crate) use self::coverage::Coverage;
pub use self::coverage::{Part, Unknown};
pub use self::device::{Device, Extension, Presence};
pub use self::endpoint::{Contact, Endpoint, Registration};
pub use self::freshness::{Ended, Freshness, StaleReason};
pub use self::parking::{ParkedCall, ParkingLot, ParkingSpaces};
pub(crate) use self::queue::Place;
pub use self::queue::{
    AgentCall, CompletedBy, Membership, Pause, Queue, QueueCaller, QueueExit, QueueFigures,
    QueueMember, QueueRing,
};
pub use self::since::Since;
pub(crate) use self::totals::{BOUNDS, EXITS, Histogram, QueueTotals, Totals};
use crate::table::Table;

macro_rules! tables {
    ($($(#[$doc:meta])* $name:ident: $entity:ident of $part:ident,)*) => {
        /// The state of a server at one moment.
        ///
        /// A state is a consistent copy that costs a few counts of references. It does not change;
        /// ask [`Live::state`](crate::Live::state) for the next one.
        #[derive(Clone, Debug, Default)]
        pub struct State {
            pub(crate) freshness: Freshness,
            pub(crate) as_of: Option<SystemTime>,
            pub(crate) coverage: Coverage,
            pub(crate) totals: Arc<Totals>,
            $(pub(crate) $name: Table<$entity>,)*
        }

        impl State {
            $(
                $(#[$doc])*
                ///
                /// # Errors
                ///
                /// Returns [`Unknown`] if the server did not let the client see them.
                pub fn $name(&self) -> Result<&Table<$entity>, Unknown> {
                    self.coverage.of(Part::$part).map_err(Clone::clone)?;
                    Ok(&self.$name)
                }
            )*
        }
    };
}

tables! {
    /// Returns the channels by `Uniqueid`.
    channels: Channel of Channels,
    /// Returns the calls by `Linkedid`.
    calls: Call of Channels,
    /// Returns the bridges by `BridgeUniqueid`.
    bridges: Bridge of Bridges,
    /// Returns the queues by name.
    queues: Queue of Queues,
    /// Returns the parking lots by name.
    parking_lots: ParkingLot of ParkingLots,
    /// Returns the conferences by name.
    conferences: Conference of Conferences,
    /// Returns the devices by name.
    devices: Device of Devices,
    /// Returns the extensions that have a hint, by `extension@context`.
    extensions: Extension of Extensions,
    /// Returns the presences by name.
    presences: Presence of Presences,
    /// Returns the endpoints of PJSIP by name.
    endpoints: Endpoint of Endpoints,
    /// Returns the contacts of PJSIP endpoints, by `aor/uri`.
    contacts: Contact of Contacts,
    /// Returns the registrations with other servers by name.
    registrations: Registration of Registrations,
}

impl State {
    /// Returns whether the state is current, and since when.
    pub fn freshness(&self) -> &Freshness {
        &self.freshness
    }

    /// Returns the time at which the last event or list of this state was read, or `None` if none
    /// was. While the state is current, nothing has changed since then.
    pub fn as_of(&self) -> Option<SystemTime> {
        self.as_of
    }

    /// Returns the reason why a part is not known, or `None` if it is known.
    pub fn unknown(&self, part: Part) -> Option<&Unknown> {
        self.coverage.of(part).err()
    }

    /// Returns `true` if the server has told which events the user may read.
    ///
    /// Otherwise a part whose events do not come looks like one in which nothing happens. The
    /// server tells it to users with the write class `command`.
    pub fn rights_are_known(&self) -> bool {
        self.coverage.rights_are_known
    }
}
