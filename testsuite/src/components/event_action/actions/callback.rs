//! `callback`: a function of Python. Those of the suite's extension bank start scenarios of SIPp.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use super::Action;
use crate::case::{Failure, Needs, Setting, Step, TestCase};
use crate::components::cause::Cause;
use crate::components::python;
use crate::components::servers::Servers;
use crate::components::sipp::bank::{self, Start};
use crate::components::sipp::end;
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
    let place = section.get("method").unwrap_or(section.node());
    let starts = bank::scenarios(place, method)?.into_iter().map(Arc::new).collect();
    Ok(vec![Box::new(Bank { starts })])
}

/// Scenarios of the extension bank.
struct Bank {
    starts: Vec<Arc<Start>>,
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
                test.spawn(run(Arc::clone(start), after, test.clone()));
            }
            Ok(())
        })
    }
}

/// Runs a scenario until it ends or the test does.
async fn run(start: Arc<Start>, after: Duration, test: TestCase) {
    tokio::select! {
        () = test.is_ending() => return,
        () = sleep(after) => {}
    }
    let scenario = &start.scenario;
    match scenario.start(&test, scenario.name().to_owned()) {
        Ok(mut run) => {
            if let Some(Err(reason)) = end::of_itself(&mut run, &test).await {
                end::tell(&test, reason);
            }
        }
        Err(error) => {
            let error = anyhow::Error::from_boxed(error);
            test.fail(format!("{} was not started: {error:#}", scenario.name()));
        }
    }
}
