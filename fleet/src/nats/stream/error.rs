//! The errors of a stream.

use crate::origin::Origin;

/// An error of the stream.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StreamError {
    /// The name cannot be that of a stream.
    #[error(
        "{0:?} cannot be the name of a stream: expected 1 to 32 ASCII letters, digits, `-` or `_`"
    )]
    Name(String),
    /// Another stream has the events of a server.
    #[error("origin {origin} is in stream {stream} already")]
    Overlap {
        /// The server.
        origin: Origin,
        /// The other stream.
        stream: String,
    },
    /// The settings of a stream that is there.
    #[error("stream {stream} cannot be used: {reason}")]
    Settings {
        /// The stream.
        stream: String,
        /// The setting and what is expected.
        reason: String,
    },
    /// NATS refuses.
    #[error("stream {stream}: NATS refuses to {what}: {reason}")]
    Refused {
        /// The stream.
        stream: String,
        /// The operation.
        what: &'static str,
        /// The words of NATS.
        reason: String,
    },
    /// No stream has that name.
    #[error("stream {0} is not there")]
    Gone(String),
    /// The body of a message cannot be written.
    #[error("stream {stream}: the body of a message cannot be written as JSON")]
    Body {
        /// The stream.
        stream: String,
        /// The reason.
        source: serde_json::Error,
    },
    /// NATS does not answer now.
    #[error("stream {stream}: no answer from NATS to {what}")]
    Unanswered {
        /// The stream.
        stream: String,
        /// The operation.
        what: &'static str,
        /// The reason.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl StreamError {
    /// Returns `true` if the same attempt can succeed later without anybody's help.
    pub(crate) fn is_temporary(&self) -> bool {
        matches!(self, Self::Unanswered { .. })
    }
}
