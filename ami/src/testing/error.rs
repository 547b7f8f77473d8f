//! The errors of a scripted peer.

use std::io;
use std::time::Duration;

use crate::error::Error;
use crate::wire::{Action, ActionError, ParseError};

/// The error of a [`Peer`](super::Peer) or a [`Server`](super::Server) that cannot go on, which is
/// usually the reason why a test fails. The error shows no secrets of actions.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PeerError {
    /// No action came in time.
    #[error("no {} came within {waited:?}; the client has sent {}", wanted(.expected), names(.received))]
    NoAction {
        /// The name of the expected action, if one was given.
        expected: Option<String>,
        /// The time that the peer waited.
        waited: Duration,
        /// The names of all actions that have come on this connection.
        received: Vec<String>,
    },
    /// Another action came than the expected one.
    #[error("expected action {expected}, the client sent {action:?}")]
    OtherAction {
        /// The name of the expected action.
        expected: String,
        /// The action that came.
        action: Box<Action>,
    },
    /// The client closed the connection while the peer waited for an action.
    #[error(
        "the client closed the connection before {} came; it has sent {}",
        wanted(.expected), names(.received)
    )]
    Closed {
        /// The name of the expected action, if one was given.
        expected: Option<String>,
        /// The names of all actions that have come on this connection.
        received: Vec<String>,
    },
    /// The client sent bytes that are not an action.
    #[error(
        "the client sent {bytes} bytes that are no action: expected `Action: …` in the first line"
    )]
    NotAnAction {
        /// The number of these bytes.
        bytes: usize,
    },
    /// The client sent an action that breaks a limit of the server.
    #[error("the client sent an action that a server does not read")]
    BadAction(#[source] ActionError),
    /// The client logged in with another user or secret than the script requires, or the script
    /// refuses every login. The login was refused and the connection closed.
    #[error("the login of user {user:?} was refused: {reason}")]
    Login {
        /// The user name in the login.
        user: String,
        /// The text of the refusal.
        reason: String,
    },
    /// The client did not read the bytes that were sent to it in time.
    #[error("the client did not read within {waited:?}: {left} bytes are still to be sent")]
    NotRead {
        /// The time that the peer waited.
        waited: Duration,
        /// The number of bytes that are left to send.
        left: usize,
    },
    /// The client did not close the connection in time. The duration is the time that the peer
    /// waited.
    #[error("the client did not close the connection within {0:?}")]
    NotClosed(Duration),
    /// No client connected in time. The duration is the time that the server waited.
    #[error("no client connected within {0:?}")]
    NoConnection(Duration),
    /// The peer itself has closed the connection.
    #[error("the connection was closed by the peer itself")]
    Cut,
    /// The text of an event to send is not an event.
    #[error("the event to send is not one; `send` sends any bytes")]
    Event(#[source] ParseError),
    /// The client failed to connect.
    #[error("the client failed to connect to the peer")]
    Client(#[source] Error),
    /// The port of a server cannot be opened, or accepting a connection failed.
    #[error("failed to listen for clients")]
    Listen(#[source] io::Error),
    /// The connection failed with an I/O error.
    #[error("the connection to the client failed")]
    Io(#[source] io::Error),
}

fn wanted(expected: &Option<String>) -> String {
    expected.as_ref().map_or_else(|| "action".to_owned(), |name| format!("action {name}"))
}

fn names(received: &[String]) -> String {
    if received.is_empty() { "no action".to_owned() } else { received.join(", ") }
}
