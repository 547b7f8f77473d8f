//! Callers whose channels are taken out of their queue.

use std::sync::Arc;

use ami::Event;

use super::super::base::Model;
use super::fields::name;
use super::{callers, exits};
use crate::state::{Queue, QueueCaller, QueueExit};
use crate::text::Id;

/// Takes out a caller whose channel entered a bridge, executes another application, or ended while
/// it waited.
///
/// AMI's `Park`, `Bridge` and `Redirect` take a channel out of its application by putting an
/// internal one in its place. The server counts the caller as abandoned, but sends no events of an
/// internal channel.
pub(super) fn settle(model: &mut Model, event: &Event) {
    let (how, goes_on) = match event.head() {
        b"BridgeEnter" => (QueueExit::Redirected, false),
        b"Newexten" if event.get("Application") != Some(b"Queue") => (QueueExit::Redirected, true),
        // Another channel waits in the place of a zombie.
        b"Hangup" if !callers::is_zombie(event) => (QueueExit::Abandoned, false),
        _ => return,
    };
    if model.state.queues.iter().all(|queue| queue.callers.is_empty()) {
        return;
    }
    let Some(channel) = name(event, "Uniqueid") else { return };
    while let Some(queue) = waits_in(model, &channel, goes_on) {
        let Some(entity) = model.state.queues.get_mut(&queue) else { return };
        let Some(caller) = callers::take(entity, &channel) else { return };
        // The server can have told that at the last moment.
        if caller.last.head() != b"QueueCallerAbandon" {
            entity.figures.abandoned = entity.figures.abandoned.saturating_add(1);
        }
        exits::gone(model, queue, caller, how.clone());
    }
}

/// Returns the queue that a channel waits in. One that goes on in the dialplan may wait if its
/// application runs a subroutine.
fn waits_in(model: &Model, channel: &str, goes_on: bool) -> Option<Id> {
    let is = |it: &Arc<QueueCaller>| *it.channel == *channel && !(goes_on && it.has_subroutine);
    let is_in = |queue: &&Arc<Queue>| queue.callers.iter().any(is);
    model.state.queues.iter().find(is_in).map(|queue| Id::clone(&queue.name))
}
