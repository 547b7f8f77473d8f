//! Looks at a state: the calls that are up, and who talks to whom.

use std::fmt::Write as _;

use ami::value::{ChannelState, DeviceState};
use live::{Bridge, Call, Id, Leg, QueueMember, Role, State};

use super::names::{person, short};

/// Returns `true` if a person's telephone rings, and the server has told who dialled it.
pub(crate) fn rings(state: &State, who: &str) -> bool {
    let calls = state.calls().unwrap();
    let mut channels = state.channels().unwrap().iter().filter(|it| person(&it.name) == Some(who));
    channels.any(|it| {
        let leg = calls.get(&it.call).and_then(|call| call.leg(&it.id));
        let is_dialed = |leg: &Leg| leg.dialed_by.is_some() || leg.role == Role::Originated;
        it.state == ChannelState::Ringing && leg.is_some_and(is_dialed)
    })
}

/// Returns `true` if a person is parked.
pub(crate) fn is_parked(state: &State, who: &str) -> bool {
    let channels = state.channels().unwrap();
    let mut calls = state.parking_lots().unwrap().iter().flat_map(|lot| &lot.calls);
    let name = |id: &Id| channels.get(id).map(|it| &*it.name);
    calls.any(|call| name(&call.channel).and_then(person) == Some(who))
}

/// Returns `true` if a person is in a bridge with a channel that rings.
pub(crate) fn hears_ringing(state: &State, who: &str) -> bool {
    let channels = state.channels().unwrap();
    let rings = |id: &Id| channels.get(id).is_some_and(|it| it.state == ChannelState::Ringing);
    state.bridges().unwrap().iter().any(|bridge| {
        let named = |id: &Id| channels.get(id).is_some_and(|it| person(&it.name) == Some(who));
        bridge.members.iter().any(named) && bridge.members.iter().any(rings)
    })
}

/// Returns who talks to whom.
pub(crate) fn talking(state: &State) -> String {
    let channels = state.channels().unwrap();
    let mut groups = Vec::new();
    for call in state.calls().unwrap().iter() {
        for group in state.talking(&call.id) {
            let names = group.iter().filter_map(|id| channels.get(id)).map(|it| short(&it.name));
            let mut names: Vec<_> = names.collect();
            names.sort();
            groups.push(names.join("+"));
        }
    }
    groups.sort();
    groups.dedup();
    groups.join(" ")
}

/// Returns all that is up, a line each.
pub(crate) fn up(state: &State) -> String {
    let mut text = String::new();
    for channel in state.channels().unwrap().iter() {
        let _ = writeln!(text, "channel {} {:?} {:?}", channel.name, channel.state, channel.bridge);
    }
    // The bridge of a parking lot stays.
    let is_lot = |it: &Bridge| it.is_holding() && it.members.is_empty();
    for bridge in state.bridges().unwrap().iter().filter(|it| !is_lot(it)) {
        let _ = writeln!(text, "bridge {} {} {:?}", bridge.id, bridge.technology, bridge.members);
    }
    for call in state.calls().unwrap().iter() {
        let _ = writeln!(text, "call {} {:?} {:?}", call.id, call.state, legs(call));
    }
    for queue in state.queues().unwrap().iter() {
        let busy = queue.members.iter().filter(|it| is_busy(it));
        let busy: Vec<_> = busy.map(|it| &*it.interface).collect();
        let paused = queue.members.iter().filter(|it| it.pause.is_some()).count();
        if !queue.callers.is_empty() || !busy.is_empty() || paused > 0 {
            let callers = queue.callers.len();
            let _ = writeln!(text, "{} {callers} callers, {paused} paused, {busy:?}", queue.name);
        }
    }
    for lot in state.parking_lots().unwrap().iter().filter(|it| !it.calls.is_empty()) {
        let _ = writeln!(text, "parking lot {} {:?}", lot.name, lot.calls);
    }
    for conference in state.conferences().unwrap().iter() {
        let _ = writeln!(text, "conference {} {:?}", conference.name, conference.members);
    }
    let talking = talking(state);
    if !talking.is_empty() {
        let _ = writeln!(text, "talking {talking}");
    }
    text
}

/// Returns `true` if a member of a queue has a call, of this queue or of another kind.
pub(crate) fn is_busy(member: &QueueMember) -> bool {
    member.status != DeviceState::NotInUse || member.in_call || !member.calls.is_empty()
}

fn legs(call: &Call) -> Vec<&str> {
    call.legs.iter().map(|leg| &*leg.name).collect()
}
