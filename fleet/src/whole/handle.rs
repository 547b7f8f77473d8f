//! The handle that programs hold: the states of all servers, their changes, and waits.

use std::fmt;
use std::sync::Arc;

use live::{CallHandle, ChannelHandle, Config, Ended, Live, StaleReason};
use tokio::task::AbortHandle;

use super::lives::Lives;
use super::view::View;
use super::{FleetChanges, FleetState, Id};
use crate::fleet::{Fleet, NoServer};
use crate::origin::Origin;

/// The states of all servers of a fleet, each kept in step with its server.
///
/// There is a [`Live`] for each server, also for those that are added later. The handle and its
/// clones read the states; the states end with the last handle. It keeps the fleet alive for so
/// long. [`Fleet::live`] returns it.
///
/// ```no_run
/// # async fn example(fleet: fleet::Fleet) -> Result<(), Box<dyn std::error::Error>> {
/// use fleet::ServerChange;
///
/// let live = fleet.live();
/// let (state, mut changes) = live.watch();
/// println!("{} calls are known to be up", state.calls().known().count());
/// while let Some(change) = changes.next().await {
///     let origin = change.origin;
///     match change.what {
///         ServerChange::Joined => println!("{origin} was added"),
///         ServerChange::Changed(change) => println!("{origin}: {:?}", change.what),
///         ServerChange::Missed(changes) => println!("{origin}: {changes} changes were missed"),
///         ServerChange::Left => println!("{origin} was removed"),
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct FleetLive {
    lives: Arc<Lives>,
    /// The task that follows servers that are added, which ends with the last handle.
    _task: Arc<Task>,
}

struct Task(AbortHandle);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Fleet {
    /// Begins to follow what every server of the fleet does, also of those that are added later.
    ///
    /// Each call begins anew, with lists of its own from each server. To share the states, clone
    /// the handle.
    ///
    /// # Panics
    ///
    /// Panics if it is called outside of a Tokio runtime.
    pub fn live(&self) -> FleetLive {
        self.live_with(Config::new())
    }

    /// Begins to follow what every server does, with other settings.
    ///
    /// # Panics
    ///
    /// Panics if it is called outside of a Tokio runtime.
    pub fn live_with(&self, config: Config) -> FleetLive {
        let lives = Lives::start(self.clone(), config);
        let mut changes = lives.of_fleet();
        let theirs = Arc::downgrade(&lives);
        let task = tokio::spawn(async move {
            while changes.changed().await.is_ok()
                && let Some(lives) = theirs.upgrade()
            {
                lives.update();
            }
        });
        FleetLive { lives, _task: Arc::new(Task(task.abort_handle())) }
    }
}

/// The reason why a wait for the states of a fleet does not come to its end: these servers are no
/// longer followed, such as when a login was refused.
#[derive(Clone, Debug, thiserror::Error)]
#[error("no longer followed: {}", names(.servers))]
pub struct FleetEnded {
    /// The servers, in the order of the names, each with the reason.
    pub servers: Vec<(Origin, Ended)>,
}

fn names(servers: &[(Origin, Ended)]) -> String {
    let names = servers.iter().map(|(origin, ended)| format!("{origin} ({ended})"));
    names.collect::<Vec<_>>().join(", ")
}

impl FleetLive {
    /// Returns the states of all servers as they are now.
    ///
    /// The copy costs what [`Live::state`] costs, for each server.
    pub fn state(&self) -> FleetState {
        self.lives.state()
    }

    /// Returns the changes from now on.
    pub fn changes(&self) -> FleetChanges {
        self.watch().1
    }

    /// Returns the states as they are now, and the changes behind them. No change is left out, and
    /// none comes that the state already has.
    pub fn watch(&self) -> (FleetState, FleetChanges) {
        let mut watch = self.lives.watch();
        let state = std::mem::take(&mut watch.state);
        (state, FleetChanges::new(watch))
    }

    /// Returns the state of one server, with waits for its queues, conferences and so on.
    ///
    /// ```no_run
    /// # async fn example(live: fleet::FleetLive) -> Result<(), Box<dyn std::error::Error>> {
    /// let sales = live.server("berlin")?.queue("sales");
    /// let busy = sales.until(|queue| queue.callers.len() > 5).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error if the fleet has no server of that name.
    pub fn server(&self, name: &str) -> Result<Live, NoServer> {
        self.lives.server(name)
    }

    /// Returns the servers, in the order of their names, each with its state.
    pub fn servers(&self) -> Vec<(Origin, Live)> {
        self.lives.servers()
    }

    /// Returns a handle to a call.
    ///
    /// ```no_run
    /// # async fn example(live: fleet::FleetLive) -> Result<(), Box<dyn std::error::Error>> {
    /// let call = live.call(&"berlin/1712345.6".parse()?)?.ended().await?;
    /// println!("{:?}", call.ended);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error if the fleet has no server of that name.
    pub fn call(&self, id: &Id) -> Result<CallHandle, NoServer> {
        Ok(self.server(id.origin.as_str())?.call(id.id.clone()))
    }

    /// Returns a handle to a channel.
    ///
    /// # Errors
    ///
    /// Returns an error if the fleet has no server of that name.
    pub fn channel(&self, id: &Id) -> Result<ChannelHandle, NoServer> {
        Ok(self.server(id.origin.as_str())?.channel(id.id.clone()))
    }

    /// Waits until the state of every server is current, and returns the states. A server that is
    /// down is waited for.
    ///
    /// Cancel safe.
    ///
    /// # Errors
    ///
    /// Returns an error as soon as a server is no longer followed, such as when its login was
    /// refused. Without it, or after it was removed, the wait can succeed.
    pub async fn current(&self) -> Result<FleetState, FleetEnded> {
        let found = self.find(|state| {
            if state.is_current() {
                return Some(Ok(state.clone()));
            }
            let servers = ended(state);
            (!servers.is_empty()).then_some(Err(FleetEnded { servers }))
        });
        found.await?
    }

    /// Waits until the states meet a condition, and returns them.
    ///
    /// The condition sees the latest states, not each one in between; for what must not be missed,
    /// there are [changes](Self::watch). Cancel safe.
    ///
    /// # Errors
    ///
    /// Returns an error if no server is followed any more, though the fleet has some, and the last
    /// states do not meet the condition.
    pub async fn until(
        &self,
        mut condition: impl FnMut(&FleetState) -> bool,
    ) -> Result<FleetState, FleetEnded> {
        self.find(|state| condition(state).then(|| state.clone())).await
    }

    /// Waits until a look at the states finds something, and returns what it found.
    ///
    /// ```no_run
    /// # async fn example(live: fleet::FleetLive) -> Result<(), Box<dyn std::error::Error>> {
    /// use fleet::{FleetState, Id};
    ///
    /// fn call_with(state: &FleetState, number: &str) -> Option<Id> {
    ///     let mut calls = state.calls().known();
    ///     let (origin, call) =
    ///         calls.find(|(_, call)| call.parties().any(|leg| &*leg.party.number == number))?;
    ///     Some(Id::new(origin, call.id.clone()))
    /// }
    ///
    /// let id = live.find(|state| call_with(state, "100")).await?;
    /// let call = live.call(&id)?.ended().await?;
    /// println!("{id} took {:?}", call.duration());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// The look sees the latest states, as the condition of [`until`](Self::until) does. No lock is
    /// held while it runs. Cancel safe.
    ///
    /// # Errors
    ///
    /// Returns an error if no server is followed any more, though the fleet has some, and there is
    /// nothing to find in the last states.
    pub async fn find<T>(
        &self,
        mut look: impl FnMut(&FleetState) -> Option<T>,
    ) -> Result<T, FleetEnded> {
        let mut versions = self.lives.versions();
        loop {
            // Servers that are added behind this are seen in the next round.
            versions.borrow_and_update();
            let mut view = View::new(self.servers());
            loop {
                let state = tokio::select! {
                    biased;
                    _ = versions.changed() => break,
                    state = view.next() => state,
                };
                let servers = ended(state);
                if let Some(found) = look(state) {
                    return Ok(found);
                }
                if !servers.is_empty() && servers.len() == state.servers().len() {
                    return Err(FleetEnded { servers });
                }
            }
        }
    }
}

/// Returns the servers whose states are no longer kept.
fn ended(state: &FleetState) -> Vec<(Origin, Ended)> {
    let stale = state.stale().filter_map(|(origin, freshness)| match freshness.stale()? {
        StaleReason::Ended(ended) => Some((origin.clone(), ended.clone())),
        _ => None,
    });
    stale.collect()
}

impl fmt::Debug for FleetLive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let servers = self.servers();
        let names: Vec<_> = servers.iter().map(|(origin, _)| origin).collect();
        f.debug_struct("FleetLive").field("servers", &names).finish_non_exhaustive()
    }
}
