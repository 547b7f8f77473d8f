//! Requests to the REST interface, as sections describe them.

use std::time::Duration;

use hyper::Method;
use serde_json::Value;
use tokio::time::sleep;

use self::expected::Expected;
use super::client_of;
use super::json::{json_of, query_text};
use crate::ari::{Answer, Client};
use crate::case::TestCase;
use crate::components::cause::Cause;
use crate::files::{ConfigError, Node, Section};
use crate::job::Reason;
use crate::matching::Template;

mod expected;
#[cfg(test)]
mod tests;

/// The methods that the server has.
const METHODS: [Method; 5] =
    [Method::GET, Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS];

/// The time that a request may still take when the test ends.
const LAST: Duration = Duration::from_secs(2);

/// A request, and what has to be answered to it.
pub(in crate::components) struct Request {
    place: Node,
    method: Method,
    uri: Template,
    params: Vec<(String, Template)>,
    body: Option<Value>,
    expected: Expected,
    /// The run in which it is sent, from 1; `None` for every run.
    instance: Option<usize>,
    /// The time after which it is sent, beside all others.
    delay: Option<Duration>,
    runs: usize,
}

/// The end of a request that did not fail.
#[derive(Debug, Eq, PartialEq)]
pub(in crate::components) enum Done {
    /// The answer was as it has to be.
    Answered,
    /// The request is not sent in this run, or is sent later and its answer is not judged.
    Nothing,
}

/// A request with all its texts filled in.
#[derive(Clone)]
struct Filled {
    method: Method,
    uri: String,
    params: Vec<(String, String)>,
    body: Option<Value>,
}

impl Request {
    /// Reads `method`, `uri`, `params`, `body`, `expect`, `response_body`, `instance` and `delay`.
    ///
    /// # Errors
    ///
    /// Returns an error if one of them cannot be right, or if method or address are missing.
    pub(in crate::components) fn read(section: &Section) -> Result<Self, ConfigError> {
        let place = section.node().clone();
        if !place.is_map() {
            let what =
                format!("expected `method:` and `uri:` of a request, found {}", place.kind());
            return Err(place.error(what));
        }
        let instance = section.count("instance")?;
        if let Some(zero) = section.get("instance").filter(|_| instance == Some(0)) {
            return Err(zero.error("instance is 0, expected the number of a run, from 1"));
        }
        let read = Self {
            method: method(section)?,
            uri: Template::new(section.expect_text("uri")?),
            params: params(section)?,
            body: section.get("body").filter(|it| it.is_true()).map(json_of).transpose()?,
            expected: Expected::read(section)?,
            instance,
            delay: section.seconds("delay")?.filter(|it| !it.is_zero()),
            runs: 0,
            place,
        };
        for key in ["expect", "response_body"] {
            if let Some(node) = section.get(key).filter(|_| read.delay.is_some()) {
                section.warn(node, format!("{key} has no effect on a request with a delay"));
            }
        }
        Ok(read)
    }

    /// The place of the section.
    pub(in crate::components) fn place(&self) -> &Node {
        &self.place
    }

    /// The texts into which fields of the cause are filled.
    pub(in crate::components) fn texts(&self) -> impl Iterator<Item = &Template> {
        std::iter::once(&self.uri).chain(self.params.iter().map(|(_, text)| text))
    }

    /// Sends the request for a cause, and waits for the answer. One with a delay is sent later,
    /// beside the test, and its answer is not judged; when the test ends, it is not sent any more.
    ///
    /// # Errors
    ///
    /// Returns the reason for which the test fails: a field that the cause does not have, no
    /// answer, or one that is not as expected.
    pub(in crate::components) async fn run(
        &mut self,
        cause: &Cause,
        test: &TestCase,
    ) -> Result<Done, Reason> {
        self.runs += 1;
        if self.instance.is_some_and(|it| it != self.runs) {
            return Ok(Done::Nothing);
        }
        let filled = self.fill(cause)?;
        let Some(client) = client_of(test) else {
            return Err(self.reason(&filled, "was not sent: the test has no ARI"));
        };
        if let Some(delay) = self.delay {
            test.spawn(later(delay, filled, client, self.place.clone(), test.clone()));
            return Ok(Done::Nothing);
        }
        let judged = match filled.send(&client, test).await {
            Ok(answer) => self.expected.judge(&answer),
            Err(error) => Err(error),
        };
        judged.map(|()| Done::Answered).map_err(|error| self.reason(&filled, &error))
    }

    fn fill(&self, cause: &Cause) -> Result<Filled, Reason> {
        let fill = |text| cause.fill(text);
        let uri = fill(&self.uri);
        let params = self.params.iter().map(|(name, text)| Ok((name.clone(), fill(text)?)));
        let params = params.collect::<Result<_, _>>();
        let filled = uri.and_then(|uri| {
            let (method, body) = (self.method.clone(), self.body.clone());
            Ok(Filled { method, uri, params: params?, body })
        });
        filled.map_err(|error| {
            let what = format!("{} {} was not sent: {error}", self.method, self.uri.source());
            Reason::new(self.place.error(what).to_string())
        })
    }

    fn reason(&self, filled: &Filled, what: &str) -> Reason {
        let Filled { method, uri, .. } = filled;
        let what = self.place.error(format!("{method} {uri} {what}")).to_string();
        Reason { what, details: filled.details() }
    }
}

impl Filled {
    /// Sends the request. The error goes on behind its method and address.
    async fn send(&self, client: &Client, test: &TestCase) -> Result<Answer, String> {
        let Self { method, uri, params, body } = self;
        let request = client.request(method.as_str(), uri, params, body.as_ref());
        let given_up = async {
            test.is_ending().await;
            sleep(LAST).await;
        };
        tokio::select! {
            biased;
            answer = request => {
                answer.map_err(|error| format!("failed: {:#}", anyhow::Error::from(error)))
            }
            () = given_up => Err("was not answered before the test ended".to_owned()),
        }
    }

    /// Returns what was sent besides the address, one to a line.
    fn details(&self) -> Vec<String> {
        let params = self.params.iter().map(|(name, value)| format!("{name}={value}"));
        let params = params.collect::<Vec<_>>().join(", ");
        let params = (!params.is_empty()).then(|| format!("its parameters: {params}"));
        let body = self.body.iter().map(|it| format!("its body: {it}"));
        params.into_iter().chain(body).collect()
    }
}

/// Sends a request after a while, unless the test ends before.
async fn later(delay: Duration, filled: Filled, client: Client, place: Node, test: TestCase) {
    let sent = async {
        sleep(delay).await;
        filled.send(&client, &test).await
    };
    let answer = tokio::select! {
        biased;
        () = test.is_ending() => return,
        answer = sent => answer,
    };
    let why = match answer {
        Ok(answer) if answer.is_success() => return,
        Ok(answer) => format!("answered {} ({})", answer.status(), answer.message()),
        Err(error) => error,
    };
    let Filled { method, uri, .. } = filled;
    let what = format!("{method} {uri}, after {} s, {why}", delay.as_secs_f64());
    test.note(place.error(what).to_string());
}

fn method(section: &Section) -> Result<Method, ConfigError> {
    let node = section.expect("method")?;
    let name = node.expect_text("method")?;
    let method = METHODS.into_iter().find(|it| it.as_str().eq_ignore_ascii_case(name));
    method.ok_or_else(|| {
        let names = METHODS.map(|it| it.as_str().to_ascii_lowercase()).join(", ");
        node.error(format!("there is no method {name}; expected one of {names}"))
    })
}

fn params(section: &Section) -> Result<Vec<(String, Template)>, ConfigError> {
    let Some(params) = section.part("params", "params have") else {
        return Ok(Vec::new());
    };
    if !params.node().is_map() {
        let what = format!("params are {}, expected a mapping", params.node().kind());
        return Err(params.error(what));
    }
    let mut read = Vec::new();
    for (name, value) in params.entries() {
        let name = name.expect_text("a parameter")?;
        match query_text(name, value)? {
            Some(text) => read.push((name.to_owned(), Template::new(text))),
            None => params.warn(value, format!("{name} is nothing, and not sent")),
        }
    }
    Ok(read)
}
