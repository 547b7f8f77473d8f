//! The classes of events, on the wire and for users who may read one of them.

use std::collections::BTreeSet;

use ami::{Event, EventClass};

use crate::seen::{self, MARKS, Seen, VERSIONS};

/// The classes that an event says that it has.
fn privilege(event: &Event) -> Vec<EventClass> {
    let words = event.text("Privilege").unwrap_or_default();
    let words = words.split(',').filter(|word| !matches!(*word, "all" | "<none>"));
    words.map(|word| class(word).unwrap()).collect()
}

fn class(name: &str) -> Option<EventClass> {
    EventClass::ALL.iter().copied().find(|class| class.name() == name)
}

/// Where the mark is among the events.
fn place(events: &[&Event], mark: &str) -> usize {
    let is_it = |event: &&Event| event.get("UserEvent") == Some(mark.as_bytes());
    events.iter().position(is_it).unwrap()
}

/// An event that is written right after a login, and goes to nobody else.
fn is_greeting(event: &Event) -> bool {
    event.is("FullyBooted")
}

#[test]
fn a_user_with_one_class_gets_all_events_of_this_class_alone() {
    for Seen { major, all, of_class, .. } in VERSIONS.map(seen::of) {
        let all: Vec<_> = all.iter().filter(|event| !is_greeting(event)).collect();
        let [begin, end] = MARKS.map(|mark| place(&all, mark));
        for (class, got) in of_class {
            let got: Vec<_> = got.iter().filter(|event| !is_greeting(event)).collect();
            let is_of = |event: &Event| privilege(event) == [*class];
            let count = |events: &[&Event]| events.iter().filter(|event| is_of(event)).count();
            let whole: Vec<_> = all.iter().copied().filter(|event| is_of(event)).collect();
            // The first connected before the others and was asked after them.
            let (first, last) = (count(&all[..begin]), count(&all[..=end]));
            let fits = |at: usize| whole[at..].starts_with(&got) && at + got.len() >= last;
            let strangers: BTreeSet<_> =
                got.iter().filter(|event| !is_of(event)).map(|event| event.name()).collect();
            assert!(
                (0..=first).any(fits),
                "{major} {class:?}: {} of {} to {}, and {strangers:?}",
                got.len(),
                last - first,
                whole.len()
            );
        }
    }
}
