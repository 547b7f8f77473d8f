//! Bridges.

use ami::Event;

use super::Since;
use crate::text::Id;

/// A bridge that is up.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Bridge {
    /// The identifier (`BridgeUniqueid`).
    pub id: Id,
    /// The type, such as `basic`, `base`, `parking` or `stasis`. Empty if it is not known.
    pub kind: Box<str>,
    /// The technology, such as `simple_bridge`. Empty if it is not known.
    pub technology: Box<str>,
    /// The creator, such as `ConfBridge`. Empty if there is none.
    pub creator: Box<str>,
    /// The name, such as that of a conference. Empty if there is none.
    pub name: Box<str>,
    /// The channels in the bridge, in the order in which they came.
    pub members: Vec<Id>,
    /// The beginning of the bridge.
    pub since: Since,
    /// The latest event, or item of a list, that described the bridge.
    pub last: Event,
    /// The number of losses of events before the last event that described the bridge.
    pub(crate) losses: u32,
}
