//! Transfers and pickups.

use ami::Event;

use super::super::base::Model;
use super::super::members;
use super::dial::took_over;
use super::legs::prune;
use super::progress;
use crate::change::What;
use crate::state::{Leg, Transfer, TransferKind, TransferTarget};
use crate::text::{Id, filled};

/// Notes a blind transfer.
pub(super) fn blind(model: &mut Model, event: &Event) {
    let text = |name| filled(event, name).map(Box::from);
    let to = match text("Extension") {
        Some(exten) => {
            TransferTarget::Extension { exten, context: text("Context").unwrap_or_default() }
        }
        None => TransferTarget::Unknown,
    };
    note(model, event, TransferKind::Blind, "Transferer", to);
}

/// Notes an attended transfer.
pub(super) fn attended(model: &mut Model, event: &Event) {
    let id = |name| filled(event, name).map(|it| Id::from(&*it));
    let bridge = id("DestBridgeUniqueid");
    let to = match &*filled(event, "DestType").unwrap_or_default() {
        "Threeway" => bridge.map(TransferTarget::Bridge),
        "App" => filled(event, "DestApp").map(|it| TransferTarget::Application(it.into())),
        _ => target(model, event)
            .map(TransferTarget::Leg)
            .or_else(|| bridge.map(TransferTarget::Bridge)),
    };
    let to = to.unwrap_or(TransferTarget::Unknown);
    note(model, event, TransferKind::Attended, "OrigTransferer", to);
}

/// Returns the party that is the target of an attended transfer. The server does not name it if
/// its channel is just changing, but it is in one of the bridges then.
fn target(model: &Model, event: &Event) -> Option<Id> {
    if let Some(target) = filled(event, "TransferTargetUniqueid") {
        return Some(party(model, Id::from(&*target)));
    }
    if filled(event, "Result").is_none_or(|it| it != "Success") {
        return None;
    }
    let known = ["OrigTransfererUniqueid", "SecondTransfererUniqueid", "TransfereeUniqueid"];
    let known = known.map(|name| filled(event, name));
    let is_new = |it: &&Id| !known.iter().any(|known| known.as_deref() == Some(&***it));
    ["SecondBridgeUniqueid", "DestBridgeUniqueid"].iter().find_map(|name| {
        let bridge = model.state.bridges.get(&filled(event, name)?)?;
        bridge.members.iter().find(is_new).map(|it| party(model, Id::clone(it)))
    })
}

fn note(model: &mut Model, event: &Event, kind: TransferKind, by: &str, to: TransferTarget) {
    let Some(by_id) = filled(event, &format!("{by}Uniqueid")).map(|it| Id::from(&*it)) else {
        return;
    };
    let call = match model.state.channels.get(&by_id) {
        Some(channel) => Some(Id::clone(&channel.call)),
        None => filled(event, &format!("{by}Linkedid")).map(|it| Id::from(&*it)),
    };
    let Some(call) = call else { return };
    let by_id = transferer(model, &call, by_id);
    let transferee = filled(event, "TransfereeUniqueid").map(|it| party(model, Id::from(&*it)));
    let success = filled(event, "Result").is_some_and(|it| it == "Success");
    let transfer = Transfer { at: model.now, kind, by: by_id, transferee, to, success };
    let Some(it) = model.state.calls.get_mut(&call) else { return };
    it.transfers.push(transfer.clone());
    prune(it);
    model.tell(What::Transferred { call, transfer });
}

/// Returns the party that transferred: the channel itself, or the party to which a half of a Local
/// channel leads. The party may have hung up already.
fn transferer(model: &Model, call: &str, id: Id) -> Id {
    let call = model.state.calls.get(call);
    let Some((call, leg)) = call.and_then(|it| Some((it, it.leg(&id).filter(|leg| leg.helper)?)))
    else {
        return id;
    };
    let behind = party(model, Id::clone(&id));
    let Some(other) = leg.other_half.as_deref().filter(|_| behind == id) else { return behind };
    let called = || call.parties().filter(|leg| leg.dialed_by.as_deref() == Some(other)).last();
    let found = call.caller_of(other).or_else(called);
    found.map_or(id, |leg| Id::clone(&leg.channel))
}

/// Returns the party to which a channel leads: itself, or the one behind a Local channel.
fn party(model: &Model, id: Id) -> Id {
    let Some(channel) = model.state.channels.get(&id) else { return id };
    let Some(other) = &channel.other_half else { return id };
    let leg = |it: &Id| {
        let channel = model.state.channels.get(it)?;
        model.state.calls.get(&channel.call)?.leg(it)
    };
    let bridge = model.state.channels.get(other).and_then(|it| it.bridge.as_ref());
    let bridge = bridge.and_then(|it| model.state.bridges.get(it));
    let members = bridge.map(|it| &*it.members).unwrap_or_default();
    if let Some(member) = members.iter().find(|it| leg(it).is_some_and(|leg| !leg.helper)) {
        return Id::clone(member);
    }
    let dialed = |it: &&Leg| it.is_up() && it.dialed_by.as_ref() == Some(other);
    let call = model.state.calls.get(&channel.call);
    let dialed = call.and_then(|call| call.legs.iter().rev().find(dialed));
    dialed.map_or(id, |leg| Id::clone(&leg.channel))
}

/// Notes that a channel picks a call up.
pub(super) fn pickup(model: &mut Model, event: &Event) {
    let (Some(by), Some(target)) = (filled(event, "Uniqueid"), filled(event, "TargetUniqueid"))
    else {
        return;
    };
    let (Some(picker), Some(rang)) =
        (model.state.channels.get(&by), model.state.channels.get(&target))
    else {
        return;
    };
    let (theirs, by) = (Id::clone(&picker.call), Id::clone(&picker.id));
    let (call, target) = (Id::clone(&rang.call), Id::clone(&rang.id));
    let leg = model.state.calls.get(&call).and_then(|it| it.leg(&target));
    let dialer = leg.and_then(|leg| leg.dialed_by.clone());
    took_over(model, &theirs, &by, dialer);
    let what =
        What::CallPickedUp { call: Id::clone(&call), by: Id::clone(&by), target: target.clone() };
    model.tell(what);
    progress::answered(model, &call, &by);
    // A channel that rings is in a bridge if it is parked. No event tells that the bridge has the
    // other one now.
    let bridge = model.state.channels.get(&target).and_then(|it| it.bridge.clone());
    if let Some(bridge) = bridge {
        members::leave(model, &target);
        members::place(model, &by, Some(bridge.as_bytes()));
    }
}
