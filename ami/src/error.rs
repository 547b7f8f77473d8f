//! What can go wrong, whose fault it is, and whether the server may have acted.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use crate::list::Collected;
use crate::message::{Event, Response};

/// Why a call, a login or a connection did not succeed. It clones, so that one lost connection can tell every waiter.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The action cannot be sent as it is. Nothing was sent.
    #[error(transparent)]
    Action(#[from] ActionError),

    /// The server answered `Response: Error`. The response is kept.
    #[error("the server refused the action: {}", .0.message().trim_end())]
    Rejected(Box<Response>),

    /// The server will never answer: it has answered a later action of this connection, and it answers in order.
    #[error("the server gave no response to the action")]
    NoResponse,

    /// Nothing came in time.
    #[error("no answer within {waited:?}; the action {delivery}")]
    Timeout {
        /// How long the call waited.
        waited: Duration,
        /// Whether the server can have acted.
        delivery: Delivery,
    },

    /// The connection ended before the answer came.
    #[error("disconnected: {reason}; the action {delivery}")]
    Disconnected {
        /// Why the connection ended.
        reason: Disconnect,
        /// Whether the server can have acted.
        delivery: Delivery,
    },

    /// The connection was lost. It is what [`State::Down`](crate::State::Down) says; a call is told whether it may have been
    /// executed ([`Disconnected`](Self::Disconnected)).
    #[error("the connection was lost: {0}")]
    Lost(Disconnect),

    /// The connection could not be made.
    #[error("failed to connect to {address}: {source}")]
    Connect {
        /// The address as given.
        address: Arc<str>,
        /// What the system said.
        source: Arc<io::Error>,
    },

    /// The connection was made, but not the login.
    #[error("login failed: {0}")]
    Login(#[from] LoginError),

    /// The server did not say in time that it is fully booted.
    #[error("the server did not say within {0:?} that it is fully booted")]
    NotBooted(Duration),

    /// The server would not send the event that this is about. Nothing was sent.
    #[error("events of class {class:?} do not come to this connection: {why}")]
    Withheld {
        /// The class that it takes.
        class: &'static str,
        /// What leaves the class out.
        why: Withheld,
    },

    /// A list began and did not end: the server has gone on to a later action.
    #[error("the server did not end the list")]
    ListIncomplete,

    /// A part of the reply was larger than allowed, and is lost.
    #[error("a message of {0} bytes in the reply is larger than allowed (`Config::max_message`)")]
    TooLarge(usize),

    /// A filter in the server would keep back an event that calls wait for. Nothing was sent.
    #[error("a filter must not exclude OriginateResponse or FullyBooted, for which calls wait")]
    Filter,

    /// The originated channel was not answered.
    #[error("originate failed: {reason}")]
    Originate {
        /// Why, in the server's number.
        reason: Reason,
        /// The `OriginateResponse` event.
        event: Box<Event>,
    },
}

/// Whether the server can have acted on an action that got no answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Delivery {
    /// No byte of it was handed to the system, and none will be.
    #[error("was never sent")]
    NeverSent,
    /// It was handed to the system, in whole or in part, or was about to be.
    #[error("may have been executed")]
    MaybeExecuted,
}

/// Why a connection ended.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Disconnect {
    /// The server closed it.
    #[error("the server closed the connection")]
    Eof,
    /// This side closed it, or logged off.
    #[error("the client was closed")]
    Closed,
    /// The server did not answer a ping in that time, nor say anything else.
    #[error("the server said nothing for {0:?} after a ping")]
    Unresponsive(Duration),
    /// We ended it: the server took a filter, and not what has to go with it, and no filter can be taken back.
    #[error("a filter was set by half")]
    HalfAFilter,
    /// The connection was lost, and the server would not have us back.
    #[error("connecting again failed for good: {0}")]
    Refused(Arc<Error>),
    /// The link failed.
    #[error("the link failed: {0}")]
    Io(Arc<io::Error>),
}

/// What keeps a class of events from a connection.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Withheld {
    /// The event mask, which we set.
    #[error("the event mask {0:?} leaves it out")]
    Mask(Arc<str>),
    /// The user's `read` in `manager.conf`.
    #[error("the user may not read it (`read` in manager.conf)")]
    User,
}

/// Why a list is not complete, and what came of it.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{error} (after {} items of the list)", .partial.items.len())]
pub struct ListError {
    /// What went wrong.
    #[source]
    pub error: Error,
    /// What came.
    pub partial: Collected,
}

impl From<ListError> for Error {
    fn from(error: ListError) -> Self {
        error.error
    }
}

/// Why the server and we did not come to terms.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoginError {
    /// The first line is no banner of AMI.
    #[error("the peer does not speak AMI, it began with {0:?}")]
    NotAmi(String),
    /// The server closed the connection without a word: it is busy (`authlimit`), or this is not an AMI port.
    #[error("the server closed the connection before its banner")]
    NoBanner,
    /// The server closed the connection before it answered.
    #[error("the server closed the connection before it answered")]
    Closed,
    /// The server refused. Asterisk says `Authentication failed` alike for an unknown user, a wrong secret and an address
    /// that is not allowed. The response is kept.
    #[error("the server answered: {}", .0.message().trim_end())]
    Refused(Box<Response>),
    /// The banner, or an answer, did not come in time.
    #[error("the server did not answer within {0:?}")]
    Timeout(Duration),
    /// The link failed.
    #[error("the link failed: {0}")]
    Io(Arc<io::Error>),
}

/// Why an originated channel was not answered: the number in `OriginateResponse`, which is that of the last control frame
/// the channel gave (`main/pbx.c`, `ast_pbx_outgoing_exten` and its kin).
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// 0: the channel could not be placed, for example because there is no such extension or technology.
    #[error("the channel could not be placed")]
    Failure,
    /// 1: hung up before it was answered.
    #[error("hung up")]
    Hangup,
    /// 3: it rang, and nobody answered in time.
    #[error("no answer")]
    NoAnswer,
    /// 4: answered.
    #[error("answered")]
    Answered,
    /// 5: busy.
    #[error("busy")]
    Busy,
    /// 8: congestion, or all circuits busy.
    #[error("congestion")]
    Congestion,
    /// Another number, or none.
    #[error("reason {0:?}")]
    Other(Option<u32>),
}

impl Reason {
    /// The reason that an `OriginateResponse` gives.
    pub fn of(event: &Event) -> Self {
        let number = event.utf8("Reason").ok().flatten().and_then(|reason| reason.parse().ok());
        match number {
            Some(0) => Self::Failure,
            Some(1) => Self::Hangup,
            Some(3) => Self::NoAnswer,
            Some(4) => Self::Answered,
            Some(5) => Self::Busy,
            Some(8) => Self::Congestion,
            other => Self::Other(other),
        }
    }
}

/// What is wrong with an action, and in which field.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("field {field:?} of action {action:?}: {problem}")]
pub struct ActionError {
    /// The name of the action.
    pub action: String,
    /// The name of the field.
    pub field: String,
    /// What is wrong.
    pub problem: ActionProblem,
}

/// What can be wrong with a field of an action.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ActionProblem {
    /// CR, LF or NUL in it: the server would take the rest for another field or another action.
    #[error("the {part} holds the byte {byte:#04x}, which ends a line")]
    LineBreak {
        /// Name or value.
        part: &'static str,
        /// The byte.
        byte: u8,
    },
    /// A name that the server could not find: empty, with a colon, or with a blank at an end.
    #[error("the name is empty, has a colon in it or a blank at an end")]
    Name,
    /// The line is longer than the server reads.
    #[error("the line has {0} bytes, the server reads at most 1022")]
    TooLong(usize),
    /// More lines than the server reads.
    #[error("it is line {0}, the server reads at most 128")]
    TooMany(usize),
    /// An ActionID that some of the server's actions would garble.
    #[error("an ActionID has 1 to 67 letters, digits or characters of `_.:-`")]
    ActionId,
    /// The field is the codec's to write.
    #[error("this field has a method of its own")]
    Reserved,
}

/// Who can do something about an error.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fault {
    /// The caller: the action is wrong.
    Caller,
    /// The server, or its configuration: it refused, or did not answer.
    Server,
    /// The link between them.
    Link,
}

impl Error {
    /// Who can do something about it.
    pub fn fault(&self) -> Fault {
        match self {
            Self::Action(_) | Self::Withheld { .. } | Self::Filter | Self::TooLarge(_) => {
                Fault::Caller
            }
            Self::Rejected(_)
            | Self::NoResponse
            | Self::ListIncomplete
            | Self::NotBooted(_)
            | Self::Timeout { .. }
            | Self::Originate { .. } => Fault::Server,
            Self::Login(LoginError::Refused(_) | LoginError::NotAmi(_)) => Fault::Server,
            Self::Login(_) | Self::Disconnected { .. } | Self::Lost(_) | Self::Connect { .. } => {
                Fault::Link
            }
        }
    }

    /// Whether the server can have acted on the action although there was no answer.
    pub fn may_have_been_executed(&self) -> bool {
        match self {
            Self::Timeout { delivery, .. } | Self::Disconnected { delivery, .. } => {
                *delivery == Delivery::MaybeExecuted
            }
            Self::NoResponse | Self::ListIncomplete | Self::TooLarge(_) => true,
            _ => false,
        }
    }

    /// Whether this is a time-out of a call.
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::Timeout { .. })
    }

    /// The server's response, if it refused.
    pub fn response(&self) -> Option<&Response> {
        match self {
            Self::Rejected(response) | Self::Login(LoginError::Refused(response)) => Some(response),
            _ => None,
        }
    }
}
