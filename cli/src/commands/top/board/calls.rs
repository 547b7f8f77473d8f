//! The calls, as they are shown.

use std::collections::HashMap;

use live::{CallState, Channel, Id, Leg, Role, Since, State, Unknown};

use super::party;
use crate::out::escape;

/// A call that is up.
#[derive(Clone, Debug)]
pub(in super::super) struct Call {
    /// The identifier as the server has it.
    pub(in super::super) id: Id,
    pub(in super::super) from: String,
    pub(in super::super) to: String,
    pub(in super::super) state: &'static str,
    pub(in super::super) since: Since,
    /// The parties that are connected with the caller, or with each other if the caller is gone.
    pub(in super::super) talking: String,
    /// The queue, the parking space, the conference, the bridge, or the application.
    pub(in super::super) place: String,
    /// The number of channels of parties.
    pub(in super::super) legs: usize,
}

/// Returns the calls, in no order.
pub(super) fn of(state: &State) -> Result<Vec<Call>, Unknown> {
    let places = places(state);
    Ok(state.calls()?.iter().map(|call| shown(call, state, &places)).collect())
}

fn shown(call: &live::Call, state: &State, places: &HashMap<Id, String>) -> Call {
    let caller = call.caller();
    Call {
        id: Id::clone(&call.id),
        from: caller.map(party::of_leg).unwrap_or_default(),
        to: called(call, state),
        state: word(call.state),
        since: call.since,
        talking: talking(call, state),
        place: place(call, state, places),
        legs: call.parties().filter(|leg| leg.is_up()).count(),
    }
}

fn word(state: CallState) -> &'static str {
    match state {
        CallState::Started => "started",
        CallState::Dialing => "dialing",
        CallState::Ringing => "ringing",
        CallState::Accepted => "accepted",
        CallState::Answered => "answered",
        CallState::Ended => "ended",
        _ => "unknown",
    }
}

/// Returns the parties that are called or have answered, or the extension if nobody is called.
fn called(call: &live::Call, state: &State) -> String {
    let up = |leg: &&Leg| leg.role == Role::Called && leg.is_up();
    let answered = call.answered_by.as_deref().and_then(|id| call.leg(id)).filter(up);
    let legs: Vec<_> = match answered {
        Some(leg) => vec![leg],
        None => call.parties().filter(up).collect(),
    };
    if !legs.is_empty() {
        return legs.into_iter().map(party::of_leg).collect::<Vec<_>>().join(", ");
    }
    // Of a Local channel, the second half is the one that the dialplan has.
    let channels = |leg: &Leg| state.channels().ok()?.get(&leg.channel);
    let mut up = call.legs.iter().filter(|leg| leg.is_up()).filter_map(channels);
    let exten = up.find(|channel| !channel.exten.is_empty()).map(|it| &*it.exten);
    escape(exten.unwrap_or_default().as_bytes())
}

/// Returns the parties that the caller is connected with.
fn talking(call: &live::Call, state: &State) -> String {
    let names = |ids: &[Id], separator| {
        let channels = ids.iter().filter_map(|id| state.channels().ok()?.get(id));
        channels.map(|it| party::of_channel(it)).collect::<Vec<_>>().join(separator)
    };
    let caller = call.caller().filter(|leg| leg.is_up());
    let peers = caller.map(|leg| state.peers(&leg.channel)).unwrap_or_default();
    if !peers.is_empty() {
        return names(&peers, ", ");
    }
    let groups = state.talking(&call.id);
    groups.iter().map(|group| names(group, " + ")).collect::<Vec<_>>().join(", ")
}

/// Returns where a call is.
fn place(call: &live::Call, state: &State, places: &HashMap<Id, String>) -> String {
    let up = || call.legs.iter().filter(|leg| leg.is_up());
    if let Some(place) = up().find_map(|leg| places.get(&leg.channel)) {
        return place.clone();
    }
    let channels = || up().filter_map(|leg| state.channels().ok()?.get(&leg.channel));
    if channels().any(|channel| channel.on_hold) {
        return "on hold".to_owned();
    }
    let bridges = state.bridges().ok();
    let bridge = |channel: &Channel| bridges?.get(channel.bridge.as_ref()?);
    if let Some(bridge) = channels().find_map(|channel| bridge(channel)) {
        let technology = bridge.technology.strip_suffix("_bridge").unwrap_or(&bridge.technology);
        return format!("bridge {}", escape(technology.as_bytes())).trim_end().to_owned();
    }
    let application = channels().find(|channel| !channel.application.is_empty());
    let text = application.map(|it| format!("{} {}", it.application, it.application_data));
    escape(text.unwrap_or_default().trim_end().as_bytes())
}

/// Returns the places of channels that wait in a queue, are parked, or are in a conference.
fn places(state: &State) -> HashMap<Id, String> {
    let mut places = HashMap::new();
    let mut put = |channel: &Id, text: String| {
        places.insert(Id::clone(channel), escape(text.as_bytes()));
    };
    for conference in state.conferences().ok().into_iter().flat_map(|table| table.iter()) {
        for member in &conference.members {
            put(&member.channel, format!("conf {}", conference.name));
        }
    }
    for queue in state.queues().ok().into_iter().flat_map(|table| table.iter()) {
        for caller in &queue.callers {
            put(&caller.channel, format!("queue #{} {}", caller.position, queue.name));
        }
    }
    for lot in state.parking_lots().ok().into_iter().flat_map(|table| table.iter()) {
        for call in &lot.calls {
            let lot = Some(&*lot.name).filter(|name| *name != "default").unwrap_or_default();
            put(&call.channel, format!("parked {} {lot}", call.space).trim_end().to_owned());
        }
    }
    places
}
