//! Dropping what is in the stream already, as a standby does.

use super::super::disk::Written;
use super::super::{Budget, Trimmed};
use super::{Found, Queue, Segment, Store};
use crate::nats::message::{Entry, Id, Key, Shared};

impl Queue {
    /// Drops the first entries through one that was sent. Returns `false` if the first entry is not
    /// the one behind it.
    ///
    /// Entries that were sent are in the front until they are dropped. Their private numbers are
    /// not in order, because those of a takeover and of what was given up are given late.
    pub(in crate::nats::spool) fn trim_own(&mut self, id: &Id) -> bool {
        let is = |key: &Key| match (key, id) {
            (Key::Shared(one), Id::Shared { shared, .. }) => one == shared,
            (Key::Private { number: one, .. }, Id::Private { number, .. }) => one == number,
            _ => false,
        };
        self.rewind();
        if let Some(at) = self.front.iter().position(|entry| is(&entry.key)) {
            self.release(at + 1);
            return true;
        }
        if let Some(withdrawn) = self.withdrawn.take_if(|key| is(key)) {
            self.last = Some(withdrawn);
        }
        self.last.as_ref().is_some_and(is)
    }

    /// Looks for the entry with an id, and drops it and all before it if it is in memory.
    pub(in crate::nats::spool) fn trim(&mut self, id: Shared, budget: &mut Budget) -> Found {
        let is = |entry: &Entry| entry.key == Key::Shared(id);
        if self.dropped == Some(id) {
            return Found::Here(Trimmed::Through);
        }
        if let Some(at) = self.front.iter().position(is) {
            self.rewind();
            self.release(at + 1);
            return Found::Here(Trimmed::Through);
        }
        let mut on_disk = Vec::new();
        for at in 0..self.segments.len() {
            match &self.segments[at].store {
                Store::Memory(entries) | Store::Writing(entries) => {
                    if let Some(index) = entries.iter().position(is) {
                        let entries = Vec::clone(entries);
                        self.drop_through(at, entries, index, budget);
                        return Found::Here(Trimmed::Through);
                    }
                }
                Store::Disk(written) | Store::Reading(written) => {
                    let stamps = self.segments[at].stamps;
                    if stamps.is_some_and(|(a, z)| (a..=z).contains(&id.stamp())) {
                        on_disk.push((self.segments[at].id, written.clone()));
                    }
                }
            }
        }
        if let Some(index) = self.tail.iter().position(is) {
            self.drop_all_but_tail(budget);
            let tail = std::mem::take(&mut self.tail);
            self.tail_bytes = 0;
            self.front.extend(tail);
            self.release(index + 1);
            return Found::Here(Trimmed::Through);
        }
        if on_disk.is_empty() {
            Found::Here(self.not_found(id, budget))
        } else {
            Found::OnDisk(on_disk)
        }
    }

    /// Drops the first entries through the last one for which the predicate says `true`, before the
    /// first for which it says `false`. Returns a segment on disk that has to be read to go on.
    pub(in crate::nats::spool) fn trim_while(
        &mut self,
        drops: &dyn Fn(&Entry) -> Option<bool>,
    ) -> Option<(u64, Written)> {
        self.rewind();
        loop {
            let (mut count, mut ends) = (0, false);
            for (index, entry) in self.front.iter().enumerate() {
                match drops(entry) {
                    Some(true) => count = index + 1,
                    Some(false) => {
                        ends = true;
                        break;
                    }
                    None => {}
                }
            }
            self.release(count);
            let Some(first) = self.segments.front().filter(|_| !ends) else {
                if ends || self.tail.is_empty() {
                    return None;
                }
                self.tail_bytes = 0;
                self.front.extend(self.tail.drain(..));
                continue;
            };
            match &first.store {
                Store::Memory(entries) | Store::Writing(entries) => {
                    self.front.extend(entries.iter().cloned());
                    self.segments.pop_front();
                }
                Store::Disk(written) | Store::Reading(written) => {
                    return Some((first.id, written.clone()));
                }
            }
        }
    }

    /// Brings the entries of the first segment to the front, which were read for
    /// [`trim_while`](Self::trim_while).
    pub(in crate::nats::spool) fn bring(
        &mut self,
        segment: u64,
        entries: Vec<Entry>,
        budget: &mut Budget,
    ) {
        let Some(first) = self.segments.pop_front_if(|first| first.id == segment) else { return };
        match first.store {
            Store::Memory(_) | Store::Writing(_) => self.memory -= first.bytes,
            Store::Disk(_) => budget.free(first.bytes),
            Store::Reading(_) => {
                self.memory -= first.bytes;
                budget.free(first.bytes);
            }
        }
        self.memory += entries.iter().map(Entry::bytes).sum::<usize>();
        self.front.extend(entries);
    }

    /// Drops all entries through one of a segment that was read for this.
    pub(in crate::nats::spool) fn trim_read(
        &mut self,
        segment: u64,
        entries: Vec<Entry>,
        id: Shared,
        budget: &mut Budget,
    ) -> bool {
        let at = self.segments.iter().position(|it| it.id == segment);
        let index = entries.iter().position(|entry| entry.key == Key::Shared(id));
        let (Some(at), Some(index)) = (at, index) else { return false };
        self.drop_through(at, entries, index, budget);
        true
    }

    /// Returns what is known of an id that no entry has.
    pub(in crate::nats::spool) fn not_found(&mut self, id: Shared, budget: &mut Budget) -> Trimmed {
        let stamp = Some(id.stamp());
        if stamp > self.seen {
            return Trimmed::Ahead;
        }
        if self.missing.is_some() && stamp > self.kept {
            // The entry is among those that found no room, so all that are kept are before it.
            self.drop_all_but_tail(budget);
            for entry in self.tail.drain(..) {
                self.memory -= entry.bytes();
            }
            self.tail_bytes = 0;
            self.dropped = Some(id);
            (self.last, self.withdrawn) = (Some(Key::Shared(id)), None);
            return Trimmed::Through;
        }
        Trimmed::Unknown
    }

    /// Drops the front, the segments before one, and the entries of that one through an index.
    fn drop_through(&mut self, at: usize, entries: Vec<Entry>, index: usize, budget: &mut Budget) {
        self.drop_front();
        for segment in self.segments.drain(..=at).collect::<Vec<_>>() {
            self.forget(&segment, budget);
        }
        self.memory += entries.iter().map(Entry::bytes).sum::<usize>();
        self.front.extend(entries);
        self.release(index + 1);
    }

    fn drop_all_but_tail(&mut self, budget: &mut Budget) {
        self.drop_front();
        for segment in std::mem::take(&mut self.segments) {
            self.forget(&segment, budget);
        }
    }

    fn drop_front(&mut self) {
        self.rewind();
        self.release(self.front.len());
    }

    /// Takes a segment that is dropped out of the figures.
    fn forget(&mut self, segment: &Segment, budget: &mut Budget) {
        self.dropped = segment.last.or(self.dropped);
        match segment.store {
            // What is being written is taken out when that is done.
            Store::Memory(_) | Store::Writing(_) => self.memory -= segment.bytes,
            Store::Disk(_) => budget.free(segment.bytes),
            Store::Reading(_) => {
                self.memory -= segment.bytes;
                budget.free(segment.bytes);
            }
        }
    }
}
