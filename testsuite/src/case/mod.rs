//! A test while it runs: its servers and AMI connections, its clock, what has been said of its
//! verdict, and what takes part in it.
//!
//! This room depends on `files`, `matching`, `job` and `ari`. A [`TestCase`] is a handle that
//! clones share: it boots servers, tells components of everything that happens, and at the end
//! weighs what was said. [`Component`] is here and not with the components: the test prepares them,
//! tells them and waits for them, and knows none by name.
//!
//! Pitfalls: every component has a task and an inbox of its own, and whatever is told is told to
//! inboxes, never under a lock that a component may want. After each event the pump gives way, so
//! that all components that wait have taken it before the next one is told. A failure is never
//! taken back. The order of the end is fixed: components let go, calls are over, the events behind
//! them have come, servers stop, the rest of their events is handed out, components judge.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::error::Error;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use ami::{Originate, Recording};
use instance::sipp::Sipp;
use instance::{Builder, Server};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use self::actors::Actors;
use self::agi::OpenRequests;
use self::capture::Capture;
use self::clock::Clock;
use self::pump::Pumps;
use self::verdict::Verdict;
use self::watch::OpenWatches;
use crate::ari::AriEvent;
use crate::files::{ConfigError, Node, Section, TestConfig};
use crate::job::{Job, Message, Phase, PhaseTime, Reason, link};

mod actors;
mod agi;
#[cfg(test)]
pub(crate) mod alone;
mod ast;
mod boot;
mod call;
mod capture;
mod clock;
mod component;
mod finish;
mod layers;
pub(crate) mod logs;
mod object;
mod pump;
mod stage;
mod tail;
#[cfg(test)]
mod tests;
mod verdict;
mod watch;

pub use self::agi::FastAgi;
pub use self::ast::Ast;
pub use self::call::{Call, CallError};
pub(crate) use self::component::SippNeeds;
pub use self::component::{Component, Life, Needs, Setting, Step, Watcher};
pub(crate) use self::object::ObjectSettings;
pub use self::stage::{Ended, Failure, Happening, Pending, Signal, Stage};
pub use self::watch::{Watch, WatchError};

/// The result of a test written in Rust. Whatever error it fails with is the reason that is told.
pub type TestResult = Result<(), Box<dyn Error + Send + Sync>>;

/// The time that calls may go on at the end. Most are over in a moment; to hang one up takes the
/// server a second.
const PATIENCE: Duration = Duration::from_millis(250);

/// A test while it runs. A clone is the same test.
#[derive(Clone)]
pub struct TestCase {
    shared: Arc<Shared>,
}

struct Shared {
    job: Job,
    /// The folder of the test.
    folder: PathBuf,
    /// `None` in tests of components alone, which boot nothing.
    server: Option<Server>,
    /// The program for scenarios of SIPp. Empty where the test needs none.
    sipp: OnceLock<Sipp>,
    config: TestConfig,
    /// The configuration of its object.
    section: Node,
    object: ObjectSettings,
    verdict: Arc<Verdict>,
    /// Set if time that runs out is a failure, whatever was said.
    fails_late: AtomicBool,
    clock: Clock,
    phases: Mutex<Phases>,
    /// The time that calls may go on at the end.
    patience: Mutex<Duration>,
    /// The end of the test.
    ended: CancellationToken,
    /// The test is to end, for whatever reason.
    ending: CancellationToken,
    /// Servers are up.
    booted: Notify,
    /// The events that are awaited.
    open: Arc<OpenWatches>,
    /// The FastAGI requests that are awaited.
    requests: Arc<OpenRequests>,
    /// The state that components have in common, by its type.
    common: Mutex<HashMap<TypeId, Box<dyn Any + Send>>>,
    asts: Mutex<Vec<Ast>>,
    actors: Actors,
    /// The tasks that hand out events.
    pumps: Mutex<Pumps>,
    spawned: Mutex<JoinSet<()>>,
    capture: Mutex<Option<Capture>>,
    /// The records of what the servers say to the test's own connections.
    transcripts: Mutex<Vec<Recording>>,
    /// The folder that the servers are in.
    folder_of_run: Mutex<Option<PathBuf>>,
}

/// The phase that is under way, and how long those before it took.
#[derive(Default)]
struct Phases {
    now: Option<(Phase, Instant)>,
    times: Vec<PhaseTime>,
}

impl Phases {
    /// Ends the phase that is under way, and begins another or none.
    fn end(&mut self, next: Option<Phase>) {
        let now = Instant::now();
        if let Some((phase, begun)) = std::mem::replace(&mut self.now, next.map(|it| (it, now))) {
            self.times.push(PhaseTime { phase, seconds: (now - begun).as_secs_f64() });
        }
    }
}

impl fmt::Debug for TestCase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestCase").field("name", &self.name()).finish_non_exhaustive()
    }
}

impl TestCase {
    pub(crate) fn new(
        job: Job,
        server: Option<Server>,
        config: TestConfig,
    ) -> Result<Self, ConfigError> {
        let section = config.object.as_ref().map_or(&config.root, |it| &it.section).clone();
        let object = ObjectSettings::read(&Section::new(&section, "the object reads"))?;
        let ended = CancellationToken::new();
        let shared = Shared {
            folder: job.folder(),
            job,
            server,
            config,
            section,
            verdict: Arc::default(),
            fails_late: AtomicBool::new(false),
            sipp: OnceLock::new(),
            clock: Clock::new(object.timeout),
            object,
            phases: Mutex::default(),
            patience: Mutex::new(PATIENCE),
            ending: ended.child_token(),
            ended,
            booted: Notify::new(),
            open: Arc::default(),
            requests: Arc::default(),
            common: Mutex::default(),
            asts: Mutex::default(),
            actors: Actors::default(),
            pumps: Mutex::default(),
            spawned: Mutex::default(),
            capture: Mutex::default(),
            transcripts: Mutex::default(),
            folder_of_run: Mutex::default(),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// The name of the test: its path from the suite's folder, such as `tests/apps/echo`.
    pub fn name(&self) -> &str {
        &self.shared.job.test
    }

    /// The folder of the test.
    pub fn folder(&self) -> &Path {
        &self.shared.folder
    }

    /// The folder of the suite. It is also the working directory.
    pub fn suite(&self) -> &Path {
        &self.shared.job.settings.suite
    }

    /// Returns the configuration of the test, `test-config.yaml`.
    pub fn config(&self) -> &TestConfig {
        &self.shared.config
    }

    /// The configuration of the test's object: the section of `test-config.yaml` that
    /// `config-section` names, or all of it.
    pub fn section(&self) -> &Node {
        &self.shared.section
    }

    /// Returns the builder of a server: the suite's configuration, then that in the test's
    /// `configs/astN`, then its files. It can be changed, and goes to [`boot`](Self::boot).
    ///
    /// # Errors
    ///
    /// If the configuration of the object cannot be right.
    pub fn builder(&self, number: u32) -> Result<Builder, ConfigError> {
        layers::builder(self, number)
    }

    /// Boots the one server of the test, and logs in.
    ///
    /// # Errors
    ///
    /// If it does not boot.
    pub async fn start(&self) -> Result<Ast, Box<dyn Error + Send + Sync>> {
        let mut asts = self.start_many(1).await?;
        asts.pop().ok_or_else(|| "there is no server".into())
    }

    /// Boots servers at the same time, numbered from 1, and logs in to each.
    ///
    /// # Errors
    ///
    /// If one does not boot.
    pub async fn start_many(&self, count: u32) -> Result<Vec<Ast>, Box<dyn Error + Send + Sync>> {
        let builders = (1..=count).map(|number| self.builder(number));
        let builders = builders.collect::<Result<_, _>>().inspect_err(|_| {
            // A test that has to fail has not failed by that.
            self.set_faulty();
        });
        self.boot(builders?).await
    }

    /// The servers of the test, in their order. None before they are up.
    pub fn asts(&self) -> Vec<Ast> {
        lock(&self.shared.asts).clone()
    }

    /// Adds a component, before the servers boot. Later it is a failure of the test.
    pub fn add(&self, component: Box<dyn Component>) {
        let name = component.name().to_owned();
        self.add_as(name, component, false);
    }

    /// Adds a component under a name, and says whether it is the object of the test.
    pub(crate) fn add_as(&self, name: String, component: Box<dyn Component>, is_object: bool) {
        let late = format!("{name} was added when the servers had been booted");
        if !self.shared.actors.add(name, component, is_object) {
            self.set_faulty();
            self.fail(late);
        }
    }

    /// Returns the needs of all components.
    pub(crate) fn needs(&self) -> Needs {
        self.shared.actors.needs()
    }

    /// Returns whether components hear of a server.
    fn hears_of(&self, ast: &Ast) -> bool {
        self.needs().hears_of(ast.number())
    }

    /// Changes the state of a type that components of the test have in common. It begins with its
    /// default.
    pub(crate) fn with_common<T, R>(&self, change: impl FnOnce(&mut T) -> R) -> R
    where
        T: Default + Send + 'static,
    {
        let mut common = lock(&self.shared.common);
        let state = common.entry(TypeId::of::<T>()).or_insert_with(|| Box::new(T::default()));
        match state.downcast_mut() {
            Some(state) => change(state),
            None => unreachable!("the state of a type is of that type"),
        }
    }

    /// Tells all components of something that one of them did. Nobody hears of it before the
    /// servers are up, when the life of components begins.
    pub fn signal(&self, signal: Signal) {
        self.shared.actors.tell(&Happening::Signal(Arc::new(signal)));
    }

    /// Says whether the test has passed. Once it has not, it cannot any more.
    pub fn set_passed(&self, passed: bool) {
        self.shared.verdict.set_passed(passed);
    }

    /// Fails the test, for a reason that is told; of many, the first hundred are, and how many more
    /// there were. The test goes on until somebody [stops](Self::stop) it.
    pub fn fail(&self, reason: impl Into<String>) {
        self.fail_with(Reason::new(reason));
    }

    /// Fails the test, and tells what came nearest to what was expected.
    pub fn fail_with(&self, reason: Reason) {
        self.shared.verdict.fail(reason);
    }

    /// Tells something that is no failure.
    pub fn note(&self, note: impl Into<String>) {
        self.shared.verdict.note(note.into());
    }

    /// Prints a line, as part of the test's output.
    pub fn print(&self, line: impl Into<String>) {
        let line = line.into();
        tracing::info!("{line}");
        link::print(&line);
    }

    /// Makes it a failure if the test ends before the token is [removed](FailToken::remove).
    pub fn fail_token(&self, what: impl Into<String>) -> FailToken {
        FailToken { id: self.shared.verdict.add_token(what.into()), test: self.clone() }
    }

    /// Ends the test: the verdict is what was said until then.
    pub fn stop(&self) {
        self.shared.ended.cancel();
    }

    /// Ends the test after a while.
    pub fn stop_after(&self, delay: Duration) {
        let test = self.clone();
        self.spawn(async move {
            tokio::time::sleep(delay).await;
            test.stop();
        });
    }

    /// Sets the time that calls may go on at the end before they are hung up; a quarter of a second
    /// unless set. What they say until then counts. A test that has failed does not wait for them.
    pub fn set_patience(&self, patience: Duration) {
        *lock(&self.shared.patience) = patience;
    }

    /// Makes time that runs out a failure, also if the test has been said to pass.
    pub fn fail_when_late(&self) {
        self.shared.fails_late.store(true, Ordering::Relaxed);
    }

    /// Sets the time that the test may take, from now on, or from when its servers are up; `None`
    /// for as long as it takes. Time that runs out ends the test, and is a failure unless the test
    /// has been said to pass.
    pub fn set_timeout(&self, timeout: impl Into<Option<Duration>>) {
        self.shared.clock.set_timeout(timeout.into());
    }

    /// Sets the program for scenarios of SIPp.
    pub(crate) fn set_sipp(&self, sipp: Sipp) {
        // The first one counts.
        let _ = self.shared.sipp.set(sipp);
    }

    /// The program for scenarios of SIPp. `None` if the test said that it needs none.
    pub(crate) fn sipp(&self) -> Option<&Sipp> {
        self.shared.sipp.get()
    }

    /// The folder of the test's run, in which its servers are. `None` before they are made.
    pub(crate) fn folder_of_run(&self) -> Option<PathBuf> {
        lock(&self.shared.folder_of_run).clone()
    }

    /// Waits until the test is to end: somebody stopped it, its time ran out, or it cannot go on.
    /// Cancel safe.
    pub(crate) async fn is_ending(&self) {
        self.shared.ending.cancelled().await;
    }

    /// Returns whether the test or one of its components [stopped](Self::stop) it. A time-out does
    /// not count.
    pub(crate) fn was_stopped(&self) -> bool {
        self.shared.ended.is_cancelled()
    }

    /// Tells all components of an event of ARI, one after another in their order. Returns when each
    /// has done what it does for it. One that takes longer than 30 s is a note of the test, and the
    /// next one is told.
    pub(crate) async fn tell_of_ari(&self, event: AriEvent) {
        let told = self.shared.actors.tell_in_turn(|it| Happening::Ari(event.clone(), it)).await;
        for name in told {
            let what = format!("{name} took more than 30 s for a {}", event.kind());
            self.note(format!("{what}: those behind it did not wait any longer"));
        }
    }

    /// Starts the clock of the time-out anew.
    pub fn reset_timeout(&self) {
        self.shared.clock.restart();
    }

    /// Places a call on the first server, beside the test: it does not wait for an answer, so that
    /// a test can wait for an event of a dialplan that never answers. A call that fails is a
    /// note of the test; awaiting the [`Call`] gives its outcome instead.
    ///
    /// ```no_run
    /// # use ami::Originate;
    /// # use testsuite::{Matcher, TestCase, TestResult};
    /// async fn is_busy(test: TestCase) -> TestResult {
    ///     let ast = test.start().await?;
    ///     let mut busy = ast.watch(Matcher::event("UserEvent").header("UserEvent", "Busy"));
    ///     let call = test.originate(Originate::to_application("Local/s@default", "Echo", ""));
    ///     busy.next().await?;
    ///     if let Ok(answered) = call.await {
    ///         test.fail(format!("{} was answered", answered.channel()));
    ///     }
    ///     Ok(())
    /// }
    /// ```
    pub fn originate(&self, originate: Originate) -> Call {
        Call::place(self, originate)
    }

    /// Does something beside the test. It is given up when the servers have stopped.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        lock(&self.shared.spawned).spawn(task);
    }

    /// Something went wrong that no test can have expected: a failure also where one is expected.
    fn set_faulty(&self) {
        self.shared.verdict.said().faulty = true;
    }

    /// Begins a phase of the test, and ends the one before.
    pub(crate) fn begin(&self, phase: Phase) {
        link::tell(&Message::Phase(phase));
        lock(&self.shared.phases).end(Some(phase));
    }

    fn is_in(&self, phase: Phase) -> bool {
        lock(&self.shared.phases).now.is_some_and(|(now, _)| now == phase)
    }
}

/// Something that has to be done before the test ends. To forget it is a failure, and that is its
/// use.
#[derive(Debug)]
#[must_use = "unless it is removed, the test fails"]
pub struct FailToken {
    test: TestCase,
    id: u64,
}

impl FailToken {
    /// Removes the token: the thing was done.
    pub fn remove(self) {
        self.test.shared.verdict.remove_token(self.id);
    }
}

/// A test that is wrong itself.
#[derive(Debug, thiserror::Error)]
#[error("it panicked: {0}")]
pub(crate) struct Panicked(String);

impl Panicked {
    pub(crate) fn new(payload: &(dyn Any + Send)) -> Self {
        let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
        Self(text.unwrap_or_default())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
