//! `callback`: a function of Python. Those of the suite's extension bank start scenarios of SIPp.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::{Action, LettingGo};
use crate::case::{Failure, Needs, Setting, Step, TestCase};
use crate::components::cause::Cause;
use crate::components::python;
use crate::components::servers::Servers;
use crate::components::sipp::bank::{self, Start};
use crate::components::sipp::end::{self, Beside, End};
use crate::files::{ConfigError, Section};

/// The module of the suite whose functions start scenarios of SIPp.
const BANK: &str = "extension_bank";

/// Reads a function of the extension bank. All others are refused, with their names.
pub(super) fn read(section: &Section) -> Result<Vec<Box<dyn Action>>, ConfigError> {
    let module = section.expect_text("module")?;
    let method = section.expect_text("method")?;
    if module != BANK {
        return Err(python::callback(section, Some(module), Some(method)));
    }
    let place = section.get("method").unwrap_or_else(|| section.node());
    let starts = bank::scenarios(place, method)?.into_iter().map(Arc::new).collect();
    Ok(vec![Box::new(Bank { starts, beside: Beside::default() })])
}

/// Scenarios of the extension bank.
struct Bank {
    starts: Vec<Arc<Start>>,
    beside: Beside,
}

impl Action for Bank {
    fn needs(&self, needs: &mut Needs) {
        needs.processes(u32::try_from(self.starts.len()).unwrap_or(u32::MAX));
        self.starts.iter().for_each(|it| it.scenario.needs(needs));
    }

    fn prepare(&mut self, setting: &mut Setting) -> Result<(), Failure> {
        self.starts.iter().try_for_each(|it| it.scenario.check(setting.test()))
    }

    fn run<'a>(&'a mut self, _: &'a Cause, _: &'a mut Servers, test: &'a TestCase) -> Step<'a> {
        Box::pin(async move {
            // Whatever becomes of them: their failures are told.
            test.set_passed(true);
            let mut after = Duration::ZERO;
            for start in &self.starts {
                after += start.after;
                let run = run(Arc::clone(start), after, test.clone(), self.beside.end());
                self.beside.spawn(test, run);
            }
            Ok(())
        })
    }

    fn let_go(&mut self) -> LettingGo<'_> {
        Box::pin(self.beside.let_go())
    }
}

/// Runs a scenario until it ends or the test does.
async fn run(start: Arc<Start>, after: Duration, test: TestCase, time: CancellationToken) {
    tokio::select! {
        biased;
        () = time.cancelled() => return,
        () = sleep(after) => {}
    }
    let scenario = &start.scenario;
    match scenario.start(&test, scenario.name().to_owned()) {
        Ok(mut run) => match end::of(&mut run, &time).await {
            End::ByItself(Ok(())) => {}
            End::ByItself(Err(reason)) => end::tell(&test, reason),
            End::Killed(waits) => end::tell_late(&test, waits),
        },
        Err(error) => {
            let error = anyhow::Error::from_boxed(error);
            test.fail(format!("{} was not started: {error:#}", scenario.name()));
        }
    }
}
