//! `sipp`: scenarios of SIPp, one after another.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::{Action, LettingGo};
use crate::case::{Failure, Needs, Setting, Step, TestCase};
use crate::components::cause::Cause;
use crate::components::servers::Servers;
use crate::components::sipp::Scenario;
use crate::components::sipp::end::{self, Beside, End};
use crate::files::{ConfigError, Section};
use crate::job::Reason;

/// Reads the list of scenarios.
pub(super) fn read(section: &Section) -> Result<Vec<Box<dyn Action>>, ConfigError> {
    let list = section.part("scenarios", "scenarios have");
    let list = list.ok_or_else(|| section.error("expected `scenarios:` with a list of them"))?;
    if list.node().expect_items("scenarios")?.is_empty() {
        return Err(list.error("there are no scenarios"));
    }
    let scenarios = list.items("a scenario has");
    let sequence = Sequence {
        scenarios: scenarios.iter().map(Scenario::read).collect::<Result<_, _>>()?,
        fails_at_once: section.truth("fail-on-any").unwrap_or(true),
        stops: section.truth("stop-after-scenarios").unwrap_or(true),
    };
    Ok(vec![Box::new(Sipp { sequence: Arc::new(sequence), beside: Beside::default() })])
}

struct Sipp {
    sequence: Arc<Sequence>,
    beside: Beside,
}

/// Scenarios one after another.
struct Sequence {
    scenarios: Vec<Scenario>,
    /// The first failure ends the test.
    fails_at_once: bool,
    /// The end of the last scenario ends the test.
    stops: bool,
}

impl Action for Sipp {
    fn needs(&self, needs: &mut Needs) {
        // They run one after another.
        needs.processes(1);
        self.sequence.scenarios.iter().for_each(|it| it.needs(needs));
    }

    fn prepare(&mut self, setting: &mut Setting) -> Result<(), Failure> {
        self.sequence.scenarios.iter().try_for_each(|it| it.check(setting.test()))
    }

    fn run<'a>(&'a mut self, _: &'a Cause, _: &'a mut Servers, test: &'a TestCase) -> Step<'a> {
        let (sequence, of_test) = (Arc::clone(&self.sequence), test.clone());
        let time = self.beside.end();
        self.beside.spawn(test, async move { sequence.run(&of_test, &time).await });
        Box::pin(std::future::ready(Ok(())))
    }

    fn let_go(&mut self) -> LettingGo<'_> {
        Box::pin(self.beside.let_go())
    }
}

impl Sequence {
    /// Runs all, until the test ends.
    async fn run(&self, test: &TestCase, time: &CancellationToken) {
        let count = self.scenarios.len();
        for (at, scenario) in self.scenarios.iter().enumerate() {
            if time.is_cancelled() {
                return;
            }
            let called = format!("{} (scenario {} of {count})", scenario.name(), at + 1);
            let ended = match scenario.start(test, called) {
                Ok(mut run) => match end::of(&mut run, time).await {
                    End::ByItself(ended) => ended,
                    End::Killed(waits) => return end::tell_late(test, waits),
                },
                Err(error) => {
                    let error = anyhow::Error::from_boxed(error);
                    Err(Reason::new(format!("{error:#}")))
                }
            };
            if let Err(reason) = ended {
                test.fail_with(reason);
                if self.fails_at_once {
                    test.stop();
                    return;
                }
            }
        }
        if self.stops {
            test.stop();
        }
    }
}
