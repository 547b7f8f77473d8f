//! What comes of an action that is answered with more than one message.

use crate::message::{Event, Message, Response};

/// A complete list.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Collected {
    /// The response that began it. Nothing only in a [`ListError`](crate::ListError).
    pub response: Option<Response>,
    /// The items, in the order in which the server sent them.
    pub items: Vec<Event>,
    /// The event that ended it, with its totals. Nothing if the server answered with a plain success: some do for a list
    /// that is empty.
    pub complete: Option<Event>,
}

impl Collected {
    /// What the server says the number of items is (`ListItems`). Ordinary servers are wrong about it: 16 says 1 for
    /// every `DBGetTree`, `EndpointDetailComplete` counts one too many, and PJSIP's lists count what they did not send.
    pub fn list_items(&self) -> Option<u64> {
        self.complete.as_ref()?.utf8("ListItems").ok()??.parse().ok()
    }
}

/// A part of the reply to an action, on the way to the one who waits for it.
#[derive(Debug)]
pub(crate) enum Reply {
    /// The response that begins a list, or is all of it.
    Response(Response),
    /// An item of a list.
    Item(Event),
    /// The end of a list, and the event that told it.
    End(Option<Event>),
    /// A message of a reply whose shape is not known.
    Message(Message),
}
