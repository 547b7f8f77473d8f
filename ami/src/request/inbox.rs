//! Inboxes: the receiving ends that requests take their replies from.

use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::sync::oneshot;

use crate::connection::Replied;
use crate::connection::pending::{ExchangeWaiter, ListWaiter, ListWant, Waiter};
use crate::connection::reply::{Incoming, Listed, Said, parts};
use crate::connection::shape::ListShape;
use crate::error::Error;
use crate::wire::{Event, Response};

/// A part, and how the request continues after it. `None` is the end without a part.
type Polled<T> = Poll<(Option<Result<T, Error>>, Then)>;

/// The receiving end of a [`Waiter`].
pub(crate) trait Inbox: Sized {
    /// The properties of the reply that are known before it arrives.
    type Want: Clone;
    /// A part of the reply.
    type Part;

    /// Creates both ends.
    fn open(want: Self::Want) -> (Waiter, Self);

    /// Takes the next part.
    fn poll(&mut self, cx: &mut Context<'_>) -> Polled<Self::Part>;
}

/// The continuation of a request after a part.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Then {
    /// The request has ended.
    End,
    /// The request waits for the next part with a new time-out.
    WaitAnew,
    /// The request waits on with the current time-out, because the part may belong to another
    /// session.
    Wait,
}

/// The inbox for an answer of one message.
pub(crate) type Answer<T> = oneshot::Receiver<Result<T, Error>>;

fn poll_answer<T>(answer: &mut Answer<T>, cx: &mut Context<'_>) -> Polled<T> {
    // The end of a connection fails all its calls, so the sender is not dropped without a result.
    let answer = Pin::new(answer).poll(cx);
    answer.map(|answer| (Some(answer.unwrap_or(Err(Error::NoResponse))), Then::End))
}

impl Inbox for Answer<Response> {
    type Want = ();
    type Part = Response;

    fn open((): ()) -> (Waiter, Self) {
        let (sender, receiver) = oneshot::channel();
        (Waiter::Response(sender), receiver)
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Polled<Response> {
        poll_answer(self, cx)
    }
}

impl Inbox for Answer<Event> {
    type Want = ();
    type Part = Event;

    fn open((): ()) -> (Waiter, Self) {
        let (sender, receiver) = oneshot::channel();
        (Waiter::Originate(sender), receiver)
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Polled<Event> {
        poll_answer(self, cx)
    }
}

impl Inbox for Incoming<Listed> {
    type Want = ListWant;
    type Part = Listed;

    fn open(want: ListWant) -> (Waiter, Self) {
        let (parts, incoming) = parts();
        (Waiter::List(ListWaiter { parts, want }), incoming)
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Polled<Listed> {
        self.recv(cx).map(|part| {
            let then = match &part {
                None | Some(Ok(Listed::End(_))) => Then::End,
                Some(_) => Then::WaitAnew,
            };
            (part, then)
        })
    }
}

impl Inbox for Incoming<Said> {
    type Want = Option<&'static ListShape>;
    type Part = Replied;

    fn open(shape: Option<&'static ListShape>) -> (Waiter, Self) {
        let (parts, incoming) = parts();
        (Waiter::Everything(ExchangeWaiter { parts, shape }), incoming)
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Polled<Replied> {
        self.recv(cx).map(|part| match part {
            None | Some(Ok(Said::End)) => (None, Then::End),
            Some(Ok(Said::Message(replied))) if !replied.has_our_id() => {
                (Some(Ok(replied)), Then::Wait)
            }
            Some(Ok(Said::Message(replied))) => (Some(Ok(replied)), Then::WaitAnew),
            Some(Err(error)) => (Some(Err(error)), Then::WaitAnew),
        })
    }
}
