//! What can go wrong, whose fault it is, and whether the server may have acted.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use crate::wire::{ActionError, Event, EventClass, EventMask, Message, Response};

mod text;

pub(crate) use self::text::write_error;

/// Why a call, a login or a connection did not succeed. It clones, so that one lost connection can
/// tell every waiter.
///
/// `Display` says what happened, and [`source`](std::error::Error::source) why; `{:#}` writes both,
/// with all causes behind colons.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Error {
    /// The action cannot be sent as it is. Nothing was sent.
    Action(ActionError),

    /// The server answered `Response: Error`, or a word that begins with `Fail`. The response is
    /// kept.
    Rejected(Box<Response>),

    /// A CLI command failed. This is the first line of what it printed; the response has the
    /// others.
    Command {
        /// The first line that is not empty. Of a command that the server does not know, and so
        /// repeats, only the first word is left in.
        printed: String,
        /// The response.
        response: Box<Response>,
    },

    /// The server will never answer: it has answered a later action of this connection, and it
    /// answers in order. A proxy that has several servers behind one connection may yet answer:
    /// this client is for one server.
    NoResponse,

    /// Nothing came in time.
    Timeout {
        /// How long the call waited.
        waited: Duration,
        /// Whether the server can have acted.
        delivery: Delivery,
    },

    /// There was no connection in all the time that the call may wait. Nothing was sent.
    NotConnected {
        /// How long the call waited.
        waited: Duration,
        /// Why there is no connection, as far as is known now.
        reason: Arc<Self>,
    },

    /// The connection ended before the answer came.
    Disconnected {
        /// Why the connection ended.
        reason: Disconnect,
        /// Whether the server can have acted.
        delivery: Delivery,
    },

    /// The connection was lost. It is what [`State::Down`](crate::State::Down) says; a call is told
    /// whether it may have been executed ([`Disconnected`](Self::Disconnected)).
    Lost(Disconnect),

    /// The connection could not be made.
    Connect {
        /// The address as given.
        address: Arc<str>,
        /// What the system said.
        source: Arc<io::Error>,
    },

    /// The connection was made, but not the login.
    Login(LoginError),

    /// The server did not say in time that it is fully booted.
    NotBooted(Duration),

    /// The server would not send the event that this is about. Nothing was sent.
    Withheld {
        /// The class that it takes.
        class: EventClass,
        /// What leaves the class out.
        why: Withheld,
    },

    /// The server knows none of the classes of an event mask, and takes it for no events at all.
    /// The mask is as it was.
    EventMask {
        /// The mask.
        mask: EventMask,
        /// The server's answer.
        answer: Box<Response>,
    },

    /// A list began and did not end: the server has gone on to a later action.
    ListIncomplete,

    /// In the middle of a list came a message that is not of it. Real servers send none there: a
    /// value with line ends in it has cut an item in two, or something was forged. A
    /// [`Stray`](crate::Stray) or an event, it went to subscribers, too.
    ListBroken(Box<Message>),

    /// The server says that a list had more items than came.
    ListShort {
        /// How many it says there were.
        said: u64,
        /// How many came.
        came: u64,
    },

    /// So many bytes of a reply waited for somebody to read them, and no more are held.
    Unread(usize),

    /// The server gave the channel another unique id than it was told, as one does that does not
    /// know `ChannelId`. So the end of the call cannot be known.
    OtherChannel,

    /// Events that this depends on were lost: they were larger than allowed, or nobody took them in
    /// time.
    Missed(u64),

    /// A part of the reply was larger than allowed, and is lost.
    TooLarge(usize),

    /// A filter in the server would keep back an event that calls wait for. Nothing was sent.
    Filter,

    /// The originated channel was not answered.
    Originate {
        /// Why, in the server's number.
        reason: Reason,
        /// The `OriginateResponse` event.
        event: Box<Event>,
    },
}

impl Error {
    /// A refusal, in memory of its own.
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

/// Whether the server can have acted on an action that got no answer.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, thiserror::Error)]
pub enum Delivery {
    /// No byte of it was handed to the system, and none will be.
    #[error("was never sent")]
    NeverSent,
    /// It was handed to the system, in whole or in part, or was about to be.
    #[error("may have been executed")]
    MaybeExecuted,
}

/// Why a connection ended.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Disconnect {
    /// The server closed it.
    Eof,
    /// This side closed it, or logged off.
    Closed,
    /// The server did not answer a ping in that time, and no message came, whatever bytes did.
    Unresponsive(Duration),
    /// We ended it: the server did not say whether it took a filter or an event mask, or it took a
    /// filter and not what has to go with it. The next connection has what is asked for.
    Unsettled,
    /// The connection was lost, and the server would not have us back.
    Refused(Arc<Error>),
    /// The link failed.
    Io(Arc<io::Error>),
}

/// What keeps a class of events from a connection.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Withheld {
    /// The event mask, which we set.
    #[error("the event mask {0} leaves it out")]
    Mask(EventMask),
    /// The user's `read` in `manager.conf`.
    #[error("the user may not read it (`read` in manager.conf)")]
    User,
    /// Perhaps nothing: the server does not tell what the user may read, for that takes the write
    /// class `command`.
    #[error("the server does not tell whether the user may read it")]
    Unknown,
}

/// Why the server and we did not come to terms.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum LoginError {
    /// The first line is no banner of AMI.
    NotAmi(String),
    /// The server closed the connection without a word: it is busy (`authlimit`), or this is not an
    /// AMI port.
    NoBanner,
    /// The server closed the connection before it answered.
    Closed,
    /// The server refused: it answered with anything but `Success`. Asterisk says `Authentication
    /// failed` alike for an unknown user, a wrong secret and an address that is not allowed.
    /// The response is kept.
    Refused(Box<Response>),
    /// The banner, or an answer, did not come in time.
    Timeout(Duration),
    /// The link failed.
    Io(Arc<io::Error>),
}

/// Why an originated channel was not answered: the number in `OriginateResponse`, which is that of
/// the last control frame the channel gave (`main/pbx.c`, `ast_pbx_outgoing_exten` and its kin).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// 0: it failed, and the server does not say why. There may be no such extension or technology;
    /// but the number is the same when the other side was busy or refused without a frame that
    /// says so, and when somebody hung up while it rang. The channel's `Hangup` has the cause:
    /// see [`Client::place`](crate::Client::place).
    #[error("it failed, and the server does not say why (reason 0)")]
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

/// Who can do something about an error.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
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
            Self::Action(_)
            | Self::Withheld { .. }
            | Self::Filter
            | Self::EventMask { .. }
            | Self::Unread(_)
            | Self::Missed(_)
            | Self::TooLarge(_)
            | Self::Disconnected { reason: Disconnect::Closed, .. }
            | Self::Lost(Disconnect::Closed) => Fault::Caller,
            Self::Rejected(_)
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

    /// Whether the server can have acted on the action although there was no answer.
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

    /// Whether this is a time-out of a call that had a connection.
    /// [`NotConnected`](Self::NotConnected) and [`NotBooted`](Self::NotBooted) are other
    /// errors.
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::Timeout { .. })
    }

    /// The server's response, if it refused.
    pub fn response(&self) -> Option<&Response> {
        match self {
            Self::Rejected(response)
            | Self::Command { response, .. }
            | Self::EventMask { answer: response, .. }
            | Self::Login(LoginError::Refused(response)) => Some(response),
            _ => None,
        }
    }

    /// Whether connecting again makes no sense after this error of a login, or would do harm: the
    /// server refused for good, and servers run programs that ban whoever goes on trying; or
    /// the configuration cannot be sent. While a server shuts down, or says `Login Already In
    /// Use`, it may well accept the next login.
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
