//! `ari-requests`: requests to the REST interface.

use super::Action;
use crate::case::{Failure, Setting, Step, TestCase};
use crate::components::ari::{self, Done, Request};
use crate::components::cause::Cause;
use crate::components::servers::Servers;
use crate::files::{ConfigError, Section};
use crate::matching::Template;

/// Reads one request, or a list of them.
pub(super) fn read(section: &Section) -> Result<Vec<Box<dyn Action>>, ConfigError> {
    let requests = section.items("a request of ari-requests has");
    if requests.is_empty() {
        return Err(section.error("expected a request, or a list of requests"));
    }
    let action = |it: &Section| {
        let request = Request::read(it)?;
        Ok(Box::new(AriRequest { request }) as Box<dyn Action>)
    };
    requests.iter().map(action).collect()
}

struct AriRequest {
    request: Request,
}

impl Action for AriRequest {
    fn prepare(&mut self, setting: &mut Setting) -> Result<(), Failure> {
        Ok(ari::expect_object(self.request.place(), "ari-requests", setting)?)
    }

    fn texts(&self) -> Vec<&Template> {
        self.request.texts().collect()
    }

    fn run<'a>(&'a mut self, cause: &'a Cause, _: &'a mut Servers, test: &'a TestCase) -> Step<'a> {
        Box::pin(async move {
            // One that fails leaves out nothing.
            match self.request.run(cause, test).await {
                Ok(Done::Answered) => test.set_passed(true),
                Ok(Done::Nothing) => {}
                Err(reason) => test.fail_with(reason),
            }
            Ok(())
        })
    }
}
