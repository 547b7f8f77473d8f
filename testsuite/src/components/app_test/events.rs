//! The events of a scenario, each with the actions that it triggers.

use ami::Event;

use super::actions::{self, Names, Step, What};
use crate::case::{Ast, TestCase};
use crate::components::awaited::Awaited;
use crate::files::{ConfigError, Section};

/// An event that a scenario waits for, and the actions that it triggers, once.
pub(super) struct Trigger {
    awaited: Awaited,
    /// The channel that the event belongs to.
    pub(super) own: Option<usize>,
    steps: Vec<Step>,
    at: usize,
    state: State,
    /// The event that triggered the actions, in a line.
    summary: String,
    /// The number of events that were not of the channel.
    elsewhere: usize,
}

/// The state of the actions of an event.
enum State {
    Waiting,
    /// The event has come; whether the delay of the step is over.
    Under {
        delay_is_over: bool,
    },
    Run,
    /// An action was refused, and the rest is left out.
    Refused(String),
}

impl Trigger {
    pub(super) fn read(
        section: &Section,
        own: Option<usize>,
        names: &mut Names,
    ) -> Result<Self, ConfigError> {
        // The suite has both in its files, and judges neither.
        section.ignore(&["requirements", "start"]);
        if let Some(kind) = section.get("type")
            && kind.text() != Some("headermatch")
        {
            return Err(kind.error("expected an event of type headermatch"));
        }
        let awaited = Awaited::read(section)?;
        let mut steps = Vec::new();
        if let Some(list) = section.part("actions", "actions have") {
            list.node().expect_items("actions")?;
            for action in list.items("an action has") {
                steps.extend(actions::read(&action, own, names)?);
            }
        }
        let (state, summary) = (State::Waiting, String::new());
        Ok(Self { awaited, own, steps, at: 0, state, summary, elsewhere: 0 })
    }

    pub(super) fn connect(&mut self, ast: &Ast) {
        self.awaited.connect(ast);
    }

    /// Returns whether this is the event, and counts it.
    pub(super) fn matches(&mut self, ast: &Ast, event: &Event) -> bool {
        self.awaited.takes(ast, event)
    }

    /// Returns whether an event that matches triggers the actions, and begins them then.
    /// `is_own` says whether the event is one of the channel.
    pub(super) fn take(&mut self, event: &Event, is_own: bool) -> bool {
        if !matches!(self.state, State::Waiting) {
            return false;
        }
        if is_own {
            self.state = State::Under { delay_is_over: false };
            self.summary = self.awaited.matcher().summary(event);
        } else {
            self.elsewhere += 1;
        }
        is_own
    }

    /// The step that is to be done next, while actions are under way.
    pub(super) fn step(&self) -> Option<&Step> {
        matches!(self.state, State::Under { .. }).then(|| self.steps.get(self.at))?
    }

    /// Returns whether the delay of the step is over.
    pub(super) fn is_due(&self) -> bool {
        match (&self.state, self.step()) {
            (State::Under { delay_is_over }, Some(step)) => *delay_is_over || step.delay.is_zero(),
            _ => false,
        }
    }

    /// Takes note of the end of a delay.
    pub(super) fn end_delay(&mut self) {
        self.state = State::Under { delay_is_over: true };
    }

    /// Goes on with the next step.
    pub(super) fn end_step(&mut self) {
        self.at += 1;
        self.state = State::Under { delay_is_over: false };
    }

    /// Takes note that all steps are done.
    pub(super) fn finish(&mut self) {
        self.state = State::Run;
    }

    /// Gives up the step and all behind it.
    pub(super) fn refuse(&mut self, why: String) {
        self.state = State::Refused(why);
    }

    /// Returns whether all actions are done.
    pub(super) fn has_run(&self) -> bool {
        matches!(self.state, State::Run)
    }

    /// Returns whether the event must not come.
    pub(super) fn is_unexpected(&self) -> bool {
        self.steps.iter().any(|step| matches!(step.what, What::Fail(_)))
    }

    /// The event that triggered the actions, in a line.
    pub(super) fn summary(&self) -> &str {
        &self.summary
    }

    /// The description of the event, in a line.
    pub(super) fn told(&self) -> String {
        self.awaited.told(&self.awaited.matcher().to_string())
    }

    /// Fails the test if the event did not come as often as it has to.
    pub(super) fn judge(&self, test: &TestCase) {
        self.awaited.judge(test);
    }

    /// Returns the cause for which not all actions are done, one to a line.
    pub(super) fn open(&self) -> Vec<String> {
        let step = |how: String| {
            let step = self.steps.get(self.at);
            let action = step.map(|it| it.place.error(it.action).to_string()).unwrap_or_default();
            vec![format!("{} came, and {action} {how}", self.told())]
        };
        match &self.state {
            State::Run => Vec::new(),
            State::Under { .. } => step("is not done yet".to_owned()),
            State::Refused(why) => step(format!("was refused: {why}")),
            State::Waiting if self.elsewhere > 0 => {
                vec![format!("{} came, but not of its channel", self.told())]
            }
            State::Waiting => {
                let nearest = self.awaited.nearest().into_iter().map(|line| format!("    {line}"));
                std::iter::once(format!("{} did not come", self.told())).chain(nearest).collect()
            }
        }
    }
}
