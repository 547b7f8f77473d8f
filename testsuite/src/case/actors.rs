//! The components of a test, and the ways to them.

use std::mem;
use std::panic::AssertUnwindSafe;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use instance::Builder;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::task::{AbortOnDropHandle, TaskTracker};

use super::component::Setting;
use super::stage::Pending;
use super::{Component, Failure, Happening, Needs, Panicked, Stage, TestCase};

/// The time that components may take to let go of the servers at the end.
const LETTING_GO: Duration = Duration::from_secs(5);

/// The time that a component may take for an event of ARI before the next one hears of it.
const TURN: Duration = Duration::from_secs(30);

/// The time that components may take to judge.
pub(super) const JUDGING: Duration = Duration::from_secs(30);

/// The time that a component may take to look at the servers before the test begins.
const LOOKING: Duration = Duration::from_secs(30);

/// The components of a test.
#[derive(Default)]
pub(super) struct Actors {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    waiting: Vec<Waiting>,
    alive: Vec<Actor>,
    /// Servers were booted, or the test has ended: nobody can be added any more.
    begun: bool,
    needs: Needs,
}

/// A component before the boot.
struct Waiting {
    name: String,
    component: Box<dyn Component>,
    turn: Turn,
}

/// The turn in which a component hears of what happens.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Turn {
    First,
    Module,
    Object,
}

/// A component that takes part.
struct Actor {
    name: String,
    inbox: UnboundedSender<Happening>,
    life: AbortOnDropHandle<()>,
}

impl Actors {
    /// Adds a component. The result is whether there was still time.
    pub(super) fn add(&self, name: String, component: Box<dyn Component>, is_object: bool) -> bool {
        let mut state = self.state();
        if !state.begun {
            component.needs(&mut state.needs);
            let turn = match is_object {
                _ if component.hears_first() => Turn::First,
                true => Turn::Object,
                false => Turn::Module,
            };
            state.waiting.push(Waiting { name, component, turn });
            // Of several with one turn the order is that in which they were added.
            state.waiting.sort_by_key(|it| it.turn);
        }
        !state.begun
    }

    /// Returns whether a boot was tried.
    pub(super) fn has_begun(&self) -> bool {
        self.state().begun
    }

    /// Returns the needs of all of them, added up.
    pub(super) fn needs(&self) -> Needs {
        self.state().needs.clone()
    }

    /// Has all of them prepare the test.
    pub(super) async fn prepare(
        &self,
        test: &TestCase,
        builders: Vec<Builder>,
    ) -> Result<Vec<Builder>, Failure> {
        let mut waiting = {
            let mut state = self.state();
            state.begun = true;
            mem::take(&mut state.waiting)
        };
        let mut setting = Setting::new(test.clone(), builders);
        let mut prepared = Ok(());
        for Waiting { name, component, .. } in &mut waiting {
            let prepare = AssertUnwindSafe(async { component.prepare(&mut setting).await });
            let failure = match prepare.catch_unwind().await {
                Ok(prepared) => prepared.err().map(anyhow::Error::from_boxed),
                Err(payload) => Some(Panicked::new(&*payload).into()),
            };
            if let Some(error) = failure {
                prepared = Err(Failure::from(format!("{name}: {error:#}")));
                break;
            }
        }
        // A test may boot again, and no component of it may be missing then.
        self.state().waiting = waiting;
        prepared.map(|()| setting.into_builders())
    }

    /// Has all of them look at the servers before the test begins, one after another.
    pub(super) async fn booted(&self, test: &TestCase) {
        let mut waiting = mem::take(&mut self.state().waiting);
        for Waiting { name, component, .. } in &mut waiting {
            let look = AssertUnwindSafe(async { component.booted(test).await });
            let failure = match timeout(LOOKING, look.catch_unwind()).await {
                Ok(Ok(looked)) => looked.err().map(anyhow::Error::from_boxed),
                Ok(Err(payload)) => {
                    test.set_faulty();
                    Some(Panicked::new(&*payload).into())
                }
                Err(_) => {
                    Some(anyhow::anyhow!("no look at the servers within {} s", LOOKING.as_secs()))
                }
            };
            if let Some(error) = failure {
                test.fail(format!("{name}: {error:#}"));
                test.stop();
            }
        }
        self.state().waiting = waiting;
    }

    /// Begins the life of all of them.
    pub(super) fn begin(&self, test: &TestCase) {
        let mut state = self.state();
        state.begun = true;
        let waiting = mem::take(&mut state.waiting);
        state.alive.extend(waiting.into_iter().map(|it| it.live(test)));
    }

    /// Tells all of them of something, in their order.
    pub(super) fn tell(&self, what: &Happening) {
        self.state().alive.iter().for_each(|actor| actor.tell(what.clone()));
    }

    /// Tells all of them of something one after another: each when the one before has dropped the
    /// guard that comes with it, or has kept it for 30 s. The result names those that have.
    pub(super) async fn tell_in_turn(&self, what: impl Fn(Pending) -> Happening) -> Vec<String> {
        let told = |it: &Actor| (it.name.clone(), it.inbox.clone());
        let told: Vec<_> = self.state().alive.iter().map(told).collect();
        let mut busy = Vec::new();
        for (name, inbox) in told {
            let tracker = TaskTracker::new();
            // One that has returned has nothing more to say.
            let _ = inbox.send(what(Pending::new(tracker.token())));
            tracker.close();
            if timeout(TURN, tracker.wait()).await.is_err() {
                busy.push(name);
            }
        }
        busy
    }

    /// Tells all of them that the test ends, and waits until each has asked for more. The result
    /// names those that have not.
    pub(super) async fn let_go(&self) -> Vec<String> {
        let told: Vec<_> = {
            let tell = |actor: &Actor| {
                let tracker = TaskTracker::new();
                actor.tell(Happening::Stopping(Pending::new(tracker.token())));
                tracker.close();
                (actor.name.clone(), tracker)
            };
            self.state().alive.iter().map(tell).collect()
        };
        let (end, mut busy) = (Instant::now() + LETTING_GO, Vec::new());
        for (name, tracker) in told {
            if timeout_at(end, tracker.wait()).await.is_err() {
                busy.push(name);
            }
        }
        busy
    }

    /// Waits until all of them have come to an end. The result names those that have not.
    pub(super) async fn end(&self) -> Vec<String> {
        let alive = mem::take(&mut self.state().alive);
        let (end, mut busy) = (Instant::now() + JUDGING, Vec::new());
        let lives = alive.into_iter().map(|Actor { name, life, .. }| (name, life));
        for (name, life) in lives.collect::<Vec<_>>() {
            // How a life ended it has said itself.
            if timeout_at(end, life).await.is_err() {
                busy.push(name);
            }
        }
        busy
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn live(self, test: &TestCase) -> Actor {
        let Self { name, component, .. } = self;
        let (inbox, outbox) = unbounded_channel();
        let (test, actor) = (test.clone(), name.clone());
        let life = tokio::spawn(async move {
            let stage = Stage::new(test.clone(), outbox);
            let life = AssertUnwindSafe(async move { component.run(stage).await });
            let failure = match life.catch_unwind().await {
                Ok(Ok(())) => return,
                Ok(Err(error)) => anyhow::Error::from_boxed(error),
                Err(payload) => {
                    test.set_faulty();
                    Panicked::new(&*payload).into()
                }
            };
            test.fail(format!("{actor}: {failure:#}"));
            test.stop();
        });
        Actor { name, inbox, life: AbortOnDropHandle::new(life) }
    }
}

impl Actor {
    fn tell(&self, what: Happening) {
        // One that has returned has nothing more to say.
        let _ = self.inbox.send(what);
    }
}
