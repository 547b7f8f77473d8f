//! The view of parked calls.

use live::{ParkedCall, ParkingLot, State, Unknown};
use serde_json::{Value, json};

use super::cell::{Cell, who};
use super::entry::{Entry, add_since, members, time};

pub(super) const COLUMNS: &[&str] =
    &["space", "lot", "caller", "channel", "parker", "duration", "timeout"];

pub(super) const FIELDS: &str = "\
parked (SPACE@LOT), space, lot, channel (the Uniqueid), name, number, caller_name, parker, times_out,
since, since_exact";

pub(super) fn entries(state: &State) -> Result<Vec<Entry>, Unknown> {
    let mut entries = Vec::new();
    for lot in state.parking_lots()?.iter() {
        entries.extend(lot.calls.iter().map(|call| entry(lot, call)));
    }
    Ok(entries)
}

fn entry(lot: &ParkingLot, call: &ParkedCall) -> Entry {
    let id = format!("{}@{}", call.space, lot.name);
    // The name is in each event and list item of a parked call.
    let name = call.last.text("ParkeeChannel").unwrap_or_default();
    let mut object = members(json!({
        "parked": id,
        "space": call.space,
        "lot": *lot.name,
        "channel": *call.channel,
        "name": name,
        "number": call.caller.number,
        "caller_name": call.caller.name,
        "parker": call.parker,
        "times_out": call.times_out_at().map_or(Value::Null, time),
    }));
    add_since(&mut object, call.since);
    let cells = vec![
        Cell::number(call.space),
        Cell::text(&lot.name),
        Cell::callers(who(&call.caller, &name)),
        Cell::text(&name),
        Cell::text(&call.parker),
        Cell::elapsed(call.since),
        Cell::left(call.times_out_at()),
    ];
    let names = vec![id.clone(), call.space.to_string(), lot.name.to_string()];
    Entry { id, names, object, cells, inner: Vec::new() }
}
