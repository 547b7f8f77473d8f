//! The states of a set of servers, for one who waits until they meet a condition.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use live::{Ended, Live};

use super::FleetState;
use super::merged::Merged;
use crate::origin::Origin;

/// The states of a set of servers, each replaced when it has changed.
pub(super) struct View {
    state: FleetState,
    servers: Merged<Origin, Touches>,
    /// `true` if the state was not looked at since it was replaced.
    is_new: bool,
}

impl View {
    pub(super) fn new(lives: Vec<(Origin, Live)>) -> Self {
        let mut servers = Merged::new();
        let mut states = BTreeMap::new();
        for (origin, live) in lives {
            states.insert(origin.clone(), live.state());
            servers.add(origin, Touches { live, next: None, has_ended: false });
        }
        Self { state: FleetState::new(states), servers, is_new: true }
    }

    /// Waits until the states are others than at the last call, and returns them. The first call
    /// does not wait.
    pub(super) async fn next(&mut self) -> &FleetState {
        poll_fn(|cx| self.poll(cx)).await;
        &self.state
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while let Poll::Ready((origin, touched)) = self.servers.poll(cx) {
            if let Some(live) = touched {
                self.state.set(&origin, live.state());
                self.is_new = true;
            }
        }
        if std::mem::take(&mut self.is_new) { Poll::Ready(()) } else { Poll::Pending }
    }
}

/// Yields the server each time its state may have changed since it was last read. The wait for the
/// next change has begun by then, so that none is overlooked.
struct Touches {
    live: Live,
    next: Option<Next>,
    has_ended: bool,
}

/// The wait for the next change.
type Next = Pin<Box<dyn Future<Output = Result<(), Ended>> + Send>>;

impl Stream for Touches {
    type Item = Live;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Live>> {
        if self.has_ended {
            return Poll::Ready(None);
        }
        if let Some(next) = &mut self.next
            && next.as_mut().poll(cx).is_pending()
        {
            return Poll::Pending;
        }
        let live = self.live.clone();
        let mut next: Next = Box::pin(async move {
            let mut looks = 0;
            let is_second = |_: &live::State| {
                looks += 1;
                looks > 1
            };
            live.until(is_second).await.map(drop)
        });
        match next.as_mut().poll(cx) {
            Poll::Pending => self.next = Some(next),
            // A change came while the wait began. The next poll begins another one.
            Poll::Ready(Ok(())) => self.next = None,
            Poll::Ready(Err(_)) => self.has_ended = true,
        }
        Poll::Ready(Some(self.live.clone()))
    }
}
