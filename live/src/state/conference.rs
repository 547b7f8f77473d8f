//! Conferences (ConfBridge).

use std::time::SystemTime;

use ami::Event;

use super::{Party, Since};
use crate::text::Id;

/// A conference that is up.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Conference {
    /// The name.
    pub name: Id,
    /// The bridge (`BridgeUniqueid`). `None` if the server has not told it yet: the list of
    /// conferences does not name it.
    pub bridge: Option<Id>,
    /// `true` if the conference was locked when the server was last [asked](Self::asked). No event
    /// tells when that changes.
    pub locked: bool,
    /// `true` if the participants who are not admins were muted as a whole, those who come later
    /// too, when the server was last [asked](Self::asked). No event tells when that changes; what
    /// it means for those who are in the conference is in [`ConferenceMember::muted`].
    pub muted: bool,
    /// The time at which the server last told [`locked`](Self::locked) and [`muted`](Self::muted).
    pub asked: SystemTime,
    /// `true` while the conference is recorded. `None` if the beginning of the conference was not
    /// seen, and no recording has begun or ended since: no list tells. The name of the file is
    /// never told.
    pub recording: Option<bool>,
    /// The members, each from `ConfbridgeJoin` on, which comes behind the announcements that a
    /// member hears first. Announcers and recorders are none.
    pub members: Vec<ConferenceMember>,
    /// The beginning of the conference.
    pub since: Since,
    /// The latest event, or item of a list, that described the conference as a whole.
    pub last: Event,
}

/// A member of a conference: a channel that executes `ConfBridge`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ConferenceMember {
    /// The channel (`Uniqueid`).
    pub channel: Id,
    /// The caller, as of the last `NewCallerid` of the channel. The server does not tell that a
    /// Local channel takes it over from its other half.
    pub caller: Party,
    /// `true` for an admin.
    pub admin: bool,
    /// `true` for a marked user. `None` until the list of members is in, which is asked for when
    /// somebody joins.
    pub marked: Option<bool>,
    /// `true` for a user who waits while there is no marked user. `None` until the list of members
    /// is in.
    pub wait_marked: Option<bool>,
    /// `true` for a user whom the server removes when the last marked user leaves. `None` until
    /// the list of members is in.
    pub end_marked: Option<bool>,
    /// `true` while the user waits for a marked user. `None` until the list of members is in.
    pub waiting: Option<bool>,
    /// `true` while the user is muted, alone or with all others.
    pub muted: bool,
    /// `true` while the user talks. The server tells it only of users whose profile has
    /// `talk_detection_events`.
    pub talking: bool,
    /// The time at which the member joined.
    pub since: Since,
    /// The latest event, or item of a list, that described the member.
    pub last: Event,
}

impl Conference {
    /// Returns the member of that channel (`Uniqueid`).
    pub fn member(&self, channel: &str) -> Option<&ConferenceMember> {
        self.members.iter().find(|member| *member.channel == *channel)
    }
}
