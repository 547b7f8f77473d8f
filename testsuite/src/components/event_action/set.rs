//! A set of events and actions.

use std::task::{Context, Poll};

use super::actions::{self, Action};
use super::cause::Cause;
use super::events::{self, Event};
use crate::case::{Failure, Happening, Needs, Setting, TestCase};
use crate::components::servers::Servers;
use crate::files::{ConfigError, Node, Section, suggest};
use crate::matching::Template;

/// A set of events and actions.
pub(super) struct Set {
    place: Node,
    events: Vec<Box<dyn Event>>,
    /// The names in YAML.
    actions: Vec<(&'static str, Box<dyn Action>)>,
    /// The number of times that the actions were done, or begun.
    runs: usize,
}

impl Set {
    /// Reads the entries of a set, each an event or an action by its key.
    pub(super) fn read(section: &Section) -> Result<Self, ConfigError> {
        let place = section.node().clone();
        if !place.is_map() {
            let what = format!("expected events and actions, found {}", place.kind());
            return Err(place.error(what));
        }
        let mut set = Self { place, events: Vec::new(), actions: Vec::new(), runs: 0 };
        let (mut has_fields, mut asked) = (false, None);
        for (key, value) in section.entries() {
            let name = key.expect_text("an event or an action")?;
            // What is nothing has no keys that could be left over.
            let part = section.part(name, &format!("{name} reads"));
            let part = part.unwrap_or_else(|| Section::new(value, name));
            if let Some((_, read)) = events::TABLE.iter().find(|(it, _)| *it == name) {
                set.events.extend(read(&part)?);
                has_fields |= !PLAIN.contains(&name);
            } else if let Some((name, read)) = actions::TABLE.iter().find(|(it, _)| *it == name) {
                let actions = read(&part)?;
                asked = asked.or_else(|| Some((key, *name, asked_for(&actions)?)));
                set.actions.extend(actions.into_iter().map(|action| (*name, action)));
            } else {
                let names = events::TABLE.iter().map(|(name, _)| *name);
                let hint = suggest::hint(name, names.chain(actions::TABLE.iter().map(|it| it.0)));
                return Err(key.error(format!("there is no event or action {name}{hint}")));
            }
        }
        if set.events.is_empty() {
            return Err(section.error("a set needs an event that triggers its actions"));
        }
        if let Some((key, name, field)) = asked.filter(|_| !has_fields) {
            let why = "has no value: the set has no event with fields";
            return Err(key.error(format!("`{{{field}}}` of {name} {why}")));
        }
        Ok(set)
    }

    pub(super) fn needs(&self, needs: &mut Needs) {
        self.events.iter().for_each(|event| event.needs(needs));
        self.actions.iter().for_each(|(_, action)| action.needs(needs));
    }

    pub(super) fn prepare(&mut self, setting: &mut Setting) -> Result<(), Failure> {
        self.events.iter_mut().try_for_each(|event| event.prepare(setting))?;
        self.actions.iter_mut().try_for_each(|(_, action)| action.prepare(setting))
    }

    /// Sees what happens in the test. Returns a cause for each event that this is.
    pub(super) fn see(&mut self, what: &Happening, test: &TestCase) -> Vec<Cause> {
        self.events.iter_mut().filter_map(|event| event.see(what, test)).collect()
    }

    /// Waits for an event that comes by another way than the test's happenings.
    pub(super) fn poll_cause(&mut self, cx: &mut Context<'_>, test: &TestCase) -> Poll<Cause> {
        for event in &mut self.events {
            if let Poll::Ready(cause) = event.poll_cause(cx, test) {
                return Poll::Ready(cause);
            }
        }
        Poll::Pending
    }

    /// Does all actions. One that fails leaves out the rest, this time.
    pub(super) async fn act(&mut self, cause: &Cause, servers: &mut Servers, test: &TestCase) {
        self.runs += 1;
        for (name, action) in &mut self.actions {
            if let Err(error) = action.run(cause, servers, test).await {
                let error = anyhow::Error::from_boxed(error);
                test.fail(self.place.error(format!("{name} failed: {error:#}")).to_string());
                return;
            }
        }
    }

    /// Ends what actions began and what goes on by itself.
    pub(super) async fn let_go(&mut self) {
        for (_, action) in &mut self.actions {
            action.let_go().await;
        }
    }

    pub(super) async fn judge(&mut self, test: &TestCase) {
        for event in &mut self.events {
            event.judge(test).await;
        }
        if self.runs == 0 && !self.actions.is_empty() {
            let names: Vec<_> = self.actions.iter().map(|(name, _)| *name).collect();
            let what = format!("no event triggered {}", names.join(", "));
            test.note(self.place.error(what).to_string());
        }
    }
}

/// Returns the first field that actions ask for.
fn asked_for(actions: &[Box<dyn Action>]) -> Option<String> {
    let texts = actions.iter().flat_map(|it| it.texts());
    texts.flat_map(Template::fields).map(str::to_owned).next()
}

/// The events that have no fields.
const PLAIN: [&str; 5] = ["ami-restart", "ami-start", "ari-start", "sipp-start", "test-start"];
