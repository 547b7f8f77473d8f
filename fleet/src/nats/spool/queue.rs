//! The entries of one server, from the first that is not proven to be in the stream.
//!
//! ```text
//! front (memory)   segments (memory, on their way to the disk, disk)   tail (memory)   missing
//! ^ sent
//! ```
//!
//! Nothing here waits or touches the disk; jobs that do are handed out.

mod trim;

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::disk::{Done, Job, Outcome, Work, Written};
use super::{Budget, Limits, SpoolStats, Trimmed};
use crate::item::Item;
use crate::merge::number::number;
use crate::nats::message::{Content, Control, Entry, Key, Keys, Place, Shared, Takeover, Why};

/// The time until a segment is written again whose writing has failed.
const AGAIN: Duration = Duration::from_secs(5);

#[derive(Debug, Default)]
pub(super) struct Queue {
    keys: Keys,
    place: Option<Place>,
    pub(super) open: bool,
    /// `true` while the queue is in the publisher's list.
    pub(super) listed: bool,
    front: VecDeque<Entry>,
    /// The number of entries that have left the front, since ever.
    gone: u64,
    sent: usize,
    segments: VecDeque<Segment>,
    next_segment: u64,
    tail: Vec<Entry>,
    tail_bytes: usize,
    /// The bytes in memory: those of the front, of the tail, of segments that are not written, and
    /// of the one that is being read.
    memory: usize,
    missing: Option<Missing>,
    /// The latest stamp of the entries that are kept, and of all that came.
    kept: Option<(u64, u32)>,
    seen: Option<(u64, u32)>,
    /// The last shared id that was dropped at the front.
    dropped: Option<Shared>,
    /// The last entry that was dropped at the front, and a takeover before the first that was
    /// withdrawn since.
    last: Option<Key>,
    withdrawn: Option<Key>,
    missed: u64,
    problem: Option<String>,
    failed: Option<Instant>,
}

/// The events that are missing at the end of the queue.
#[derive(Debug)]
struct Missing {
    number: u64,
    after: Option<Shared>,
    count: u64,
    place: Place,
}

#[derive(Debug)]
struct Segment {
    id: u64,
    bytes: usize,
    entries: usize,
    events: u64,
    /// The earliest and the latest stamp.
    stamps: Option<((u64, u32), (u64, u32))>,
    place: Place,
    last: Option<Shared>,
    store: Store,
}

#[derive(Debug)]
enum Store {
    Memory(Arc<Vec<Entry>>),
    Writing(Arc<Vec<Entry>>),
    Disk(Written),
    Reading(Written),
}

/// The place of an entry that is searched.
#[derive(Debug)]
pub(super) enum Found {
    Here(Trimmed),
    /// The segments on disk that may have the entry.
    OnDisk(Vec<(u64, Written)>),
}

impl Queue {
    /// Appends an item.
    pub(super) fn push(&mut self, item: &Item, context: &mut Context<'_>) {
        let entry = Entry::of(item, &mut self.keys);
        self.place = Some(entry.place);
        let shared = shared(&entry.key);
        if let Some(shared) = shared {
            self.seen = self.seen.max(Some(shared.stamp()));
        }
        let bytes = entry.bytes();
        if !self.has_room(&entry, bytes, context.limits) {
            self.miss(&entry, shared);
            // There may be room on the disk again.
            self.write_one(context);
            return;
        }
        self.end_missing();
        if let Some(shared) = shared {
            self.kept = self.kept.max(Some(shared.stamp()));
        }
        self.append(entry, bytes, context);
    }

    fn has_room(&self, entry: &Entry, bytes: usize, limits: &Limits) -> bool {
        let limit = match (&entry.content, &self.missing) {
            // Few control items come, and each says more than an event.
            (Content::Control(_), _) => limits.memory + limits.memory / 4,
            (_, None) => limits.memory,
            // Some room at once, so that events and misses do not alternate.
            (_, Some(_)) => limits.memory - limits.memory / 8,
        };
        // A single entry that is larger than the limit is kept.
        self.memory + bytes <= limit || self.memory == 0
    }

    fn miss(&mut self, entry: &Entry, shared: Option<Shared>) {
        // A control item counts as one event: a consumer has to look again all the same.
        let count = entry.events().max(1);
        self.missed += count;
        match &mut self.missing {
            Some(missing) => {
                missing.count += count;
                missing.place = entry.place;
                missing.after = shared.or(missing.after);
            }
            None => {
                let number = self.keys.number();
                let after = Self::last_through(entry);
                self.missing = Some(Missing { number, after, count, place: entry.place });
            }
        }
    }

    /// Returns the last shared id up to and with an entry.
    fn last_through(entry: &Entry) -> Option<Shared> {
        match entry.key {
            Key::Private { after, .. } => after,
            Key::Shared(shared) => Some(shared),
        }
    }

    /// Appends the item for the events that are missing, if there are any.
    fn end_missing(&mut self) {
        let Some(Missing { number, after, count, place }) = self.missing.take() else { return };
        let content = Content::Missed(count, Why::SpoolFull);
        let entry = Entry { key: Key::Private { number, after }, place, content };
        let bytes = entry.bytes();
        self.memory += bytes;
        if self.segments.is_empty() && self.tail.is_empty() {
            self.front.push_back(entry);
        } else {
            self.tail_bytes += bytes;
            self.tail.push(entry);
        }
    }

    fn append(&mut self, entry: Entry, bytes: usize, context: &mut Context<'_>) {
        self.memory += bytes;
        let direct = self.segments.is_empty() && self.tail.is_empty();
        if direct && self.memory <= context.limits.front {
            self.front.push_back(entry);
            return;
        }
        self.tail_bytes += bytes;
        self.tail.push(entry);
        if self.tail_bytes >= context.limits.segment && context.limits.disk > 0 {
            self.seal();
        }
        self.write_one(context);
    }

    /// Makes a segment of the tail.
    fn seal(&mut self) {
        let entries = std::mem::take(&mut self.tail);
        let bytes = std::mem::take(&mut self.tail_bytes);
        let Some(place) = entries.last().map(|entry| entry.place) else { return };
        let mut stamps: Option<((u64, u32), (u64, u32))> = None;
        for shared in entries.iter().filter_map(|entry| shared(&entry.key)) {
            let stamp = shared.stamp();
            stamps = Some(stamps.map_or((stamp, stamp), |(a, z)| (a.min(stamp), z.max(stamp))));
        }
        self.next_segment += 1;
        self.segments.push_back(Segment {
            id: self.next_segment,
            bytes,
            entries: entries.len(),
            events: entries.iter().map(Entry::events).sum(),
            stamps,
            place,
            last: entries.iter().rev().find_map(|entry| shared(&entry.key)),
            store: Store::Memory(Arc::new(entries)),
        });
    }

    /// Begins to write the first segment that is not on disk, if none is being written.
    fn write_one(&mut self, context: &mut Context<'_>) {
        let writing = |segment: &Segment| matches!(segment.store, Store::Writing(_));
        let wait = self.failed.is_some_and(|at| at.elapsed() < AGAIN);
        if wait || self.segments.iter().any(writing) {
            return;
        }
        for segment in &mut self.segments {
            if let Store::Memory(entries) = &segment.store {
                if !context.budget.reserve(segment.bytes) {
                    return;
                }
                let entries = Arc::clone(entries);
                let work = Work::Write(Arc::clone(&entries), context.limits.folder.clone());
                segment.store = Store::Writing(entries);
                let (queue, bytes) = (context.queue, segment.bytes);
                context.jobs.push(Job { queue, segment: segment.id, bytes, work });
                return;
            }
        }
    }

    /// Takes up to `max` entries that were not taken since the last [`rewind`](Self::rewind).
    /// Returns their number.
    pub(super) fn take(&mut self, max: usize, context: &mut Context<'_>) -> usize {
        if self.sent == self.front.len() {
            self.refill(context);
        }
        let count = max.min(self.front.len() - self.sent);
        self.sent += count;
        // The next segment is read while these are sent.
        if self.sent == self.front.len() {
            self.refill(context);
        }
        count
    }

    /// Returns `true` if an entry can be taken now, or if taking begins to read one.
    pub(super) fn is_ready(&self) -> bool {
        self.sent < self.front.len()
            || match self.segments.front() {
                Some(segment) => !matches!(segment.store, Store::Reading(_)),
                None => !self.tail.is_empty() || self.missing.is_some(),
            }
    }

    /// Brings the next entries to the front.
    fn refill(&mut self, context: &mut Context<'_>) {
        let Some(first) = self.segments.front_mut() else {
            if self.tail.is_empty() {
                self.end_missing();
            }
            self.tail_bytes = 0;
            self.front.extend(self.tail.drain(..));
            return;
        };
        match &first.store {
            // What is being written is given back when it is done.
            Store::Memory(entries) | Store::Writing(entries) => {
                self.front.extend(entries.iter().cloned());
                self.segments.pop_front();
            }
            Store::Disk(written) => {
                let work = Work::Read(written.clone());
                let (queue, bytes) = (context.queue, first.bytes);
                context.jobs.push(Job { queue, segment: first.id, bytes, work });
                self.memory += bytes;
                first.store = Store::Reading(written.clone());
            }
            Store::Reading(_) => {}
        }
    }

    /// Takes the result of a job.
    pub(super) fn done(&mut self, done: Done, context: &mut Context<'_>) {
        let at = self.segments.iter().position(|segment| segment.id == done.segment);
        match done.result {
            Outcome::Written(result) => {
                let kept = self.written(at, result);
                if !kept {
                    context.budget.free(done.bytes);
                }
            }
            Outcome::Read(result) => {
                if let Some(segment) = at.and_then(|at| self.segments.remove(at)) {
                    context.budget.free(segment.bytes);
                    self.read(&segment, result);
                }
            }
        }
        self.write_one(context);
    }

    /// Returns `true` if the segment is on disk now.
    fn written(&mut self, at: Option<usize>, result: io::Result<Written>) -> bool {
        // The segment may have gone to the front, or may have been dropped, meanwhile.
        let Some(segment) = at.and_then(|at| self.segments.get_mut(at)) else { return false };
        let Store::Writing(entries) = &segment.store else { return false };
        match result {
            Ok(written) => {
                self.memory -= segment.bytes;
                segment.store = Store::Disk(written);
                (self.failed, self.problem) = (None, None);
                true
            }
            Err(error) => {
                segment.store = Store::Memory(Arc::clone(entries));
                self.failed = Some(Instant::now());
                self.problem = Some(format!("the spool cannot be written to the disk: {error}"));
                tracing::warn!(%error, "the spool cannot be written to the disk");
                false
            }
        }
    }

    /// Brings the entries of a segment that was read to the front. What cannot be read is told at
    /// its place.
    fn read(&mut self, segment: &Segment, result: io::Result<Vec<Entry>>) {
        let error = match result {
            Ok(entries) => return self.front.extend(entries),
            Err(error) => error,
        };
        self.memory -= segment.bytes;
        let text = format!("a part of the spool cannot be read from the disk: {error}");
        tracing::warn!(events = segment.events, "{text}");
        self.problem = Some(text);
        self.missed += segment.events;
        let number = self.keys.number();
        let entry = Entry {
            key: Key::Private { number, after: segment.last },
            place: segment.place,
            content: Content::Missed(segment.events, Why::SpoolUnreadable),
        };
        self.memory += entry.bytes();
        self.front.push_back(entry);
    }

    /// Drops the first entries, which are in the stream.
    pub(super) fn release(&mut self, count: usize) {
        let count = count.min(self.front.len());
        self.sent = self.sent.saturating_sub(count);
        self.gone += count as u64;
        for entry in self.front.drain(..count) {
            self.memory -= entry.bytes();
            self.dropped = shared(&entry.key).or(self.dropped);
            (self.last, self.withdrawn) = (Some(entry.key), None);
        }
        if self.front.is_empty() && self.front.capacity() > 1024 {
            self.front.shrink_to(64);
        }
    }

    /// Makes all entries to be taken again.
    pub(super) fn rewind(&mut self) {
        self.sent = 0;
    }

    /// Returns the number of the first entry that was taken last, of so many.
    pub(super) fn number(&self, taken: usize) -> u64 {
        self.gone + (self.sent - taken) as u64
    }

    /// Returns an entry that was taken, by its number.
    pub(super) fn taken(&self, number: u64) -> Option<&Entry> {
        let index = usize::try_from(number.checked_sub(self.gone)?).ok()?;
        self.front.get(index).filter(|_| index < self.sent)
    }

    /// Returns entries that were taken, by the number of the first one.
    pub(super) fn entries(&self, first: u64, count: usize) -> Vec<Entry> {
        let begin = first.checked_sub(self.gone).and_then(|it| usize::try_from(it).ok());
        let begin = begin.unwrap_or(self.sent).min(self.sent);
        self.front.range(begin..self.sent.min(begin + count)).cloned().collect()
    }

    /// Replaces an entry that was taken by the number of events that it stands for. Returns `false`
    /// if it was replaced already.
    pub(super) fn give_up(&mut self, number: u64, why: Why) -> bool {
        let key_number = self.keys.number();
        let index = number.checked_sub(self.gone).and_then(|it| usize::try_from(it).ok());
        let Some(entry) = index.and_then(|index| self.front.get_mut(index)) else { return false };
        if matches!(entry.content, Content::Missed(..)) {
            return false;
        }
        let count = entry.events().max(1);
        let key = match entry.key {
            Key::Shared(shared) => Key::Private { number: key_number, after: Some(shared) },
            private @ Key::Private { .. } => private,
        };
        self.missed += count;
        self.memory -= entry.bytes();
        *entry = Entry { key, place: entry.place, content: Content::Missed(count, why) };
        self.memory += entry.bytes();
        true
    }

    /// Opens the queue to the publisher, with the item that says that this bridge publishes from
    /// here on.
    pub(super) fn open(&mut self, takeover: Takeover) {
        if self.open {
            return;
        }
        let none = Place { boot: 0, connection: 0, position: 0, micros: 0 };
        let place = self.first().map(|entry| entry.place).or(self.place).unwrap_or(none);
        let key = Key::Private { number: self.keys.number(), after: self.dropped };
        let content = Content::Control(Box::new(Control::Takeover(takeover)));
        let entry = Entry { key, place, content };
        self.memory += entry.bytes();
        self.front.push_front(entry);
        self.open = true;
    }

    /// Closes the queue to the publisher. A takeover that is not in the stream is withdrawn.
    pub(super) fn close(&mut self) {
        self.open = false;
        self.rewind();
        let takes_over = |entry: &Entry| match &entry.content {
            Content::Control(control) => matches!(**control, Control::Takeover(_)),
            _ => false,
        };
        if let Some(entry) = self.front.pop_front_if(|entry| takes_over(entry)) {
            self.memory -= entry.bytes();
            self.gone += 1;
            self.withdrawn = Some(entry.key);
        }
    }

    /// Returns the first entry, if it is in memory.
    pub(super) fn first(&self) -> Option<&Entry> {
        self.front.front().or_else(|| match self.segments.front() {
            Some(segment) => match &segment.store {
                Store::Memory(entries) | Store::Writing(entries) => entries.first(),
                Store::Disk(_) | Store::Reading(_) => None,
            },
            None => self.tail.first(),
        })
    }

    /// Returns the first number that the server gave to an entry, if that one is in memory.
    pub(super) fn first_number(&self) -> Option<u32> {
        let numbered = |entry: &Entry| match &entry.content {
            Content::Event(event) => number(event),
            _ => None,
        };
        let front = self.front.iter().find_map(numbered);
        if front.is_some() {
            return front;
        }
        for segment in &self.segments {
            match &segment.store {
                Store::Memory(entries) | Store::Writing(entries) => {
                    let number = entries.iter().find_map(numbered);
                    if number.is_some() {
                        return number;
                    }
                }
                // The first number may be among these.
                Store::Disk(_) | Store::Reading(_) => return None,
            }
        }
        self.tail.iter().find_map(numbered)
    }

    /// Returns the number of entries.
    pub(super) fn len(&self) -> usize {
        let segments = self.segments.iter().map(|segment| segment.entries).sum::<usize>();
        let missing = usize::from(self.missing.is_some());
        self.front.len() + segments + self.tail.len() + missing
    }

    /// Forgets that writing has failed.
    #[cfg(test)]
    pub(super) fn retry_now(&mut self) {
        self.failed = None;
    }

    #[cfg(test)]
    pub(super) fn written_segments(&self) -> Vec<Written> {
        let written = |segment: &Segment| match &segment.store {
            Store::Disk(written) => Some(written.clone()),
            _ => None,
        };
        self.segments.iter().filter_map(written).collect()
    }

    pub(super) fn stats(&self) -> SpoolStats {
        let on_disk =
            |segment: &&Segment| matches!(segment.store, Store::Disk(_) | Store::Reading(_));
        let disk = self.segments.iter().filter(on_disk).map(|segment| segment.bytes as u64).sum();
        SpoolStats {
            entries: self.len() as u64,
            memory: self.memory as u64,
            disk,
            missed: self.missed,
            problem: self.problem.clone(),
        }
    }
}

/// The state that a queue shares with the others.
#[derive(Debug)]
pub(super) struct Context<'a> {
    pub(super) queue: usize,
    pub(super) limits: &'a Limits,
    pub(super) budget: &'a mut Budget,
    pub(super) jobs: &'a mut Vec<Job>,
}

fn shared(key: &Key) -> Option<Shared> {
    match *key {
        Key::Shared(shared) => Some(shared),
        Key::Private { .. } => None,
    }
}
