//! What is no event and no answer that somebody waits for.

use bytes::Bytes;

use crate::wire::{Malformed, Message};

/// A message or a piece of one that is neither an event nor an answer that somebody waits for.
/// Subscriptions whose filter [asks for it](crate::Filter::with_strays) get it at its place among
/// the events.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Stray {
    /// A message that begins with neither `Event` nor `Response`: as a rule the rest of one that a
    /// value with line ends cut in two. It is here also if an
    /// [exchange](crate::Client::exchange) took it for its reply.
    Message(Message),
    /// A response, or an item of a list, that nobody waits for: its call has timed out, was dropped
    /// or has its answer already, the list was not asked for as one; or it is somebody else's
    /// or forged.
    Unmatched(Message),
    /// Bytes that could not become a message. An event that was too large is also
    /// [missed](crate::Item::Missed) by those who asked for it.
    Malformed(Malformed),
}

impl Stray {
    /// The same in memory of its own.
    pub(crate) fn detach(self) -> Self {
        let copy = |bytes: &Bytes| Bytes::copy_from_slice(bytes);
        match self {
            Self::Message(message) => Self::Message(message.detach()),
            Self::Unmatched(message) => Self::Unmatched(message.detach()),
            Self::Malformed(Malformed::Truncated(rest)) => {
                Self::Malformed(Malformed::Truncated(copy(&rest)))
            }
            Self::Malformed(other) => Self::Malformed(other),
        }
    }

    /// How many bytes it holds.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Message(message) | Self::Unmatched(message) => message.raw().len(),
            Self::Malformed(Malformed::Truncated(rest)) => rest.len(),
            Self::Malformed(Malformed::TooLarge { head, .. }) => head.len(),
        }
    }
}
