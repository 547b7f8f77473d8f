//! The queue between the reader and one subscriber.
//!
//! Putting something in never waits. When it is full, it counts what is missing, at the place where it is missing; or it
//! closes, or it grows, as its owner has chosen.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::error::Disconnect;
use crate::filter::Filter;
use crate::message::Event;

/// An event shares the memory that it was read into with those around it, up to this many bytes of them.
const READ: usize = 64 * 1024;

/// How much of such memory the events of a queue may hold. Those behind get memory of their own, so that a slow subscriber
/// holds what it has not read yet and little more, also if its events are few among many.
const SHARED: usize = 1024 * 1024;

/// How many events a subscription holds for a subscriber that is behind, and what happens beyond that.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Buffer {
    capacity: usize,
    overflow: Overflow,
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
    /// At most so many events, at least one. A subscriber that is at work has been handed a few more, up to a 64th of them.
    pub fn bounded(capacity: usize) -> Self {
        Self { capacity: capacity.max(1), overflow: Overflow::Skip }
    }

    /// As many as there are. Memory is the limit.
    pub fn unbounded() -> Self {
        Self::bounded(usize::MAX)
    }

    /// How many items a subscriber is handed at once.
    fn batch(&self) -> usize {
        (self.capacity / 64).clamp(1, 64)
    }

    /// What happens beyond the limit; [`Overflow::Skip`] unless set.
    #[must_use]
    pub fn overflow(mut self, overflow: Overflow) -> Self {
        self.overflow = overflow;
        self
    }
}

/// 4,096 events, and [`Overflow::Skip`].
impl Default for Buffer {
    fn default() -> Self {
        Self::bounded(4096)
    }
}

/// What a subscription yields.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Item {
    /// An event.
    Event(Event),
    /// So many events are missing here, because the subscription was full when they came.
    Missed(u64),
    /// The connection was lost here and has been made anew. What the server would have sent in between is missing, and
    /// nobody knows how much that is. Calls and queues may have come and gone: now is the time to ask again what there is.
    Gap(Gap),
}

/// A time without a connection; see [`Item::Gap`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Gap {
    /// Why the connection was lost, the last time if it was more than once.
    pub reason: Disconnect,
    /// How often it was lost: more than once only if the subscription was full all the while.
    pub times: u64,
}

/// The queue of one subscriber.
pub(crate) struct Queue {
    pub(crate) filter: Filter,
    buffer: Buffer,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Invariant: at most as many events as the buffer says, and behind each of them at most one `Missed`, a `Gap` and
    /// another `Missed`.
    items: VecDeque<Entry>,
    events: usize,
    /// How many bytes of read buffers all of them hold.
    held: usize,
    /// Where the last event that shares its buffer ended, in memory.
    end: usize,
    waker: Option<Waker>,
    closed: bool,
}

struct Entry {
    item: Item,
    /// How many bytes of read buffers it holds that those before it do not.
    held: usize,
}

/// What came of an event.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Pushed {
    /// It is in the queue, or the queue is closed.
    Done,
    /// There was no room.
    Missed,
}

impl Queue {
    pub(crate) fn new(filter: Filter, buffer: Buffer) -> Self {
        Self { filter, buffer, state: Mutex::default() }
    }

    /// Puts an event in that the filter admits. Who is to be woken comes into `wakers`: one wake-up is enough for all events
    /// that are read at once.
    pub(crate) fn push(&self, event: Event, wakers: &mut Vec<Waker>) -> Pushed {
        let mut state = self.lock();
        if state.closed {
            return Pushed::Done;
        }
        let room = state.events < self.buffer.capacity;
        if room {
            state.hold(event);
        } else {
            state.miss();
            state.closed = self.buffer.overflow == Overflow::Close;
        }
        wakers.extend(state.waker.take());
        if room { Pushed::Done } else { Pushed::Missed }
    }

    /// Tells that the connection was lost and made anew.
    pub(crate) fn gap(&self, reason: &Disconnect) {
        let mut state = self.lock();
        if !state.closed {
            state.gap(reason);
        }
        wake(state);
    }

    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        wake(state);
    }

    /// Moves what is first in it to `out`, up to a few items: who takes one at a time would get in the reader's way each
    /// time. True at the end, when there is nothing left to come.
    pub(crate) fn poll(&self, cx: &mut Context<'_>, out: &mut VecDeque<Item>) -> Poll<bool> {
        let mut state = self.lock();
        if state.items.is_empty() && !state.closed {
            // Most of the time the same task waits again.
            match &mut state.waker {
                Some(waker) => waker.clone_from(cx.waker()),
                none => *none = Some(cx.waker().clone()),
            }
            return Poll::Pending;
        }
        let count = state.items.len().min(self.buffer.batch());
        let State { items, events, held, .. } = &mut *state;
        for entry in items.drain(..count) {
            *events -= usize::from(matches!(entry.item, Item::Event(_)));
            *held -= entry.held;
            out.push_back(entry.item);
        }
        Poll::Ready(count == 0)
    }

    /// How many events are in it.
    pub(crate) fn len(&self) -> usize {
        self.lock().events
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn hold(&mut self, event: Event) {
        let (begin, length) = (event.raw().as_ptr() as usize, event.raw().len());
        // From the end of the one before it, if that was in the same buffer.
        let between = begin.wrapping_sub(self.end);
        let held = if between < READ { between + length } else { READ.max(length) };
        self.events += 1;
        if self.held + held <= SHARED {
            self.held += held;
            self.end = begin.wrapping_add(length);
            self.items.push_back(Entry { item: Item::Event(event), held });
        } else {
            self.push(Item::Event(event.detach()));
        }
    }

    /// Adds what is in memory of its own.
    fn push(&mut self, item: Item) {
        self.items.push_back(Entry { item, held: 0 });
    }

    fn miss(&mut self) {
        if let Some(Entry { item: Item::Missed(missed), .. }) = self.items.back_mut() {
            *missed += 1;
        } else {
            self.push(Item::Missed(1));
        }
    }

    /// Adds a gap. Behind one event there is at most one: a subscriber that never reads again costs the same however often
    /// the connection is lost.
    fn gap(&mut self, reason: &Disconnect) {
        let items = self.items.iter_mut().rev().map(|entry| &mut entry.item);
        let mut behind = items.take_while(|item| !matches!(item, Item::Event(_)));
        let known = behind.find_map(|item| match item {
            Item::Gap(gap) => Some(gap),
            _ => None,
        });
        match known {
            Some(gap) => {
                gap.times += 1;
                gap.reason = reason.clone();
            }
            None => self.push(Item::Gap(Gap { reason: reason.clone(), times: 1 })),
        }
    }
}

/// Wakes the subscriber, once the queue is free: nobody knows what a waker does.
fn wake(mut state: MutexGuard<'_, State>) {
    let waker = state.waker.take();
    drop(state);
    waker.into_iter().for_each(Waker::wake);
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::message::Message;

    fn event(name: &str) -> Event {
        let lines = format!("Event: {name}\r\n");
        Event::new(Message::new(Bytes::from(format!("{lines}\r\n")), lines.len()))
    }

    fn push(queue: &Queue, names: &[&str]) -> usize {
        let missed = |name: &&&str| queue.push(event(name), &mut Vec::new()) == Pushed::Missed;
        names.iter().filter(missed).count()
    }

    /// Takes one batch, which is one item in small queues.
    fn next(queue: &Queue) -> Vec<String> {
        let mut items = VecDeque::new();
        let mut cx = Context::from_waker(Waker::noop());
        let end = queue.poll(&mut cx, &mut items) == Poll::Ready(true);
        let text = |item| match item {
            Item::Event(event) => String::from_utf8_lossy(event.name()).into_owned(),
            Item::Missed(missed) => format!("missed {missed}"),
            Item::Gap(gap) => format!("gap {}", gap.times),
        };
        items.into_iter().map(text).chain(end.then(|| "end".to_owned())).collect()
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
        queue.gap(&Disconnect::Eof);
        push(&queue, &["A", "B"]);
        for _ in 0..1000 {
            queue.gap(&Disconnect::Eof);
            push(&queue, &["C"]);
        }
        assert_eq!(taken(&queue), ["gap 1", "A", "missed 1", "gap 1000", "missed 1000"]);
    }

    /// How many events share the memory of the buffer that they came in, if they begin at these places.
    fn shared(places: &[usize]) -> usize {
        let queue = Queue::new(Filter::all(), Buffer::default());
        let lines = "Event: A\r\n";
        let text = format!("{lines}\r\n");
        let mut buffer = vec![0; places.last().unwrap() + text.len()];
        for &at in places {
            buffer[at..][..text.len()].copy_from_slice(text.as_bytes());
        }
        let buffer = Bytes::from(buffer);
        for &at in places {
            let raw = buffer.slice(at..at + text.len());
            queue.push(Event::new(Message::new(raw, lines.len())), &mut Vec::new());
        }
        let mut cx = Context::from_waker(Waker::noop());
        let mut items = VecDeque::new();
        while queue.poll(&mut cx, &mut items).is_ready() {}
        assert_eq!((items.len(), queue.lock().held), (places.len(), 0));
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
        // Each of these holds a buffer of its own.
        assert_eq!(shared(&apart(READ + 20)), SHARED / READ);
        // These have others between them.
        assert_eq!(shared(&apart(1024)), SHARED / 1024 - 63);
        // A few from each of many buffers: once there are enough, none of them is held, for one would hold as much as all.
        let few: Vec<_> = (0..4000).map(|n| n / 10 * 2 * READ + n % 10 * 100).collect();
        assert!(shared(&few) <= SHARED / READ * 10);
    }
}
