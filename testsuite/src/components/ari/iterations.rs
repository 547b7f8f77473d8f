//! The channels that objects of ARI make, one iteration after another.

use std::pin::Pin;

use ami::Action;
use serde_json::Value;

use super::json::{json_of, query_text};
use crate::ari::Client;
use crate::case::{Ast, Failure};
use crate::components::originate::{self, Headers};
use crate::files::{ConfigError, Node, Section};

/// The key of the iterations.
const KEY: &str = "test-iterations";

/// The keys of a call that are headers as they are.
const HEADERS: [(&str, &str); 10] = [
    ("context", "Context"),
    ("exten", "Exten"),
    ("priority", "Priority"),
    ("callerid", "CallerID"),
    ("account", "Account"),
    ("application", "Application"),
    ("data", "Data"),
    ("channelid", "ChannelId"),
    ("otherchannelid", "OtherChannelId"),
    ("codecs", "Codecs"),
];

/// The key of a request whose value is its body.
const BODY: &str = "json";

/// Something that makes a channel.
pub(super) trait Make: Sized {
    /// The words before "no", and a key that is not read.
    const CALLED: &'static str;

    /// The one that is made where a test names none.
    fn usual() -> Self;

    /// Reads one.
    fn read(section: &Section) -> Result<Self, ConfigError>;
}

/// The iterations of a test. What is in one is made at the same time.
pub(super) struct Iterations<M> {
    all: Vec<Vec<M>>,
    next: usize,
    /// Set if a text stands in the place of the list: nothing is made, and nothing ends.
    is_idle: bool,
}

/// The result of a step to the next iteration.
pub(super) enum Turn<'a, M> {
    Make(&'a [M]),
    /// All iterations were made.
    Over,
    /// No iterations at all.
    Idle,
}

impl<M: Make> Iterations<M> {
    pub(super) fn read(section: &Section) -> Result<Self, ConfigError> {
        let list = section.part(KEY, "test-iterations have");
        let usual = || vec![vec![M::usual()]];
        let Some(list) = list else {
            return Ok(Self { all: usual(), next: 0, is_idle: false });
        };
        if let Some(text) = list.node().text() {
            let what = format!("{text} is no list: nothing is made, and the object ends no test");
            list.warn(list.node(), what);
            return Ok(Self { all: Vec::new(), next: 0, is_idle: true });
        }
        list.node().expect_items(KEY)?;
        let all = list.items(M::CALLED).iter().map(read_one).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { all: if all.is_empty() { usual() } else { all }, next: 0, is_idle: false })
    }

    /// Goes to the next iteration.
    pub(super) fn next(&mut self) -> Turn<'_, M> {
        let at = self.next;
        self.next = self.next.saturating_add(1).min(self.all.len());
        match self.all.get(at) {
            _ if self.is_idle => Turn::Idle,
            Some(all) => Turn::Make(all),
            None => Turn::Over,
        }
    }

    /// The number of iterations that were begun, and of all.
    pub(super) fn told(&self) -> String {
        format!("iteration {} of {}", self.next, self.all.len())
    }
}

/// Reads an iteration: one, or a list of what is made at the same time.
fn read_one<M: Make>(section: &Section) -> Result<Vec<M>, ConfigError> {
    let items = section.node().items();
    if items.is_empty() && !section.node().is_map() {
        let found = section.node().kind();
        return Err(section.error(format!("expected a mapping, or a list of them, found {found}")));
    }
    let read = |one: Section| {
        if !one.node().is_map() {
            return Err(one.error(format!("expected a mapping, found {}", one.node().kind())));
        }
        M::read(&one)
    };
    if items.is_empty() {
        return Ok(vec![read(section.clone())?]);
    }
    section.items(M::CALLED).into_iter().map(read).collect()
}

/// A call by AMI.
pub(super) struct Call {
    channel: String,
    headers: Headers,
}

/// An answer of AMI that is still to come.
pub(super) type Answering = Pin<Box<dyn Future<Output = (String, Result<(), ami::Error>)> + Send>>;

impl Make for Call {
    const CALLED: &'static str = "a call has";

    fn usual() -> Self {
        let headers = vec![("Application", "Echo".to_owned()), ("Async", "False".to_owned())];
        Self { channel: "Local/s@default".to_owned(), headers }
    }

    fn read(section: &Section) -> Result<Self, ConfigError> {
        let channel = section.expect_text("channel")?.to_owned();
        let mut headers = originate::headers(section, &HEADERS)?;
        if let Some(timeout) = section.seconds("timeout")? {
            headers.push(("Timeout", timeout.as_millis().to_string()));
        }
        if let Some(variables) = section.part("variable", "it has") {
            let variable = |(name, value): (&Node, &Node)| {
                let name = name.expect_text("the name of a variable")?;
                let value = query_text(name, value)?.unwrap_or_default();
                Ok(("Variable", format!("{name}={value}")))
            };
            if !variables.node().is_map() {
                return Err(variables.error("variable: expected a mapping of names and values"));
            }
            let variables = variables.entries().map(variable);
            headers.extend(variables.collect::<Result<Headers, ConfigError>>()?);
        }
        headers.push(("Async", originate::asynchronous(section, "nowait")?));
        Ok(Self { channel, headers })
    }
}

impl Call {
    /// Makes the call. The result is its answer, with the channel that was called.
    pub(super) fn make(&self, ast: &Ast) -> Answering {
        let originate = ast.ami().call(self.action()).timeout(originate::LIMIT);
        let channel = self.channel.clone();
        Box::pin(async move { (channel, originate.await.map(drop)) })
    }

    fn action(&self) -> Action {
        originate::action(&self.channel, &self.headers)
    }
}

/// A request that makes a channel.
pub(super) struct Post {
    query: Vec<(String, String)>,
    body: Option<Value>,
}

impl Make for Post {
    const CALLED: &'static str = "a request has";

    fn usual() -> Self {
        let query = [
            ("endpoint", "Local/s@default"),
            ("channelId", "testsuite-default-id"),
            ("app", "testsuite"),
        ];
        let query = query.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
        Self { query, body: None }
    }

    fn read(section: &Section) -> Result<Self, ConfigError> {
        let body = section.get(BODY).filter(|it| it.is_true()).map(json_of).transpose()?;
        let mut query = Vec::new();
        for (key, value) in section.entries().filter(|(key, _)| key.text() != Some(BODY)) {
            let key = key.expect_text("a key")?;
            query.extend(query_text(key, value)?.map(|value| (key.to_owned(), value)));
        }
        Ok(Self { query, body })
    }
}

impl Post {
    /// Sends the request. An error is a refusal as well.
    pub(super) async fn make(&self, client: &Client) -> Result<(), Failure> {
        let endpoint = self.query.iter().find(|(key, _)| key == "endpoint");
        let endpoint = endpoint.map_or("", |(_, endpoint)| endpoint);
        let what = format!("POST channels for {endpoint:?}");
        match client.request("POST", "channels", &self.query, self.body.as_ref()).await {
            Ok(answer) if answer.is_success() => Ok(()),
            Ok(answer) => Err(format!("{what} answered {answer}").into()),
            Err(error) => Err(anyhow::Error::from(error).context(what).into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::alone::section;

    fn read<M: Make>(yaml: &str) -> Result<Iterations<M>, ConfigError> {
        Iterations::read(&section(yaml))
    }

    fn fields(call: &Call) -> Vec<String> {
        let action = call.action();
        let fields = action
            .fields()
            .map(|(name, value)| format!("{name}={}", String::from_utf8_lossy(value)));
        fields.collect()
    }

    #[test]
    fn a_call_has_the_arguments_of_the_suites_python() {
        let yaml = "test-iterations:
  - {channel: A, context: c, exten: s, priority: 1, timeout: 2.5, callerid: '1', account: acc, variable: {X: 1, Y: yes}, nowait: True, channelid: i, otherchannelid: j, codecs: ulaw}
  - [{channel: B, application: Wait, data: '3'}, {channel: C, application: Echo}]";
        let mut all = read::<Call>(yaml).unwrap();
        let Turn::Make([first]) = all.next() else { panic!() };
        assert_eq!(
            fields(first),
            [
                "Channel=A",
                "Context=c",
                "Exten=s",
                "Priority=1",
                "CallerID=1",
                "Account=acc",
                "ChannelId=i",
                "OtherChannelId=j",
                "Codecs=ulaw",
                "Timeout=2500",
                "Variable=X=1",
                "Variable=Y=True",
                "Async=True"
            ]
        );
        assert_eq!(all.told(), "iteration 1 of 2");
        let Turn::Make([second, third]) = all.next() else { panic!() };
        assert_eq!(fields(second), ["Channel=B", "Application=Wait", "Data=3", "Async=False"]);
        assert_eq!(fields(third), ["Channel=C", "Application=Echo", "Async=False"]);
        for _ in 0..2 {
            assert!(matches!(all.next(), Turn::Over));
            assert_eq!(all.told(), "iteration 2 of 2");
        }
    }

    #[test]
    fn a_request_has_its_body_and_the_rest_is_its_query() {
        let yaml = "test-iterations:
  - {endpoint: Local/s@default, priority: 1, app: a, json: {variables: {'X ': '1'}}}
  - {endpoint: Local/s@default, app: , json: {}}";
        let mut all = read::<Post>(yaml).unwrap();
        let Turn::Make([first]) = all.next() else { panic!() };
        let query: Vec<_> = first.query.iter().map(|(key, it)| format!("{key}={it}")).collect();
        assert_eq!(query, ["endpoint=Local/s@default", "priority=1", "app=a"]);
        let body = first.body.as_ref().unwrap().to_string();
        assert_eq!(body, r#"{"variables":{"X ":"1"}}"#);
        let Turn::Make([second]) = all.next() else { panic!() };
        assert!(second.body.is_none() && second.query.len() == 1);
    }

    #[test]
    fn without_iterations_there_is_one_and_a_text_is_none() {
        for yaml in ["{}", "test-iterations:", "test-iterations: []"] {
            let mut calls = read::<Call>(yaml).unwrap();
            let Turn::Make([call]) = calls.next() else { panic!() };
            assert_eq!(
                fields(call),
                ["Channel=Local/s@default", "Application=Echo", "Async=False"]
            );
            let mut posts = read::<Post>(yaml).unwrap();
            let Turn::Make([post]) = posts.next() else { panic!() };
            assert_eq!(post.query[1].1, "testsuite-default-id");
        }
        let section = section("test-iterations: None");
        let mut idle = Iterations::<Call>::read(&section).unwrap();
        assert!(matches!(idle.next(), Turn::Idle));
        assert!(section.warnings()[0].to_string().contains("nothing is made"));
    }

    #[test]
    fn what_cannot_be_made_is_refused_with_its_place() {
        for (yaml, why) in [
            ("test-iterations: {channel: A}", "yaml:1: test-iterations: expected a list"),
            ("test-iterations:\n  - A", "yaml:2: expected a mapping, or a list of them, found a"),
            ("test-iterations:\n  - []", "yaml:2: expected a mapping, or a list of them, found an"),
            ("test-iterations:\n  - [A]", "yaml:2: expected a mapping, found a value"),
            ("test-iterations:\n  - {exten: s}", "yaml:2: expected `channel:`"),
            ("test-iterations:\n  - {channel: A, variable: X}", "expected a mapping of names"),
        ] {
            let error = read::<Call>(yaml).err().unwrap().to_string();
            assert!(error.contains(why), "{error}");
        }
    }
}
