//! Members of queues.

use std::time::Duration;

use ami::Event;
use ami::value::DeviceState;

use super::super::base::Model;
use super::fields::{known, name, number, seconds, time, yes};
use crate::change::What;
use crate::state::{AgentCall, Channel, Membership, Pause, QueueMember, Since};
use crate::table::Table;
use crate::text::{Id, set};

/// The time within which an event may still tell the number of calls from before the last
/// completed one: the server tells the completion first, and counts behind it.
const COUNTING: Duration = Duration::from_secs(2);

/// Applies an event that describes a member. Only a list or the event of its birth makes a member
/// known.
pub(super) fn see(model: &mut Model, event: &Event, creates: bool) {
    let (Some(queue), Some(interface)) = (name(event, "Queue"), name(event, "Interface")) else {
        return;
    };
    take_over(model, &queue, &interface, event, creates);
}

/// Applies an event that a member is gone.
pub(super) fn remove(model: &mut Model, event: &Event) {
    let (Some(queue), Some(interface)) = (name(event, "Queue"), name(event, "Interface")) else {
        return;
    };
    let Some(entity) = model.state.queues.get_mut(&queue) else { return };
    let Some(member) = entity.members.remove(&interface) else { return };
    if !member.calls.is_empty() {
        let calls = member.calls.iter().map(|it| AgentCall { counts: false, ..it.clone() });
        let former = entity.former.entry(Id::clone(&member.interface)).or_default();
        former.extend(calls);
    }
    let queue = Id::clone(&entity.name);
    model.tell(What::MemberRemoved { queue, member });
}

/// Takes over what an event or a list item says of a member.
pub(super) fn take_over(
    model: &mut Model,
    queue: &str,
    interface: &str,
    event: &Event,
    creates: bool,
) {
    let (now, from_list) = (model.now, model.from_list);
    let (since, is_current) = (model.since(), model.state.freshness.is_current());
    let Some(entity) = model.state.queues.get_mut(queue) else { return };
    let queue = Id::clone(&entity.name);
    let Some(member) = entity.members.get_mut(interface) else {
        if creates {
            let interface = Id::from(interface);
            let mut member = new(&interface, event);
            update(&mut member, event, since);
            member.calls = entity.former.remove(&interface).unwrap_or_default();
            entity.members.insert(Id::clone(&interface), member);
            model.tell(What::MemberAdded { queue, interface });
        }
        return;
    };
    let before =
        Before { status: member.status, penalty: member.penalty, paused: member.pause.is_some() };
    let (was_in_call, calls_taken) = (member.in_call, member.calls_taken);
    let former = (member.name.as_bytes() != event_name(event)).then(|| member.name.clone());
    let reason = member.pause.as_ref().is_some_and(|it| it.reason.as_bytes() != reason(event));
    let last_call = member.last_call;
    update(member, event, since);
    if !from_list
        && member.calls_taken.checked_add(1) == Some(calls_taken)
        && let Some(ended) = last_call
        && now.duration_since(ended).unwrap_or_default() < COUNTING
    {
        member.calls_taken = calls_taken;
        member.last_call = last_call;
        member.in_call = was_in_call;
    }
    let counted = was_in_call && !member.in_call && member.calls_taken > calls_taken;
    if from_list && !member.in_call {
        let is_new = was_in_call && !counted;
        keep_calls(&mut member.calls, &model.state.channels, is_current, is_new);
    }
    if counted && !from_list {
        // The member's device told the end of the call to the server before a channel did.
        entity.figures.completed = entity.figures.completed.saturating_add(1);
    }
    let member = Id::clone(&member.interface);
    before.tell(model, &queue, &member, reason);
    if let Some(from) = former {
        model.tell(What::MemberRenamed { queue, interface: member, from });
    }
}

/// Keeps the calls that go on, of a member that is in no call for the server. They are over, or the
/// queue was loaded again.
///
/// Behind a loss, a party can have left the other one unseen. Without a loss, one of them may have
/// another channel now, because a Local channel was optimized away.
///
/// `is_new` is `true` if the member is another one for the server than the one who answered.
fn keep_calls(
    calls: &mut Vec<AgentCall>,
    channels: &Table<Channel>,
    is_current: bool,
    is_new: bool,
) {
    calls.retain(|call| {
        let (caller, member) = (channels.contains(&call.caller), channels.contains(&call.channel));
        if is_current { caller || member } else { caller && member }
    });
    calls.iter_mut().for_each(|call| call.counts &= !is_new);
}

/// The fields of a member whose changes are told.
struct Before {
    status: DeviceState,
    penalty: i32,
    paused: bool,
}

impl Before {
    /// Tells what has changed since.
    fn tell(self, model: &mut Model, queue: &Id, interface: &Id, other_reason: bool) {
        let Some(member) = model.state.queues.get(queue).and_then(|it| it.members.get(interface))
        else {
            return;
        };
        let (to, penalty) = (member.status, member.penalty);
        let pause = member.pause.as_ref().map(|it| it.reason.clone());
        let names = || (Id::clone(queue), Id::clone(interface));
        let (queue, interface) = names();
        match pause {
            Some(reason) if !self.paused || other_reason => {
                model.tell(What::MemberPaused { queue, interface, reason });
            }
            None if self.paused => model.tell(What::MemberUnpaused { queue, interface }),
            _ => {}
        }
        let (queue, interface) = names();
        if self.status != to {
            model.tell(What::MemberStatus { queue, interface, from: self.status, to });
        }
        let (queue, interface) = names();
        if self.penalty != penalty {
            let from = self.penalty;
            model.tell(What::MemberPenalty { queue, interface, from, to: penalty });
        }
    }
}

fn new(interface: &Id, event: &Event) -> QueueMember {
    QueueMember {
        interface: Id::clone(interface),
        name: Box::default(),
        state_interface: Box::default(),
        membership: Membership::Other,
        penalty: 0,
        status: DeviceState::Unknown,
        pause: None,
        in_call: false,
        calls: Vec::new(),
        calls_taken: 0,
        last_call: None,
        last_pause: None,
        login_time: None,
        wrap_up: Duration::ZERO,
        ring_in_use: None,
        last: event.detach(),
    }
}

/// Returns the name of a member: `Name` in a list, `MemberName` in an event.
fn event_name(event: &Event) -> &[u8] {
    event.get("MemberName").or_else(|| event.get("Name")).unwrap_or_default()
}

fn reason(event: &Event) -> &[u8] {
    known(event, "PausedReason")
}

/// Sets all fields that a list item or an event tells; both tell all but one.
fn update(member: &mut QueueMember, event: &Event, since: Since) {
    set(&mut member.name, event_name(event));
    set(&mut member.state_interface, known(event, "StateInterface"));
    member.membership = match event.get("Membership") {
        Some(b"static") => Membership::Static,
        Some(b"dynamic") => Membership::Dynamic,
        Some(b"realtime") => Membership::Realtime,
        _ => Membership::Other,
    };
    member.penalty = number(event, "Penalty").unwrap_or_default();
    let status = event.get("Status").and_then(|it| std::str::from_utf8(it).ok()?.parse().ok());
    member.status = status.unwrap_or(DeviceState::Unknown);
    member.in_call = yes(event, "InCall");
    member.calls_taken = number(event, "CallsTaken").unwrap_or_default();
    member.last_call = time(event, "LastCall");
    member.last_pause = time(event, "LastPause");
    member.login_time = time(event, "LoginTime");
    member.wrap_up = seconds(event, "Wrapuptime");
    if event.get("Ringinuse").is_some() {
        member.ring_in_use = Some(yes(event, "Ringinuse"));
    }
    if yes(event, "Paused") {
        let began = member.last_pause.map_or(since, Since::At);
        let pause =
            member.pause.get_or_insert_with(|| Pause { reason: Box::default(), since: began });
        set(&mut pause.reason, reason(event));
    } else {
        member.pause = None;
    }
    member.last = event.detach();
}
