//! The model: applies events and lists to the state, and says what changes. No task, no I/O; the
//! only clock is the time that the caller passes in, so a recorded stream gives the same result.
//!
//! The model is idempotent. A list can run ahead of events that are still on their way (the server
//! answers from caches, while events take the way of its bus), so an event may tell what is known
//! already, or something older; the events that follow put that right.

mod base;
mod bridges;
mod callers;
mod calls;
mod channels;
mod conferences;
mod devices;
mod endpoints;
mod gone;
mod knowledge;
mod left;
mod members;
mod parking;
mod queues;
mod roster;
mod snapshot;
mod totals;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use ami::{Collected, Error, Event, EventClass};

pub(crate) use self::base::{Model, Request};
use self::knowledge::Knowledge;
use crate::change::What;
use crate::state::{Freshness, Outcome, Part};

/// A list that the server is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct List {
    pub(crate) action: &'static str,
    /// The part that the list tells. A part may have several lists, and is known behind its last.
    pub(crate) part: Part,
}

/// The parts in the order in which their lists are asked for. A part stands behind those that it
/// builds on.
const ORDER: &[Part] = &[
    Part::Bridges,
    Part::Channels,
    Part::Queues,
    Part::ParkingLots,
    Part::Conferences,
    Part::Devices,
    Part::Extensions,
    Part::Presences,
    Part::Endpoints,
    Part::Contacts,
    Part::Registrations,
];

const DEVICES: [Part; 3] = [Part::Devices, Part::Extensions, Part::Presences];
const ENDPOINTS: [Part; 3] = [Part::Endpoints, Part::Contacts, Part::Registrations];

/// Returns the lists of parts in the order in which they are asked for.
pub(crate) fn lists(parts: &[Part]) -> impl Iterator<Item = List> {
    let asked = ORDER.iter().filter(|part| parts.contains(part));
    asked.flat_map(|&part| actions(part).iter().map(move |&action| List { action, part }))
}

/// Returns the actions that ask for the lists of a part.
fn actions(part: Part) -> &'static [&'static str] {
    match part {
        Part::Channels => channels::LISTS,
        // The list of channels tells it.
        Part::Dialplan => &[],
        Part::Bridges => bridges::LISTS,
        Part::Queues => queues::LISTS,
        Part::ParkingLots => parking::LISTS,
        Part::Conferences => conferences::LISTS,
        Part::Devices => devices::DEVICE_LISTS,
        Part::Extensions => devices::EXTENSION_LISTS,
        Part::Presences => devices::PRESENCE_LISTS,
        Part::Endpoints => endpoints::ENDPOINT_LISTS,
        Part::Contacts => endpoints::CONTACT_LISTS,
        Part::Registrations => endpoints::REGISTRATION_LISTS,
    }
}

/// The events without which a part is known all the same: they say that lists may have changed.
const OPTIONAL: &[&str] = &["Reload"];

/// Returns the classes that a user has to read for a part: those of all its events but the optional
/// ones.
pub(crate) fn classes(part: Part) -> impl Iterator<Item = EventClass> {
    let classes = |name| ami::event::classes(name).unwrap_or_default();
    EventClass::ALL.iter().copied().filter(move |class| {
        let mut needed = events(part).iter().filter(|name| !OPTIONAL.contains(name));
        needed.any(|name| classes(name).contains(class))
    })
}

/// The names of the events of a part.
pub(crate) fn events(part: Part) -> &'static [&'static str] {
    match part {
        Part::Channels => channels::EVENTS,
        Part::Dialplan => channels::DIALPLAN_EVENTS,
        Part::Bridges => bridges::EVENTS,
        Part::Queues => queues::EVENTS,
        Part::ParkingLots => parking::EVENTS,
        Part::Conferences => conferences::EVENTS,
        Part::Devices => devices::DEVICE_EVENTS,
        Part::Extensions => devices::EXTENSION_EVENTS,
        Part::Presences => devices::PRESENCE_EVENTS,
        Part::Endpoints => endpoints::ENDPOINT_EVENTS,
        Part::Contacts => endpoints::CONTACT_EVENTS,
        Part::Registrations => endpoints::REGISTRATION_EVENTS,
    }
}

impl Model {
    /// Creates the model of a server of which nothing is known.
    pub(crate) fn new(parts: &[Part]) -> Self {
        let mut model = Self::of(Knowledge::new(parts, actions));
        Part::ALL.iter().for_each(|&part| model.settle_knowledge(part));
        model
    }

    /// Applies an event that was read at that time.
    pub(crate) fn event(&mut self, event: &Event, read: SystemTime) {
        self.now = stamp(event).unwrap_or(read);
        self.state.as_of = Some(read);
        let (name, told) = (event.head(), self.changes.len());
        let _ = (self.sees(Part::Channels) && channels::event(self, name, event))
            || (self.sees(Part::Bridges) && bridges::event(self, name, event))
            || (self.sees(Part::Channels) && calls::event(self, name, event))
            || (self.sees(Part::Queues) && queues::event(self, name, event))
            || (self.sees(Part::ParkingLots) && parking::event(self, name, event))
            || (self.sees(Part::Conferences) && conferences::event(self, name, event))
            || (DEVICES.iter().any(|&part| self.sees(part)) && devices::event(self, name, event))
            || (ENDPOINTS.iter().any(|&part| self.sees(part))
                && endpoints::event(self, name, event));
        calls::settle(self, told);
        (self.from_list, self.resync) = (false, false);
        queues::settle(self, Some(event));
        parking::settle(self, told);
        conferences::settle(self, Some(event), told);
        callers::settle(self, event);
    }

    /// Applies a list. What it does not name has ended, unless events have told otherwise.
    pub(crate) fn list(&mut self, list: List, collected: &Collected, read: SystemTime) {
        if self.sees(list.part) {
            self.state.as_of = Some(read);
            self.apply(list.part, list.action, collected, read);
            self.knowledge.list(list.part, list.action, None);
            self.settle_knowledge(list.part);
        }
    }

    /// Notes that a list did not come. The part is empty from here on.
    pub(crate) fn failed(&mut self, list: List, error: Error, read: SystemTime) {
        if is_empty(list.part, &error) {
            self.list(list, &Collected::default(), read);
            return;
        }
        self.knowledge.list(list.part, list.action, Some(Arc::new(error)));
        self.settle_knowledge(list.part);
        self.forget(list.part, read);
    }

    /// Applies a list that [a part has asked for](Self::request): again one of its own, or one that
    /// the server refuses if what it is about has ended.
    pub(crate) fn answer(
        &mut self,
        request: &Request,
        collected: Result<&Collected, &Error>,
        read: SystemTime,
    ) {
        let part = request.part;
        self.knowledge.answer(part);
        if let Part::Channels | Part::Queues = part
            && let Some(list) = lists(&[part]).find(|list| list.action == request.action.name())
        {
            match collected {
                Ok(collected) => self.list(list, collected, read),
                // What is known is as good as before. The server is not asked a third time.
                Err(_) if part == Part::Channels => {}
                Err(error) => self.failed(list, error.clone(), read),
            }
        } else if self.sees(part) {
            self.state.as_of = Some(read);
            self.as_a_list(read, |model| match part {
                Part::Conferences => conferences::answer(model, &request.action, collected.ok()),
                Part::ParkingLots => parking::answer(model, collected.ok()),
                _ => {}
            });
        }
        self.settle_knowledge(part);
    }

    /// Notes that requests were given up because of a loss.
    pub(crate) fn withdrawn(&mut self, request: &Request) {
        self.knowledge.answer(request.part);
    }

    /// Sets the classes of which no events come. A part that needs one of them is empty.
    pub(crate) fn withhold(&mut self, withheld: &[EventClass], read: SystemTime) {
        for &part in Part::ALL {
            let missing: Arc<_> = classes(part).filter(|it| withheld.contains(it)).collect();
            let is_missing = !missing.is_empty();
            self.knowledge.withhold(part, missing);
            self.settle_knowledge(part);
            if is_missing {
                self.forget(part, read);
            }
        }
    }

    /// Sets how current the state is. The time from which on it is stale stays through several
    /// losses.
    pub(crate) fn set_freshness(&mut self, mut freshness: Freshness, at: SystemTime) {
        // No list of parked calls is on its way, or one that is newer than what was told of them.
        self.parked.clear();
        if self.state.freshness.is_current() && freshness.is_current() {
            return;
        }
        self.now = at;
        if !freshness.is_current() {
            self.roster.words.clear();
            self.roster.ended.clear();
        }
        self.is_loaded |= freshness.is_current();
        self.told.clear();
        if let (Freshness::Stale { since: former, .. }, Freshness::Stale { since, .. }) =
            (&self.state.freshness, &mut freshness)
        {
            *since = *former;
        }
        self.state.freshness = freshness.clone();
        self.tell(What::Freshness(freshness.clone()));
        if let Freshness::Stale { reason, .. } = freshness {
            self.as_a_list(at, |model| {
                channels::lost(model, &reason);
                calls::lost(model);
            });
        }
    }

    #[inline]
    fn sees(&self, part: Part) -> bool {
        self.knowledge.sees(part)
    }

    fn settle_knowledge(&mut self, part: Part) {
        let mut unknown = self.knowledge.unknown(part);
        if part == Part::Bridges {
            // Their members are channels.
            unknown = unknown.or_else(|| self.state.unknown(Part::Channels).cloned());
        }
        self.state.coverage.set(part, unknown);
        if part == Part::Channels {
            self.settle_knowledge(Part::Bridges);
        }
    }

    /// Notes whether the server has told what the user may read.
    pub(crate) fn set_rights_known(&mut self, are_known: bool) {
        self.state.coverage.rights_are_known = are_known;
    }

    fn apply(&mut self, part: Part, action: &str, collected: &Collected, read: SystemTime) {
        self.as_a_list(read, |model| match part {
            Part::Channels => {
                channels::list(model, collected);
                if model.sees(Part::Bridges) {
                    bridges::found(model);
                }
            }
            Part::Dialplan => {}
            Part::Bridges => bridges::list(model, collected),
            Part::Queues => queues::list(model, action, collected),
            Part::ParkingLots => parking::list(model, action, collected),
            Part::Conferences => conferences::list(model, collected),
            Part::Devices | Part::Extensions | Part::Presences => {
                devices::list(model, part, collected);
            }
            Part::Endpoints | Part::Contacts | Part::Registrations => {
                endpoints::list(model, part, action, collected);
            }
        });
    }

    /// Runs `apply` as what applies a list.
    fn as_a_list(&mut self, read: SystemTime, apply: impl FnOnce(&mut Self)) {
        self.now = read;
        self.from_list = true;
        self.resync = self.is_loaded;
        let told = self.changes.len();
        apply(self);
        calls::settle(self, told);
        queues::settle(self, None);
        parking::settle(self, told);
        self.gone = Outcome::Unknown;
        conferences::settle(self, None, told);
        self.resync = false;
        self.from_list = false;
    }

    /// Empties a part that is not known. Nobody is told that its entities have ended, because
    /// nobody knows, and no end is counted.
    fn forget(&mut self, part: Part, read: SystemTime) {
        let told = self.changes.len();
        let totals = Arc::clone(&self.state.totals);
        // No end is on its way.
        self.losses += 1;
        self.told.retain(|(told, _)| *told != part);
        for action in actions(part) {
            self.apply(part, action, &Collected::default(), read);
        }
        if part == Part::Channels {
            self.listed = None;
        }
        self.changes.truncate(told);
        self.state.totals = totals;
    }
}

/// Returns `true` if the error of a list means that there is nothing to list.
fn is_empty(part: Part, error: &Error) -> bool {
    match (part, error) {
        (Part::Conferences, error) => conferences::are_none(error),
        (Part::Endpoints | Part::Contacts | Part::Registrations, Error::Rejected(refusal)) => {
            endpoints::is_empty(refusal)
        }
        _ => false,
    }
}

/// Returns the time that the server has stamped an event with. Behind the name and the class, that
/// is the third line.
fn stamp(event: &Event) -> Option<SystemTime> {
    let ami_line = event.fields().take(3).find(|(name, _)| *name == b"Timestamp")?;
    let seconds: f64 = std::str::from_utf8(ami_line.1).ok()?.parse().ok()?;
    SystemTime::UNIX_EPOCH.checked_add(Duration::try_from_secs_f64(seconds).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readme_has_the_lists_and_the_classes_of_each_part() {
        let readme = include_str!("../../README.md");
        for &part in Part::ALL {
            let row = readme.lines().find(|line| line.starts_with(&format!("| {part}"))).unwrap();
            let columns: Vec<_> = row.split('|').map(str::trim).collect();
            let read: Vec<_> = columns[3].split(", ").map(|it| it.trim_matches('`')).collect();
            let needed: Vec<_> = classes(part).map(EventClass::name).collect();
            assert_eq!(read, needed, "{part}");
            for action in actions(part) {
                assert!(columns[2].contains(&format!("`{action}`")), "{part}: {action}");
                let write = ami::action::classes(action).unwrap();
                assert!(write.iter().all(|it| columns[4].contains(it.name())), "{part}: {action}");
                assert_eq!(write.is_empty(), columns[4].is_empty(), "{part}: {action}");
            }
        }
    }
}
