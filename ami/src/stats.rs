//! What a client has seen and done so far, in numbers.

use std::sync::atomic::{AtomicU64, Ordering};

/// The numbers of a client since it was made, over all its connections. See
/// [`Client::stats`](crate::Client::stats).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Stats {
    /// Bytes that came from the server after the logins.
    pub bytes_received: u64,
    /// Bytes that were written after the logins.
    pub bytes_sent: u64,
    /// Events, those in lists too.
    pub events: u64,
    /// Responses.
    pub responses: u64,
    /// Messages that are neither.
    pub other: u64,
    /// What could not become a message: larger than allowed, or cut off by the end of a
    /// connection.
    pub malformed: u64,
    /// Responses, and items of lists, that nobody waited for: their call had timed out, was
    /// dropped or had its answer already, or they are somebody else's or forged.
    pub unmatched: u64,
    /// Events, and [strays](crate::Stray), that subscriptions were too full to take, and events
    /// that were larger than a message may be; one that two subscriptions missed counts twice.
    pub missed: u64,
    /// How often the connection was lost and made anew.
    pub reconnects: u64,
    /// Calls that wait for an answer now.
    pub in_flight: usize,
    /// Subscriptions that there are now.
    pub subscriptions: usize,
}

/// A number that one task adds to and everybody may read.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    /// Not atomic as a whole, and so nearly free: only one task at a time may call it.
    #[inline]
    pub(crate) fn add(&self, more: u64) {
        self.0.store(self.get().wrapping_add(more), Ordering::Relaxed);
    }

    #[inline]
    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Invariant: the task of the client is the only one that adds.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) bytes_received: Counter,
    pub(crate) bytes_sent: Counter,
    pub(crate) events: Counter,
    pub(crate) responses: Counter,
    pub(crate) other: Counter,
    pub(crate) malformed: Counter,
    pub(crate) unmatched: Counter,
    pub(crate) missed: Counter,
    pub(crate) reconnects: Counter,
}

impl Counters {
    /// How many messages came, whatever they were.
    pub(crate) fn messages(&self) -> u64 {
        [&self.events, &self.responses, &self.other, &self.malformed]
            .iter()
            .map(|it| it.get())
            .sum()
    }

    /// The numbers now, but for those that are not counted here.
    pub(crate) fn stats(&self) -> Stats {
        Stats {
            bytes_received: self.bytes_received.get(),
            bytes_sent: self.bytes_sent.get(),
            events: self.events.get(),
            responses: self.responses.get(),
            other: self.other.get(),
            malformed: self.malformed.get(),
            unmatched: self.unmatched.get(),
            missed: self.missed.get(),
            reconnects: self.reconnects.get(),
            in_flight: 0,
            subscriptions: 0,
        }
    }
}
