#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod action;
mod client;
mod codec;
mod command;
mod config;
mod error;
mod filter;
mod login;
mod message;
mod originate;
mod outbox;
mod parse;
mod record;
mod router;
#[cfg(feature = "serde")]
mod serialize;
mod session;
mod subscription;
mod value;

pub use action::Action;
pub use client::{Call, Client};
pub use codec::{Banner, Codec, EncodeError, Frame, MAX_MESSAGE, Malformed};
pub use command::CommandOutput;
pub use config::{Config, Login};
pub use error::{
    ActionError, ActionProblem, Delivery, Disconnect, Error, Fault, LoginError, Reason,
};
pub use filter::Filter;
pub use message::{Event, Kind, Message, Response};
pub use originate::{Originate, Originated};
pub use parse::{Line, Lines};
pub use record::{Recording, Tee};
pub use subscription::{Buffer, Item, Overflow, Subscription};
pub use value::{Variable, unescape};
