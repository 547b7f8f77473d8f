//! `test_case.SimpleTestCase`: calls into the dialplan, which tells by user events that all went
//! well.
//!
//! Each call gets a variable `testuniqueid`, and the channel that says that it has it is the
//! call's. A user event, of whatever name, counts: at the expected number the test has passed, its
//! channels are hung up and it ends; at another, the next call is made. With `spawn-after-hangup`
//! the end of a call's channel makes the next one too. When there is none left, the test
//! ends, though its calls may go on until they are over, and their events count.

use std::time::Duration;

use ami::{Action, Event};
use uuid::Uuid;

use super::Refusal;
use crate::case::Module;
use crate::case::{Ast, TestCase};
use crate::files::{ConfigError, Node};

/// The variable that tells a call's channel.
const VARIABLE: &str = "testuniqueid";

/// How long the server may take to answer an originate. It answers one that is not asynchronous
/// when the call is answered or is not.
const ORIGINATE: Duration = Duration::from_secs(3_600);

pub(super) fn build(section: &Node) -> Result<Box<dyn Module>, Refusal> {
    let is_set = |key: &str| section.get(key).is_some_and(Node::is_true);
    let calls = match section.get("test-iterations") {
        None => vec![Call { channel: "Local/100@test".to_owned(), ..Call::new("Echo") }],
        Some(list) => {
            let calls = list.expect_items("test-iterations")?.iter();
            calls.map(Call::read).collect::<Result<_, _>>()?
        }
    };
    let delay = section.get("end-test-delay").filter(|it| it.is_true());
    let delay = delay.map_or(Ok(0.0), |it| it.expect_number("end-test-delay"))?;
    Ok(Box::new(SimpleTestCase {
        calls,
        next: 0,
        expected: section
            .get("expected_events")
            .map_or(Ok(1), |it| it.expect_count("expected_events"))?,
        seen: 0,
        tracked: Vec::new(),
        ignore_failures: is_set("ignore-originate-failures"),
        after_hangup: is_set("spawn-after-hangup"),
        delay: Duration::try_from_secs_f64(delay).unwrap_or_default(),
        stop_on_end: section.get("stop-on-end").is_none_or(Node::is_true),
    }))
}

struct SimpleTestCase {
    calls: Vec<Call>,
    next: usize,
    /// How many user events it takes; with none the modules tell.
    expected: usize,
    seen: usize,
    /// The channels of calls, with what tells them.
    tracked: Vec<(String, String)>,
    ignore_failures: bool,
    after_hangup: bool,
    delay: Duration,
    stop_on_end: bool,
}

/// A call.
struct Call {
    id: String,
    channel: String,
    /// Where it goes: headers of the action.
    to: Vec<(&'static str, String)>,
    asynchronous: bool,
}

impl Call {
    fn new(application: &str) -> Self {
        Self {
            id: Uuid::new_v4().to_string(),
            channel: String::new(),
            to: vec![("Application", application.to_owned())],
            asynchronous: false,
        }
    }

    fn read(node: &Node) -> Result<Self, ConfigError> {
        let text = |key: &str| -> Result<Option<String>, ConfigError> {
            let value = node.get(key).filter(|it| !it.is_null());
            value.map(|it| it.expect_text(key).map(str::to_owned)).transpose()
        };
        let Some(channel) = text("channel")? else {
            return Err(node.error("this call has no channel"));
        };
        let mut to = Vec::new();
        let mut with =
            |header, value: Option<String>| to.extend(value.map(|value| (header, value)));
        match text("application")? {
            Some(application) => with("Application", Some(application)),
            None => {
                let Some(exten) = text("exten")? else {
                    return Err(node.error("this call has neither an application nor an exten"));
                };
                with("Exten", Some(exten));
                with("Context", text("context")?);
                with("Priority", Some(text("priority")?.unwrap_or_else(|| "1".to_owned())));
            }
        }
        with("Account", text("account")?);
        with("ChannelId", text("channelid")?);
        with("OtherChannelId", text("otherchannelid")?);
        let asynchronous = node.get("async").is_some_and(Node::is_true);
        Ok(Self { id: Uuid::new_v4().to_string(), channel, to, asynchronous })
    }

    fn action(&self) -> Action {
        let action = Action::new("Originate").field("Channel", &self.channel);
        let action = self.to.iter().fold(action, |action, (key, value)| action.field(key, value));
        action
            .field("Async", if self.asynchronous { "True" } else { "False" })
            .field("Variable", format!("{VARIABLE}={}", self.id))
    }
}

impl SimpleTestCase {
    fn start_next(&mut self, ast: &Ast, test: &TestCase) {
        let Some(call) = self.calls.get(self.next) else {
            if self.stop_on_end {
                test.stop_after(self.delay);
            }
            return;
        };
        test.print(format!("originating {}", call.channel));
        let originate = ast.ami().call(call.action()).timeout(ORIGINATE);
        let (test, channel, ignore) = (test.clone(), call.channel.clone(), self.ignore_failures);
        test.clone().spawn(async move {
            if let Err(error) = originate.await
                && !ignore
                && error.fault() != ami::Fault::Link
                && !matches!(error, ami::Error::Disconnected { .. })
            {
                // It only ends the test: what was said until then counts.
                test.note(format!("originating {channel}: {error:#}"));
                test.stop();
            }
        });
    }

    fn user_event(&mut self, ast: &Ast, test: &TestCase) {
        self.seen += 1;
        if self.seen != self.expected {
            self.next += 1;
            self.start_next(ast, test);
            return;
        }
        test.set_passed(true);
        let hangups: Vec<_> = self
            .tracked
            .iter()
            .map(|(channel, _)| ast.ami().call(Action::new("Hangup").field("Channel", channel)))
            .collect();
        let (test, delay) = (test.clone(), self.delay);
        test.clone().spawn(async move {
            let mut gone = true;
            for hangup in hangups {
                gone &= hangup.await.is_ok();
            }
            if gone { test.stop() } else { test.stop_after(delay) }
        });
    }

    fn hangup(&mut self, channel: &str, ast: &Ast, test: &TestCase) {
        let Some(at) = self.tracked.iter().position(|(it, _)| channel.contains(&**it)) else {
            return;
        };
        self.tracked.remove(at);
        if self.after_hangup {
            self.next += 1;
            self.start_next(ast, test);
        }
    }
}

impl Module for SimpleTestCase {
    fn connected(&mut self, ast: &Ast, test: &TestCase) {
        self.start_next(ast, test);
    }

    fn event(&mut self, event: &Event, ast: &Ast, test: &TestCase) {
        let text = |name| event.text(name).unwrap_or_default();
        if event.is("UserEvent") {
            if self.expected != 0 {
                self.user_event(ast, test);
            }
        } else if event.is("VarSet") {
            let id = text("Value");
            let is_new = self.tracked.iter().all(|(_, it)| *it != id);
            if text("Variable") == VARIABLE && is_new && self.calls.iter().any(|it| it.id == id) {
                self.tracked.push((text("Channel").into_owned(), id.into_owned()));
            }
        } else if event.is("Hangup") {
            self.hangup(&text("Channel"), ast, test);
        }
    }
}
