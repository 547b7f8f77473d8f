//! The parking lots and the calls that are parked in them.

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use ami::{Action, Collected, Event};
use rustc_hash::FxHashSet;

use super::base::Model;
use crate::change::What;
use crate::state::{ParkedCall, ParkingLot, ParkingSpaces, Part, Party, Since};
use crate::text::{Id, filled, party, set, text};

/// The list of lots stands first: the list of calls names those that are in use only.
pub(super) const LISTS: &[&str] = &["Parkinglots", "ParkedCalls"];

pub(super) const EVENTS: &[&str] =
    &["ParkedCall", "UnParkedCall", "ParkedCallTimeOut", "ParkedCallGiveUp", "ParkedCallSwap"];

/// Applies an event. Returns `false` if it is of another part.
pub(super) fn event(model: &mut Model, name: &[u8], event: &Event) -> bool {
    match name {
        b"ParkedCall" | b"ParkedCallSwap" => {
            let swaps = name == b"ParkedCallSwap";
            let Some(place) = park(model, event, swaps) else { return true };
            note(model, &place.channel, true);
            if model.state.parking_lots.get(&place.lot).is_some_and(|lot| lot.spaces.is_none()) {
                // A lot that came into being by this call.
                model.request(Part::ParkingLots, Action::new("Parkinglots"));
            }
        }
        b"UnParkedCall" => {
            let by = filled(event, "RetrieverUniqueid").map(|it| Id::from(&*it));
            unpark(model, event, |lot, call| What::CallRetrieved { lot, call, by });
        }
        b"ParkedCallTimeOut" => {
            unpark(model, event, |lot, call| What::ParkingTimedOut { lot, call });
        }
        b"ParkedCallGiveUp" => {
            unpark(model, event, |lot, call| What::ParkedCallerGaveUp { lot, call });
        }
        _ => return false,
    }
    true
}

/// Applies a list.
pub(super) fn list(model: &mut Model, action: &str, collected: &Collected) {
    if action == "Parkinglots" {
        lots(model, collected);
    } else {
        calls(model, collected);
    }
}

/// Applies the list of lots that was asked for because of a new lot.
pub(super) fn answer(model: &mut Model, collected: Option<&Collected>) {
    // The lot is new; nothing was missed.
    model.resync = false;
    if let Some(collected) = collected {
        lots(model, collected);
    }
}

/// Applies the list of lots.
fn lots(model: &mut Model, collected: &Collected) {
    let mut listed = FxHashSet::default();
    for item in &collected.items {
        let Some(name) = text(item, "Name") else { continue };
        let number = |name| text(item, name).and_then(|it| it.parse().ok());
        let lot = lot(model, &name);
        if let (Some(first), Some(last)) = (number("StartSpace"), number("StopSpace")) {
            let timeout = duration(item, "Timeout").filter(|it| !it.is_zero());
            lot.spaces = Some(ParkingSpaces { first, last, timeout });
        }
        lot.last = Some(item.detach());
        listed.insert(name.into_owned());
    }
    let all: Vec<_> = model.state.parking_lots.ids().cloned().collect();
    for name in all.into_iter().filter(|name| !listed.contains(&**name)) {
        let Some(lot) = model.state.parking_lots.get(&name) else { continue };
        for call in lot.calls.clone() {
            gone(model, &name, &call.channel);
        }
        model.state.parking_lots.remove(&name);
    }
}

/// Applies the list of parked calls.
fn calls(model: &mut Model, collected: &Collected) {
    let mut listed = FxHashSet::default();
    for item in &collected.items {
        let channel = filled(item, "ParkeeUniqueid");
        // The list can name a call for a moment whose end was told.
        if channel.is_some_and(|it| model.parked.get(&*it) != Some(&false))
            && let Some(place) = park(model, item, false)
        {
            listed.insert(place.channel);
        }
    }
    let lots = model.state.parking_lots.iter();
    let all: Vec<_> = lots
        .flat_map(|lot| lot.calls.iter().map(|it| (Id::clone(&lot.name), Id::clone(&it.channel))))
        .collect();
    for (lot, channel) in all {
        // The end of a call whose beginning was told since then comes with an event.
        if !listed.contains(&channel) && model.parked.get(&channel) != Some(&true) {
            gone(model, &lot, &channel);
        }
    }
    model.parked.clear();
}

/// Draws the conclusions from what an event told of channels, from that change on: a channel that
/// picks up one that is parked takes its place, which the server does not tell. The events of
/// parking and those of channels come in no certain order.
pub(super) fn settle(model: &mut Model, told: usize) {
    for at in told..model.changes.len() {
        match &model.changes[at].what {
            What::CallPickedUp { by, target, .. } => {
                let (by, target) = (Id::clone(by), Id::clone(target));
                swap(model, &target, &by);
                model.replaced.push((target, by));
            }
            What::ChannelEnded { channel, .. } if !model.replaced.is_empty() => {
                model.replaced.retain(|(_, by)| *by != channel.id);
            }
            _ => {}
        }
    }
}

/// Returns the channel that an event means.
fn parkee(model: &Model, event: &Event) -> Option<Id> {
    let channel = filled(event, "ParkeeUniqueid")?;
    let replaced = model.replaced.iter().rev().find(|(target, _)| **target == *channel);
    Some(replaced.map_or_else(|| Id::from(&*channel), |(_, by)| Id::clone(by)))
}

/// Puts a channel in the place of one that is parked.
fn swap(model: &mut Model, from: &Id, to: &Id) {
    let Some(lot) = find(model, from) else { return };
    let caller = model.state.channels.get(to).map(|it| it.caller.clone()).unwrap_or_default();
    note(model, from, false);
    note(model, to, true);
    let Some(known) = model.state.parking_lots.get_mut(&lot) else { return };
    let Some(call) = known.calls.iter_mut().find(|it| it.channel == *from) else { return };
    (call.channel, call.caller) = (Id::clone(to), caller);
    let (space, from, to) = (call.space, Id::clone(from), Id::clone(to));
    model.tell(What::ParkedCallSwapped { lot, space, from, to });
}

/// Notes the last word of events about a channel while the list of calls is on its way.
fn note(model: &mut Model, channel: &Id, is_parked: bool) {
    if !model.state.freshness.is_current() {
        model.parked.insert(Id::clone(channel), is_parked);
    }
}

/// The place of a parked call.
struct Place {
    lot: Id,
    space: u32,
    channel: Id,
}

/// Takes over what an event or an item of a list says of a parked call.
fn park(model: &mut Model, event: &Event, swaps: bool) -> Option<Place> {
    let name = text(event, "Parkinglot")?;
    let space = text(event, "ParkingSpace")?.parse().ok()?;
    let channel = parkee(model, event)?;
    let known = model.state.parking_lots.get(&name).and_then(|lot| lot.space(space));
    let former = known.map(|call| Id::clone(&call.channel));
    if swaps && former.is_none() {
        // What is told of a call that is not known any longer comes behind its end.
        return None;
    }
    let (now, from_list) = (model.now, model.from_list);
    let lot = lot(model, &name);
    let place = Place { lot: Id::clone(&lot.name), space, channel };
    if former.as_ref() != Some(&place.channel) {
        replace(model, event, &place, former, swaps);
    } else if let Some(call) = lot.calls.iter_mut().find(|call| call.space == space) {
        describe(call, event);
        if !from_list {
            call.since = since(event, now);
        }
    }
    follow(model, event, &place);
    Some(place)
}

/// Takes over the caller from the channel, if it is another one than the event means.
fn follow(model: &mut Model, event: &Event, place: &Place) {
    if event.get("ParkeeUniqueid") != Some(place.channel.as_bytes())
        && let Some(channel) = model.state.channels.get(&place.channel).cloned()
        && let Some(lot) = model.state.parking_lots.get_mut(&place.lot)
        && let Some(call) = lot.calls.iter_mut().find(|it| it.channel == place.channel)
    {
        call.caller.clone_from(&channel.caller);
    }
}

/// Puts a call into a space of its lot, in the place of the former one.
fn replace(model: &mut Model, event: &Event, place: &Place, former: Option<Id>, swaps: bool) {
    let Place { lot, space, channel } = place;
    // The call may have been parked elsewhere, and the end of that is still on its way.
    if let Some(elsewhere) = find(model, channel) {
        gone(model, &elsewhere, channel);
    }
    let told = match former {
        Some(from) if swaps => {
            take(model, lot, &from);
            note(model, &from, false);
            let (lot, to) = (Id::clone(lot), Id::clone(channel));
            What::ParkedCallSwapped { lot, space: *space, from, to }
        }
        former => {
            if let Some(former) = former {
                gone(model, lot, &former);
            }
            let (lot, channel) = (Id::clone(lot), Id::clone(channel));
            What::CallParked { lot, space: *space, channel }
        }
    };
    let mut call = ParkedCall {
        space: *space,
        channel: Id::clone(channel),
        caller: Party::default(),
        parker: Box::default(),
        since: since(event, model.now),
        timeout: None,
        last: event.detach(),
    };
    describe(&mut call, event);
    if let Some(lot) = model.state.parking_lots.get_mut(lot) {
        let at = lot.calls.partition_point(|it| it.space < *space);
        lot.calls.insert(at, call);
        model.tell(told);
    }
}

/// Takes over what an event or an item of a list says of a parked call.
fn describe(call: &mut ParkedCall, event: &Event) {
    set(&mut call.caller.number, &party(event, "ParkeeCallerIDNum"));
    set(&mut call.caller.name, &party(event, "ParkeeCallerIDName"));
    let parker = event.get("ParkerDialString").filter(|it| *it != b"<unknown>");
    set(&mut call.parker, parker.unwrap_or_default());
    // The server tells what is left, which is negative (as an unsigned number) if there is no
    // limit.
    let left = text(event, "ParkingTimeout").and_then(|it| number(&it));
    let passed = text(event, "ParkingDuration").and_then(|it| number(&it));
    if let (Some(left), Some(passed)) = (left, passed) {
        let limit = left.wrapping_add(passed);
        call.timeout = (limit > 0).then(|| Duration::from_secs(limit));
    }
    call.last = event.detach();
}

/// Takes a call out of its lot, and tells it.
fn unpark(model: &mut Model, event: &Event, what: impl FnOnce(Id, Arc<ParkedCall>) -> What) {
    let Some(channel) = parkee(model, event) else { return };
    note(model, &channel, false);
    let Some(lot) = find(model, &channel) else { return };
    if let Some(call) = take(model, &lot, &channel) {
        model.tell(what(lot, Arc::new(call)));
    }
}

/// Takes a call out of its lot of which nobody saw the end.
fn gone(model: &mut Model, lot: &Id, channel: &str) {
    if let Some(call) = take(model, lot, channel) {
        model.tell(What::ParkedCallGone { lot: Id::clone(lot), call: Arc::new(call) });
    }
}

fn take(model: &mut Model, lot: &Id, channel: &str) -> Option<ParkedCall> {
    let lot = model.state.parking_lots.get_mut(lot)?;
    let at = lot.calls.iter().position(|call| *call.channel == *channel)?;
    Some(lot.calls.remove(at))
}

/// Returns the lot in which a channel is parked.
fn find(model: &Model, channel: &str) -> Option<Id> {
    let mut lots = model.state.parking_lots.iter();
    lots.find(|lot| lot.call(channel).is_some()).map(|lot| Id::clone(&lot.name))
}

/// Returns the lot of that name, which is made known if it is not.
fn lot<'m>(model: &'m mut Model, name: &str) -> &'m mut ParkingLot {
    model.state.parking_lots.entry(name, |name| ParkingLot {
        name,
        spaces: None,
        calls: Vec::new(),
        last: None,
    })
}

/// Returns the beginning of a parked call, which the server tells as a duration.
fn since(event: &Event, now: SystemTime) -> Since {
    let passed = duration(event, "ParkingDuration").unwrap_or_default();
    Since::At(now.checked_sub(passed).unwrap_or(now))
}

fn duration(event: &Event, name: &str) -> Option<Duration> {
    text(event, name)?.parse().ok().map(Duration::from_secs)
}

/// Returns a number of seconds, which the server writes with a sign or without.
fn number(text: &str) -> Option<u64> {
    text.parse().ok().or_else(|| text.parse::<i64>().ok().map(i64::cast_unsigned))
}
