//! The view of PJSIP endpoints.

use live::ami::value::{ContactState, DeviceState};
use live::{Contact, Endpoint, State, Unknown};
use serde_json::{Value, json};

use super::cell::Cell;
use super::entry::{Entry, add_since, members, time, word};
use crate::out::Style;

pub(super) const COLUMNS: &[&str] =
    &["name", "state", "reachable", "contacts", "aors", "transport", "duration"];

pub(super) const FIELDS: &str = "\
endpoint, state, reachable (null if it is not known), aors, transport, contacts (null if they are
not known; contact, uri, aor, status, round_trip in seconds, user_agent, expires, since,
since_exact), since, since_exact (of the state)";

pub(super) fn entries(state: &State) -> Result<Vec<Entry>, Unknown> {
    Ok(state.endpoints()?.iter().map(|endpoint| entry(state, endpoint)).collect())
}

fn entry(state: &State, endpoint: &Endpoint) -> Entry {
    let contacts = state.contacts().ok().map(|it| {
        let is_of_it = |contact: &&std::sync::Arc<Contact>| *contact.endpoint == *endpoint.name;
        it.sorted().into_iter().filter(is_of_it).collect::<Vec<_>>()
    });
    let mut object = members(json!({
        "endpoint": *endpoint.name,
        "state": word(endpoint.state.name(), endpoint.state.number()),
        "reachable": endpoint.reachable,
        "aors": endpoint.aors,
        "transport": endpoint.transport,
        "contacts": contacts.as_ref().map(|it| it.iter().map(|it| object_of(it)).collect::<Vec<_>>()),
    }));
    add_since(&mut object, endpoint.since);
    let is_gone = [DeviceState::Unavailable, DeviceState::Invalid].contains(&endpoint.state);
    let state = endpoint.state.text().map_or_else(|| endpoint.state.to_string(), str::to_owned);
    let cells = vec![
        Cell::text(&endpoint.name),
        Cell::plain(state).styled(is_gone.then_some(Style::Bad)),
        match endpoint.reachable {
            Some(true) => Cell::plain("yes").styled(Style::Good),
            Some(false) => Cell::plain("no").styled(Style::Bad),
            None => Cell::unknown(),
        },
        contacts.as_ref().map_or_else(Cell::unknown, |it| Cell::count(it.len())),
        Cell::text(&endpoint.aors.join(", ")),
        Cell::text(&endpoint.transport),
        Cell::elapsed(endpoint.since),
    ];
    let inner = contacts.unwrap_or_default().into_iter().map(|it| row(it)).collect();
    let id = endpoint.name.to_string();
    Entry { names: vec![id.clone()], id, object, cells, inner }
}

fn object_of(contact: &Contact) -> Value {
    let mut object = members(json!({
        "contact": *contact.id,
        "uri": contact.uri,
        "aor": contact.aor,
        "status": contact.status.as_ref().map(|it| it.as_str().to_lowercase()),
        "round_trip": contact.round_trip.map(|it| it.as_secs_f64()),
        "user_agent": contact.user_agent,
        "expires": contact.expires.map_or(Value::Null, time),
    }));
    add_since(&mut object, contact.since);
    object.into()
}

fn row(contact: &Contact) -> Vec<Cell> {
    let style = match contact.status {
        Some(ContactState::Reachable) => Some(Style::Good),
        Some(ContactState::Unreachable | ContactState::Removed) => Some(Style::Bad),
        _ => None,
    };
    let trip = contact.round_trip.map(|it| format!("{:.1} ms", it.as_secs_f64() * 1000.0));
    vec![
        Cell::text(&contact.uri),
        match &contact.status {
            Some(status) => Cell::text(&status.as_str().to_lowercase()).styled(style),
            None => Cell::unknown(),
        },
        Cell::plain(trip.unwrap_or_default()),
        Cell::text(&contact.user_agent),
        Cell::elapsed(contact.since),
    ]
}
