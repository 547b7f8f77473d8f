//! Queues: callers wait, members are called.

use ami::event::{
    AgentComplete, AgentConnect, AgentRingNoAnswer, QueueCallerAbandon, QueueCallerJoin,
    QueueCallerLeave,
};
use ami::value::DialStatus;

use crate::ladder::calls::Ladders;
use crate::ladder::row::Place;
use crate::ladder::text::{lasting, short};
use crate::out::Style;

pub(super) fn join(ladders: &mut Ladders, event: &QueueCallerJoin) {
    let Some(at) = ladders.find(event.snapshot()) else { return };
    let queue = event.queue().unwrap_or_default();
    let Some(leg) = ladders.leg(at) else { return };
    (leg.queue, leg.abandoned) = (Some(short(&queue)), false);
    let position = event.position().ok().flatten().unwrap_or_default();
    let text = format!("joins the queue {queue} at {position}");
    ladders.note(at, "queue joined", text, Style::Strong);
}

pub(super) fn leave(ladders: &mut Ladders, event: &QueueCallerLeave) {
    let Some(at) = ladders.find(event.snapshot()) else { return };
    let queue = event.queue().unwrap_or_default();
    let Some(leg) = ladders.leg(at) else { return };
    leg.queue = None;
    if !leg.abandoned {
        ladders.note(at, "queue left", format!("leaves the queue {queue}"), Style::Dim);
    }
}

pub(super) fn abandon(ladders: &mut Ladders, event: &QueueCallerAbandon) {
    let Some(at) = ladders.find(event.snapshot()) else { return };
    let Some(leg) = ladders.leg(at) else { return };
    leg.abandoned = true;
    let queue = event.queue().unwrap_or_default();
    let waited = event.hold_time().ok().flatten().unwrap_or_default();
    let position = event.position().ok().flatten().unwrap_or_default();
    let waited = lasting(waited);
    let text = format!("leaves the queue {queue} unanswered, at {position} after {waited}");
    ladders.note(at, "queue abandoned", text, Style::Bad);
}

pub(super) fn connect(ladders: &mut Ladders, event: &AgentConnect) {
    let Some(at) = ladders.find(event.snapshot()) else { return };
    ladders.find(event.dest());
    let member = event.member_name().unwrap_or_default();
    let queue = event.queue().unwrap_or_default();
    let waited = event.hold_time().ok().flatten().unwrap_or_default();
    let waited = lasting(waited);
    let text = format!("{member} answers for {queue} after {waited}");
    ladders.note(at, "queue answered", text, Style::Good);
}

pub(super) fn no_answer(ladders: &mut Ladders, event: &AgentRingNoAnswer) {
    let Some(caller) = ladders.find(event.snapshot()) else { return };
    let Some(at) = ladders.find(event.dest()) else { return };
    // The result of dialling tells the same.
    let Some(leg) = ladders.leg(at).filter(|leg| leg.status.is_none()) else { return };
    leg.status = Some(DialStatus::NoAnswer);
    if caller.call == at.call {
        let place = Place::Arrow(at.leg, caller.leg);
        ladders.row(at.call, "no answer", place, "no answer", Style::Bad);
    }
}

pub(super) fn complete(ladders: &mut Ladders, event: &AgentComplete) {
    let Some(at) = ladders.find(event.dest()) else { return };
    ladders.find(event.snapshot());
    let queue = event.queue().unwrap_or_default();
    let talked = event.talk_time().ok().flatten().unwrap_or_default();
    let talked = lasting(talked);
    let reason = event.reason();
    let reason = match reason.as_ref().map_or("", |it| it.as_str()) {
        "caller" => "the caller hung up",
        "agent" => "the member hung up",
        "transfer" => "transferred",
        other => other,
    };
    let text = format!("{queue} completed: {talked}, {reason}");
    ladders.note(at, "queue completed", text, Style::Dim);
}
