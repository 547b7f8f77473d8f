//! Batches of events that are read at once, gathered for each queue. A queue is locked once for
//! many events, and its subscriber is woken once for all of them.

use std::mem;
use std::sync::Arc;
use std::task::Waker;

use super::bundle::{Bundle, Pushed};
use super::queue::Queue;
use super::stray::Stray;
use crate::wire::Event;

/// The number of queues for which events are gathered at a time.
const QUEUES: usize = 64;

/// Events on their way into the queues, and the results.
#[derive(Default)]
pub(super) struct Batch {
    shares: Vec<Share>,
    /// Empty bundles with allocated room.
    spare: Vec<Bundle>,
    wakers: Vec<Waker>,
    /// The queues that are half full.
    half_full: Vec<Arc<Queue>>,
    /// The number of events that had no room and were not reported yet.
    missed: u64,
}

/// The events gathered for one queue.
struct Share {
    queue: Arc<Queue>,
    bundle: Bundle,
}

impl Batch {
    /// Gathers an event for a queue.
    #[inline]
    pub(super) fn add(&mut self, queue: &Arc<Queue>, event: Event) {
        let place = queue.place.get();
        let share = match self.shares.get_mut(place) {
            Some(share) if Arc::ptr_eq(&share.queue, queue) => share,
            _ => self.begin(queue),
        };
        if share.bundle.add(event) {
            self.deliver();
        }
    }

    /// Begins the share of a queue.
    fn begin(&mut self, queue: &Arc<Queue>) -> &mut Share {
        if self.shares.len() >= QUEUES {
            self.deliver();
        }
        let place = self.shares.len();
        queue.place.set(place);
        let mut bundle = self.spare.pop().unwrap_or_default();
        bundle.begin(&queue.buffer());
        self.shares.push(Share { queue: Arc::clone(queue), bundle });
        &mut self.shares[place]
    }

    /// Puts the gathered events into the queues.
    pub(super) fn deliver(&mut self) {
        let Self { shares, spare, wakers, half_full, missed } = self;
        for Share { queue, mut bundle } in shares.drain(..) {
            let (pushed, more) = queue.push_all(&mut bundle, wakers);
            spare.push(bundle);
            *missed += more;
            if pushed == Pushed::HalfFull {
                note(half_full, queue);
            }
        }
    }

    /// Puts a stray into a queue, after the events before it.
    pub(super) fn add_stray(&mut self, queue: Arc<Queue>, stray: Stray) {
        self.deliver();
        match queue.push_stray(stray, &mut self.wakers) {
            Pushed::Done => {}
            Pushed::HalfFull => note(&mut self.half_full, queue),
            Pushed::Missed => self.missed += 1,
        }
    }

    /// Notes that a queue misses an event, after the events before it.
    pub(super) fn add_miss(&mut self, queue: &Queue) {
        self.deliver();
        self.missed += u64::from(queue.miss(&mut self.wakers));
    }

    /// Returns the number of events that had no room since the last call.
    pub(super) fn take_missed(&mut self) -> u64 {
        mem::take(&mut self.missed)
    }

    /// Returns `true` if a subscriber that has kept up so far is about to miss an event.
    #[inline]
    pub(super) fn has_half_full(&mut self) -> bool {
        if self.half_full.is_empty() {
            return false;
        }
        self.half_full.retain(|queue| queue.is_half_full());
        !self.half_full.is_empty()
    }

    /// Notes that the subscribers of the half-full queues were given time.
    pub(super) fn end_turn(&mut self) {
        self.half_full.drain(..).for_each(|queue| queue.end_turn());
    }

    /// Forgets the half-full queues.
    pub(super) fn forget_half_full(&mut self) {
        self.half_full.clear();
    }

    /// Wakes the subscribers that received something.
    pub(super) fn wake(&mut self) {
        self.wakers.drain(..).for_each(Waker::wake);
    }
}

fn note(queues: &mut Vec<Arc<Queue>>, queue: Arc<Queue>) {
    if !queues.iter().any(|it| Arc::ptr_eq(it, &queue)) {
        queues.push(queue);
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Context, Poll, Wake};

    use bytes::Bytes;

    use super::*;
    use crate::events::{Buffer, Filter, Item, Overflow, Publisher, Subscribers, Subscription};
    use crate::wire::{Malformed, Message};

    fn event(name: &str, number: usize) -> Event {
        let text = format!("Event: {name}\r\nNumber: {number}\r\n\r\n");
        Event::new(Message::of_lines(Bytes::from(text)))
    }

    fn number(item: Item) -> String {
        match item {
            Item::Event(event) => event.text("Number").unwrap().into_owned(),
            Item::Missed(missed) => format!("missed {missed}"),
            Item::Stray(_) => "stray".to_owned(),
            other => format!("{other:?}"),
        }
    }

    /// Returns all items that can be taken now.
    fn taken(subscription: &mut Subscription, waker: &Waker) -> Vec<String> {
        let mut cx = Context::from_waker(waker);
        let mut taken = Vec::new();
        loop {
            match pin!(subscription.next()).poll(&mut cx) {
                Poll::Ready(Some(item)) => taken.push(number(item)),
                Poll::Ready(None) => taken.push("end".to_owned()),
                Poll::Pending => return taken,
            }
            if taken.last().is_some_and(|last| last == "end") {
                return taken;
            }
        }
    }

    fn numbers(range: impl IntoIterator<Item = usize>) -> Vec<String> {
        range.into_iter().map(|number| number.to_string()).collect()
    }

    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn publisher() -> (Arc<Subscribers>, Publisher) {
        let subscribers = Arc::new(Subscribers::default());
        (Arc::clone(&subscribers), Publisher::new(subscribers))
    }

    #[test]
    fn each_queue_gets_its_events_in_order_and_all_of_them() {
        let (subscribers, mut publisher) = publisher();
        let add = |filter| Subscription::new(&subscribers, filter, Buffer::default());
        let mut all: Vec<_> = (0..2 * QUEUES).map(|_| add(Filter::all())).collect();
        let mut odd = add(Filter::named(["odd"]));
        let mut third = add(Filter::all().when(|event| {
            event.text("Number").is_some_and(|it| it.parse::<usize>().unwrap() % 3 == 0)
        }));
        for n in 0..500 {
            assert_eq!(publisher.publish(event(["Even", "Odd"][n % 2], n)), 0);
        }
        assert_eq!(publisher.deliver(), 0);
        for one in &mut all {
            assert_eq!(taken(one, Waker::noop()), numbers(0..500));
        }
        assert_eq!(taken(&mut odd, Waker::noop()), numbers((1..500).step_by(2)));
        assert_eq!(taken(&mut third, Waker::noop()), numbers((0..500).step_by(3)));
    }

    #[test]
    fn what_is_missed_is_counted_to_the_last_event_at_its_place() {
        let (subscribers, mut publisher) = publisher();
        let buffers = [
            Buffer::bounded(640),
            Buffer::bounded(645),
            Buffer::bounded(1),
            Buffer::unbounded(),
            Buffer::bounded(640).overflow(Overflow::Close),
        ];
        let mut slow = buffers.map(|it| Subscription::new(&subscribers, Filter::all(), it));
        let mut missed = 0;
        for n in 0..1000 {
            missed += publisher.publish(event("A", n));
        }
        missed += publisher.deliver();
        assert_eq!(missed, 360 + 355 + 999 + 1);
        let came = slow.each_mut().map(|it| taken(it, Waker::noop()));
        let expected = [
            (640, vec!["missed 360"]),
            (645, vec!["missed 355"]),
            (1, vec!["missed 999"]),
            (1000, vec![]),
            (640, vec!["missed 1", "end"]),
        ];
        for (came, (count, last)) in came.iter().zip(expected) {
            assert_eq!(came[..count], numbers(0..count));
            assert_eq!(came[count..], last);
        }
        // There is room again, and the events continue after the missing ones.
        publisher.publish(event("A", 1000));
        publisher.deliver();
        for one in &mut slow[..4] {
            assert_eq!(taken(one, Waker::noop()), ["1000"]);
        }
    }

    #[test]
    fn what_is_no_event_or_is_lost_stands_behind_the_events_before_it() {
        let (subscribers, mut publisher) = publisher();
        let filter = Filter::all().with_strays();
        let mut one = Subscription::new(&subscribers, filter, Buffer::default());
        publisher.publish(event("A", 1));
        publisher.publish_stray(|| Stray::Malformed(Malformed::Truncated(Bytes::from("x"))));
        publisher.publish(event("A", 2));
        assert_eq!(publisher.publish_lost(&event("A", 3)), 1);
        publisher.publish(event("A", 4));
        publisher.deliver();
        assert_eq!(taken(&mut one, Waker::noop()), ["1", "stray", "2", "missed 1", "4"]);
    }

    #[test]
    fn a_subscriber_is_woken_once_for_all_that_is_read_at_once() {
        let (subscribers, mut publisher) = publisher();
        let mut one = Subscription::new(&subscribers, Filter::all(), Buffer::default());
        let count = Arc::new(Count(AtomicUsize::new(0)));
        let waker = Waker::from(Arc::clone(&count));
        assert!(taken(&mut one, &waker).is_empty());
        for round in 1..=3 {
            for n in 0..1000 {
                publisher.publish(event("A", n));
            }
            publisher.deliver();
            assert_eq!(count.0.load(Ordering::Relaxed), round - 1);
            publisher.flush();
            assert_eq!(count.0.load(Ordering::Relaxed), round);
            assert_eq!(taken(&mut one, &waker).len(), 1000);
        }
        publisher.flush();
        assert_eq!(count.0.load(Ordering::Relaxed), 3);
    }

    #[test]
    fn a_subscriber_that_goes_in_the_middle_harms_nobody_and_is_not_held() {
        let (subscribers, mut publisher) = publisher();
        let owned = Arc::new(());
        let held = Arc::clone(&owned);
        let filter = Filter::all().when(move |_| Arc::strong_count(&held) > 0);
        let gone = Subscription::new(&subscribers, filter, Buffer::default());
        let mut stays = Subscription::new(&subscribers, Filter::all(), Buffer::default());
        publisher.publish(event("A", 1));
        drop(gone);
        publisher.publish(event("A", 2));
        publisher.deliver();
        publisher.flush();
        assert_eq!(Arc::strong_count(&owned), 1);
        publisher.publish(event("A", 3));
        drop(publisher);
        assert_eq!(taken(&mut stays, Waker::noop()), ["1", "2", "3"]);
    }
}
