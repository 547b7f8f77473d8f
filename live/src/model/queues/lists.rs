//! The list of queues: each with its members and callers.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use ami::{Collected, Event};
use rustc_hash::FxHashMap;

use super::super::base::Model;
use super::fields::{ago, id, number, seconds};
use super::{callers, exits, members};
use crate::change::What;
use crate::state::{AgentCall, Place, Queue, QueueCaller, QueueExit, QueueFigures};
use crate::table::Table;
use crate::text::{Id, set};

/// Applies the list. What it does not name is gone.
pub(super) fn apply(model: &mut Model, collected: &Collected) {
    if !model.state.freshness.is_current() {
        exits::lost(model);
    }
    // The members and callers of a queue follow it.
    let mut seen: Vec<Seen<'_>> = Vec::new();
    for item in &collected.items {
        let Some(queue) = id(item, "Queue") else { continue };
        if item.head() == b"QueueParams" {
            let queue = see(model, queue, item);
            seen.push(Seen { queue, members: HashSet::new(), callers: Vec::new() });
            continue;
        }
        let Some(seen) = seen.last_mut().filter(|it| it.queue == queue) else { continue };
        match item.head() {
            b"QueueMember" => {
                let Some(interface) = id(item, "Location") else { continue };
                members::take_over(model, &queue, &interface, item, true);
                seen.members.insert(interface);
            }
            b"QueueEntry" => seen.callers.push(item),
            _ => {}
        }
    }
    let names: HashSet<_> = seen.iter().map(|it| &it.queue).collect();
    let gone: Vec<_> =
        model.state.queues.ids().filter(|it| !names.contains(*it)).cloned().collect();
    for queue in gone {
        if let Some(queue) = model.state.queues.remove(&queue) {
            model.tell(What::QueueRemoved { queue });
        }
    }
    for seen in &seen {
        end_former_calls(model, &seen.queue);
        end_members(model, &seen.queue, &seen.members);
        place_callers(model, &seen.queue, &seen.callers);
    }
}

/// The items of a list that belong to one queue.
struct Seen<'a> {
    queue: Id,
    members: HashSet<Id>,
    callers: Vec<&'a Event>,
}

/// Takes over the parameters of a queue.
fn see(model: &mut Model, name: Id, item: &Event) -> Id {
    let now = model.now;
    if !model.state.queues.contains(&name) {
        let queue = Queue {
            name: Id::clone(&name),
            strategy: Box::default(),
            max: 0,
            weight: 0,
            service_level: Duration::ZERO,
            figures: figures(item, now),
            callers: Vec::new(),
            members: Table::default(),
            former: FxHashMap::default(),
            last: item.detach(),
        };
        model.state.queues.insert(Id::clone(&name), queue);
        model.tell(What::QueueAdded { queue: Id::clone(&name) });
    }
    let Some(queue) = model.state.queues.get_mut(&name) else { return name };
    set(&mut queue.strategy, item.get("Strategy").unwrap_or_default());
    queue.max = number(item, "Max").unwrap_or_default();
    queue.weight = number(item, "Weight").unwrap_or_default();
    queue.service_level = seconds(item, "ServiceLevel");
    queue.figures = figures(item, now);
    queue.last = item.detach();
    Id::clone(&queue.name)
}

fn figures(item: &Event, as_of: SystemTime) -> QueueFigures {
    QueueFigures {
        as_of,
        completed: number(item, "Completed").unwrap_or_default(),
        abandoned: number(item, "Abandoned").unwrap_or_default(),
        hold_time: seconds(item, "Holdtime"),
        talk_time: seconds(item, "TalkTime"),
        service_level_perf: number(item, "ServicelevelPerf").unwrap_or_default(),
        service_level_perf2: number(item, "ServicelevelPerf2").unwrap_or_default(),
    }
}

/// Forgets the calls of former members that ended unseen.
fn end_former_calls(model: &mut Model, queue: &Id) {
    let channels = &model.state.channels;
    let is_up = |it: &AgentCall| channels.contains(&it.caller) && channels.contains(&it.channel);
    if !model.state.freshness.is_current()
        && let Some(queue) = model.state.queues.get_mut(queue)
    {
        queue.former.retain(|_, calls| calls.iter().any(is_up));
    }
}

fn end_members(model: &mut Model, queue: &Id, seen: &HashSet<Id>) {
    let Some(entity) = model.state.queues.get_mut(queue) else { return };
    let gone: Vec<_> = entity.members.ids().filter(|it| !seen.contains(*it)).cloned().collect();
    let gone: Vec<_> = gone.iter().filter_map(|it| entity.members.remove(it)).collect();
    for member in gone {
        model.tell(What::MemberRemoved { queue: Id::clone(queue), member });
    }
}

/// Takes over the callers of a queue, which the list names in order.
fn place_callers(model: &mut Model, queue: &Id, items: &[&Event]) {
    let now = model.now;
    let Some(entity) = model.state.queues.get_mut(queue) else { return };
    let mut former = std::mem::take(&mut entity.callers);
    let mut joined = Vec::new();
    for (position, item) in (1..).zip(items) {
        let Some(channel) = id(item, "Uniqueid") else { continue };
        let position = number(item, "Position").unwrap_or(position);
        let known = former.iter().position(|it| it.channel == channel);
        let mut caller: Arc<QueueCaller> = if let Some(at) = known {
            former.remove(at)
        } else {
            joined.push((Id::clone(&channel), position));
            let mut caller = callers::new(&channel, position, ago(item, "Wait", now), item);
            caller.place = model.state.channels.get(&channel).map(|it| Place {
                context: it.context.clone(),
                exten: it.exten.clone(),
                priority: it.priority,
            });
            caller.has_subroutine = callers::has_subroutine(&model.state.channels, &channel);
            Arc::new(caller)
        };
        let it = Arc::make_mut(&mut caller);
        callers::describe(it, item);
        it.position = position;
        it.priority = number(item, "Priority").or(it.priority);
        it.last = item.detach();
        entity.callers.push(caller);
    }
    for caller in former {
        exits::gone(model, Id::clone(queue), caller, QueueExit::Unknown);
    }
    for (channel, position) in joined {
        model.tell(What::CallerJoinedQueue { queue: Id::clone(queue), channel, position });
    }
}
