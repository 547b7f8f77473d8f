//! The calls, channels and queues of the whole fleet: a [`live::Live`] for each server, and over
//! them one state, one stream of changes, and waits.
//!
//! The door of the room is [`FleetLive`], with the types that its methods return.

mod changes;
mod handle;
mod id;
mod lives;
mod merged;
mod state;
mod view;

pub use self::changes::{FleetChange, FleetChanges, ServerChange};
pub use self::handle::{FleetEnded, FleetLive};
pub use self::id::{Id, IdError};
pub use self::state::{All, FleetState};
