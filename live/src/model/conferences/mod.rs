//! The conferences, as events tell them.

mod entity;
mod lists;
#[cfg(test)]
mod tests;

use ami::Event;

use self::entity::{add, ask, depart, end, find, start, update};
pub(super) use self::lists::{answer, are_none, list, settle};
use super::base::Model;
use crate::change::What;
use crate::state::ConferenceMember;
use crate::text::{Id, filled, flag, text};

pub(super) const LISTS: &[&str] = &["ConfbridgeListRooms"];

pub(super) const EVENTS: &[&str] = &[
    "ConfbridgeStart",
    "ConfbridgeEnd",
    "ConfbridgeJoin",
    "ConfbridgeLeave",
    "ConfbridgeMute",
    "ConfbridgeUnmute",
    "ConfbridgeTalking",
    "ConfbridgeRecord",
    "ConfbridgeStopRecord",
];

/// Applies an event. Returns `false` if it is of another part.
pub(super) fn event(model: &mut Model, name: &[u8], event: &Event) -> bool {
    match name {
        b"ConfbridgeStart" => started(model, event),
        b"ConfbridgeEnd" => ended(model, event),
        b"ConfbridgeJoin" => joined(model, event),
        b"ConfbridgeLeave" => left(model, event),
        b"ConfbridgeMute" => member(model, event, |member| member.muted = true),
        b"ConfbridgeUnmute" => member(model, event, |member| member.muted = false),
        b"ConfbridgeTalking" => {
            let talks = flag(event, "TalkingStatus").unwrap_or_default();
            member(model, event, |member| member.talking = talks);
        }
        b"ConfbridgeRecord" => record(model, event, true),
        b"ConfbridgeStopRecord" => record(model, event, false),
        _ => return false,
    }
    true
}

fn started(model: &mut Model, event: &Event) {
    let (Some(name), Some(bridge)) = (text(event, "Conference"), filled(event, "BridgeUniqueid"))
    else {
        return;
    };
    model.roster.ended.remove(&*name);
    let former = model.state.conferences.get(&name);
    if former.is_some_and(|it| it.bridge.as_deref().is_some_and(|it| *it != *bridge)) {
        // The end of the former conference of that name is still on its way, or was not seen.
        end(model, &name);
    }
    let since = model.since();
    start(model, &name, event);
    if let Some(conference) = model.state.conferences.get_mut(&name) {
        // A list may have been ahead of the event.
        conference.since = since;
        conference.bridge = Some(Id::from(&*bridge));
        conference.recording.get_or_insert(false);
    }
}

fn ended(model: &mut Model, event: &Event) {
    let Some(name) = text(event, "Conference") else { return };
    if model.is_listing() {
        model.roster.ended.insert(Id::from(&*name));
    }
    if find(model, event).is_some() {
        end(model, &name);
    }
}

fn joined(model: &mut Model, event: &Event) {
    let Some(channel) = filled(event, "Uniqueid") else { return };
    let Some(name) = find(model, event).map(|it| Id::clone(&it.name)) else { return };
    model.roster.doubtful.remove(&*channel);
    if model.is_listing() {
        model.roster.words.insert(Id::from(&*channel), Some(Id::clone(&name)));
    }
    let since = model.since();
    add(model, &name, &channel, event);
    // A list may have been ahead of the event.
    update(model, &name, &channel, |member| member.since = since);
    // The event does not tell which users are marked, and who waits.
    ask(model, &name);
}

fn left(model: &mut Model, event: &Event) {
    let Some(channel) = filled(event, "Uniqueid") else { return };
    model.roster.doubtful.remove(&*channel);
    if model.is_listing() {
        model.roster.words.insert(Id::from(&*channel), None);
    }
    let Some(name) = find(model, event).map(|it| Id::clone(&it.name)) else { return };
    depart(model, &name, &channel);
}

/// Applies what an event says of a member. Nobody becomes a member by it: the event can come behind
/// the end.
fn member(model: &mut Model, event: &Event, set: impl FnOnce(&mut ConferenceMember)) {
    let Some(channel) = filled(event, "Uniqueid") else { return };
    let Some(name) = find(model, event).map(|it| Id::clone(&it.name)) else { return };
    update(model, &name, &channel, |member| {
        entity::describe(member, event);
        set(member);
    });
}

fn record(model: &mut Model, event: &Event, recording: bool) {
    let Some(conference) = find(model, event) else { return };
    let name = Id::clone(&conference.name);
    conference.last = event.detach();
    if conference.recording.replace(recording) != Some(recording) {
        model.tell(What::ConferenceRecording { conference: name, recording });
    }
}
