//! Endpoints of PJSIP, their contacts, and registrations with other servers.

mod contacts;
mod registrations;

use std::collections::HashSet;

use ami::value::DeviceState;
use ami::{Collected, Event, Response};

use super::base::Model;
use super::gone::{gone, is_told, note};
use crate::change::What;
use crate::state::{Endpoint, Part};
use crate::text::{self, Id, filled};

pub(super) const ENDPOINT_LISTS: &[&str] = &["PJSIPShowEndpoints"];
// The first one has what is known of registered contacts, the second one names all contacts.
pub(super) const CONTACT_LISTS: &[&str] = &["PJSIPShowContacts", "PJSIPShowEndpoints"];
pub(super) const REGISTRATION_LISTS: &[&str] = &["PJSIPShowRegistrationsOutbound"];

pub(super) const ENDPOINT_EVENTS: &[&str] = &["DeviceStateChange", "PeerStatus"];
pub(super) const CONTACT_EVENTS: &[&str] = &["ContactStatus"];
pub(super) const REGISTRATION_EVENTS: &[&str] = &["Registry"];

/// Applies an event. Returns `false` if it is of another part.
pub(super) fn event(model: &mut Model, name: &[u8], event: &Event) -> bool {
    match name {
        b"DeviceStateChange" => changed(model, event),
        b"PeerStatus" => reached(model, event),
        b"ContactStatus" => contacts::event(model, event),
        b"Registry" => registrations::event(model, event),
        _ => return false,
    }
    true
}

/// Applies a list.
pub(super) fn list(model: &mut Model, part: Part, action: &str, collected: &Collected) {
    match part {
        Part::Contacts if action == "PJSIPShowContacts" => contacts::details(model, collected),
        Part::Contacts => contacts::names(model, collected),
        Part::Registrations => registrations::list(model, collected),
        _ => list_endpoints(model, collected),
    }
}

/// Returns `true` if the refusal of a list means that there is nothing to list: the server answers
/// an empty list with an error, and does not know the actions of modules that are not loaded.
pub(super) fn is_empty(refusal: &Response) -> bool {
    let message = refusal.message();
    ["No endpoints found", "No Contacts found", "Invalid/unknown command"]
        .iter()
        .any(|text| message.starts_with(text))
}

fn list_endpoints(model: &mut Model, collected: &Collected) {
    let named: HashSet<_> = collected.items.iter().filter_map(|item| see(model, item)).collect();
    for id in gone(model, Part::Endpoints, &model.state.endpoints, &named) {
        remove(model, &id);
    }
}

/// Takes over an item of the list.
fn see(model: &mut Model, item: &Event) -> Option<Id> {
    let name = filled(item, "ObjectName")?;
    let known = model.state.endpoints.get(&name);
    let (state, reachable) = match known.filter(|it| is_told(model, Part::Endpoints, &it.name)) {
        Some(endpoint) => (endpoint.state, endpoint.reachable),
        None => {
            let state = filled(item, "DeviceState")?.parse().ok()?;
            let former = known.and_then(|it| it.reachable);
            (state, is_reachable(state).or(former))
        }
    };
    let id = set(model, &name, state, reachable, item);
    let endpoint = model.state.endpoints.get_mut(&id)?;
    text::set(&mut endpoint.transport, item.get("Transport").unwrap_or_default());
    for (names, field) in [
        (&mut endpoint.aors, "Aor"),
        (&mut endpoint.auths, "Auths"),
        (&mut endpoint.outbound_auths, "OutboundAuths"),
    ] {
        let text = filled(item, field).unwrap_or_default();
        let told = text.split(',').map(str::trim).filter(|it| !it.is_empty());
        if !told.clone().eq(names.iter().map(|it| &**it)) {
            *names = told.map(Box::from).collect();
        }
    }
    Some(id)
}

/// Applies the state of a device that may be an endpoint.
///
/// The server works out the state of a device some time after something has changed, with what it
/// knows of the endpoint by then; that can be old. So only the event of the endpoint itself
/// (`PeerStatus`) tells whether it is reachable.
fn changed(model: &mut Model, event: &Event) {
    let Some(device) = filled(event, "Device") else { return };
    let Some(name) = device.strip_prefix("PJSIP/") else { return };
    let Some(Ok(state)) = filled(event, "State").map(|it| it.parse::<DeviceState>()) else {
        return;
    };
    // The state of a device that is no endpoint, or no longer.
    if state == DeviceState::Invalid {
        remove(model, name);
        contacts::end_of(model, name);
        return;
    }
    let reachable = model.state.endpoints.get(name).and_then(|it| it.reachable);
    set(model, name, idle(state, reachable), reachable, event);
}

/// Applies the event that tells whether an endpoint is reachable.
fn reached(model: &mut Model, event: &Event) {
    let Some(peer) = filled(event, "Peer") else { return };
    let Some(name) = peer.strip_prefix("PJSIP/") else { return };
    let is_reachable = match event.get("PeerStatus") {
        Some(b"Reachable") => true,
        Some(b"Unreachable") => false,
        _ => return,
    };
    let reachable = Some(is_reachable);
    match model.state.endpoints.get(name).map(|it| it.state) {
        Some(state) => drop(set(model, name, idle(state, reachable), reachable, event)),
        None if is_reachable => drop(set(model, name, DeviceState::NotInUse, reachable, event)),
        // An endpoint that has ended.
        None => {}
    }
}

/// Returns whether the state of an endpoint says that it is reachable.
fn is_reachable(state: DeviceState) -> Option<bool> {
    match state {
        DeviceState::NotInUse => Some(true),
        DeviceState::Unavailable => Some(false),
        _ => None,
    }
}

/// Returns the state of an endpoint, which depends on whether it is reachable while it is idle.
fn idle(state: DeviceState, reachable: Option<bool>) -> DeviceState {
    match (state, reachable) {
        (DeviceState::Unavailable, Some(true)) => DeviceState::NotInUse,
        (DeviceState::NotInUse, Some(false)) => DeviceState::Unavailable,
        _ => state,
    }
}

/// Sets the state of an endpoint, which becomes known if it was not.
fn set(
    model: &mut Model,
    name: &str,
    to: DeviceState,
    reachable: Option<bool>,
    event: &Event,
) -> Id {
    let since = model.since();
    let Some(endpoint) = model.state.endpoints.get_mut(name) else {
        let id = Id::from(name);
        let endpoint = Endpoint {
            name: Id::clone(&id),
            transport: Box::default(),
            aors: Box::default(),
            auths: Box::default(),
            outbound_auths: Box::default(),
            state: to,
            reachable,
            since,
            last: event.detach(),
        };
        model.state.endpoints.insert(Id::clone(&id), endpoint);
        note(model, Part::Endpoints, &id);
        model.tell(What::EndpointAdded { endpoint: Id::clone(&id) });
        return id;
    };
    endpoint.last = event.detach();
    endpoint.reachable = reachable;
    let (id, from) = (Id::clone(&endpoint.name), endpoint.state);
    if from != to {
        (endpoint.state, endpoint.since) = (to, since);
        model.tell(What::EndpointState { endpoint: Id::clone(&id), from, to });
    }
    note(model, Part::Endpoints, &id);
    id
}

fn remove(model: &mut Model, id: &str) {
    if let Some(endpoint) = model.state.endpoints.remove(id) {
        model.tell(What::EndpointRemoved { endpoint });
    }
}

#[cfg(test)]
mod tests;
