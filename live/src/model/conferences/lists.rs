//! The lists of conferences and of their members.

use ami::{Action, Collected, Error, Event};
use rustc_hash::FxHashSet;

use super::entity::{add, ask, depart, end, question, remove, start};
use crate::change::What;
use crate::model::base::Model;
use crate::model::roster::{Doubtful, Question};
use crate::state::{Bridge, Since};
use crate::text::{Id, filled, flag, text};

/// Applies the list of conferences, and asks for the members of each.
pub(in crate::model) fn list(model: &mut Model, collected: &Collected) {
    model.roster.open.clear();
    model.roster.doubtful.clear();
    let mut listed = FxHashSet::default();
    for item in &collected.items {
        let name = text(item, "Conference").filter(|it| !model.roster.ended.contains(&**it));
        if let Some(name) = name {
            see(model, &name, item);
            listed.insert(name.into_owned());
        }
    }
    let all: Vec<_> = model.state.conferences.ids().cloned().collect();
    for name in all {
        if listed.contains(&*name) {
            question(model, &name, true);
        } else {
            end(model, &name);
        }
    }
    settled(model);
}

/// Returns `true` if the server refused the list of conferences because there are none.
pub(in crate::model) fn are_none(error: &Error) -> bool {
    let text = error.response().and_then(|response| response.text("Message"));
    text.is_some_and(|text| text.starts_with("No active conferences"))
}

/// Applies the list of a conference's members. `None` if the server refused it, because the
/// conference has ended.
pub(in crate::model) fn answer(model: &mut Model, action: &Action, collected: Option<&Collected>) {
    let Some(name) = action.text("Conference") else { return };
    let name = Id::from(&*name);
    let asked = model.roster.open.remove(&name);
    let Question { is_full, next } = asked.unwrap_or_default();
    // What a further list adds has just happened; no event tells it.
    model.resync &= is_full && !model.state.freshness.is_current();
    if let Some(collected) = collected {
        apply(model, &name, collected, is_full);
        if let Some(is_full) = next.filter(|_| model.state.conferences.contains(&name)) {
            question(model, &name, is_full);
        }
    }
    settled(model);
}

/// Draws the conclusions from an event, and from what was told since that change.
pub(in crate::model) fn settle(model: &mut Model, event: Option<&Event>, told: usize) {
    let mut at = told;
    while let Some(change) = model.changes.get(at) {
        match &change.what {
            What::BridgeEntered { bridge, channel } => {
                let (bridge, channel) = (Id::clone(bridge), Id::clone(channel));
                entered(model, &bridge, &channel);
            }
            What::BridgeLeft { bridge, channel } => {
                let (bridge, channel) = (Id::clone(bridge), Id::clone(channel));
                left(model, &bridge, &channel);
            }
            What::ChannelEnded { channel, .. } => {
                let channel = Id::clone(&channel.id);
                hung_up(model, &channel);
            }
            _ => {}
        }
        at += 1;
    }
    if model.roster.doubtful.is_empty() {
        return;
    }
    // A channel that goes on has left, and the others may have to wait from now on.
    let Some(event) = event.filter(|it| it.is("Hangup") || it.is("Newexten")) else { return };
    let channel = filled(event, "Uniqueid").unwrap_or_default();
    if let Some(Doubtful { conference, .. }) = model.roster.doubtful.remove(&*channel) {
        ask(model, &conference);
    }
}

/// A channel that a list named is a member once it is in the bridge.
fn entered(model: &mut Model, bridge: &Id, channel: &str) {
    let Some(doubtful) = model.roster.doubtful.get(channel) else { return };
    let conference = model.state.conferences.get(&doubtful.conference);
    if conference.is_some_and(|it| it.bridge.as_ref() == Some(bridge))
        && let Some(Doubtful { conference, item }) = model.roster.doubtful.remove(channel)
        && let Some(item) = item
    {
        add(model, &conference, channel, &item);
    }
}

/// A member that only a list named may have left before the list; the channel leaves the bridge a
/// moment later.
fn left(model: &mut Model, bridge: &Id, channel: &str) {
    let Some(entity) = model.state.bridges.get(bridge).filter(|it| is_conference(it)) else {
        return;
    };
    let Some(conference) = model.state.conferences.get(&entity.name) else { return };
    let member = conference.member(channel);
    if conference.bridge.as_ref() == Some(bridge)
        && member.is_some_and(|member| matches!(member.since, Since::Before(_)))
    {
        let name = Id::clone(&conference.name);
        depart(model, &name, channel);
    }
}

/// The end of a channel can come before the event of its leaving. That event does not come if
/// another channel took its place in the conference, which only the list tells.
fn hung_up(model: &mut Model, channel: &str) {
    let Some(name) = model.roster.member_of.get(channel).cloned() else { return };
    remove(model, &name, channel);
    question(model, &name, true);
    model.roster.words.insert(Id::from(channel), None);
}

fn is_conference(bridge: &Bridge) -> bool {
    &*bridge.creator == "ConfBridge"
}

/// Takes over what the list of conferences says of one.
fn see(model: &mut Model, name: &str, item: &Event) {
    let bridge = bridge(model, name);
    let former = model.state.conferences.get(name).and_then(|it| it.bridge.clone());
    if former.is_some_and(|it| bridge.is_some() && !model.state.bridges.contains(&it)) {
        // The conference of that name is another one than before the loss.
        end(model, name);
    }
    start(model, name, item);
    let (now, resync) = (model.now, model.resync);
    let Some(conference) = model.state.conferences.get_mut(name) else { return };
    let was_locked = conference.locked;
    conference.locked = flag(item, "Locked").unwrap_or_default();
    conference.muted = flag(item, "Muted").unwrap_or_default();
    conference.asked = now;
    conference.bridge = conference.bridge.take().or(bridge);
    if resync {
        // No list tells what has become of the recording.
        conference.recording = None;
    }
    let (conference, locked) = (Id::clone(&conference.name), conference.locked);
    if locked != was_locked {
        model.tell(What::ConferenceLocked { conference, locked });
    }
}

/// Returns the bridge of a conference, which the list of conferences does not tell, if there is
/// exactly one of that name.
fn bridge(model: &Model, name: &str) -> Option<Id> {
    let bridges = model.state.bridges.iter();
    let mut found = bridges.filter(|it| is_conference(it) && *it.name == *name);
    let bridge = found.next()?;
    found.next().is_none().then(|| Id::clone(&bridge.id))
}

/// Applies a list of members. A full one says who is in the conference.
fn apply(model: &mut Model, name: &Id, collected: &Collected, is_full: bool) {
    let Some(conference) = model.state.conferences.get(name) else { return };
    let former = conference.members.clone();
    let is_in = |channel: &str| former.iter().any(|member| *member.channel == *channel);
    let (is_current, former_doubts) = (model.state.freshness.is_current(), doubts(model, name));
    let mut listed = FxHashSet::default();
    for item in &collected.items {
        let Some(channel) = filled(item, "Uniqueid") else { continue };
        let word = model.roster.words.get(&*channel).cloned();
        let is_member = match &word {
            Some(conference) => conference.as_ref() == Some(name),
            // Nobody's leaving was missed.
            None if (is_current || !is_full) && is_in(&channel) => true,
            None => is_full && is_in_bridge(model, name, &channel),
        };
        if is_member {
            add(model, name, &channel, item);
            listed.insert(channel.into_owned());
        } else {
            let is_new = is_full || former_doubts.contains(&*channel);
            let item = (is_new && word.is_none()).then(|| item.detach());
            let doubtful = Doubtful { conference: Id::clone(name), item };
            model.roster.doubtful.insert(Id::from(&*channel), doubtful);
        }
    }
    for member in former.iter().filter(|_| is_full) {
        // A member whose joining was told since the loss leaves with an event.
        if !listed.contains(&*member.channel) && !model.roster.words.contains_key(&member.channel) {
            remove(model, name, &member.channel);
        }
    }
}

/// Takes out the doubtful channels of a conference. Returns those that may become members.
fn doubts(model: &mut Model, name: &Id) -> FxHashSet<Id> {
    let mut doubts = FxHashSet::default();
    model.roster.doubtful.retain(|channel, doubtful| {
        let is_of = doubtful.conference == *name;
        if is_of && doubtful.item.is_some() {
            doubts.insert(Id::clone(channel));
        }
        !is_of
    });
    doubts
}

/// Returns `false` if a channel is known not to be in the bridge of a conference.
fn is_in_bridge(model: &Model, name: &str, channel: &str) -> bool {
    let Some(conference) = model.state.conferences.get(name) else { return false };
    let Ok(channels) = model.state.channels() else { return true };
    let channel = channels.get(channel);
    channel.is_some_and(|it| conference.bridge.is_none() || it.bridge == conference.bridge)
}

/// Forgets what events have told if no list is on its way.
fn settled(model: &mut Model) {
    if model.roster.open.is_empty() {
        model.roster.words.clear();
        model.roster.ended.clear();
    }
}
