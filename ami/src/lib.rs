#![doc = include_str!("../README.md")]
#![doc = include_str!("../docs/guide.md")]
#![doc = include_str!("../docs/servers.md")]
#![forbid(unsafe_code)]

// The house. A room names only rooms above it; its `mod.rs` says what it is for.

// Bytes to values and back.
mod wire;

// What can go wrong.
mod error;

// Counters.
mod stats;

// The bytes of a server, written to a file.
mod record;

// Events, from the reader to subscribers.
mod events;

// Where to connect, as whom, and how.
mod config;

// One connection, from the socket to its end.
mod connection;

// What the connections of a client share.
mod state;

// The life of a client: connect, run, connect again.
mod driver;

// An action under way.
mod request;

// The handle.
mod client;

// A scripted peer in place of a server.
#[cfg(feature = "testing")]
pub mod testing;

// Connecting.
pub use client::{Client, Connect};
pub use config::{Config, Login, ManagerConfProblem, Reconnect, Server, ServerError, ServerPart};
#[cfg(feature = "tls")]
pub use config::{Tls, rustls};
pub use state::State;

// Actions and what comes of them.
pub use connection::Replied;
pub use request::{Call, Collected, Command, Exchange, List, ListError};
pub use wire::{Action, CommandOutput, Response};

// Calls.
pub use client::{End, Half, Placed};
pub use error::Reason;
pub use request::{Originate, Originated, Originating};
pub use wire::{Cause, CauseError};

// Events.
pub use connection::EventFilter;
pub use events::{
    Buffer, Filter, FilterError, Gap, Item, Lost, Overflow, Stray, Subscription, TryNextError,
};
pub use wire::{Event, EventClass, EventMask, EventMaskError};

// Errors.
pub use error::{Delivery, Disconnect, Error, Fault, LoginError, Withheld};
pub use wire::{ActionError, ActionProblem};

// Looking inside.
pub use record::{Recording, Tee};
pub use stats::Stats;

// The protocol without a client.
pub use wire::{
    Banner, Codec, EncodeError, Frame, Kind, Line, Lines, MAX_MESSAGE, Malformed, Message,
    ParseError, Variable, percent_decode, unescape,
};
