//! A set of scenarios, which run at the same time.

use std::time::Duration;

use futures_util::future::join;
use tokio_util::sync::CancellationToken;

use super::{Run, Scenario, tell_started, tell_stopped};
use crate::case::{Failure, Needs, TestCase};
use crate::files::{ConfigError, Section};
use crate::job::Reason;

/// The time between the start of SIPp and that of what waits for its scenario. A scenario that
/// registers first has done so by then.
const BEGINNING: Duration = Duration::from_millis(250);

/// The port of the first pair; the next has the next.
const FIRST_PAIR: u16 = 5_080;

/// A set of scenarios.
pub(super) struct Set {
    entries: Vec<Entry>,
}

/// A scenario, or two that know of each other.
#[derive(Clone)]
enum Entry {
    One(Scenario),
    Pair {
        /// The port at which the receiver listens for the sender.
        port: u16,
        receiver: Scenario,
        sender: Scenario,
    },
}

impl Entry {
    fn read(section: &Section, pairs: &mut u16) -> Result<Self, ConfigError> {
        let part = |key: &str| section.part(key, &format!("{key} has"));
        let (sender, receiver) = (part("coordinated-sender"), part("coordinated-receiver"));
        match (sender, receiver) {
            (Some(sender), Some(receiver)) => {
                let port = FIRST_PAIR.saturating_add(*pairs);
                *pairs = pairs.saturating_add(1);
                let receiver = Scenario::read(&receiver)?.with_peer(port);
                let sender = Scenario::read(&sender)?.with_peer(port);
                Ok(Self::Pair { port, receiver, sender })
            }
            (None, None) => Ok(Self::One(Scenario::read(section)?)),
            _ => Err(section.error("a pair has a coordinated-sender and a coordinated-receiver")),
        }
    }

    fn scenarios(&self) -> Vec<&Scenario> {
        match self {
            Self::One(scenario) => vec![scenario],
            Self::Pair { receiver, sender, .. } => vec![receiver, sender],
        }
    }

    /// The name by which others know it.
    fn name(&self) -> String {
        match self {
            Self::One(scenario) => scenario.name().to_owned(),
            Self::Pair { port, .. } => format!("Coordinated Scenario {port}"),
        }
    }
}

impl Set {
    /// Reads `scenarios`. `pairs` is the number of pairs of the sets before, and grows.
    pub(super) fn read(section: &Section, pairs: &mut u16) -> Result<Self, ConfigError> {
        let scenarios = section.part("scenarios", "scenarios have");
        let scenarios = scenarios.ok_or_else(|| section.error("no scenarios"))?;
        scenarios.node().expect_items("scenarios")?;
        let scenarios = scenarios.items("a scenario has");
        if scenarios.is_empty() {
            return Err(section.error("no scenarios"));
        }
        let entries = scenarios.iter().map(|it| Entry::read(it, pairs));
        Ok(Self { entries: entries.collect::<Result<_, _>>()? })
    }

    fn scenarios(&self) -> impl Iterator<Item = &Scenario> {
        self.entries.iter().flat_map(Entry::scenarios)
    }

    /// The number of processes that run at the same time.
    pub(super) fn width(&self) -> usize {
        self.scenarios().count()
    }

    pub(super) fn needs(&self, needs: &mut Needs) {
        self.scenarios().for_each(|it| it.needs(needs));
    }

    pub(super) fn check(&self, test: &TestCase) -> Result<(), Failure> {
        self.scenarios().try_for_each(|it| it.check(test))
    }

    /// Starts all scenarios in their order. `which` tells the set from others.
    pub(super) fn start(&self, which: &str, stage: &Performance) -> Result<Vec<Playing>, Failure> {
        let several = self.entries.len() > 1;
        let mut playing = Vec::new();
        for (at, entry) in self.entries.iter().enumerate() {
            let number = format!("scenario {} of {}", at + 1, self.entries.len());
            let which = [Some(which), several.then_some(&*number)];
            let which = which.into_iter().flatten().filter(|it| !it.is_empty());
            let which = which.collect::<Vec<_>>().join(", ");
            playing.push(start(entry, &which, stage)?);
        }
        Ok(playing)
    }
}

/// A scenario or a pair under way, until it has ended.
pub(super) type Playing = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

/// The conditions under which scenarios run.
#[derive(Clone)]
pub(super) struct Performance {
    pub(super) test: TestCase,
    /// The first failure ends the test.
    pub(super) fail_on_any: bool,
    /// Set if all that still run are to be killed.
    pub(super) killed: CancellationToken,
}

/// Starts a scenario, or the first of a pair.
fn start(entry: &Entry, which: &str, stage: &Performance) -> Result<Playing, Failure> {
    let (name, stage) = (entry.name(), stage.clone());
    let called = |scenario: &Scenario, role: &str| {
        let parts = [role, which].into_iter().filter(|it| !it.is_empty()).collect::<Vec<_>>();
        match &*parts.join(", ") {
            "" => scenario.name().to_owned(),
            parts => format!("{} ({parts})", scenario.name()),
        }
    };
    match entry {
        Entry::One(scenario) => {
            let run = scenario.start(&stage.test, called(scenario, ""))?;
            Ok(Box::pin(play_one(run, name, stage)))
        }
        Entry::Pair { port, receiver, sender } => {
            let role = |role: &str| format!("{role} of the pair on {port}");
            let listening = receiver.start(&stage.test, called(receiver, &role("receiver")))?;
            let called = called(sender, &role("sender"));
            let pair = Pair { port: *port, sender: sender.clone(), called };
            Ok(Box::pin(pair.play(listening, name, stage)))
        }
    }
}

async fn play_one(mut run: Run, name: String, stage: Performance) {
    stage.begin(&mut run, None).await;
    stage.tell_started(&name);
    if stage.end(&mut run).await {
        stage.test.set_passed(true);
    }
    tell_stopped(&stage.test, &name);
}

/// A pair whose receiver runs.
struct Pair {
    port: u16,
    sender: Scenario,
    /// The name of the sender in failures.
    called: String,
}

impl Pair {
    async fn play(self, mut receiver: Run, name: String, stage: Performance) {
        let Self { port, sender, called } = self;
        stage.begin(&mut receiver, Some(port)).await;
        let sends = async {
            if stage.killed.is_cancelled() {
                return false;
            }
            match sender.start(&stage.test, called) {
                Ok(mut sender) => {
                    stage.begin(&mut sender, None).await;
                    stage.tell_started(&name);
                    stage.end(&mut sender).await
                }
                Err(error) => {
                    stage.fail(Reason::new(format!("{error:#}")));
                    false
                }
            }
        };
        if let (true, true) = join(stage.end(&mut receiver), sends).await {
            stage.test.set_passed(true);
        }
        tell_stopped(&stage.test, &name);
    }
}

impl Performance {
    fn tell_started(&self, name: &str) {
        if !self.killed.is_cancelled() {
            tell_started(&self.test, name);
        }
    }

    /// Waits until a run has begun: for a while, until its port is bound and it listens at another,
    /// or until it has ended.
    async fn begin(&self, run: &mut Run, listens: Option<u16>) {
        let begun = async {
            run.is_at_work(BEGINNING).await;
            if let Some(port) = listens {
                run.has_bound(port).await;
            }
        };
        tokio::select! {
            () = begun => {}
            () = self.killed.cancelled() => {}
        }
    }

    /// Waits until a run has ended, or kills it if it has to. Returns whether it has not failed.
    async fn end(&self, run: &mut Run) -> bool {
        let ended = tokio::select! {
            biased;
            ended = run.end() => Some(ended),
            () = self.killed.cancelled() => None,
        };
        let ended = match ended {
            Some(ended) => ended,
            None => {
                let still = run.still();
                run.kill().await;
                let ended = run.end().await;
                if ended.is_ok() {
                    self.tell_of_killed(still);
                }
                ended
            }
        };
        match ended {
            Ok(()) => true,
            Err(reason) => {
                self.fail(reason);
                false
            }
        }
    }

    /// Tells of one that was killed: if nobody ended the test, it was waited for.
    fn tell_of_killed(&self, still: Reason) {
        if self.test.was_stopped() {
            self.test.note(format!("{}: {}", still.what, still.details.join("; ")));
        } else {
            self.test.fail_with(still);
        }
    }

    fn fail(&self, reason: Reason) {
        self.test.fail_with(reason);
        if self.fail_on_any {
            self.test.stop();
        }
    }
}
