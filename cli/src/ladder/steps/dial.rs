//! Dialling: who calls whom, and what became of it.

use ami::event::{ChannelSnapshot, DialBegin, DialEnd, DialState, Pickup};
use ami::value::DialStatus;

use super::channel::rings;
use crate::ladder::calls::{At, Ladders};
use crate::ladder::row::Place;
use crate::ladder::text::short;
use crate::out::Style;

/// Returns the dialled leg, and the one that dials it if both are of one call.
fn both(
    ladders: &mut Ladders,
    dialer: ChannelSnapshot<'_>,
    dest: ChannelSnapshot<'_>,
) -> Option<(At, Option<usize>)> {
    let dialer = ladders.find(dialer);
    let dest = ladders.find(dest)?;
    let dialer = dialer.filter(|it| it.call == dest.call && it.leg != dest.leg);
    Some((dest, dialer.map(|it| it.leg)))
}

pub(super) fn begin(ladders: &mut Ladders, event: &DialBegin) {
    let Some((at, by)) = both(ladders, event.snapshot(), event.dest()) else { return };
    let dialed = event.dial_string().unwrap_or_default();
    let Some(ladder) = ladders.ladder(at.call) else { return };
    ladder.hung_up_by = None;
    let queue = by.and_then(|by| ladder.legs.get(by)?.queue.clone());
    let leg = &mut ladder.legs[at.leg];
    (leg.dialed_by, leg.is_dialed, leg.called) = (by, true, short(&dialed));
    let text = queue.map_or_else(|| "dial".to_owned(), |queue| format!("queue {queue}"));
    match by {
        Some(by) => ladders.row(at.call, "dial", Place::Arrow(by, at.leg), text, None),
        None => ladders.note(at, "dial", format!("the server calls {dialed}"), Style::Strong),
    }
    if ladders.leg(at).is_some_and(|leg| leg.rings) {
        rings(ladders, at);
    }
}

pub(super) fn state(ladders: &mut Ladders, event: &DialState) {
    let Some((at, by)) = both(ladders, event.snapshot(), event.dest()) else { return };
    forward(ladders, at, by, event.forward().unwrap_or_default().as_ref());
    match event.dial_status() {
        Some(DialStatus::Ringing) => rings(ladders, at),
        Some(DialStatus::Progress) => back(ladders, at, by, "progress", "progress", None),
        _ => {}
    }
}

pub(super) fn end(ladders: &mut Ladders, event: &DialEnd) {
    let Some((at, by)) = both(ladders, event.snapshot(), event.dest()) else { return };
    forward(ladders, at, by, event.forward().unwrap_or_default().as_ref());
    let Some(status) = event.dial_status().map(DialStatus::into_owned) else { return };
    let is_answer = status == DialStatus::Answer;
    let Some(leg) = ladders.leg(at) else { return };
    // A queue tells a second result of the members that it gave up on.
    if leg.status.is_some() && (!is_answer || leg.status == Some(DialStatus::Answer)) {
        return;
    }
    let is_local = leg.is_local;
    // The Local channels of attended transfers are dialled by nobody.
    let is_hidden = is_local && !leg.is_dialed;
    leg.is_up |= is_answer;
    leg.status = Some(status.clone());
    if is_answer && let Some(ladder) = ladders.ladder(at.call) {
        // Nobody is called on behalf of a party if the server calls on request.
        let counts = by.is_some() && !is_local;
        (ladder.answered, ladder.hung_up_by) = (ladder.answered || counts, None);
        ladder.accepted |= by.is_none();
    }
    if is_hidden {
        return;
    }
    let (step, text, style) = words(&status);
    back(ladders, at, by, step, &text, style);
}

/// Adds an arrow from the leg that is dialled to the one that dials.
fn back(
    ladders: &mut Ladders,
    at: At,
    by: Option<usize>,
    step: &'static str,
    text: &str,
    style: Option<Style>,
) {
    match by {
        Some(by) => ladders.row(at.call, step, Place::Arrow(at.leg, by), text, style),
        None => ladders.note(at, step, text, style),
    }
}

fn words(status: &DialStatus<'_>) -> (&'static str, String, Option<Style>) {
    let (step, style) = match status {
        DialStatus::Answer => ("answered", Style::Good),
        DialStatus::Busy => ("busy", Style::Bad),
        DialStatus::NoAnswer => ("no answer", Style::Bad),
        DialStatus::Cancel => ("cancelled", Style::Dim),
        DialStatus::Congestion => ("congestion", Style::Bad),
        DialStatus::ChanUnavail => ("unavailable", Style::Bad),
        other => return ("dialed", other.as_str().to_lowercase(), None),
    };
    (step, step.to_owned(), Some(style))
}

fn forward(ladders: &mut Ladders, at: At, by: Option<usize>, to: &str) {
    let Some(leg) = ladders.leg(at).filter(|_| !to.is_empty()) else { return };
    if leg.forwarded != to {
        leg.forwarded = short(to);
        let text = format!("forwards to {to}");
        back(ladders, at, by, "forwarded", &text, Some(Style::Strong));
    }
}

pub(super) fn pickup(ladders: &mut Ladders, event: &Pickup) {
    let Some(by) = ladders.find(event.snapshot()) else { return };
    let Some(target) = ladders.find(event.target()) else { return };
    let name = |ladders: &mut Ladders, at| ladders.leg(at).map(|leg| leg.short_name());
    let from = name(ladders, target).unwrap_or_default();
    if let Some(ladder) = ladders.ladder(target.call) {
        ladder.answered = true;
    }
    if by.call == target.call {
        let place = Place::Arrow(by.leg, target.leg);
        ladders.row(by.call, "pickup", place, "picks the call up", Style::Good);
        return;
    }
    let who = name(ladders, by).unwrap_or_default();
    ladders.note(by, "pickup", format!("picks up the call of {from}"), Style::Good);
    ladders.note(target, "pickup", format!("picked up by {who}"), Style::Good);
}
