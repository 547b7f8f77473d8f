//! The state with what is needed to keep it right, and how a change is noted.

use std::time::SystemTime;

use ami::Action;
use rustc_hash::{FxHashMap, FxHashSet};

use super::knowledge::Knowledge;
use super::left::Left;
use super::roster::Roster;
use super::totals;
use crate::change::{Change, What};
use crate::state::{Outcome, Part, Since, State};
use crate::text::Id;

/// The state with what is needed to keep it right.
#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) state: State,
    pub(super) channels: Names,
    /// The callers who have left a queue, and of whom it is not known yet how.
    pub(super) left: Vec<Left>,
    /// The time of the event or list that is applied.
    pub(super) now: SystemTime,
    /// `true` while a list is applied, or an event that finds a channel, so that what began did so
    /// before now.
    pub(super) from_list: bool,
    /// `true` if changes are told as found by asking again.
    pub(super) resync: bool,
    pub(super) changes: Vec<Change>,
    /// The number of times that events were lost.
    pub(super) losses: u32,
    /// The number of losses before the last list of channels. `None` if there was none.
    pub(super) listed: Option<u32>,
    /// `true` while a further list of channels is on its way.
    pub(super) asks_for_channels: bool,
    /// The identifier of the channel that the last `Hangup` was of. Empty if there was none.
    pub(super) hung_up: String,
    /// `true` if the server may have restarted since the last list of channels.
    pub(super) may_have_restarted: bool,
    /// `true` if the server tells the user of restarts, unless they follow each other at once.
    pub(crate) tells_of_restarts: bool,
    /// The outcome of calls that a list shows to have ended.
    pub(super) gone: Outcome,
    pub(super) knowledge: Knowledge,
    /// `true` once all lists were in.
    pub(super) is_loaded: bool,
    /// The lists that parts have asked for beside those that are always asked for.
    pub(super) requests: Vec<Request>,
    pub(super) roster: Roster,
    /// The last word of events about a channel while lists are on their way: whether it is parked.
    pub(super) parked: FxHashMap<Id, bool>,
    /// The channels that were picked up, each with the one that has its place and is up.
    pub(super) replaced: Vec<(Id, Id)>,
    /// The entities that events have told of since the loss, while lists are on their way.
    pub(super) told: FxHashSet<(Part, Id)>,
}

/// A list that a part asks for beside [those that are always asked for](super::lists), such as one
/// for each conference.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) part: Part,
    pub(crate) action: Action,
}

impl Model {
    pub(super) fn of(knowledge: Knowledge) -> Self {
        Self {
            state: State::default(),
            channels: Names::default(),
            left: Vec::new(),
            now: SystemTime::UNIX_EPOCH,
            from_list: false,
            resync: false,
            changes: Vec::new(),
            losses: 0,
            listed: None,
            asks_for_channels: false,
            hung_up: String::new(),
            may_have_restarted: false,
            tells_of_restarts: true,
            gone: Outcome::Unknown,
            knowledge,
            is_loaded: false,
            requests: Vec::new(),
            roster: Roster::default(),
            parked: FxHashMap::default(),
            replaced: Vec::new(),
            told: FxHashSet::default(),
        }
    }
}

/// Channels by name, for what names them so.
#[derive(Debug, Default)]
pub(super) struct Names {
    pub(super) by_name: FxHashMap<Box<str>, Id>,
}

impl Names {
    /// Returns the identifier of the channel of that name.
    pub(super) fn id(&self, name: &str) -> Option<&Id> {
        self.by_name.get(name)
    }
}

impl Model {
    /// Returns the changes since the last call.
    pub(crate) fn take_changes(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.changes)
    }

    /// Returns the lists that parts have asked for since the last call.
    pub(crate) fn take_requests(&mut self) -> Vec<Request> {
        std::mem::take(&mut self.requests)
    }

    /// Asks for a further list of a part, once. The part is known when it is in.
    pub(super) fn request(&mut self, part: Part, action: Action) {
        self.knowledge.ask(part);
        self.requests.push(Request { part, action });
    }

    /// Returns `true` while lists are on their way, so that what events tell has to be compared
    /// with them.
    pub(super) fn is_listing(&self) -> bool {
        !self.state.freshness.is_current() || !self.roster.open.is_empty()
    }

    /// Notes a change, and counts it.
    pub(super) fn tell(&mut self, what: What) {
        totals::count(&mut self.state, &what);
        self.changes.push(Change { at: self.now, resync: self.resync, what });
    }

    /// Returns the beginning of something that is first seen now.
    pub(super) fn since(&self) -> Since {
        if self.from_list { Since::Before(self.now) } else { Since::At(self.now) }
    }
}
