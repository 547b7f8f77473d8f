//! Exits of callers from queues.
//!
//! `QueueCallerLeave` does not tell it. Behind it comes `AgentConnect`, or the end of the channel,
//! or the next step of its dialplan. The change is told then; the state knows of the leaving
//! before.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::super::base::Model;
use super::super::left::Left;
use crate::change::What;
use crate::state::{Channel, Part, QueueCaller, QueueExit};
use crate::text::Id;

/// Notes that a caller has left.
pub(super) fn left(model: &mut Model, queue: Id, caller: Arc<QueueCaller>) {
    let waited = wait(&caller, model.now);
    // Without channels, an answer alone can be seen. The next caller who leaves the queue does so
    // behind it.
    if model.state.coverage.of(Part::Channels).is_err() {
        give_up(model, |it| it.queue == queue);
    }
    model.left.push(Left { queue, caller, waited });
}

/// Notes that a member answered a caller.
pub(super) fn answered(model: &mut Model, queue: &str, caller: &str, how: QueueExit) {
    let it = |it: &Left| *it.queue == *queue && *it.caller.channel == *caller;
    let Some(at) = model.left.iter().position(it) else { return };
    tell(model, at, how);
}

/// Notes that a channel joins a queue, so that it has left others.
pub(super) fn joined(model: &mut Model, channel: &str) {
    let Some(at) = model.left.iter().position(|it| *it.caller.channel == *channel) else {
        return;
    };
    tell(model, at, QueueExit::Redirected);
}

/// Tells a caller who has left, of whom nothing more will be told.
pub(super) fn gone(model: &mut Model, queue: Id, caller: Arc<QueueCaller>, how: QueueExit) {
    let waited = wait(&caller, model.now);
    model.tell(What::CallerLeftQueue { queue, caller, how, waited });
}

/// Tells all callers of whom nobody will tell how they left, for events were lost.
pub(super) fn lost(model: &mut Model) {
    give_up(model, |_| true);
}

fn give_up(model: &mut Model, which: impl Fn(&Left) -> bool) {
    while let Some(at) = model.left.iter().position(&which) {
        tell(model, at, QueueExit::Unknown);
    }
}

fn wait(caller: &QueueCaller, now: SystemTime) -> Duration {
    now.duration_since(caller.since.time()).unwrap_or_default()
}

fn tell(model: &mut Model, at: usize, how: QueueExit) {
    let Left { queue, caller, waited, .. } = model.left.remove(at);
    model.tell(What::CallerLeftQueue { queue, caller, how, waited });
}

/// Looks at the channels of the callers who have left. Called behind each event.
pub(super) fn settle(model: &mut Model) {
    if model.left.is_empty() || model.state.coverage.of(Part::Channels).is_err() {
        return;
    }
    let mut at = 0;
    while let Some(left) = model.left.get(at) {
        let channel = model.state.channels.get(&left.caller.channel);
        match how(left, channel.map(AsRef::as_ref)) {
            Some(how) => tell(model, at, how),
            None => at += 1,
        }
    }
}

/// Returns how a caller left, as far as the channel tells it.
fn how(left: &Left, channel: Option<&Channel>) -> Option<QueueExit> {
    let Some(channel) = channel else { return Some(QueueExit::Abandoned) };
    let place = left.caller.place.as_ref()?;
    let same = place.context == channel.context && place.exten == channel.exten;
    if !same {
        // The server goes to `h` after the end.
        let ended = &*channel.exten == "h";
        return Some(if ended { QueueExit::Abandoned } else { QueueExit::Redirected });
    }
    if channel.priority == place.priority {
        return None;
    }
    let next = Some(channel.priority) == place.priority.checked_add(1);
    Some(if next { QueueExit::TimedOut } else { QueueExit::Redirected })
}
