//! `sipp_iterator.SIPpIteratorTestCase`: scenarios of SIPp one after another, with an action of AMI
//! for each.

use std::time::Duration;

use ami::Action;
use tokio::sync::Notify;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::end::{self, End};
use super::{Scenario, arguments};
use crate::case::{
    Ast, Component, Failure, Happening, Life, Needs, Setting, Stage, Step, TestCase,
};
use crate::components::servers::Servers;
use crate::components::{Kind, message};
use crate::files::{ConfigError, Node, Section};
use crate::job::Reason;

/// The time from the start of a scenario to its action.
const SINGLE: Duration = Duration::from_secs(2);

/// The time from an item without a scenario to what comes next: its actions in one type, the next
/// item in the other.
const PAUSE: Duration = Duration::from_secs(1);

/// The time that each action of an item without a scenario has.
const EACH: Duration = Duration::from_secs(2);

/// The type of component.
pub(in crate::components) const KIND: Kind = Kind {
    names: &["sipp_iterator.SIPpIteratorTestCase"],
    page: include_str!("iterator.md"),
    build,
};

fn build(section: &Section) -> Result<Box<dyn Component>, ConfigError> {
    // It logs in to all servers, whatever the key says.
    section.ignore(&["connect-ami"]);
    let kind = match section.text("type")?.unwrap_or("multi") {
        "single" => Type::Single,
        "multi" => Type::Multi,
        other => {
            let node = section.get("type").unwrap_or_else(|| section.node());
            return Err(node.error(format!("expected single or multi as type, found {other:?}")));
        }
    };
    let servers = section.count("asterisk-instances")?.unwrap_or(1).max(1);
    let servers = u32::try_from(servers)
        .map_err(|_| section.error("asterisk-instances: that is too many"))?;
    let list = section.part("scenarios", "the list has");
    let list = list.ok_or_else(|| section.error("expected `scenarios:` with items"))?;
    if list.node().expect_items("scenarios")?.is_empty() {
        return Err(list.error("there are no scenarios"));
    }
    let items = list.items("an item of a list of scenarios has");
    let items: Vec<_> = items.iter().map(|it| Item::read(it, kind)).collect::<Result<_, _>>()?;
    let last = items.iter().position(|it| matches!(it.what, What::Done));
    if let Some(never) = last.and_then(|at| items.get(at + 1)) {
        list.warn(&never.place, "an item behind `Name: done` never begins");
    }
    Ok(Box::new(SippIterator { items, servers }))
}

/// The type of a list.
#[derive(Clone, Copy, PartialEq)]
enum Type {
    /// A scenario for each item, and an action.
    Single,
    /// A sequence of scenarios for each item, and actions.
    Multi,
}

struct SippIterator {
    items: Vec<Item>,
    servers: u32,
}

/// An item of the list.
struct Item {
    place: Node,
    what: What,
    /// The time from when the item begins to its actions.
    delay: Duration,
    actions: Vec<Action>,
}

/// The thing that an item does besides its actions.
enum What {
    /// Scenarios, one after another.
    Scenarios(Vec<Scenario>),
    /// No scenario, and a pause of this length after the actions.
    Nothing(Duration),
    /// No scenario, and no item behind this one.
    Done,
}

impl Item {
    fn read(section: &Section, kind: Type) -> Result<Self, ConfigError> {
        let node = section.node();
        if !node.is_map() {
            let what = format!("expected `scenario:` and `action:`, found {}", node.kind());
            return Err(node.error(what));
        }
        let part = |key: &str, called: &str| {
            let part = section.part(key, called);
            part.filter(|it| it.node().is_map())
                .ok_or_else(|| section.error(format!("expected `{key}:` with a mapping")))
        };
        let scenario = part("scenario", "a scenario of an item has")?;
        let action = part("action", "an action of an item has")?;
        let actions = match kind {
            Type::Single => messages(&action)?,
            Type::Multi => several(&action)?,
        };
        let (what, delay) = match (scenario.expect_text("Name")?, kind) {
            ("done", _) => (What::Done, Duration::ZERO),
            ("none", Type::Single) => (What::Nothing(PAUSE), Duration::ZERO),
            ("none", Type::Multi) => {
                let each = u32::try_from(actions.len()).unwrap_or(u32::MAX);
                (What::Nothing(EACH.saturating_mul(each)), PAUSE)
            }
            (_, Type::Single) => (What::Scenarios(vec![read(&scenario)?]), SINGLE),
            (_, Type::Multi) => {
                let scenarios = sequence(&scenario)?;
                let delay = Duration::from_secs(scenarios.len().try_into().unwrap_or(u64::MAX));
                (What::Scenarios(scenarios), delay)
            }
        };
        Ok(Self { place: node.clone(), what, delay, actions })
    }

    fn scenarios(&self) -> &[Scenario] {
        match &self.what {
            What::Scenarios(scenarios) => scenarios,
            What::Nothing(_) | What::Done => &[],
        }
    }
}

/// Reads the action of an item, which may be none.
fn messages(action: &Section) -> Result<Vec<Action>, ConfigError> {
    if action.get("Action").and_then(Node::text) == Some("none") {
        return Ok(Vec::new());
    }
    Ok(vec![message::read(action)?])
}

/// Reads the actions of an item that may have several.
fn several(action: &Section) -> Result<Vec<Action>, ConfigError> {
    let Some(list) = action.part("Messages", "Messages have") else {
        return match messages(action)?.is_empty() {
            true => Ok(Vec::new()),
            false => Err(action.error("expected `Messages:` with a list of actions")),
        };
    };
    list.node().expect_items("Messages")?;
    let each =
        list.items("an action of AMI has").iter().map(messages).collect::<Result<Vec<_>, _>>();
    Ok(each?.into_iter().flatten().collect())
}

/// Reads the sequence of scenarios of an item.
fn sequence(scenario: &Section) -> Result<Vec<Scenario>, ConfigError> {
    let list = scenario.part("sequence", "a sequence has");
    let list = list.ok_or_else(|| scenario.error("expected `sequence:` with scenarios"))?;
    if list.node().expect_items("sequence")?.is_empty() {
        return Err(list.error("there are no scenarios"));
    }
    let scenarios = list.items("a scenario of a sequence has");
    scenarios.iter().map(read).collect()
}

/// Reads a scenario.
fn read(scenario: &Section) -> Result<Scenario, ConfigError> {
    if !scenario.node().is_map() {
        let kind = scenario.node().kind();
        return Err(scenario.error(format!("expected a scenario with a `Name:`, found {kind}")));
    }
    if scenario.node().get("key-args").is_some() {
        return Scenario::read(scenario);
    }
    let file = scenario.expect_text("Name")?;
    let port = scenario.expect_text("port")?.to_owned();
    let target = scenario.expect_text("target")?;
    let ordered = scenario.get("ordered-args").map_or(Ok(Vec::new()), arguments::ordered)?;
    Scenario::of(scenario.node(), file, Some(target), vec![("-p".to_owned(), port)], ordered)
}

/// The cause for which the list does not go on.
enum Halt {
    /// The end of the test.
    Ending,
    Failed(Reason),
}

impl From<Failure> for Halt {
    fn from(error: Failure) -> Self {
        Self::Failed(Reason::new(format!("{:#}", anyhow::Error::from_boxed(error))))
    }
}

impl Component for SippIterator {
    fn needs(&self, needs: &mut Needs) {
        needs.servers(self.servers);
        // They run one after another.
        needs.processes(1);
        self.items.iter().flat_map(Item::scenarios).for_each(|it| it.needs(needs));
    }

    fn prepare<'a>(&'a mut self, setting: &'a mut Setting) -> Step<'a> {
        let test = setting.test();
        test.fail_when_late();
        let checked = self.items.iter().flat_map(Item::scenarios).try_for_each(|it| it.check(test));
        Box::pin(std::future::ready(checked))
    }

    fn run(self: Box<Self>, mut stage: Stage) -> Life {
        Box::pin(async move {
            let test = stage.test().clone();
            let Some(ast) = self.logged_in(&mut stage).await else { return Ok(()) };
            let mut servers = Servers::default();
            let (time, mut held) = (CancellationToken::new(), None);
            let playing = self.play(&ast, &mut servers, &test, &time);
            let played = {
                let mut playing = std::pin::pin!(playing);
                loop {
                    tokio::select! {
                        biased;
                        played = &mut playing => break played,
                        what = stage.next() => match what {
                            // It goes on when what runs was killed.
                            Some(Happening::Stopping(pending)) => {
                                time.cancel();
                                held = Some(pending);
                            }
                            Some(Happening::Stopped(_)) | None => return Ok(()),
                            Some(_) => {}
                        }
                    }
                }
            };
            drop(held);
            if let Err(Halt::Failed(reason)) = played {
                test.fail_with(reason);
                test.stop();
            }
            stage.stopped().await;
            servers.take_all(&test);
            Ok(())
        })
    }
}

impl SippIterator {
    /// Waits for the logins to all servers. Returns the first server, or `None` if the test ends.
    async fn logged_in(&self, stage: &mut Stage) -> Option<Ast> {
        let mut all = Vec::new();
        while all.len() < usize::try_from(self.servers).unwrap_or(usize::MAX) {
            match stage.next().await? {
                Happening::Connected(ast) => all.push(ast),
                Happening::Stopped(_) => return None,
                _ => {}
            }
        }
        all.into_iter().min_by_key(Ast::number)
    }

    /// Plays the items in their order.
    async fn play(
        &self,
        ast: &Ast,
        servers: &mut Servers,
        test: &TestCase,
        time: &CancellationToken,
    ) -> Result<(), Halt> {
        for (at, item) in self.items.iter().enumerate() {
            if time.is_cancelled() {
                return Err(Halt::Ending);
            }
            let called = format!("item {} of {}", at + 1, self.items.len());
            let is_ready = Notify::new();
            let send = async {
                sleep(item.delay).await;
                if !item.scenarios().is_empty() {
                    is_ready.notified().await;
                }
                for action in &item.actions {
                    servers.send(ast, &item.place, action.clone(), test).await;
                }
                Ok(())
            };
            match &item.what {
                What::Scenarios(scenarios) => {
                    let run = run_all(scenarios, &called, &is_ready, test, time);
                    let send = async {
                        // What runs says what the end of the test means for it.
                        let _ = unless_it_ends(time, send).await;
                        Ok(())
                    };
                    // The item has ended when its actions were sent, so that they are in order.
                    tokio::try_join!(run, send)?;
                }
                What::Nothing(pause) => {
                    let all = async {
                        send.await?;
                        sleep(*pause).await;
                        Ok(())
                    };
                    unless_it_ends(time, all).await?;
                }
                What::Done => {
                    unless_it_ends(time, send).await?;
                    return Ok(());
                }
            }
        }
        test.note("the list of scenarios has ended, and no `Name: done` was in it");
        Ok(())
    }
}

/// Does something, unless the test ends before.
async fn unless_it_ends(
    time: &CancellationToken,
    what: impl Future<Output = Result<(), Halt>>,
) -> Result<(), Halt> {
    tokio::select! {
        () = time.cancelled() => Err(Halt::Ending),
        done = what => done,
    }
}

/// Runs scenarios one after another, and says when the first is ready for messages.
async fn run_all(
    scenarios: &[Scenario],
    called: &str,
    is_ready: &Notify,
    test: &TestCase,
    time: &CancellationToken,
) -> Result<(), Halt> {
    for scenario in scenarios {
        if time.is_cancelled() {
            return Err(Halt::Ending);
        }
        let mut run = scenario.start(test, format!("{} ({called})", scenario.name()))?;
        tokio::select! {
            () = time.cancelled() => {}
            () = run.is_ready() => is_ready.notify_one(),
        }
        match end::of(&mut run, time).await {
            End::ByItself(ended) => ended.map_err(Halt::Failed)?,
            End::Killed(_) if test.was_stopped() => return Err(Halt::Ending),
            // Time has run out.
            End::Killed(waits) => return Err(Halt::Failed(waits)),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
