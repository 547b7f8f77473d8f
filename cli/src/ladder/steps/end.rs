//! The ends of channels and calls.

use ami::Cause;
use ami::event::{ChannelSnapshot, Hangup, SoftHangupRequest};

use crate::ladder::call::HungUpBy;
use crate::ladder::calls::Ladders;
use crate::out::Style;

/// The party of a leg has hung up.
pub(super) fn requested(ladders: &mut Ladders, snapshot: ChannelSnapshot<'_>) {
    let Some(at) = ladders.find(snapshot) else { return };
    let is_party = |leg: &mut crate::ladder::leg::Leg| {
        let first = !leg.has_asked;
        leg.has_asked = true;
        first && !leg.is_local
    };
    if ladders.leg(at).is_some_and(is_party) {
        ladders.hung_up(at.call, HungUpBy::Leg(at.leg));
        ladders.note(at, "hangs up", "hangs up", None);
    }
}

/// A program has asked the server to hang up, or a time limit was reached.
pub(super) fn requested_by_server(ladders: &mut Ladders, event: &SoftHangupRequest) {
    // `AST_SOFTHANGUP_*`. The server writes the cause of the end there when a dialplan has ended,
    // so a combination of flags says nothing.
    let text = match event.cause().ok().flatten().map(Cause::number) {
        Some(4) => "the server shuts down",
        Some(8) => "the time limit is reached",
        Some(32) => "the server is asked to hang up",
        _ => return,
    };
    let Some(at) = ladders.find(event.snapshot()) else { return };
    if ladders.leg(at).is_some_and(|leg| !leg.is_local && leg.is_open()) {
        ladders.hung_up(at.call, HungUpBy::Server);
        ladders.note(at, "hangup requested", text, Style::Dim);
    }
}

pub(super) fn hangup(ladders: &mut Ladders, event: &Hangup) {
    let Some(id) = event.unique_id() else { return };
    let Some(at) = ladders.find(event.snapshot()) else { return };
    ladders.leave(id.as_str());
    if !ladders.end_channel(at, id.as_str()) {
        return;
    }
    let cause = event.cause().ok().flatten();
    let Some(leg) = ladders.leg(at) else { return };
    leg.cause = cause;
    if leg.is_local {
        ladders.note(at, "ended", "ends", Style::Dim);
    } else {
        let number = cause.map(Cause::number).unwrap_or_default();
        // Those are the ends of calls that went well, or that others have answered.
        let style = if matches!(number, 0 | 16 | 26) { None } else { Some(Style::Bad) };
        ladders.note(at, "ended", format!("ends: {}", words(cause)), style);
    }
    ladders.end_leg(at);
}

/// Returns a cause in words, with its number.
fn words(cause: Option<Cause>) -> String {
    match cause {
        None => "no cause".to_owned(),
        Some(cause) if cause.number() == 0 => "no cause".to_owned(),
        Some(cause) => match cause.text() {
            Some(text) => format!("{text} ({})", cause.number()),
            None => format!("cause {}", cause.number()),
        },
    }
}
