//! Dialling: who is called by whom, and the result.

use ami::Event;
use ami::value::{ChannelHalf, DialStatus};

use super::super::base::Model;
use super::legs::{help, leg_mut};
use super::progress::{self, describe};
use crate::change::What;
use crate::state::{HungUp, Leg, Role};
use crate::text::{Id, filled, set};

/// Notes that a leg is dialled.
pub(super) fn begin(model: &mut Model, event: &Event) {
    let Some(dest) = filled(event, "DestUniqueid") else { return };
    let Some(channel) = model.state.channels.get(&dest).cloned() else { return };
    let dialer = filled(event, "Uniqueid").map(|it| Id::from(&*it));
    let role = match &dialer {
        _ if channel.id == channel.call => Role::Originated,
        None => Role::Called,
        Some(dialer) => {
            lead(model, dialer);
            role(model, dialer, &channel.call)
        }
    };
    let Some(call) = model.state.calls.get_mut(&channel.call) else { return };
    call.hung_up = HungUp::Nobody;
    let Some(leg) = call.legs.iter_mut().find(|leg| *leg.channel == *dest) else { return };
    if leg.ended.is_some() {
        return;
    }
    describe(leg, &channel);
    leg.role = role;
    leg.dialed = true;
    leg.dialed_by = dialer;
    if let Some(text) = event.get("DialString") {
        set(&mut leg.dial_string, text);
    }
    progress::refresh(model, &channel.call);
}

/// Marks the other half of a Local channel that dials as a helper: the pair leads to a party.
fn lead(model: &mut Model, dialer: &str) {
    let channels = &model.state.channels;
    let Some(channel) = channels.get(dialer) else { return };
    // The first half of a Local channel that was called on request dials, too, and the pair is a
    // party all the same if its second half has called nobody.
    if channel.channel_name().half() == Some(ChannelHalf::Second)
        && let Some(other) = channel.other_half.as_ref().and_then(|it| channels.get(it))
    {
        let (call, id) = (Id::clone(&other.call), Id::clone(&other.id));
        help(model, &call, &id);
    }
}

/// Returns the part of a leg that is dialled: called on request if all that leads to it is a Local
/// channel that was, and its other half has dialled nobody yet. The server can tell that the first
/// half is dialled behind what the second half dials; until then it stands as the caller.
fn role(model: &Model, dialer: &str, call: &str) -> Role {
    let dialer = model.state.channels.get(dialer);
    let other = dialer.and_then(|it| it.other_half.as_deref());
    let Some(other) = other else { return Role::Called };
    let Some(call) = model.state.calls.get(call) else { return Role::Called };
    let is_first = |leg: &Leg| matches!(leg.role, Role::Originated | Role::Caller);
    let originated = call.leg(other).is_some_and(is_first);
    let dials = |it: &Leg| it.dialed_by.as_deref() == Some(other);
    let first = !call.legs.iter().any(dials);
    if originated && first { Role::Originated } else { Role::Called }
}

/// Notes that a leg that is dialled makes progress.
pub(super) fn state(model: &mut Model, event: &Event) {
    forwarded(model, event);
    let ringing = |it: &[u8]| it.eq_ignore_ascii_case(b"RINGING");
    if let Some(dest) = filled(event, "DestUniqueid")
        && event.get("DialStatus").is_some_and(ringing)
        && let Some(id) = model.state.channels.get(&dest).map(|it| Id::clone(&it.id))
    {
        progress::ringing(model, &id);
    }
}

/// Notes the result of dialling a leg.
pub(super) fn end(model: &mut Model, event: &Event) {
    forwarded(model, event);
    let (Some(dest), Some(status)) = (filled(event, "DestUniqueid"), filled(event, "DialStatus"))
    else {
        return;
    };
    let status = DialStatus::from(status).into_owned();
    let Some(call) = call_of(model, event, &dest) else { return };
    let dialer = filled(event, "Uniqueid").map(|it| Id::from(&*it));
    let Some(leg) = leg_mut(model, &call, &dest) else { return };
    let id = Id::clone(&leg.channel);
    // A queue tells a second result of the agents that it gave up on.
    let is_first = leg.dial_status.is_none();
    let picked_up = status == DialStatus::Answer && leg.dial_status != Some(DialStatus::Answer);
    if !is_first && !picked_up {
        return;
    }
    leg.dial_status = Some(status.clone());
    if status == DialStatus::Answer {
        replaced(model, &call, &id, dialer);
    }
    progress::refresh(model, &call);
    model.tell(What::LegDialed { call, channel: id, status });
}

/// Notes that a leg answered that was not dialled: it picked the call up.
fn replaced(model: &mut Model, call: &Id, id: &Id, dialer: Option<Id>) {
    let Some(dialer) = dialer else { return };
    let theirs = model.state.channels.get(&dialer).map(|it| Id::clone(&it.call));
    if let Some(theirs) = theirs.filter(|it| it != call) {
        took_over(model, call, id, Some(dialer));
        progress::answered(model, &theirs, id);
    }
}

/// Makes a leg that called the server one that answers a call.
pub(super) fn took_over(model: &mut Model, call: &Id, id: &Id, dialer: Option<Id>) {
    if let Some(leg) = leg_mut(model, call, id) {
        leg.role = Role::Called;
        leg.dialed = true;
        leg.dialed_by = dialer.or_else(|| leg.dialed_by.take());
    }
}

fn forwarded(model: &mut Model, event: &Event) {
    let (Some(to), Some(dest)) = (filled(event, "Forward"), filled(event, "DestUniqueid")) else {
        return;
    };
    let Some(call) = call_of(model, event, &dest) else { return };
    let Some(leg) = leg_mut(model, &call, &dest) else { return };
    if set(&mut leg.forwarded_to, to.as_bytes()) {
        let channel = Id::clone(&leg.channel);
        model.tell(What::CallForwarded { call, channel, to: to.into() });
    }
}

/// Returns the call that has the leg: the one of the channel, or of the event if it has ended.
fn call_of(model: &Model, event: &Event, dest: &str) -> Option<Id> {
    if let Some(channel) = model.state.channels.get(dest) {
        return Some(Id::clone(&channel.call));
    }
    let call = model.state.calls.get(&filled(event, "DestLinkedid")?)?;
    Some(Id::clone(&call.id))
}
