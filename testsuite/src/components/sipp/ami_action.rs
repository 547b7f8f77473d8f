//! The action of AMI that `sipp.SIPpAMIActionTestCase` sends.

use std::pin::Pin;
use std::time::Duration;

use ami::Action;
use tokio::time::sleep;

use crate::case::Ast;
use crate::files::{ConfigError, Section};

/// The time that the server may take to answer: longer than a test.
const ANSWER: Duration = Duration::from_secs(3_600);

/// An action, and when it is sent.
pub(super) struct AmiAction {
    action: Action,
    delay: Duration,
    is_at_end: bool,
}

/// The answer of the server, or the reason for which it is none.
pub(super) type Answering = Pin<Box<dyn Future<Output = Result<(), String>> + Send>>;

impl AmiAction {
    pub(super) fn read(section: &Section) -> Result<Self, ConfigError> {
        let args = section.part("args", "args have").filter(|it| it.node().is_map());
        let args = args.ok_or_else(|| {
            section.error("expected `args:` with the headers of an action of AMI")
        })?;
        let (mut name, mut headers) = (None, Vec::new());
        for (key, value) in args.entries() {
            let key = key.expect_text("a header")?;
            // A header that is there several times is a list.
            let values =
                if value.items().is_empty() { std::slice::from_ref(value) } else { value.items() };
            for value in values {
                let value = value.expect_text(key)?;
                if key.eq_ignore_ascii_case("action") {
                    name = Some(value);
                } else {
                    headers.push((key, value));
                }
            }
        }
        let name = name.ok_or_else(|| args.error("expected the name of an action as `Action:`"))?;
        let headers = headers.into_iter();
        let action = headers.fold(Action::new(name), |it, (key, value)| it.field(key, value));
        action.check().map_err(|error| args.error(error.to_string()))?;
        Ok(Self {
            action,
            delay: section.seconds("delay")?.unwrap_or_default(),
            is_at_end: section.is_true("run-after-scenarios"),
        })
    }

    /// Returns whether the action is sent when all scenarios have ended.
    pub(super) fn is_at_end(&self) -> bool {
        self.is_at_end
    }

    /// A text for what has to be done before the test ends.
    pub(super) fn awaited(&self) -> String {
        format!("the ami-action {}, which has to succeed before the test ends", self.action.name())
    }

    /// Sends the action on a connection, after its delay.
    pub(super) fn send(&self, ast: &Ast) -> Answering {
        let (ast, action, delay) = (ast.clone(), self.action.clone(), self.delay);
        Box::pin(async move {
            sleep(delay).await;
            let name = action.name().to_owned();
            match ast.ami().call(action).timeout(ANSWER).await {
                Ok(_) => Ok(()),
                Err(error) => Err(format!("{name} was not answered by Success: {error:#}")),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::alone::section;

    #[test]
    fn an_action_has_a_name_and_headers_that_may_repeat() {
        let yaml = "{args: {Endpoint: a, action: Do, Variable: [b=1, c=2]}, delay: 0.5}";
        let read = AmiAction::read(&section(yaml)).unwrap();
        assert_eq!((read.action.name(), read.is_at_end()), ("Do", false));
        assert_eq!(read.delay, Duration::from_millis(500));
        let fields = read.action.fields().filter(|(name, _)| *name != "ActionID");
        let fields =
            fields.map(|(name, value)| format!("{name}={}", String::from_utf8_lossy(value)));
        assert_eq!(fields.collect::<Vec<_>>(), ["Endpoint=a", "Variable=b=1", "Variable=c=2"]);
        assert!(
            AmiAction::read(&section("{args: {Action: A}, run-after-scenarios: True}"))
                .unwrap()
                .is_at_end()
        );
    }

    #[test]
    fn what_is_no_action_is_refused() {
        for (yaml, told) in [
            ("{}", "expected `args:` with the headers"),
            ("args: Action", "expected `args:` with the headers"),
            ("args: {Endpoint: a}", "expected the name of an action as `Action:`"),
            ("{args: {Action: A}, delay: soon}", "delay is soon, not a number"),
            ("args: {Action: A, B: {c: d}}", "B is a mapping, not a text"),
        ] {
            let error = AmiAction::read(&section(yaml)).err().unwrap().to_string();
            assert!(error.contains(told), "{yaml}: {error}");
        }
    }
}
