//! What a subscriber holds: its end of a queue.

use std::fmt;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

use futures_core::Stream;
use tokio::task::coop::{poll_proceed, unconstrained};

use super::buffer::Buffer;
use super::bundle::Taken;
use super::filter::Filter;
use super::index::Subscribers;
use super::item::Item;
use super::lost::{Lost, TryNextError};
use super::queue::Queue;
use crate::wire::Event;

/// The events of one subscriber, in the order in which the server sent them.
///
/// It outlives a connection that is lost: once there is a new one, it yields [`Item::Gap`] and goes
/// on. It ends when the client does. Dropping it ends the subscription.
///
/// [`next`](Self::next) and the stream yield everything, as an [`Item`] for a `match`;
/// [`next_event`](Self::next_event) yields events, and losses as errors.
pub struct Subscription {
    queue: Arc<Queue>,
    /// What was taken out of the queue and not asked for yet.
    taken: Taken,
    subscribers: Arc<Subscribers>,
}

impl Subscription {
    pub(crate) fn new(subscribers: &Arc<Subscribers>, filter: Filter, buffer: Buffer) -> Self {
        let queue = Arc::new(Queue::new(filter, buffer));
        subscribers.add(&queue);
        Self { queue, taken: Taken::default(), subscribers: Arc::clone(subscribers) }
    }

    /// The next item, or nothing once the client has ended and everything that came before was
    /// taken.
    ///
    /// Cancel safe: a dropped future takes nothing with it.
    pub async fn next(&mut self) -> Option<Item> {
        poll_fn(|cx| self.poll(cx)).await
    }

    /// How many events wait to be taken.
    pub fn queued(&self) -> usize {
        let events =
            self.taken.iter().filter(|item| matches!(item, Item::Event(_) | Item::Stray(_)));
        events.count() + self.queue.len()
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Item>> {
        if self.taken.is_empty() {
            // A task that gets all it asks for lets others run now and then. It is asked for a
            // batch, not for an item: a subscriber that runs on the reader's thread
            // would have too few turns to keep up.
            let turn = ready!(poll_proceed(cx));
            ready!(self.queue.poll(cx, &mut self.taken));
            turn.made_progress();
        }
        Poll::Ready(self.taken.pop_front())
    }
}

/// Events alone, and what is there now.
impl Subscription {
    /// The next event. What else [`next`](Self::next) yields is an error here: what was lost, and
    /// the end. Strays are left out.
    ///
    /// With `?`, or a `match`, nothing is lost in silence. A `while let Ok(event)` ends at the
    /// first loss and drops its reason: do not use it.
    ///
    /// ```no_run
    /// # async fn example(client: ami::Client) -> Result<(), ami::Error> {
    /// use ami::{Filter, Lost};
    ///
    /// // Ends with the first loss, which is an error of the function.
    /// let mut hangups = client.subscribe(Filter::named(["Hangup"]));
    /// while hangups.next_event().await?.get("Cause") != Some(b"17") {}
    ///
    /// // Goes on after a loss.
    /// loop {
    ///     match hangups.next_event().await {
    ///         Ok(event) => println!("{event:?}"),
    ///         Err(lost) if lost.is_end() => return Err(lost.into()),
    ///         Err(lost) => eprintln!("{lost:#}"),
    ///     }
    /// }
    /// # }
    /// ```
    ///
    /// Cancel safe: a dropped future takes nothing with it.
    ///
    /// # Errors
    ///
    /// After [`Lost::Missed`] and [`Lost::Gap`], which stand where events are missing, the next
    /// call goes on behind them. After [`Lost::Full`] and [`Lost::Ended`] every call fails.
    pub async fn next_event(&mut self) -> Result<Event, Lost> {
        loop {
            return match self.next().await {
                Some(Item::Event(event)) => Ok(event),
                Some(Item::Stray(_)) => continue,
                Some(Item::Missed(missed)) => Err(Lost::Missed(missed)),
                Some(Item::Gap(gap)) => Err(Lost::Gap(gap)),
                // Without a client's end, only a full buffer ends it.
                None => Err(self.subscribers.ended.get().cloned().map_or(Lost::Full, Lost::Ended)),
            };
        }
    }

    /// The next item if it is there now. Never waits, and wakes nobody later: a task that has
    /// polled the stream before has to poll it again to be woken.
    ///
    /// # Errors
    ///
    /// If there is none: none yet, or none any more.
    pub fn try_next(&mut self) -> Result<Item, TryNextError> {
        // Nobody is kept from running by what does not wait, so the task's budget does not count.
        let next = pin!(unconstrained(self.next()));
        match next.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Some(item)) => Ok(item),
            Poll::Ready(None) => Err(TryNextError::Ended),
            Poll::Pending => Err(TryNextError::Empty),
        }
    }
}

impl Stream for Subscription {
    type Item = Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Item>> {
        self.poll(cx)
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.subscribers.remove(&self.queue);
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription").field("filter", &self.queue.filter).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::error::Disconnect;
    use crate::events::{Gap, Publisher};
    use crate::wire::Message;

    /// An event, with more fields behind its name if there are any.
    fn event(name: &str) -> Event {
        Event::new(Message::of_lines(Bytes::from(format!("Event: {name}\r\n\r\n"))))
    }

    fn publish(subscribers: &Arc<Subscribers>, event: &Event) {
        Publisher::new(Arc::clone(subscribers)).publish(event.clone());
    }

    fn cx() -> Context<'static> {
        Context::from_waker(Waker::noop())
    }

    fn taken(subscription: &mut Subscription) -> Vec<String> {
        let mut cx = Context::from_waker(Waker::noop());
        let mut taken = Vec::new();
        while let Poll::Ready(Some(item)) = subscription.poll(&mut cx) {
            taken.push(match item {
                Item::Event(event) => event.name().into_owned(),
                other => format!("{other:?}"),
            });
        }
        taken
    }

    #[test]
    fn names_select_without_regard_to_case() {
        let subscribers = Arc::new(Subscribers::default());
        let mut all = Subscription::new(&subscribers, Filter::all(), Buffer::default());
        let mut two = Subscription::new(
            &subscribers,
            Filter::named(["hangup", "VARSET", "VarSet"]),
            Buffer::default(),
        );
        for name in ["Hangup", "Newexten", "varset"] {
            publish(&subscribers, &event(name));
        }
        assert_eq!(taken(&mut all), ["Hangup", "Newexten", "varset"]);
        assert_eq!(taken(&mut two), ["Hangup", "varset"]);
    }

    #[test]
    fn fields_and_predicates_select_further() {
        let subscribers = Arc::new(Subscribers::default());
        let add = |filter| Subscription::new(&subscribers, filter, Buffer::default());
        let mut pass = add(Filter::user_event("TestResult").field("RESULT", "pass"));
        let mut long = add(Filter::all().when(|event| event.name().len() > 4));
        let mut both =
            add(Filter::all().field("result", "pass").when(|event| event.get("x").is_some()));
        for text in [
            "UserEvent\r\nUserEvent: TestResult\r\nresult: pass",
            "UserEvent\r\nUserEvent: TestResult\r\nresult: PASS",
            "UserEvent\r\nUserEvent: Other\r\nresult: pass",
            "Two\r\nresult: fail\r\nResult: pass\r\nx: y",
        ] {
            publish(&subscribers, &event(text));
        }
        assert_eq!(taken(&mut pass), ["UserEvent"]);
        assert_eq!(taken(&mut long).len(), 3);
        assert_eq!(taken(&mut both), ["Two"]);
    }

    #[test]
    fn a_predicate_that_panics_matches_nothing_and_harms_nobody() {
        let subscribers = Arc::new(Subscribers::default());
        let mut bad = Subscription::new(
            &subscribers,
            Filter::all().when(|_| panic!("part of the test")),
            Buffer::default(),
        );
        let mut good = Subscription::new(&subscribers, Filter::all(), Buffer::default());
        publish(&subscribers, &event("A"));
        assert_eq!(taken(&mut bad), Vec::<String>::new());
        assert_eq!(taken(&mut good), ["A"]);
    }

    #[test]
    fn a_predicate_may_subscribe() {
        let subscribers = Arc::new(Subscribers::default());
        let inner = Arc::clone(&subscribers);
        let filter = Filter::all().when(move |_| {
            drop(Subscription::new(&inner, Filter::all(), Buffer::default()));
            true
        });
        let mut outer = Subscription::new(&subscribers, filter, Buffer::default());
        publish(&subscribers, &event("A"));
        assert_eq!(taken(&mut outer), ["A"]);
    }

    #[test]
    fn dropping_a_subscription_leaves_nothing_behind() {
        let subscribers = Arc::new(Subscribers::default());
        drop(Subscription::new(&subscribers, Filter::all(), Buffer::bounded(1)));
        drop(Subscription::new(&subscribers, Filter::named(["A", "B"]), Buffer::bounded(1)));
        drop(Subscription::new(
            &subscribers,
            Filter::named(["A", "B"]).field("x", "y"),
            Buffer::bounded(1),
        ));
        assert_eq!((subscribers.buckets(), subscribers.count()), (vec![], 0));
    }

    #[test]
    fn a_closed_subscription_yields_what_it_has_and_ends() {
        let subscribers = Arc::new(Subscribers::default());
        let mut early = Subscription::new(&subscribers, Filter::all(), Buffer::default());
        let mut nothing = Subscription::new(&subscribers, Filter::none(), Buffer::default());
        publish(&subscribers, &event("A"));
        subscribers.close();
        let mut late = Subscription::new(&subscribers, Filter::all(), Buffer::default());
        assert_eq!(taken(&mut early), ["A"]);
        // It is in no bucket.
        assert!(matches!(nothing.poll(&mut cx()), Poll::Ready(None)));
        assert_eq!(taken(&mut late), Vec::<String>::new());
        assert!(matches!(early.poll(&mut cx()), Poll::Ready(None)));
        assert!(matches!(late.poll(&mut cx()), Poll::Ready(None)));
    }

    #[test]
    fn the_reader_knows_who_is_half_full_until_the_turn_is_over() {
        let subscribers = Arc::new(Subscribers::default());
        let mut one = Subscription::new(&subscribers, Filter::all(), Buffer::bounded(4));
        let mut publisher = Publisher::new(Arc::clone(&subscribers));
        let turn = |publisher: &mut Publisher| {
            publisher.deliver();
            publisher.wake();
            let half_full = publisher.has_half_full();
            publisher.end_turn();
            half_full
        };
        for _ in 0..3 {
            publisher.publish(event("A"));
        }
        assert!(turn(&mut publisher) && !turn(&mut publisher));
        publisher.publish(event("A"));
        assert!(turn(&mut publisher));
        assert_eq!(taken(&mut one).len(), 4);
        for _ in 0..3 {
            publisher.publish(event("A"));
        }
        publisher.deliver();
        publisher.flush();
        assert!(!turn(&mut publisher));
    }

    #[test]
    fn those_with_fields_are_found_by_the_first_of_them() {
        let subscribers = Arc::new(Subscribers::default());
        let add = |filter| Subscription::new(&subscribers, filter, Buffer::default());
        let mut many: Vec<_> =
            (0..100).map(|n| add(Filter::named(["A", "B"]).field("Key", n.to_string()))).collect();
        let mut lower = add(Filter::named(["A"]).field("key", "7"));
        let mut other = add(Filter::named(["A"]).field("Other", "7"));
        publish(&subscribers, &event("A\r\nKEY: 7\r\nKey: 8\r\nkey: 7"));
        let got: Vec<_> = many.iter_mut().map(|it| taken(it).len()).collect();
        assert_eq!((got[7], got[8], got.iter().sum::<usize>()), (1, 1, 2));
        assert_eq!((taken(&mut lower).len(), taken(&mut other).len()), (1, 0));
        let mut buckets = subscribers.buckets();
        buckets.sort_unstable();
        assert_eq!((buckets, subscribers.count()), (vec![1, 2], 102));
    }

    #[test]
    fn a_gap_comes_once_to_everybody() {
        let subscribers = Arc::new(Subscribers::default());
        let mut all = Subscription::new(&subscribers, Filter::all(), Buffer::default());
        let mut two = Subscription::new(
            &subscribers,
            Filter::named(["A", "B"]).field("x", "y"),
            Buffer::default(),
        );
        publish(&subscribers, &event("A"));
        let (reason, lasted) = (Disconnect::Eof, std::time::Duration::from_secs(1));
        subscribers.gap(&Gap { reason, times: 1, lasted, restarted: None });
        publish(&subscribers, &event("B"));
        let gap = "Gap(Gap { reason: Eof, times: 1, lasted: 1s, restarted: None })";
        assert_eq!(taken(&mut all), ["A", gap, "B"]);
        assert_eq!(taken(&mut two), [gap]);
    }
}
