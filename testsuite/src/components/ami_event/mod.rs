//! `ami.AMIEventModule`: events that have to come, so many times, with headers as described.

use ami::Event;

use self::cel::{Orders, Sequence};
use self::headers::Requirements;
use crate::case::{Ast, Component, Happening, TestCase, Watcher};
use crate::components::awaited::Awaited;
use crate::components::{Kind, python};
use crate::files::{ConfigError, Section};
use crate::job::Reason;

mod cel;
mod headers;
#[cfg(test)]
mod tests;

/// The type of component.
pub(super) const KIND: Kind = Kind {
    names: &["ami.AMIEventModule", "ami.AMIEventModule.AMIEventModule"],
    page: include_str!("page.md"),
    build,
};

fn build(section: &Section) -> Result<Box<dyn Component>, ConfigError> {
    let node = section.node();
    if node.items().is_empty() {
        return Err(node.error(format!("expected a list of events, found {}", node.kind())));
    }
    let events = section.items("ami.AMIEventModule reads");
    let events: Vec<_> = events.iter().map(Expected::read).collect::<Result<_, _>>()?;
    Ok(Box::new(AmiEventModule { events }))
}

struct AmiEventModule {
    events: Vec<Expected>,
}

/// An event that is expected.
struct Expected {
    event: Awaited,
    required: Required,
    stops: bool,
    unmet: Vec<Reason>,
}

/// The requirements on events that meet the conditions, by the type of the description.
enum Required {
    Headers(Requirements),
    Cel(Sequence),
}

impl Required {
    fn sequence(&self) -> Option<&Sequence> {
        match self {
            Self::Cel(sequence) => Some(sequence),
            Self::Headers(_) => None,
        }
    }
}

impl Expected {
    fn read(section: &Section) -> Result<Self, ConfigError> {
        let kind = section.text("type")?.unwrap_or("headermatch");
        if kind == "callback" {
            let (module, method) = ("callbackModule", "callbackMethod");
            return Err(python::callback(section, section.text(module)?, section.text(method)?));
        }
        if let Some(start) = section.get("start") {
            section.warn(start, format!("start has no effect on events of type {kind}"));
        }
        let (event, required) = match kind {
            "headermatch" => {
                let event = Awaited::read(section)?;
                let same = Requirements::same(event.matcher().name(), section)?;
                (event, Required::Headers(same))
            }
            "orderedheadermatch" => {
                let event = Awaited::read(section)?;
                let ordered = Requirements::ordered(event.matcher().name(), section)?;
                (event, Required::Headers(ordered))
            }
            "cel" => {
                let event = Awaited::read_named(section, "CEL")?;
                (event, Required::Cel(Sequence::read(section)?))
            }
            _ => return Err(section.error(format!("there is no type {kind} of events"))),
        };
        let stops = section.text("action")? == Some("stop");
        Ok(Self { event, required, stops, unmet: Vec::new() })
    }

    fn take(&mut self, ast: &Ast, event: &Event, test: &TestCase) {
        if !self.event.takes(ast, event) {
            return;
        }
        match &mut self.required {
            Required::Headers(requirements) => {
                let required = requirements.on(self.event.seen());
                self.unmet.extend(required.and_then(|it| self.event.unmet(it, event)));
            }
            Required::Cel(sequence) => {
                let wrong = test.with_common(|orders: &mut Orders| sequence.take(event, orders));
                wrong.into_iter().for_each(|reason| test.fail_with(reason));
            }
        }
        if self.stops && self.event.has_reached_its_least() {
            test.stop();
        }
    }

    fn judge(&mut self, test: &TestCase) {
        let sequence = self.required.sequence();
        if let Some(sequence) = sequence {
            self.unmet.extend(sequence.unmet(&self.event));
            let unknown = test.with_common(|orders: &mut Orders| orders.unknown(sequence));
            self.unmet.extend(unknown);
        }
        if self.event.judge(test) && self.unmet.is_empty() {
            test.set_passed(true);
        }
        self.unmet.drain(..).for_each(|reason| test.fail_with(reason));
    }
}

impl Watcher for AmiEventModule {
    fn see(&mut self, what: &Happening, test: &TestCase) {
        let Self { events } = self;
        match what {
            // All modules have added theirs before an event comes.
            Happening::Started => test.with_common(|orders: &mut Orders| {
                events.iter().filter_map(|it| it.required.sequence()).for_each(|it| orders.add(it));
            }),
            Happening::Connected(ast) => {
                events.iter_mut().for_each(|it| it.event.connect(ast));
            }
            Happening::Event(ast, event) => {
                events.iter_mut().for_each(|it| it.take(ast, event, test));
            }
            Happening::Stopped(_) => events.iter_mut().for_each(|it| it.judge(test)),
            _ => {}
        }
    }
}
