//! A request that is answered with a list.

use std::fmt;
use std::future::poll_fn;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;

use super::Request;
use crate::connection::pending::ListWant;
use crate::connection::reply::{Incoming, Listed};
use crate::connection::shape::{self, ListShape};
use crate::error::{Error, write_error};
use crate::events::{FromEvent, Marker};
use crate::state::Handle;
use crate::wire::{Action, Event, READ_BUFFER, Response};

/// A complete list.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Collected<T = Event> {
    /// The response that began the list. `None` only in a [`ListError`].
    pub response: Option<Response>,
    /// The items, in the order in which the server sent them.
    pub items: Vec<T>,
    /// The event that ended the list, with its totals. `None` if the server answered with a plain
    /// success, as some actions do for an empty list.
    pub complete: Option<Event>,
}

impl<T> Default for Collected<T> {
    fn default() -> Self {
        Self { response: None, items: Vec::new(), complete: None }
    }
}

impl Collected {
    /// Copies the messages if they are much smaller than the read buffers that they keep alive.
    pub(crate) fn settle(&mut self) {
        let bytes: usize = self.items.iter().map(|item| item.raw().len()).sum();
        if bytes < READ_BUFFER / 2 {
            self.items.iter_mut().for_each(|item| *item = item.detach());
            self.response = self.response.take().map(|response| response.detach());
            self.complete = self.complete.take().map(|event| event.detach());
        }
    }

    fn typed<T: FromEvent>(self) -> Collected<T> {
        let Self { response, items, complete } = self;
        Collected { response, items: items.into_iter().map(T::from_event).collect(), complete }
    }
}

impl<T> Collected<T> {
    /// Returns the number of items that the server reports (`ListItems`), or `None` if it reports
    /// none.
    ///
    /// The number can be wrong: Asterisk 16 reports 1 for every `DBGetTree`,
    /// `EndpointDetailComplete` counts one too many, and the lists of PJSIP count items that they
    /// did not send.
    pub fn list_items(&self) -> Option<u64> {
        self.complete.as_ref()?.utf8("ListItems").ok()??.parse().ok()
    }
}

/// The error of a list that is not complete, with the part that arrived.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ListError<T = Event> {
    /// The cause.
    pub error: Error,
    /// The part of the list that arrived.
    pub partial: Collected<T>,
}

impl<T: fmt::Debug> fmt::Display for ListError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_error(f, self, |f| match self.partial.items.len() {
            0 if self.partial.response.is_none() => f.write_str("the list did not begin"),
            items => write!(f, "the list is not complete ({items} items of it came)"),
        })
    }
}

impl<T: fmt::Debug> std::error::Error for ListError<T> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

impl<T> From<ListError<T>> for Error {
    fn from(error: ListError<T>) -> Self {
        error.error
    }
}

/// An action that is answered with a list. See [`Client::list`](crate::Client::list).
///
/// The items are available [one by one](Self::next), as a [`Stream`], or all at once, with
/// [`collect`](Self::collect) or by awaiting the list. Nothing is sent before the list is first
/// polled.
///
/// ```no_run
/// # async fn example(client: ami::Client) -> Result<(), ami::Error> {
/// use ami::Action;
///
/// let mut peers = client.list(Action::new("PJSIPShowEndpoints"));
/// while let Some(item) = peers.next().await {
///     println!("{}", item?.text("ObjectName").unwrap_or_default());
/// }
/// # Ok(())
/// # }
/// ```
///
/// The items are raw [`Event`]s, or of the type `T` that follows from a typed action. An item of
/// another name than that of `T` is converted, too, so no item is left out.
///
/// Dropping the list takes the action back if it is not yet written. Otherwise the rest of the list
/// is ignored.
///
/// A list that is not read buffers up to 64 MiB. Beyond that, it ends with [`Error::Unread`].
#[must_use = "nothing is sent until it is awaited"]
pub struct List<T = Event> {
    request: Pin<Box<Request<Incoming<Listed>>>>,
    response: Option<Response>,
    complete: Option<Event>,
    error: Option<Error>,
    item: PhantomData<fn() -> T>,
}

impl<T> List<T> {
    pub(crate) fn new(handle: Arc<Handle>, action: Action) -> Self {
        let name = action.name();
        let counts = shape::counts_its_items(name);
        let shape = ListShape::of(name);
        let want = ListWant { shape, counts, ..ListWant::default() };
        let request = Box::pin(Request::new(handle, action, want));
        Self { request, response: None, complete: None, error: None, item: PhantomData }
    }

    /// Sets the time-out of each wait, for the beginning of the list and then for each item, in
    /// place of the client's.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        *self.request.as_mut().project().limit = timeout;
        self
    }

    /// Sends the events of the list to subscribers as well, including the one that ends it.
    /// Subscribers receive them in their order on the wire, with their ActionID, if their filter
    /// admits them. The events describe a state, not a change, though many have the names of events
    /// that do, such as `QueueMember`.
    ///
    /// Call this method before the list is first polled; later calls have no effect. If the list is
    /// dropped after it began, subscribers still receive the rest of it. If it is dropped before,
    /// nobody receives it.
    pub fn also_to_subscribers(mut self) -> Self {
        self.request.as_mut().project().sending.want.shared = true;
        self
    }

    /// Marks the end of the list among the events of a follow.
    pub(crate) fn marked(mut self, marker: Marker) -> Self {
        self.request.as_mut().project().sending.want.marker = Some(marker);
        self
    }

    /// Returns the response that began the list, or `None` if it has not arrived yet.
    pub fn response(&self) -> Option<&Response> {
        self.response.as_ref()
    }

    /// Returns the event that ended the list, or `None` if it has not arrived.
    pub fn complete(&self) -> Option<&Event> {
        self.complete.as_ref()
    }

    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Event, Error>>> {
        loop {
            match ready!(self.request.as_mut().poll_part(cx)) {
                Some(Ok(Listed::Item(event))) => return Poll::Ready(Some(Ok(event))),
                Some(Ok(Listed::Response(response))) => self.response = Some(response),
                Some(Ok(Listed::End(event))) => self.complete = event,
                // The first error says most. After an error that the server reports, the list may
                // go on.
                Some(Err(error)) => drop(self.error.get_or_insert(error)),
                None => return Poll::Ready(self.error.take().map(Err)),
            }
        }
    }
}

impl<T: FromEvent> List<T> {
    /// Waits for the next item. Returns `None` at the end of the list.
    ///
    /// An error is always the last item: the list is not complete, or the server reported an error
    /// in the middle of it.
    ///
    /// Cancel safe: no item is lost if the future is dropped.
    ///
    /// # Errors
    ///
    /// The item is an error if the action cannot be sent, the server refuses it, or the next part
    /// of the list does not arrive within the time-out. [`Error::ListIncomplete`],
    /// [`Error::ListBroken`], [`Error::ListShort`], [`Error::TooLarge`] and [`Error::Unread`] say
    /// that the list is not complete or cannot be trusted.
    pub async fn next(&mut self) -> Option<Result<T, Error>> {
        poll_fn(|cx| self.poll(cx)).await
    }

    /// Waits for the end of the list, and returns the whole list.
    ///
    /// Not cancel safe: dropping the future drops the list.
    ///
    /// # Errors
    ///
    /// Returns the error of [`next`](Self::next), if there is one. [`ListError::partial`] has the
    /// part that arrived.
    pub async fn collect(self) -> Result<Collected<T>, ListError<T>> {
        self.await
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<T, Error>>> {
        self.poll_event(cx).map(|item| item.map(|item| item.map(T::from_event)))
    }
}

/// Yields the items as [`next`](List::next) does.
impl<T: FromEvent> Stream for List<T> {
    type Item = Result<T, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll(cx)
    }
}

/// Returns the whole list as [`collect`](List::collect) does.
impl<T: FromEvent> IntoFuture for List<T> {
    type Output = Result<Collected<T>, ListError<T>>;
    type IntoFuture = Collecting<T>;

    fn into_future(self) -> Collecting<T> {
        Collecting { list: self, items: Vec::new(), failed: None }
    }
}

/// A future that returns a whole list. Awaiting a [`List`] creates it.
///
/// Dropping the future drops the list.
#[must_use = "nothing is sent until it is awaited"]
pub struct Collecting<T = Event> {
    list: List<T>,
    items: Vec<Event>,
    failed: Option<Error>,
}

impl<T: FromEvent> Future for Collecting<T> {
    type Output = Result<Collected<T>, ListError<T>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { list, items, failed } = &mut *self;
        while let Some(item) = ready!(list.poll_event(cx)) {
            match item {
                Ok(event) => items.push(event),
                Err(error) => *failed = Some(error),
            }
        }
        let items = std::mem::take(items);
        let (response, complete) = (list.response.take(), list.complete.take());
        let mut collected = Collected { response, items, complete };
        collected.settle();
        let collected = collected.typed();
        Poll::Ready(match failed.take() {
            None => Ok(collected),
            Some(error) => Err(ListError { error, partial: collected }),
        })
    }
}

impl<T> fmt::Debug for Collecting<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Collecting").field(self.list.request.action()).finish()
    }
}

impl<T> fmt::Debug for List<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("List").field(self.request.action()).finish()
    }
}
