//! A request that is answered with a list.

use std::fmt;
use std::future::poll_fn;
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
use crate::state::Handle;
use crate::wire::{Action, Event, READ_BUFFER, Response};

/// A complete list.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Collected {
    /// The response that began the list. `None` only in a [`ListError`].
    pub response: Option<Response>,
    /// The items, in the order in which the server sent them.
    pub items: Vec<Event>,
    /// The event that ended the list, with its totals. `None` if the server answered with a plain
    /// success, as some actions do for an empty list.
    pub complete: Option<Event>,
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
pub struct ListError {
    /// The cause.
    pub error: Error,
    /// The part of the list that arrived.
    pub partial: Collected,
}

impl fmt::Display for ListError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let items = self.partial.items.len();
        write_error(f, self, |f| write!(f, "the list is not complete ({items} items of it came)"))
    }
}

impl std::error::Error for ListError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

impl From<ListError> for Error {
    fn from(error: ListError) -> Self {
        error.error
    }
}

/// An action that is answered with a list. See [`Client::list`](crate::Client::list).
///
/// The items are available [one by one](Self::next), as a [`Stream`], or
/// [collected](Self::collect). Nothing is sent before the list is first polled.
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
/// Dropping the list takes the action back if it is not yet written. Otherwise the rest of the list
/// is ignored.
///
/// A list that is not read buffers up to 64 MiB. Beyond that, it ends with [`Error::Unread`].
#[must_use = "nothing is sent until it is awaited"]
pub struct List {
    request: Pin<Box<Request<Incoming<Listed>>>>,
    response: Option<Response>,
    complete: Option<Event>,
    error: Option<Error>,
}

impl List {
    pub(crate) fn new(handle: Arc<Handle>, action: Action) -> Self {
        let name = action.name();
        let counts = shape::counts_its_items(name);
        let want = ListWant { shape: ListShape::of(name), counts, shared: false };
        let request = Box::pin(Request::new(handle, action, want));
        Self { request, response: None, complete: None, error: None }
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

    /// Returns the response that began the list, or `None` if it has not arrived yet.
    pub fn response(&self) -> Option<&Response> {
        self.response.as_ref()
    }

    /// Returns the event that ended the list, or `None` if it has not arrived.
    pub fn complete(&self) -> Option<&Event> {
        self.complete.as_ref()
    }

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
    pub async fn next(&mut self) -> Option<Result<Event, Error>> {
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
    pub async fn collect(mut self) -> Result<Collected, ListError> {
        let mut collected = Collected::default();
        let mut failed = None;
        while let Some(item) = self.next().await {
            match item {
                Ok(event) => collected.items.push(event),
                Err(error) => failed = Some(error),
            }
        }
        (collected.response, collected.complete) = (self.response, self.complete);
        collected.settle();
        match failed {
            None => Ok(collected),
            Some(error) => Err(ListError { error, partial: collected }),
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Event, Error>>> {
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

/// Yields the items as [`next`](List::next) does.
impl Stream for List {
    type Item = Result<Event, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll(cx)
    }
}

impl fmt::Debug for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("List").field(self.request.action()).finish()
    }
}
