//! The classes of events and actions.

use ami::{EventClass, action, event};

use crate::commands::explain::article::{Article, Block, Item};
use crate::commands::explain::kind::Kind;

/// The classes, in the server's order.
pub(super) fn all() -> impl Iterator<Item = Article> {
    EventClass::ALL.iter().map(|class| article(*class))
}

fn article(class: EventClass) -> Article {
    let sent = event::all().filter(|(_, classes)| classes.contains(&class));
    let sent: Vec<_> = sent.map(|(name, _)| name).collect();
    let needing = action::all().iter().filter(|it| it.classes.contains(&class));
    let needing: Vec<_> = needing.map(|it| it.name).collect();
    let mut article = Article::new(Kind::Class, class.name())
        .about(about(class))
        .fact("found in", "read and write of a user in manager.conf, EventMask of Events");
    let list = |name: &str, names: Vec<&str>, none: &str| {
        let text = if names.is_empty() { none.to_owned() } else { names.join(", ") };
        Item { name: name.to_owned(), text: vec![Block::plain(text)], ..Item::default() }
    };
    article.items = vec![
        list("read: gets the events", sent, "none"),
        list("write: may send the actions", needing, "none that have no other class, too"),
    ];
    article
}

fn about(class: EventClass) -> &'static str {
    match class {
        EventClass::System => "The server itself: boot, shutdown, modules, registrations, peers.",
        EventClass::Call => "Channels, bridges and calls.",
        EventClass::Log => "Messages of the log.",
        EventClass::Verbose => "Verbose messages.",
        EventClass::Command => "Commands of the CLI.",
        EventClass::Agent => "Queues, their members, and agents.",
        EventClass::User => "User events, from the dialplan or an action.",
        EventClass::Config => "Configuration files.",
        EventClass::Dtmf => "DTMF digits.",
        EventClass::Reporting => "RTCP, and reports of the server about itself.",
        EventClass::Cdr => "Call detail records.",
        EventClass::Dialplan => "Steps of the dialplan, and variables that are set.",
        EventClass::Originate => "Placing calls.",
        EventClass::Agi => "AGI, asynchronous AGI among it.",
        EventClass::Cc => "Call completion.",
        EventClass::Aoc => "Advice of charge.",
        EventClass::Test => "Events of servers that are built for tests.",
        EventClass::Security => "Logins and refusals, of AMI and of protocols.",
        EventClass::Message => "Messages outside of calls.",
        _ => "A class of events and actions.",
    }
}
