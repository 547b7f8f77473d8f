//! The errors of a subscription: lost events, and its end.

use std::fmt;

use super::index::Subscribers;
use super::item::Gap;
use super::withheld::WithheldClasses;
use crate::error::{Disconnect, Error, write_error};

/// The error of [`Subscription::next_event`](crate::Subscription::next_event): events are missing
/// here, or the subscription has ended.
///
/// A loop that continues after a loss has to check whether the subscription [has
/// ended](Self::is_end), because the end is reported again by every call.
#[derive(Clone, Debug)]
pub enum Lost {
    /// The number of events that are missing here; see [`Item::Missed`](crate::Item::Missed).
    Missed(u64),
    /// The connection was lost here, and the client has reconnected; see
    /// [`Item::Gap`](crate::Item::Gap).
    Gap(Gap),
    /// Classes of events that the subscription asks for do not come, from here on; see
    /// [`Item::Withheld`](crate::Item::Withheld).
    Withheld(Box<WithheldClasses>),
    /// The subscription was full and has ended, as its buffer demands
    /// ([`Overflow::Close`](crate::Overflow::Close)). The loss was reported before.
    Full,
    /// The client has ended, and with it the subscription. The reason is [`Disconnect::Closed`] if
    /// this side ended it. If a [`Connect`](crate::Connect) did not become a client, the reason is
    /// [`Disconnect::Refused`] with its error, or `Closed` if it was dropped.
    Ended(Disconnect),
}

impl Lost {
    /// Returns `true` if the subscription has ended and yields no more events.
    pub fn is_end(&self) -> bool {
        match self {
            Self::Missed(_) | Self::Gap(_) | Self::Withheld(_) => false,
            Self::Full | Self::Ended(_) => true,
        }
    }

    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missed(1) => f.write_str("one event is missing here"),
            Self::Missed(missed) => write!(f, "{missed} events are missing here"),
            Self::Gap(gap) => write!(f, "events are missing here: {gap}"),
            Self::Withheld(withheld) => write!(f, "{withheld}"),
            Self::Full => f.write_str("the subscription was full and has ended"),
            Self::Ended(_) => f.write_str("the subscription has ended with its client"),
        }
    }
}

/// Writes what happened. The alternate form `{:#}` adds the reason.
impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_error(f, self, |f| self.describe(f))
    }
}

impl std::error::Error for Lost {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Gap(gap) => Some(&gap.reason),
            Self::Ended(reason) => Some(reason),
            Self::Missed(_) | Self::Full | Self::Withheld(_) => None,
        }
    }
}

/// Converts a loss of events into [`Error::Missed`] (with at least one event if the subscription
/// was full), a loss of the connection into [`Error::Lost`], and classes that do not come into
/// [`Error::Withheld`] with the first of them.
impl From<Lost> for Error {
    fn from(lost: Lost) -> Self {
        match lost {
            Lost::Missed(missed) => Self::Missed(missed),
            Lost::Full => Self::Missed(1),
            Lost::Withheld(withheld) => withheld.into_error(),
            Lost::Gap(Gap { reason, .. }) | Lost::Ended(reason) => Self::Lost(reason),
        }
    }
}

/// The error of [`Subscription::try_next`](crate::Subscription::try_next).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, thiserror::Error)]
pub enum TryNextError {
    /// No item is available now. More may come.
    #[error("no item is there yet")]
    Empty,
    /// The subscription has ended, and all its items were taken.
    #[error("the subscription has ended")]
    Ended,
}

impl Subscribers {
    /// Ends every subscription, including those made from now on. The first reason is kept.
    pub(crate) fn end(&self, reason: &Disconnect) {
        // The reason has to be set before anybody can see the end.
        self.ended.get_or_init(|| reason.clone());
        self.close();
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::Arc;
    use std::task::{Context, Poll, Waker};
    use std::time::Duration;

    use bytes::Bytes;

    use super::*;
    use crate::error::LoginError;
    use crate::events::{Buffer, Filter, Item, Overflow, Publisher, Stray, Subscription};
    use crate::wire::{Event, Malformed, Message};

    fn event(name: &str) -> Event {
        Event::new(Message::of_lines(Bytes::from(format!("Event: {name}\r\n\r\n"))))
    }

    fn gap() -> Gap {
        Gap { reason: Disconnect::Eof, times: 1, lasted: Duration::from_secs(2), restarted: None }
    }

    fn set_up(filter: Filter, buffer: Buffer) -> (Arc<Subscribers>, Publisher, Subscription) {
        let subscribers = Arc::new(Subscribers::default());
        let publisher = Publisher::new(Arc::clone(&subscribers));
        let subscription = Subscription::new(&subscribers, filter, buffer);
        (subscribers, publisher, subscription)
    }

    /// Polls a future once, drops it, and returns the result.
    fn once(events: &mut Subscription) -> Poll<String> {
        let mut cx = Context::from_waker(Waker::noop());
        pin!(events.next_event()).poll(&mut cx).map(|result| match result {
            Ok(event) => event.name().into_owned(),
            Err(lost) => format!("{lost:#}"),
        })
    }

    fn ready(text: &str) -> Poll<String> {
        Poll::Ready(text.to_owned())
    }

    #[test]
    fn losses_stand_where_they_were_and_the_end_stays() {
        let (subscribers, mut publisher, mut events) =
            set_up(Filter::all().with_strays(), Buffer::bounded(2));
        publisher.publish(event("A"));
        publisher.deliver();
        publisher.publish_stray(|| Stray::Malformed(Malformed::Truncated(Bytes::from("x"))));
        publisher.publish(event("B"));
        publisher.deliver();
        publisher.publish(event("C"));
        publisher.deliver();
        subscribers.gap(&gap());
        assert_eq!(once(&mut events), ready("A"));
        assert_eq!(once(&mut events), ready("2 events are missing here"), "a stray is no event");
        let told = "events are missing here: 2.0s without a connection, \
                    the server does not tell whether it was restarted: \
                    the server closed the connection";
        assert_eq!(once(&mut events), ready(told));
        assert_eq!(once(&mut events), Poll::Pending);
        publisher.publish(event("D"));
        publisher.deliver();
        subscribers.end(&Disconnect::Unsettled);
        subscribers.end(&Disconnect::Closed);
        assert_eq!(once(&mut events), ready("D"));
        for _ in 0..2 {
            let told = "the subscription has ended with its client: \
                        the server did not confirm a filter or an event mask as a whole";
            assert_eq!(once(&mut events), ready(told));
        }
    }

    #[test]
    fn a_dropped_future_takes_nothing_with_it() {
        let (_subscribers, mut publisher, mut events) =
            set_up(Filter::all().with_strays(), Buffer::default());
        for _ in 0..3 {
            assert_eq!(once(&mut events), Poll::Pending);
        }
        // The future skips the stray, waits, and is dropped.
        publisher.publish_stray(|| Stray::Malformed(Malformed::Truncated(Bytes::from("x"))));
        assert_eq!(once(&mut events), Poll::Pending);
        publisher.publish(event("A"));
        publisher.deliver();
        assert_eq!(events.try_next().map(|item| matches!(item, Item::Event(_))), Ok(true));
        publisher.publish(event("B"));
        publisher.deliver();
        assert_eq!(once(&mut events), ready("B"));
    }

    #[test]
    fn a_full_subscription_that_closes_says_so() {
        let (_subscribers, mut publisher, mut events) =
            set_up(Filter::all(), Buffer::bounded(1).overflow(Overflow::Close));
        publisher.publish(event("A"));
        publisher.deliver();
        publisher.publish(event("B"));
        publisher.deliver();
        for told in [
            "A",
            "one event is missing here",
            "the subscription was full and has ended",
            "the subscription was full and has ended",
        ] {
            assert_eq!(once(&mut events), ready(told));
        }
    }

    #[test]
    fn what_is_there_is_taken_without_waiting() {
        let (subscribers, mut publisher, mut events) = set_up(Filter::all(), Buffer::default());
        assert_eq!(events.try_next().unwrap_err(), TryNextError::Empty);
        publisher.publish(event("A"));
        publisher.deliver();
        subscribers.gap(&gap());
        assert!(matches!(events.try_next(), Ok(Item::Event(_))));
        assert!(matches!(events.try_next(), Ok(Item::Gap(_))));
        assert_eq!(events.try_next().unwrap_err(), TryNextError::Empty);
        publisher.publish(event("B"));
        publisher.deliver();
        subscribers.close();
        assert!(matches!(events.try_next(), Ok(Item::Event(_))));
        assert_eq!(events.try_next().unwrap_err(), TryNextError::Ended);
        assert_eq!(events.try_next().unwrap_err(), TryNextError::Ended);
    }

    /// The runtime tells a task that has used its budget to wait. Items that are there are returned
    /// all the same.
    #[tokio::test]
    async fn a_task_without_budget_still_gets_what_is_there() {
        let (_subscribers, mut publisher, mut events) = set_up(Filter::all(), Buffer::unbounded());
        for _ in 0..100_000 {
            publisher.publish(event("A"));
            publisher.deliver();
        }
        let mut taken = 0;
        while events.try_next().is_ok() {
            taken += 1;
        }
        assert_eq!(taken, 100_000);
    }

    #[test]
    fn losses_are_errors_of_the_client_too() {
        let error = |lost: Lost| format!("{:#}", Error::from(lost));
        assert_eq!(error(Lost::Missed(3)), "3 events that this depends on were missed");
        assert!(matches!(Error::from(Lost::Full), Error::Missed(1)));
        let lost = "the connection was lost: the server closed the connection";
        assert_eq!(error(Lost::Gap(gap())), lost);
        assert_eq!(error(Lost::Ended(Disconnect::Eof)), lost);
        let ends = [Lost::Missed(1), Lost::Gap(gap()), Lost::Full, Lost::Ended(Disconnect::Eof)];
        assert_eq!(ends.map(|lost| lost.is_end()), [false, false, true, true]);
        let (subscribers, _publisher, mut events) = set_up(Filter::none(), Buffer::default());
        subscribers.end(&Disconnect::Refused(Arc::new(Error::Login(LoginError::Closed))));
        let Poll::Ready(told) = once(&mut events) else { panic!("it has not ended") };
        assert!(
            told.ends_with("login failed: the server closed the connection before it answered")
        );
    }
}
