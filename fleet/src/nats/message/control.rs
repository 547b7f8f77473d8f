//! Control items as messages have them: why events are missing, and who publishes.

use std::time::{Duration, SystemTime};

use ami::{Disconnect, Event, Withheld, WithheldClasses};
use serde::{Deserialize, Serialize};

use super::time;
use crate::item::{Gap, Up, What};

/// A control item. Its kind is the last token of the message's subject.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(tag = "kind")]
#[non_exhaustive]
pub enum Control {
    /// A connection to the server has begun.
    Up {
        /// The time at which the server was started, as far as it is known.
        #[serde(with = "time::optional")]
        started: Option<SystemTime>,
    },
    /// The connection to the server is lost.
    Down(Reason),
    /// The bridge has connected to the server again, and events are missing here.
    Gap {
        /// The reason why the connection was lost.
        #[serde(flatten)]
        reason: Reason,
        /// The number of times that the connection was lost.
        times: u32,
        /// The time without a connection, in seconds.
        #[serde(with = "time::seconds")]
        lasted: Duration,
        /// `true` if the server was restarted meanwhile; `None` if that is not known.
        restarted: Option<bool>,
        /// The number of events that the server made meanwhile, if it is known.
        made: Option<u64>,
    },
    /// Events are missing here that the server sent.
    Missed {
        /// The number of events.
        count: u64,
        /// The reason.
        reason: Why,
    },
    /// Classes of events do not come from here on.
    Withheld {
        /// The classes.
        classes: Vec<String>,
        /// `user`, `mask` or `unknown`.
        reason: String,
        /// The name of the user on the server.
        user: String,
        /// The reason in words.
        text: String,
    },
    /// The bridge connects to this server no more.
    Ended(Reason),
    /// Another bridge, or another run of it, publishes from here on.
    Takeover(Takeover),
}

/// The begin of a bridge's messages.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Takeover {
    /// `true` if the next event is the one behind the last event before this item, or if there is
    /// none before; `false` if events may be missing here. Of a server that does not stamp its
    /// events, the last ones before can also be repeated then, with other ids.
    pub exact: bool,
    /// `true` if the stream had no message of this server.
    pub first: bool,
    /// The number of events that are missing here, if it is known.
    pub made: Option<u64>,
}

/// The reason for the end of a connection.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Reason {
    /// `eof`, `closed`, `unresponsive`, `unsettled`, `refused`, `io` or `other`.
    pub reason: String,
    /// The reason in words.
    pub text: String,
}

/// The reason why events are missing that the server sent.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Why {
    /// The bridge was too slow for its own queue, or the server's message was longer than the
    /// client takes.
    Queue,
    /// The spool was full, in memory and on disk.
    SpoolFull,
    /// A part of the spool could not be read back from the disk.
    SpoolUnreadable,
    /// The message would be larger than NATS takes.
    TooLarge,
}

impl Control {
    /// Returns the kind, which is the last token of the subject.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Up { .. } => "Up",
            Self::Down(_) => "Down",
            Self::Gap { .. } => "Gap",
            Self::Missed { .. } => "Missed",
            Self::Withheld { .. } => "Withheld",
            Self::Ended(_) => "Ended",
            Self::Takeover(_) => "Takeover",
        }
    }

    /// Returns the control item for an item of a fleet.
    ///
    /// # Errors
    ///
    /// Returns the event if the item is one.
    pub(crate) fn of(what: &What) -> Result<Self, &Event> {
        Ok(match what {
            What::Event(event) => return Err(event),
            What::Up(Up { started, .. }) => Self::Up { started: *started },
            What::Down(reason) => Self::Down(Reason::of(reason)),
            What::Gap(Gap { reason, times, lasted, restarted, made, .. }) => Self::Gap {
                reason: Reason::of(reason),
                times: *times,
                lasted: *lasted,
                restarted: *restarted,
                made: *made,
            },
            What::Missed(count) => Self::Missed { count: *count, reason: Why::Queue },
            What::Withheld(withheld) => Self::withheld(withheld),
            What::Ended(reason) => Self::Ended(Reason::of(reason)),
        })
    }

    fn withheld(withheld: &WithheldClasses) -> Self {
        let reason = match withheld.why {
            Withheld::Mask(_) => "mask",
            Withheld::User => "user",
            _ => "unknown",
        };
        Self::Withheld {
            classes: withheld.classes.iter().map(|class| class.name().to_owned()).collect(),
            reason: reason.into(),
            user: withheld.user.as_ref().to_owned(),
            text: withheld.to_string(),
        }
    }
}

impl Reason {
    fn of(reason: &Disconnect) -> Self {
        let name = match reason {
            Disconnect::Eof => "eof",
            Disconnect::Closed => "closed",
            Disconnect::Unresponsive(_) => "unresponsive",
            Disconnect::Unsettled => "unsettled",
            Disconnect::Refused(_) => "refused",
            Disconnect::Io(_) => "io",
            _ => "other",
        };
        Self { reason: name.into(), text: format!("{reason:#}") }
    }
}
