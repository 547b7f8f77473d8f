//! A test while it runs: its servers and AMI connections, its clock, what has been said of its
//! verdict, and what takes part in it.
//!
//! This room depends on `files`, `matching` and `job`. A [`TestCase`] is a handle that clones share;
//! it boots servers, tells modules of everything that happens, and at the end weighs what was said.
//!
//! Pitfalls: a module may speak to the test while it is told something, so no lock is held then. A
//! failure is never taken back. The order of the end is fixed: calls are over, servers stop, the
//! rest of their events is handed out, modules judge.

use std::any::Any;
use std::error::Error;
use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ami::Event;
use instance::{Builder, Server};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::case::capture::Capture;
use crate::files::Node;
use crate::files::TestConfig;
use crate::job::Message;
use crate::job::link;
use crate::job::usage::after;
use crate::job::{Few, Job, Phase, PhaseTime, Reason};

mod ast;
mod boot;
mod capture;
mod finish;
pub(crate) mod logs;
mod module;
mod setup;
mod tail;
mod watch;

pub use self::ast::Ast;
pub use self::module::Module;
use self::watch::Open;
pub use self::watch::{Watch, WatchError};

/// What a test written in Rust returns. Whatever error it fails with is the reason that is told.
pub type TestResult = Result<(), Box<dyn Error + Send + Sync>>;

/// How long a test may take, from when its servers are up, unless it says otherwise.
const TIMEOUT: Duration = Duration::from_secs(30);

/// How long calls may go on at its end. Most are over in a moment; to hang one up takes the server
/// a second.
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
    server: Server,
    config: TestConfig,
    /// The configuration of its object.
    section: Node,
    state: Mutex<State>,
    /// The end of the test.
    ended: CancellationToken,
    /// The deadline has moved.
    moved: Notify,
    /// Servers are up.
    booted: Notify,
    /// What is being waited for.
    open: Arc<Open>,
    asts: Mutex<Vec<Ast>>,
    modules: Mutex<Vec<Box<dyn Module>>>,
    /// They hand events to the modules.
    pumps: Mutex<Vec<JoinHandle<()>>>,
    spawned: Mutex<Vec<JoinHandle<()>>>,
    capture: Mutex<Option<Capture>>,
}

struct State {
    /// What was said last; a failure is not taken back.
    passed: Option<bool>,
    reasons: Few<Reason>,
    notes: Few<String>,
    tokens: Vec<(u64, String)>,
    next_token: u64,
    timeout: Option<Duration>,
    deadline: Option<Instant>,
    patience: Duration,
    /// Something went wrong that no test can have expected.
    faulty: bool,
    phase: Option<(Phase, Instant)>,
    phases: Vec<PhaseTime>,
    folder: Option<PathBuf>,
    cores: Vec<PathBuf>,
}

impl State {
    /// Ends the phase that is under way, and begins another or none.
    fn end_phase(&mut self, next: Option<Phase>) {
        let now = Instant::now();
        if let Some((phase, begun)) = std::mem::replace(&mut self.phase, next.map(|it| (it, now))) {
            self.phases.push(PhaseTime { phase, seconds: (now - begun).as_secs_f64() });
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
        server: Server,
        config: TestConfig,
    ) -> Result<Self, crate::files::ConfigError> {
        let section = config.object.as_ref().map_or(&config.root, |it| &it.section).clone();
        let seconds = |key: &str| {
            let node = section.get(key).filter(|it| !it.is_null());
            node.map(|node| node.expect_number(key)).transpose()
        };
        let timeout = seconds("reactor-timeout")?.unwrap_or(TIMEOUT.as_secs_f64());
        // As long as that it may take to look for leaks, and some seconds more.
        let least = seconds("memcheck-delay-stop")?.map_or(0.0, |delay| delay + 3.0);
        let timeout = if timeout > 0.0 { timeout.max(least) } else { timeout };
        let state = State {
            passed: None,
            reasons: Few::default(),
            notes: Few::default(),
            tokens: Vec::new(),
            next_token: 0,
            timeout: limit(timeout),
            deadline: None,
            patience: PATIENCE,
            faulty: false,
            phase: None,
            phases: Vec::new(),
            folder: None,
            cores: Vec::new(),
        };
        let shared = Shared {
            folder: job.folder(),
            job,
            server,
            config,
            section,
            state: Mutex::new(state),
            ended: CancellationToken::new(),
            moved: Notify::new(),
            booted: Notify::new(),
            open: Arc::default(),
            asts: Mutex::default(),
            modules: Mutex::default(),
            pumps: Mutex::default(),
            spawned: Mutex::default(),
            capture: Mutex::default(),
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

    /// What the test says of itself in `test-config.yaml`.
    pub fn config(&self) -> &TestConfig {
        &self.shared.config
    }

    /// The configuration of the test's object: the section of `test-config.yaml` that
    /// `config-section` names, or all of it.
    pub fn section(&self) -> &Node {
        &self.shared.section
    }

    /// What a server of the test is made of: the suite's configuration, then that in the test's
    /// `configs/astN`, then its files. To be changed and given to [`boot`](Self::boot).
    ///
    /// # Errors
    ///
    /// If the configuration of the object cannot be right.
    pub fn builder(&self, number: u32) -> Result<Builder, crate::files::ConfigError> {
        setup::builder(self, number)
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
            self.state().faulty = true;
        });
        self.boot(builders?).await
    }

    /// The servers of the test, in their order. None before they are up.
    pub fn asts(&self) -> Vec<Ast> {
        lock(&self.shared.asts).clone()
    }

    /// Adds a module: it is told what happens in the test. Before the servers boot.
    pub fn add(&self, module: Box<dyn Module>) {
        lock(&self.shared.modules).push(module);
    }

    /// Says whether the test has passed. Once it has not, it cannot any more.
    pub fn set_passed(&self, passed: bool) {
        let mut state = self.state();
        state.passed = Some(passed && state.passed != Some(false));
    }

    /// Fails the test, for a reason that is told; of many, the first hundred are, and how many more
    /// there were. The test goes on until somebody [stops](Self::stop) it.
    pub fn fail(&self, reason: impl Into<String>) {
        self.fail_with(Reason::new(reason));
    }

    /// Fails the test, and tells what came nearest to what was expected.
    pub fn fail_with(&self, reason: Reason) {
        tracing::error!(reason = reason.what, "failed");
        self.set_passed(false);
        self.state().reasons.push(reason);
    }

    /// Tells something that is no failure.
    pub fn note(&self, note: impl Into<String>) {
        let note = note.into();
        tracing::info!("{note}");
        self.state().notes.push(note);
    }

    /// Prints a line, as part of the test's output.
    pub fn print(&self, line: impl Into<String>) {
        let line = line.into();
        tracing::info!("{line}");
        link::print(&line);
    }

    /// Makes it a failure if the test ends before the token is [removed](FailToken::remove).
    pub fn fail_token(&self, what: impl Into<String>) -> FailToken {
        let mut state = self.state();
        state.next_token += 1;
        let id = state.next_token;
        state.tokens.push((id, what.into()));
        FailToken { test: self.clone(), id }
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

    /// How long calls may go on at the end before they are hung up; a quarter of a second unless
    /// set. What they say until then counts. A test that has failed does not wait for them.
    pub fn set_patience(&self, patience: Duration) {
        self.state().patience = patience;
    }

    /// How long the test may take, from now on, or from when its servers are up; none for as long
    /// as it takes. Time that runs out ends it, and is a failure unless the test has been said
    /// to pass.
    pub fn set_timeout(&self, timeout: impl Into<Option<Duration>>) {
        self.state().timeout = timeout.into();
        self.reset_timeout();
    }

    /// Starts the clock of the time-out anew.
    pub fn reset_timeout(&self) {
        let mut state = self.state();
        if state.deadline.is_some() {
            state.deadline = Some(deadline(state.timeout));
        }
        drop(state);
        self.shared.moved.notify_one();
    }

    /// Does something beside the test. It is given up when the servers have stopped.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        lock(&self.shared.spawned).push(tokio::spawn(task));
    }

    pub(crate) fn say(&self, message: &Message) {
        link::tell(message);
    }

    /// Begins a phase of the test, and ends the one before.
    pub(crate) fn begin(&self, phase: Phase) {
        self.say(&Message::Phase(phase));
        self.state().end_phase(Some(phase));
    }

    fn is_in(&self, phase: Phase) -> bool {
        self.state().phase.is_some_and(|(now, _)| now == phase)
    }

    /// Tells all modules of something, in their order.
    fn tell(&self, mut what: impl FnMut(&mut dyn Module)) {
        // They may speak to the test meanwhile.
        let mut modules = std::mem::take(&mut *lock(&self.shared.modules));
        for module in &mut modules {
            let told = catch_unwind(AssertUnwindSafe(|| what(&mut **module)));
            if let Err(payload) = told {
                self.fail(format!("a module: {}", Panicked::new(&*payload)));
            }
        }
        let mut held = lock(&self.shared.modules);
        modules.append(&mut held);
        *held = modules;
    }

    /// The clock starts.
    fn arm(&self) {
        let mut state = self.state();
        state.deadline = Some(deadline(state.timeout));
        drop(state);
        self.shared.moved.notify_one();
    }

    /// Waits until time is up.
    async fn time_is_up(&self) {
        loop {
            let deadline = self.state().deadline;
            let late = async {
                match deadline {
                    Some(deadline) => sleep_until(deadline).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = late => return,
                () = self.shared.moved.notified() => {}
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.shared.state)
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
    /// It was done.
    pub fn remove(self) {
        self.test.state().tokens.retain(|(id, _)| *id != self.id);
    }
}

/// Tells of a sign of life, but not of every one.
fn alive(test: &TestCase, last: &mut Option<Instant>) {
    let now = Instant::now();
    if last.is_none_or(|last| now - last >= Duration::from_millis(200)) {
        *last = Some(now);
        test.say(&Message::Alive);
    }
}

/// Hands the events of a connection to the modules, until it ends.
async fn pump(test: TestCase, ast: Ast, mut events: ami::Subscription) {
    let mut last = None;
    while let Some(item) = events.next().await {
        match item {
            ami::Item::Event(event) => {
                alive(&test, &mut last);
                let event: &Event = &event;
                ast.count_channels(event);
                test.tell(|module| module.event(event, &ast, &test));
            }
            missed => tracing::warn!(?missed, "events are missing here"),
        }
    }
    if test.is_in(Phase::Run) {
        test.note(format!("the AMI connection to Asterisk {} ended in the middle", ast.number()));
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

/// A number of seconds as a limit; none is none.
fn limit(seconds: f64) -> Option<Duration> {
    (seconds > 0.0)
        .then(|| Duration::try_from_secs_f64(seconds.min(31_536_000.0)).unwrap_or(TIMEOUT))
}

fn deadline(timeout: Option<Duration>) -> Instant {
    after(Instant::now(), timeout.unwrap_or(Duration::MAX))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
