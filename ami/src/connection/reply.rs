//! The parts of a reply of more than one message, on their way from the reader to the one who
//! waits.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll};

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::error::Error;
use crate::wire::{Event, Message, Response};

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

/// How much memory a part takes while it waits.
fn size_of(part: &Result<Reply, Error>) -> usize {
    let bytes = match part {
        Ok(Reply::Response(response)) => response.raw().len(),
        Ok(Reply::Item(event)) => event.raw().len(),
        Ok(Reply::Message(replied)) => replied.raw().len(),
        Ok(Reply::End(_)) => 0,
        Err(error) => error.response().map_or(0, |response| response.raw().len()),
    };
    bytes + std::mem::size_of::<Result<Reply, Error>>()
}

/// How many bytes of a reply may wait for somebody who does not read it.
const UNREAD: usize = 64 * 1024 * 1024;

/// The amount that is added to the number of bytes when no more is taken.
const OVER: usize = usize::MAX / 2;

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
        let bytes = size_of(&reply);
        let before = self.unread.fetch_add(bytes, Relaxed);
        if before >= OVER / 2 {
            return false;
        }
        // One part may go beyond: how large it may be is for the codec to say.
        if before >= UNREAD && !matches!(reply, Ok(Reply::End(_))) {
            let told = self.sender.send(Err(Error::Unread(before)));
            drop(told.and_then(|()| self.sender.send(Ok(Reply::End(None)))));
            // Whatever is read of it now, nothing more comes.
            self.unread.fetch_add(OVER, Relaxed);
            return false;
        }
        self.sender.send(reply).is_ok()
    }
}

impl Incoming {
    /// The next part; `None` if the connection has forgotten who waits.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Reply, Error>>> {
        self.receiver.poll_recv(cx).map(|reply| {
            if let Some(part) = &reply {
                self.unread.fetch_sub(size_of(part), Relaxed);
            }
            reply
        })
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
