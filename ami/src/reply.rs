//! The parts of a reply of more than one message, on their way from the reader to the one who
//! waits.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll};

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::error::Error;
use crate::list::Replied;
use crate::message::{Event, Response};

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
