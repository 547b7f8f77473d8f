//! Several streams as one: each in its order, and none kept waiting by a busy one.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use futures_core::Stream;

/// The largest number of items that are taken from one stream in a row.
const IN_A_ROW: u32 = 64;

/// Streams with a key each, read in turn as they become ready.
pub(super) struct Merged<K, S> {
    /// The streams by their places. A late waker of a stream that has ended can wake the next one
    /// at its place, which costs one poll.
    sources: Vec<Option<Source<K, S>>>,
    /// The places of streams that have ended.
    free: Vec<usize>,
    ready: Arc<Ready>,
    /// The number of items that were taken in a row from the stream whose turn it is.
    taken: u32,
}

struct Source<K, S> {
    key: K,
    stream: S,
    wakeup: Arc<Wakeup>,
    waker: Waker,
}

/// The places of the streams that may have an item, in the order in which they became ready.
#[derive(Default)]
struct Ready {
    inner: Mutex<Queue>,
}

#[derive(Default)]
struct Queue {
    places: VecDeque<usize>,
    /// The one who waits for the first place.
    waker: Option<Waker>,
}

/// The waker of a stream.
struct Wakeup {
    place: usize,
    is_queued: AtomicBool,
    ready: Arc<Ready>,
}

impl Wake for Wakeup {
    fn wake(self: Arc<Self>) {
        if self.is_queued.swap(true, Ordering::AcqRel) {
            return;
        }
        let waker = {
            let mut queue = self.ready.lock();
            queue.places.push_back(self.place);
            queue.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl Ready {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Clone, S: Stream + Unpin> Merged<K, S> {
    pub(super) fn new() -> Self {
        Self { sources: Vec::new(), free: Vec::new(), ready: Arc::default(), taken: 0 }
    }

    /// Adds a stream.
    pub(super) fn add(&mut self, key: K, stream: S) {
        let place = self.free.pop().unwrap_or(self.sources.len());
        let (is_queued, ready) = (AtomicBool::new(true), Arc::clone(&self.ready));
        let wakeup = Arc::new(Wakeup { place, is_queued, ready });
        let waker = Waker::from(Arc::clone(&wakeup));
        let source = Some(Source { key, stream, wakeup, waker });
        match self.sources.get_mut(place) {
            Some(free) => *free = source,
            None => self.sources.push(source),
        }
        self.ready.lock().places.push_back(place);
    }

    /// Returns the number of streams that have not ended.
    pub(super) fn len(&self) -> usize {
        self.sources.len() - self.free.len()
    }

    /// Returns the keys of the streams that have not ended.
    pub(super) fn keys(&self) -> impl Iterator<Item = &K> {
        self.sources.iter().flatten().map(|source| &source.key)
    }

    /// Returns `true` if a stream of that key has not ended.
    pub(super) fn has(&self, key: &K) -> bool
    where
        K: PartialEq,
    {
        self.keys().any(|it| it == key)
    }

    /// Returns the next item of any stream with its key, or `None` at the end of that stream.
    /// Pending also if there is no stream.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<(K, Option<S::Item>)> {
        let waiting = {
            let mut queue = self.ready.lock();
            if !queue.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
                queue.waker = Some(cx.waker().clone());
            }
            queue.places.len()
        };
        // A stream that wakes itself, as one does that has to yield, comes in the next round.
        for _ in 0..waiting {
            let Some(place) = self.ready.lock().places.pop_front() else { break };
            let Some(source) = self.sources.get_mut(place).and_then(Option::as_mut) else {
                continue;
            };
            // What comes from here on wakes again.
            source.wakeup.is_queued.store(false, Ordering::Release);
            let mut theirs = Context::from_waker(&source.waker);
            match Pin::new(&mut source.stream).poll_next(&mut theirs) {
                Poll::Pending => self.taken = 0,
                Poll::Ready(None) => {
                    let key = source.key.clone();
                    self.remove(place);
                    return Poll::Ready((key, None));
                }
                Poll::Ready(Some(item)) => {
                    let key = source.key.clone();
                    self.requeue(place);
                    return Poll::Ready((key, Some(item)));
                }
            }
        }
        Poll::Pending
    }

    /// Puts a stream that has yielded an item back into the queue: to the front while it is its
    /// turn, else behind the others.
    fn requeue(&mut self, place: usize) {
        let Some(source) = self.sources.get(place).and_then(Option::as_ref) else { return };
        if source.wakeup.is_queued.swap(true, Ordering::AcqRel) {
            // It was woken meanwhile, and is at the back.
            self.taken = 0;
            return;
        }
        self.taken += 1;
        let mut queue = self.ready.lock();
        if self.taken < IN_A_ROW {
            queue.places.push_front(place);
        } else {
            self.taken = 0;
            queue.places.push_back(place);
        }
    }

    fn remove(&mut self, place: usize) {
        self.taken = 0;
        if let Some(source) = self.sources.get_mut(place)
            && source.take().is_some()
        {
            self.free.push(place);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::task::ready;

    use tokio::sync::mpsc;

    use super::*;

    struct Source(mpsc::UnboundedReceiver<u32>);

    impl Stream for Source {
        type Item = u32;

        fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<u32>> {
            self.0.poll_recv(cx)
        }
    }

    /// Adds a stream with these items, and returns what takes more of them.
    fn add(merged: &mut Merged<char, Source>, key: char, items: u32) -> mpsc::UnboundedSender<u32> {
        let (sender, receiver) = mpsc::unbounded_channel();
        (0..items).for_each(|item| sender.send(item).unwrap());
        merged.add(key, Source(receiver));
        sender
    }

    /// A waker that counts.
    #[derive(Default)]
    struct Count(std::sync::atomic::AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Takes what there is. The end of a stream is `None`.
    fn taken(merged: &mut Merged<char, Source>, cx: &mut Context<'_>) -> Vec<(char, Option<u32>)> {
        let mut taken = Vec::new();
        while let Poll::Ready(item) = merged.poll(cx) {
            taken.push(item);
        }
        taken
    }

    #[tokio::test]
    async fn a_busy_stream_does_not_keep_the_others_waiting_and_each_is_in_its_order() {
        let mut merged = Merged::new();
        let mut cx = Context::from_waker(Waker::noop());
        let _loud = add(&mut merged, 'a', 10_000);
        let _quiet = add(&mut merged, 'b', 2);
        let taken = tokio::task::coop::unconstrained(async { taken(&mut merged, &mut cx) }).await;
        let at = taken.iter().position(|item| *item == ('b', Some(0))).unwrap();
        assert_eq!(at, IN_A_ROW as usize);
        for (key, count) in [('a', 10_000), ('b', 2)] {
            let items = taken.iter().filter(|item| item.0 == key).map(|item| item.1.unwrap());
            assert!(items.eq(0..count), "{key}");
        }
    }

    #[tokio::test]
    async fn an_item_wakes_the_one_who_waits_and_an_end_is_told_once() {
        let mut merged = Merged::new();
        let count = Arc::new(Count::default());
        let waker = Waker::from(Arc::clone(&count));
        let mut cx = Context::from_waker(&waker);
        let woken = || count.0.swap(0, Ordering::Relaxed);
        let (one, other) = (add(&mut merged, 'a', 0), add(&mut merged, 'b', 1));
        assert_eq!(taken(&mut merged, &mut cx), [('b', Some(0))]);
        assert_eq!(woken(), 0);
        for sender in [&one, &other] {
            sender.send(5).unwrap();
            sender.send(6).unwrap();
        }
        assert_eq!(woken(), 1, "once for all that came");
        let all = [('a', Some(5)), ('a', Some(6)), ('b', Some(5)), ('b', Some(6))];
        assert_eq!(taken(&mut merged, &mut cx), all);
        drop(one);
        assert_eq!((woken(), taken(&mut merged, &mut cx)), (1, vec![('a', None)]));
        assert!(!merged.has(&'a') && merged.has(&'b') && merged.len() == 1);
        // The place is used again.
        let third = add(&mut merged, 'c', 1);
        assert_eq!(taken(&mut merged, &mut cx), [('c', Some(0))]);
        assert_eq!((merged.sources.len(), merged.len()), (2, 2));
        third.send(1).unwrap();
        assert_eq!((woken(), taken(&mut merged, &mut cx)), (1, vec![('c', Some(1))]));
    }

    /// A stream that has to yield each time.
    struct Yields(Source);

    impl Stream for Yields {
        type Item = u32;

        fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<u32>> {
            ready!(Pin::new(&mut self.0).poll_next(cx));
            cx.waker().wake_by_ref();
            Poll::Pending
        }
    }

    #[test]
    fn a_stream_that_yields_gets_another_poll_later() {
        let (sender, receiver) = mpsc::unbounded_channel();
        (0..3).for_each(|item| sender.send(item).unwrap());
        let mut merged = Merged::new();
        merged.add('a', Yields(Source(receiver)));
        let count = Arc::new(Count::default());
        let waker = Waker::from(Arc::clone(&count));
        for polled in 1..=3 {
            assert!(merged.poll(&mut Context::from_waker(&waker)).is_pending());
            assert_eq!(count.0.load(Ordering::Relaxed), polled);
        }
    }
}
