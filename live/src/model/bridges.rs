//! Bridges and their members.

use std::collections::HashSet;
use std::sync::Arc;

use ami::value::UniqueId;
use ami::{Collected, Event};

use super::base::Model;
use super::channels;
use super::members::{leave, place};
use super::snapshot::Snapshot;
use crate::change::What;
use crate::state::{Bridge, Channel, Since};
use crate::text::{Id, filled, set};

pub(super) const LISTS: &[&str] = &["BridgeList"];

pub(super) const EVENTS: &[&str] = &[
    "BridgeCreate",
    "BridgeDestroy",
    "BridgeEnter",
    "BridgeLeave",
    "BridgeMerge",
    "BridgeVideoSourceUpdate",
];

/// Applies an event. Returns `false` if it is of another part.
pub(super) fn event(model: &mut Model, name: &[u8], event: &Event) -> bool {
    match name {
        b"BridgeCreate" => drop(see(model, event, true)),
        b"BridgeDestroy" => {
            if let Some(id) = see(model, event, false) {
                destroy(model, &id);
            }
        }
        b"BridgeEnter" => enter(model, event),
        b"BridgeLeave" => {
            let bridge = see(model, event, false);
            let channel = channels::see(model, &Snapshot::of(event), event, false);
            if let (Some(bridge), Some(channel)) = (bridge, channel)
                && model.state.channels.get(&channel).is_some_and(|it| it.bridge == Some(bridge))
            {
                leave(model, &channel);
            }
        }
        // The channels of a bridge that is merged into another one leave and enter, each with
        // events of its own.
        b"BridgeMerge" => {}
        b"BridgeVideoSourceUpdate" => drop(see(model, event, false)),
        _ => return false,
    }
    true
}

fn enter(model: &mut Model, event: &Event) {
    // The event of the bridge's beginning may have been before the first list, and the bridge
    // not in it yet.
    let Some(channel) = channels::find(model, &Snapshot::of(event), event) else { return };
    let Some(bridge) = see(model, event, true) else { return };
    place(model, &channel, Some(bridge.as_bytes()));
    merge_calls(model, &bridge, &channel);
}

/// Makes all channels of a bridge belong to one call: in a basic bridge, the server gives all the
/// `Linkedid` that is the oldest, which is the one that the latest channel has now. It tells that
/// of the other channels with their next events only. An event that a list has overtaken can still
/// have a younger one.
fn merge_calls(model: &mut Model, bridge: &str, channel: &Id) {
    let Some(bridge) = model.state.bridges.get(bridge).filter(|it| &*it.kind == "basic") else {
        return;
    };
    let Some(call) = model.state.channels.get(channel).map(|it| Id::clone(&it.call)) else {
        return;
    };
    let differs = |it: &&Id| {
        model.state.channels.get(it).is_some_and(|it| it.call != call && is_older(&call, &it.call))
    };
    let others: Vec<_> = bridge.members.iter().filter(differs).cloned().collect();
    for id in others {
        channels::move_to(model, &id, &call);
    }
}

/// Returns `true` if a call is older than another one, as far as their identifiers tell.
fn is_older(call: &str, other: &str) -> bool {
    let begun = |id| {
        let id = UniqueId::from(id);
        Some((id.seconds()?, id.sequence()?))
    };
    match (begun(call), begun(other)) {
        (Some(call), Some(other)) => call < other,
        _ => true,
    }
}

/// Applies the list of bridges.
pub(super) fn list(model: &mut Model, collected: &Collected) {
    let see = |item| see(model, item, true);
    let seen: HashSet<_> = collected.items.iter().filter_map(see).collect();
    // A bridge that was heard of since the last loss has its end still to come.
    let losses = model.losses;
    let gone = model.state.bridges.iter().filter(|it| it.losses < losses);
    let gone: Vec<_> =
        gone.filter(|it| !seen.contains(&it.id)).map(|it| Id::clone(&it.id)).collect();
    for id in gone {
        destroy(model, &id);
    }
}

/// Makes the bridges known that the list of channels names and the list of bridges does not: those
/// that have come since, and those that are being dissolved while channels are still in them.
pub(super) fn found(model: &mut Model) {
    let unknown = |it: &&Arc<Channel>| {
        it.bridge.as_ref().is_some_and(|bridge| !model.state.bridges.contains(bridge))
    };
    let channels: Vec<_> = model.state.channels.iter().filter(unknown).cloned().collect();
    for channel in channels {
        let Some(id) = &channel.bridge else { continue };
        if !model.state.bridges.contains(id) {
            create(model, id, &channel.last);
        }
        if let Some(bridge) = model.state.bridges.get_mut(id) {
            bridge.members.push(Id::clone(&channel.id));
        }
    }
}

/// Takes over what an event says of a bridge.
fn see(model: &mut Model, event: &Event, creates: bool) -> Option<Id> {
    let unique_id = filled(event, "BridgeUniqueid")?;
    if !model.state.bridges.contains(&unique_id) {
        if !creates {
            return None;
        }
        create(model, &unique_id, event);
    }
    let (losses, from_list) = (model.losses, model.from_list);
    let bridge = model.state.bridges.get_mut(&unique_id)?;
    for (name, value) in event.fields() {
        let field = match name {
            b"BridgeType" => &mut bridge.kind,
            b"BridgeTechnology" => &mut bridge.technology,
            b"BridgeCreator" => &mut bridge.creator,
            b"BridgeName" => &mut bridge.name,
            _ => continue,
        };
        set(field, if value == b"<unknown>" { b"" } else { value });
    }
    bridge.last = event.detach();
    if !from_list {
        bridge.losses = losses;
    }
    Some(Id::clone(&bridge.id))
}

fn create(model: &mut Model, unique_id: &str, event: &Event) {
    let id = Id::from(unique_id);
    let bridge = Bridge {
        id: Id::clone(&id),
        kind: Box::default(),
        technology: Box::default(),
        creator: Box::default(),
        name: Box::default(),
        members: Vec::new(),
        since: if event.head() == b"BridgeCreate" {
            model.since()
        } else {
            Since::Before(model.now)
        },
        last: event.detach(),
        losses: model.losses,
    };
    model.state.bridges.insert(Id::clone(&id), bridge);
    model.tell(What::BridgeCreated { bridge: id });
}

fn destroy(model: &mut Model, id: &str) {
    let Some(bridge) = model.state.bridges.get(id) else { return };
    for member in bridge.members.clone() {
        leave(model, &member);
    }
    if let Some(bridge) = model.state.bridges.remove(id) {
        model.tell(What::BridgeEnded { bridge });
    }
}
