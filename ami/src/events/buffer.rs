//! The capacity of a subscription, and its behaviour when it is full.

/// The limit in bytes of shared read buffers that the events of a queue may hold, if only the
/// number of events is bounded. Events beyond it get memory of their own, so that a slow subscriber
/// holds little more than what it has not read yet, even if its events are few among many.
pub(super) const SHARED: usize = 1024 * 1024;

/// The default limit of a queue in bytes: more than a burst of a busy server.
const BYTES: usize = 16 * 1024 * 1024;

/// The largest number of items that a subscriber is handed at once. If the queue holds no other
/// items, the limit is [`ALL`], so that they need not be counted out one by one.
const BATCH: usize = 64;
const ALL: usize = 256;

/// The capacity of a subscription whose subscriber falls behind, and its behaviour when it is full.
///
/// ```
/// use ami::{Buffer, Overflow};
///
/// let buffer = Buffer::bounded(10_000).overflow(Overflow::Close);
/// # assert_ne!(buffer, Buffer::default());
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Buffer {
    pub(super) bytes: usize,
    /// The capacity in events. The highest number means no limit.
    pub(super) capacity: u32,
    pub(super) overflow: Overflow,
}

/// The behaviour of a subscription that is full when an event comes.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Overflow {
    /// Drops the event. The subscription reports the number of missing events at their place.
    #[default]
    Skip,
    /// Drops the event, reports it as missing, and ends the subscription.
    Close,
}

impl Buffer {
    /// Creates a buffer of at most this many events, at least one. A busy subscriber may have been
    /// handed a few more, up to a 64th of the number.
    pub fn bounded(capacity: usize) -> Self {
        let capacity = u32::try_from(capacity.max(1)).unwrap_or(u32::MAX);
        Self { capacity, bytes: usize::MAX, overflow: Overflow::Skip }
    }

    /// Creates a buffer of this many bytes, with room for at least one event. Each event takes its
    /// own bytes and about 70 more.
    pub fn bytes(bytes: usize) -> Self {
        Self { bytes, ..Self::unbounded() }
    }

    /// Creates a buffer without a limit. A subscriber that never catches up uses all memory.
    pub fn unbounded() -> Self {
        Self::bounded(usize::MAX)
    }

    /// Returns the number of events that are put into the queue at once.
    pub(super) fn batch(&self) -> usize {
        (self.capacity as usize / 64).clamp(1, BATCH)
    }

    /// Returns the number of bytes that are put into the queue at once.
    pub(super) fn batch_bytes(&self) -> usize {
        self.bytes / 64
    }

    /// Returns the number of items that a subscriber may be handed at once if the queue holds no
    /// others.
    pub(super) fn all(&self) -> usize {
        ALL.min(self.capacity as usize / 64)
    }

    /// Returns the limit in bytes of the shared memory that the events may hold.
    pub(super) fn shared(&self) -> usize {
        match self.bytes {
            usize::MAX if self.capacity == u32::MAX => BYTES / 2,
            usize::MAX => SHARED,
            bytes => bytes / 2,
        }
    }

    /// Sets the behaviour when the subscription is full; [`Overflow::Skip`] by default.
    #[must_use]
    pub fn overflow(mut self, overflow: Overflow) -> Self {
        self.overflow = overflow;
        self
    }
}

/// Returns a buffer of 16 MiB, which is about 30,000 events, with [`Overflow::Skip`].
impl Default for Buffer {
    fn default() -> Self {
        Self::bytes(BYTES)
    }
}
