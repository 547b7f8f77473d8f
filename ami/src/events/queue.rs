//! The queue between the reader and one subscriber.
//!
//! Putting an item in never waits. A full queue counts missing events at their place, closes, or
//! grows, as its owner has chosen. A half-full queue reports it, and the reader gives the
//! subscriber a moment, unless that subscriber is behind already.

use std::collections::VecDeque;
use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use super::buffer::{Buffer, Overflow};
use super::bundle::{Bundle, Entry, Place, Pushed, Taken, handed, held_behind};
use super::filter::Filter;
use super::item::{Gap, Item};
use super::stray::Stray;
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
    /// at most one `Missed`, a `Gap` and another `Missed`.
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
}

impl Queue {
    pub(crate) fn new(filter: Filter, buffer: Buffer) -> Self {
        let Buffer { bytes, capacity, overflow } = buffer;
        let closes = overflow == Overflow::Close;
        let state = Mutex::new(State { closes, ..State::default() });
        Self { filter, bytes, capacity, place: Place::default(), state }
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
            state.push(Item::Stray(Box::new(stray)), bytes, false);
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

    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        wake(state);
    }

    /// Moves the first few items to `out`. A subscriber that took items one by one would get in the
    /// reader's way each time. Returns `true` at the end, when no more items will come.
    pub(super) fn poll(&self, cx: &mut Context<'_>, out: &mut Taken) -> Poll<bool> {
        let mut state = self.lock();
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
            *events -= u32::from(matches!(entry.item, Item::Event(_) | Item::Stray(_)));
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
            self.push(Item::Event(event), held, true);
        } else {
            let length = event.raw().len();
            self.push(Item::Event(event.detach()), length, false);
        }
    }

    fn push(&mut self, item: Item, bytes: usize, shares: bool) {
        let entry = Entry::new(item, bytes, shares);
        self.bytes += entry.cost();
        self.items.push_back(entry);
    }

    fn miss(&mut self) {
        if let Some(Entry { item: Item::Missed(missed), .. }) = self.items.back_mut() {
            *missed += 1;
        } else {
            self.push(Item::Missed(1), 0, false);
        }
    }

    /// Adds a gap. After one event there is at most one gap, so a subscriber that never reads
    /// again costs the same however often the connection is lost.
    fn gap(&mut self, gap: &Gap) {
        let items = self.items.iter_mut().rev().map(|entry| &mut entry.item);
        let mut behind = items.take_while(|item| !matches!(item, Item::Event(_) | Item::Stray(_)));
        let known = behind.find_map(|item| match item {
            Item::Gap(gap) => Some(gap),
            _ => None,
        });
        match known {
            Some(known) => known.add(gap),
            None => self.push(Item::Gap(gap.clone()), 0, false),
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
mod tests {
    use std::time::Duration;

    use bytes::Bytes;

    use super::*;
    use crate::error::Disconnect;
    use crate::events::buffer::SHARED;
    use crate::wire::{Message, READ_BUFFER};

    fn event(name: &str) -> Event {
        Event::new(Message::of_lines(Bytes::from(format!("Event: {name}\r\n\r\n"))))
    }

    fn gap() -> Gap {
        let (reason, lasted) = (Disconnect::Eof, Duration::from_secs(1));
        Gap { reason, times: 1, lasted, restarted: Some(false) }
    }

    fn push_all(queue: &Queue, events: impl IntoIterator<Item = Event>) -> (Pushed, u64) {
        let mut bundle = Bundle::default();
        events.into_iter().for_each(|event| {
            bundle.add(event);
        });
        queue.push_all(&mut bundle, &mut Vec::new())
    }

    fn push(queue: &Queue, names: &[&str]) -> usize {
        push_all(queue, names.iter().map(|name| event(name))).1.try_into().unwrap()
    }

    /// Takes one batch, which is one item in small queues.
    fn next(queue: &Queue) -> Vec<String> {
        let mut items = Taken::default();
        let mut cx = Context::from_waker(Waker::noop());
        let end = queue.poll(&mut cx, &mut items) == Poll::Ready(true);
        let text = |item| match item {
            Item::Event(event) => event.name().into_owned(),
            Item::Missed(missed) => format!("missed {missed}"),
            Item::Gap(gap) => format!("gap {} {}", gap.times, gap.lasted.as_secs()),
            Item::Stray(stray) => format!("{stray:?}"),
        };
        items
            .0
            .into_iter()
            .map(|entry| text(entry.item))
            .chain(end.then(|| "end".to_owned()))
            .collect()
    }

    fn taken(queue: &Queue) -> Vec<String> {
        let mut taken = Vec::new();
        while taken.last().is_none_or(|last| last != "end") {
            let more = next(queue);
            if more.is_empty() {
                break;
            }
            taken.extend(more);
        }
        taken
    }

    #[test]
    fn what_is_missed_is_counted_where_it_is_missing() {
        let slow = Queue::new(Filter::all(), Buffer::bounded(2));
        assert_eq!(push(&slow, &["A", "B", "C", "D"]), 2);
        assert_eq!(next(&slow), ["A"]);
        assert_eq!(push(&slow, &["E", "F"]), 1);
        assert_eq!(taken(&slow), ["B", "missed 2", "E", "missed 1"]);
        push(&slow, &["G"]);
        assert_eq!(taken(&slow), ["G"]);
    }

    #[test]
    fn a_full_queue_can_be_closed_or_grow() {
        let closing = Queue::new(Filter::all(), Buffer::bounded(2).overflow(Overflow::Close));
        assert_eq!(push(&closing, &["A"; 10_000]), 1);
        assert_eq!(taken(&closing), ["A", "A", "missed 1", "end"]);
        let growing = Queue::new(Filter::all(), Buffer::unbounded());
        assert_eq!(push(&growing, &["A"; 10_000]), 0);
        assert_eq!((growing.len(), taken(&growing).len()), (10_000, 10_000));
    }

    #[test]
    fn gaps_stand_where_they_were_and_do_not_pile_up() {
        let queue = Queue::new(Filter::all(), Buffer::bounded(1));
        queue.gap(&gap());
        push(&queue, &["A", "B"]);
        for _ in 0..1000 {
            queue.gap(&gap());
            push(&queue, &["C"]);
        }
        assert_eq!(taken(&queue), ["gap 1 1", "A", "missed 1", "gap 1000 1000", "missed 1000"]);
    }

    /// Returns how many of the events that begin at these places share the memory of the buffer
    /// that they came in.
    fn shared(places: &[usize]) -> usize {
        let queue = Queue::new(Filter::all(), Buffer::bounded(4096));
        let text = "Event: A\r\n\r\n";
        let mut buffer = vec![0; places.last().unwrap() + text.len()];
        for &at in places {
            buffer[at..][..text.len()].copy_from_slice(text.as_bytes());
        }
        let buffer = Bytes::from(buffer);
        for &at in places {
            let raw = buffer.slice(at..at + text.len());
            push_all(&queue, [Event::new(Message::of_lines(raw))]);
        }
        let mut cx = Context::from_waker(Waker::noop());
        let mut items = Taken::default();
        while queue.poll(&mut cx, &mut items).is_ready() {}
        assert_eq!((items.iter().count(), queue.lock().held), (places.len(), 0));
        let shares = |item: &&Item| match item {
            Item::Event(event) => buffer.as_ptr_range().contains(&event.raw().as_ptr()),
            other => panic!("{other:?}"),
        };
        items.iter().filter(shares).count()
    }

    #[test]
    fn a_slow_subscriber_does_not_hold_what_it_did_not_ask_for() {
        let apart = |distance: usize| (0..4000).map(|n| n * distance).collect::<Vec<_>>();
        assert_eq!(shared(&apart(100)), 4000);
        // Each of these events holds a buffer of its own.
        assert_eq!(shared(&apart(READ_BUFFER + 20)), SHARED / READ_BUFFER);
        // These events have others between them.
        assert_eq!(shared(&apart(1024)), SHARED / 1024 - 63);
        // Each of many buffers has a few of the events. Once there are enough, none of the buffers
        // is held, because one event would hold as much as all of them.
        let few: Vec<_> = (0..4000).map(|n| n / 10 * 2 * READ_BUFFER + n % 10 * 100).collect();
        assert!(shared(&few) <= SHARED / READ_BUFFER * 10);
    }

    #[test]
    fn an_item_is_no_larger_than_an_event() {
        assert_eq!(size_of::<Item>(), size_of::<Event>());
    }

    #[test]
    fn a_queue_is_bounded_in_bytes() {
        let queue = Queue::new(Filter::all(), Buffer::bytes(100_000));
        let missed = push(&queue, &["A"; 10_000]);
        let held = queue.len();
        assert_eq!(held + missed, 10_000);
        let each = size_of::<Entry>() + "Event: A\r\n\r\n".len();
        assert_eq!(held, 100_000_usize.div_ceil(each));
        assert_eq!(taken(&queue).len(), held + 1);
        assert_eq!(queue.lock().bytes, 0);
    }

    #[test]
    fn a_queue_that_is_half_full_says_so_until_something_is_missed() {
        let queue = Queue::new(Filter::all(), Buffer::bounded(4));
        let push = || match push_all(&queue, [event("A")]) {
            (_, 1) => Pushed::Missed,
            (pushed, _) => pushed,
        };
        assert_eq!([push(), push(), push()], [Pushed::Done, Pushed::Done, Pushed::HalfFull]);
        assert!(queue.is_half_full());
        assert_eq!([push(), push()], [Pushed::HalfFull, Pushed::Missed]);
        assert!(!queue.is_half_full());
        // The reader waits no more for a subscriber that is behind, until it has caught up.
        next(&queue);
        assert_eq!([push(), push()], [Pushed::Done, Pushed::Missed]);
        taken(&queue);
        assert_eq!([push(), push(), push()], [Pushed::Done, Pushed::Done, Pushed::HalfFull]);
    }

    #[test]
    fn a_subscriber_that_does_not_use_its_time_is_given_no_more() {
        let queue = Queue::new(Filter::all(), Buffer::bounded(4));
        push(&queue, &["A", "B", "C"]);
        for _ in 0..IDLE_TURNS {
            assert!(queue.is_half_full());
            queue.end_turn();
        }
        assert!(!queue.is_half_full());
        taken(&queue);
        push(&queue, &["A", "B", "C"]);
        assert!(queue.is_half_full());
    }

    #[test]
    fn a_queue_of_any_size_takes_one_event() {
        let queue = Queue::new(Filter::all(), Buffer::bytes(0));
        assert_eq!(push(&queue, &["A", "B"]), 1);
        assert_eq!(taken(&queue), ["A", "missed 1"]);
    }

    #[test]
    fn what_is_lost_elsewhere_is_missed_whatever_room_there_is() {
        let queue = Queue::new(Filter::all(), Buffer::bounded(4));
        push(&queue, &["A"]);
        queue.miss(&mut Vec::new());
        push(&queue, &["B"]);
        assert_eq!(taken(&queue), ["A", "missed 1", "B"]);
    }
}
