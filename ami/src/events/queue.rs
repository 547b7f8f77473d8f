//! The queue between the reader and one subscriber.
//!
//! Putting an item in never waits. A full queue counts missing events at their place, closes, or
//! grows, as its owner has chosen. A half-full queue reports it, and the reader gives the
//! subscriber a moment, unless that subscriber is behind already.

use std::collections::VecDeque;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use super::buffer::{Buffer, Overflow};
use super::bundle::{Bundle, Entry, Place, Pushed, Taken, handed, held_behind};
use super::filter::Filter;
use super::held::{Held, Told, say_the_same};
use super::item::{Connected, Gap, Item, Queued};
use super::stray::Stray;
use crate::error::Disconnect;
use crate::wire::Event;

/// The number of times that the reader gives time to a subscriber that takes nothing. The machine
/// may be too busy to run that subscriber.
const IDLE_TURNS: u8 = 20;

/// The queue of one subscriber.
pub(crate) struct Queue {
    pub(crate) filter: Filter,
    /// The limits of the [`Buffer`], stored as fields of the queue so that `place` fits between
    /// them, which makes the queue smaller.
    bytes: usize,
    capacity: u32,
    /// The place where the publisher gathers events for this queue.
    pub(super) place: Place,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Invariant: at most as many events and strays as the buffer allows, and after each of them
    /// at most one `Missed`, a `Gap`, another `Missed`, a `Withheld` of each cause, a `Restored`,
    /// and two `Connected`, each with another `Missed`. The same holds after each mark.
    items: VecDeque<Entry>,
    /// The size of all items in bytes.
    bytes: usize,
    /// The number of bytes of read buffers that all items hold.
    held: usize,
    /// The address at which the last event that shares its buffer ends.
    end: usize,
    waker: Option<Waker>,
    /// The number of events and strays.
    events: u32,
    /// The number of times in a row that the subscriber was given time and took nothing.
    idle_turns: u8,
    /// `true` if the subscriber missed an event or does not use the time that it is given, and the
    /// queue has not been half empty since.
    behind: bool,
    /// `true` if the queue closes when an event is missing.
    closes: bool,
    closed: bool,
    /// The classes that the subscriber was told do not come.
    told: Told,
    /// `true` if a follow reads the queue.
    is_followed: bool,
    /// The reason why there is no connection, if a follow has to be told.
    down: Option<Disconnect>,
}

impl Queue {
    pub(crate) fn new(filter: Filter, buffer: Buffer) -> Self {
        let Buffer { bytes, capacity, overflow } = buffer;
        let closes = overflow == Overflow::Close;
        let state = Mutex::new(State { closes, ..State::default() });
        Self { filter, bytes, capacity, place: Place::default(), state }
    }

    /// Creates the queue of a follow, which gets marks and learns at once that the connection is
    /// lost.
    pub(super) fn followed(filter: Filter, buffer: Buffer) -> Self {
        let queue = Self::new(filter, buffer);
        queue.lock().is_followed = true;
        queue
    }

    /// Returns the limits.
    pub(super) fn buffer(&self) -> Buffer {
        Buffer { bytes: self.bytes, capacity: self.capacity, overflow: Overflow::default() }
    }

    /// Puts in events that the filter admits. The waker of the subscriber is added to `wakers`, so
    /// that one wake-up serves all events that are read at once. The second result is the number of
    /// events that had no room.
    pub(super) fn push_all(&self, bundle: &mut Bundle, wakers: &mut Vec<Waker>) -> (Pushed, u64) {
        let mut state = self.lock();
        let pushed = if self.has_room(&mut state, bundle) {
            state.take(bundle);
            (self.done(&state), 0)
        } else {
            self.push_each(&mut state, bundle)
        };
        wakers.extend(state.waker.take());
        pushed
    }

    /// Returns `true` if a bundle can be put in as a whole.
    fn has_room(&self, state: &mut State, bundle: &mut Bundle) -> bool {
        bundle.follow(state.end);
        !state.closed
            && state.events as usize + bundle.entries.len() <= self.capacity as usize
            && state.bytes + bundle.cost() <= self.bytes
            && state.held + bundle.held <= self.buffer().shared()
    }

    /// Puts in the events of a bundle, as far as there is room.
    #[cold]
    fn push_each(&self, state: &mut State, bundle: &mut Bundle) -> (Pushed, u64) {
        let shared = self.buffer().shared();
        let (mut pushed, mut missed) = (Pushed::Done, 0);
        for event in bundle.drain() {
            match self.put(state, |state| state.hold(event, shared)) {
                Pushed::Missed => missed += 1,
                other => pushed = other,
            }
        }
        (pushed, missed)
    }

    /// Puts in a stray.
    pub(super) fn push_stray(&self, stray: Stray, wakers: &mut Vec<Waker>) -> Pushed {
        let mut state = self.lock();
        let pushed = self.put(&mut state, |state| {
            let bytes = stray.bytes();
            state.events += 1;
            state.push(Queued::Item(Item::Stray(Box::new(stray))), bytes, false);
        });
        wakers.extend(state.waker.take());
        pushed
    }

    /// Notes that an event that the filter admits is lost, whether or not there is room. Returns
    /// `false` if the queue is closed.
    pub(crate) fn miss(&self, wakers: &mut Vec<Waker>) -> bool {
        let mut state = self.lock();
        if state.closed {
            return false;
        }
        state.miss();
        state.closed = state.closes;
        wakers.extend(state.waker.take());
        true
    }

    #[inline]
    fn put(&self, state: &mut State, put: impl FnOnce(&mut State)) -> Pushed {
        if state.closed {
            return Pushed::Done;
        }
        let has_place = state.events < self.capacity && state.bytes < self.bytes;
        if has_place || state.events == 0 {
            put(state);
            self.done(state)
        } else {
            state.miss();
            state.behind = true;
            state.closed = state.closes;
            Pushed::Missed
        }
    }

    #[inline]
    fn done(&self, state: &State) -> Pushed {
        if self.wants_a_turn(state) { Pushed::HalfFull } else { Pushed::Done }
    }

    /// Returns `true` if the queue is at least half full and its subscriber has kept up so far.
    pub(crate) fn is_half_full(&self) -> bool {
        self.wants_a_turn(&self.lock())
    }

    /// Notes that the subscriber was given time. A subscriber that repeatedly takes nothing is
    /// given no more time until it has caught up.
    pub(crate) fn end_turn(&self) {
        let mut state = self.lock();
        state.idle_turns = state.idle_turns.saturating_add(1);
        state.behind |= state.idle_turns >= IDLE_TURNS;
    }

    #[inline]
    fn wants_a_turn(&self, state: &State) -> bool {
        self.is_over_half(state) && !state.behind && !state.closed
    }

    #[inline]
    fn is_over_half(&self, state: &State) -> bool {
        state.events > self.capacity / 2 || state.bytes > self.bytes / 2
    }

    /// Reports that the connection was lost and the client has reconnected.
    pub(crate) fn gap(&self, gap: &Gap) {
        let mut state = self.lock();
        if !state.closed {
            state.gap(gap);
        }
        wake(state);
    }

    /// Reports to a follow that the connection is lost. The end of the gap withdraws the report.
    pub(super) fn down(&self, reason: &Disconnect) {
        let mut state = self.lock();
        if !state.is_followed || state.closed {
            return;
        }
        state.down = Some(reason.clone());
        wake(state);
    }

    /// Reports the begin of a connection to a follow that asks for it.
    pub(super) fn connected(&self, connected: &Arc<Connected>) {
        let mut state = self.lock();
        if !self.filter.connections || !state.is_followed || state.closed {
            return;
        }
        state.connected(connected);
        wake(state);
    }

    /// Puts in a mark behind all events that are in the queue.
    pub(super) fn mark(&self, number: u64) {
        let mut state = self.lock();
        if state.closed {
            return;
        }
        state.push(Queued::Mark(number), 0, false);
        wake(state);
    }

    /// Tells the subscriber which of the classes that its filter needs do not come, unless it was
    /// told before. The waker of the subscriber is added to `wakers`.
    pub(super) fn withhold(&self, held: &Held, wakers: &mut Vec<Waker>) {
        let needs = self.filter.needs();
        let mut state = self.lock();
        if state.closed {
            return;
        }
        let (items, is_restored) = held.tell(needs, &mut state.told);
        for item in items.into_iter().flatten() {
            state.withhold(item);
            wakers.extend(state.waker.take());
        }
        if is_restored && state.is_followed {
            state.restore();
            wakers.extend(state.waker.take());
        }
    }

    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        wake(state);
    }

    /// Moves the first few items to `out`. A subscriber that took items one by one would get in the
    /// reader's way each time. Returns `true` at the end, when no more items will come.
    pub(super) fn poll(&self, cx: &mut Context<'_>, out: &mut Taken) -> Poll<bool> {
        let mut state = self.lock();
        if state.items.is_empty()
            && let Some(reason) = state.down.take()
        {
            out.0.push_back(Entry::new(Queued::Down(reason), 0, false));
            return Poll::Ready(false);
        }
        if state.items.is_empty() && !state.closed {
            // Usually the same task waits again.
            match &mut state.waker {
                Some(waker) => waker.clone_from(cx.waker()),
                none => *none = Some(cx.waker().clone()),
            }
            return Poll::Pending;
        }
        state.idle_turns = 0;
        let count = handed(&self.buffer(), &state.items, state.bytes);
        state.give(count, out);
        state.behind = state.behind && self.is_over_half(&state);
        Poll::Ready(count == 0)
    }

    /// Returns the number of events in the queue.
    pub(crate) fn len(&self) -> usize {
        self.lock().events as usize
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Puts in a bundle.
    fn take(&mut self, bundle: &mut Bundle) {
        self.bytes += bundle.cost();
        self.held += mem::take(&mut bundle.held);
        self.end = mem::take(&mut bundle.end);
        // No queue has more events.
        self.events += u32::try_from(bundle.entries.len()).unwrap_or(u32::MAX);
        self.items.append(&mut bundle.entries);
    }

    /// Moves this many items to `out`.
    fn give(&mut self, count: usize, out: &mut Taken) {
        if count == self.items.len() {
            (self.events, self.bytes, self.held) = (0, 0, 0);
            out.0.append(&mut self.items);
            return;
        }
        let Self { items, events, bytes, held, .. } = self;
        for entry in items.drain(..count) {
            *events -= u32::from(entry.item.is_message());
            *bytes -= entry.cost();
            *held -= if entry.shares { entry.bytes as usize } else { 0 };
            out.0.push_back(entry);
        }
    }

    fn hold(&mut self, event: Event, shared: usize) {
        let (held, end) = held_behind(self.end, &event);
        self.events += 1;
        if self.held + held <= shared {
            self.held += held;
            self.end = end;
            self.push(Queued::Item(Item::Event(event)), held, true);
        } else {
            let length = event.raw().len();
            self.push(Queued::Item(Item::Event(event.detach())), length, false);
        }
    }

    fn push(&mut self, item: Queued, bytes: usize, shares: bool) {
        let entry = Entry::new(item, bytes, shares);
        self.bytes += entry.cost();
        self.items.push_back(entry);
    }

    fn miss(&mut self) {
        match self.items.back_mut().map(|entry| &mut entry.item) {
            Some(Queued::Item(Item::Missed(missed))) => *missed += 1,
            _ => self.push(Queued::Item(Item::Missed(1)), 0, false),
        }
    }

    /// Returns the entries behind the last event, stray or mark, the latest first.
    fn behind(&mut self) -> impl Iterator<Item = &mut Queued> {
        let entries = self.items.iter_mut().rev().map(|entry| &mut entry.item);
        entries.take_while(|it| !it.is_message() && !matches!(it, Queued::Mark(_)))
    }

    /// Adds an item that says which classes do not come. After one event or mark there is at most
    /// one of each cause: an earlier one that was not read becomes a part of it.
    fn withhold(&mut self, mut item: Item) {
        let told = self.told;
        let known = self.behind().find_map(|known| match known {
            Queued::Item(known) => Some(known).filter(|known| say_the_same(known, &item)),
            _ => None,
        });
        match known {
            Some(known) => {
                told.add_earlier(known, &mut item);
                *known = item;
            }
            None => self.push(Queued::Item(item), 0, false),
        }
    }

    /// Notes that classes come again. After one event or mark there is at most one such entry.
    fn restore(&mut self) {
        if !self.behind().any(|known| matches!(known, Queued::Restored)) {
            self.push(Queued::Restored, 0, false);
        }
    }

    /// Adds the begin of a connection. It replaces one that was not read and has brought nothing,
    /// so that after one event or mark there is at most one behind a gap, and one without a
    /// gap.
    fn connected(&mut self, connected: &Arc<Connected>) {
        let latest = self.behind().find_map(|known| match known {
            Queued::Connected(known) => Some(Some(known)),
            Queued::Item(Item::Gap(_)) => Some(None),
            _ => None,
        });
        match latest.flatten() {
            Some(known) => known.clone_from(connected),
            None => self.push(Queued::Connected(Arc::clone(connected)), 0, false),
        }
    }

    /// Adds a gap. After one event or mark there is at most one gap, so a subscriber that never
    /// reads again costs the same however often the connection is lost.
    fn gap(&mut self, gap: &Gap) {
        self.down = None;
        let known = self.behind().find_map(|known| match known {
            Queued::Item(Item::Gap(gap)) => Some(gap),
            _ => None,
        });
        match known {
            Some(known) => known.add(gap),
            None => self.push(Queued::Item(Item::Gap(gap.clone())), 0, false),
        }
    }
}

/// Wakes the subscriber after the lock is released, because a waker can run any code.
fn wake(mut state: MutexGuard<'_, State>) {
    let waker = state.waker.take();
    drop(state);
    waker.into_iter().for_each(Waker::wake);
}

#[cfg(test)]
mod tests;
