//! Freshness: how current a state is.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use ami::{Disconnect, Gap};

/// The freshness of a state: in step with the server, or not, and why.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum Freshness {
    /// The lists of the server are not in yet.
    #[default]
    Loading,
    /// The state is in step with the server's events.
    Current {
        /// The time at which it last became so.
        since: SystemTime,
    },
    /// The state may differ from that of the server, which is being asked again.
    Stale {
        /// The time from which on the state is not current. A further loss before the state is
        /// current again changes the reason, but not this time.
        since: SystemTime,
        /// The latest reason.
        reason: StaleReason,
    },
}

/// The reason why a state is stale.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum StaleReason {
    /// The number of events that were missed, because they came faster than they were applied.
    Missed(u64),
    /// The connection is lost.
    Down(Arc<Disconnect>),
    /// The connection was lost, and the client has reconnected.
    Gap(Arc<Gap>),
    /// Another loss, in words.
    Other(Arc<str>),
    /// The state is no longer kept.
    Ended(Ended),
}

/// The reason why a state is no longer kept.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Ended {
    /// The client has ended.
    #[error("the client has ended")]
    Client(#[source] Arc<Disconnect>),
    /// The task that keeps the state has panicked, with this message. That is a bug of this crate.
    #[error("the task that keeps the state has panicked: {0}")]
    Panicked(Arc<str>),
    /// The last [`Live`](crate::Live) was dropped, or the runtime was shut down.
    #[error("the task that keeps the state was stopped")]
    Stopped,
}

impl Freshness {
    /// Returns `true` if the state is in step with the server.
    pub fn is_current(&self) -> bool {
        matches!(self, Self::Current { .. })
    }

    /// Returns the reason if the state is stale.
    pub fn stale(&self) -> Option<&StaleReason> {
        match self {
            Self::Stale { reason, .. } => Some(reason),
            Self::Loading | Self::Current { .. } => None,
        }
    }
}

/// Writes how current the state is, and why it is stale; `{:#}` also why the connection was lost.
impl fmt::Display for Freshness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Loading => f.write_str("loading"),
            Self::Current { .. } => f.write_str("current"),
            Self::Stale { reason, .. } if f.alternate() => write!(f, "stale: {reason:#}"),
            Self::Stale { reason, .. } => write!(f, "stale: {reason}"),
        }
    }
}

/// Writes what happened; `{:#}` also why the connection was lost.
impl fmt::Display for StaleReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reason = match self {
            Self::Missed(1) => return f.write_str("one event was missed"),
            Self::Missed(missed) => return write!(f, "{missed} events were missed"),
            Self::Other(text) => return f.write_str(text),
            Self::Gap(gap) if f.alternate() => return write!(f, "{gap:#}"),
            Self::Gap(gap) => return write!(f, "{gap}"),
            Self::Down(reason) => {
                f.write_str("the connection is lost")?;
                reason
            }
            Self::Ended(ended) => {
                write!(f, "{ended}")?;
                let Ended::Client(reason) = ended else { return Ok(()) };
                reason
            }
        };
        if f.alternate() { write!(f, ": {reason:#}") } else { Ok(()) }
    }
}
