//! The view of calls.

use live::{Call, CallState, Id, Leg, Role, State, Unknown};
use serde_json::{Map, Value, json};

use super::cell::{Cell, who};
use super::entry::{Entry, add_since, members, time_or_null};
use crate::out::{Style, escape};

pub(super) const COLUMNS: &[&str] = &["id", "from", "to", "state", "duration", "talking"];

pub(super) const FIELDS: &str = "\
call (the Linkedid), state (started, dialing, ringing, accepted or answered), complete, accepted,
answered, answered_by, exten, context, talking (groups of channels that hear each other; null if the
bridges are not known), legs (channel, name, number, caller_name, role, helper, dialed_by, up, rang,
answered), since, since_exact";

/// The largest number of parties of a conversation that are named.
const NAMED: usize = 4;

pub(super) fn entries(state: &State) -> Result<Vec<Entry>, Unknown> {
    Ok(state.calls()?.iter().map(|call| entry(state, call)).collect())
}

fn entry(state: &State, call: &Call) -> Entry {
    let caller = call.caller().or_else(|| call.legs.first());
    let channel = caller.and_then(|it| state.channels().ok()?.get(&it.channel));
    let talking = state.bridges().is_ok().then(|| state.talking(&call.id));
    let mut object = members(json!({
        "call": *call.id,
        "state": word(call.state),
        "complete": call.complete,
        "accepted": time_or_null(call.accepted),
        "answered": time_or_null(call.answered),
        "answered_by": call.answered_by.as_deref(),
        "exten": channel.map(|it| &it.exten),
        "context": channel.map(|it| &it.context),
        "talking": talking.as_ref().map(|groups| groups.iter().map(|it| ids(it)).collect::<Vec<_>>()),
        "legs": call.legs.iter().map(leg).collect::<Vec<_>>(),
    }));
    add_since(&mut object, call.since);
    let place = channel.map(|it| escape(format!("{}@{}", it.exten, it.context).as_bytes()));
    let is_answered = call.state == CallState::Answered;
    let cells = vec![
        Cell::text(&call.id),
        Cell::callers(caller.map(of).unwrap_or_default()),
        Cell::callers(called(call).or(place).unwrap_or_default()),
        Cell::plain(word(call.state)).styled(is_answered.then_some(Style::Good)),
        Cell::elapsed(call.since),
        talking.map_or_else(Cell::unknown, |groups| Cell::plain(conversations(state, &groups))),
    ];
    let numbers = call.parties().map(|leg| leg.party.number.to_string());
    let names = [call.id.to_string()].into_iter().chain(numbers.filter(|it| !it.is_empty()));
    Entry { id: call.id.to_string(), names: names.collect(), object, cells, inner: Vec::new() }
}

fn ids(group: &[Id]) -> Vec<&str> {
    group.iter().map(|id| &**id).collect()
}

fn leg(leg: &Leg) -> Map<String, Value> {
    members(json!({
        "channel": *leg.channel,
        "name": leg.name,
        "number": leg.party.number,
        "caller_name": leg.party.name,
        "role": match leg.role {
            Role::Caller => "caller",
            Role::Originated => "originated",
            Role::Called => "called",
            _ => "other",
        },
        "helper": leg.helper,
        "dialed_by": leg.dialed_by.as_deref(),
        "up": leg.is_up(),
        "rang": time_or_null(leg.rang),
        "answered": time_or_null(leg.answered),
    }))
}

fn word(state: CallState) -> &'static str {
    match state {
        CallState::Started => "started",
        CallState::Dialing => "dialing",
        CallState::Ringing => "ringing",
        CallState::Accepted => "accepted",
        CallState::Answered => "answered",
        CallState::Ended => "ended",
        _ => "other",
    }
}

/// Returns the party of a leg for people.
fn of(leg: &Leg) -> String {
    who(&leg.party, &leg.name)
}

/// Returns the parties that are called or have answered, else the one that was called last.
fn called(call: &Call) -> Option<String> {
    let called = || call.parties().filter(|leg| leg.role == Role::Called);
    let up: Vec<_> = called().filter(|leg| leg.is_up()).map(of).collect();
    if up.is_empty() { called().last().map(of) } else { Some(up.join(", ")) }
}

/// Returns who talks to whom.
fn conversations(state: &State, groups: &[Vec<Id>]) -> String {
    let Ok(channels) = state.channels() else { return String::new() };
    let name = |id: &Id| {
        let channel = channels.get(id)?;
        let leg = state.calls().ok()?.get(&channel.call)?.leg(id)?;
        Some(of(leg))
    };
    let group = |ids: &Vec<Id>| {
        let mut names: Vec<_> = ids.iter().take(NAMED).filter_map(name).collect();
        if let Some(more) = ids.len().checked_sub(NAMED).filter(|it| *it > 0) {
            names.push(format!("{more} more"));
        }
        names.join(" + ")
    };
    groups.iter().map(group).collect::<Vec<_>>().join("; ")
}
