//! Registrations with other servers.

use std::collections::HashSet;

use ami::event::{OutboundRegistrationDetail, Registry};
use ami::value::RegistrationStatus;
use ami::{Collected, Event, FromEvent};

use crate::change::What;
use crate::model::base::Model;
use crate::model::gone::{gone, note};
use crate::state::{Part, Registration};
use crate::text::{Id, filled, set, text};

/// Applies the list of registrations.
pub(super) fn list(model: &mut Model, collected: &Collected) {
    // Behind each registration stand its secrets (`AuthDetail`), which are not kept.
    let details = collected.items.iter().filter(|item| item.is("OutboundRegistrationDetail"));
    let named: HashSet<_> = details.filter_map(|item| see(model, item)).collect();
    for id in gone(model, Part::Registrations, &model.state.registrations, &named) {
        if let Some(registration) = model.state.registrations.remove(&id) {
            model.tell(What::RegistrationRemoved { registration });
        }
    }
}

/// Takes over an item of the list.
fn see(model: &mut Model, item: &Event) -> Option<Id> {
    let name = filled(item, "ObjectName")?;
    let told = OutboundRegistrationDetail::from_event(item.clone());
    let status = told.status()?.into_owned();
    let wait = told.next_reg().ok().flatten().filter(|it| !it.is_zero());
    let next = wait.and_then(|it| model.now.checked_add(it));
    let since = model.since();
    let Some(registration) = model.state.registrations.get_mut(&name) else {
        let id = Id::from(&*name);
        let registration = Registration {
            name: Id::clone(&id),
            client_uri: text(item, "ClientUri").unwrap_or_default().into(),
            server_uri: text(item, "ServerUri").unwrap_or_default().into(),
            status,
            since,
            next,
            last: item.detach(),
        };
        model.state.registrations.insert(Id::clone(&id), registration);
        model.tell(What::RegistrationAdded { registration: Id::clone(&id) });
        return Some(id);
    };
    let id = Id::clone(&registration.name);
    set(&mut registration.client_uri, item.get("ClientUri").unwrap_or_default());
    set(&mut registration.server_uri, item.get("ServerUri").unwrap_or_default());
    set_status(model, &id, status, item);
    model.state.registrations.get_mut(&id)?.next = next;
    Some(id)
}

/// Applies a change of a registration, which has its URIs and not its name.
pub(super) fn event(model: &mut Model, event: &Event) {
    if filled(event, "ChannelType").as_deref() != Some("PJSIP") {
        return;
    }
    let told = Registry::from_event(event.clone());
    let Some(status) = told.status() else { return };
    let (client, server) = (text(event, "Username"), text(event, "Domain"));
    let is_it = |it: &Registration| {
        client.as_deref() == Some(&*it.client_uri) && server.as_deref() == Some(&*it.server_uri)
    };
    let all = model.state.registrations.iter().filter(|it| is_it(it));
    let ids: Vec<_> = all.map(|it| Id::clone(&it.name)).collect();
    for id in ids {
        note(model, Part::Registrations, &id);
        set_status(model, &id, status.clone().into_owned(), event);
    }
}

fn set_status(model: &mut Model, id: &Id, to: RegistrationStatus<'static>, event: &Event) {
    let since = model.since();
    let Some(registration) = model.state.registrations.get_mut(id) else { return };
    registration.last = event.detach();
    registration.next = None;
    if registration.status == to {
        return;
    }
    registration.since = since;
    let from = std::mem::replace(&mut registration.status, to.clone());
    model.tell(What::RegistrationStatus { registration: Id::clone(id), from, to });
}
