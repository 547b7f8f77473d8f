//! The reading end of a queue.

use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::task::coop::poll_proceed;

use super::buffer::Buffer;
use super::bundle::Taken;
use super::filter::Filter;
use super::index::Subscribers;
use super::item::Queued;
use super::queue::Queue;
use crate::error::Disconnect;

/// The end of a queue, without the type of its events.
pub(crate) struct Feed {
    queue: Arc<Queue>,
    /// The entries that were taken out of the queue and not returned yet.
    taken: Taken,
    subscribers: Arc<Subscribers>,
}

impl Feed {
    pub(super) fn new(subscribers: &Arc<Subscribers>, queue: Queue) -> Self {
        let queue = Arc::new(queue);
        subscribers.add(&queue);
        Self { queue, taken: Taken::default(), subscribers: Arc::clone(subscribers) }
    }

    /// Creates the feed of a follow, which gets marks, and `Down` as soon as the connection is
    /// lost.
    pub(crate) fn followed(subscribers: &Arc<Subscribers>, filter: Filter, buffer: Buffer) -> Self {
        Self::new(subscribers, Queue::followed(filter, buffer))
    }

    /// Returns the next entry, or `None` at the end.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Queued>> {
        if self.taken.is_empty() {
            // A task that always gets an item has to yield to others now and then. The budget is
            // charged per batch, not per item, because a subscriber on the reader's thread would
            // otherwise have too few turns to keep up.
            let turn = ready!(poll_proceed(cx));
            ready!(self.queue.poll(cx, &mut self.taken));
            turn.made_progress();
        }
        Poll::Ready(self.taken.pop_front())
    }

    pub(crate) fn filter(&self) -> &Filter {
        &self.queue.filter
    }

    /// Returns the number of events and strays that wait to be taken.
    pub(crate) fn queued(&self) -> usize {
        self.taken.messages() + self.queue.len()
    }

    /// Returns the reason for the end of the client, if it has ended.
    pub(super) fn ended(&self) -> Option<Disconnect> {
        self.subscribers.ended.get().cloned()
    }

    /// Returns a mark for the end of a list, to be put into the queue.
    pub(crate) fn marker(&self, number: u64) -> Marker {
        Marker { queue: Arc::clone(&self.queue), number }
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.subscribers.remove(&self.queue);
    }
}

/// A mark that the reader puts into a queue where a list ends.
#[derive(Clone)]
pub(crate) struct Marker {
    queue: Arc<Queue>,
    number: u64,
}

impl Marker {
    /// Puts the mark behind all events that are in the queue.
    pub(crate) fn set(&self) {
        self.queue.mark(self.number);
    }
}
