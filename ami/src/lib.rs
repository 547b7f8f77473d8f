#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod action;
mod client;
mod codec;
mod command;
mod config;
mod error;
mod login;
mod message;
mod originate;
mod outbox;
mod parse;
mod router;
mod session;
mod subscription;

pub use action::Action;
pub use client::{Call, Client};
pub use codec::{Banner, Codec, EncodeError, Frame, MAX_MESSAGE, Malformed};
pub use command::CommandOutput;
pub use config::{Config, Login};
pub use error::{
    ActionError, ActionProblem, Delivery, Disconnect, Error, Fault, LoginError, Reason,
};
pub use message::{Event, Kind, Lines, Message, Response};
pub use originate::{Originate, Originated};
pub use parse::Line;
pub use subscription::{Filter, Item, Subscription};
