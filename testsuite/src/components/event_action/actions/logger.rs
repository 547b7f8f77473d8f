//! `logger`: lines in the output of the test.

use super::Action;
use crate::case::{Step, TestCase};
use crate::components::cause::Cause;
use crate::components::servers::Servers;
use crate::files::{ConfigError, Section};
use crate::matching::Template;

/// Reads one message, or a list of them.
pub(super) fn read(section: &Section) -> Result<Vec<Box<dyn Action>>, ConfigError> {
    let messages = section.items("logger has");
    let message = |section: &Section| {
        let message = Template::new(section.expect_text("message")?);
        Ok(Box::new(Logger { message }) as Box<dyn Action>)
    };
    messages.iter().map(message).collect()
}

struct Logger {
    message: Template,
}

impl Action for Logger {
    fn texts(&self) -> Vec<&Template> {
        vec![&self.message]
    }

    fn run<'a>(&'a mut self, cause: &'a Cause, _: &'a mut Servers, test: &'a TestCase) -> Step<'a> {
        Box::pin(async move {
            test.print(cause.fill(&self.message)?);
            Ok(())
        })
    }
}
