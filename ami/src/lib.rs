#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod action;
mod call;
mod cause;
mod client;
mod codec;
mod command;
mod config;
mod connect;
mod dial;
mod dispatch;
mod driver;
mod error;
mod filter;
mod framing;
mod list;
mod login;
mod loss;
mod mask;
mod message;
mod originate;
mod outbox;
mod parse;
mod place;
mod queue;
mod ready;
mod record;
mod reply;
mod router;
#[cfg(feature = "serde")]
mod serialize;
mod server_filter;
mod session;
mod settings;
mod shape;
mod shared;
mod stats;
mod stray;
mod subscribers;
mod subscription;
#[cfg(feature = "tls")]
mod tls;
mod value;

pub use action::Action;
pub use call::{Call, Exchange, List};
pub use cause::Cause;
pub use client::Client;
pub use codec::{Banner, Codec, EncodeError, Frame, MAX_MESSAGE, Malformed};
pub use command::CommandOutput;
pub use config::{Config, Login, Reconnect};
pub use connect::Connect;
pub use error::{
    ActionError, ActionProblem, Delivery, Disconnect, Error, Fault, ListError, LoginError, Reason,
    Withheld,
};
pub use filter::Filter;
pub use list::{Collected, Replied};
pub use mask::{EventClass, EventMask, EventMaskError};
pub use message::{Event, Kind, Message, Response};
pub use originate::{Originate, Originated};
pub use parse::{Line, Lines};
pub use place::{End, Half, Placed};
pub use queue::{Buffer, Gap, Item, Overflow};
pub use record::{Recording, Tee};
pub use server_filter::EventFilter;
pub use shared::State;
pub use stats::Stats;
pub use stray::Stray;
pub use subscription::Subscription;
#[cfg(feature = "tls")]
pub use tls::Tls;
pub use value::{Variable, unescape};
