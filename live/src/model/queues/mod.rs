//! The queues.
//!
//! The server changes the callers of a queue and tells it under one lock, so positions follow from
//! the events. How a caller left is told behind the leaving, or not at all: see `exits`.

mod agents;
mod callers;
mod exits;
mod fields;
mod lists;
mod members;
mod taken;
#[cfg(test)]
mod tests;

use ami::{Action, Collected, Event};

use super::base::Model;
use crate::state::Part;

pub(super) const LISTS: &[&str] = &["QueueStatus"];

/// All are of the class `agent`, but for `Reload` (`system`), which says that queues may have come
/// and gone.
pub(super) const EVENTS: &[&str] = &[
    "QueueCallerJoin",
    "QueueCallerLeave",
    "QueueCallerAbandon",
    "QueueMemberAdded",
    "QueueMemberRemoved",
    "QueueMemberPause",
    "QueueMemberPenalty",
    "QueueMemberRinginuse",
    "QueueMemberStatus",
    "AgentCalled",
    "AgentConnect",
    "AgentComplete",
    "AgentDump",
    "AgentRingNoAnswer",
    "Reload",
];

/// Applies an event. Returns `false` if it is of another part.
pub(super) fn event(model: &mut Model, name: &[u8], event: &Event) -> bool {
    match name {
        b"QueueCallerJoin" => callers::join(model, event),
        b"QueueCallerLeave" => callers::leave(model, event),
        b"QueueCallerAbandon" => callers::abandon(model, event),
        b"QueueMemberAdded" => members::see(model, event, true),
        b"QueueMemberRemoved" => members::remove(model, event),
        b"QueueMemberPause"
        | b"QueueMemberPenalty"
        | b"QueueMemberRinginuse"
        | b"QueueMemberStatus" => members::see(model, event, false),
        b"AgentCalled" => agents::called(model, event),
        b"AgentConnect" => agents::connect(model, event),
        b"AgentComplete" => agents::complete(model, event),
        b"AgentDump" => agents::dump(model, event),
        b"AgentRingNoAnswer" => agents::rang_out(model, event),
        b"Reload" => {
            if event.get("Module") == Some(b"app_queue") {
                model.request(Part::Queues, Action::new("QueueStatus"));
            }
            return false;
        }
        _ => return false,
    }
    true
}

/// Looks at the channels of callers. Called behind each event and list.
pub(super) fn settle(model: &mut Model, event: Option<&Event>) {
    if let Some(event) = event {
        taken::settle(model, event);
    }
    exits::settle(model);
}

/// Applies the list of queues.
pub(super) fn list(model: &mut Model, _action: &str, collected: &Collected) {
    lists::apply(model, collected);
}
