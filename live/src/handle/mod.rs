//! The handle that programs hold: the state, its changes, and waits.

mod changes;
mod entity;
mod tracked;
mod wait_error;

use std::fmt;
use std::sync::Arc;

use ami::Client;
use tokio::task::AbortHandle;

pub use self::changes::Changes;
pub use self::entity::Handle;
pub use self::tracked::{CallHandle, ChannelHandle};
pub use self::wait_error::WaitError;
use crate::config::Config;
use crate::shared::Shared;
use crate::state::{Call, Ended, State};
use crate::task;

/// The state of one server, kept in step with it.
///
/// A task on the Tokio runtime keeps the state; the handle and its clones read it. The task ends
/// with the last handle, or with the client. It keeps the client alive for so long.
///
/// ```no_run
/// # async fn example(client: ami::Client) -> Result<(), Box<dyn std::error::Error>> {
/// use live::Live;
///
/// let live = Live::start(&client);
/// let state = live.current().await?;
/// for call in state.calls()?.iter() {
///     println!("{} since {:?}", call.id, call.since.elapsed());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Live {
    shared: Arc<Shared>,
    /// The task, which ends with the last handle.
    task: Arc<Task>,
}

struct Task(AbortHandle);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Live {
    /// Begins to follow a server. The state is current when [`current`](Self::current) returns.
    ///
    /// # Panics
    ///
    /// Panics if it is called outside of a Tokio runtime.
    pub fn start(client: &Client) -> Self {
        Self::start_with(client, Config::new())
    }

    /// Begins to follow a server, with other settings.
    ///
    /// # Panics
    ///
    /// Panics if it is called outside of a Tokio runtime.
    pub fn start_with(client: &Client, config: Config) -> Self {
        let shared = Arc::new(Shared::new(&config));
        let task = tokio::spawn(task::run(client.clone(), config, Arc::clone(&shared)));
        Self { shared, task: Arc::new(Task(task.abort_handle())) }
    }

    /// Returns the state as it is now.
    ///
    /// The copy is consistent: all of it is of one moment between two events. It costs some twenty
    /// counts of references. While somebody has a copy of the state, each change copies a sixteenth
    /// of its table, once, without the entities: a few microseconds for 2,000 channels. A program
    /// that takes a state and drops it before the next event costs nothing more.
    pub fn state(&self) -> State {
        self.shared.state()
    }

    /// Returns the changes from now on.
    pub fn changes(&self) -> Changes {
        self.watch().1
    }

    /// Returns the state as it is now, and the changes behind it. No change is left out, and none
    /// comes that the state already has.
    pub fn watch(&self) -> (State, Changes) {
        let (state, watcher) = self.shared.watch();
        (state, Changes::new(Arc::clone(&self.shared), watcher))
    }

    /// Returns the latest calls that have ended, the oldest one first: as many as
    /// [`Config::history`] says, which is none by default.
    pub fn history(&self) -> Vec<Arc<Call>> {
        self.shared.history()
    }

    /// Waits until the state is current, and returns it.
    ///
    /// Cancel safe.
    ///
    /// # Errors
    ///
    /// Returns an error if the state is no longer kept, such as when the client has ended.
    pub async fn current(&self) -> Result<State, Ended> {
        self.until(|state| state.freshness().is_current()).await
    }

    /// Waits until the state meets a condition, and returns it.
    ///
    /// The condition sees the latest state, not each one in between. For what must not be missed,
    /// there are [changes](Self::watch), and the waits for [calls](Self::call) and
    /// [channels](Self::channel). Cancel safe.
    ///
    /// # Errors
    ///
    /// Returns an error if the state is no longer kept, such as when the client has ended, and the
    /// last state does not meet the condition.
    pub async fn until(&self, mut condition: impl FnMut(&State) -> bool) -> Result<State, Ended> {
        self.look(|| Some(self.state()).filter(|state| condition(state))).await
    }

    /// Waits until a look at the state finds something, and returns what it found.
    ///
    /// ```no_run
    /// # async fn example(live: live::Live) -> Result<(), Box<dyn std::error::Error>> {
    /// use live::{Call, Id, State};
    ///
    /// fn call_with(state: &State, number: &str) -> Option<Id> {
    ///     let has = |call: &Call| call.parties().any(|leg| &*leg.party.number == number);
    ///     state.calls().ok()?.iter().find(|call| has(call)).map(|call| call.id.clone())
    /// }
    ///
    /// let id = live.find(|state| call_with(state, "100")).await?;
    /// let call = live.call(id).ended().await?;
    /// println!("{} took {:?}: {:?}", call.id, call.duration(), call.ended);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// The look sees the latest state, as the condition of [`until`](Self::until) does. Cancel
    /// safe.
    ///
    /// # Errors
    ///
    /// Returns an error if the state is no longer kept, such as when the client has ended, and
    /// there is nothing to find in the last state.
    pub async fn find<T>(&self, mut look: impl FnMut(&State) -> Option<T>) -> Result<T, Ended> {
        self.look(|| look(&self.state())).await
    }

    /// Waits until the state is no longer kept, and returns why: the client has ended, or the task
    /// that keeps the state has.
    ///
    /// Cancel safe.
    pub async fn ended(&self) -> Ended {
        let never = self.look(|| None::<std::convert::Infallible>).await;
        never.map_or_else(|ended| ended, |never| match never {})
    }

    /// Waits until a look at the state finds something. The look is repeated after each change, and
    /// no lock is held during it.
    async fn look<T>(&self, mut look: impl FnMut() -> Option<T>) -> Result<T, Ended> {
        let mut versions = self.shared.versions();
        loop {
            versions.borrow_and_update();
            // The end comes with a change. What is there before it counts.
            let ended = self.shared.ended();
            if let Some(found) = look() {
                return Ok(found);
            }
            if let Some(ended) = ended {
                return Err(ended);
            }
            // The sender lives as long as the handle.
            let _ = versions.changed().await;
        }
    }
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Live")
            .field("is_running", &!self.task.0.is_finished())
            .finish_non_exhaustive()
    }
}
