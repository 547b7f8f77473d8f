//! Waiting for events, so that it can be told what came instead.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use ami::{Buffer, Client, Disconnect, Event, Filter, Item, Matcher, Nearest, State, Subscription};
use tokio::sync::watch::Receiver;

use crate::job::Reason;

/// The events that are awaited.
#[derive(Debug, Default)]
pub(crate) struct OpenWatches {
    awaited: Mutex<BTreeMap<u64, Awaited>>,
}

#[derive(Debug)]
struct Awaited {
    matcher: Matcher,
    number: u32,
    nearest: Nearest,
}

impl OpenWatches {
    fn with<T>(&self, what: impl FnOnce(&mut BTreeMap<u64, Awaited>) -> T) -> T {
        what(&mut self.awaited.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Returns the events that did not come, with those that came nearest.
    pub(crate) fn reasons(&self) -> Vec<Reason> {
        let reason = |it: &Awaited| Reason {
            what: format!("Asterisk {}: no {}", it.number, it.matcher),
            details: it.nearest.lines(it.matcher.name()),
        };
        self.with(|awaited| awaited.values().map(reason).collect())
    }
}

/// Events of a description, from when it was asked for. Dropping it ends that.
#[derive(Debug)]
pub struct Watch {
    events: Subscription,
    state: Receiver<State>,
    matcher: Matcher,
    number: u32,
    open: Arc<OpenWatches>,
}

impl Watch {
    pub(crate) fn new(
        client: &Client,
        matcher: Matcher,
        number: u32,
        open: &Arc<OpenWatches>,
    ) -> Self {
        let filter = Filter::named([matcher.name()]);
        let events = client.subscribe_with(filter, Buffer::unbounded());
        Self { events, state: client.state(), matcher, number, open: Arc::clone(open) }
    }

    /// The next of them. Cancel safe.
    ///
    /// # Errors
    ///
    /// If the connection ends.
    pub async fn next(&mut self) -> Result<Event, WatchError> {
        let awaited = Guard::new(&self.open, &self.matcher, self.number);
        loop {
            match self.events.next().await {
                Some(Item::Event(event)) => {
                    if self.matcher.matches(&event) {
                        return Ok(event);
                    }
                    if self.matcher.is_about(&event) {
                        awaited.note(&event);
                    }
                }
                Some(missed) => tracing::warn!(?missed, "events are missing here"),
                None => {
                    let ended = self.state.wait_for(State::is_closed).await;
                    let cause = match ended.as_deref() {
                        Ok(State::Closed(cause)) => cause.clone(),
                        _ => Disconnect::Closed,
                    };
                    return Err(WatchError {
                        what: self.matcher.to_string(),
                        number: self.number,
                        cause,
                    });
                }
            }
        }
    }
}

/// An AMI connection that ended while something was awaited.
#[derive(Clone, Debug, thiserror::Error)]
#[error("Asterisk {number}: the AMI connection ended before {what}")]
pub struct WatchError {
    /// The event that was awaited.
    pub what: String,
    /// The number of the server.
    pub number: u32,
    /// The cause of the end.
    #[source]
    pub cause: Disconnect,
}

/// An entry for as long as somebody waits.
struct Guard<'a> {
    open: &'a OpenWatches,
    id: u64,
}

impl<'a> Guard<'a> {
    fn new(open: &'a OpenWatches, matcher: &Matcher, number: u32) -> Self {
        let id = open.with(|awaited| {
            let id = awaited.last_key_value().map_or(0, |(last, _)| last + 1);
            let nearest = Nearest::default();
            awaited.insert(id, Awaited { matcher: matcher.clone(), number, nearest });
            id
        });
        Self { open, id }
    }

    fn note(&self, event: &Event) {
        self.open.with(|awaited| {
            if let Some(it) = awaited.get_mut(&self.id) {
                it.nearest.note(event, &it.matcher);
            }
        });
    }
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        self.open.with(|awaited| awaited.remove(&self.id));
    }
}
