//! What can go wrong between a peer and the client that it stands opposite to.

use std::io;
use std::time::Duration;

use crate::error::Error;
use crate::wire::{Action, ActionError, ParseError};

/// Why a [`Peer`](super::Peer) or a [`Server`](super::Server) could not go on: as a rule the reason
/// for which a test fails. Secrets of actions are left out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PeerError {
    /// An action that was waited for did not come in time.
    #[error("no {} came within {waited:?}; the client has sent {}", wanted(.expected), names(.received))]
    NoAction {
        /// The name of the action, if one was named.
        expected: Option<String>,
        /// How long it was waited for.
        waited: Duration,
        /// The names of all actions that have come on this connection.
        received: Vec<String>,
    },
    /// Another action came than the one that was expected.
    #[error("expected action {expected}, the client sent {action:?}")]
    OtherAction {
        /// The name of the action that was expected.
        expected: String,
        /// The action that came.
        action: Box<Action>,
    },
    /// The client closed the connection while an action was waited for.
    #[error(
        "the client closed the connection before {} came; it has sent {}",
        wanted(.expected), names(.received)
    )]
    Closed {
        /// The name of the action, if one was named.
        expected: Option<String>,
        /// The names of all actions that have come on this connection.
        received: Vec<String>,
    },
    /// The client sent something else than actions.
    #[error(
        "the client sent {bytes} bytes that are no action: expected `Action: …` in the first line"
    )]
    NotAnAction {
        /// How many bytes it was.
        bytes: usize,
    },
    /// The client sent an action that breaks a limit of the server.
    #[error("the client sent an action that a server does not read")]
    BadAction(#[source] ActionError),
    /// The client logged in with another user or secret than the script asks for, or the script
    /// refuses every login. It was refused, and the connection closed.
    #[error("the login of user {user:?} was refused: {reason}")]
    Login {
        /// The user that the client named.
        user: String,
        /// The words of the refusal.
        reason: String,
    },
    /// The client did not read what it was sent in time.
    #[error("the client did not read within {waited:?}: {left} bytes are still to be sent")]
    NotRead {
        /// How long it was waited for.
        waited: Duration,
        /// How many bytes are left.
        left: usize,
    },
    /// The client did not end the connection in time.
    #[error("the client did not close the connection within {0:?}")]
    NotClosed(Duration),
    /// No client connected in time.
    #[error("no client connected within {0:?}")]
    NoConnection(Duration),
    /// The peer itself has closed the connection before.
    #[error("the connection was closed by the peer itself")]
    Cut,
    /// The text of an event that was to be sent is none.
    #[error("the event to send is not one; `send` sends any bytes")]
    Event(#[source] ParseError),
    /// The client that was to be connected failed.
    #[error("the client failed to connect to the peer")]
    Client(#[source] Error),
    /// The port of a server cannot be listened on, or is broken.
    #[error("failed to listen for clients")]
    Listen(#[source] io::Error),
    /// The connection failed.
    #[error("the connection to the client failed")]
    Io(#[source] io::Error),
}

fn wanted(expected: &Option<String>) -> String {
    expected.as_ref().map_or_else(|| "action".to_owned(), |name| format!("action {name}"))
}

fn names(received: &[String]) -> String {
    if received.is_empty() { "no action".to_owned() } else { received.join(", ") }
}
