#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod config;
mod fleet;
mod item;
mod member;
mod merge;
#[cfg(feature = "nats")]
pub mod nats;
mod origin;
mod whole;

pub use ami;
pub use live;

pub use self::config::Config;
pub use self::fleet::{AddError, Bounded, Fleet, HealthChanges, NoServer, NoneUp, Route, Unfit};
pub use self::item::{Gap, Item, Up, What};
pub use self::member::{Health, Member};
pub use self::merge::Subscription;
pub use self::origin::{Origin, OriginError};
pub use self::whole::{
    All, FleetChange, FleetChanges, FleetEnded, FleetLive, FleetState, Id, IdError, ServerChange,
};
