//! The classes of actions, for users who have one of them and for users who have all others.

use std::collections::HashMap;

use ami::{Action, Client, Config, EventClass};
use instance::Instance;

use crate::scenario::with;
use crate::seen::{self, Seen, VERSIONS, only, user};

use EventClass::{Agent, Agi, Aoc, Call, Command, Message, Originate, Reporting, System, User};

/// The sets of classes that actions have: one of a set is needed.
const SETS: [&[EventClass]; 17] = [
    &[Agent],
    &[Agi],
    &[Aoc],
    &[Call],
    &[Call, Reporting],
    &[System, Call],
    &[System, Call, Reporting],
    &[Command],
    &[EventClass::Config],
    &[EventClass::Config, Reporting],
    &[System, EventClass::Config],
    &[Message],
    &[Originate],
    &[Reporting],
    &[System],
    &[System, Reporting],
    &[User],
];

/// An action that users with and without its classes sent.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) action: String,
    /// The classes that the server tells.
    pub(crate) classes: Vec<EventClass>,
    /// The classes of users with this one alone who were refused.
    pub(crate) refused: Vec<EventClass>,
    /// `true` if the user with all other classes was refused.
    pub(crate) refused_without: bool,
}

/// The users with all classes but those of a set.
pub(crate) fn users() -> String {
    let all = EventClass::ALL.iter().copied();
    let without = |set: &[EventClass]| {
        let rest: Vec<_> = all.clone().filter(|class| !set.contains(class)).collect();
        user(&lacking(set), &[], &rest)
    };
    SETS.into_iter().map(without).collect()
}

fn lacking(set: &[EventClass]) -> String {
    let names: Vec<_> = set.iter().map(|class| class.name()).collect();
    format!("no_{}", names.join("_"))
}

/// The actions without a class that are not sent: they end the connection or wait for an event.
const LEFT_OUT: [&str; 3] = ["Login", "Logoff", "WaitEvent"];

/// Has every action sent by users with one of its classes, and by the one with all others; those
/// without a class by a user without classes.
pub(crate) async fn ask(instance: &Instance, client: &Client) -> Vec<Answer> {
    let mut clients = HashMap::new();
    let names = EventClass::ALL.iter().map(|class| only(*class));
    for name in names.chain(SETS.map(lacking)) {
        // The server is to refuse, not the client.
        let config = Config::new(&*name, "mysecret").reconnect(None).ask_permissions(false);
        clients.insert(name, config.connect(instance.ami_address()).await.unwrap());
    }
    let nobody = Config::new("barred", "mysecret").reconnect(None).ask_permissions(false);
    let nobody = nobody.connect(instance.ami_address()).await.unwrap();
    let mut answers = Vec::new();
    for (action, classes) in commands(client).await {
        if classes.is_empty() {
            if !LEFT_OUT.contains(&&*action) {
                let refused = is_refused(&nobody, &action).await;
                assert!(!refused, "{action} needs no class");
            }
            continue;
        }
        let mut refused = Vec::new();
        for class in &classes {
            if is_refused(&clients[&only(*class)], &action).await {
                refused.push(*class);
            }
        }
        let other = clients.get(&lacking(&classes));
        let other = other.unwrap_or_else(|| panic!("{action} needs one of {classes:?}: a new set"));
        let refused_without = is_refused(other, &action).await;
        answers.push(Answer { action, classes, refused, refused_without });
    }
    answers
}

/// The actions that a user may send, each with its classes.
async fn commands(client: &Client) -> Vec<(String, Vec<EventClass>)> {
    let known = client.call(Action::new("ListCommands")).await.unwrap();
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    let known = known.fields().filter_map(|(name, value)| {
        let value = text(value);
        let classes = value.rsplit_once("(Priv: ")?.1.strip_suffix(')')?;
        let named = |class: &&EventClass| classes.split(',').any(|it| it == class.name());
        Some((text(name), EventClass::ALL.iter().filter(named).copied().collect()))
    });
    known.collect()
}

/// Sends an action such that it does no harm: with nothing that it needs, or for something that is
/// not there.
async fn is_refused(client: &Client, name: &str) -> bool {
    let nothing: &[(&str, &str)] = match name {
        "Command" => &[("Command", "core show nothing")],
        "ModuleLoad" => &[("LoadType", "load"), ("Module", "nothing.so")],
        "Reload" => &[("Module", "nothing.so")],
        "UserEvent" => &[("UserEvent", "Permission")],
        _ => &[],
    };
    let replies = client.exchange(with(name, nothing)).await.unwrap();
    replies.iter().any(|it| it.get("Message") == Some(b"Permission denied"))
}

#[test]
fn an_action_needs_one_of_its_classes() {
    for Seen { major, answers, .. } in VERSIONS.map(seen::of) {
        assert!(answers.len() > 100, "{major}: {}", answers.len());
        for Answer { action, classes, refused, refused_without } in answers {
            let known = ami::action::classes(action);
            assert_eq!(known, Some(&classes[..]), "{major}: {action}");
            assert_eq!(refused, &[], "{major}: {action} needs one of {classes:?}");
            assert!(refused_without, "{major}: {action} needs none of {classes:?}");
        }
    }
}
