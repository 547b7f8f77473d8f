//! `pluggable_modules.Originator`: a call, at the login or whenever an event comes.

use std::pin::Pin;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use self::call::Call;
use crate::case::{
    Ast, Component, Failure, Happening, Life, Setting, Signal, Stage, Step, TestCase,
};
use crate::components::awaited::{Awaited, no_login};
use crate::components::{Kind, originate, sipp};
use crate::files::{ConfigError, Id, Section};
use crate::matching::Fields as _;

mod call;
#[cfg(test)]
mod tests;

/// The type of component.
pub(super) const KIND: Kind =
    Kind { names: &["pluggable_modules.Originator"], page: include_str!("page.md"), build };

fn build(section: &Section) -> Result<Box<dyn Component>, ConfigError> {
    let node = section.node();
    if node.is_map() && node.entries().next().is_none() || node.is_null() {
        return Ok(Box::new(Originator::default()));
    }
    if !node.is_map() {
        return Err(node.error(format!("expected a call, found {}", node.kind())));
    }
    let call = Call::read(section)?;
    Ok(Box::new(Originator {
        id: Id::read(section.get("id"))?,
        call: Some(call),
        fails: lets_a_refusal_fail(section),
        trigger: Trigger::read(section)?,
        ..Originator::default()
    }))
}

/// Returns whether a refused originate fails the test.
fn lets_a_refusal_fail(section: &Section) -> bool {
    const KEY: &str = "ignore-originate-failure";
    match section.get(KEY) {
        None => true,
        Some(node) if node.bool() == Some(false) => {
            section.warn(node, "`no` needs quotes: the suite's Python ignores a refusal without");
            true
        }
        Some(node) => node.text() == Some("no"),
    }
}

/// The occasion of calls.
#[derive(Default)]
enum Trigger {
    /// The login.
    #[default]
    Login,
    /// Each event of a kind.
    Event(Box<AtEvent>),
    /// Scenarios of SIPp that the test's object starts.
    Scenario(AtStart),
}

/// The scenarios of SIPp at whose start a call is made.
enum AtStart {
    Every,
    /// Starts of scenarios with this name.
    Of(String),
    /// The one that is the n-th of the test.
    Number(usize),
}

struct AtEvent {
    event: Awaited,
    /// Set if the test passes as long as no event came.
    passes_without: bool,
}

impl Trigger {
    fn read(section: &Section) -> Result<Self, ConfigError> {
        let start = AtStart::read(section)?;
        let event = section.part("event", "the event of an Originator has");
        match section.text("trigger")?.unwrap_or("scenario_start") {
            "ami_connect" => Ok(Self::Login),
            "scenario_start" => Ok(Self::Scenario(start)),
            "event" => {
                let event = event.ok_or_else(|| section.error("expected `event:`"))?;
                Ok(Self::Event(Box::new(AtEvent::read(&event, Id::read(section.get("id"))?)?)))
            }
            other => {
                let what = "expected ami_connect, event or scenario_start as trigger";
                Err(section.error(format!("{what}, found {other:?}")))
            }
        }
    }
}

impl AtStart {
    fn read(section: &Section) -> Result<Self, ConfigError> {
        let (name, after) = ("scenario-name", "scenario-trigger-after");
        match (section.text(name)?, section.get(after)) {
            (Some(_), Some(both)) => {
                Err(both.error(format!("expected {name} or {after}, not both")))
            }
            (Some(name), None) => Ok(Self::Of(name.to_owned())),
            (None, Some(number)) => match number.expect_count(after)? {
                0 => Err(number.error(format!("{after} is 0; starts are counted from 1"))),
                count => Ok(Self::Number(count)),
            },
            (None, None) => Ok(Self::Every),
        }
    }

    /// Returns whether a signal tells of such a start.
    fn is(&self, signal: &Signal) -> bool {
        let has = |field: &str, value: &str| signal.field(field).as_deref() == Some(value);
        signal.name() == sipp::STARTED
            && match self {
                Self::Every => true,
                Self::Of(name) => has("scenario", name),
                Self::Number(number) => has("number", &number.to_string()),
            }
    }

    /// A text for a start that never came.
    fn never(&self) -> String {
        match self {
            Self::Every => "no scenario started".to_owned(),
            Self::Of(name) => format!("no scenario {name} started"),
            Self::Number(number) => format!("fewer than {number} scenarios started"),
        }
    }
}

impl AtEvent {
    fn read(section: &Section, id: Id) -> Result<Self, ConfigError> {
        section.ignore(&["type"]);
        let start = section.text("start")?;
        let event = Awaited::read(section)?.or_on(section, id);
        Ok(Self { event, passes_without: start.is_none_or(|it| it == "pass") })
    }
}

#[derive(Default)]
struct Originator {
    /// The connection that calls are made on.
    id: Id,
    /// `None` if the section is empty: nothing is called.
    call: Option<Call>,
    fails: bool,
    trigger: Trigger,
    ast: Option<Ast>,
    /// The number of starts of scenarios at which a call is made.
    started: usize,
    /// The number of calls that wait for the login.
    waiting: usize,
}

/// An answer of the server.
type Answering = Pin<Box<dyn Future<Output = Result<(), ami::Error>> + Send>>;

impl Component for Originator {
    fn prepare<'a>(&'a mut self, setting: &'a mut Setting) -> Step<'a> {
        let prepared = match self.trigger {
            Trigger::Scenario(_) if self.call.is_some() && !sipp::is_told_of(setting.test()) => {
                Err(Failure::from(
                    "the trigger is scenario_start, and no object of this test starts scenarios of SIPp; expected `trigger: ami_connect` or `event`",
                ))
            }
            _ => Ok(()),
        };
        Box::pin(std::future::ready(prepared))
    }

    fn run(mut self: Box<Self>, mut stage: Stage) -> Life {
        Box::pin(async move {
            let Some(call) = self.call.take() else {
                return Ok(());
            };
            let test = stage.test().clone();
            let mut pending = FuturesUnordered::<Answering>::new();
            loop {
                tokio::select! {
                    biased;
                    Some(answer) = pending.next() => self.answered(answer, &call, &test),
                    what = stage.next() => match what {
                        Some(Happening::Connected(ast)) => self.connect(&ast),
                        Some(Happening::Event(ast, event)) => {
                            if let Trigger::Event(at) = &mut self.trigger
                                && at.event.takes(&ast, &event)
                            {
                                self.waiting += 1;
                            }
                        }
                        Some(Happening::Signal(signal)) => {
                            if let Trigger::Scenario(start) = &self.trigger
                                && start.is(&signal)
                            {
                                self.started += 1;
                                self.waiting += 1;
                            }
                        }
                        Some(Happening::Stopped(_)) => self.judge(&call, &test),
                        Some(_) => {}
                        None => return Ok(()),
                    },
                }
                pending.extend(self.make_calls(&call, &test));
            }
        })
    }
}

impl Originator {
    fn connect(&mut self, ast: &Ast) {
        if let Trigger::Event(at) = &mut self.trigger {
            at.event.connect(ast);
        }
        if self.ast.is_none() && ast.id() == self.id {
            self.ast = Some(ast.clone());
            self.waiting += usize::from(matches!(self.trigger, Trigger::Login));
        }
    }

    /// Makes the calls that wait, if the test is logged in.
    fn make_calls(&mut self, call: &Call, test: &TestCase) -> Vec<Answering> {
        let Some(ast) = &self.ast else {
            return Vec::new();
        };
        let calls = std::mem::take(&mut self.waiting);
        let make = |_| -> Answering {
            test.print(format!("originating {}", call.channel()));
            let originate = ast.ami().call(call.action()).timeout(originate::LIMIT);
            Box::pin(async move { originate.await.map(drop) })
        };
        (0..calls).map(make).collect()
    }

    fn answered(&self, answer: Result<(), ami::Error>, call: &Call, test: &TestCase) {
        let Err(error) = answer else {
            return;
        };
        if !originate::is_refusal(&error) {
            return;
        }
        let what = call.told(&format!("{error:#}"));
        if self.fails {
            test.fail(what);
        } else {
            test.note(what);
        }
    }

    fn judge(&self, call: &Call, test: &TestCase) {
        match &self.trigger {
            Trigger::Event(at) => {
                if at.event.judge(test) && (at.passes_without || at.event.seen() > 0) {
                    test.set_passed(true);
                }
                if at.event.seen() == 0 {
                    let never = format!("it was not made: {}", at.event.never());
                    test.note(call.told(&never));
                }
            }
            Trigger::Scenario(start) if self.started == 0 => {
                test.note(call.told(&format!("it was not made: {}", start.never())));
            }
            Trigger::Login | Trigger::Scenario(_) => {}
        }
        if self.ast.is_none() {
            let never = format!("it cannot be made: {}", no_login(&self.id.into()));
            test.fail(call.told(&never));
        }
    }
}
