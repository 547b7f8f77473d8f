//! The legs of calls: they join, move with their channels, and are kept for a while when they have
//! ended.

use ami::value::{ChannelHalf, ChannelState, UniqueId};

use super::super::base::Model;
use super::progress::{self, describe};
use crate::change::What;
use crate::state::{Call, CallState, Channel, HungUp, Leg, Role, Since};
use crate::text::Id;

/// The number of legs that have ended, of transfers, and of merged calls that a call keeps.
pub(super) const KEPT: usize = 64;

/// The technologies of channels that the server uses for itself.
const INTERNAL: &[&str] = &[
    "Announcer",
    "AsyncGoto",
    "Bridge",
    "CBAnn",
    "CBRec",
    "Message",
    "Recorder",
    "Snoop",
    "Surrogate",
    "UnicastRTP",
];

/// Makes a channel a leg of its call.
pub(super) fn join(model: &mut Model, id: &Id) {
    let Some(channel) = model.state.channels.get(id) else { return };
    let (call, from_list) = (Id::clone(&channel.call), model.from_list);
    let leg = leg(channel);
    if !model.state.calls.contains(&call) {
        if is_internal(channel) {
            return;
        }
        let complete = !from_list && call == *id;
        create(model, &call, leg.since, complete);
    }
    add(model, &call, leg);
    pair(model, id);
    if from_list {
        bridged(model, id);
    }
    let Some(channel) = model.state.channels.get(id) else { return };
    match channel.state {
        ChannelState::Up => progress::up(model, id),
        ChannelState::Ringing => progress::ringing(model, id),
        _ => progress::refresh(model, &call),
    }
}

fn create(model: &mut Model, id: &Id, since: Since, complete: bool) {
    let call = Call {
        id: Id::clone(id),
        since,
        complete,
        state: CallState::Started,
        accepted: None,
        answered: None,
        answered_by: None,
        legs: Vec::new(),
        dropped_legs: 0,
        transfers: Vec::new(),
        merged: Vec::new(),
        ended: None,
        hung_up: HungUp::Nobody,
        abandoned: false,
    };
    model.state.calls.insert(Id::clone(id), call);
    model.tell(What::CallStarted { call: Id::clone(id) });
}

fn add(model: &mut Model, id: &Id, leg: Leg) {
    let Some(call) = model.state.calls.get_mut(id) else { return };
    let channel = Id::clone(&leg.channel);
    if leg.since.time() < call.since.time() {
        call.since = leg.since;
    }
    call.hung_up = HungUp::Nobody;
    call.legs.retain(|it| it.channel != channel);
    call.legs.push(leg);
    if model.from_list {
        // A list has no order.
        call.legs.sort_by_key(|leg| (leg.since.time(), sequence(&leg.channel)));
    }
    model.tell(What::LegAdded { call: Id::clone(id), channel });
}

fn sequence(id: &str) -> Option<u32> {
    UniqueId::from(id).sequence()
}

fn leg(channel: &Channel) -> Leg {
    let name = channel.channel_name();
    let second = name.is_local() && name.half() == Some(ChannelHalf::Second);
    Leg {
        channel: Id::clone(&channel.id),
        name: channel.name.clone(),
        party: channel.caller.clone(),
        role: if channel.id == channel.call { Role::Caller } else { Role::Called },
        helper: second || is_internal(channel),
        other_half: channel.other_half.clone(),
        dialed_by: None,
        dial_string: Box::default(),
        dial_status: None,
        forwarded_to: Box::default(),
        since: channel.since,
        rang: None,
        answered: None,
        moved_to: None,
        ended: None,
        dialed: false,
    }
}

fn is_internal(channel: &Channel) -> bool {
    let name = channel.channel_name();
    name.technology().is_some_and(|it| INTERNAL.contains(&it))
}

/// Takes over the new name of a channel.
pub(super) fn renamed(model: &mut Model, id: &Id) {
    let Some(channel) = model.state.channels.get(id).cloned() else { return };
    if let Some(leg) = leg_mut(model, &channel.call, id) {
        describe(leg, &channel);
    }
}

/// Notes that a channel has entered a bridge. The two halves of a Local channel are helpers if each
/// of them is in one.
pub(super) fn bridged(model: &mut Model, id: &Id) {
    consults(model, id);
    let channels = &model.state.channels;
    let Some(channel) = channels.get(id).filter(|it| it.bridge.is_some()) else { return };
    let Some(other) = channel.other_half.as_ref().and_then(|it| channels.get(it)) else { return };
    if other.bridge.is_some() {
        let halves = [channel, other].map(|it| (Id::clone(&it.call), Id::clone(&it.id)));
        for (call, id) in halves {
            help(model, &call, &id);
        }
    }
}

/// Notes who calls with a Local channel that waits in a bridge for its caller, as those of attended
/// transfers do: the party that enters the bridge, or the half of a Local channel that leads to it.
/// The channel can have been answered before.
fn consults(model: &mut Model, id: &Id) {
    let Some(channel) = model.state.channels.get(id) else { return };
    let Some(bridge) = channel.bridge.as_ref().and_then(|it| model.state.bridges.get(it)) else {
        return;
    };
    let [waiting, entered] = &*bridge.members else { return };
    let Some(call) = model.state.calls.get(&channel.call) else { return };
    let waits =
        |leg: &Leg| leg.other_half.is_some() && leg.role == Role::Called && leg.dialed_by.is_none();
    let leads = |leg: &Leg| !leg.helper || leg.other_half.as_ref().is_some_and(|it| it != waiting);
    if call.leg(entered).is_some_and(leads) && call.leg(waiting).is_some_and(waits) {
        let (call, waiting, by) = (Id::clone(&call.id), Id::clone(waiting), Id::clone(entered));
        if let Some(leg) = leg_mut(model, &call, &waiting) {
            leg.dialed_by = Some(by);
        }
    }
}

/// Notes the other half of a Local channel.
fn pair(model: &mut Model, id: &Id) {
    let Some(channel) = model.state.channels.get(id) else { return };
    let Some(other) = channel.other_half.clone() else { return };
    let call = Id::clone(&channel.call);
    if let Some(leg) = leg_mut(model, &call, &other) {
        leg.other_half = Some(Id::clone(id));
    }
}

/// Marks a leg as a helper.
pub(super) fn help(model: &mut Model, call: &str, id: &str) {
    let Some(leg) = leg_mut(model, call, id).filter(|it| !it.helper) else { return };
    leg.helper = true;
    let Some(call) = model.state.calls.get_mut(call) else { return };
    if call.answered_by.as_deref() == Some(id) {
        // The half of a Local channel that was up before it was known to lead to a party.
        let answered = |leg: &&Leg| !leg.helper && leg.role == Role::Called;
        let by = call.legs.iter().filter(answered).find(|leg| leg.answered.is_some());
        (call.answered, call.answered_by) = match by {
            Some(leg) => (leg.answered, Some(Id::clone(&leg.channel))),
            None => (None, None),
        };
    }
}

/// Returns a leg to change it.
pub(super) fn leg_mut<'a>(model: &'a mut Model, call: &str, id: &str) -> Option<&'a mut Leg> {
    let call = model.state.calls.get_mut(call)?;
    call.legs.iter_mut().find(|leg| *leg.channel == *id)
}

/// Moves a leg with its channel from one call to another.
pub(super) fn moved(model: &mut Model, id: &Id, from: &Id, to: &Id) {
    let now = model.since();
    let Some(former) = model.state.calls.get_mut(from) else { return join(model, id) };
    let Some(leg) = former.legs.iter_mut().find(|leg| leg.channel == *id) else {
        return join(model, id);
    };
    let moving = leg.clone();
    leg.moved_to = Some(Id::clone(to));
    let stays = former.legs.iter().any(Leg::is_up);
    if !model.state.calls.contains(to) {
        create(model, to, now, false);
    }
    if stays {
        if let Some(call) = model.state.calls.get_mut(to) {
            call.legs.retain(|it| it.channel != *id);
            call.legs.push(moving);
        }
        progress::refresh(model, from);
    } else if let Some(former) = model.state.calls.remove(from) {
        merge(model, &former, moving, to);
    }
    progress::refresh(model, to);
}

/// Makes a call a part of another one.
fn merge(model: &mut Model, former: &std::sync::Arc<Call>, moving: Leg, to: &Id) {
    let mut from = Call::clone(former);
    if let Some(leg) = from.legs.iter_mut().find(|leg| leg.channel == moving.channel) {
        leg.moved_to = None;
    }
    let Some(call) = model.state.calls.get_mut(to) else { return };
    for leg in &from.legs {
        if leg.moved_to.is_none() && call.leg(&leg.channel).is_none_or(|it| it.moved_to.is_some()) {
            call.legs.retain(|it| it.channel != leg.channel);
            call.legs.push(leg.clone());
        }
    }
    call.legs.sort_by_key(|leg| (leg.since.time(), sequence(&leg.channel)));
    call.dropped_legs += from.dropped_legs;
    call.complete &= from.complete;
    call.hung_up = HungUp::Nobody;
    call.transfers.extend(from.transfers.iter().cloned());
    call.transfers.sort_by_key(|transfer| transfer.at);
    call.merged.extend(from.merged.iter().cloned());
    call.merged.push(Id::clone(&from.id));
    call.accepted = earlier(call.accepted, from.accepted);
    if earlier(call.answered, from.answered) != call.answered {
        (call.answered, call.answered_by) = (from.answered, from.answered_by.clone());
    }
    prune(call);
    model.tell(What::CallMerged { from: from.into(), into: Id::clone(to) });
}

fn earlier(one: Option<Since>, two: Option<Since>) -> Option<Since> {
    match (one, two) {
        (Some(one), Some(two)) if two.time() < one.time() => Some(two),
        (one, two) => one.or(two),
    }
}

/// Holds the bounds of what a call keeps.
pub(super) fn prune(call: &mut Call) {
    let mut ended = call.legs.iter().filter(|leg| !leg.is_up()).count();
    while ended > KEPT {
        let gone = |leg: &Leg| !leg.is_up();
        let minor = |leg: &Leg| gone(leg) && (leg.helper || leg.answered.is_none());
        let legs = &call.legs;
        let at = legs.iter().position(minor).or_else(|| legs.iter().position(gone));
        if let Some(at) = at {
            call.legs.remove(at);
            call.dropped_legs += 1;
        }
        ended -= 1;
    }
    call.transfers.drain(..call.transfers.len().saturating_sub(KEPT));
    call.merged.drain(..call.merged.len().saturating_sub(KEPT));
}
