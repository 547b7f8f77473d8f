//! The counts that changes make.

use std::sync::Arc;
use std::time::Duration;

use crate::change::What;
use crate::state::{Call, QueueExit, QueueTotals, Since, State, Totals};
use crate::text::Id;

/// Counts a change.
#[inline]
pub(super) fn count(state: &mut State, what: &What) {
    match what {
        What::CallEnded(call) => ended(Arc::make_mut(&mut state.totals), call),
        What::CallerLeftQueue { queue, how, waited, .. } => left(state, queue, how, *waited),
        What::AgentCompleted { queue, talked, .. } => of(state, queue).talks.add(*talked),
        What::Freshness(freshness) if freshness.is_current() => {
            Arc::make_mut(&mut state.totals).current += 1;
        }
        _ => {}
    }
}

fn ended(totals: &mut Totals, call: &Call) {
    let Some(end) = &call.ended else { return };
    totals.calls[end.outcome as usize] += 1;
    let took = |since| between(since, end.at);
    if let Some(duration) = took(call.since) {
        totals.durations.add(duration);
    }
    if let Some(talked) = call.answered.and_then(took) {
        totals.talks.add(talked);
    }
}

/// Returns the time between two moments that were both seen.
fn between(since: Since, end: Since) -> Option<Duration> {
    match (since, end) {
        (Since::At(since), Since::At(end)) => Some(end.duration_since(since).unwrap_or_default()),
        _ => None,
    }
}

fn left(state: &mut State, queue: &Id, how: &QueueExit, waited: Duration) {
    let in_time = matches!(how, QueueExit::Answered { .. })
        && state.queues.get(queue).is_some_and(|it| waited <= it.service_level);
    let totals = of(state, queue);
    totals.wait(how).add(waited);
    totals.in_time += u64::from(in_time);
}

fn of<'a>(state: &'a mut State, queue: &Id) -> &'a mut QueueTotals {
    Arc::make_mut(&mut state.totals).queues.entry(queue, QueueTotals::new)
}
