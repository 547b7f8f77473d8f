//! The subscriber's end of a queue.

use std::fmt;
use std::future::poll_fn;
use std::marker::PhantomData;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

use futures_core::Stream;
use tokio::task::coop::unconstrained;

use super::buffer::Buffer;
use super::feed::Feed;
use super::filter::Filter;
use super::from_event::FromEvent;
use super::index::Subscribers;
use super::item::{Item, Queued};
use super::lost::{Lost, TryNextError};
use super::queue::Queue;
use crate::wire::Event;

/// The events of one subscriber, in the order in which the server sent them.
///
/// [`Client::subscribe`](crate::Client::subscribe) returns a subscription. [`next`](Self::next) and
/// the [`Stream`](futures_core::Stream) yield everything as an [`Item`], for a `match`.
/// [`next_event`](Self::next_event) yields events, and reports losses as errors.
///
/// The events are raw [`Event`]s, or of the type `E` that the subscription was
/// [made for](crate::Client::subscribe_to) or [converted to](Self::typed).
///
/// A subscription outlives a lost connection: when the client has reconnected, the subscription
/// yields [`Item::Gap`] and continues. It ends when the client ends. Dropping it unsubscribes.
///
/// If the server leaves out events that the filter names, because the user may not read their class
/// or the event mask does not include it, the subscription yields [`Item::Withheld`].
pub struct Subscription<E = Event> {
    feed: Feed,
    view: PhantomData<fn() -> E>,
}

impl Subscription {
    pub(crate) fn new(subscribers: &Arc<Subscribers>, filter: Filter, buffer: Buffer) -> Self {
        Self { feed: Feed::new(subscribers, Queue::new(filter, buffer)), view: PhantomData }
    }
}

impl<E> Subscription<E> {
    /// Returns the number of events and strays that wait to be taken.
    pub fn queued(&self) -> usize {
        self.feed.queued()
    }

    /// Converts the subscription into one that returns its events as another type. The filter stays
    /// the same: an event of another name is converted, too.
    ///
    /// ```no_run
    /// # async fn example(client: ami::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// use ami::Filter;
    /// use ami::event::Typed;
    ///
    /// let calls = Filter::parse("DialEnd,Hangup Channel~PJSIP/*")?;
    /// let mut calls = client.subscribe(calls).typed::<Typed>();
    /// match calls.next_event().await? {
    ///     Typed::Hangup(hangup) => println!("{:?}", hangup.cause()),
    ///     Typed::DialEnd(end) => println!("{:?}", end.dial_status()),
    ///     other => println!("{:?}", other.raw()),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use = "dropping the subscription unsubscribes"]
    pub fn typed<T: FromEvent>(self) -> Subscription<T> {
        Subscription { feed: self.feed, view: PhantomData }
    }
}

impl<E: FromEvent> Subscription<E> {
    /// Waits for the next item. Returns `None` when the client has ended and all earlier items were
    /// taken.
    ///
    /// Cancel safe: no item is lost if the future is dropped.
    pub async fn next(&mut self) -> Option<Item<E>> {
        poll_fn(|cx| self.poll(cx)).await
    }

    #[inline]
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Item<E>>> {
        loop {
            match ready!(self.feed.poll(cx)) {
                Some(Queued::Item(item)) => return Poll::Ready(Some(item.into_item_of())),
                // Only a follow asks for these.
                Some(
                    Queued::Mark(_) | Queued::Down(_) | Queued::Restored | Queued::Connected(_),
                ) => {}
                None => return Poll::Ready(None),
            }
        }
    }
}

/// Methods for events only, and for items that are available now.
impl<E: FromEvent> Subscription<E> {
    /// Waits for the next event. Lost events and the end of the subscription, which
    /// [`next`](Self::next) yields as items, are errors here. Strays are skipped.
    ///
    /// Handle the error with `?` or a `match`, so that no loss goes unnoticed. Do not use
    /// `while let Ok(event)`: such a loop ends at the first loss and drops its reason.
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
    /// Cancel safe: no event is lost if the future is dropped.
    ///
    /// # Errors
    ///
    /// Returns [`Lost::Missed`] or [`Lost::Gap`] where events are missing, and [`Lost::Withheld`]
    /// where the server begins to leave out a class. The next call continues with the events that
    /// follow. After [`Lost::Full`] and [`Lost::Ended`] every call fails.
    pub async fn next_event(&mut self) -> Result<E, Lost> {
        loop {
            return match self.next().await {
                Some(Item::Event(event)) => Ok(event),
                Some(Item::Stray(_)) => continue,
                Some(Item::Missed(missed)) => Err(Lost::Missed(missed)),
                Some(Item::Gap(gap)) => Err(Lost::Gap(gap)),
                Some(Item::Withheld(withheld)) => Err(Lost::Withheld(withheld)),
                // A subscription that ends without its client was closed by a full buffer.
                None => Err(self.feed.ended().map_or(Lost::Full, Lost::Ended)),
            };
        }
    }

    /// Returns the next item if it is available now.
    ///
    /// This method never waits, and registers no waker. A task that has polled the stream before
    /// has to poll it again to be woken.
    ///
    /// # Errors
    ///
    /// Returns an error if no item is available now, or if the subscription has ended.
    pub fn try_next(&mut self) -> Result<Item<E>, TryNextError> {
        // This call does not wait, so it keeps no other task from running and is not charged to the
        // task's budget.
        let next = pin!(unconstrained(self.next()));
        match next.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Some(item)) => Ok(item),
            Poll::Ready(None) => Err(TryNextError::Ended),
            Poll::Pending => Err(TryNextError::Empty),
        }
    }
}

impl<E: FromEvent> Stream for Subscription<E> {
    type Item = Item<E>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Item<E>>> {
        self.poll(cx)
    }
}

impl<E> fmt::Debug for Subscription<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let filter = self.feed.filter();
        f.debug_struct("Subscription").field("filter", filter).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::error::Disconnect;
    use crate::events::{Gap, Publisher};
    use crate::wire::Message;

    /// Creates an event. `name` may continue with further lines.
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
        // A subscription for no events is in no bucket.
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
