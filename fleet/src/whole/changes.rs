//! The changes of all servers, for one watcher.

use std::collections::BTreeSet;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use live::{Change, Changes};
use tokio::sync::mpsc;

use super::lives::{News, Watch};
use super::merged::Merged;
use crate::origin::Origin;

/// A change in the states of a fleet, with the server that it is of.
#[derive(Clone, Debug)]
pub struct FleetChange {
    /// The server.
    pub origin: Origin,
    /// The change.
    pub what: ServerChange,
}

/// The kinds of changes in the states of a fleet.
///
/// The enum is exhaustive on purpose, so that no `match` forgets that changes can be missing.
#[derive(Clone, Debug)]
pub enum ServerChange {
    /// The server was added to the fleet. Its state is [loading](live::Freshness::Loading), and all
    /// of its changes follow.
    Joined,
    /// The state of the server changed.
    Changed(Change),
    /// The number of changes of this server that are missing here, because the watcher fell behind
    /// by more than [`live::Config::changes`].
    Missed(u64),
    /// The server was removed from the fleet. The last change before it says that its state is no
    /// longer kept.
    Left,
}

/// The changes in the states of a fleet, for one watcher. [`FleetLive::changes`] and
/// [`FleetLive::watch`] return it.
///
/// The changes of a server are in order. Between servers there is no order, and a server with many
/// changes does not keep those of another one waiting.
///
/// The changes end when the last [`FleetLive`] is dropped. A watcher does not keep the states
/// alive.
///
/// [`FleetLive`]: crate::FleetLive
/// [`FleetLive::changes`]: crate::FleetLive::changes
/// [`FleetLive::watch`]: crate::FleetLive::watch
pub struct FleetChanges {
    changes: Merged<Origin, Changes>,
    news: mpsc::UnboundedReceiver<News>,
    /// The server that has left, while its last changes are read. What joins and leaves behind it
    /// is told behind it.
    leaving: Option<Origin>,
}

impl FleetChanges {
    pub(super) fn new(watch: Watch) -> Self {
        let mut changes = Merged::new();
        for (origin, of_server) in watch.changes {
            changes.add(origin, of_server);
        }
        Self { changes, news: watch.news, leaving: None }
    }

    /// Waits for the next change. Returns `None` when the states are no longer kept, and all
    /// earlier changes were taken.
    ///
    /// Cancel safe: no change is lost if the future is dropped.
    pub async fn next(&mut self) -> Option<FleetChange> {
        poll_fn(|cx| self.poll(cx)).await
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<FleetChange>> {
        let mut is_over = false;
        while self.leaving.is_none() {
            match self.news.poll_recv(cx) {
                Poll::Ready(Some(News::Joined(origin, changes))) => {
                    self.changes.add(origin.clone(), changes);
                    return told(origin, ServerChange::Joined);
                }
                Poll::Ready(Some(News::Left(origin))) if self.changes.has(&origin) => {
                    self.leaving = Some(origin);
                }
                Poll::Ready(Some(News::Left(origin))) => return told(origin, ServerChange::Left),
                Poll::Ready(None) => {
                    is_over = true;
                    break;
                }
                Poll::Pending => break,
            }
        }
        loop {
            match self.changes.poll(cx) {
                Poll::Ready((origin, Some(Ok(change)))) => {
                    return told(origin, ServerChange::Changed(change));
                }
                Poll::Ready((origin, Some(Err(live::Missed(missed))))) => {
                    return told(origin, ServerChange::Missed(missed));
                }
                Poll::Ready((origin, None)) if self.leaving.as_ref() == Some(&origin) => {
                    self.leaving = None;
                    return told(origin, ServerChange::Left);
                }
                Poll::Ready((_, None)) => {}
                Poll::Pending if is_over && self.changes.len() == 0 => return Poll::Ready(None),
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}

fn told(origin: Origin, what: ServerChange) -> Poll<Option<FleetChange>> {
    Poll::Ready(Some(FleetChange { origin, what }))
}

/// Yields the changes as [`next`](FleetChanges::next) does.
impl Stream for FleetChanges {
    type Item = FleetChange;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<FleetChange>> {
        Self::poll(&mut self, cx)
    }
}

impl fmt::Debug for FleetChanges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let servers: BTreeSet<_> = self.changes.keys().collect();
        f.debug_struct("FleetChanges").field("servers", &servers).finish_non_exhaustive()
    }
}
