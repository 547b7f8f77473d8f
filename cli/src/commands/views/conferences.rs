//! The view of conferences.

use live::{Conference, ConferenceMember, State, Unknown};
use serde_json::{Value, json};

use super::cell::{Cell, who};
use super::entry::{Entry, add_since, members};
use crate::out::{Style, escape};

pub(super) const COLUMNS: &[&str] =
    &["name", "members", "talking", "muted", "locked", "recorded", "duration"];

pub(super) const FIELDS: &str = "\
conference, bridge, locked, muted, recording (null if it is not known), members (channel, name,
number, caller_name, admin, marked, waiting, muted, talking, since, since_exact), since, since_exact";

pub(super) fn entries(state: &State) -> Result<Vec<Entry>, Unknown> {
    Ok(state.conferences()?.iter().map(|conference| entry(conference)).collect())
}

fn entry(conference: &Conference) -> Entry {
    let mut object = members(json!({
        "conference": *conference.name,
        "bridge": conference.bridge.as_deref(),
        "locked": conference.locked,
        "muted": conference.muted,
        "recording": conference.recording,
        "members": conference.members.iter().map(member).collect::<Vec<_>>(),
    }));
    add_since(&mut object, conference.since);
    let count = |is_it: fn(&ConferenceMember) -> bool| {
        Cell::count(conference.members.iter().filter(|it| is_it(it)).count())
    };
    let cells = vec![
        Cell::text(&conference.name),
        Cell::count(conference.members.len()),
        count(|it| it.talking),
        count(|it| it.muted),
        Cell::plain(if conference.locked { "locked" } else { "" }),
        match conference.recording {
            Some(true) => Cell::plain("recorded").styled(Style::Bad),
            Some(false) => Cell::empty(),
            None => Cell::unknown(),
        },
        Cell::elapsed(conference.since),
    ];
    let inner = conference.members.iter().map(row).collect();
    let id = conference.name.to_string();
    Entry { names: vec![id.clone()], id, object, cells, inner }
}

/// Returns the name of the member's channel, which is in each event and list item of a member.
fn channel(member: &ConferenceMember) -> String {
    member.last.text("Channel").unwrap_or_default().into_owned()
}

fn member(member: &ConferenceMember) -> Value {
    let mut object = members(json!({
        "channel": *member.channel,
        "name": channel(member),
        "number": member.caller.number,
        "caller_name": member.caller.name,
        "admin": member.admin,
        "marked": member.marked,
        "waiting": member.waiting,
        "muted": member.muted,
        "talking": member.talking,
    }));
    add_since(&mut object, member.since);
    object.into()
}

fn row(member: &ConferenceMember) -> Vec<Cell> {
    let channel = channel(member);
    let flag = |is_it: bool, word: &str| Cell::plain(if is_it { word } else { "" });
    vec![
        Cell::callers(who(&member.caller, &channel)),
        Cell::plain(escape(channel.as_bytes())).styled(Style::Dim),
        flag(member.admin, "admin"),
        match member.marked {
            Some(marked) => flag(marked, "marked"),
            None => Cell::unknown(),
        },
        flag(member.waiting == Some(true), "waiting"),
        flag(member.muted, "muted").styled(Style::Bad),
        flag(member.talking, "talking").styled(Style::Good),
        Cell::elapsed(member.since),
    ]
}
