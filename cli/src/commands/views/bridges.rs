//! The view of bridges.

use live::{Bridge, Channel, State, Unknown};
use serde_json::json;

use super::cell::{Cell, person};
use super::entry::{Entry, add_since, members};

pub(super) const COLUMNS: &[&str] = &["id", "technology", "type", "name", "members", "duration"];

pub(super) const FIELDS: &str = "\
bridge (the BridgeUniqueid), technology, type, creator, name, members (channel, name, number,
caller_name), since, since_exact";

pub(super) fn entries(state: &State) -> Result<Vec<Entry>, Unknown> {
    Ok(state.bridges()?.iter().map(|bridge| entry(state, bridge)).collect())
}

fn entry(state: &State, bridge: &Bridge) -> Entry {
    let channel = |id: &live::Id| state.channels().ok()?.get(id);
    let in_it: Vec<_> = bridge.members.iter().map(|id| (id, channel(id))).collect();
    let member = |(id, channel): &(&live::Id, Option<&std::sync::Arc<Channel>>)| {
        json!({
            "channel": ***id,
            "name": channel.map(|it| &it.name),
            "number": channel.map(|it| &it.caller.number),
            "caller_name": channel.map(|it| &it.caller.name),
        })
    };
    let mut object = members(json!({
        "bridge": *bridge.id,
        "technology": bridge.technology,
        "type": bridge.kind,
        "creator": bridge.creator,
        "name": bridge.name,
        "members": in_it.iter().map(member).collect::<Vec<_>>(),
    }));
    add_since(&mut object, bridge.since);
    let cells = vec![
        Cell::text(&bridge.id),
        Cell::text(&bridge.technology),
        Cell::text(&bridge.kind),
        Cell::text(&bridge.name),
        Cell::count(bridge.members.len()),
        Cell::elapsed(bridge.since),
    ];
    let row = |(id, channel): &(&live::Id, Option<&std::sync::Arc<Channel>>)| match channel {
        Some(it) => {
            vec![Cell::text(&it.name), Cell::callers(person(&it.caller.number, &it.caller.name))]
        }
        None => vec![Cell::text(id)],
    };
    let inner = in_it.iter().map(row).collect();
    let mut names = vec![bridge.id.to_string(), bridge.name.to_string()];
    names.retain(|it| !it.is_empty());
    Entry { id: bridge.id.to_string(), names, object, cells, inner }
}
