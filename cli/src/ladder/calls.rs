//! The ladders of all calls, and what all steps need.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use ami::event::ChannelSnapshot;
use ami::value::ChannelName;
use jiff::Timestamp;

use super::call::{HungUpBy, Ladder};
use super::leg::{Leg, is_internal};
use super::row::{Place, Row};
use super::text::{between, short};
use crate::out::Style;

/// The calls that have ended and are kept.
const HISTORY: usize = 64;
/// The calls that are kept at most. A call whose end was not seen would stay forever.
const CALLS: usize = 20_000;
/// The former calls that are kept of a leg.
const FORMER: usize = 16;
/// The bridges that are kept at most, for the same reason.
const BRIDGES: usize = 20_000;

/// The ladders of calls, from the events of a server or of a recording.
#[derive(Debug, Default)]
pub(crate) struct Ladders {
    pub(super) calls: BTreeMap<u64, Ladder>,
    linked: HashMap<Box<str>, u64>,
    pub(super) channels: HashMap<Box<str>, u64>,
    pub(super) bridges: HashMap<Box<str>, Bridge>,
    /// The bridge of each channel that is in one.
    inside: HashMap<Box<str>, Box<str>>,
    history: VecDeque<u64>,
    numbers: u64,
    rows: u64,
    /// The time of the event that is applied.
    pub(super) now: Option<Timestamp>,
    /// `true` if events of the calls are kept.
    pub(super) keeps_events: bool,
    /// The number of events that were kept.
    pub(super) kept: u64,
    /// The calls that were dropped, if they are asked for.
    dropped: Option<Vec<Ladder>>,
    /// The calls that the event is about.
    pub(super) touched: Vec<u64>,
}

/// A bridge and the channels in it.
#[derive(Debug, Default)]
pub(super) struct Bridge {
    pub(super) members: Vec<Box<str>>,
    /// `true` if the channels in it do not hear each other, as in a parking lot.
    pub(super) is_holding: bool,
    /// `true` if other events tell who joins and leaves.
    pub(super) is_conference: bool,
}

impl Bridge {
    /// Returns `true` if who joins and leaves is told by other events, or of no interest.
    pub(super) fn is_quiet(&self) -> bool {
        self.is_holding || self.is_conference
    }
}

/// A leg of a call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct At {
    pub(super) call: u64,
    pub(super) leg: usize,
}

impl Ladders {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Keeps the events of each call.
    pub(crate) fn keep_events(mut self) -> Self {
        self.keeps_events = true;
        self
    }

    /// Keeps the calls that are dropped from the history until [`dropped`](Self::dropped) takes
    /// them.
    pub(crate) fn keep_dropped(mut self) -> Self {
        self.dropped = Some(Vec::new());
        self
    }

    /// Takes the calls that were dropped from the history.
    pub(crate) fn dropped(&mut self) -> Vec<Ladder> {
        self.dropped.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Returns the ladder of the call with this `Linkedid`, or with a channel of this `Uniqueid`.
    pub(crate) fn get(&self, id: &str) -> Option<&Ladder> {
        let key = self.linked.get(id).or_else(|| self.channels.get(id))?;
        self.calls.get(key)
    }

    /// Returns all ladders, the oldest one first.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &Ladder> {
        self.calls.values()
    }

    /// Returns the call of a `Linkedid`, which begins if it is not known.
    pub(super) fn call(&mut self, linked: &str) -> u64 {
        if let Some(key) = self.linked.get(linked) {
            return *key;
        }
        if self.calls.len() >= CALLS
            && let Some((key, _)) = self.calls.first_key_value()
        {
            self.forget(*key);
        }
        self.numbers += 1;
        self.calls.insert(self.numbers, Ladder::new(linked, self.now));
        self.linked.insert(linked.into(), self.numbers);
        self.numbers
    }

    /// Returns the leg of a channel, which begins if it is not known. `None` if the server uses the
    /// channel for itself, or the event has none.
    pub(super) fn find(&mut self, snapshot: ChannelSnapshot<'_>) -> Option<At> {
        let (id, name) = (snapshot.unique_id()?, snapshot.channel()?);
        if is_internal(&name) {
            return None;
        }
        let linked = snapshot.linked_id().unwrap_or_else(|| id.clone());
        let known = self.channels.get(id.as_str()).copied();
        let call = match known {
            Some(known) => self.follow(known, id.as_str(), linked.as_str()),
            None => self.call(linked.as_str()),
        };
        let leg = match self.calls.get(&call)?.leg(id.as_str()) {
            Some(leg) => leg,
            None => {
                self.reopen(call);
                self.begin(call, id.as_str(), &name)?
            }
        };
        self.leg(At { call, leg })?.describe(&snapshot);
        self.touch(call);
        Some(At { call, leg })
    }

    /// Begins a channel of a call: a leg, or the other half of one.
    fn begin(&mut self, call: u64, id: &str, name: &ChannelName<'_>) -> Option<usize> {
        let since = self.rows + 1;
        let ladder = self.calls.get_mut(&call)?;
        let half = ladder.legs.iter().position(|leg| leg.is_other_half(name));
        let place = half.unwrap_or_else(|| ladder.add_leg(Leg { since, ..Leg::default() }));
        let leg = ladder.legs.get_mut(place)?;
        for gone in leg.make_room() {
            self.channels.remove(&gone);
        }
        leg.channels.push((id.into(), false));
        leg.until = None;
        self.channels.insert(id.into(), call);
        Some(place)
    }

    /// Returns the call of a channel whose `Linkedid` may have changed.
    fn follow(&mut self, known: u64, id: &str, linked: &str) -> u64 {
        let Some(ladder) = self.calls.get(&known) else { return self.call(linked) };
        if ladder.ids.iter().any(|it| **it == *linked) {
            return known;
        }
        let Some(place) = ladder.leg(id) else { return known };
        let leg = &ladder.legs[place];
        // Events of different threads of the server can tell the former call once more.
        if !leg.is_open() || leg.former.iter().any(|it| **it == *linked) {
            return known;
        }
        let target = self.call(linked);
        self.go(At { call: known, leg: place }, target, linked);
        target
    }

    /// Moves a leg to another call, and the rest of the call with the last leg that is up.
    fn go(&mut self, at: At, target: u64, linked: &str) {
        let row = self.rows;
        let Some(ladder) = self.calls.get_mut(&at.call) else { return };
        let own = ladder.id().to_owned();
        let ids = ladder.ids.clone();
        let leg = &mut ladder.legs[at.leg];
        let mut goes = leg.clone();
        goes.former.extend(ids);
        goes.former.drain(..goes.former.len().saturating_sub(FORMER));
        // What dialled the leg is in the former call.
        (goes.dialed_by, goes.since) = (None, row + 1);
        (leg.moved, leg.until) = (true, Some(row + 1));
        let is_last = !ladder.legs.iter().any(Leg::is_open);
        for (channel, _) in &goes.channels {
            self.channels.insert(channel.clone(), target);
        }
        if let Some(into) = self.calls.get_mut(&target) {
            into.add_leg(goes);
        }
        if !is_last {
            let text = format!("goes on in call {linked}");
            self.row(at.call, "moved", Place::Leg(at.leg), text, Style::Dim);
            return;
        }
        self.flush(at.call);
        let Some(merged) = self.calls.remove(&at.call) else { return };
        self.history.retain(|it| *it != at.call);
        for id in &merged.ids {
            self.linked.insert(id.clone(), target);
        }
        for (channel, _) in merged.legs.iter().flat_map(|leg| &leg.channels) {
            self.channels.insert(channel.clone(), target);
        }
        self.row(target, "merged", Place::Call, format!("the call {own} joins this one"), None);
        if let Some(into) = self.calls.get_mut(&target) {
            for id in into.take(merged) {
                self.linked.remove(&id);
            }
        }
        self.touched.retain(|it| *it != at.call);
    }

    pub(super) fn touch(&mut self, call: u64) {
        if !self.touched.contains(&call) {
            self.touched.push(call);
        }
    }

    /// Adds a row to a call.
    pub(super) fn row(
        &mut self,
        call: u64,
        step: &'static str,
        place: Place,
        text: impl Into<String>,
        style: impl Into<Option<Style>>,
    ) {
        self.flush(call);
        let at = self.now;
        self.put(call, at, step, place, short(&text.into()), style.into());
    }

    /// Adds a row to the call of a leg.
    pub(super) fn note(
        &mut self,
        at: At,
        step: &'static str,
        text: impl Into<String>,
        style: impl Into<Option<Style>>,
    ) {
        self.row(at.call, step, Place::Leg(at.leg), text, style);
    }

    /// Adds the digits that were pressed.
    pub(super) fn flush(&mut self, call: u64) {
        let digits = self.calls.get_mut(&call).and_then(|it| it.digits.take());
        if let Some((leg, digits, at)) = digits {
            let text = format!("presses {digits}");
            self.put(call, at, "digits", Place::Leg(leg), text, Some(Style::Dim));
        }
    }

    fn put(
        &mut self,
        call: u64,
        at: Option<Timestamp>,
        step: &'static str,
        mut place: Place,
        text: String,
        style: Option<Style>,
    ) {
        place.tidy();
        self.rows += 1;
        let number = self.rows;
        // What the server tells behind the end comes in any order, or after nobody listens.
        if let Some(ladder) = self.calls.get_mut(&call).filter(|it| !it.is_over) {
            ladder.begun = ladder.begun.or(at);
            ladder.add(Row { number, at, step, place, text, style });
        }
    }

    pub(super) fn ladder(&mut self, call: u64) -> Option<&mut Ladder> {
        self.calls.get_mut(&call)
    }

    pub(super) fn leg(&mut self, at: At) -> Option<&mut Leg> {
        self.calls.get_mut(&at.call)?.legs.get_mut(at.leg)
    }

    /// Returns the leg of a channel that is known.
    pub(super) fn known(&self, channel: &str) -> Option<At> {
        let call = *self.channels.get(channel)?;
        Some(At { call, leg: self.calls.get(&call)?.leg(channel)? })
    }

    /// Notes who hung up, unless somebody did before, or the others go on without the leg.
    pub(super) fn hung_up(&mut self, call: u64, by: HungUpBy) {
        let Some(ladder) = self.ladder(call).filter(|it| !it.is_over) else { return };
        if let HungUpBy::Leg(leg) = by {
            let stays = |(place, it): &(usize, &Leg)| {
                *place != leg && it.is_open() && it.is_up && !it.is_local && !it.has_transferred
            };
            let others = ladder.legs.iter().enumerate().filter(stays).count();
            if others > 1 || ladder.legs.get(leg).is_some_and(|it| it.has_transferred) {
                return;
            }
        }
        let is_past = match ladder.hung_up_by {
            None => true,
            Some(HungUpBy::Leg(leg)) => ladder.legs.get(leg).is_some_and(|it| !it.is_open()),
            Some(HungUpBy::Server) => false,
        };
        if is_past {
            ladder.hung_up_by = Some(by);
        }
    }

    /// Notes that a channel has ended. Returns `true` if its leg has.
    pub(super) fn end_channel(&mut self, at: At, channel: &str) -> bool {
        let Some(leg) = self.leg(at) else { return false };
        for (_, ended) in leg.channels.iter_mut().filter(|(id, _)| **id == *channel) {
            *ended = true;
        }
        !leg.is_open()
    }

    /// Ends a leg, and the call with the last one.
    pub(super) fn end_leg(&mut self, at: At) {
        let (row, now) = (self.rows, self.now);
        let Some(ladder) = self.calls.get_mut(&at.call) else { return };
        if let Some(leg) = ladder.legs.get_mut(at.leg) {
            leg.until = Some(row);
        }
        if ladder.legs.iter().any(Leg::is_open) {
            return;
        }
        self.flush(at.call);
        if let Some(ladder) = self.ladder(at.call) {
            (ladder.is_over, ladder.ended) = (true, now);
        }
        self.history.retain(|it| *it != at.call);
        self.history.push_back(at.call);
        if self.history.len() > HISTORY
            && let Some(oldest) = self.history.pop_front()
        {
            self.forget(oldest);
        }
    }

    /// Notes that a call goes on that had ended.
    pub(super) fn reopen(&mut self, call: u64) {
        self.history.retain(|it| *it != call);
        if let Some(ladder) = self.ladder(call) {
            (ladder.is_over, ladder.ended, ladder.hung_up_by) = (false, None, None);
        }
    }

    pub(super) fn create_bridge(&mut self, id: &str) {
        if self.bridges.contains_key(id) {
            return;
        }
        if self.bridges.len() >= BRIDGES {
            self.bridges.clear();
            self.inside.clear();
        }
        self.bridges.insert(id.into(), Bridge::default());
    }

    /// Puts a channel into a bridge. Returns `false` if it is there already.
    pub(super) fn enter(&mut self, bridge: &str, channel: &str) -> bool {
        if self.inside.get(channel).is_some_and(|it| **it == *bridge) {
            return false;
        }
        self.leave(channel);
        self.create_bridge(bridge);
        let members = &mut self.bridges.entry(bridge.into()).or_default().members;
        members.push(channel.into());
        let members = members.clone();
        self.inside.insert(channel.into(), bridge.into());
        self.talk(&members);
        true
    }

    /// Takes a channel out of its bridge. Returns the channels that stay there, or `None` if the
    /// channel was in none.
    pub(super) fn leave(&mut self, channel: &str) -> Option<Vec<Box<str>>> {
        let bridge = self.inside.remove(channel)?;
        let members = &mut self.bridges.get_mut(&bridge)?.members;
        members.retain(|it| **it != *channel);
        let stay = members.clone();
        self.talk(&[&[channel.into()], &*stay].concat());
        Some(stay)
    }

    /// Counts the time for which parties talk, after a change of the bridge of these channels.
    fn talk(&mut self, channels: &[Box<str>]) {
        let known = channels.iter().filter_map(|id| self.channels.get(id));
        let calls: BTreeSet<_> = known.copied().collect();
        for call in calls {
            let Some(ladder) = self.calls.get_mut(&call) else { continue };
            let bridge = |id: &str| self.bridges.get(self.inside.get(id)?);
            let talks =
                ladder.legs.iter().flat_map(|leg| &leg.channels).any(|(id, _)| {
                    bridge(id).is_some_and(|it| !it.is_holding && it.members.len() > 1)
                });
            match (ladder.talking, talks) {
                (None, true) => ladder.talking = self.now,
                (Some(since), false) => {
                    ladder.talking = None;
                    ladder.talked += between(since, self.now.unwrap_or(since));
                }
                _ => {}
            }
        }
    }

    /// Returns the legs of a call among channels.
    pub(super) fn legs_of(&self, call: u64, channels: &[Box<str>]) -> Vec<usize> {
        let known = channels.iter().filter_map(|id| self.known(id));
        known.filter(|at| at.call == call).map(|at| at.leg).collect()
    }

    fn forget(&mut self, key: u64) {
        self.history.retain(|it| *it != key);
        let Some(ladder) = self.calls.remove(&key) else { return };
        for id in &ladder.ids {
            self.linked.remove(id);
        }
        for (channel, _) in ladder.legs.iter().flat_map(|leg| &leg.channels) {
            if self.channels.get(channel) == Some(&key) {
                self.channels.remove(channel);
            }
        }
        if let Some(dropped) = &mut self.dropped {
            dropped.push(ladder);
        }
    }
}
