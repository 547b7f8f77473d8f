//! The entries of a queue with their sizes, bundles of entries that go in together, and entries
//! that were taken out.

use std::collections::VecDeque;
use std::mem::size_of;
use std::sync::atomic::{AtomicU32, Ordering};

use super::buffer::Buffer;
use super::item::{Item, Queued};
use crate::wire::{Event, READ_BUFFER};

/// An item and its size.
pub(super) struct Entry {
    pub(super) item: Queued,
    /// The size in bytes. Of a read buffer, only bytes that no earlier event holds count.
    pub(super) bytes: u32,
    /// `true` if the item shares a read buffer.
    pub(super) shares: bool,
}

impl Entry {
    #[inline]
    pub(super) fn new(item: Queued, bytes: usize, shares: bool) -> Self {
        // No message is larger.
        Self { item, bytes: u32::try_from(bytes).unwrap_or(u32::MAX), shares }
    }

    /// Returns the bytes that the entry counts for: its own, and its place in the queue.
    pub(super) fn cost(&self) -> usize {
        self.bytes as usize + size_of::<Self>()
    }
}

/// Events that are put into a queue together. They are counted as the queue counts events that
/// share the buffers that they were read into.
#[derive(Default)]
pub(super) struct Bundle {
    pub(super) entries: VecDeque<Entry>,
    /// The number of bytes of read buffers that the events hold.
    pub(super) held: usize,
    /// The address at which the last event ends.
    pub(super) end: usize,
    /// The numbers of events and of bytes that should be put in at once.
    full: usize,
    full_bytes: usize,
}

impl Bundle {
    /// Prepares an empty bundle for the events of a queue with that buffer.
    pub(super) fn begin(&mut self, buffer: &Buffer) {
        (self.full, self.full_bytes) = (buffer.batch(), buffer.batch_bytes());
    }

    /// Adds an event. Returns `true` if the bundle should be put in now.
    #[inline]
    pub(super) fn add(&mut self, event: Event) -> bool {
        let (held, end) = held_behind(self.end, &event);
        self.held += held;
        self.end = end;
        let item = Queued::Item(Item::Event(event));
        self.entries.push_back(Entry::new(item, held, true));
        self.entries.len() >= self.full || self.held >= self.full_bytes
    }

    /// Counts the first event again, as one that follows an event that ends at this address.
    pub(super) fn follow(&mut self, end: usize) {
        if let Some(first) = self.entries.front_mut()
            && let Queued::Item(Item::Event(event)) = &first.item
        {
            let (held, _) = held_behind(end, event);
            self.held = self.held - first.bytes as usize + held;
            first.bytes = u32::try_from(held).unwrap_or(u32::MAX);
        }
    }

    /// Returns the bytes that the bundle counts for.
    pub(super) fn cost(&self) -> usize {
        self.held + self.entries.len() * size_of::<Entry>()
    }

    /// Takes the events out and keeps the allocated room.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = Event> {
        (self.held, self.end) = (0, 0);
        self.entries.drain(..).filter_map(|entry| match entry.item {
            Queued::Item(Item::Event(event)) => Some(event),
            _ => None,
        })
    }
}

/// The items that were taken out of a queue and not returned yet.
#[derive(Default)]
pub(super) struct Taken(pub(super) VecDeque<Entry>);

impl Taken {
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    #[inline]
    pub(super) fn pop_front(&mut self) -> Option<Queued> {
        self.0.pop_front().map(|entry| entry.item)
    }

    /// Returns the number of events and strays.
    pub(super) fn messages(&self) -> usize {
        self.0.iter().filter(|entry| entry.item.is_message()).count()
    }
}

/// Returns the number of items that a subscriber is handed at once, out of these, which take this
/// many bytes: a 64th of the buffer, in items and in bytes, and at least one item.
pub(super) fn handed(buffer: &Buffer, items: &VecDeque<Entry>, bytes: usize) -> usize {
    let most = buffer.batch_bytes();
    if items.len() <= buffer.all() && bytes <= most {
        return items.len();
    }
    let mut handed = 0;
    let fits = |entry: &&Entry| {
        let fits = handed == 0 || handed < most;
        handed += entry.cost();
        fits
    };
    items.iter().take(buffer.batch()).take_while(fits).count()
}

/// Returns the number of bytes of read buffers that an event holds if it follows an event that ends
/// at `end`, and the address at which it ends itself.
#[inline]
pub(super) fn held_behind(end: usize, event: &Event) -> (usize, usize) {
    let (begin, length) = (event.raw().as_ptr() as usize, event.raw().len());
    // If the event before it is in the same buffer, the bytes count from that event's end.
    let between = begin.wrapping_sub(end);
    let held = if between < READ_BUFFER { between + length } else { READ_BUFFER.max(length) };
    (held, begin.wrapping_add(length))
}

/// The result of putting an event into a queue.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Pushed {
    /// The event is in the queue, or the queue is closed.
    Done,
    /// The event is in the queue, which is now at least half full.
    HalfFull,
    /// The queue had no room for the event.
    Missed,
}

/// The likely place of a queue among the shares of the publisher. The place may belong to another
/// queue by now.
#[derive(Default)]
pub(super) struct Place(AtomicU32);

impl Place {
    #[inline]
    pub(super) fn get(&self) -> usize {
        self.0.load(Ordering::Relaxed) as usize
    }

    pub(super) fn set(&self, place: usize) {
        self.0.store(u32::try_from(place).unwrap_or(u32::MAX), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subscriber_is_handed_a_small_part_of_the_bytes_and_one_item_at_least() {
        let items: VecDeque<_> =
            (0..50).map(|_| Entry::new(Queued::Mark(1), 10_000, false)).collect();
        let bytes = items.iter().map(Entry::cost).sum();
        let handed = |buffer: Buffer| handed(&buffer, &items, bytes);
        assert_eq!(handed(Buffer::bytes(1024 * 1024)), 2);
        assert_eq!(handed(Buffer::bytes(0)), 1);
        assert_eq!(handed(Buffer::bytes(16 * 1024 * 1024)), 27);
        assert_eq!(handed(Buffer::unbounded()), 50);
    }
}
