//! The rights of the user, as far as the server tells them.
//!
//! The answer to `ListCommands` has exactly the actions that the user may send and whose modules
//! are loaded, each with its classes (`main/manager.c`, `action_listcommands`). An action that is
//! missing may be of a module that is not loaded, so the lack of a class is concluded only from
//! actions that every server has.

use rustc_hash::FxHashSet;

use crate::typed::action;
use crate::wire::{Classes, EventClass, Line, Response};

/// Actions that the server itself has before it accepts logins, and their classes, which are the
/// same in all versions (`main/manager.c`, `__init_manager`; `main/message.c`). A user who does not
/// have one of them has none of its classes.
const CORE: &[(&str, &[EventClass])] = &[
    ("AOCMessage", &[EventClass::Aoc]),
    ("Command", &[EventClass::Command]),
    ("CoreSettings", &[EventClass::System, EventClass::Reporting]),
    ("Getvar", &[EventClass::Call, EventClass::Reporting]),
    ("MessageSend", &[EventClass::Message]),
    ("ModuleLoad", &[EventClass::System]),
    ("Originate", &[EventClass::Originate]),
    ("Redirect", &[EventClass::Call]),
    ("UpdateConfig", &[EventClass::Config]),
    ("UserEvent", &[EventClass::User]),
];

/// Actions of the server itself that need no class. An answer without them is not that of a server
/// to `ListCommands`.
const FREE: &[&str] = &["Events", "ListCommands", "Logoff", "Ping"];

/// An action of a module with a class of its own, and two actions of the same module that need no
/// class. The module registers and unregisters the action between these two.
struct Beside {
    class: EventClass,
    action: &'static str,
    free: [&'static str; 2],
}

/// The order is that of `load_module` and `unload_module` in `apps/app_queue.c`.
const BESIDE: &[Beside] =
    &[Beside { class: EventClass::Agent, action: "QueueAdd", free: ["QueueStatus", "QueueReset"] }];

/// The actions that the user may send, and what follows for the classes.
#[derive(Debug)]
pub(crate) struct Write {
    /// The names of the listed actions in lower case.
    listed: FxHashSet<Box<str>>,
    present: Classes,
    absent: Classes,
}

impl Write {
    /// Reads the answer to `ListCommands`. Returns `None` if it is another answer.
    pub(crate) fn of(answer: &Response) -> Option<Self> {
        let actions: Vec<_> = answer.lines().filter_map(action_of).collect();
        let listed: FxHashSet<_> =
            actions.iter().map(|(name, _)| name.to_ascii_lowercase().into_boxed_str()).collect();
        let has = |name: &str| listed.contains(&*name.to_ascii_lowercase());
        if !FREE.iter().all(|name| has(name)) {
            return None;
        }
        let alone = |classes: &Classes| classes.iter().count() == 1;
        let all = actions.iter().map(|(_, classes)| *classes);
        let present = all.clone().filter(alone).fold(Classes::NONE, Classes::or);
        let core = CORE.iter().filter(|(name, _)| !has(name));
        let core = core.fold(Classes::NONE, |set, (_, classes)| set.or((*classes).into()));
        let beside = BESIDE.iter().filter(|it| !has(it.action) && it.free.iter().all(|it| has(it)));
        let absent = core.or(beside.map(|it| it.class).collect()).without(present);
        // An action that any of several classes allows shows the only one that is not absent.
        let rest = all.map(|classes| classes.without(absent)).filter(alone);
        let present = rest.fold(present, Classes::or);
        Some(Self { listed, present, absent })
    }

    /// Returns `true` if the user may send the action.
    pub(crate) fn lists(&self, action: &str) -> bool {
        self.listed.contains(&*action.to_ascii_lowercase())
    }

    /// Returns the classes of an action if the user has none of them for certain.
    #[inline]
    pub(crate) fn lacks(&self, action: &str) -> Option<&'static [EventClass]> {
        if self.absent.is_empty() { None } else { self.lacks_all_of(action) }
    }

    fn lacks_all_of(&self, action: &str) -> Option<&'static [EventClass]> {
        let classes = action::classes(action).filter(|classes| !classes.is_empty())?;
        let lacks = Classes::from(classes).without(self.absent).is_empty();
        // Another version may have other classes for the action: the list of this server decides.
        (lacks && !self.lists(action)).then_some(classes)
    }

    /// Returns whether the user has a class, or `None` if the server does not tell.
    pub(crate) fn has(&self, class: EventClass) -> Option<bool> {
        if self.present.contains(class) {
            Some(true)
        } else {
            self.absent.contains(class).then_some(false)
        }
    }
}

/// Reads one line of the answer: `Name: synopsis (Priv: a,b)`.
fn action_of(line: Line<'_>) -> Option<(&str, Classes)> {
    let Line::Field(name, value) = line else { return None };
    let (_, classes) = str::from_utf8(value).ok()?.trim_end().rsplit_once("(Priv: ")?;
    let words = classes.strip_suffix(')')?.split(',');
    let class = |word: &str| EventClass::ALL.iter().copied().find(|class| class.name() == word);
    Some((str::from_utf8(name).ok()?, words.filter_map(class).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Creates the answer of a server that has these modules' actions, for a user with these
    /// classes.
    fn answer(modules: &[(&str, &[EventClass])], user: &[EventClass]) -> Option<Write> {
        let free = FREE.iter().map(|name| (*name, &[][..]));
        let all = CORE.iter().copied().chain(free).chain(modules.iter().copied());
        let may = |classes: &[EventClass]| {
            classes.is_empty() || classes.iter().any(|class| user.contains(class))
        };
        let mut text = "Response: Success\nActionID: x-1\n".to_owned();
        for (name, classes) in all.filter(|(_, classes)| may(classes)) {
            let names: Vec<_> = classes.iter().map(|class| class.name()).chain(["all"]).collect();
            text += &format!("{name}: Does (a thing).  (Priv: {})\n", names.join(","));
        }
        Write::of(&Response::parse(text).unwrap())
    }

    #[test]
    fn a_class_is_lacking_only_if_an_action_of_every_server_is_not_listed() {
        use EventClass::{Agent, Agi, Call, Command, Reporting, System, User};
        let none: &[(&str, &[EventClass])] = &[];
        let faxes: &[(&str, &[EventClass])] = &[("FAXStats", &[Reporting])];
        let queues: &[(&str, &[EventClass])] =
            &[("QueueStatus", &[]), ("QueueAdd", &[Agent]), ("QueueReset", &[])];
        for (modules, user, lacks, unknown) in [
            (none, &[][..], &[System, Call, Reporting, Command, User][..], &[Agent, Agi][..]),
            (none, &[System], &[Call, Reporting], &[Agent]),
            (none, &[Reporting], &[System, Call], &[Agent]),
            (none, &[Call], &[System, Reporting], &[Agent]),
            // `reporting` beside these two shows in no action of the core.
            (none, &[System, Call], &[User], &[Reporting]),
            (faxes, &[System, Call, Reporting], &[User], &[Agent]),
            (queues, &[Call], &[Agent], &[Agi]),
            (queues, &[Call, Agent], &[User], &[Agi]),
            // The module is loaded or unloaded just now.
            (&queues[..1], &[Call], &[User], &[Agent]),
            (&queues[2..], &[Call], &[User], &[Agent]),
        ] {
            let write = answer(modules, user).unwrap();
            let told = |classes: &[EventClass], expected| {
                classes.iter().all(|class| write.has(*class) == expected)
            };
            assert!(told(user, Some(true)) && told(lacks, Some(false)), "{user:?}: {write:?}");
            assert!(told(unknown, None), "{user:?}: {write:?}");
        }
    }

    #[test]
    fn an_action_is_refused_only_if_every_class_of_it_is_lacking() {
        use EventClass::{Call, Reporting, System, User};
        let write = answer(&[], &[Reporting]).unwrap();
        assert_eq!(write.lacks("moduleload"), Some(&[System][..]));
        assert_eq!(write.lacks("AbsoluteTimeout"), Some(&[System, Call][..]));
        // `reporting` suffices, and nothing is known of the others.
        for action in ["Status", "Ping", "NoSuchAction"] {
            assert_eq!(write.lacks(action), None, "{action}");
        }
        // A server whose action has other classes than the table knows.
        let other: &[(&str, &[EventClass])] = &[("AbsoluteTimeout", &[Reporting])];
        let other = answer(other, &[Reporting]).unwrap();
        assert_eq!(other.lacks("AbsoluteTimeout"), None);
        let all = answer(&[], EventClass::ALL).unwrap();
        assert!(all.absent.is_empty() && all.lacks("ModuleLoad").is_none());
        assert_eq!(answer(&[], &[User]).unwrap().has(User), Some(true));
    }

    #[test]
    fn another_answer_says_nothing() {
        for text in [
            "Response: Success",
            "Response: Success\nPing: Pong",
            "Response: Success\nPing: Keepalive command.  (Priv: <none>)",
            "Response: Success\nPing: a\nEvents: b\nLogoff: c\nListCommands: d",
        ] {
            assert!(Write::of(&Response::parse(text).unwrap()).is_none(), "{text}");
        }
    }

    #[test]
    fn the_actions_of_the_core_have_the_classes_of_the_table() {
        for (name, classes) in CORE {
            if let Some(known) = action::classes(name) {
                assert_eq!(Classes::from(known), Classes::from(*classes), "{name}");
            }
        }
        for name in FREE {
            assert!(action::classes(name).is_none_or(<[_]>::is_empty), "{name}");
        }
    }
}
