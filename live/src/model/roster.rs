//! Events and questions about members while lists are on their way.
//!
//! The list of a conference's members can be behind the events: a user whose leaving was told is
//! listed until the sounds of leaving were played, which takes seconds, and one who has not joined
//! yet is listed while the sounds of joining are played.

use ami::Event;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::text::Id;

/// The events and questions about conferences.
#[derive(Debug, Default)]
pub(super) struct Roster {
    /// The conferences of channels that are members.
    pub(super) member_of: FxHashMap<Id, Id>,
    /// The conferences whose members were asked for.
    pub(super) open: FxHashMap<Id, Question>,
    /// The last word of events about a channel while lists are on their way: the conference that
    /// it joined, or `None` if it left.
    pub(super) words: FxHashMap<Id, Option<Id>>,
    /// The conferences that have ended while lists are on their way.
    pub(super) ended: FxHashSet<Id>,
    /// Channels that a list names but that are not in the conference: they come soon, or have left
    /// and the conference has not drawn the conclusions.
    pub(super) doubtful: FxHashMap<Id, Doubtful>,
}

/// A list of members that was asked for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Question {
    /// `true` if the list says who is in the conference; else it adds what events do not tell.
    pub(super) is_full: bool,
    /// Set if the list has to be asked for again, because somebody joined or left meanwhile:
    /// whether that is a full one.
    pub(super) next: Option<bool>,
}

/// A channel that a list names but that is not in the conference.
#[derive(Debug)]
pub(super) struct Doubtful {
    pub(super) conference: Id,
    /// The item of the list, if the channel becomes a member by entering the bridge: nobody saw
    /// whether it has joined.
    pub(super) item: Option<Event>,
}
