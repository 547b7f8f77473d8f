//! `stop_test`: the end of the test.

use super::Action;
use crate::case::{Step, TestCase};
use crate::components::cause::Cause;
use crate::components::servers::Servers;
use crate::files::{ConfigError, Section};

/// Reads the section, in which nothing has a meaning.
pub(super) fn read(_: &Section) -> Result<Vec<Box<dyn Action>>, ConfigError> {
    Ok(vec![Box::new(StopTest)])
}

struct StopTest;

impl Action for StopTest {
    fn run<'a>(&'a mut self, _: &'a Cause, _: &'a mut Servers, test: &'a TestCase) -> Step<'a> {
        Box::pin(async move {
            test.stop();
            Ok(())
        })
    }
}
