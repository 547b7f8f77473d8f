//! Bridges: who is connected with whom.

use ami::event::{
    BridgeDestroy, BridgeEnter, BridgeLeave, BridgeMerge, BridgeSnapshot, LocalOptimizationEnd,
};

use crate::ladder::calls::Ladders;
use crate::ladder::row::Place;
use crate::out::Style;

/// Takes over what an event tells of a bridge, and returns its identifier.
fn described(ladders: &mut Ladders, snapshot: BridgeSnapshot<'_>) -> Option<String> {
    let id = snapshot.bridge_unique_id().filter(|it| !it.is_empty())?.into_owned();
    if let Some(bridge) = ladders.bridges.get_mut(&*id) {
        let technology = snapshot.bridge_technology().unwrap_or_default();
        bridge.is_holding = technology == "holding_bridge";
        let creator = snapshot.bridge_creator().unwrap_or_default();
        bridge.is_conference = matches!(&*creator, "ConfBridge" | "Meetme");
    }
    Some(id)
}

pub(super) fn created(ladders: &mut Ladders, snapshot: BridgeSnapshot<'_>) {
    if let Some(id) = snapshot.bridge_unique_id().filter(|it| !it.is_empty()) {
        ladders.create_bridge(&id);
        described(ladders, snapshot);
    }
}

pub(super) fn enter(ladders: &mut Ladders, event: &BridgeEnter) {
    let Some(at) = ladders.find(event.snapshot()) else { return };
    created(ladders, event.bridge());
    let (Some(id), Some(channel)) = (described(ladders, event.bridge()), event.unique_id()) else {
        return;
    };
    if !ladders.enter(&id, channel.as_str()) {
        return;
    }
    let Some(bridge) = ladders.bridges.get(&*id) else { return };
    let (is_quiet, members) = (bridge.is_quiet(), bridge.members.clone());
    if is_quiet || members.len() < 2 {
        return;
    }
    let legs = ladders.legs_of(at.call, &members);
    let text = match (legs.len(), members.len()) {
        (1, many) => format!("joins a bridge with {}", many - 1),
        (_, 2) => "connected".to_owned(),
        _ => "joined".to_owned(),
    };
    let style = if has_local(ladders, at.call, &legs) { Style::Dim } else { Style::Good };
    ladders.row(at.call, "bridge", Place::Span(legs), text, style);
}

/// Returns `true` if a Local channel is among the legs: the bridge is only a part of the way.
fn has_local(ladders: &mut Ladders, call: u64, legs: &[usize]) -> bool {
    let Some(ladder) = ladders.ladder(call) else { return false };
    legs.iter().filter_map(|leg| ladder.legs.get(*leg)).any(|leg| leg.is_local)
}

pub(super) fn leave(ladders: &mut Ladders, event: &BridgeLeave) {
    let Some(at) = ladders.find(event.snapshot()) else { return };
    let (Some(id), Some(channel)) = (described(ladders, event.bridge()), event.unique_id()) else {
        return;
    };
    let is_quiet = ladders.bridges.get(&*id).is_none_or(|it| it.is_quiet());
    let Some(stay) = ladders.leave(channel.as_str()) else { return };
    // The last one who leaves was alone.
    if is_quiet || stay.is_empty() {
        return;
    }
    let mut legs = ladders.legs_of(at.call, &stay);
    legs.push(at.leg);
    if has_local(ladders, at.call, &legs) {
        return;
    }
    match stay.len() {
        // It is by chance which of two leaves first.
        1 => ladders.row(at.call, "left", Place::Span(legs), "disconnected", Style::Dim),
        _ => ladders.note(at, "left", "leaves the bridge", Style::Dim),
    }
}

pub(super) fn merge(ladders: &mut Ladders, event: &BridgeMerge) {
    let from = described(ladders, event.from());
    let (Some(from), Some(to)) = (from, described(ladders, event.to())) else { return };
    let moved = ladders.bridges.get(&*from).map(|it| it.members.clone()).unwrap_or_default();
    for channel in moved {
        ladders.enter(&to, &channel);
    }
    let members = ladders.bridges.get(&*to).map(|it| it.members.clone()).unwrap_or_default();
    let mut calls: Vec<_> =
        members.iter().filter_map(|id| ladders.known(id)).map(|at| at.call).collect();
    calls.sort_unstable();
    calls.dedup();
    for call in calls {
        ladders.touch(call);
        let place = Place::Span(ladders.legs_of(call, &members));
        ladders.row(call, "bridges merged", place, "bridges merge", Style::Good);
    }
}

pub(super) fn destroy(ladders: &mut Ladders, event: &BridgeDestroy) {
    let Some(id) = event.bridge_unique_id() else { return };
    let members = ladders.bridges.get(&*id).map(|it| it.members.clone()).unwrap_or_default();
    for channel in members {
        ladders.leave(&channel);
    }
    ladders.bridges.remove(&*id);
}

/// Adds rows for the bridges that calls are in that were found up and have no such row.
pub(in crate::ladder) fn connected(ladders: &mut Ladders) {
    let mut found = Vec::new();
    for bridge in ladders.bridges.values().filter(|it| !it.is_quiet() && it.members.len() > 1) {
        let known = bridge.members.iter().filter_map(|id| ladders.known(id));
        let calls: std::collections::BTreeSet<_> = known.map(|at| at.call).collect();
        found.extend(calls.into_iter().map(|call| (call, ladders.legs_of(call, &bridge.members))));
    }
    found.sort_unstable();
    for (call, legs) in found {
        if ladders.ladder(call).is_some_and(|it| it.was_up) {
            let style = if has_local(ladders, call, &legs) { Style::Dim } else { Style::Good };
            ladders.row(call, "bridge", Place::Span(legs), "connected", style);
        }
    }
}

pub(super) fn optimized(ladders: &mut Ladders, event: &LocalOptimizationEnd) {
    let Some(at) = ladders.find(event.local_one()) else { return };
    ladders.find(event.local_two());
    if event.success() == Ok(Some(true)) {
        ladders.note(at, "optimized", "optimized away", Style::Dim);
    }
}
