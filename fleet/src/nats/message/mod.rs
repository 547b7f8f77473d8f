//! Messages: their ids, headers and bodies, and how they are read back.

mod control;
mod entry;
mod id;
mod parse;
#[cfg(test)]
mod tests;
mod time;
mod write;

pub use self::control::{Control, Reason, Takeover, Why};
pub use self::entry::Place;
pub(crate) use self::entry::{Content, Entry};
pub use self::id::{Id, IdError, Run, Shared};
pub(crate) use self::id::{Key, Keys};
pub(crate) use self::parse::event;
pub use self::parse::{Body, Message, MessageError};
pub(crate) use self::write::{Outgoing, Writer};

/// The header with the id. JetStream drops a message with an id that it has stored lately.
pub(crate) const ID: &str = "Nats-Msg-Id";

/// The header of a message with a private id: the last shared id of its origin before it.
pub(crate) const AFTER: &str = "Ami-After";

/// The header of a raw event: its place.
pub(crate) const PLACE: &str = "Ami-Place";

/// The version of the body.
pub(crate) const VERSION: u32 = 1;
