//! The changes of a state, for one watcher.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;

use crate::change::Change;
use crate::shared::{Missed, Shared};

/// The changes of a state, in order, for one watcher. [`Live::changes`](crate::Live::changes) and
/// [`Live::watch`](crate::Live::watch) return it.
///
/// The changes end when the state is no longer kept: the client has ended, or the last
/// [`Live`](crate::Live) was dropped. The last change says why. A watcher does not keep the state
/// alive.
pub struct Changes {
    shared: Arc<Shared>,
    watcher: u64,
}

impl Changes {
    pub(super) fn new(shared: Arc<Shared>, watcher: u64) -> Self {
        Self { shared, watcher }
    }

    /// Waits for the next change. Returns `None` when the state is no longer kept, and all earlier
    /// changes were taken.
    ///
    /// Cancel safe: no change is lost if the future is dropped.
    ///
    /// # Errors
    ///
    /// The item is an error where changes are missing, because the watcher fell behind by more than
    /// [`Config::changes`](crate::Config::changes). The next call continues with the changes that
    /// follow.
    pub async fn next(&mut self) -> Option<Result<Change, Missed>> {
        poll_fn(|cx| self.poll(cx)).await
    }

    fn poll(&self, cx: &mut Context<'_>) -> Poll<Option<Result<Change, Missed>>> {
        // A task that always gets a change has to yield to others now and then.
        let turn = std::task::ready!(tokio::task::coop::poll_proceed(cx));
        let next = self.shared.poll_change(self.watcher, cx);
        if next.is_ready() {
            turn.made_progress();
        }
        next
    }
}

/// Yields the changes as [`next`](Changes::next) does.
impl Stream for Changes {
    type Item = Result<Change, Missed>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll(cx)
    }
}

impl Drop for Changes {
    fn drop(&mut self) {
        self.shared.unwatch(self.watcher);
    }
}

impl fmt::Debug for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Changes").field("watcher", &self.watcher).finish_non_exhaustive()
    }
}
