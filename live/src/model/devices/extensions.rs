//! Extensions with a hint.

use std::collections::HashSet;

use ami::value::ExtensionState;
use ami::{Collected, Event};

use crate::change::What;
use crate::model::base::Model;
use crate::model::gone::{gone, note};
use crate::state::{Extension, Part};
use crate::text::{Id, filled, set, text};

/// Applies the list of extensions.
pub(super) fn list(model: &mut Model, collected: &Collected) {
    let named: HashSet<_> = collected.items.iter().filter_map(|item| see(model, item)).collect();
    for id in gone(model, Part::Extensions, &model.state.extensions, &named) {
        remove(model, &id);
    }
}

/// Takes over what an event says of an extension.
pub(super) fn see(model: &mut Model, event: &Event) -> Option<Id> {
    let (exten, context) = (filled(event, "Exten")?, filled(event, "Context")?);
    let to = filled(event, "Status")?.parse::<ExtensionState>().ok()?;
    let id = format!("{exten}@{context}");
    if matches!(to, ExtensionState::Removed | ExtensionState::Deactivated) {
        remove(model, &id);
        return None;
    }
    let since = model.since();
    let Some(extension) = model.state.extensions.get_mut(&id) else {
        let mut extension = Extension {
            id: Id::from(id),
            exten: exten.into(),
            context: context.into(),
            hint: Box::default(),
            state: to,
            status_text: text(event, "StatusText").unwrap_or_default().into(),
            since,
            presence: None,
            last: event.detach(),
        };
        take_hint(&mut extension, event);
        let id = Id::clone(&extension.id);
        model.state.extensions.insert(Id::clone(&id), extension);
        note(model, Part::Extensions, &id);
        model.tell(What::ExtensionAdded { extension: Id::clone(&id) });
        return Some(id);
    };
    extension.last = event.detach();
    let (id, from) = (Id::clone(&extension.id), extension.state);
    let is_other_hint = take_hint(extension, event);
    set(&mut extension.status_text, event.get("StatusText").unwrap_or_default());
    if from != to {
        (extension.state, extension.since) = (to, since);
    }
    note(model, Part::Extensions, &id);
    if is_other_hint {
        model.tell(What::ExtensionHint { extension: Id::clone(&id) });
    }
    if from != to {
        model.tell(What::ExtensionState { extension: Id::clone(&id), from, to });
    }
    Some(id)
}

/// Takes over the hint. An event that comes while the dialplan is reloaded has none. Returns `true`
/// if it differs.
fn take_hint(extension: &mut Extension, event: &Event) -> bool {
    let hint = event.get("Hint").unwrap_or_default();
    if hint.is_empty() || !set(&mut extension.hint, hint) {
        return false;
    }
    let provider = extension.hint.split_once(',').map(|(_, provider)| provider.trim());
    extension.presence = provider.filter(|it| !it.is_empty()).map(Id::from);
    true
}

fn remove(model: &mut Model, id: &str) {
    if let Some(extension) = model.state.extensions.remove(id) {
        model.tell(What::ExtensionRemoved { extension });
    }
}
