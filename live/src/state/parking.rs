//! Parking lots and the calls that are parked in them.

use std::time::{Duration, SystemTime};

use ami::Event;

use super::{Party, Since};
use crate::text::Id;

/// A parking lot.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ParkingLot {
    /// The name.
    pub name: Id,
    /// The spaces. `None` if the lot came into being since the list of lots was last in; the list
    /// is being asked for.
    pub spaces: Option<ParkingSpaces>,
    /// The parked calls, in the order of their spaces.
    pub calls: Vec<ParkedCall>,
    /// The latest item of the list of lots that described the lot. `None` until it is in.
    pub last: Option<Event>,
}

/// The spaces of a parking lot, as the latest list of lots told them. A reload of the configuration
/// can change them; that shows when the list is next asked for.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub struct ParkingSpaces {
    /// The first space.
    pub first: u32,
    /// The last space.
    pub last: u32,
    /// The time after which a parked call times out. `None` if there is no limit.
    pub timeout: Option<Duration>,
}

/// A parked call.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ParkedCall {
    /// The space.
    pub space: u32,
    /// The channel that is parked (`Uniqueid`). The end of a parked call is told by an event that
    /// can come behind the end of its channel.
    pub channel: Id,
    /// The caller of that channel, as of its last `NewCallerid`. The server does not tell that a
    /// Local channel takes it over from its other half.
    pub caller: Party,
    /// The dial string of the parker, such as `PJSIP/alice`, which is called when the call times
    /// out. The server does not name the parker's channel.
    pub parker: Box<str>,
    /// The time at which the call was parked. In a list the server tells it in whole seconds.
    pub since: Since,
    /// The time after which the call times out, counted from the beginning. `None` if there is no
    /// limit.
    pub timeout: Option<Duration>,
    /// The latest event, or item of a list, that described the parked call.
    pub last: Event,
}

impl ParkingLot {
    /// Returns the call that is parked in that space.
    pub fn space(&self, space: u32) -> Option<&ParkedCall> {
        self.calls.iter().find(|call| call.space == space)
    }

    /// Returns the parked call of that channel (`Uniqueid`).
    pub fn call(&self, channel: &str) -> Option<&ParkedCall> {
        self.calls.iter().find(|call| *call.channel == *channel)
    }
}

impl ParkedCall {
    /// Returns the time at which the call times out, or `None` if it does not.
    pub fn times_out_at(&self) -> Option<SystemTime> {
        self.since.time().checked_add(self.timeout?)
    }
}
