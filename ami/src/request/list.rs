//! An action that is answered with a list.

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
use crate::wire::{Action, Event, Response};

/// How much memory a read buffer takes, which a message that is kept keeps.
const READ: usize = 64 * 1024;

/// A complete list.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Collected {
    /// The response that began it. Nothing only in a [`ListError`](crate::ListError).
    pub response: Option<Response>,
    /// The items, in the order in which the server sent them.
    pub items: Vec<Event>,
    /// The event that ended it, with its totals. Nothing if the server answered with a plain
    /// success: some do for a list that is empty.
    pub complete: Option<Event>,
}

impl Collected {
    /// Puts it in memory of its own if it holds far less than the read buffers that it came in.
    pub(crate) fn settle(&mut self) {
        let bytes: usize = self.items.iter().map(|item| item.raw().len()).sum();
        if bytes < READ / 2 {
            self.items.iter_mut().for_each(|item| *item = item.detach());
            self.response = self.response.take().map(|response| response.detach());
            self.complete = self.complete.take().map(|event| event.detach());
        }
    }

    /// What the server says the number of items is (`ListItems`). Ordinary servers are wrong about
    /// it: 16 says 1 for every `DBGetTree`, `EndpointDetailComplete` counts one too many, and
    /// PJSIP's lists count what they did not send.
    pub fn list_items(&self) -> Option<u64> {
        self.complete.as_ref()?.utf8("ListItems").ok()??.parse().ok()
    }
}

/// Why a list is not complete, and what came of it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ListError {
    /// What went wrong.
    pub error: Error,
    /// What came.
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

/// An action that is answered with a list: its items [one by one](Self::next), as a [`Stream`], or
/// [collected](Self::collect). See [`Client::list`](crate::Client::list).
///
/// Dropping it takes the action back if it was not written yet; else what is still to come of the
/// list is ignored.
///
/// A list that is held and not read takes up to 64 MiB; beyond that it ends with [`Error::Unread`].
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

    /// Sets how long the list waits for its beginning, and then for each next item, instead of the
    /// client's time-out.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        *self.request.as_mut().project().limit = timeout;
        self
    }

    /// Gives the events of the list to subscribers as well, the one that ends it among them: in
    /// their place on the wire, with their ActionID, as far as a filter admits them. They do
    /// not happen now, though many have the names of events that do, such as `QueueMember`.
    ///
    /// To be called before the list is first polled. A list that has begun goes to subscribers up
    /// to its end, also if it is dropped; one that is dropped before goes to nobody.
    pub fn also_to_subscribers(mut self) -> Self {
        self.request.as_mut().project().sending.want.shared = true;
        self
    }

    /// The response that began the list, once it has come.
    pub fn response(&self) -> Option<&Response> {
        self.response.as_ref()
    }

    /// The event that ended the list, once it has come.
    pub fn complete(&self) -> Option<&Event> {
        self.complete.as_ref()
    }

    /// The next item, or nothing at the end. An error is the last of all: the list is not complete
    /// then, or the server has told of an error in the middle.
    ///
    /// Cancel safe: a dropped future takes nothing with it.
    pub async fn next(&mut self) -> Option<Result<Event, Error>> {
        poll_fn(|cx| self.poll(cx)).await
    }

    /// Waits for the end of the list, and gives all of it.
    ///
    /// # Errors
    ///
    /// If the action cannot be sent, the server refuses it, the list breaks off, or an error comes
    /// in the middle of it. What came is in the error.
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
                // The first says most; behind an error of the server the list may yet go on.
                Some(Err(error)) => drop(self.error.get_or_insert(error)),
                None => return Poll::Ready(self.error.take().map(Err)),
            }
        }
    }
}

/// As [`next`](List::next).
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
