//! Messages that are neither events nor expected answers.

use bytes::Bytes;

use crate::wire::{Malformed, Message};

/// A message, or a part of one, that is neither an event nor an expected answer. Subscriptions
/// whose filter [asks for strays](crate::Filter::with_strays) receive it at its place among the
/// events.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Stray {
    /// A message that begins with neither `Event` nor `Response`, usually the rest of a message
    /// that a value with line ends cut in two. It is also reported here if an
    /// [exchange](crate::Client::exchange) took it as part of its reply.
    Message(Message),
    /// A response or an item of a list that no call waits for. The call has timed out, was dropped,
    /// or has its answer already; the list was not requested with [`list`](crate::Client::list); or
    /// the message belongs to somebody else or is forged.
    Unmatched(Message),
    /// Bytes that are not a message. An event that was too large also counts as
    /// [missed](crate::Item::Missed) for the subscriptions that it was for.
    Malformed(Malformed),
}

impl Stray {
    /// Copies the stray into memory of its own.
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

    /// Returns the number of bytes that the stray holds.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Message(message) | Self::Unmatched(message) => message.raw().len(),
            Self::Malformed(Malformed::Truncated(rest)) => rest.len(),
            Self::Malformed(Malformed::TooLarge { head, .. }) => head.len(),
        }
    }
}
