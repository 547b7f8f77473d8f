//! Answers to requests that have to come.

use crate::ari::Answer;
use crate::files::{ConfigError, Node, Section};
use crate::matching::{Pattern, Told};

/// The answer that has to come.
pub(super) struct Expected {
    /// `None` for any success; for any at all if there is a body.
    status: Option<u16>,
    body: Option<Pattern>,
}

impl Expected {
    /// Reads `expect` and `response_body`.
    pub(super) fn read(section: &Section) -> Result<Self, ConfigError> {
        let status = section.get("expect").map(status).transpose()?;
        let body = section.part("response_body", "response_body has");
        let body = body.map(|body| {
            let pattern = body.node().get("match").filter(|_| body.truth("match").is_some());
            let pattern = pattern.ok_or_else(|| body.error("expected `match:` with a pattern"));
            Pattern::of_ari(pattern?, &body)
        });
        Ok(Self { status, body: body.transpose()? })
    }

    /// Returns how an answer differs, as it goes on behind the method and address of its request.
    pub(super) fn judge(&self, answer: &Answer) -> Result<(), String> {
        let (status, is_success) = (answer.status(), answer.is_success());
        let expected = match self.status {
            Some(expected) if expected != status => Some(expected.to_string()),
            None if self.body.is_none() && !is_success => Some("a success".to_owned()),
            _ => None,
        };
        if let Some(expected) = expected {
            return Err(format!("answered {status} ({}), expected {expected}", answer.message()));
        }
        let Some(pattern) = &self.body else { return Ok(()) };
        let body = match answer.json() {
            Ok(body) => body,
            Err(error) => {
                let body = Told(&String::from_utf8_lossy(&answer.body).into()).to_string();
                return Err(format!("answered {status} and {body}, which is no JSON: {error}"));
            }
        };
        let wrong = pattern.mismatches(&body);
        if wrong.is_empty() {
            return Ok(());
        }
        let wrong: Vec<_> = wrong.iter().map(ToString::to_string).collect();
        Err(format!("answered {}: {}", Told(&body), wrong.join("; ")))
    }
}

fn status(node: &Node) -> Result<u16, ConfigError> {
    let status = node.expect_count("expect")?;
    let status = u16::try_from(status).ok().filter(|it| (100..1000).contains(it));
    status.ok_or_else(|| node.error(format!("expect is {node:?}, not a status of HTTP")))
}
