//! The merged event stream: the follows of all servers, read in turn.
//!
//! Each server has a queue of its own in its own client, so a loud one takes no room from others.
//! A server whose queue has something is put into a queue of those that are ready, and is read for
//! a few items before the next one has its turn.

mod inbox;
pub(crate) mod number;
mod source;

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

use futures_core::Stream;

pub(crate) use self::inbox::Inbox;
use self::inbox::{Signal, Turn};
pub(crate) use self::source::Source;
use crate::item::Item;

/// The largest number of items that are taken from one server while others wait.
const TURN: u32 = 64;

/// The events of all servers of a fleet, in one stream.
///
/// [`Fleet::subscribe`](crate::Fleet::subscribe) returns it. The items of a server are in the order
/// in which the server sent them. Between servers there is no order: those that have something are
/// read in turn.
///
/// A subscriber that falls behind is told at the place what it has [missed](crate::What::Missed),
/// for each server on its own.
pub struct Subscription {
    inbox: Arc<Inbox>,
    /// The servers, by the index that their signals have.
    slots: Vec<Option<Slot>>,
    /// The server whose turn it is, and the number of items that it may still give.
    current: Option<(usize, u32)>,
}

struct Slot {
    source: Source,
    signal: Arc<Signal>,
    waker: Waker,
}

impl Subscription {
    pub(crate) fn new(inbox: Arc<Inbox>) -> Self {
        Self { inbox, slots: Vec::new(), current: None }
    }

    /// Waits for the next item. Returns `None` when the last handle of the fleet was dropped, all
    /// its clients have ended, and all items were taken.
    ///
    /// Cancel safe: no item is lost if the future is dropped.
    pub async fn next(&mut self) -> Option<Item> {
        poll_fn(|cx| self.poll(cx)).await
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Item>> {
        loop {
            let (index, left) = match self.current {
                Some(current) => current,
                None => match ready!(self.turn(cx)) {
                    Some(index) => (index, TURN),
                    None => return Poll::Ready(None),
                },
            };
            self.current = None;
            let Some(slot) = self.slots.get_mut(index).and_then(Option::as_mut) else { continue };
            match slot.source.poll(&mut Context::from_waker(&slot.waker)) {
                Poll::Ready(Some(item)) => {
                    if left > 1 {
                        self.current = Some((index, left - 1));
                    } else {
                        slot.signal.set();
                    }
                    return Poll::Ready(Some(item));
                }
                Poll::Ready(None) => self.slots[index] = None,
                // The source has its own waker, which puts it back.
                Poll::Pending => {}
            }
        }
    }

    /// Returns the index of the server that is next, or `None` at the end.
    fn turn(&mut self, cx: &mut Context<'_>) -> Poll<Option<usize>> {
        if !tokio::task::coop::has_budget_remaining() {
            // A source that is polled without budget puts itself back at once.
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        loop {
            match ready!(self.inbox.turn(cx)) {
                Turn::Of(index) => {
                    let slot = self.slots.get(index).and_then(Option::as_ref);
                    if let Some(slot) = slot {
                        slot.signal.clear();
                        return Poll::Ready(Some(index));
                    }
                }
                Turn::Joined(sources) => sources.into_iter().for_each(|it| self.add(it)),
                Turn::Closed if self.slots.iter().all(Option::is_none) => {
                    return Poll::Ready(None);
                }
                Turn::Closed => return Poll::Pending,
            }
        }
    }

    fn add(&mut self, source: Source) {
        let free = self.slots.iter().position(Option::is_none);
        let index = free.unwrap_or(self.slots.len());
        let signal = Signal::new(&self.inbox, index);
        let waker = Waker::from(Arc::clone(&signal));
        signal.set();
        let slot = Some(Slot { source, signal, waker });
        match free {
            Some(index) => self.slots[index] = slot,
            None => self.slots.push(slot),
        }
    }
}

/// Yields the items as [`next`](Subscription::next) does.
impl Stream for Subscription {
    type Item = Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Item>> {
        self.poll(cx)
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let origins: Vec<_> = self.slots.iter().flatten().map(|it| it.source.origin()).collect();
        f.debug_struct("Subscription")
            .field("filter", self.inbox.filter())
            .field("origins", &origins)
            .finish_non_exhaustive()
    }
}
