//! The legs of a call.

use ami::value::{ChannelName, DialStatus};
use ami::{Cause, event::ChannelSnapshot};

/// The technologies of channels that the server uses for itself, which are no legs.
const INTERNAL: [&str; 9] = [
    "Announcer",
    "AsyncGoto",
    "Bridge",
    "CBAnn",
    "CBRec",
    "Message",
    "Recorder",
    "Snoop",
    "Surrogate",
];

/// The channels that are kept of a leg, but for those that are up.
const CHANNELS: usize = 64;

/// A leg of a call: a channel, or both halves of a Local channel.
#[derive(Clone, Debug, Default)]
pub(crate) struct Leg {
    /// The `Uniqueid` of each channel, and whether it has ended.
    pub(super) channels: Vec<(Box<str>, bool)>,
    /// The name of the channel, without the half of a Local channel.
    pub(crate) name: String,
    pub(crate) is_local: bool,
    /// The number of the party, or an empty text.
    pub(crate) number: String,
    /// The name of the party, or an empty text.
    pub(crate) party: String,
    /// The number that the leg called, or an empty text.
    pub(super) called: String,
    /// The leg that dialled this one.
    pub(super) dialed_by: Option<usize>,
    pub(super) is_dialed: bool,
    pub(super) rings: bool,
    pub(super) has_ringing_row: bool,
    pub(super) is_up: bool,
    /// The place that the leg forwards to, or an empty text.
    pub(super) forwarded: String,
    pub(super) status: Option<DialStatus<'static>>,
    /// The queue that the leg waits in.
    pub(super) queue: Option<String>,
    /// `true` if the leg left its queue unanswered, and did not go on in the dialplan.
    pub(super) abandoned: bool,
    /// The number of applications that have a row.
    pub(super) applications: usize,
    /// The application that had a row last.
    pub(super) application: String,
    /// The former calls of the channels.
    pub(super) former: Vec<Box<str>>,
    /// The number of the first row in which the leg is up.
    pub(crate) since: u64,
    /// The number of the last row in which the leg is up.
    pub(crate) until: Option<u64>,
    /// `true` if the leg went to another call.
    pub(super) moved: bool,
    /// `true` if the leg has transferred the others away.
    pub(super) has_transferred: bool,
    pub(super) cause: Option<Cause>,
    /// `true` if the party has hung up.
    pub(super) has_asked: bool,
}

impl Leg {
    /// Returns `true` if a channel of the leg is up.
    pub(crate) fn is_open(&self) -> bool {
        !self.moved && self.channels.iter().any(|(_, ended)| !ended)
    }

    /// Forgets channels that have ended if many legs share this one, and returns them.
    pub(super) fn make_room(&mut self) -> Vec<Box<str>> {
        if self.channels.len() < CHANNELS {
            return Vec::new();
        }
        let gone = self.channels.extract_if(.., |(_, ended)| *ended);
        gone.map(|(id, _)| id).collect()
    }

    pub(super) fn has(&self, channel: &str) -> bool {
        self.channels.iter().any(|(id, _)| **id == *channel)
    }

    /// Returns `true` if the leg is a Local channel with this name, but for its half.
    pub(super) fn is_other_half(&self, name: &ChannelName<'_>) -> bool {
        self.is_local && name.is_local() && self.channels.len() == 1 && self.name == name.stem()
    }

    /// Takes over what an event tells of the channel.
    pub(super) fn describe(&mut self, snapshot: &ChannelSnapshot<'_>) {
        // A channel that is being replaced has `<MASQ>` or `<ZOMBIE>` in its name for a moment.
        if let Some(name) = snapshot.channel().filter(|it| !is_passing(it.as_str())) {
            self.is_local = name.is_local();
            let name = if self.is_local { name.stem() } else { name.as_str() };
            if self.name != name {
                self.name = super::text::short(name);
            }
        }
        let known = |text: &str| !matches!(text, "" | "<unknown>");
        if let Some(number) = snapshot.caller_id_num().filter(|it| known(it)) {
            self.number = super::text::short(&number);
        }
        if let Some(party) = snapshot.caller_id_name().filter(|it| known(it)) {
            self.party = super::text::short(&party);
        }
    }

    /// Returns the name without the number of the channel.
    pub(crate) fn short_name(&self) -> String {
        let name = ChannelName::from(&*self.name);
        match (name.technology(), name.resource()) {
            (Some(technology), Some(resource)) => format!("{technology}/{resource}"),
            _ => self.name.clone(),
        }
    }
}

/// Returns `true` if a channel has this name only while it is replaced by another one.
pub(super) fn is_passing(name: &str) -> bool {
    name.ends_with("<MASQ>") || name.ends_with("<ZOMBIE>")
}

/// Returns `true` if the server uses a channel for itself.
pub(super) fn is_internal(name: &ChannelName<'_>) -> bool {
    name.technology().is_some_and(|it| INTERNAL.contains(&it))
}
