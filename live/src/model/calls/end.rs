//! The ends of legs and calls.

use ami::value::DialStatus;
use ami::{Cause, Event};

use super::super::base::Model;
use super::legs::prune;
use super::progress::{self, describe};
use crate::change::What;
use crate::state::{
    Call, CallEnd, CallState, Channel, HungUp, Leg, LegEnd, Outcome, Role, Transfer, TransferTarget,
};
use crate::text::{Id, filled};

/// Notes that the party of a leg hung up, unless the others go on without it. The server may tell
/// so behind the end of the channel.
pub(super) fn requested(model: &mut Model, event: &Event) {
    let Some(id) = filled(event, "Uniqueid") else { return };
    let channel = model.state.channels.get(&id);
    let is_queued = channel.is_some_and(|it| &*it.application == "Queue");
    let call = match channel {
        Some(channel) => Some(Id::clone(&channel.call)),
        None => filled(event, "Linkedid").map(|it| Id::from(&*it)),
    };
    let Some(it) = call.as_ref().and_then(|call| model.state.calls.get(call)) else { return };
    let Some(leg) = it.leg(&id).filter(|leg| leg.moved_to.is_none()) else { return };
    let stays = |leg: &&Leg| leg.is_up() && leg.answered.is_some() && !has_transferred(it, leg);
    let goes_on =
        it.parties().filter(stays).filter(|other| other.channel != leg.channel).count() > 1;
    // A party that is known to have hung up did so before one whose request comes that late.
    let is_open = if leg.is_up() { is_open(it) } else { it.hung_up == HungUp::Nobody };
    let counts = !leg.helper && !has_transferred(it, leg) && is_open;
    let (call, id) = (Id::clone(&it.id), Id::clone(&leg.channel));
    if counts
        && !goes_on
        && let Some(it) = model.state.calls.get_mut(&call)
    {
        it.abandoned = is_queued;
        it.hung_up = HungUp::Leg(id);
    }
}

/// Returns `true` if nobody has hung up, or the others stayed when the one who did was gone.
fn is_open(call: &Call) -> bool {
    match &call.hung_up {
        HungUp::Nobody => true,
        HungUp::Leg(id) => {
            call.leg(id).is_some_and(|leg| leg.answered.is_some() && leg.ended.is_some())
        }
        HungUp::Server => false,
    }
}

/// Returns `true` if a leg has transferred the call away: its end is not that of the call.
fn has_transferred(call: &Call, leg: &Leg) -> bool {
    let away = |it: &Transfer| it.success && !matches!(it.to, TransferTarget::Bridge(_));
    call.transfers.iter().any(|it| it.by == leg.channel && away(it))
}

/// Notes that a program asked the server to hang up, or a time limit was reached.
pub(super) fn requested_by_server(model: &mut Model, event: &Event) {
    // `AST_SOFTHANGUP_*`: a shutdown, a time limit, a request. At the end of a dialplan the server
    // writes the cause of the end there, so a combination of flags says nothing.
    let reason = filled(event, "Cause").and_then(|it| it.parse::<u32>().ok());
    let is_the_servers = matches!(reason, Some(4 | 8 | 32));
    let Some(id) = filled(event, "Uniqueid").filter(|_| is_the_servers) else { return };
    let Some(call) = model.state.channels.get(&id).map(|it| Id::clone(&it.call)) else { return };
    let Some(it) = model.state.calls.get(&call) else { return };
    // The second half of a Local channel that ends in the dialplan is the first one's.
    let is_party = |leg: &Leg| {
        let other = leg.other_half.as_deref().and_then(|id| it.leg(id));
        !leg.helper || other.is_some_and(|other| !other.helper)
    };
    if it.hung_up == HungUp::Nobody
        && it.leg(&id).is_some_and(is_party)
        && let Some(it) = model.state.calls.get_mut(&call)
    {
        it.hung_up = HungUp::Server;
    }
}

/// Notes that a channel ended, and the call with its last one.
pub(super) fn leg(model: &mut Model, channel: &Channel, cause: Option<Cause>) {
    let (at, call) = (model.since(), Id::clone(&channel.call));
    let Some(it) = model.state.calls.get_mut(&call) else { return };
    let Some(leg) = it.legs.iter_mut().find(|leg| leg.channel == channel.id) else { return };
    describe(leg, channel);
    leg.ended.get_or_insert(LegEnd { at, cause });
    let up = it.legs.iter().any(Leg::is_up);
    if up {
        prune(it);
        progress::refresh(model, &call);
    }
    let channel = Id::clone(&channel.id);
    model.tell(What::LegEnded { call: Id::clone(&call), channel, cause });
    if !up {
        finish(model, &call, cause.is_some());
    }
}

fn finish(model: &mut Model, id: &Id, seen: bool) {
    let (at, gone) = (model.since(), model.gone);
    let Some(call) = model.state.calls.remove(id) else { return };
    let mut call = Call::clone(&call);
    let outcome = match (seen, gone) {
        (true, _) => outcome(&call),
        (false, Outcome::Unknown) if call.answered.is_some() => Outcome::Answered,
        (false, gone) => gone,
    };
    let hung_up_by = match &call.hung_up {
        HungUp::Leg(id) if seen => Some(Id::clone(id)),
        _ => None,
    };
    call.ended = Some(CallEnd { at, outcome, cause: cause(&call), hung_up_by });
    call.state = CallState::Ended;
    prune(&mut call);
    model.tell(What::CallEnded(call.into()));
}

/// Returns the outcome of a call whose end was seen.
fn outcome(call: &Call) -> Outcome {
    if call.answered.is_some() {
        return Outcome::Answered;
    }
    let gave_up = match &call.hung_up {
        HungUp::Leg(id) => call.leg(id).is_some_and(|leg| leg.role != Role::Called),
        HungUp::Server => true,
        HungUp::Nobody => false,
    };
    if call.abandoned {
        return Outcome::Cancelled;
    }
    let results = || last_called(call).filter_map(|leg| leg.dial_status.as_ref());
    if results().next().is_some() {
        let any = |status: DialStatus<'_>| results().any(|it| *it == status);
        return match () {
            () if any(DialStatus::Cancel) && gave_up => Outcome::Cancelled,
            () if any(DialStatus::Answer) => Outcome::Answered,
            // A queue that gives up for its caller also cancels.
            () if any(DialStatus::NoAnswer) || any(DialStatus::Cancel) => Outcome::NoAnswer,
            () if any(DialStatus::Busy) => Outcome::Busy,
            () if any(DialStatus::Congestion) => Outcome::Congestion,
            () => Outcome::Failed,
        };
    }
    if call.accepted.is_some() {
        return Outcome::Answered;
    }
    match cause(call).map(Cause::number) {
        Some(17) => Outcome::Busy,
        Some(34) => Outcome::Congestion,
        Some(18 | 19) => Outcome::NoAnswer,
        _ if gave_up => Outcome::Cancelled,
        _ => Outcome::Failed,
    }
}

/// Returns the parties that were dialled last: the last one, and those that were dialled with it.
fn last_called(call: &Call) -> impl Iterator<Item = &Leg> {
    let dialed = |leg: &&Leg| !leg.helper && leg.dialed;
    let last = call.legs.iter().rev().find(dialed);
    let (by, since) = match last {
        Some(leg) => (leg.dialed_by.clone(), Some(leg.since.time())),
        None => (None, None),
    };
    // All events of one batch may have one time, so a leg can begin when it ends.
    let overlaps = move |leg: &&Leg| {
        let ended = leg.ended.map(|it| it.at.time());
        leg.dialed_by == by && since.is_some_and(|since| ended.is_none_or(|it| it >= since))
    };
    call.legs.iter().filter(dialed).filter(overlaps)
}

fn cause(call: &Call) -> Option<Cause> {
    let answered = call.answered_by.as_deref().and_then(|id| call.leg(id));
    let called = || last_called(call).last();
    let leg = answered.filter(|leg| leg.ended.is_some()).or_else(called);
    leg.filter(|leg| leg.ended.is_some()).or_else(|| call.caller())?.ended?.cause
}
