//! The ladder of one call.

use std::collections::VecDeque;
use std::time::Duration;

use ami::Event;
use ami::value::DialStatus;
use jiff::Timestamp;

use super::leg::Leg;
use super::row::Row;
use super::text::{between, lasting};

/// The rows that are kept of the beginning of a call, and of its end.
const HEAD: usize = 200;
const TAIL: usize = 200;
/// The legs that are kept of a call. Later ones share a leg.
const LEGS: usize = 64;
/// The identifiers that are kept of a call.
const IDS: usize = 64;
/// The events that are kept of a call.
const EVENTS: usize = 20_000;

/// The ladder of one call.
#[derive(Debug, Default)]
pub(crate) struct Ladder {
    /// The identifiers (`Linkedid`) of the call, and of those that were merged into it.
    pub(crate) ids: Vec<Box<str>>,
    pub(crate) legs: Vec<Leg>,
    head: Vec<Row>,
    tail: VecDeque<Row>,
    /// The number of rows between the first and the last ones that are not kept.
    pub(crate) left_out: u64,
    pub(crate) begun: Option<Timestamp>,
    /// The time of the end. The call has ended if `is_over`.
    pub(crate) ended: Option<Timestamp>,
    pub(crate) is_over: bool,
    /// `true` if events of the call are missing.
    pub(crate) is_incomplete: bool,
    /// `true` if a party that was called has answered.
    pub(super) answered: bool,
    /// `true` if the server has answered a caller itself.
    pub(super) accepted: bool,
    pub(super) hung_up_by: Option<HungUpBy>,
    /// The time since when two parties have been in one bridge.
    pub(super) talking: Option<Timestamp>,
    pub(super) talked: Duration,
    /// The digits that a leg has pressed in sequence, and the time of the first one.
    pub(super) digits: Option<(usize, String, Option<Timestamp>)>,
    /// The events of the call, if they are kept.
    pub(super) events: Vec<(u64, Event)>,
    /// The number of events that were not kept, for the call had too many.
    pub(crate) events_left_out: u64,
    /// The number of rows that were added.
    pub(crate) added: u64,
    /// `true` if the beginning of the call was seen.
    pub(crate) was_begun: bool,
    /// `true` if the call was up when it was first seen.
    pub(crate) was_up: bool,
}

/// The one who ended a call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum HungUpBy {
    Leg(usize),
    Server,
}

/// A row, or a place at which rows are left out.
#[derive(Debug)]
pub(crate) enum Shown<'a> {
    Row(&'a Row),
    LeftOut(u64),
}

impl Ladder {
    pub(super) fn new(id: &str, begun: Option<Timestamp>) -> Self {
        Self { ids: vec![id.into()], begun, ..Self::default() }
    }

    /// Returns the identifier (`Linkedid`) of the call.
    pub(crate) fn id(&self) -> &str {
        self.ids.first().map_or("", |id| id)
    }

    /// Returns the rows in the order in which they were seen.
    pub(crate) fn rows(&self) -> impl Iterator<Item = Shown<'_>> {
        let left_out = (self.left_out > 0).then_some(Shown::LeftOut(self.left_out));
        let tail = self.tail.iter().map(Shown::Row);
        self.head.iter().map(Shown::Row).chain(left_out).chain(tail)
    }

    /// Returns the rows in the order in which they happened. Those of a call that was merged into
    /// this one were seen before.
    pub(crate) fn sorted_rows(&self) -> Vec<Shown<'_>> {
        let mut rows: Vec<_> = self.rows().collect();
        let number = |it: &Shown<'_>| match it {
            Shown::Row(row) => Some(row.number),
            Shown::LeftOut(_) => None,
        };
        // What is left out stays where it is, between the first rows and the last ones.
        for part in rows.split_mut(|it| number(it).is_none()) {
            part.sort_by_key(number);
        }
        rows
    }

    /// Returns the channels of the call (`Uniqueid`).
    pub(crate) fn channels(&self) -> impl Iterator<Item = &str> {
        self.legs.iter().flat_map(|leg| &leg.channels).map(|(id, _)| &**id)
    }

    /// Returns `true` if the call has this `Linkedid`, or a channel of this `Uniqueid` or name.
    pub(crate) fn is(&self, id: &str) -> bool {
        let is_name = |leg: &Leg| {
            let stem = ami::value::ChannelName::from(id);
            leg.name == id || leg.is_local && leg.name == stem.stem()
        };
        self.ids.iter().any(|it| **it == *id)
            || self.legs.iter().any(|leg| leg.has(id) || is_name(leg))
    }

    /// Returns `true` if a party of the call has this number, or was called by it.
    pub(crate) fn has_number(&self, number: &str) -> bool {
        let bare = |text: &str| text.trim_start_matches('+').to_owned();
        let number = bare(number);
        let is = |text: &str| !text.is_empty() && bare(text) == number;
        self.legs.iter().any(|leg| is(&leg.number) || is(&leg.called))
    }

    /// Returns the place of the leg that has a channel.
    pub(super) fn leg(&self, channel: &str) -> Option<usize> {
        self.legs.iter().position(|leg| leg.has(channel))
    }

    /// Returns the party that a leg leads to: itself, or the party behind a Local channel.
    pub(super) fn party(&self, leg: usize) -> usize {
        if !self.legs[leg].is_local {
            return leg;
        }
        let is_behind = |it: &Leg| it.dialed_by == Some(leg) && it.is_open();
        self.legs.iter().rposition(is_behind).unwrap_or(leg)
    }

    pub(super) fn add(&mut self, row: Row) {
        self.added += 1;
        if self.head.len() < HEAD {
            self.head.push(row);
            return;
        }
        if self.tail.len() == TAIL {
            self.tail.pop_front();
            self.left_out += 1;
        }
        self.tail.push_back(row);
    }

    pub(super) fn keep(&mut self, number: u64, event: &Event) {
        if self.events.len() < EVENTS {
            // A small event must not hold a large buffer.
            self.events.push((number, event.detach()));
        } else {
            self.events_left_out += 1;
        }
    }

    /// Returns the events of the call in their order, if they were kept.
    pub(crate) fn events(&self) -> Vec<&Event> {
        let mut events: Vec<_> = self.events.iter().collect();
        events.sort_by_key(|(number, _)| *number);
        events.dedup_by_key(|(number, _)| *number);
        events.into_iter().map(|(_, event)| event).collect()
    }

    /// Adds a leg, and returns its place. Beyond the limit it is the last one.
    pub(super) fn add_leg(&mut self, leg: Leg) -> usize {
        if self.legs.len() < LEGS {
            self.legs.push(leg);
        } else if let Some(last) = self.legs.last_mut() {
            last.channels.extend(leg.channels);
        }
        self.legs.len() - 1
    }

    /// Takes over the legs and rows of another call. Returns the identifiers that are not kept.
    pub(super) fn take(&mut self, other: Self) -> Vec<Box<str>> {
        self.left_out += other.left_out;
        self.is_incomplete |= other.is_incomplete;
        self.was_up |= other.was_up;
        self.answered |= other.answered;
        self.accepted |= other.accepted;
        self.talked += other.talked;
        self.begun = [self.begun, other.begun].into_iter().flatten().min();
        self.ids.extend(other.ids);
        self.events.extend(other.events);
        self.events_left_out += other.events_left_out;
        let places: Vec<_> = other.legs.iter().map(|leg| self.place_of(leg)).collect();
        for (leg, place) in other.legs.into_iter().zip(&places) {
            self.put(leg, *place, &places);
        }
        for mut row in other.head.into_iter().chain(other.tail) {
            row.place.map(|leg| places.get(leg).copied().unwrap_or(0));
            self.add(row);
        }
        // The first one is that of the call.
        let beyond = self.ids.len().saturating_sub(IDS);
        self.ids.drain(1..=beyond).collect()
    }

    /// Returns the place that a leg of another call will have.
    fn place_of(&mut self, leg: &Leg) -> usize {
        let known = leg.channels.iter().find_map(|(id, _)| self.leg(id));
        known.unwrap_or_else(|| {
            self.add_leg(Leg { channels: leg.channels.clone(), ..Leg::default() })
        })
    }

    fn put(&mut self, mut leg: Leg, place: usize, places: &[usize]) {
        leg.dialed_by = leg.dialed_by.and_then(|by| places.get(by).copied());
        let own = &mut self.legs[place];
        if own.channels.len() > leg.channels.len() {
            // Several legs share the last place.
            return;
        }
        if leg.moved {
            // The leg came earlier, and what is known of it here is newer.
            own.since = own.since.min(leg.since);
            own.dialed_by = own.dialed_by.or(leg.dialed_by);
        } else {
            *own = leg;
        }
    }

    /// Returns what became of the call, once it has ended.
    pub(crate) fn outcome(&self) -> &'static str {
        let caller_gave_up = match self.hung_up_by {
            Some(HungUpBy::Leg(leg)) => !self.legs[leg].is_dialed,
            _ => false,
        };
        let last = self.legs.iter().rev().find(|leg| leg.status.is_some() && !leg.is_local);
        match last.and_then(|leg| leg.status.as_ref()) {
            _ if self.answered => "answered",
            _ if self.legs.iter().any(|leg| leg.abandoned) => "abandoned in a queue",
            Some(DialStatus::Answer) => "answered",
            Some(DialStatus::Busy) => "busy",
            Some(DialStatus::Cancel) if caller_gave_up => "given up by the caller",
            Some(DialStatus::NoAnswer | DialStatus::Cancel) => "no answer",
            Some(DialStatus::Congestion) => "congestion",
            Some(DialStatus::ChanUnavail) => "unavailable",
            _ if self.accepted => "answered by the server",
            _ if caller_gave_up => "given up by the caller",
            _ => "not answered",
        }
    }

    /// Returns the leg that hung up, or `None` if the server did, or it is not known.
    pub(crate) fn hung_up_by(&self) -> Option<&Leg> {
        match self.hung_up_by {
            Some(HungUpBy::Leg(leg)) => self.legs.get(leg),
            _ => None,
        }
    }

    /// Returns the cause with which the party that answered, else the first one, has ended.
    pub(crate) fn cause(&self) -> Option<ami::Cause> {
        let answered = |leg: &&Leg| leg.status == Some(DialStatus::Answer) && !leg.is_local;
        let called = |leg: &&Leg| leg.is_dialed && !leg.is_local;
        let leg = self.legs.iter().rev().find(answered);
        let leg = leg.or_else(|| self.legs.iter().rev().find(called));
        leg.or_else(|| self.legs.first())?.cause
    }

    /// Returns the call in one line: its parties, and whether it is up.
    pub(crate) fn title(&self) -> String {
        let parties = self.legs.iter().filter(|leg| !leg.is_local);
        let names: Vec<_> = parties.map(Leg::short_name).collect();
        let state = if self.is_over { self.outcome() } else { "up" };
        format!("{}: {} ({state})", self.id(), names.join(", "))
    }

    /// Returns the time from the beginning to the end.
    pub(crate) fn lasted(&self) -> Option<Duration> {
        Some(between(self.begun?, self.ended?))
    }

    /// Returns the time for which two parties were in one bridge.
    pub(crate) fn talked(&self) -> Duration {
        self.talked
    }

    /// Returns who hung up and with which cause, to be read behind the outcome.
    pub(crate) fn why(&self) -> String {
        let mut text = String::new();
        // A party that was called and refused has its outcome.
        let counts = |leg: &&Leg| self.answered || self.accepted || !leg.is_dialed;
        if let Some(leg) = self.hung_up_by().filter(counts) {
            text += &format!(", hung up by {}", leg.short_name());
        } else if self.hung_up_by == Some(HungUpBy::Server) {
            text += ", hung up by the server";
        }
        if let Some(cause) = self.cause().filter(|it| it.number() != 0) {
            text += &format!(", {cause}");
        }
        text
    }

    /// Returns the durations in words.
    pub(crate) fn durations(&self) -> Option<String> {
        let talked = lasting(self.talked);
        self.lasted().map(|lasted| format!("{} in all, {talked} connected", lasting(lasted)))
    }

    /// Returns the end of the call in one line.
    pub(crate) fn summary(&self) -> String {
        if !self.is_over {
            return "the call is up".to_owned();
        }
        let mut text = format!("ended: {}{}", self.outcome(), self.why());
        if let Some(durations) = self.durations() {
            text += &format!(", {durations}");
        }
        if self.is_incomplete {
            text += ", events of this call are missing";
        }
        text
    }
}
