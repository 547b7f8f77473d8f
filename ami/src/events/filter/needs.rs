//! The classes that a filter needs its user to read.

use super::condition::{Condition, Pattern};
use super::{Filter, Names};
use crate::typed::event;
use crate::wire::Classes;

impl Filter {
    /// Returns the classes without which events that the filter names do not come. Names with
    /// wildcards and names that are not known need none.
    pub(crate) fn needs(&self) -> Classes {
        let names = match &self.names {
            Names::All => &[][..],
            Names::These(names) => names,
        };
        let named = names.iter().map(|name| classes_of(name));
        let terms = self.terms();
        let conditions = terms.conditions.iter().chain(terms.alternatives.iter().flatten());
        let conditions = conditions.map(|condition| match condition {
            Condition::Name(Pattern::Exact(name)) => classes_of(name),
            Condition::Class(class) => Classes::from_iter([*class]),
            Condition::Name(Pattern::Glob(_)) | Condition::Field { .. } => Classes::NONE,
        });
        named.chain(conditions).fold(self.classes, Classes::or)
    }
}

fn classes_of(name: &[u8]) -> Classes {
    event::classes(name).map_or(Classes::NONE, Classes::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::TypedEvent;
    use crate::wire::{Event, EventClass};

    /// An event that no table has.
    #[derive(Clone)]
    struct Own(Event);

    impl TypedEvent for Own {
        const NAME: &'static str = "AcmeAlarm";
        const CLASSES: &'static [EventClass] = &[EventClass::System, EventClass::User];

        fn view(event: Event) -> Self {
            Self(event)
        }

        fn raw(&self) -> &Event {
            &self.0
        }

        fn into_raw(self) -> Event {
            self.0
        }
    }

    #[test]
    fn a_filter_needs_the_classes_of_what_it_names() {
        use EventClass::{Agent, Call, System, User};
        let parse = |text: &str| Filter::parse(text).unwrap();
        for (filter, needs) in [
            (Filter::all(), &[][..]),
            (Filter::none().with_strays(), &[]),
            (Filter::named(["HANGUP"]), &[Call]),
            (Filter::named(["FullyBooted", "DialEnd", "Unheard"]), &[System, Call]),
            (Filter::named(["Unheard"]), &[]),
            (Filter::of::<Own>(), &[System, User]),
            (parse("Hang*"), &[]),
            (parse("class:agent"), &[Agent]),
            (parse("Hangup Cause=16, FullyBooted"), &[System, Call]),
            (parse("Queue*,Hangup Cause=16, class:user"), &[Call, User]),
            (parse("Event!=Hangup"), &[]),
        ] {
            assert_eq!(filter.needs(), Classes::from(needs), "{filter}");
        }
    }
}
