//! How much a subscription holds, and what happens beyond that.

/// How much of such memory the events of a queue may hold that is not bounded in bytes. Those
/// behind get memory of their own, so that a slow subscriber holds what it has not read yet and
/// little more, also if its events are few among many.
pub(super) const SHARED: usize = 1024 * 1024;

/// How much a queue holds unless its owner says otherwise: more than a burst of a busy server.
const BYTES: usize = 16 * 1024 * 1024;

/// How many items a subscriber is handed at once, at most; and if there are no others, so that
/// they need not be counted out one by one.
const BATCH: usize = 64;
const ALL: usize = 256;

/// How much a subscription holds for a subscriber that is behind, and what happens beyond that.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Buffer {
    pub(super) bytes: usize,
    /// The highest number is no limit.
    pub(super) capacity: u32,
    pub(super) overflow: Overflow,
}

/// What happens to an event that comes when a subscription is full.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Overflow {
    /// It is missing; the subscription tells how many are, and where.
    #[default]
    Skip,
    /// The subscription tells that it is missing, and ends.
    Close,
}

impl Buffer {
    /// At most so many events, at least one. A subscriber that is at work has been handed a few
    /// more, up to a 64th of them.
    pub fn bounded(capacity: usize) -> Self {
        let capacity = u32::try_from(capacity.max(1)).unwrap_or(u32::MAX);
        Self { capacity, bytes: usize::MAX, overflow: Overflow::Skip }
    }

    /// Holds as many events as there is room for in so many bytes, at least one. Each takes its own
    /// bytes and some 70 more.
    pub fn bytes(bytes: usize) -> Self {
        Self { bytes, ..Self::unbounded() }
    }

    /// As many as there are. Memory is the limit.
    pub fn unbounded() -> Self {
        Self::bounded(usize::MAX)
    }

    /// How many events are put into the queue at once.
    pub(super) fn batch(&self) -> usize {
        (self.capacity as usize / 64).clamp(1, BATCH)
    }

    /// How many bytes are put into the queue at once.
    pub(super) fn batch_bytes(&self) -> usize {
        self.bytes / 64
    }

    /// How many items a subscriber is handed at once, of so many that take so many bytes.
    pub(super) fn handed(&self, items: usize, bytes: usize) -> usize {
        let few = items <= ALL.min(self.capacity as usize / 64) && bytes <= self.batch_bytes();
        if few { items } else { items.min(self.batch()) }
    }

    /// How much memory that they share with others the events may hold.
    pub(super) fn shared(&self) -> usize {
        match self.bytes {
            usize::MAX if self.capacity == u32::MAX => BYTES / 2,
            usize::MAX => SHARED,
            bytes => bytes / 2,
        }
    }

    /// What happens beyond the limit; [`Overflow::Skip`] unless set.
    #[must_use]
    pub fn overflow(mut self, overflow: Overflow) -> Self {
        self.overflow = overflow;
        self
    }
}

/// 16 MiB of events, some 30,000, and [`Overflow::Skip`].
impl Default for Buffer {
    fn default() -> Self {
        Self::bytes(BYTES)
    }
}
