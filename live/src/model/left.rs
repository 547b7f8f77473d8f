//! The callers who have left a queue, and of whom it is not known yet how.

use std::sync::Arc;
use std::time::Duration;

use crate::state::QueueCaller;
use crate::text::Id;

/// A caller who has left a queue.
#[derive(Debug)]
pub(super) struct Left {
    pub(super) queue: Id,
    pub(super) caller: Arc<QueueCaller>,
    pub(super) waited: Duration,
}
