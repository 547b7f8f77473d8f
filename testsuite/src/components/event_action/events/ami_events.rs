//! `ami-events`: events of AMI, with headers as described.

use ami::Matcher;

use super::{Event, Judging};
use crate::case::{Happening, TestCase};
use crate::components::awaited::{Awaited, Headers};
use crate::components::cause::Cause;
use crate::files::{ConfigError, Section};
use crate::job::Reason;

/// Reads one event, or a list of them.
pub(super) fn read(section: &Section) -> Result<Vec<Box<dyn Event>>, ConfigError> {
    let events = section.items("an event of ami-events has");
    events.iter().map(|it| Ok(Box::new(AmiEvent::read(it)?) as Box<dyn Event>)).collect()
}

struct AmiEvent {
    event: Awaited,
    requirements: Matcher,
    unmet: Vec<Reason>,
    /// Set if a requirement has failed: the event triggers nothing any more.
    has_failed: bool,
    on_count: bool,
    stops: bool,
}

impl AmiEvent {
    fn read(section: &Section) -> Result<Self, ConfigError> {
        // The suite does not read it: all of them match headers.
        section.ignore(&["type"]);
        let event = Awaited::read(section)?;
        let name = event.matcher().name();
        let requirements = section.part("requirements", "requirements have");
        let requirements = requirements.map_or_else(
            || Ok(Matcher::event(name)),
            |requirements| Headers::of(section).matcher(name, &requirements),
        )?;
        Ok(Self {
            event,
            requirements,
            unmet: Vec::new(),
            has_failed: false,
            on_count: section.is_true("trigger-on-count"),
            stops: section.text("action")? == Some("stop"),
        })
    }
}

impl Event for AmiEvent {
    fn see(&mut self, what: &Happening, test: &TestCase) -> Option<Cause> {
        let (ast, event) = match what {
            Happening::Event(ast, event) => (ast, event),
            Happening::Connected(ast) => {
                self.event.connect(ast);
                return None;
            }
            _ => return None,
        };
        if !self.event.takes(ast, event) {
            return None;
        }
        if let Some(unmet) = self.event.unmet(&self.requirements, event) {
            self.has_failed = true;
            self.unmet.push(unmet);
        }
        let has_reached_its_least = self.event.has_reached_its_least();
        if self.stops && has_reached_its_least {
            test.stop();
        }
        let triggers = !self.has_failed && (!self.on_count || has_reached_its_least);
        triggers.then(|| Cause::with_fields(format!("the event {}", event.name()), event.clone()))
    }

    fn judge<'a>(&'a mut self, test: &'a TestCase) -> Judging<'a> {
        if self.event.judge(test) && !self.has_failed {
            test.set_passed(true);
        }
        self.unmet.drain(..).for_each(|reason| test.fail_with(reason));
        Box::pin(std::future::ready(()))
    }
}
