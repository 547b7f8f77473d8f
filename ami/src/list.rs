//! What comes of an action that is answered with more than one message.

use std::ops::Deref;

use crate::message::{Event, Message, Response};

/// How much memory a read buffer takes, which a message that is kept keeps.
const READ: usize = 64 * 1024;

/// A complete list.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Collected {
    /// The response that began it. Nothing only in a [`ListError`](crate::ListError).
    pub response: Option<Response>,
    /// The items, in the order in which the server sent them.
    pub items: Vec<Event>,
    /// The event that ended it, with its totals. Nothing if the server answered with a plain
    /// success: some do for a list that is empty.
    pub complete: Option<Event>,
}

impl Collected {
    /// Puts it in memory of its own if it holds far less than the read buffers that it came in.
    pub(crate) fn settle(&mut self) {
        let bytes: usize = self.items.iter().map(|item| item.raw().len()).sum();
        if bytes < READ / 2 {
            self.items.iter_mut().for_each(|item| *item = item.detach());
            self.response = self.response.take().map(|response| response.detach());
            self.complete = self.complete.take().map(|event| event.detach());
        }
    }

    /// What the server says the number of items is (`ListItems`). Ordinary servers are wrong about
    /// it: 16 says 1 for every `DBGetTree`, `EndpointDetailComplete` counts one too many, and
    /// PJSIP's lists count what they did not send.
    pub fn list_items(&self) -> Option<u64> {
        self.complete.as_ref()?.utf8("ListItems").ok()??.parse().ok()
    }
}

/// One message of the reply to an [exchange](crate::Client::exchange).
#[derive(Clone, Debug)]
pub struct Replied {
    message: Message,
    has_our_id: bool,
}

impl Replied {
    pub(crate) fn new(message: Message, has_our_id: bool) -> Self {
        Self { message, has_our_id }
    }

    /// Whether the message has the ActionID of the action. One without it is part of the reply by
    /// its place alone: it came while the server worked on the action.
    pub fn has_our_id(&self) -> bool {
        self.has_our_id
    }

    /// The message, with all its fields.
    pub fn into_message(self) -> Message {
        self.message
    }
}

impl Deref for Replied {
    type Target = Message;

    fn deref(&self) -> &Message {
        &self.message
    }
}
