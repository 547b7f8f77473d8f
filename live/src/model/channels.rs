//! Channels: their birth, their fields, and their end.

use std::collections::HashSet;
use std::time::Duration;

use ami::value::ChannelState;
use ami::{Action, Cause, Collected, Event, unescape};

use super::base::Model;
use super::members;
use super::snapshot::Snapshot;
use crate::change::What;
use crate::state::{Channel, Outcome, Part, Party, Since, StaleReason};
use crate::text::{Id, filled, set};

pub(super) const LISTS: &[&str] = &[LIST];

const LIST: &str = "CoreShowChannels";

pub(super) const EVENTS: &[&str] = &[
    "Newchannel",
    "Newstate",
    "NewCallerid",
    "NewConnectedLine",
    "NewAccountCode",
    "Rename",
    "Hold",
    "Unhold",
    "Hangup",
    // Calls.
    "DialBegin",
    "DialState",
    "DialEnd",
    "HangupRequest",
    "SoftHangupRequest",
    "BlindTransfer",
    "AttendedTransfer",
    "Pickup",
];

/// The event of a step in the dialplan.
pub(super) const DIALPLAN_EVENTS: &[&str] = &["Newexten"];

/// The server's word for a number or name that it does not know.
const UNKNOWN: &[u8] = b"<unknown>";

/// Applies an event. Returns `false` if it is of another part.
pub(super) fn event(model: &mut Model, name: &[u8], event: &Event) -> bool {
    match name {
        b"Newchannel" => drop(see(model, &Snapshot::of(event), event, true)),
        b"Newstate" | b"Newexten" | b"NewCallerid" | b"NewConnectedLine" | b"NewAccountCode" => {
            find(model, &Snapshot::of(event), event);
        }
        b"Hold" => hold(model, event, true),
        b"Unhold" => hold(model, event, false),
        b"Rename" => rename(model, event),
        b"Hangup" => hangup(model, event),
        _ => return false,
    }
    true
}

/// Applies the list of channels.
pub(super) fn list(model: &mut Model, collected: &Collected) {
    let mut seen = HashSet::new();
    let mut common = false;
    // A channel that is changing can be listed twice: the later item is the newer one.
    for item in &collected.items {
        let snapshot = Snapshot::of(item);
        let known = snapshot.unique_id().is_some_and(|id| model.state.channels.contains(id));
        if let Some(id) = see(model, &snapshot, item, true) {
            common |= known;
            members::place(model, &id, snapshot.bridge.filter(|it| !it.is_empty()));
            seen.insert(id);
        }
    }
    if model.may_have_restarted && model.tells_of_restarts && !common {
        model.gone = Outcome::ServerGone;
    }
    // A channel that was heard of since the last loss has its end still to come, unless a list has
    // left it out before.
    let losses = model.losses;
    let gone = model.state.channels.iter().filter(|it| it.losses < losses || it.is_unlisted);
    let gone: Vec<_> =
        gone.filter(|it| !seen.contains(&it.id)).map(|it| Id::clone(&it.id)).collect();
    for id in gone {
        end(model, &id, None);
    }
    model.may_have_restarted = false;
    model.listed = Some(losses);
    model.asks_for_channels = false;
}

/// Notes that events were lost. If the server has restarted, all channels have ended.
pub(super) fn lost(model: &mut Model, reason: &StaleReason) {
    model.losses += 1;
    model.asks_for_channels = false;
    if let StaleReason::Gap(gap) = reason {
        model.may_have_restarted |= gap.restarted.is_none();
        if gap.restarted == Some(true) {
            model.gone = Outcome::ServerGone;
            let all: Vec<_> = model.state.channels.ids().cloned().collect();
            for id in all {
                end(model, &id, None);
            }
        }
    }
}

/// Takes over what an event says of a channel. Only a birth or a list makes a channel known: other
/// events may come behind its end. Returns the identifier of a channel that is known now.
pub(super) fn see(
    model: &mut Model,
    snapshot: &Snapshot<'_>,
    event: &Event,
    creates: bool,
) -> Option<Id> {
    let unique_id = snapshot.unique_id()?;
    if !model.state.channels.contains(unique_id) {
        return creates.then(|| create(model, unique_id, snapshot, event)).flatten();
    }
    let now = model.since();
    let (losses, from_list) = (model.losses, model.from_list);
    let channel = model.state.channels.get_mut(unique_id)?;
    let id = Id::clone(&channel.id);
    let from = channel.state;
    take_over(channel, snapshot, now);
    channel.last = event.detach();
    if from_list {
        channel.is_unlisted = false;
    } else {
        channel.losses = losses;
    }
    let to = channel.state;
    let moves = snapshot.linked_id().filter(|it| **it != *channel.call);
    let renamed = snapshot.channel.is_some_and(|it| it != channel.name.as_bytes());
    if renamed && let Some(name) = snapshot.channel {
        set_name(model, &id, &String::from_utf8_lossy(name));
    }
    if let Some(call) = moves {
        move_to(model, &id, call);
    }
    if from != to {
        model.tell(What::ChannelState { channel: Id::clone(&id), from, to });
    }
    Some(id)
}

/// Takes over what an event says that comes behind the end of its channel only if it is of the same
/// change: the server tells the end first then, and no other end in between. If the channel is not
/// known, the list has left it out: that of Asterisk 22 does so with a channel that is just
/// changing. It is asked for again, since it tells what the event does not, such as the bridge.
pub(super) fn find(model: &mut Model, snapshot: &Snapshot<'_>, event: &Event) -> Option<Id> {
    let known = see(model, snapshot, event, false);
    let is_listed = model.listed == Some(model.losses);
    if known.is_some() || !is_listed || snapshot.unique_id() == Some(&model.hung_up) {
        // Of a list that is on its way, the event is part.
        return known;
    }
    (model.from_list, model.resync) = (true, model.is_loaded);
    let found = see(model, snapshot, event, true)?;
    if let Some(channel) = model.state.channels.get_mut(&found) {
        channel.is_unlisted = true;
    }
    if !std::mem::replace(&mut model.asks_for_channels, true) {
        model.request(Part::Channels, Action::new(LIST));
    }
    Some(found)
}

/// Makes a channel belong to a call.
pub(super) fn move_to(model: &mut Model, id: &Id, call: &str) {
    if model.state.channels.get(id).is_none_or(|it| *it.call == *call) {
        return;
    }
    let known = model.state.calls.get(call).map(|it| Id::clone(&it.id));
    let to = known.unwrap_or_else(|| call.into());
    let Some(channel) = model.state.channels.get_mut(id) else { return };
    let from = std::mem::replace(&mut channel.call, Id::clone(&to));
    model.tell(What::ChannelMoved { channel: Id::clone(id), from, to });
}

fn create(
    model: &mut Model,
    unique_id: &str,
    snapshot: &Snapshot<'_>,
    event: &Event,
) -> Option<Id> {
    let id = Id::from(unique_id);
    let since = begun(model, snapshot);
    let call = snapshot.linked_id().filter(|it| *it != unique_id);
    let known = call.and_then(|it| model.state.calls.get(it)).map(|it| Id::clone(&it.id));
    let mut channel = Channel {
        id: Id::clone(&id),
        name: text(snapshot.channel),
        call: known.or_else(|| call.map(Id::from)).unwrap_or_else(|| Id::clone(&id)),
        state: ChannelState::Down,
        caller: Party::default(),
        connected: Party::default(),
        language: Box::default(),
        account_code: Box::default(),
        context: Box::default(),
        exten: Box::default(),
        priority: 0,
        application: Box::default(),
        application_data: Box::default(),
        other_half: None,
        bridge: None,
        on_hold: false,
        since,
        state_since: since,
        last: event.detach(),
        losses: model.losses,
        is_unlisted: false,
    };
    take_over(&mut channel, snapshot, model.since());
    model.channels.by_name.insert(channel.name.clone(), Id::clone(&id));
    model.state.channels.insert(Id::clone(&id), channel);
    pair(model, &id);
    model.tell(What::ChannelCreated { channel: Id::clone(&id) });
    Some(id)
}

/// Returns the beginning of a channel that is first seen now: a list says how long it has been up.
fn begun(model: &Model, snapshot: &Snapshot<'_>) -> Since {
    let up = snapshot.duration.and_then(|it| duration(str::from_utf8(it).ok()?));
    match up.and_then(|it| model.now.checked_sub(it)) {
        Some(begun) => Since::At(begun),
        None => model.since(),
    }
}

/// Returns the duration that `00:01:30` says.
fn duration(text: &str) -> Option<Duration> {
    let mut seconds = 0_u64;
    for part in text.split(':') {
        seconds = seconds.checked_mul(60)?.checked_add(part.parse().ok()?)?;
    }
    Some(Duration::from_secs(seconds))
}

fn text(value: Option<&[u8]>) -> Box<str> {
    String::from_utf8_lossy(value.unwrap_or_default()).into()
}

fn take_over(channel: &mut Channel, snapshot: &Snapshot<'_>, now: Since) {
    let texts = [
        (&mut channel.caller.number, snapshot.caller_number),
        (&mut channel.connected.number, snapshot.connected_number),
        (&mut channel.language, snapshot.language),
        (&mut channel.account_code, snapshot.account_code),
        (&mut channel.context, snapshot.context),
        (&mut channel.exten, snapshot.exten),
        (&mut channel.application, snapshot.application),
        (&mut channel.application_data, snapshot.application_data),
    ];
    for (text, value) in texts {
        if let Some(value) = value {
            set(text, if value == UNKNOWN { b"" } else { value });
        }
    }
    for (name, value) in [
        (&mut channel.caller.name, snapshot.caller_name),
        (&mut channel.connected.name, snapshot.connected_name),
    ] {
        if let Some(value) = value {
            let value = unescape(value);
            set(name, if *value == *UNKNOWN { b"" } else { &value });
        }
    }
    if let Some(priority) = snapshot.priority.and_then(|it| str::from_utf8(it).ok()?.parse().ok()) {
        channel.priority = priority;
    }
    let state = snapshot.state.and_then(|it| str::from_utf8(it).ok()?.parse::<ChannelState>().ok());
    if let Some(state) = state.filter(|&state| state != channel.state) {
        channel.state = state;
        channel.state_since = now;
    }
}

fn hold(model: &mut Model, event: &Event, on_hold: bool) {
    if let Some(id) = see(model, &Snapshot::of(event), event, false)
        && let Some(channel) = model.state.channels.get_mut(&id)
        && channel.on_hold != on_hold
    {
        channel.on_hold = on_hold;
        model.tell(What::ChannelHold { channel: id, on_hold });
    }
}

fn rename(model: &mut Model, event: &Event) {
    let (Some(id), Some(name)) = (filled(event, "Uniqueid"), filled(event, "Newname")) else {
        return;
    };
    if let Some(channel) = model.state.channels.get_mut(&id) {
        channel.last = event.detach();
        let id = Id::clone(&channel.id);
        set_name(model, &id, &name);
    }
}

fn set_name(model: &mut Model, id: &Id, name: &str) {
    let Some(channel) = model.state.channels.get_mut(id) else { return };
    if *channel.name == *name {
        return;
    }
    let from = std::mem::replace(&mut channel.name, name.into());
    forget_name(model, &from, id);
    model.channels.by_name.insert(name.into(), Id::clone(id));
    pair(model, id);
    model.tell(What::ChannelRenamed { channel: Id::clone(id), from, to: name.into() });
}

fn forget_name(model: &mut Model, name: &str, id: &Id) {
    if model.channels.by_name.get(name) == Some(id) {
        model.channels.by_name.remove(name);
    }
}

/// Notes which channel is the other half of a Local channel.
fn pair(model: &mut Model, id: &Id) {
    let Some(channel) = model.state.channels.get(id) else { return };
    let name = channel.channel_name();
    let other = name.other_half().filter(|_| name.is_local());
    let other = other.and_then(|it| model.channels.id(&it)).cloned();
    let former = channel.other_half.clone();
    if former == other {
        return;
    }
    for (half, with) in [(former, None), (other.clone(), Some(Id::clone(id)))] {
        if let Some(half) = half.and_then(|it| model.state.channels.get_mut(&it)) {
            half.other_half = with;
        }
    }
    if let Some(channel) = model.state.channels.get_mut(id) {
        channel.other_half = other;
    }
}

fn hangup(model: &mut Model, event: &Event) {
    let snapshot = Snapshot::of(event);
    snapshot.unique_id().unwrap_or_default().clone_into(&mut model.hung_up);
    let Some(id) = see(model, &snapshot, event, false) else { return };
    let cause = Cause::of(event).unwrap_or(Cause::new(0));
    end(model, &id, Some(cause));
}

/// Ends a channel.
pub(super) fn end(model: &mut Model, id: &Id, cause: Option<Cause>) {
    members::leave(model, id);
    let Some(channel) = model.state.channels.remove(id) else { return };
    forget_name(model, &channel.name, id);
    if let Some(other) = channel.other_half.as_ref().and_then(|it| model.state.channels.get_mut(it))
    {
        other.other_half = None;
    }
    model.tell(What::ChannelEnded { channel, cause });
}

#[cfg(test)]
mod tests;
