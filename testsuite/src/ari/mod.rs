//! A small client of ARI, the REST interface of Asterisk: what tests of YAML need of one.
//!
//! This room depends on `matching`, for the fields of an event. It knows no test. Requests and the
//! websocket on which events come cross its door.
//!
//! Pitfalls: the password is part of every request, and of the address of the websocket. It is in
//! no error and in no debugging text.

mod client;
mod event;
mod http;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod websocket;

pub(crate) use self::client::{Answer, Client};
pub use self::event::AriEvent;
pub(crate) use self::websocket::{Websocket, WebsocketError};
