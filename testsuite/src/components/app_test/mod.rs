//! `apptest.AppTest`: scenarios in which an application of the dialplan is called, hears sounds,
//! and is judged by what it says.
//!
//! A scenario has channels, each a call by a Local channel: one half runs the application, the
//! other waits, and is redirected to play sounds or to hang up. Events trigger actions, once each,
//! one after another; actions set the results that a scenario has to have. When all are set and all
//! events have come, the next scenario begins.
//!
//! Files in their order: `actions` (what YAML can ask for), `channels` (which half is which),
//! `events` (an event and its actions), `scenario` (the state machine), `parse`.
//!
//! Pitfalls: an event is seen by the events of a channel before the channel itself, so that the one
//! that tells the halves apart may come from anywhere. A call is no asynchronous one: until it is
//! answered the server neither sends events nor takes actions on this connection.

use std::time::Duration;

use futures_util::StreamExt;

use self::scenario::{Done, Link, Pending, Scenario, is_refusal};
use crate::case::{Ast, Component, Happening, Life, Needs, Stage, TestCase};
use crate::components::Kind;
use crate::files::{ConfigError, Id, Section};

mod actions;
mod channels;
mod events;
mod parse;
mod scenario;
#[cfg(test)]
mod tests;

/// The time that calls may go on when the last scenario has ended: many wait, for longer than any
/// test lasts, for a redirect that nobody sends any more.
const PATIENCE: Duration = Duration::from_millis(250);

/// The type of component.
pub(super) const KIND: Kind =
    Kind { names: &["apptest.AppTest"], page: include_str!("page.md"), build };

fn build(section: &Section) -> Result<Box<dyn Component>, ConfigError> {
    let scenarios = parse::read(section)?;
    Ok(Box::new(AppTest { scenarios, now: 0, ast: None, is_stopping: false }))
}

struct AppTest {
    scenarios: Vec<Scenario>,
    /// The scenario that is played, or was played last.
    now: usize,
    /// The connection, once the test is logged in.
    ast: Option<Ast>,
    is_stopping: bool,
}

impl Component for AppTest {
    fn hears_first(&self) -> bool {
        true
    }

    fn needs(&self, needs: &mut Needs) {
        needs.servers(1);
    }

    fn run(mut self: Box<Self>, mut stage: Stage) -> Life {
        Box::pin(async move {
            let test = stage.test().clone();
            let mut pending = Pending::new();
            loop {
                tokio::select! {
                    biased;
                    Some(done) = pending.next() => self.resume(done, &test, &pending),
                    what = stage.next() => match what {
                        Some(what) => self.see(what, &test, &pending),
                        None => return Ok(()),
                    },
                }
            }
        })
    }
}

impl AppTest {
    fn see(&mut self, what: Happening, test: &TestCase, pending: &Pending) {
        match what {
            Happening::Connected(ast) if ast.id() == Id::default() && self.ast.is_none() => {
                self.ast = Some(ast.clone());
                self.begin(&Link { ast: &ast, test, pending });
            }
            Happening::Event(ast, event) if ast.id() == Id::default() => {
                let link = Link { ast: &ast, test, pending };
                let Some(scenario) = self.scenarios.get_mut(self.now) else { return };
                if scenario.is_over() {
                    scenario.count(&ast, &event);
                } else {
                    scenario.see(&event, &link);
                    self.go_on(&link);
                }
            }
            Happening::Stopping(_) => self.stop(test),
            Happening::Stopped(_) => {
                // Nobody says that a test stops whose end cannot be waited for.
                self.stop(test);
                if self.ast.is_some() {
                    self.scenarios.iter().take(self.now + 1).for_each(|it| it.judge_counts(test));
                }
            }
            _ => {}
        }
    }

    fn begin(&mut self, link: &Link<'_>) {
        if let Some(scenario) = self.scenarios.get_mut(self.now) {
            scenario.begin(link);
        }
    }

    /// Goes on after something that was awaited, unless its scenario has ended.
    fn resume(&mut self, done: Done, test: &TestCase, pending: &Pending) {
        let of = match &done {
            Done::Answered { what, answer } => {
                if let Err(error) = answer
                    && is_refusal(error)
                {
                    test.note(format!("{what} was refused: {error:#}"));
                }
                return;
            }
            Done::CallDelay { scenario, .. }
            | Done::StepDelay { scenario, .. }
            | Done::Set { scenario, .. } => *scenario,
        };
        let (Some(ast), Some(scenario)) = (self.ast.clone(), self.scenarios.get_mut(of)) else {
            return;
        };
        if of == self.now && !scenario.is_over() {
            let link = Link { ast: &ast, test, pending };
            scenario.resume(done, &link);
            self.go_on(&link);
        }
    }

    /// Ends the scenario if it is over, and begins the next or ends the test.
    fn go_on(&mut self, link: &Link<'_>) {
        let is_last = self.now + 1 == self.scenarios.len();
        let Some(scenario) = self.scenarios.get_mut(self.now).filter(|it| it.is_over()) else {
            return;
        };
        scenario.judge(link.test);
        if is_last {
            link.test.set_patience(PATIENCE);
            link.test.stop();
        } else {
            self.now += 1;
            self.begin(link);
        }
    }

    /// Judges the scenario in the middle of which the test ends. Those that are left have not been
    /// played.
    fn stop(&mut self, test: &TestCase) {
        let is_first = !std::mem::replace(&mut self.is_stopping, true);
        if !is_first || self.ast.is_none() {
            return;
        }
        if let Some(scenario) = self.scenarios.get_mut(self.now).filter(|it| !it.is_over()) {
            scenario.judge(test);
        }
        let left: Vec<_> = self.scenarios.iter().skip(self.now + 1).map(Scenario::name).collect();
        if !left.is_empty() {
            test.fail(format!("the test ended before these began: {}", left.join(", ")));
        }
    }
}
