//! What comes of an action that is answered with more than one message.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll};

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::error::Error;
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
    Message(Replied),
}

impl Reply {
    fn bytes(&self) -> usize {
        match self {
            Self::Response(response) => response.raw().len(),
            Self::Item(event) => event.raw().len(),
            Self::Message(replied) => replied.raw().len(),
            Self::End(_) => 0,
        }
    }
}

/// How many bytes of a reply may wait for somebody who does not read it.
const UNREAD: usize = 64 * 1024 * 1024;

/// The way to who waits for more than one message. It holds a limited number of bytes; what comes
/// beyond them ends it.
#[derive(Clone, Debug)]
pub(crate) struct Replies {
    sender: UnboundedSender<Result<Reply, Error>>,
    unread: Arc<AtomicUsize>,
}

/// The other end.
#[derive(Debug)]
pub(crate) struct Incoming {
    receiver: UnboundedReceiver<Result<Reply, Error>>,
    unread: Arc<AtomicUsize>,
}

pub(crate) fn replies() -> (Replies, Incoming) {
    let (sender, receiver) = unbounded_channel();
    let unread = Arc::<AtomicUsize>::default();
    (Replies { sender, unread: Arc::clone(&unread) }, Incoming { receiver, unread })
}

impl Replies {
    /// Hands over a part. False if nobody wants it, or no longer.
    pub(crate) fn send(&self, reply: Result<Reply, Error>) -> bool {
        let bytes = reply.as_ref().map_or(0, Reply::bytes);
        let before = self.unread.fetch_add(bytes, Relaxed);
        if before > UNREAD {
            return false;
        }
        if before + bytes > UNREAD {
            let told = self.sender.send(Err(Error::Unread(before)));
            drop(told.and_then(|()| self.sender.send(Ok(Reply::End(None)))));
            // Whatever is read of it now, nothing more comes.
            self.unread.fetch_add(usize::MAX / 2, Relaxed);
            return false;
        }
        self.sender.send(reply).is_ok()
    }
}

impl Incoming {
    /// The next part; `None` if the connection has forgotten who waits.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Reply, Error>>> {
        self.receiver.poll_recv(cx).map(|reply| {
            if let Some(Ok(reply)) = &reply {
                self.unread.fetch_sub(reply.bytes(), Relaxed);
            }
            reply
        })
    }
}
