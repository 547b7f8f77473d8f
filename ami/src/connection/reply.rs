//! Replies of more than one message, on their way from the reader to the caller.

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
    /// The last part, without content.
    const END: Self;

    /// Returns `true` if this is the last part.
    fn is_end(&self) -> bool;

    /// Returns the number of bytes of the messages in this part.
    fn bytes(&self) -> usize;
}

/// A part of a list.
#[derive(Debug)]
pub(crate) enum Listed {
    /// The response that begins the list, or is the whole reply.
    Response(Response),
    Item(Event),
    /// The end of the list, with the event that reports it.
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

/// A part of a reply of any shape.
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

/// Returns the memory that a part takes while it is buffered, in bytes.
fn size_of<P: Part>(part: &Result<P, Error>) -> usize {
    let bytes = match part {
        Ok(part) => part.bytes(),
        Err(error) => error.response().map_or(0, |response| response.raw().len()),
    };
    bytes + std::mem::size_of::<Result<P, Error>>()
}

/// The number of bytes that may be buffered for a caller that does not read.
const UNREAD: usize = 64 * 1024 * 1024;

/// The number added to the count of bytes once no more parts are accepted.
const OVER: usize = usize::MAX / 2;

/// The sending end of a reply. It accepts a limited number of unread bytes, and ends the reply
/// beyond that.
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

/// The receiving end of a reply.
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
    /// Passes on a part. Returns `false` if the caller is gone or the reply has ended.
    pub(crate) fn send(&self, part: Result<P, Error>) -> bool {
        let bytes = size_of(&part);
        let before = self.unread.fetch_add(bytes, Relaxed);
        if before >= OVER / 2 {
            return false;
        }
        // One part may exceed the limit, because the codec limits its size.
        if before >= UNREAD && !part.as_ref().is_ok_and(Part::is_end) {
            let told = self.sender.send(Err(Error::Unread(before)));
            drop(told.and_then(|()| self.sender.send(Ok(P::END))));
            // The count stays above the limit even if the caller reads everything, so nothing more
            // is accepted.
            self.unread.fetch_add(OVER, Relaxed);
            return false;
        }
        self.sender.send(part).is_ok()
    }

    /// Ends the reply.
    pub(crate) fn end(&self) -> bool {
        self.send(Ok(P::END))
    }

    /// Passes on an error. Other parts may follow.
    pub(crate) fn fail(&self, error: Error) -> bool {
        self.send(Err(error))
    }
}

impl<P: Part> Incoming<P> {
    /// Takes the next part. Returns `None` if the connection has dropped the sending end.
    pub(crate) fn recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<P, Error>>> {
        self.receiver.poll_recv(cx).map(|part| {
            if let Some(part) = &part {
                self.unread.fetch_sub(size_of(part), Relaxed);
            }
            part
        })
    }
}

/// One message of the reply to an [exchange](crate::Client::exchange). Dereferences to the
/// [`Message`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Replied {
    message: Message,
    has_our_id: bool,
}

impl Replied {
    /// Returns `true` if the message has the ActionID of the action.
    ///
    /// A message without it is part of the reply by its position alone: it arrived while the server
    /// executed the action. It can be forged, or the rest of an event that a value has cut in two.
    pub fn has_our_id(&self) -> bool {
        self.has_our_id
    }

    /// Returns the message with all its fields.
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
