//! Families of queues.

use std::collections::BTreeMap;
use std::fmt;

use super::text::{Counts, Kind, family};
use crate::state::{EXITS, QueueMember, QueueTotals, State};

pub(super) fn write(state: &State, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    totals(state, f)?;
    let Ok(queues) = state.queues() else { return Ok(()) };
    let queues = queues.sorted();
    let mut it = family(f, Kind::Gauge, "asterisk_queue_callers", "Callers who wait.")?;
    for queue in &queues {
        it.sample(&[("queue", &queue.name)], queue.callers.len() as u64)?;
    }
    let help = "Members by the state of their device.";
    let mut it = family(f, Kind::Gauge, "asterisk_queue_members", help)?;
    for queue in &queues {
        let states = Counts::of(queue.members.iter().map(|it| it.status.name()));
        for (state, count) in states.iter() {
            it.sample(&[("queue", &queue.name), ("state", state)], count)?;
        }
    }
    type Is = fn(&QueueMember) -> bool;
    for (name, help, is) in [
        (
            "asterisk_queue_members_paused",
            "Members that are paused.",
            (|it| it.pause.is_some()) as Is,
        ),
        ("asterisk_queue_members_in_call", "Members in a call of the queue.", is_in_call),
    ] {
        let mut it = family(f, Kind::Gauge, name, help)?;
        for queue in &queues {
            let count = queue.members.iter().filter(|it| is(it)).count();
            it.sample(&[("queue", &queue.name)], count as u64)?;
        }
    }
    Ok(())
}

/// Returns `true` if a member is in a call of the queue. The flag of the server can be behind the
/// event that the member answered.
fn is_in_call(member: &QueueMember) -> bool {
    member.in_call || !member.calls.is_empty()
}

/// Writes what was counted of all queues, those that have been removed among them.
fn totals(state: &State, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let fresh = state.queues.iter().map(|it| QueueTotals::new((*it.name).into()));
    let mut all: BTreeMap<_, _> = fresh.map(|it| (it.name.clone(), it.into())).collect();
    all.extend(state.totals.queues.iter().map(|it| (it.name.clone(), it.clone())));
    let all: Vec<_> = all.into_values().collect();
    let help = "Waits of callers by the way in which they left the queue.";
    let mut it = family(f, Kind::Histogram, "asterisk_queue_wait_seconds", help)?;
    for queue in &all {
        for (result, waits) in EXITS.into_iter().zip(&queue.waits) {
            it.histogram(&[("queue", &queue.name), ("result", result)], waits)?;
        }
    }
    let help = "Callers whom a member answered within the service level of the queue.";
    let mut it = family(f, Kind::Counter, "asterisk_queue_answered_in_service_level", help)?;
    for queue in &all {
        it.sample(&[("queue", &queue.name)], queue.in_time)?;
    }
    let help = "Times that members talked with callers.";
    let mut it = family(f, Kind::Histogram, "asterisk_queue_talk_seconds", help)?;
    for queue in &all {
        it.histogram(&[("queue", &queue.name)], &queue.talks)?;
    }
    Ok(())
}
