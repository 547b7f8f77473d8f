//! Counters of what a client has sent and received.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

/// The counters of a client since it was created, summed over all its connections. See
/// [`Client::stats`](crate::Client::stats).
///
/// Each field is read on its own, so the fields of one value may be a few messages apart.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Stats {
    /// The bytes received, without those of the logins.
    pub bytes_received: u64,
    /// The bytes written, without those of the logins.
    pub bytes_sent: u64,
    /// The events received, including those that belong to lists.
    pub events: u64,
    /// The responses received.
    pub responses: u64,
    /// The messages received that are neither events nor responses.
    pub other: u64,
    /// The pieces of input that are not messages: larger than
    /// [`Config::max_message`](crate::Config::max_message), or cut off by the end of a connection.
    pub malformed: u64,
    /// The responses and list items that no call was waiting for. The call had timed out, was
    /// dropped or already had its answer, or the message belongs to another session or is forged.
    pub unmatched: u64,
    /// The events and [strays](crate::Stray) that did not fit into the buffer of a subscription,
    /// and events that were larger than [`Config::max_message`](crate::Config::max_message). An
    /// event that two subscriptions missed counts twice.
    pub missed: u64,
    /// The number of times that the client has reconnected.
    pub reconnects: u64,
    /// The number of those times at which the server was restarted in between, or at which that
    /// cannot be excluded: [`Gap::restarted`](crate::Gap::restarted) was not `Some(false)`.
    pub restarts: u64,
    /// The time at which the last event was received.
    pub last_event: Option<SystemTime>,
    /// The number of calls that are waiting for an answer now.
    pub in_flight: usize,
    /// The number of open subscriptions.
    pub subscriptions: usize,
}

/// A counter that one task increments and any task may read.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    /// Adds `more`. The addition is not atomic as a whole, which makes it cheap: only one task at a
    /// time may call it.
    #[inline]
    pub(crate) fn add(&self, more: u64) {
        self.0.store(self.get().wrapping_add(more), Ordering::Relaxed);
    }

    #[inline]
    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The counters behind [`Stats`].
///
/// Invariant: only the task of the client increments them.
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
    pub(crate) restarts: Counter,
    /// The time of the last event, in microseconds since 1970.
    last_event: AtomicU64,
}

impl Counters {
    /// Returns the number of messages received, of any kind.
    pub(crate) fn messages(&self) -> u64 {
        [&self.events, &self.responses, &self.other, &self.malformed]
            .iter()
            .map(|it| it.get())
            .sum()
    }

    /// Notes that events have just been received.
    pub(crate) fn received_events(&self) {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let micros = u64::try_from(since.as_micros()).unwrap_or(u64::MAX);
        self.last_event.store(micros, Ordering::Relaxed);
    }

    fn last_event(&self) -> Option<SystemTime> {
        let micros = self.last_event.load(Ordering::Relaxed);
        (micros > 0).then(|| SystemTime::UNIX_EPOCH + Duration::from_micros(micros))
    }

    /// Returns the current counts. Fields that are not counted here are 0.
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
            restarts: self.restarts.get(),
            last_event: self.last_event(),
            in_flight: 0,
            subscriptions: 0,
        }
    }
}
