#![doc = include_str!("../README.md")]
#![doc = include_str!("../docs/guide.md")]
#![doc = include_str!("../docs/servers.md")]
#![forbid(unsafe_code)]

// The crate is divided into rooms, which are its modules. A room depends only on rooms above it.
// The `mod.rs` of each room describes its purpose.

// The wire format: bytes to values and back.
mod wire;

// Typed actions and events.
mod typed;

// Descriptions of events, for tests and filters.
#[cfg(feature = "matching")]
mod matching;

// The errors.
mod error;

// The counters.
mod stats;

// Recordings of the bytes that servers send.
mod record;

// Events on their way from the reader to subscribers.
mod events;

// The settings: address, login, time-outs.
mod config;

// One connection, from the socket to its end.
mod connection;

// The state that the connections of a client share.
mod state;

// The life of a client: connecting, running, reconnecting.
mod driver;

// Actions in progress.
mod request;

// The client, which is the handle that programs hold.
mod client;

// AsyncAGI and FastAGI: control of channels from the dialplan.
pub mod agi;

// The scripted peer, which replaces a server in tests.
#[cfg(feature = "testing")]
pub mod testing;

// Connecting.
pub use client::{Client, Connect};
pub use config::{Config, Login, ManagerConfProblem, Reconnect, Server, ServerError, ServerPart};
#[cfg(feature = "tls")]
pub use config::{Tls, rustls};
pub use state::State;

// Actions and their results.
pub use connection::{Permissions, Replied};
pub use request::{
    Call, Callable, Collected, Collecting, Command, Exchange, List, ListError, ReplyKind,
};
pub use wire::{Action, CommandOutput, Response};

// The access of actions to a client, which a program can name but not create.
#[doc(hidden)]
pub use request::Caller;

// Calls.
pub use client::{End, Half, Placed};
pub use request::{Originate, Originated, Originating};
pub use wire::{Cause, CauseError, Reason, ReasonError};

// Events.
pub use connection::EventFilter;
pub use events::{
    Buffer, Connected, Filter, FilterError, FromEvent, Gap, Item, Lost, Overflow, Stray,
    Subscription, TryNextError, WithheldClasses,
};
pub use wire::{Event, EventClass, EventMask, EventMaskError};

// The state of a server.
pub use client::{Failed, Follow, Followed, Snapshot, Stale};

// Descriptions of events.
#[cfg(feature = "matching")]
pub use matching::{Expression, ExpressionError, Matcher, Nearest};

// Typed actions and events.
pub use typed::{FieldError, action, event, value};

// Errors.
pub use error::{Delivery, Disconnect, Error, Fault, Forbidden, LoginError, Withheld};
pub use wire::{ActionError, ActionProblem};

// Observing a client.
pub use record::{Recording, Tee};
pub use stats::Stats;

// The protocol without a client.
pub use wire::{
    Banner, Codec, EncodeError, Frame, Kind, Line, Lines, MAX_MESSAGE, Malformed, Message,
    ParseError, Variable, percent_decode, unescape,
};
