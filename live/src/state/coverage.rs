//! Coverage: the parts of a state that are known.

use std::fmt;
use std::sync::Arc;

use ami::{Error, EventClass};

macro_rules! parts {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// A part of the state, which the server tells with lists and events of its own.
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        #[non_exhaustive]
        pub enum Part {
            $($(#[$doc])* $name,)*
        }

        impl Part {
            /// All parts.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

parts! {
    /// Channels and calls. With [bridges](Self::Bridges), also who is in which bridge, and who
    /// talks to whom.
    Channels = "channels",
    /// Places in the dialplan and applications of [channels](Self::Channels). If they are not
    /// known, [`context`](crate::Channel::context), `exten`, `priority`, `application` and
    /// `application_data` of a channel are those of the last list or other event that told them.
    /// The server tells each step in the dialplan, which is most of what it tells of a call: a
    /// program that does not need them saves that by leaving out this part.
    Dialplan = "places in the dialplan",
    /// Bridges. Their members are [channels](Self::Channels), without which they are not known.
    Bridges = "bridges",
    /// Queues with their members and callers.
    Queues = "queues",
    /// Parking lots.
    ParkingLots = "parking lots",
    /// Conferences.
    Conferences = "conferences",
    /// States of devices.
    Devices = "devices",
    /// States of extensions.
    Extensions = "extensions",
    /// Presences.
    Presences = "presences",
    /// Endpoints of PJSIP.
    Endpoints = "endpoints",
    /// Contacts of PJSIP endpoints.
    Contacts = "contacts",
    /// Registrations with other servers.
    Registrations = "registrations",
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The reason why a part of the state is not known.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Unknown {
    /// The server has not told the part yet.
    #[error("the {0} are not known yet")]
    Loading(Part),
    /// The part is not followed; see [`Config::parts`](crate::Config::parts).
    #[error("the {0} are not followed")]
    NotFollowed(Part),
    /// The user may not read events of these classes, or the event mask leaves them out.
    #[error("the {part} are not known: no events of the class {} come", names(.classes))]
    Withheld {
        /// The part.
        part: Part,
        /// The classes that are missing.
        classes: Arc<[EventClass]>,
    },
    /// The server refused a list, or did not send all of it.
    #[error("the {part} are not known: the list {action} did not come")]
    Failed {
        /// The part.
        part: Part,
        /// The action that asks for the list.
        action: Box<str>,
        /// The error.
        #[source]
        error: Arc<Error>,
    },
}

impl Unknown {
    /// Returns the part.
    pub fn part(&self) -> Part {
        match self {
            Self::Loading(part) | Self::NotFollowed(part) => *part,
            Self::Withheld { part, .. } | Self::Failed { part, .. } => *part,
        }
    }
}

fn names(classes: &[EventClass]) -> String {
    classes.iter().map(|class| class.name()).collect::<Vec<_>>().join(", ")
}

/// The knowledge of each part.
#[derive(Clone, Debug)]
pub(crate) struct Coverage {
    /// One entry for each part; `None` if it is known.
    parts: Arc<[Option<Unknown>]>,
    /// `true` if the server has told what the user may read.
    pub(crate) rights_are_known: bool,
}

impl Default for Coverage {
    fn default() -> Self {
        let parts = Part::ALL.iter().map(|&part| Some(Unknown::Loading(part))).collect();
        Self { parts, rights_are_known: false }
    }
}

impl Coverage {
    pub(crate) fn of(&self, part: Part) -> Result<(), &Unknown> {
        match &self.parts[part as usize] {
            None => Ok(()),
            Some(unknown) => Err(unknown),
        }
    }

    /// Returns `true` if nothing was [set](Self::set) since this copy was made.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.parts, &other.parts)
    }

    pub(crate) fn set(&mut self, part: Part, unknown: Option<Unknown>) {
        if unknown.is_none() && self.of(part).is_ok() {
            return;
        }
        let mut parts = self.parts.to_vec();
        parts[part as usize] = unknown;
        self.parts = parts.into();
    }
}
