//! Members at work: ringing, answering and ending calls of callers.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use ami::Event;

use super::super::base::Model;
use super::exits;
use super::fields::{id, name, number, seconds};
use crate::change::What;
use crate::state::{
    AgentCall, Channel, CompletedBy, QueueCaller, QueueExit, QueueMember, QueueRing, Since,
};
use crate::table::Table;
use crate::text::Id;

/// The fields that all events about a member and a caller have.
struct Told {
    queue: Id,
    interface: Id,
    caller: Id,
    channel: Id,
}

impl Told {
    /// Reads an event. The names are those that the model has already, where it has them.
    fn of(model: &Model, event: &Event) -> Option<Self> {
        let entity = model.state.queues.get(&name(event, "Queue")?)?;
        let interface = name(event, "Interface")?;
        let interface = match entity.members.get(&interface) {
            Some(member) => Id::clone(&member.interface),
            None => interface.into(),
        };
        let queue = Id::clone(&entity.name);
        let (caller, channel) = (id(event, "Uniqueid")?, id(event, "DestUniqueid")?);
        Some(Self { queue, interface, caller, channel })
    }

    fn member<'a>(&self, model: &'a mut Model) -> Option<&'a mut QueueMember> {
        model.state.queues.get_mut(&self.queue)?.members.get_mut(&self.interface)
    }

    fn waiting<'a>(&self, model: &'a mut Model) -> Option<&'a mut QueueCaller> {
        let queue = model.state.queues.get_mut(&self.queue)?;
        let caller = queue.callers.iter_mut().find(|it| it.channel == self.caller)?;
        Some(Arc::make_mut(caller))
    }

    /// Takes the call to the member out of those that ring.
    fn silence(&self, model: &mut Model) {
        if let Some(caller) = self.waiting(model) {
            caller.ringing.retain(|it| it.channel != self.channel);
        }
    }
}

/// Applies an event that a member is called.
pub(super) fn called(model: &mut Model, event: &Event) {
    let Some(told) = Told::of(model, event) else { return };
    let since = model.since();
    let Some(caller) = told.waiting(model) else { return };
    if caller.ringing.iter().any(|it| it.channel == told.channel) {
        return;
    }
    caller.last = event.detach();
    let (interface, channel) = (Id::clone(&told.interface), Id::clone(&told.channel));
    caller.ringing.push(QueueRing { interface, channel, since });
    let Told { queue, interface, caller, channel } = told;
    model.tell(What::AgentRinging { queue, interface, caller, channel });
}

/// Applies an event that a member did not answer.
pub(super) fn rang_out(model: &mut Model, event: &Event) {
    let Some(told) = Told::of(model, event) else { return };
    told.silence(model);
    let Told { queue, interface, caller, .. } = told;
    // In milliseconds, though the same field of `AgentConnect` is in seconds.
    let rang = Duration::from_millis(number(event, "RingTime").unwrap_or_default());
    model.tell(What::AgentRangOut { queue, interface, caller, rang });
}

/// Applies an event that a member hung up before the caller was connected.
pub(super) fn dump(model: &mut Model, event: &Event) {
    let Some(told) = Told::of(model, event) else { return };
    told.silence(model);
    let Told { queue, interface, caller, .. } = told;
    model.tell(What::AgentDumped { queue, interface, caller });
}

/// Applies an event that a member was connected with a caller, who has left the queue before.
pub(super) fn connect(model: &mut Model, event: &Event) {
    let Some(told) = Told::of(model, event) else { return };
    let since = model.since();
    let how = QueueExit::Answered {
        interface: Id::clone(&told.interface),
        channel: Id::clone(&told.channel),
    };
    exits::answered(model, &told.queue, &told.caller, how);
    if let Some(member) = told.member(model) {
        member.in_call = true;
        if !member.calls.iter().any(|it| it.caller == told.caller) {
            let (caller, channel) = (Id::clone(&told.caller), Id::clone(&told.channel));
            let call = id(event, "Linkedid").unwrap_or_else(|| Id::clone(&caller));
            member.calls.push(AgentCall { caller, channel, call, since, counts: true });
        }
        member.last = event.detach();
    }
    let Told { queue, interface, caller, channel } = told;
    let (held, rang) = (seconds(event, "HoldTime"), seconds(event, "RingTime"));
    model.tell(What::AgentAnswered { queue, interface, caller, channel, held, rang });
}

/// Applies an event that a call of a queue is over for its member. The server leaves the fields of
/// channels out of it that have ended by then.
pub(super) fn complete(model: &mut Model, event: &Event) {
    let (Some(queue), Some(interface)) = (id(event, "Queue"), id(event, "Interface")) else {
        return;
    };
    let (caller, channel) = (id(event, "Uniqueid"), id(event, "DestUniqueid"));
    let now = model.now;
    let Some(entity) = model.state.queues.get_mut(&queue) else { return };
    let queue = Id::clone(&entity.name);
    let channels = &model.state.channels;
    let (counts, call) = match entity.members.get_mut(&interface) {
        Some(member) => over(member, caller.as_ref(), channel.as_ref(), channels, now),
        // Of somebody who is a member no longer, it counts for the queue alone.
        None => {
            let calls = entity.former.entry(Id::clone(&interface)).or_default();
            let at = find(calls, caller.as_ref(), channel.as_ref(), channels);
            let call = at.map(|at| calls.remove(at));
            entity.former.retain(|_, calls| !calls.is_empty());
            (true, call)
        }
    };
    if let Some(member) = entity.members.get_mut(&interface) {
        member.last = event.detach();
    }
    if counts {
        entity.figures.completed = entity.figures.completed.saturating_add(1);
    }
    let by = match event.get("Reason") {
        Some(b"caller") => CompletedBy::Caller,
        Some(b"agent") => CompletedBy::Agent,
        Some(b"transfer") => CompletedBy::Transfer,
        _ => CompletedBy::Other,
    };
    let caller = call.map(|it| it.caller).or(caller);
    let (held, talked) = (seconds(event, "HoldTime"), seconds(event, "TalkTime"));
    model.tell(What::AgentCompleted { queue, interface, caller, held, talked, by });
}

/// Takes the call that is over from its member. Returns whether the server counts it for the queue,
/// and the call.
///
/// The server counts behind the event. It counts the latest call of a member alone, and no other
/// one that overlaps with it: it knows a call by the second in which it began. It has counted
/// already if the device of the member told the end of the call before, or if a list ran ahead.
/// Then the member is in no call.
fn over(
    member: &mut QueueMember,
    caller: Option<&Id>,
    channel: Option<&Id>,
    channels: &Table<Channel>,
    now: SystemTime,
) -> (bool, Option<AgentCall>) {
    let latest = member.calls.iter().rfind(|it| it.counts).map(|it| second(it.since));
    let at = find(&member.calls, caller, channel, channels);
    let call = at.map(|at| member.calls.remove(at));
    if call.as_ref().is_some_and(|it| !it.counts) {
        return (true, call);
    }
    let counts = member.in_call && call.as_ref().map(|it| second(it.since)) == latest;
    if counts {
        member.in_call = false;
        member.calls_taken = member.calls_taken.saturating_add(1);
        member.last_call = Some(now);
    }
    (counts, call)
}

/// Returns the time in whole seconds.
fn second(since: Since) -> Option<u64> {
    Some(since.time().duration_since(SystemTime::UNIX_EPOCH).ok()?.as_secs())
}

/// Returns the call that is over: the one that the event names, or one that has a channel that
/// ended. A caller or member whose Local channel was optimized away has another channel now. A call
/// that the event names otherwise began unseen.
fn find(
    calls: &[AgentCall],
    caller: Option<&Id>,
    channel: Option<&Id>,
    channels: &Table<Channel>,
) -> Option<usize> {
    let named = calls.iter().position(|it| Some(&it.caller) == caller);
    let named = named.or_else(|| calls.iter().position(|it| Some(&it.channel) == channel));
    let ended = |it: &AgentCall| !channels.contains(&it.caller) || !channels.contains(&it.channel);
    let found = named.or_else(|| calls.iter().position(ended));
    let is_unnamed = caller.is_none() && channel.is_none();
    found.or_else(|| (is_unnamed && !calls.is_empty()).then_some(0))
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use ami::{Collected, Event};

    use crate::model::{Model, lists};
    use crate::state::Part;

    fn event(text: &str) -> Event {
        Event::parse(format!("Event: {}\r\n\r\n", text.replace('|', "\r\n"))).unwrap()
    }

    #[test]
    fn the_end_of_a_call_that_began_unseen_is_not_that_of_another_one() {
        let (mut model, now) = (Model::new(Part::ALL), SystemTime::UNIX_EPOCH);
        let mut collected = Collected::default();
        collected.items = vec![
            event("QueueParams|Queue: q|Completed: 0"),
            event("QueueMember|Queue: q|Location: m|CallsTaken: 0"),
        ];
        model.list(lists(&[Part::Queues]).next().unwrap(), &collected, now);
        let told = "Queue: q|Interface: m|Uniqueid: a|DestUniqueid: b";
        for text in ["Newchannel|Uniqueid: a", "Newchannel|Uniqueid: b"] {
            model.event(&event(text), now);
        }
        model.event(&event(&format!("AgentConnect|{told}")), now);
        let unseen = told.replace("id: a", "id: c").replace("id: b", "id: d");
        for (text, completed, in_call) in [(&*unseen, 0, true), (told, 1, false)] {
            model.event(&event(&format!("AgentComplete|{text}")), now);
            let queue = model.state.queues.get("q").unwrap();
            let member = queue.members.get("m").unwrap();
            assert_eq!((queue.figures.completed, member.in_call), (completed, in_call));
            assert_eq!((member.calls_taken, member.calls.is_empty()), (completed, !in_call));
        }
    }
}
