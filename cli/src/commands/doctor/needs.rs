//! The check of what a program needs: events and actions.

use ami::{Client, EventClass, Permissions, action, event};

use super::Fault;
use super::report::{Check, Report, State};
use super::server::Settings;
use crate::commands::probe::Classes;

/// The classes that `read` or `write` lacks.
#[derive(Debug, Default)]
struct Lacks {
    classes: Vec<EventClass>,
}

impl Lacks {
    fn add(&mut self, classes: impl IntoIterator<Item = EventClass>) {
        self.classes.extend(classes);
        self.classes.sort_unstable();
        self.classes.dedup();
    }

    /// Returns the line for the section of the user, as far as the rest of it is known.
    fn line(&self, key: &str, now: Option<&str>) -> Option<String> {
        let lacks: Vec<_> = self.classes.iter().map(|class| class.name()).collect();
        let lacks = lacks.join(",");
        match now {
            _ if lacks.is_empty() => None,
            // The server writes `<none>` for a user without a class.
            Some("" | "<none>") => Some(format!("{key} = {lacks}")),
            Some(now) => Some(format!("{key} = {now},{lacks}")),
            None => Some(format!("; add to `{key}`, which the server does not tell: {lacks}")),
        }
    }
}

pub(super) async fn check(
    client: &Client,
    needs: &[String],
    classes: &Classes,
    settings: &Settings,
    report: &mut Report<'_>,
) -> Result<(), Fault> {
    let permissions = client.permissions().await?;
    let (mut read, mut write) = (Lacks::default(), Lacks::default());
    for name in needs.iter().map(|name| name.trim()).filter(|name| !name.is_empty()) {
        let check = match name.split_once(':') {
            Some((kind, name)) if kind.eq_ignore_ascii_case("action") => {
                of_action(name, &permissions, &mut write)
            }
            _ => of_event(name, &permissions, settings, &mut read),
        };
        report.tell(check)?;
    }
    let lines = &mut report.lines.user;
    lines.extend(read.line("read", classes.read.as_deref()));
    lines.extend(write.line("write", classes.write.as_deref()));
    Ok(())
}

fn of_event(name: &str, permissions: &Permissions, settings: &Settings, read: &mut Lacks) -> Check {
    let Some(classes) = event::classes(name) else {
        let text = "no documented event has this name";
        let check = Check::new(State::Warn, name, text);
        return match action::classes(name) {
            Some(_) => check.remedy(format!("for the action, name action:{name}")),
            None => check,
        };
    };
    if settings.disabled.iter().flatten().any(|it| it.eq_ignore_ascii_case(name)) {
        return Check::new(State::Bad, name, "the server sends it to nobody")
            .remedy("take it out of `disabledevents` in [general]");
    }
    let list = names(classes);
    let lacks: Vec<_> =
        classes.iter().filter(|it| permissions.may_read(**it) == Some(false)).copied().collect();
    if !lacks.is_empty() {
        read.add(lacks);
        return Check::new(State::Bad, name, format!("does not come without `read = …,{list}`"));
    }
    match classes.iter().all(|class| permissions.may_read(*class).is_some()) {
        true => Check::new(State::Ok, name, format!("comes with `read = …,{list}`")),
        false => Check::new(
            State::Warn,
            name,
            format!("needs `read = …,{list}`, if it comes is not told"),
        )
        .remedy("the server tells those who have `write = …,command`"),
    }
}

fn of_action(name: &str, permissions: &Permissions, write: &mut Lacks) -> Check {
    let shown = format!("action {name}");
    match (permissions.may_send(name), action::classes(name)) {
        (Some(true), _) => Check::new(State::Ok, shown, "may be sent"),
        (Some(false), classes) => {
            let classes = classes.unwrap_or_default();
            // One of the classes suffices.
            write.add(classes.first().copied());
            let text = format!("may not be sent without `write = …` of {}", names(classes));
            Check::new(State::Bad, shown, text)
        }
        (None, Some(_)) => Check::new(State::Warn, shown, "the server does not list it")
            .remedy("its module may not be loaded"),
        (None, None) => Check::new(State::Warn, shown, "no documented action has this name"),
    }
}

fn names(classes: &[EventClass]) -> String {
    classes.iter().map(|class| class.name()).collect::<Vec<_>>().join(",")
}
