//! The errors of calls, logins and connections, and what they say about the fault and the execution
//! of an action.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use crate::wire::{
    ActionError, CommandOutput, Event, EventClass, EventMask, Message, Reason, Response,
};

mod forbidden;
mod text;

pub use self::forbidden::Forbidden;
pub(crate) use self::forbidden::class_list;
pub(crate) use self::text::write_error;

/// The error of a call, a login or a connection.
///
/// Errors implement [`Clone`], so that one lost connection can be reported to every waiting call.
///
/// `Display` says what happened, and [`source`](std::error::Error::source) returns the cause. The
/// alternate form `{:#}` writes the error and all its causes, separated by colons.
///
/// [`fault`](Self::fault) says who can act on an error,
/// [`may_have_been_executed`](Self::may_have_been_executed) whether the server may have executed
/// the action, and [`response`](Self::response) returns the response of a server that refused.
///
/// ```
/// use ami::{Error, Fault};
///
/// fn report(error: &Error) {
///     match error.fault() {
///         Fault::Caller => eprintln!("fix the program: {error:#}"),
///         Fault::Server => eprintln!("the server refuses: {error:#}"),
///         Fault::Link if error.may_have_been_executed() => eprintln!("unknown: {error:#}"),
///         Fault::Link => eprintln!("try again: {error:#}"),
///     }
/// }
/// # report(&Error::NoResponse);
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Error {
    /// The action cannot be sent in this form. Nothing was sent.
    Action(ActionError),

    /// The server refused the action: the response is `Response: Error`, or a word that begins with
    /// `Fail`.
    Rejected(Box<Response>),

    /// A CLI command failed.
    Command {
        /// The first line of the output that is not empty. The server repeats a command that it
        /// does not know; of such a command only the first word is kept, because it may hold a
        /// secret.
        printed: String,
        /// The complete output, with the response.
        output: Box<CommandOutput>,
    },

    /// The server will never answer the action, because it has answered a later one on the same
    /// connection, and it answers in order. The action may have been executed.
    ///
    /// A proxy that combines several servers on one connection may still answer. This client
    /// supports one server per connection.
    NoResponse,

    /// The answer did not come in time.
    Timeout {
        /// The time-out that has passed.
        waited: Duration,
        /// The state of the action.
        delivery: Delivery,
    },

    /// The client had no connection for the whole time-out of the call. Nothing was sent.
    NotConnected {
        /// The time-out that has passed.
        waited: Duration,
        /// The reason why there is no connection, as far as it is known now.
        reason: Arc<Self>,
    },

    /// The connection ended before the answer came.
    Disconnected {
        /// The reason for the end of the connection.
        reason: Disconnect,
        /// The state of the action.
        delivery: Delivery,
    },

    /// The connection was lost. [`State::Down`](crate::State::Down) has this error, and so does
    /// [`Placed::end`](crate::Placed::end) if the end of a call can no longer be observed. Calls in
    /// flight end with [`Disconnected`](Self::Disconnected) instead.
    Lost(Disconnect),

    /// The connection could not be established.
    Connect {
        /// The address as given.
        address: Arc<str>,
        /// The I/O error: of the name resolution, the socket, TLS, or the time-out.
        source: Arc<io::Error>,
    },

    /// The connection was established, but the login failed.
    Login(LoginError),

    /// The server did not report within this time that it is fully booted.
    NotBooted(Duration),

    /// The user may not send the action: it has none of the write classes that allow it. Nothing
    /// was sent, or the server refused the action ([`Forbidden::response`]).
    ///
    /// The client asks the server once for each connection what the user may send
    /// ([`Config::ask_permissions`](crate::Config::ask_permissions)).
    Forbidden(Box<Forbidden>),

    /// The server does not send the events that this operation depends on. Nothing was sent.
    Withheld {
        /// The class of the events.
        class: EventClass,
        /// The reason why the class is left out.
        why: Withheld,
    },

    /// The server knows none of the classes of an event mask, and treats it as a mask without any
    /// class. The former mask is in effect.
    EventMask {
        /// The mask that was asked for.
        mask: EventMask,
        /// The server's answer.
        answer: Box<Response>,
    },

    /// A list began but did not end: the server has gone on to a later action.
    ListIncomplete,

    /// A message that does not belong to the list came in the middle of it. Real servers send none
    /// there: a value with line ends in it has cut an item in two, or the message is forged.
    ///
    /// The message also goes to subscribers, as an event or a [`Stray`](crate::Stray).
    ListBroken(Box<Message>),

    /// The list has fewer items than the server says at its end.
    ListShort {
        /// The number of items that the server says it sent.
        said: u64,
        /// The number of items that came.
        came: u64,
    },

    /// The reply was not read in time. This number of bytes was buffered, which is the limit, and
    /// the rest of the reply is lost.
    Unread(usize),

    /// The server gave the channel another unique id than it was told to, as servers do that do not
    /// know `ChannelId`. The end of the call cannot be observed.
    OtherChannel,

    /// The call was hung up before it was placed. Nothing was sent.
    Withdrawn,

    /// This number of events was lost that the result depends on. They were larger than
    /// [`Config::max_message`](crate::Config::max_message), or were not read in time.
    Missed(u64),

    /// A message of this number of bytes in the reply was larger than
    /// [`Config::max_message`](crate::Config::max_message), and is lost.
    TooLarge(usize),

    /// An [`EventFilter`](crate::EventFilter) would exclude an event that calls wait for. Nothing
    /// was sent.
    Filter,

    /// The originated channel was not answered.
    Originate {
        /// The reason that the server gives.
        reason: Reason,
        /// The `OriginateResponse` event.
        event: Box<Event>,
    },
}

impl Error {
    /// Returns the error of a refusal. The response is copied, so that it does not keep a read
    /// buffer alive.
    pub(crate) fn rejected(response: &Response) -> Self {
        Self::Rejected(Box::new(response.detach()))
    }
}

impl From<ActionError> for Error {
    fn from(error: ActionError) -> Self {
        Self::Action(error)
    }
}

impl From<LoginError> for Error {
    fn from(error: LoginError) -> Self {
        Self::Login(error)
    }
}

/// The state of an action that got no answer.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, thiserror::Error)]
pub enum Delivery {
    /// No byte of the action was handed to the operating system, and none will be.
    #[error("was never sent")]
    NeverSent,
    /// The action was handed to the operating system, in whole or in part, or was about to be. The
    /// server may have executed it.
    #[error("may have been executed")]
    MaybeExecuted,
}

/// The reason for the end of a connection or a client.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Disconnect {
    /// The server closed the connection.
    Eof,
    /// The client was closed or dropped, logged off, or its runtime shut down.
    Closed,
    /// The server did not answer a `Ping` within this time, and no other complete message arrived
    /// either.
    Unresponsive(Duration),
    /// The client ended the connection because the server's settings were unknown: the server did
    /// not say whether it accepted a filter or an event mask, or it accepted only a part of a set
    /// of filters. The client sets the next connection up again.
    Unsettled,
    /// There is no connection, and no other attempt: the server refused the login for good, or the
    /// first connection of a [`Connect`](crate::Connect) failed.
    Refused(Arc<Error>),
    /// Reading or writing failed.
    Io(Arc<io::Error>),
}

/// The reason why a connection does not receive a class of events.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Withheld {
    /// The event mask of the connection leaves the class out.
    #[error("the event mask {0} leaves it out")]
    Mask(EventMask),
    /// The user's `read` in `manager.conf` leaves the class out.
    #[error("the user may not read it")]
    User,
    /// The server does not tell what the user may read, because that takes the write class
    /// `command`. The events may or may not arrive.
    #[error(
        "the server does not tell whether the user may read it, because that takes \
         `write = …,command` in manager.conf"
    )]
    Unknown,
}

/// The reason for a failed login.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum LoginError {
    /// The first line is not an AMI banner. The line is kept, up to 80 bytes of it.
    NotAmi(String),
    /// The server closed the connection without sending anything. It is busy (`authlimit`), or the
    /// port is not an AMI port.
    NoBanner,
    /// The server closed the connection before it answered.
    Closed,
    /// The server refused the login with anything but `Success`. Asterisk answers `Authentication
    /// failed` alike for an unknown user, a wrong secret and an address that is not allowed.
    Refused(Box<Response>),
    /// The banner and the answers did not arrive within this time.
    Timeout(Duration),
    /// Reading or writing failed.
    Io(Arc<io::Error>),
}

/// The party that can act on an error.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Fault {
    /// The caller: the action or its use is wrong.
    Caller,
    /// The server or its configuration: it refused, or did not answer.
    Server,
    /// The link between client and server.
    Link,
}

impl Error {
    /// Returns the party that can act on the error.
    pub fn fault(&self) -> Fault {
        match self {
            Self::Action(_)
            | Self::Withheld { why: Withheld::Mask(_), .. }
            | Self::Withdrawn
            | Self::Filter
            | Self::EventMask { .. }
            | Self::Unread(_)
            | Self::Missed(_)
            | Self::TooLarge(_)
            | Self::Disconnected { reason: Disconnect::Closed, .. }
            | Self::Lost(Disconnect::Closed) => Fault::Caller,
            Self::Rejected(_)
            | Self::Forbidden(_)
            | Self::Withheld { .. }
            | Self::Command { .. }
            | Self::NoResponse
            | Self::ListIncomplete
            | Self::ListBroken(_)
            | Self::ListShort { .. }
            | Self::OtherChannel
            | Self::NotBooted(_)
            | Self::Timeout { .. }
            | Self::Originate { .. } => Fault::Server,
            Self::Login(LoginError::Refused(_) | LoginError::NotAmi(_)) => Fault::Server,
            Self::Login(_)
            | Self::NotConnected { .. }
            | Self::Disconnected { .. }
            | Self::Lost(_)
            | Self::Connect { .. } => Fault::Link,
        }
    }

    /// Returns `true` if the server may have executed the action although there was no answer.
    pub fn may_have_been_executed(&self) -> bool {
        match self {
            Self::Timeout { delivery, .. } | Self::Disconnected { delivery, .. } => {
                *delivery == Delivery::MaybeExecuted
            }
            Self::NoResponse
            | Self::ListIncomplete
            | Self::ListBroken(_)
            | Self::ListShort { .. }
            | Self::Unread(_)
            | Self::Missed(_)
            | Self::OtherChannel
            | Self::TooLarge(_) => true,
            _ => false,
        }
    }

    /// Returns `true` if this is the time-out of a call, [`Timeout`](Self::Timeout).
    /// [`NotConnected`](Self::NotConnected) and [`NotBooted`](Self::NotBooted) are other errors.
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::Timeout { .. })
    }

    /// Returns the server's response, if the server refused.
    pub fn response(&self) -> Option<&Response> {
        match self {
            Self::Rejected(response)
            | Self::EventMask { answer: response, .. }
            | Self::Login(LoginError::Refused(response)) => Some(response),
            Self::Command { output, .. } => Some(output.response()),
            Self::Forbidden(forbidden) => forbidden.response.as_ref(),
            _ => None,
        }
    }

    /// Returns `true` if connecting again after this login error is pointless or harmful.
    ///
    /// The server has refused for good, and tools such as fail2ban block clients that keep trying;
    /// or the login cannot be sent with this configuration. A refusal is not final while the server
    /// shuts down, or if it says `Login Already In Use`: the next login may succeed.
    pub fn is_final(&self) -> bool {
        match self {
            Self::Login(LoginError::Refused(response)) => {
                let passing = ["Asterisk is shutting down", "Login Already In Use"];
                !passing.iter().any(|text| response.message().contains(text))
            }
            Self::Action(_) => true,
            _ => false,
        }
    }
}
