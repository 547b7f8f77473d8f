//! `test_case.SimpleTestCase`: calls into the dialplan, which tells by user events that all went
//! well.
//!
//! Each call gets a variable `testuniqueid`, and the channel that says that it has it is the
//! call's. A user event, of whatever name, counts: at the expected number the test has passed, its
//! channels are hung up and it ends; at another, the next call is made. With `spawn-after-hangup`
//! the end of a call's channel makes the next one too. When there is none left, the test
//! ends, though its calls may go on until they are over, and their events count.

use std::pin::Pin;
use std::time::Duration;

use ami::{Action, Event};
use futures_util::StreamExt;
use futures_util::future::join_all;
use futures_util::stream::FuturesUnordered;
use uuid::Uuid;

use crate::case::{Ast, Component, Happening, Life, Needs, Stage, TestCase};
use crate::components::Kind;
use crate::components::originate::{self, Headers};
use crate::files::{ConfigError, Id, Section};
use crate::matching::Fields;

/// The variable that tells a call's channel.
const VARIABLE: &str = "testuniqueid";

/// The keys of a call that are headers as they are.
const MORE: [(&str, &str); 3] =
    [("account", "Account"), ("channelid", "ChannelId"), ("otherchannelid", "OtherChannelId")];

/// The type of component.
pub(super) const KIND: Kind = Kind {
    names: &["test_case.SimpleTestCase", "SimpleTestCase.SimpleTestCase"],
    page: include_str!("simple_test_case.md"),
    build,
};

fn build(section: &Section) -> Result<Box<dyn Component>, ConfigError> {
    let calls = match section.part("test-iterations", "test-iterations have") {
        None => vec![Call { channel: "Local/100@test".to_owned(), ..Call::new("Echo") }],
        Some(list) => {
            list.node().expect_items("test-iterations")?;
            list.items("a call has").iter().map(Call::read).collect::<Result<_, _>>()?
        }
    };
    let delay = section.get("end-test-delay").filter(|it| it.is_true());
    let delay = delay.map_or(Ok(0.0), |it| it.expect_number("end-test-delay"))?;
    Ok(Box::new(SimpleTestCase {
        calls,
        next: 0,
        made: 0,
        expected: section.count("expected_events")?.unwrap_or(1),
        seen: 0,
        tracked: Vec::new(),
        ignore_failures: section.is_true("ignore-originate-failures"),
        after_hangup: section.is_true("spawn-after-hangup"),
        delay: Duration::try_from_secs_f64(delay).unwrap_or_default(),
        stop_on_end: section.truth("stop-on-end").unwrap_or(true),
    }))
}

struct SimpleTestCase {
    calls: Vec<Call>,
    next: usize,
    /// The number of calls that were made.
    made: usize,
    /// The number of user events for a pass; with 0 the modules judge.
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
    /// The destination of the call: headers of the action.
    to: Headers,
    /// Set if a channel said that it is the call's.
    has_channel: bool,
}

impl Call {
    fn new(application: &str) -> Self {
        Self {
            id: Uuid::new_v4().to_string(),
            channel: String::new(),
            to: vec![("Application", application.to_owned()), ("Async", "False".to_owned())],
            has_channel: false,
        }
    }

    fn read(section: &Section) -> Result<Self, ConfigError> {
        // The suite drops the one, and puts its own in the place of the other.
        section.ignore(&["data", "variable"]);
        let text = |key: &str| section.text(key).map(|it| it.map(str::to_owned));
        let Some(channel) = text("channel")? else {
            return Err(section.error("this call has no channel"));
        };
        let (application, exten) = (text("application")?, text("exten")?);
        let (context, priority) = (text("context")?, text("priority")?);
        let mut to = match (application, exten) {
            (Some(application), _) => vec![("Application", application)],
            (None, Some(exten)) => {
                let priority = priority.unwrap_or_else(|| "1".to_owned());
                let context = context.map(|context| ("Context", context));
                let exten = [("Exten", exten), ("Priority", priority)];
                exten.into_iter().chain(context).collect()
            }
            (None, None) => {
                return Err(section.error("this call has neither an application nor an exten"));
            }
        };
        to.extend(originate::headers(section, &MORE)?);
        to.push(("Async", originate::asynchronous(section, "async")?));
        Ok(Self { channel, to, ..Self::new("") })
    }

    fn action(&self) -> Action {
        let action = originate::action(&self.channel, &self.to);
        action.field("Variable", format!("{VARIABLE}={}", self.id))
    }
}

/// An answer that the server has yet to give.
type Answering = Pin<Box<dyn Future<Output = Answered> + Send>>;

/// An answer of the server.
enum Answered {
    Originate {
        channel: String,
        answer: Result<(), ami::Error>,
    },
    /// All channels were to hang up; whether each did.
    Hangups(bool),
}

impl Component for SimpleTestCase {
    fn needs(&self, needs: &mut Needs) {
        needs.servers(1);
    }

    fn run(mut self: Box<Self>, mut stage: Stage) -> Life {
        Box::pin(async move {
            let test = stage.test().clone();
            let mut pending = FuturesUnordered::<Answering>::new();
            loop {
                tokio::select! {
                    biased;
                    Some(answered) = pending.next() => self.answered(answered, &test),
                    what = stage.next() => match what {
                        Some(Happening::Connected(ast)) if ast.id() == Id::default() => {
                            pending.extend(self.start_next(&ast, &test));
                        }
                        Some(Happening::Event(ast, event)) if ast.id() == Id::default() => {
                            pending.extend(self.take(&event, &ast, &test));
                        }
                        Some(Happening::Stopped(_)) => self.tell(&test),
                        Some(_) => {}
                        None => return Ok(()),
                    },
                }
            }
        })
    }
}

impl SimpleTestCase {
    /// Begins the next call, or ends the test if there is none.
    fn start_next(&mut self, ast: &Ast, test: &TestCase) -> Option<Answering> {
        let Some(call) = self.calls.get(self.next) else {
            if self.stop_on_end {
                test.stop_after(self.delay);
            }
            return None;
        };
        self.made += 1;
        test.print(format!("originating {}", call.channel));
        let originate = ast.ami().call(call.action()).timeout(originate::LIMIT);
        let channel = call.channel.clone();
        Some(Box::pin(
            async move { Answered::Originate { channel, answer: originate.await.map(drop) } },
        ))
    }

    fn answered(&self, answered: Answered, test: &TestCase) {
        match answered {
            Answered::Originate { channel, answer: Err(error) }
                if !self.ignore_failures && originate::is_refusal(&error) =>
            {
                // It only ends the test: what was said until then counts.
                test.note(format!("originating {channel}: {error:#}"));
                test.stop();
            }
            Answered::Originate { .. } => {}
            Answered::Hangups(true) => test.stop(),
            Answered::Hangups(false) => test.stop_after(self.delay),
        }
    }

    fn take(&mut self, event: &Event, ast: &Ast, test: &TestCase) -> Option<Answering> {
        let text = |name| event.field(name).unwrap_or_default();
        if event.is("UserEvent") {
            return if self.expected == 0 { None } else { self.user_event(ast, test) };
        } else if event.is("VarSet") {
            if text("Variable") == VARIABLE {
                self.track(&text("Value"), text("Channel"));
            }
        } else if event.is("Hangup") {
            return self.hangup(&text("Channel"), ast, test);
        }
        None
    }

    fn user_event(&mut self, ast: &Ast, test: &TestCase) -> Option<Answering> {
        self.seen += 1;
        if self.seen != self.expected {
            self.next += 1;
            return self.start_next(ast, test);
        }
        test.set_passed(true);
        let hangups: Vec<_> = self
            .tracked
            .iter()
            .map(|(channel, _)| ast.ami().call(Action::new("Hangup").field("Channel", channel)))
            .collect();
        let gone = join_all(hangups);
        Some(Box::pin(async { Answered::Hangups(gone.await.iter().all(Result::is_ok)) }))
    }

    /// Takes note of the channel of a call, the first that says so: the half of a Local channel
    /// that was asked for.
    fn track(&mut self, id: &str, channel: String) {
        let call = self.calls.iter_mut().find(|it| it.id == id && !it.has_channel);
        if let Some(call) = call {
            call.has_channel = true;
            self.tracked.push((channel, id.to_owned()));
        }
    }

    fn hangup(&mut self, channel: &str, ast: &Ast, test: &TestCase) -> Option<Answering> {
        let at = self.tracked.iter().position(|(it, _)| channel.contains(&**it))?;
        self.tracked.remove(at);
        if !self.after_hangup {
            return None;
        }
        self.next += 1;
        self.start_next(ast, test)
    }

    /// Tells how far it came, if that is not the end.
    fn tell(&self, test: &TestCase) {
        if self.expected == 0 || self.seen == self.expected {
            return;
        }
        let made = &self.calls[..self.made];
        let silent = made.iter().filter(|it| !it.has_channel).map(|it| &*it.channel);
        let silent = silent.collect::<Vec<_>>().join(", ");
        let silent = if silent.is_empty() { silent } else { format!("; no channel for {silent}") };
        test.note(format!(
            "{} of {} user events came, {} of {} calls were made{silent}",
            self.seen,
            self.expected,
            made.len(),
            self.calls.len()
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::alone::{Alone, section};
    use crate::job::{Account, Outcome};

    async fn played(yaml: &str, story: impl AsyncFnOnce(&mut Alone)) -> Account {
        let alone = Alone::new(1).await;
        alone.add("test_case.SimpleTestCase", build(&section(yaml)).unwrap(), true);
        alone
            .play(async |alone| {
                alone.connect(1).await;
                story(alone).await;
            })
            .await
    }

    /// The event by which a channel says whose it is.
    fn tracked(originate: &Action, channel: &str) -> String {
        let id = originate.text("Variable").unwrap().replace("testuniqueid=", "");
        format!("Event: VarSet\nChannel: {channel}\nVariable: testuniqueid\nValue: {id}")
    }

    const USER_EVENT: &str = "Event: UserEvent\nUserEvent: X";

    #[tokio::test]
    async fn the_expected_number_of_user_events_passes_and_hangs_up() {
        let two = "expected_events: 2\ntest-iterations: [{channel: A, application: Echo}, {channel: B, exten: s, context: c}]";
        let account = played(two, async |alone| {
            let first = alone.action(1).await;
            assert_eq!(first.text("Channel").as_deref(), Some("A"));
            assert_eq!(first.text("Application").as_deref(), Some("Echo"));
            assert_eq!(first.text("Async").as_deref(), Some("False"));
            alone.event(1, &tracked(&first, "Local/a;1")).await;
            // The other half says the same.
            alone.event(1, &tracked(&first, "Local/a;2")).await;
            alone.event(1, USER_EVENT).await;
            let second = alone.action(1).await;
            assert_eq!(second.text("Exten").as_deref(), Some("s"));
            assert_eq!(second.text("Priority").as_deref(), Some("1"));
            alone.event(1, USER_EVENT).await;
            let hangup = alone.action(1).await;
            assert_eq!(
                (hangup.name(), hangup.text("Channel").as_deref()),
                ("Hangup", Some("Local/a;1"))
            );
            alone.ended().await;
        })
        .await;
        assert_eq!(account.outcome, Outcome::Passed, "{:?}", account.reasons);
        // The sibling: one of two comes.
        let account = played(two, async |alone| {
            alone.action(1).await;
            alone.event(1, USER_EVENT).await;
            alone.action(1).await;
        })
        .await;
        assert_eq!(account.outcome, Outcome::Failed);
        let note = "1 of 2 user events came, 2 of 2 calls were made; no channel for A, B";
        assert!(account.notes.iter().any(|it| it == note), "{:?}", account.notes);
    }

    #[tokio::test]
    async fn the_text_of_async_is_sent_as_it_stands() {
        for (yaml, sent) in [
            ("", "False"),
            ("async: True", "True"),
            ("async: no", "False"),
            ("async: 'True'", "True"),
            ("async: 'False'", "False"),
        ] {
            let yaml = format!("test-iterations: [{{channel: A, application: Echo, {yaml}}}]");
            played(&yaml, async |alone| {
                assert_eq!(alone.action(1).await.text("Async").as_deref(), Some(sent), "{yaml}");
            })
            .await;
        }
    }

    #[tokio::test]
    async fn of_several_headers_the_last_counts() {
        let yaml = "expected_events: 0\nspawn-after-hangup: True\ntest-iterations: [{channel: A, application: Echo}, {channel: B, application: Echo}]";
        played(yaml, async |alone| {
            let first = alone.action(1).await;
            alone.event(1, &tracked(&first, "Local/a;1")).await;
            alone.event(1, "Event: Hangup\nChannel: Local/no;1\nChannel: Local/a;1").await;
            assert_eq!(alone.action(1).await.text("Channel").as_deref(), Some("B"));
        })
        .await;
    }

    #[tokio::test]
    async fn a_refused_call_ends_the_test_without_a_verdict_unless_it_is_ignored() {
        let refused = "test-iterations: [{channel: refused, application: Echo}]";
        let account = played(refused, async |alone| {
            alone.action(1).await;
            alone.ended().await;
        })
        .await;
        assert_eq!(account.outcome, Outcome::Failed);
        assert_eq!(account.reasons[0].what, "the test ended without a verdict");
        assert!(account.notes[0].contains("originating refused"), "{:?}", account.notes);
        assert!(account.notes[0].contains("this was refused"), "{:?}", account.notes);
        let ignored = format!("ignore-originate-failures: True\n{refused}");
        let account = played(&ignored, async |alone| {
            alone.action(1).await;
            alone.event(1, USER_EVENT).await;
            alone.ended().await;
        })
        .await;
        assert_eq!(account.outcome, Outcome::Passed, "{:?}", account.reasons);
    }

    #[tokio::test]
    async fn a_pass_does_not_undo_a_failure_and_without_a_channel_the_test_stops_at_once() {
        let account = played("{}", async |alone| {
            let call = alone.action(1).await;
            assert_eq!(call.text("Channel").as_deref(), Some("Local/100@test"));
            alone.test.fail("somebody else says so");
            alone.event(1, USER_EVENT).await;
            alone.ended().await;
            assert!(alone.no_action(1));
        })
        .await;
        assert_eq!(account.outcome, Outcome::Failed);
        assert_eq!(account.reasons[0].what, "somebody else says so");
    }

    #[test]
    fn calls_that_cannot_be_made_are_refused_with_their_place() {
        let refused = |yaml: &str| build(&section(yaml)).err().unwrap().to_string();
        assert!(
            refused("test-iterations:\n  - {exten: s}")
                .ends_with("yaml:2: this call has no channel")
        );
        assert!(refused("test-iterations: [{channel: A}]").contains("neither an application nor"));
        assert!(refused("test-iterations: 3").contains("expected a list"));
        assert!(refused("expected_events: many").contains("not a whole number"));
    }
}
