//! Callers who wait in queues.

use std::sync::Arc;

use ami::Event;

use super::super::base::Model;
use super::exits;
use super::fields::{id, known, name, number};
use crate::change::What;
use crate::state::{Channel, Place, Queue, QueueCaller, QueueExit, Since};
use crate::table::Table;
use crate::text::{Id, party, set};

/// Applies an event that a caller joined.
pub(super) fn join(model: &mut Model, event: &Event) {
    let (Some(queue), Some(channel)) = (id(event, "Queue"), id(event, "Uniqueid")) else { return };
    let (since, has_subroutine) = (model.since(), has_subroutine(&model.state.channels, &channel));
    // A caller who joins again has left.
    exits::joined(model, &channel);
    let Some(entity) = model.state.queues.get_mut(&queue) else { return };
    let queue = Id::clone(&entity.name);
    let told: u32 = number(event, "Position").unwrap_or(1);
    // The last one stands behind those whose end is still to be told.
    let is_last = number(event, "Count") == Some(told);
    let behind = u32::try_from(entity.callers.len()).unwrap_or(u32::MAX).saturating_add(1);
    let position = if is_last { told.max(behind) } else { told };
    if let Some(known) = entity.callers.iter_mut().find(|it| it.channel == channel) {
        // A list that ran ahead has told of the caller already.
        let known = Arc::make_mut(known);
        known.has_subroutine |= has_subroutine;
        known.since = since;
        known.place = place(event);
        known.last = event.detach();
        return;
    }
    let mut caller = new(&channel, position, since, event);
    caller.has_subroutine = has_subroutine;
    insert(entity, caller);
    model.tell(What::CallerJoinedQueue { queue, channel, position });
}

/// Makes a caller from an event or a list item.
pub(super) fn new(channel: &Id, position: u32, since: Since, event: &Event) -> QueueCaller {
    let mut caller = QueueCaller {
        channel: Id::clone(channel),
        channel_name: Box::default(),
        number: Box::default(),
        name: Box::default(),
        position,
        priority: None,
        since,
        ringing: Vec::new(),
        last: event.detach(),
        place: place(event),
        has_subroutine: false,
    };
    describe(&mut caller, event);
    caller
}

/// Returns where the channel of an event is in the dialplan. List items do not tell it.
fn place(event: &Event) -> Option<Place> {
    let part = |name| event.get(name).map(String::from_utf8_lossy);
    let (context, exten) = (part("Context")?.into(), part("Exten")?.into());
    Some(Place { context, exten, priority: number(event, "Priority")? })
}

/// Sets the fields that events and list items share.
pub(super) fn describe(caller: &mut QueueCaller, event: &Event) {
    set(&mut caller.channel_name, known(event, "Channel"));
    if event.head() == b"QueueEntry" {
        // Written without escapes.
        set(&mut caller.number, known(event, "CallerIDNum"));
        set(&mut caller.name, known(event, "CallerIDName"));
    } else {
        set(&mut caller.number, &party(event, "CallerIDNum"));
        set(&mut caller.name, &party(event, "CallerIDName"));
    }
}

/// Puts a caller at its position. Those from there on move back.
fn insert(queue: &mut Queue, caller: QueueCaller) {
    let at = (caller.position as usize).saturating_sub(1).min(queue.callers.len());
    queue.callers.insert(at, Arc::new(caller));
    number_from(queue, at);
}

/// Sets the positions from an index on.
fn number_from(queue: &mut Queue, at: usize) {
    for (position, caller) in (1..).zip(&mut queue.callers).skip(at) {
        if caller.position != position {
            Arc::make_mut(caller).position = position;
        }
    }
}

/// Takes a caller out. Those behind move up.
pub(super) fn take(queue: &mut Queue, channel: &str) -> Option<Arc<QueueCaller>> {
    let at = queue.callers.iter().position(|it| *it.channel == *channel)?;
    let caller = queue.callers.remove(at);
    number_from(queue, at);
    Some(caller)
}

/// Applies an event that a caller left.
pub(super) fn leave(model: &mut Model, event: &Event) {
    let Some((queue, channel)) = find(model, event) else { return };
    let Some(entity) = model.state.queues.get_mut(&queue) else { return };
    let Some(caller) = take(entity, &channel) else { return };
    if event.get("Uniqueid") == Some(channel.as_bytes()) {
        exits::left(model, queue, caller);
    } else {
        exits::gone(model, queue, caller, QueueExit::Unknown);
    }
}

/// Applies an event that a caller gave up, or the queue did. The leaving follows.
pub(super) fn abandon(model: &mut Model, event: &Event) {
    let Some((queue, channel)) = find(model, event) else { return };
    let Some(entity) = model.state.queues.get_mut(&queue) else { return };
    // The server counts before it tells, and a list that ran ahead has counted. Then it does not
    // name the caller any more.
    if let Some(caller) = entity.callers.iter_mut().find(|it| it.channel == channel) {
        Arc::make_mut(caller).last = event.detach();
        entity.figures.abandoned = entity.figures.abandoned.saturating_add(1);
    }
}

/// Returns `true` if the channel of an event has given its place to another one.
pub(super) fn is_zombie(event: &Event) -> bool {
    name(event, "Channel").is_some_and(|it| it.ends_with("<ZOMBIE>"))
}

/// Returns the queue of an event and the caller who waits in it.
///
/// Another channel can take the place of the caller, as an attended transfer does. It leaves from
/// the place of a channel that has ended.
fn find(model: &Model, event: &Event) -> Option<(Id, Id)> {
    let (queue, channel) = (name(event, "Queue")?, name(event, "Uniqueid")?);
    let queue = model.state.queues.get(&queue)?;
    let known = queue.callers.iter().find(|it| *it.channel == *channel);
    let caller = known.or_else(|| {
        let at = number::<usize>(event, "Position")?.checked_sub(1)?;
        let has_ended = |it: &&Arc<QueueCaller>| !model.state.channels.contains(&it.channel);
        model.state.channels().ok().and_then(|_| queue.callers.get(at).filter(has_ended))
    })?;
    Some((Id::clone(&queue.name), Id::clone(&caller.channel)))
}

/// Returns `true` if a channel that waits executes other applications meanwhile: `Queue` runs a
/// subroutine on it before a member is called if the options say so.
pub(super) fn has_subroutine(channels: &Table<Channel>, channel: &str) -> bool {
    let Some(channel) = channels.get(channel) else { return false };
    let options = channel.application_data.split(',').nth(1).unwrap_or_default();
    let mut depth = 0_u32;
    options.bytes().any(|it| {
        match it {
            b'(' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        it == b'B' && depth == 0
    })
}
