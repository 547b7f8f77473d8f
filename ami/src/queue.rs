//! The queue between the reader and one subscriber.
//!
//! Putting something in never waits. When it is full, it counts what is missing, at the place where it is missing; or it
//! closes, or it grows, as its owner has chosen.

use std::collections::VecDeque;
use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::error::Disconnect;
use crate::filter::Filter;
use crate::message::Event;

/// How many events of a queue may share the memory that they were read into. Those behind get memory of their own, so that
/// a slow subscriber holds what it has not read yet and no more.
const FRESH: usize = 16;

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
    /// At most so many events, at least one.
    pub fn bounded(capacity: usize) -> Self {
        Self { capacity: capacity.max(1), overflow: Overflow::Skip }
    }

    /// As many as there are. Memory is the limit.
    pub fn unbounded() -> Self {
        Self::bounded(usize::MAX)
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
    items: VecDeque<Item>,
    events: usize,
    waker: Option<Waker>,
    closed: bool,
}

/// What came of an event.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Pushed {
    /// It is in the queue, or it was not for this one.
    Done,
    /// There was no room.
    Missed,
}

impl Queue {
    pub(crate) fn new(filter: Filter, buffer: Buffer) -> Self {
        Self { filter, buffer, state: Mutex::default() }
    }

    /// Puts an event in, if the filter admits it; the first `known` of the filter's fields are known to. Who is to be woken
    /// comes into `wakers`: one wake-up is enough for all events that are read at once.
    pub(crate) fn push(&self, event: &Event, known: usize, wakers: &mut Vec<Waker>) -> Pushed {
        if !self.filter.admits(event, known) {
            return Pushed::Done;
        }
        let mut state = self.lock();
        if state.closed {
            return Pushed::Done;
        }
        let room = state.events < self.buffer.capacity;
        if room {
            let event = if state.events < FRESH { event.clone() } else { event.detach() };
            state.events += 1;
            state.items.push_back(Item::Event(event));
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
        state.wake();
    }

    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        state.wake();
    }

    pub(crate) fn poll(&self, cx: &mut Context<'_>) -> Poll<Option<Item>> {
        let mut state = self.lock();
        if let Some(item) = state.items.pop_front() {
            state.events -= usize::from(matches!(item, Item::Event(_)));
            return Poll::Ready(Some(item));
        }
        if state.closed {
            return Poll::Ready(None);
        }
        // Most of the time the same task waits again.
        match &mut state.waker {
            Some(waker) => waker.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        }
        Poll::Pending
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
    fn miss(&mut self) {
        if let Some(Item::Missed(missed)) = self.items.back_mut() {
            *missed += 1;
        } else {
            self.items.push_back(Item::Missed(1));
        }
    }

    /// Adds a gap. Behind one event there is at most one: a subscriber that never reads again costs the same however often
    /// the connection is lost.
    fn gap(&mut self, reason: &Disconnect) {
        let behind = self.items.iter_mut().rev().take_while(|item| !matches!(item, Item::Event(_)));
        let known = behind.into_iter().find_map(|item| match item {
            Item::Gap(gap) => Some(gap),
            _ => None,
        });
        match known {
            Some(gap) => {
                gap.times += 1;
                gap.reason = reason.clone();
            }
            None => self.items.push_back(Item::Gap(Gap { reason: reason.clone(), times: 1 })),
        }
    }

    fn wake(&mut self) {
        if let Some(waker) = mem::take(&mut self.waker) {
            waker.wake();
        }
    }
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
        let missed = |name: &&&str| queue.push(&event(name), 0, &mut Vec::new()) == Pushed::Missed;
        names.iter().filter(missed).count()
    }

    fn next(queue: &Queue) -> Option<String> {
        let Poll::Ready(item) = queue.poll(&mut Context::from_waker(Waker::noop())) else {
            return None;
        };
        Some(match item {
            Some(Item::Event(event)) => String::from_utf8_lossy(event.name()).into_owned(),
            Some(Item::Missed(missed)) => format!("missed {missed}"),
            Some(Item::Gap(gap)) => format!("gap {}", gap.times),
            None => "end".to_owned(),
        })
    }

    fn taken(queue: &Queue) -> Vec<String> {
        let mut taken = Vec::new();
        while let Some(item) = next(queue) {
            let end = item == "end";
            taken.push(item);
            if end {
                break;
            }
        }
        taken
    }

    #[test]
    fn what_is_missed_is_counted_where_it_is_missing() {
        let slow = Queue::new(Filter::all(), Buffer::bounded(2));
        assert_eq!(push(&slow, &["A", "B", "C", "D"]), 2);
        assert_eq!(next(&slow).unwrap(), "A");
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

    #[test]
    fn a_slow_subscriber_does_not_hold_the_read_buffer() {
        let queue = Queue::new(Filter::all(), Buffer::default());
        let one = event("A");
        for _ in 0..FRESH + 5 {
            queue.push(&one, 0, &mut Vec::new());
        }
        let mut cx = Context::from_waker(Waker::noop());
        let mut shared = 0;
        while let Poll::Ready(Some(Item::Event(event))) = queue.poll(&mut cx) {
            shared += usize::from(event.raw().as_ptr() == one.raw().as_ptr());
            assert_eq!(event, one);
        }
        assert_eq!(shared, FRESH);
    }
}
