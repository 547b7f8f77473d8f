//! Counts of what has ended. They only grow: also across losses, and when the server is asked
//! again.

use std::time::Duration;

use super::{Outcome, QueueExit};
use crate::table::Table;
use crate::text::Id;

/// The number of outcomes of a call.
const OUTCOMES: usize = Outcome::Unknown as usize + 1;

/// Counts of what has ended since the state began to be kept.
#[derive(Clone, Debug, Default)]
pub(crate) struct Totals {
    /// The calls that have ended, by outcome.
    pub(crate) calls: [u64; OUTCOMES],
    /// The durations of calls whose beginning and end were seen.
    pub(crate) durations: Histogram,
    /// The times from the answer to the end of calls that a party answered, if both were seen.
    pub(crate) talks: Histogram,
    /// The queues, those that have been removed among them.
    pub(crate) queues: Table<QueueTotals>,
    /// The number of times that the state has become current.
    pub(crate) current: u64,
}

/// Counts of a queue.
#[derive(Clone, Debug)]
pub(crate) struct QueueTotals {
    pub(crate) name: Id,
    /// The waits of callers by the way in which they left; see [`wait`](Self::wait).
    pub(crate) waits: [Histogram; EXITS.len()],
    /// The callers whom a member answered within the service level.
    pub(crate) in_time: u64,
    /// The times that members talked with callers.
    pub(crate) talks: Histogram,
}

/// The ways in which callers leave a queue, in the order of [`QueueTotals::waits`].
pub(crate) const EXITS: [&str; 5] = ["answered", "abandoned", "timed_out", "redirected", "unknown"];

impl QueueTotals {
    pub(crate) fn new(name: Id) -> Self {
        Self { name, waits: <_>::default(), in_time: 0, talks: Histogram::default() }
    }

    /// Returns the waits of callers who left in that way.
    pub(crate) fn wait(&mut self, how: &QueueExit) -> &mut Histogram {
        let [answered, abandoned, timed_out, redirected, unknown] = &mut self.waits;
        match how {
            QueueExit::Answered { .. } => answered,
            QueueExit::Abandoned => abandoned,
            QueueExit::TimedOut => timed_out,
            QueueExit::Redirected => redirected,
            QueueExit::Unknown => unknown,
        }
    }
}

/// The upper bounds of the buckets of a histogram, in seconds.
pub(crate) const BOUNDS: [u32; 12] = [1, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600, 7200];

/// Durations, counted by size.
#[derive(Clone, Debug, Default)]
pub(crate) struct Histogram {
    /// The number of durations up to each of the [`BOUNDS`] and above the one before it.
    pub(crate) buckets: [u64; BOUNDS.len()],
    /// The number of all durations.
    pub(crate) count: u64,
    pub(crate) sum: Duration,
}

impl Histogram {
    pub(crate) fn add(&mut self, duration: Duration) {
        let at = BOUNDS.partition_point(|&bound| Duration::from_secs(bound.into()) < duration);
        if let Some(bucket) = self.buckets.get_mut(at) {
            *bucket += 1;
        }
        self.count += 1;
        self.sum = self.sum.saturating_add(duration);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_includes_its_bound_and_what_is_above_all_is_only_counted() {
        let mut histogram = Histogram::default();
        for millis in [0, 1000, 1001, 7_200_000, 7_200_001] {
            histogram.add(Duration::from_millis(millis));
        }
        assert_eq!(histogram.buckets, [2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
        assert_eq!((histogram.count, histogram.sum), (5, Duration::from_millis(14_402_002)));
    }
}
