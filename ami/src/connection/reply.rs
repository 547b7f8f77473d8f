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

/// A part of a reply.
pub(crate) trait Part: Sized {
    /// The part behind which no other comes, if it has nothing to say.
    const END: Self;

    /// Whether no other part comes behind it.
    fn is_end(&self) -> bool;

    /// How many bytes of messages it holds.
    fn bytes(&self) -> usize;
}

/// A part of a list.
#[derive(Debug)]
pub(crate) enum Listed {
    /// The response that begins the list, or is all of it.
    Response(Response),
    Item(Event),
    /// The end, and the event that told it.
    End(Option<Event>),
}

impl Part for Listed {
    const END: Self = Self::End(None);

    fn is_end(&self) -> bool {
        matches!(self, Self::End(_))
    }

    fn bytes(&self) -> usize {
        match self {
            Self::Response(response) => response.raw().len(),
            Self::Item(event) => event.raw().len(),
            Self::End(_) => 0,
        }
    }
}

/// A part of a reply whose shape is not known.
#[derive(Debug)]
pub(crate) enum Said {
    Message(Replied),
    End,
}

impl Said {
    pub(crate) fn new(message: &Message, has_our_id: bool) -> Self {
        Self::Message(Replied { message: message.clone(), has_our_id })
    }
}

impl Part for Said {
    const END: Self = Self::End;

    fn is_end(&self) -> bool {
        matches!(self, Self::End)
    }

    fn bytes(&self) -> usize {
        match self {
            Self::Message(replied) => replied.raw().len(),
            Self::End => 0,
        }
    }
}

/// How much memory a part takes while it waits.
fn size_of<P: Part>(part: &Result<P, Error>) -> usize {
    let bytes = match part {
        Ok(part) => part.bytes(),
        Err(error) => error.response().map_or(0, |response| response.raw().len()),
    };
    bytes + std::mem::size_of::<Result<P, Error>>()
}

/// How many bytes of a reply may wait for somebody who does not read it.
const UNREAD: usize = 64 * 1024 * 1024;

/// The amount that is added to the number of bytes when no more is taken.
const OVER: usize = usize::MAX / 2;

/// The way to who waits for more than one message. It holds a limited number of bytes; what comes
/// beyond them ends it.
#[derive(Debug)]
pub(crate) struct Parts<P> {
    sender: UnboundedSender<Result<P, Error>>,
    unread: Arc<AtomicUsize>,
}

impl<P> Clone for Parts<P> {
    fn clone(&self) -> Self {
        Self { sender: self.sender.clone(), unread: Arc::clone(&self.unread) }
    }
}

/// The other end.
#[derive(Debug)]
pub(crate) struct Incoming<P> {
    receiver: UnboundedReceiver<Result<P, Error>>,
    unread: Arc<AtomicUsize>,
}

pub(crate) fn parts<P>() -> (Parts<P>, Incoming<P>) {
    let (sender, receiver) = unbounded_channel();
    let unread = Arc::<AtomicUsize>::default();
    (Parts { sender, unread: Arc::clone(&unread) }, Incoming { receiver, unread })
}

impl<P: Part> Parts<P> {
    /// Hands over a part. False if nobody wants it, or no longer.
    pub(crate) fn send(&self, part: Result<P, Error>) -> bool {
        let bytes = size_of(&part);
        let before = self.unread.fetch_add(bytes, Relaxed);
        if before >= OVER / 2 {
            return false;
        }
        // One part may go beyond: how large it may be is for the codec to say.
        if before >= UNREAD && !part.as_ref().is_ok_and(Part::is_end) {
            let told = self.sender.send(Err(Error::Unread(before)));
            drop(told.and_then(|()| self.sender.send(Ok(P::END))));
            // Whatever is read of it now, nothing more comes.
            self.unread.fetch_add(OVER, Relaxed);
            return false;
        }
        self.sender.send(part).is_ok()
    }

    /// Tells that no other part comes.
    pub(crate) fn end(&self) -> bool {
        self.send(Ok(P::END))
    }

    /// Tells of an error. Other parts may come behind it.
    pub(crate) fn fail(&self, error: Error) -> bool {
        self.send(Err(error))
    }
}

impl<P: Part> Incoming<P> {
    /// The next part; `None` if the connection has forgotten who waits.
    pub(crate) fn recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<P, Error>>> {
        self.receiver.poll_recv(cx).map(|part| {
            if let Some(part) = &part {
                self.unread.fetch_sub(size_of(part), Relaxed);
            }
            part
        })
    }
}

/// One message of the reply to an [exchange](crate::Client::exchange).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Replied {
    message: Message,
    has_our_id: bool,
}

impl Replied {
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
