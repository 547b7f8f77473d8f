#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod change;
mod config;
mod handle;
pub mod metrics;
mod model;
mod shared;
mod state;
mod table;
mod task;
mod text;

pub use ami;

pub use self::change::{Change, What};
pub use self::config::Config;
pub use self::handle::{CallHandle, Changes, ChannelHandle, Handle, Live, WaitError};
pub use self::shared::Missed;
pub use self::state::{
    AgentCall, Bridge, Call, CallEnd, CallState, Channel, CompletedBy, Conference,
    ConferenceMember, Contact, Device, Ended, Endpoint, Extension, Freshness, Leg, LegEnd,
    Membership, Outcome, ParkedCall, ParkingLot, ParkingSpaces, Part, Party, Pause, Presence,
    Queue, QueueCaller, QueueExit, QueueFigures, QueueMember, QueueRing, Registration, Role, Since,
    StaleReason, State, Transfer, TransferKind, TransferTarget, Unknown,
};
pub use self::table::Table;
pub use self::text::Id;
