//! The figures of a publisher.

use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, PoisonError};

/// The figures of a publisher, since the begin of the bridge.
#[derive(Debug, Default)]
pub(crate) struct PublishStats {
    /// The messages that are proven to be in the stream.
    pub(crate) published: AtomicU64,
    /// The messages that the stream had already.
    pub(crate) duplicates: AtomicU64,
    /// The times that the stream refused a message because of its place.
    pub(crate) refused: AtomicU64,
    /// The reason why messages do not go on now.
    waiting: Mutex<Option<String>>,
}

impl PublishStats {
    /// Returns the reason why messages do not go on now, if they do not.
    pub(crate) fn waiting(&self) -> Option<String> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn set_waiting(&self, reason: Option<String>) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if *waiting != reason {
            match &reason {
                Some(reason) => tracing::warn!("messages wait: {reason}"),
                None => tracing::info!("messages go on"),
            }
            *waiting = reason;
        }
    }
}
