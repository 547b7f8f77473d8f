//! Actions under way: the futures that callers wait for.
//!
//! Each is a small state machine rather than a boxed `async` block, so that a call in flight costs
//! little more than its bytes. What a call leaves in the tables is removed when its future is
//! dropped, whatever state it is in.

use std::fmt;
use std::future::{IntoFuture, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;
use pin_project_lite::pin_project;
use tokio::sync::oneshot;
use tokio::task::coop::poll_proceed;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::action::Action;
use crate::error::{Delivery, Error, ListError};
use crate::list::{Collected, Replied};
use crate::message::{Event, Kind, Message, Response};
use crate::reply::{Incoming, Reply, replies};
use crate::router::{Expect, Sink};
use crate::session::Core;
use crate::shape::{self, ListShape};
use crate::shared::{Admission, Handle, Shared};

type Admitted = Result<Admission, Error>;

/// An action on its way out: it waits for a place among those in flight and for a connection, if it
/// has to.
struct Sending {
    handle: Arc<Handle>,
    action: Action,
    expect: Expect,
    fence: bool,
    admission: Option<Pin<Box<dyn Future<Output = Admitted> + Send>>>,
}

impl Sending {
    fn new(handle: Arc<Handle>, action: Action, expect: Expect, fence: bool) -> Self {
        Self { handle, action, expect, fence, admission: None }
    }

    fn poll(
        &mut self,
        cx: &mut Context<'_>,
        until: Instant,
        mut sink: impl FnMut() -> Sink,
    ) -> Poll<Result<Sent, Error>> {
        self.action.check()?;
        // Also a call that cannot wait has to let others run now and then: somebody may repeat it
        // until it succeeds.
        ready!(poll_proceed(cx)).made_progress();
        loop {
            let shared = &self.handle.shared;
            let admitted = match &mut self.admission {
                Some(admission) => Some(ready!(admission.as_mut().poll(cx))),
                None => shared.admit_now(),
            };
            let Some(admitted) = admitted else {
                self.admission = Some(Box::pin(Shared::admit(Arc::clone(shared))));
                continue;
            };
            let (place, core) = admitted?;
            let (expect, until) = (self.expect, until.into_std());
            let register = |id| core.router.register(id, expect, until, sink(), Some(place));
            match core.outbox.push(&self.action, self.fence, register) {
                Ok(id) => return Poll::Ready(Ok(Sent { core, id })),
                // The connection has just ended; there may be another one.
                Err(Error::Disconnected { .. }) => {
                    self.admission = Some(Box::pin(Shared::admit(Arc::clone(shared))));
                }
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

impl Sending {
    /// Makes the error of a call that has waited so long.
    fn timed_out(&self, sent: Option<&Sent>, waited: Duration) -> Error {
        match sent {
            Some(sent) => Error::Timeout { waited, delivery: sent.withdraw() },
            None => self.handle.shared.no_turn(waited),
        }
    }
}

/// An action that was handed to the writer. Dropping it removes what it has left behind.
struct Sent {
    core: Arc<Core>,
    id: u64,
}

impl Sent {
    fn withdraw(&self) -> Delivery {
        self.core.withdraw(self.id)
    }

    /// Notes until when the caller waits now, so that nobody takes the server's silence for its end
    /// before.
    fn extend(&self, until: Instant) {
        self.core.router.extend(self.id, until.into_std());
    }
}

impl Drop for Sent {
    fn drop(&mut self) {
        if self.core.router.forget(self.id) {
            self.withdraw();
        }
    }
}

/// The moment that is so long from now, or one in the far future.
fn after(limit: Duration) -> Instant {
    const FAR: Duration = Duration::from_secs(60 * 60 * 24 * 365 * 30);
    let now = Instant::now();
    now.checked_add(limit).unwrap_or_else(|| now + FAR)
}

pin_project! {
    /// An action that is answered with one message.
    pub(crate) struct Single {
        sending: Sending,
        limit: Duration,
        until: Option<Instant>,
        sent: Option<(Sent, oneshot::Receiver<Result<Message, Error>>)>,
        done: bool,
        #[pin]
        sleep: Option<Sleep>,
    }
}

impl Single {
    pub(crate) fn new(
        handle: Arc<Handle>,
        action: Action,
        expect: Expect,
        limit: Duration,
    ) -> Self {
        let fence = shape::may_stay_silent(action.name());
        let sending = Sending::new(handle, action, expect, fence);
        Self { sending, limit, until: None, sent: None, done: false, sleep: None }
    }
}

impl Future for Single {
    type Output = Result<Message, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // It would be sent again.
        assert!(!self.done, "a call is polled after its end");
        let result = ready!(self.as_mut().run(cx));
        *self.project().done = true;
        Poll::Ready(result)
    }
}

impl Single {
    fn run(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<Message, Error>> {
        let mut this = self.project();
        let until = *this.until.get_or_insert_with(|| after(*this.limit));
        if this.sent.is_none() {
            let mut receiver = None;
            let sink = || {
                let (sender, new) = oneshot::channel();
                receiver = Some(new);
                Sink::One(sender)
            };
            if let Poll::Ready(sent) = this.sending.poll(cx, until, sink) {
                *this.sent = Some(sent?).zip(receiver);
            }
        }
        if let Some((_, receiver)) = this.sent
            && let Poll::Ready(result) = Pin::new(receiver).poll(cx)
        {
            *this.sent = None;
            // Every end of a session ends every call, so the sender is not dropped without a word.
            return Poll::Ready(result.unwrap_or(Err(Error::NoResponse)));
        }
        if this.sleep.is_none() {
            this.sleep.set(Some(sleep_until(until)));
        }
        if let Some(sleep) = this.sleep.as_mut().as_pin_mut() {
            ready!(sleep.poll(cx));
        }
        let sent = this.sent.take().map(|(sent, _)| sent);
        Poll::Ready(Err(this.sending.timed_out(sent.as_ref(), *this.limit)))
    }
}

pin_project! {
    /// An action about to be sent: await it for the response. See
    /// [`Client::call`](crate::Client::call).
    ///
    /// Dropping it takes the action back if it was not written yet; else the server acts on it, and
    /// its answer is ignored.
    ///
    /// # Panics
    ///
    /// If it is polled again after its end, as other futures do.
    #[must_use = "nothing is sent until it is awaited"]
    pub struct Call {
        #[pin]
        single: Single,
    }
}

impl Call {
    pub(crate) fn new(handle: Arc<Handle>, action: Action) -> Self {
        let limit = handle.shared.timeout;
        Self { single: Single::new(handle, action, Expect::Response, limit) }
    }

    /// How long this call waits for its answer, instead of the client's time-out. It begins when
    /// the call is first polled, and counts the wait for a connection and for other calls.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.single.limit = timeout;
        self
    }
}

impl Future for Call {
    type Output = Result<Response, Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().single.poll(cx).map_ok(Response::new)
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Call").field(&self.single.sending.action).finish()
    }
}

/// An action that is answered with more than one message.
struct Many {
    sending: Sending,
    limit: Duration,
    until: Option<Instant>,
    sent: Option<(Sent, Incoming)>,
    done: bool,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Many {
    fn new(handle: Arc<Handle>, action: Action, expect: Expect) -> Self {
        let limit = handle.shared.timeout;
        // The fence shows the end where the server forgets to.
        let sending = Sending::new(handle, action, expect, true);
        Self { sending, limit, until: None, sent: None, done: false, sleep: None }
    }

    /// The next part, or nothing at the end. Errors do not end it, except for those that leave
    /// nothing to wait for.
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Reply, Error>>> {
        if self.done {
            return Poll::Ready(None);
        }
        let until = *self.until.get_or_insert_with(|| after(self.limit));
        if self.sent.is_none() {
            let mut receiver = None;
            let sink = || {
                let (sender, new) = replies();
                receiver = Some(new);
                Sink::Many(sender)
            };
            match self.sending.poll(cx, until, sink) {
                Poll::Ready(Ok(sent)) => self.sent = Some(sent).zip(receiver),
                Poll::Ready(Err(error)) => {
                    self.done = true;
                    return Poll::Ready(Some(Err(error)));
                }
                Poll::Pending => {}
            }
        }
        if let Some((_, incoming)) = &mut self.sent
            && let Poll::Ready(reply) = incoming.poll(cx)
        {
            if matches!(reply, None | Some(Ok(Reply::End(_)))) {
                self.done = true;
                self.sent = None;
            }
            // The time-out is for the silence. What may be somebody else's does not break it.
            let strange = |part: &Reply| matches!(part, Reply::Message(it) if !it.has_our_id());
            if !reply.as_ref().is_some_and(|part| part.as_ref().is_ok_and(strange)) {
                self.until = None;
                self.sleep = None;
            }
            return Poll::Ready(reply);
        }
        if self.sleep.is_none()
            && let Some((sent, _)) = &self.sent
        {
            sent.extend(until);
        }
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(until)));
        ready!(sleep.as_mut().poll(cx));
        self.done = true;
        let sent = self.sent.take().map(|(sent, _)| sent);
        Poll::Ready(Some(Err(self.sending.timed_out(sent.as_ref(), self.limit))))
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
    many: Many,
    response: Option<Response>,
    complete: Option<Event>,
    error: Option<Error>,
}

impl List {
    pub(crate) fn new(handle: Arc<Handle>, action: Action) -> Self {
        let name = action.name();
        let counts = shape::counts_its_items(name);
        let expect = Expect::List { shape: ListShape::of(name), counts, shared: false };
        let many = Many::new(handle, action, expect);
        Self { many, response: None, complete: None, error: None }
    }

    /// How long the list waits for its beginning, and then for each next item, instead of the
    /// client's time-out.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.many.limit = timeout;
        self
    }

    /// Gives the events of the list to subscribers as well, the one that ends it among them: in
    /// their place on the wire, with their ActionID, as far as a filter admits them. They do
    /// not happen now, though many have the names of events that do, such as `QueueMember`.
    ///
    /// To be called before the list is first polled. A list that has begun goes to subscribers up
    /// to its end, also if it is dropped; one that is dropped before goes to nobody.
    pub fn also_to_subscribers(mut self) -> Self {
        if let Expect::List { shared, .. } = &mut self.many.sending.expect {
            *shared = true;
        }
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
            match ready!(self.many.poll_next(cx)) {
                Some(Ok(Reply::Item(event))) => return Poll::Ready(Some(Ok(event))),
                Some(Ok(Reply::Response(response))) => self.response = Some(response),
                Some(Ok(Reply::End(event))) => self.complete = event,
                Some(Ok(Reply::Message(_))) => {}
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
        f.debug_tuple("List").field(&self.many.sending.action).finish()
    }
}

/// An action whose reply has any shape: await it for all that the server says. See
/// [`Client::exchange`](crate::Client::exchange).
#[must_use = "nothing is sent until it is awaited"]
pub struct Exchange {
    many: Many,
}

impl Exchange {
    pub(crate) fn new(handle: Arc<Handle>, action: Action) -> Self {
        let shape = ListShape::of(action.name());
        Self { many: Many::new(handle, action, Expect::Everything { shape }) }
    }

    /// How long it waits for each message, instead of the client's time-out. One without an
    /// ActionID may be somebody else's and does not begin the wait anew.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.many.limit = timeout;
        self
    }
}

impl IntoFuture for Exchange {
    type Output = Result<Vec<Replied>, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let mut many = self.many;
            let mut messages = Vec::<Replied>::new();
            let mut responded = false;
            while let Some(reply) = poll_fn(|cx| many.poll_next(cx)).await {
                let Reply::Message(message) = reply? else { continue };
                if message.has_our_id() && message.kind() == Kind::Response && !responded {
                    // The server has begun with the action only now: what came before is no part of
                    // the reply.
                    messages.retain(Replied::has_our_id);
                    responded = true;
                }
                messages.push(message);
            }
            Ok(messages)
        })
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Exchange").field(&self.many.sending.action).finish()
    }
}
