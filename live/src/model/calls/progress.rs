//! The progress of calls: they ring, are accepted and answered.

use super::super::base::Model;
use crate::change::What;
use crate::state::{Call, CallState, Channel, HungUp, Leg, Role};
use crate::text::{Id, set};

/// Takes over the name of a channel, and what is known of its party.
pub(super) fn describe(leg: &mut Leg, channel: &Channel) {
    if !channel.channel_name().is_zombie() {
        set(&mut leg.name, channel.name.as_bytes());
    }
    set(&mut leg.party.number, channel.caller.number.as_bytes());
    set(&mut leg.party.name, channel.caller.name.as_bytes());
}

/// Notes that a channel rings.
pub(super) fn ringing(model: &mut Model, id: &Id) {
    let now = model.since();
    let Some(channel) = model.state.channels.get(id).cloned() else { return };
    let Some(call) = model.state.calls.get_mut(&channel.call) else { return };
    let Some(leg) = call.legs.iter_mut().find(|leg| leg.channel == *id) else { return };
    describe(leg, &channel);
    let first = leg.rang.is_none();
    leg.rang.get_or_insert(now);
    let tells = first && !leg.helper;
    refresh(model, &channel.call);
    if tells {
        model.tell(What::CallRinging { call: Id::clone(&channel.call), channel: Id::clone(id) });
    }
}

/// Notes that a channel is up.
pub(super) fn up(model: &mut Model, id: &Id) {
    let now = model.since();
    let Some(channel) = model.state.channels.get(id).cloned() else { return };
    let call_id = &channel.call;
    let Some(call) = model.state.calls.get_mut(call_id) else { return };
    let Some(leg) = call.legs.iter_mut().find(|leg| leg.channel == *id) else { return };
    describe(leg, &channel);
    leg.answered.get_or_insert(now);
    if leg.helper {
        return;
    }
    if leg.role == Role::Called {
        return answered(model, call_id, id);
    }
    let first = call.accepted.is_none();
    call.accepted.get_or_insert(now);
    let tells = first && call.answered.is_none();
    refresh(model, call_id);
    if tells {
        model.tell(What::CallAccepted { call: Id::clone(call_id), channel: Id::clone(id) });
    }
}

/// Notes that a party has answered a call.
pub(super) fn answered(model: &mut Model, call: &Id, by: &Id) {
    let now = model.since();
    let Some(it) = model.state.calls.get_mut(call) else { return };
    it.hung_up = HungUp::Nobody;
    if it.answered.is_none() {
        it.answered = Some(now);
        it.answered_by = Some(Id::clone(by));
        model.tell(What::CallAnswered { call: Id::clone(call), by: Some(Id::clone(by)) });
    } else if model.from_list && it.answered == Some(now) && it.answered_by.as_ref() != Some(by) {
        // Several are up in the list, and nobody saw which one was the first.
        it.answered_by = None;
    }
    refresh(model, call);
}

/// Sets the state of a call to what follows from its legs.
pub(super) fn refresh(model: &mut Model, call: &str) {
    let Some(it) = model.state.calls.get(call) else { return };
    let state = state(it);
    if state != it.state
        && let Some(it) = model.state.calls.get_mut(call)
    {
        it.state = state;
    }
}

fn state(call: &Call) -> CallState {
    let dialed = |leg: &&Leg| {
        leg.is_up() && leg.dialed && leg.answered.is_none() && leg.dial_status.is_none()
    };
    if call.ended.is_some() {
        CallState::Ended
    } else if call.answered.is_some() {
        CallState::Answered
    } else if call.legs.iter().filter(dialed).any(|leg| leg.rang.is_some()) {
        CallState::Ringing
    } else if call.legs.iter().any(|leg| dialed(&leg)) {
        CallState::Dialing
    } else if call.accepted.is_some() {
        CallState::Accepted
    } else {
        CallState::Started
    }
}
