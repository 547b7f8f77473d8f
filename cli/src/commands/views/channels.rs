//! The view of channels.

use live::ami::value::ChannelState;
use live::{Channel, State, Unknown};
use serde_json::json;

use super::cell::{Cell, person};
use super::entry::{Entry, add_since, members, party, time, word};
use crate::out::Style;

pub(super) const COLUMNS: &[&str] =
    &["name", "state", "caller", "connected", "place", "application", "duration", "call", "bridge"];

pub(super) const FIELDS: &str = "\
channel (the Uniqueid), name, call, state (up, ring, ringing …), state_since, caller and connected
(number, name), context, exten, priority, application, application_data, bridge, other_half,
on_hold, language, account_code, since, since_exact";

pub(super) fn entries(state: &State) -> Result<Vec<Entry>, Unknown> {
    let bridges_are_known = state.bridges().is_ok();
    Ok(state.channels()?.iter().map(|channel| entry(channel, bridges_are_known)).collect())
}

fn entry(channel: &Channel, bridges_are_known: bool) -> Entry {
    let state = word(channel.state.name(), channel.state.number());
    let bridge = channel.bridge.as_ref().filter(|_| bridges_are_known);
    let mut object = members(json!({
        "channel": *channel.id,
        "name": channel.name,
        "call": *channel.call,
        "state": state,
        "state_since": time(channel.state_since.time()),
        "caller": party(&channel.caller),
        "connected": party(&channel.connected),
        "context": channel.context,
        "exten": channel.exten,
        "priority": channel.priority,
        "application": channel.application,
        "application_data": channel.application_data,
        "bridge": bridge.map(|it| &**it),
        "other_half": channel.other_half.as_deref(),
        "on_hold": channel.on_hold,
        "language": channel.language,
        "account_code": channel.account_code,
    }));
    add_since(&mut object, channel.since);
    let application = match (&*channel.application, &*channel.application_data) {
        ("", _) => String::new(),
        (name, data) => format!("{name}({data})"),
    };
    let shown = if channel.on_hold { format!("{state}, on hold") } else { state };
    let is_up = channel.state == ChannelState::Up;
    let cells = vec![
        Cell::text(&channel.name),
        Cell::plain(shown).styled(is_up.then_some(Style::Good)),
        Cell::callers(person(&channel.caller.number, &channel.caller.name)),
        Cell::callers(person(&channel.connected.number, &channel.connected.name)),
        match &*channel.exten {
            "" => Cell::empty(),
            exten => Cell::text(&format!("{exten}@{}", channel.context)),
        },
        Cell::text(&application),
        Cell::elapsed(channel.since),
        Cell::text(&channel.call),
        match bridge {
            _ if !bridges_are_known => Cell::unknown(),
            Some(bridge) => Cell::text(bridge),
            None => Cell::empty(),
        },
    ];
    let names = vec![channel.id.to_string(), channel.name.to_string()];
    Entry { id: channel.id.to_string(), names, object, cells, inner: Vec::new() }
}
