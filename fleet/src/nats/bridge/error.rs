//! Errors that end a bridge.

use crate::nats::connect::ConnectError;
use crate::nats::stream::StreamError;

/// The reason for the end of a bridge: an error that a person has to remove. All others are
/// retried.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BridgeError {
    /// A setting is not possible.
    #[error("the setting {setting} is not possible: {reason}")]
    Setting {
        /// The setting.
        setting: &'static str,
        /// The reason, without secrets.
        reason: String,
    },
    /// The server refused the credentials.
    #[error("the NATS server at {url} refused the credentials")]
    Refused {
        /// The addresses, without secrets.
        url: String,
        /// The server's reason.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The server is too old.
    #[error("the NATS server at {url} is version {version}, expected 2.10 or later")]
    TooOld {
        /// The addresses, without secrets.
        url: String,
        /// The version of the server.
        version: String,
    },
    /// JetStream is off, for the server or the account.
    #[error("the NATS server at {url} has no JetStream for this account")]
    NoJetStream {
        /// The addresses, without secrets.
        url: String,
        /// The server's reason.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The stream cannot be used: its settings do not fit, or another stream has a server.
    #[error("the stream {stream} cannot be used")]
    Stream {
        /// The stream.
        stream: String,
        /// The reason.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Bridges of other servers have the stream.
    #[error(
        "the stream {stream} belongs to the bridge on {host} (process {pid}) with the servers \
         {theirs}, but this bridge has {ours}: bridges with different servers need streams of \
         their own"
    )]
    OtherOrigins {
        /// The stream.
        stream: String,
        /// The machine of the bridge that has it.
        host: String,
        /// The process.
        pid: u32,
        /// The servers of the other bridge.
        theirs: String,
        /// The servers of this bridge.
        ours: String,
    },
}

impl BridgeError {
    pub(super) fn of_stream(stream: &str, error: StreamError) -> Self {
        Self::Stream { stream: stream.to_owned(), source: Box::new(error) }
    }
}

/// Returns the error unless the same attempt can succeed later.
pub(super) fn fatal(error: ConnectError) -> Result<ConnectError, BridgeError> {
    Err(match error {
        ConnectError::Unreachable { .. } => return Ok(error),
        ConnectError::Setting { setting, reason } => BridgeError::Setting { setting, reason },
        ConnectError::Refused { url, source } => BridgeError::Refused { url, source },
        ConnectError::TooOld { url, version } => BridgeError::TooOld { url, version },
        ConnectError::NoJetStream { url, source } => BridgeError::NoJetStream { url, source },
    })
}
