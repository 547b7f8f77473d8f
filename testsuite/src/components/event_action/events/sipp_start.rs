//! `sipp-start`: the start of a scenario of SIPp.

use super::{Event, Judging};
use crate::case::{Failure, Happening, Setting, TestCase};
use crate::components::cause::Cause;
use crate::components::sipp;
use crate::files::{ConfigError, Node, Section};
use crate::matching::Fields;

/// Reads the section, which may be empty.
pub(super) fn read(section: &Section) -> Result<Vec<Box<dyn Event>>, ConfigError> {
    let node = section.node();
    if !node.is_null() && !node.is_map() {
        return Err(node.error(format!("expected `name:` or `count:`, found {}", node.kind())));
    }
    Ok(vec![Box::new(SippStart {
        place: node.clone(),
        name: section.text("name")?.map(str::to_owned),
        count: section.count("count")?.unwrap_or_default(),
        starts: Vec::new(),
        has_come: false,
    })])
}

struct SippStart {
    place: Node,
    /// The scenario, if it is not any.
    name: Option<String>,
    /// The number of starts of any scenario before which there is no event.
    count: usize,
    /// The scenarios that started.
    starts: Vec<String>,
    has_come: bool,
}

impl Event for SippStart {
    fn prepare(&mut self, setting: &mut Setting) -> Result<(), Failure> {
        if sipp::is_told_of(setting.test()) {
            return Ok(());
        }
        let what = "sipp-start needs a test object that starts scenarios: sipp.SIPpTestCase or sipp.SIPpAMIActionTestCase";
        Err(self.place.error(what).into())
    }

    fn see(&mut self, what: &Happening, _: &TestCase) -> Option<Cause> {
        let Happening::Signal(signal) = what else { return None };
        if signal.name() != sipp::STARTED {
            return None;
        }
        let scenario = signal.field("scenario").unwrap_or_default();
        let number: usize = signal.field("number").and_then(|it| it.parse().ok()).unwrap_or(0);
        let is_it = self.name.as_ref().is_none_or(|name| *name == scenario);
        let is_it = is_it && number >= self.count;
        self.has_come |= is_it;
        self.starts.push(scenario);
        is_it.then(|| Cause::plain("sipp-start"))
    }

    fn judge<'a>(&'a mut self, test: &'a TestCase) -> Judging<'a> {
        if !self.has_come {
            let starts = match &*self.starts {
                [] => "none started".to_owned(),
                starts => format!("these started: {}", starts.join(", ")),
            };
            test.note(self.place.error(format!("sipp-start did not come: {starts}")).to_string());
        }
        Box::pin(std::future::ready(()))
    }
}
