#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod client;
mod config;
mod connection;
mod driver;
mod error;
mod events;
mod record;
mod request;
mod state;
mod stats;
#[cfg(feature = "testing")]
pub mod testing;
mod wire;

pub use client::{Client, Connect, End, Half, Placed};
pub use config::{Config, Login, ManagerConfProblem, Reconnect, Server, ServerError, ServerPart};
#[cfg(feature = "tls")]
pub use config::{Tls, rustls};
pub use connection::{EventFilter, Replied};
pub use error::{Delivery, Disconnect, Error, Fault, LoginError, Reason, Withheld};
pub use events::{
    Buffer, Filter, FilterError, Gap, Item, Lost, Overflow, Stray, Subscription, TryNextError,
};
pub use record::{Recording, Tee};
pub use request::{
    Call, Collected, Command, CommandOutput, Exchange, List, ListError, Originate, Originated,
    Originating,
};
pub use state::State;
pub use stats::Stats;
pub use wire::{
    Action, ActionError, ActionProblem, Banner, Cause, CauseError, Codec, EncodeError, Event,
    EventClass, EventMask, EventMaskError, Frame, Kind, Line, Lines, MAX_MESSAGE, Malformed,
    Message, ParseError, Response, Variable, percent_decode, unescape,
};
