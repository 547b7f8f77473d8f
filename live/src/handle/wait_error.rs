//! The errors of waits.

use std::sync::Arc;

use crate::state::{Call, Channel, Ended, Unknown};
use crate::text::Id;

/// The error of a wait that cannot come to its end.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WaitError {
    /// The state is no longer kept, such as when the client has ended.
    #[error(transparent)]
    Ended(#[from] Ended),
    /// The part of the state is not known, and does not become so by waiting.
    #[error(transparent)]
    Unknown(#[from] Unknown),
    /// There is no such call now, and there was none since the handle was made.
    #[error("no call has the identifier {0}")]
    NoSuchCall(Id),
    /// There is no such channel now, and there was none since the handle was made.
    #[error("no channel has the identifier {0}")]
    NoSuchChannel(Id),
    /// The call has ended without having met the condition.
    #[error("the call {} ended before it met the condition", .0.id)]
    CallEnded(Arc<Call>),
    /// The channel has ended without having met the condition.
    #[error("the channel {} ended before it met the condition", .0.name)]
    ChannelEnded(Arc<Channel>),
}
