//! What a queue holds, with what each of it counts for; what goes in together, and what comes out.

use std::collections::VecDeque;
use std::mem::size_of;
use std::sync::atomic::{AtomicU32, Ordering};

use super::buffer::Buffer;
use super::item::Item;
use crate::wire::{Event, READ_BUFFER};

/// An item, and what it counts for.
pub(super) struct Entry {
    pub(super) item: Item,
    /// How many bytes it takes: of read buffers, those that the events before it do not hold.
    pub(super) bytes: u32,
    /// Whether it shares a read buffer.
    pub(super) shares: bool,
}

impl Entry {
    #[inline]
    pub(super) fn new(item: Item, bytes: usize, shares: bool) -> Self {
        // No message is larger.
        Self { item, bytes: u32::try_from(bytes).unwrap_or(u32::MAX), shares }
    }

    /// The bytes that it counts for: its own, and its place in the queue.
    pub(super) fn cost(&self) -> usize {
        self.bytes as usize + size_of::<Self>()
    }
}

/// Events that are put into a queue together, counted as the queue counts those that share the
/// buffers that they were read into.
#[derive(Default)]
pub(super) struct Bundle {
    pub(super) entries: VecDeque<Entry>,
    /// How many bytes of read buffers they hold.
    pub(super) held: usize,
    /// Where the last of them ends, in memory.
    pub(super) end: usize,
    /// How many are as many as should be put in at once, and how many bytes.
    full: usize,
    full_bytes: usize,
}

impl Bundle {
    /// Prepares an empty one for the events of a queue with that buffer.
    pub(super) fn begin(&mut self, buffer: &Buffer) {
        (self.full, self.full_bytes) = (buffer.batch(), buffer.batch_bytes());
    }

    /// Adds an event. True if they are as many as should be put in at once.
    #[inline]
    pub(super) fn add(&mut self, event: Event) -> bool {
        let (held, end) = held_behind(self.end, &event);
        self.held += held;
        self.end = end;
        self.entries.push_back(Entry::new(Item::Event(event), held, true));
        self.entries.len() >= self.full || self.held >= self.full_bytes
    }

    /// Counts the first of them again, as one that comes behind the event that ends there.
    pub(super) fn follow(&mut self, end: usize) {
        if let Some(first) = self.entries.front_mut()
            && let Item::Event(event) = &first.item
        {
            let (held, _) = held_behind(end, event);
            self.held = self.held - first.bytes as usize + held;
            first.bytes = u32::try_from(held).unwrap_or(u32::MAX);
        }
    }

    /// The bytes that they count for.
    pub(super) fn cost(&self) -> usize {
        self.held + self.entries.len() * size_of::<Entry>()
    }

    /// Takes the events out, and leaves the room that they had.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = Event> {
        (self.held, self.end) = (0, 0);
        self.entries.drain(..).filter_map(|entry| match entry.item {
            Item::Event(event) => Some(event),
            _ => None,
        })
    }
}

/// What was taken out of a queue and not asked for yet.
#[derive(Default)]
pub(super) struct Taken(pub(super) VecDeque<Entry>);

impl Taken {
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    #[inline]
    pub(super) fn pop_front(&mut self) -> Option<Item> {
        self.0.pop_front().map(|entry| entry.item)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Item> {
        self.0.iter().map(|entry| &entry.item)
    }
}

/// How many bytes of read buffers an event holds that comes behind one that ends there, and where
/// it ends itself.
#[inline]
pub(super) fn held_behind(end: usize, event: &Event) -> (usize, usize) {
    let (begin, length) = (event.raw().as_ptr() as usize, event.raw().len());
    // From the end of the one before it, if that was in the same buffer.
    let between = begin.wrapping_sub(end);
    let held = if between < READ_BUFFER { between + length } else { READ_BUFFER.max(length) };
    (held, begin.wrapping_add(length))
}

/// What came of an event.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Pushed {
    /// It is in the queue, or the queue is closed.
    Done,
    /// The event is in the queue, which is half full now or more.
    HalfFull,
    /// There was no room.
    Missed,
}

/// The place of a queue in what the publisher gathers, most likely: it may be that of another queue
/// by now.
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
