//! The states of the servers that are in the fleet now, and those who are told of joins and leaves.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use live::{Changes, Config, Live};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};

use super::FleetState;
use crate::fleet::{Figures, Fleet, NoServer};
use crate::member::Member;
use crate::origin::Origin;

/// A [`Live`] for each server of a fleet.
pub(super) struct Lives {
    fleet: Fleet,
    config: Config,
    /// The runtime that the states are kept on.
    runtime: Handle,
    inner: Mutex<Inner>,
    /// The number of times that servers have joined or left.
    version: watch::Sender<u64>,
}

struct Inner {
    servers: BTreeMap<Origin, Server>,
    /// The changes of the fleet, and whether there were some since its servers were last looked
    /// at.
    fleet: watch::Receiver<u64>,
    watchers: Vec<mpsc::UnboundedSender<News>>,
}

struct Server {
    member: Member,
    live: Live,
}

/// A server that has joined or left, as it is told to those who watch changes.
pub(super) enum News {
    /// The server has joined. Its changes are all that come.
    Joined(Origin, Changes),
    Left(Origin),
}

/// The states, the changes behind them, and the servers that join and leave behind that.
pub(super) struct Watch {
    pub(super) state: FleetState,
    pub(super) changes: Vec<(Origin, Changes)>,
    pub(super) news: mpsc::UnboundedReceiver<News>,
}

impl Lives {
    /// Begins to follow the servers that are in the fleet.
    pub(super) fn start(fleet: Fleet, config: Config) -> Arc<Self> {
        let mut changes = fleet.versions();
        changes.mark_changed();
        let inner = Inner { servers: BTreeMap::new(), fleet: changes, watchers: Vec::new() };
        let (inner, version) = (Mutex::new(inner), watch::Sender::new(0));
        let runtime = Handle::current();
        let lives = Arc::new(Self { fleet, config, runtime, inner, version });
        drop(lives.current());
        let figures: Arc<dyn Figures> = Arc::clone(&lives) as _;
        lives.fleet.router().add_figures(&figures);
        lives
    }

    /// Follows the servers that have joined since it was last looked, and no longer those that have
    /// left.
    pub(super) fn update(&self) {
        drop(self.current());
    }

    /// Returns the states of the servers.
    pub(super) fn state(&self) -> FleetState {
        state(&self.current())
    }

    pub(super) fn watch(&self) -> Watch {
        let mut inner = self.current();
        let (sender, news) = mpsc::unbounded_channel();
        inner.watchers.retain(|watcher| !watcher.is_closed());
        inner.watchers.push(sender);
        let mut states = BTreeMap::new();
        let mut changes = Vec::with_capacity(inner.servers.len());
        for (origin, server) in &inner.servers {
            let (state, behind) = server.live.watch();
            states.insert(origin.clone(), state);
            changes.push((origin.clone(), behind));
        }
        Watch { state: FleetState::new(states), changes, news }
    }

    /// Returns the servers with their states.
    pub(super) fn servers(&self) -> Vec<(Origin, Live)> {
        let inner = self.current();
        inner.servers.iter().map(|(origin, it)| (origin.clone(), it.live.clone())).collect()
    }

    /// Returns the state of one server.
    pub(super) fn server(&self, name: &str) -> Result<Live, NoServer> {
        loop {
            let member = self.fleet.server(name)?;
            if let Some(server) = self.current().servers.get(member.origin()) {
                return Ok(server.live.clone());
            }
            // It has left meanwhile.
        }
    }

    /// Returns a receiver that learns of servers that join and leave.
    pub(super) fn versions(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }

    /// Returns a receiver that learns of changes of the fleet.
    pub(super) fn of_fleet(&self) -> watch::Receiver<u64> {
        self.fleet.versions()
    }

    /// Returns the servers that are in the fleet now, under the lock.
    fn current(&self) -> MutexGuard<'_, Inner> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        if !inner.fleet.has_changed().unwrap_or(false) {
            return inner;
        }
        inner.fleet.borrow_and_update();
        let members = self.fleet.servers();
        let mut left = std::mem::take(&mut inner.servers);
        let mut joined = Vec::new();
        for member in members {
            match left.remove(member.origin()) {
                Some(server) if server.member.is(&member) => {
                    inner.servers.insert(member.origin().clone(), server);
                }
                Some(former) => {
                    left.insert(member.origin().clone(), former);
                    joined.push(member);
                }
                None => joined.push(member),
            }
        }
        let changed = !left.is_empty() || !joined.is_empty();
        // A server that has another one's name comes behind it.
        left.into_keys().for_each(|origin| inner.tell(|| News::Left(origin.clone())));
        for member in joined {
            let _runtime = self.runtime.enter();
            let live = Live::start_with(member.client(), self.config.clone());
            let origin = member.origin().clone();
            inner.tell(|| News::Joined(origin.clone(), live.changes()));
            inner.servers.insert(origin, Server { member, live });
        }
        if changed {
            self.version.send_modify(|version| *version = version.wrapping_add(1));
        }
        inner
    }
}

fn state(inner: &Inner) -> FleetState {
    let states = inner.servers.iter().map(|(origin, it)| (origin.clone(), it.live.state()));
    FleetState::new(states.collect())
}

impl Inner {
    /// Tells news to those who watch, and forgets those who are gone.
    fn tell(&mut self, news: impl Fn() -> News) {
        self.watchers.retain(|watcher| watcher.send(news()).is_ok());
    }
}

impl Figures for Lives {
    fn channels(&self, member: &Member) -> Option<u64> {
        let inner = self.current();
        let server = inner.servers.get(member.origin()).filter(|it| it.member.is(member))?;
        let state = server.live.state();
        let channels = state.channels().ok().filter(|_| state.freshness().is_current())?;
        Some(channels.len() as u64)
    }
}
