//! Conferences and their members as entities: how they begin, change and end.

use std::sync::Arc;

use ami::{Action, Event};

use crate::change::What;
use crate::model::base::Model;
use crate::model::roster::Question;
use crate::state::{Conference, ConferenceMember, Part, Party};
use crate::text::{Id, filled, flag, party, set, text};

/// Returns the conference of an event. One of the same name in another bridge is another one.
pub(super) fn find<'m>(model: &'m mut Model, event: &Event) -> Option<&'m mut Conference> {
    let (name, bridge) = (text(event, "Conference")?, filled(event, "BridgeUniqueid")?);
    let known = model.state.conferences.get(&name)?;
    if known.bridge.as_deref().is_some_and(|it| *it != *bridge) {
        return None;
    }
    let conference = model.state.conferences.get_mut(&name)?;
    conference.bridge.get_or_insert_with(|| Id::from(&*bridge));
    Some(conference)
}

/// Makes a conference known, or notes the latest event or item that described it.
pub(super) fn start(model: &mut Model, name: &str, event: &Event) {
    if let Some(conference) = model.state.conferences.get_mut(name) {
        conference.last = event.detach();
        return;
    }
    let name = Id::from(name);
    let conference = Conference {
        name: Id::clone(&name),
        bridge: None,
        locked: false,
        muted: false,
        asked: model.now,
        recording: None,
        members: Vec::new(),
        since: model.since(),
        last: event.detach(),
    };
    model.state.conferences.insert(Id::clone(&name), conference);
    model.tell(What::ConferenceStarted { conference: name });
}

/// Ends a conference.
pub(super) fn end(model: &mut Model, name: &str) {
    let Some(conference) = model.state.conferences.get(name) else { return };
    for member in conference.members.clone() {
        remove(model, name, &member.channel);
    }
    model.roster.doubtful.retain(|_, doubtful| *doubtful.conference != *name);
    if let Some(conference) = model.state.conferences.remove(name) {
        model.tell(What::ConferenceEnded { conference });
    }
}

/// Makes a channel a member of a conference, or updates it.
pub(super) fn add(model: &mut Model, name: &Id, channel: &str, event: &Event) {
    let since = model.since();
    let Some(conference) = model.state.conferences.get_mut(name) else { return };
    if conference.member(channel).is_some() {
        update(model, name, channel, |member| describe(member, event));
        return;
    }
    let channel = Id::from(channel);
    let mut member = ConferenceMember {
        channel: Id::clone(&channel),
        caller: Party::default(),
        admin: false,
        marked: None,
        wait_marked: None,
        end_marked: None,
        waiting: None,
        muted: false,
        talking: false,
        since,
        last: event.detach(),
    };
    describe(&mut member, event);
    conference.members.push(member);
    model.roster.member_of.insert(Id::clone(&channel), Id::clone(name));
    model.tell(What::ConferenceJoined { conference: Id::clone(name), channel });
}

/// Takes a member out of a conference.
pub(super) fn remove(
    model: &mut Model,
    name: &str,
    channel: &str,
) -> Option<Arc<ConferenceMember>> {
    let conference = model.state.conferences.get(name)?;
    let at = conference.members.iter().position(|member| *member.channel == *channel)?;
    let conference = model.state.conferences.get_mut(name)?;
    let member = Arc::new(conference.members.remove(at));
    let conference = Id::clone(&conference.name);
    if model.roster.member_of.get(channel) == Some(&conference) {
        model.roster.member_of.remove(channel);
    }
    model.tell(What::ConferenceLeft { conference, member: Arc::clone(&member) });
    Some(member)
}

/// Takes a member out of a conference that goes on.
pub(super) fn depart(model: &mut Model, name: &Id, channel: &str) {
    let Some(member) = remove(model, name, channel) else { return };
    let is_empty = model.state.conferences.get(name).is_none_or(|it| it.members.is_empty());
    if member.marked != Some(false) && !is_empty {
        // The others may have to wait from now on.
        ask(model, name);
    }
}

/// Changes a member, and tells what changes.
pub(super) fn update(
    model: &mut Model,
    name: &Id,
    channel: &str,
    change: impl FnOnce(&mut ConferenceMember),
) {
    let Some(conference) = model.state.conferences.get_mut(name) else { return };
    let mut members = conference.members.iter_mut();
    let Some(member) = members.find(|member| *member.channel == *channel) else { return };
    let (was_muted, talked, waited) = (member.muted, member.talking, member.waiting);
    change(member);
    let (muted, talking, waiting) = (member.muted, member.talking, member.waiting);
    let channel = Id::clone(&member.channel);
    let conference = Id::clone(name);
    if muted != was_muted {
        let (conference, channel) = (Id::clone(&conference), Id::clone(&channel));
        model.tell(What::ConferenceMuted { conference, channel, muted });
    }
    if talking != talked {
        let (conference, channel) = (Id::clone(&conference), Id::clone(&channel));
        model.tell(What::ConferenceTalking { conference, channel, talking });
    }
    let waiting = waiting.unwrap_or_default();
    if waiting != waited.unwrap_or_default() {
        model.tell(What::ConferenceWaiting { conference, channel, waiting });
    }
}

/// Takes over what an event or an item of a list says of a member.
pub(super) fn describe(member: &mut ConferenceMember, event: &Event) {
    if event.head() == b"ConfbridgeList" {
        // Written without escapes.
        for (text, name) in
            [(&mut member.caller.number, "CallerIDNum"), (&mut member.caller.name, "CallerIDName")]
        {
            let is_none = |it: &&[u8]| matches!(*it, b"<unknown>" | b"<no name>");
            set(text, event.get(name).filter(|it| !is_none(it)).unwrap_or_default());
        }
    } else {
        set(&mut member.caller.number, &party(event, "CallerIDNum"));
        set(&mut member.caller.name, &party(event, "CallerIDName"));
    }
    for (value, name) in [
        (&mut member.admin, "Admin"),
        (&mut member.muted, "Muted"),
        (&mut member.talking, "Talking"),
    ] {
        *value = flag(event, name).unwrap_or(*value);
    }
    for (value, name) in [
        (&mut member.marked, "MarkedUser"),
        (&mut member.wait_marked, "WaitMarked"),
        (&mut member.end_marked, "EndMarked"),
        (&mut member.waiting, "Waiting"),
    ] {
        *value = flag(event, name).or(*value);
    }
    member.last = event.detach();
}

/// Asks for the members of a conference, for what events do not tell of them.
pub(super) fn ask(model: &mut Model, name: &Id) {
    question(model, name, false);
}

/// Asks for the members of a conference. A full list says who is in it.
pub(super) fn question(model: &mut Model, name: &Id, is_full: bool) {
    if let Some(question) = model.roster.open.get_mut(name) {
        // The list that is on its way may be older.
        question.next = Some(is_full || question.next.unwrap_or_default());
        return;
    }
    model.roster.open.insert(Id::clone(name), Question { is_full, next: None });
    let action = Action::new("ConfbridgeList").field("Conference", &**name);
    model.request(Part::Conferences, action);
}
