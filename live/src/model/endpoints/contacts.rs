//! Contacts of endpoints.

use std::collections::HashSet;

use ami::event::{ContactList, ContactStatus};
use ami::value::ContactState;
use ami::{Collected, Event, FromEvent};

use crate::change::What;
use crate::model::base::Model;
use crate::model::gone::{gone, note};
use crate::state::{Contact, Part};
use crate::text::{Id, filled, set, text};

/// Applies the list of registered contacts. It names no contacts that are configured, so no contact
/// ends because the list does not name it.
pub(super) fn details(model: &mut Model, collected: &Collected) {
    for item in &collected.items {
        detail(model, item);
    }
}

fn detail(model: &mut Model, item: &Event) -> Option<()> {
    // The AOR stands in front of a hash of the URI.
    let object = filled(item, "ObjectName")?;
    let (aor, _) = object.rsplit_once(";@")?;
    let uri = filled(item, "Uri")?;
    let told = ContactList::from_event(item.clone());
    let id = see(model, aor, &uri, &text(item, "Endpoint").unwrap_or_default(), item);
    set_status(model, &id, told.status(), told.roundtrip_usec().ok().flatten());
    let contact = model.state.contacts.get_mut(&id)?;
    set(&mut contact.endpoint, item.get("Endpoint").unwrap_or_default());
    set(&mut contact.user_agent, item.get("UserAgent").unwrap_or_default());
    contact.expires = told.expiration_time().ok().flatten();
    Some(())
}

/// Applies the list of endpoints, which names the contacts of each AOR.
pub(super) fn names(model: &mut Model, collected: &Collected) {
    let mut named = HashSet::new();
    for item in &collected.items {
        let endpoint = text(item, "ObjectName").unwrap_or_default();
        for contacts in item.get_all("Contacts").map(String::from_utf8_lossy) {
            for (aor, uri) in of_aor(&contacts) {
                let known = model.state.contacts.get(&id(aor, uri)).map(|it| Id::clone(&it.id));
                named.insert(known.unwrap_or_else(|| see(model, aor, uri, &endpoint, item)));
            }
        }
    }
    for id in gone(model, Part::Contacts, &model.state.contacts, &named) {
        remove(model, &id);
    }
}

/// Reads `aor/uri,aor/uri,`. The AOR is the same in each, so a comma of a URI is none between two.
fn of_aor(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let text = text.strip_suffix(',').unwrap_or(text);
    let (aor, uris) = text.split_once('/').unwrap_or_default();
    let between = format!(",{aor}/");
    let mut rest = (!aor.is_empty()).then_some(uris);
    std::iter::from_fn(move || {
        let uris = rest.take()?;
        let uri = match uris.split_once(&between) {
            Some((uri, others)) => {
                rest = Some(others);
                uri
            }
            None => uris,
        };
        Some((aor, uri))
    })
}

/// Applies a change of a contact.
pub(super) fn event(model: &mut Model, event: &Event) {
    let (Some(aor), Some(uri)) = (filled(event, "AOR"), filled(event, "URI")) else { return };
    let told = ContactStatus::from_event(event.clone());
    match told.contact_status() {
        Some(ContactState::Removed) => remove(model, &id(&aor, &uri)),
        // A contact that was registered again. The status is what it was.
        Some(ContactState::Updated) => {
            if let Some(contact) = model.state.contacts.get_mut(&id(&aor, &uri)) {
                contact.last = event.detach();
            }
        }
        status => {
            let endpoint = filled(event, "EndpointName").unwrap_or_default();
            let id = see(model, &aor, &uri, &endpoint, event);
            note(model, Part::Contacts, &id);
            set_status(model, &id, status, told.roundtrip_usec().ok().flatten());
        }
    }
}

fn id(aor: &str, uri: &str) -> String {
    format!("{aor}/{uri}")
}

/// Makes a contact known, and returns its identifier.
fn see(model: &mut Model, aor: &str, uri: &str, endpoint: &str, event: &Event) -> Id {
    let id = id(aor, uri);
    if let Some(contact) = model.state.contacts.get_mut(&id) {
        contact.last = event.detach();
        if contact.endpoint.is_empty() {
            set(&mut contact.endpoint, endpoint.as_bytes());
        }
        return Id::clone(&contact.id);
    }
    let id = Id::from(id);
    let contact = Contact {
        id: Id::clone(&id),
        uri: uri.into(),
        aor: aor.into(),
        endpoint: endpoint.into(),
        status: None,
        since: model.since(),
        round_trip: None,
        user_agent: Box::default(),
        expires: None,
        last: event.detach(),
    };
    model.state.contacts.insert(Id::clone(&id), contact);
    model.tell(What::ContactAdded { contact: Id::clone(&id) });
    id
}

fn set_status(
    model: &mut Model,
    id: &Id,
    to: Option<ContactState<'_>>,
    round_trip: Option<std::time::Duration>,
) {
    let since = model.since();
    let Some(contact) = model.state.contacts.get_mut(id) else { return };
    let Some(to) = to.map(ContactState::into_owned) else { return };
    contact.round_trip = round_trip.filter(|_| to == ContactState::Reachable);
    if contact.status.as_ref() == Some(&to) {
        return;
    }
    contact.since = since;
    let from = contact.status.replace(to.clone());
    model.tell(What::ContactStatus { contact: Id::clone(id), from, to });
}

/// Ends the contacts of an endpoint that has ended. No event tells the end of those that were
/// configured.
pub(super) fn end_of(model: &mut Model, endpoint: &str) {
    let all = model.state.contacts.iter().filter(|contact| &*contact.endpoint == endpoint);
    let ids: Vec<_> = all.map(|contact| Id::clone(&contact.id)).collect();
    for id in ids {
        remove(model, &id);
    }
}

fn remove(model: &mut Model, id: &str) {
    if let Some(contact) = model.state.contacts.remove(id) {
        model.tell(What::ContactRemoved { contact });
    }
}
