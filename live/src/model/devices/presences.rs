//! Presences.

use std::collections::HashSet;

use ami::event::PresenceStateChange;
use ami::{Collected, Event, FromEvent};

use crate::change::What;
use crate::model::base::Model;
use crate::model::gone::{gone, is_told, note};
use crate::state::{Part, Presence};
use crate::text::{Id, filled, set};

/// Applies the list of presences.
pub(super) fn list(model: &mut Model, collected: &Collected) {
    let named: HashSet<_> = collected.items.iter().filter_map(|item| see(model, item)).collect();
    for id in gone(model, Part::Presences, &model.state.presences, &named) {
        if let Some(presence) = model.state.presences.remove(&id) {
            model.tell(What::PresenceRemoved { presence });
        }
    }
}

/// Takes over what an event says of a presence.
pub(super) fn see(model: &mut Model, event: &Event) -> Option<Id> {
    let name = filled(event, "Presentity")?;
    if let Some(presence) = model.state.presences.get(&name)
        && model.from_list
        && is_told(model, Part::Presences, &presence.name)
    {
        return Some(Id::clone(&presence.name));
    }
    let told = PresenceStateChange::from_event(event.clone());
    let to = told.status().ok()??;
    let (subtype, message) =
        (told.subtype().unwrap_or_default(), told.message().unwrap_or_default());
    let since = model.since();
    let Some(presence) = model.state.presences.get_mut(&name) else {
        let id = Id::from(&*name);
        let presence = Presence {
            name: Id::clone(&id),
            state: to,
            subtype: subtype.into(),
            message: message.into(),
            since,
            last: event.detach(),
        };
        model.state.presences.insert(Id::clone(&id), presence);
        note(model, Part::Presences, &id);
        model.tell(What::PresenceChanged { presence: Id::clone(&id), from: None, to });
        return Some(id);
    };
    presence.last = event.detach();
    let (id, from) = (Id::clone(&presence.name), presence.state);
    let is_other_subtype = set(&mut presence.subtype, subtype.as_bytes());
    let is_other_message = set(&mut presence.message, message.as_bytes());
    if from != to || is_other_subtype || is_other_message {
        (presence.state, presence.since) = (to, since);
        model.tell(What::PresenceChanged { presence: Id::clone(&id), from: Some(from), to });
    }
    note(model, Part::Presences, &id);
    Some(id)
}
