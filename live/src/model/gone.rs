//! Lists against entities that events have told of: a list ends what it does not name, unless an
//! event has told of it since the loss.

use std::collections::HashSet;

use super::base::Model;
use crate::state::Part;
use crate::table::Table;
use crate::text::Id;

/// Returns the entities that a list should have named and did not. What an event has told since the
/// loss is newer than the loss and stays.
pub(super) fn gone<T>(model: &Model, part: Part, table: &Table<T>, named: &HashSet<Id>) -> Vec<Id> {
    let absent = table.ids().filter(|&id| !named.contains(id));
    absent.filter(|id| !is_told(model, part, id)).cloned().collect()
}

/// Returns `true` if an event has told of an entity since the loss, or before the first lists are
/// in.
///
/// All events since then have come, in order. Where the server makes a list from a cache that is
/// behind its events for a moment, as it does with states of devices, the event is right.
pub(super) fn is_told(model: &Model, part: Part, id: &Id) -> bool {
    model.told.contains(&(part, Id::clone(id)))
}

/// Notes that an event has told of an entity, if lists are on their way.
///
/// Times do not show that: those of events can be the server's, whose clock may differ.
pub(super) fn note(model: &mut Model, part: Part, id: &Id) {
    if !model.from_list && !model.state.freshness.is_current() {
        model.told.insert((part, Id::clone(id)));
    }
}
