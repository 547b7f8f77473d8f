//! The servers of a fleet.
//!
//! The list of servers and the list of subscriptions change under one lock, so that each
//! subscription has each server once.

mod each;
mod error;
mod route;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use ami::{Buffer, Filter, Overflow, Server};
use tokio::sync::watch;
use tokio_util::sync::DropGuard;

pub use self::each::Bounded;
pub use self::error::{AddError, NoServer};
pub(crate) use self::route::{Figures, Router};
pub use self::route::{NoneUp, Route, Unfit};
use crate::config::Config;
use crate::member::{Health, Member};
use crate::merge::{Inbox, Source, Subscription};
use crate::origin::{Origin, OriginError};

/// Many servers, by their names. A handle; when its last clone is dropped, all clients are closed.
///
/// Each server has a client of its own, which connects in the background and keeps trying. So a
/// server that is down, or whose login fails, is no error of [`add`](Self::add): its
/// [health](Self::health) tells, and [`What::Ended`](crate::What::Ended) in the event stream if
/// there is no other attempt.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use fleet::ami::Filter;
/// use fleet::{Fleet, What};
///
/// let fleet = Fleet::new();
/// fleet.add("berlin", &"monitor:secret@10.0.0.1".parse()?)?;
/// fleet.add("tokyo", &"monitor:secret@10.0.1.1".parse()?)?;
/// let mut events = fleet.subscribe(Filter::all());
/// while let Some(item) = events.next().await {
///     match item.what {
///         What::Event(event) => println!("{}: {}", item.origin, event.name()),
///         other => println!("{}: {other}", item.origin),
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Fleet {
    shared: Arc<Shared>,
}

struct Shared {
    config: Config,
    state: Mutex<State>,
    /// The number of changes of the health of any server, and of the list of servers.
    changes: watch::Sender<u64>,
    router: Router,
}

#[derive(Default)]
struct State {
    /// The servers by their names in lower case.
    servers: BTreeMap<String, Entry>,
    subscriptions: Vec<Weak<Inbox>>,
}

struct Entry {
    member: Member,
    /// Closes the client when it is dropped.
    _open: DropGuard,
}

impl State {
    /// Returns the subscriptions that were not dropped.
    fn open(&mut self) -> Vec<Arc<Inbox>> {
        let mut open = Vec::with_capacity(self.subscriptions.len());
        self.subscriptions.retain(|inbox| {
            open.extend(inbox.upgrade());
            inbox.strong_count() > 0
        });
        open
    }
}

impl Fleet {
    /// Creates a fleet without servers.
    pub fn new() -> Self {
        Self::with(Config::default())
    }

    /// Creates a fleet without servers, with other settings.
    pub fn with(config: Config) -> Self {
        let (state, changes) = (Mutex::default(), watch::Sender::new(0));
        Self { shared: Arc::new(Shared { config, state, changes, router: Router::default() }) }
    }

    /// Adds a server, and connects to it in the background. All subscriptions get its events, from
    /// the first one on.
    ///
    /// # Errors
    ///
    /// Returns an error if the text cannot be a name, or if another server has the name. Names that
    /// differ in case alone are the same name.
    ///
    /// # Panics
    ///
    /// Panics if it is called outside of a Tokio runtime.
    pub fn add<N>(&self, name: N, server: &Server) -> Result<Member, AddError>
    where
        N: TryInto<Origin, Error = OriginError>,
    {
        let origin = name.try_into()?;
        let mut state = self.shared.lock();
        let key = key(origin.as_str());
        if let Some(Entry { member, .. }) = state.servers.get(&key) {
            let (origin, address) = (member.origin().clone(), member.address().to_owned());
            return Err(AddError::Taken { origin, address });
        }
        let connect = server.connect();
        let inboxes = state.open().into_iter();
        let follow = |it: Arc<Inbox>| {
            let filter = it.filter().clone().with_connections();
            let follow = connect.follow_with(filter, it.buffer());
            (it, follow)
        };
        let follows: Vec<_> = inboxes.map(follow).collect();
        let client = connect.in_background();
        for (inbox, follow) in follows {
            let wait = self.shared.count_wait(inbox.filter());
            inbox.join(Source::new(origin.clone(), client.clone(), follow, wait));
        }
        let (member, open) = Member::new(origin, server, client, self.shared.changes.clone());
        state.servers.insert(key, Entry { member: member.clone(), _open: open });
        drop(state);
        self.shared.changed();
        Ok(member)
    }

    /// Removes a server and closes its client. Returns `false` if there is none of that name.
    ///
    /// The name is free at once. The client logs off in the background, and the items of the server
    /// end with [`What::Ended`](crate::What::Ended).
    pub fn remove(&self, name: &str) -> bool {
        let removed = self.shared.lock().servers.remove(&key(name));
        if removed.is_some() {
            self.shared.changed();
        }
        removed.is_some()
    }

    /// Returns the server of that name, without regard to ASCII case.
    ///
    /// # Errors
    ///
    /// Returns an error with the names that there are if there is none.
    pub fn server(&self, name: &str) -> Result<Member, NoServer> {
        let state = self.shared.lock();
        match state.servers.get(&key(name)) {
            Some(entry) => Ok(entry.member.clone()),
            None => {
                let known = state.servers.values().map(|it| it.member.origin().clone());
                Err(NoServer { name: name.to_owned(), known: known.collect() })
            }
        }
    }

    /// Returns all servers, in the order of their names.
    pub fn servers(&self) -> Vec<Member> {
        self.shared.servers()
    }

    /// Returns the state of each connection, in the order of the names.
    pub fn health(&self) -> Vec<Health> {
        self.servers().iter().map(Member::health).collect()
    }

    /// Returns the states of the connections now and after each change.
    pub fn health_changes(&self) -> HealthChanges {
        let mut changes = self.shared.changes.subscribe();
        changes.mark_changed();
        HealthChanges { changes, shared: Arc::downgrade(&self.shared) }
    }

    /// Subscribes to the events of all servers, now and later. The buffer of each server has 16
    /// MiB.
    pub fn subscribe(&self, filter: Filter) -> Subscription {
        self.subscribe_with(filter, Buffer::default())
    }

    /// Subscribes with another buffer for each server. A full buffer skips events, also if
    /// [`Overflow::Close`] is set.
    ///
    /// Items of a server that is up begin with [`What::Up`](crate::What::Up). Strays are not
    /// reported.
    pub fn subscribe_with(&self, filter: Filter, buffer: Buffer) -> Subscription {
        let buffer = buffer.overflow(Overflow::Skip);
        let mut state = self.shared.lock();
        let wait = self.shared.count_wait(&filter);
        let sources = state.servers.values().map(|Entry { member, .. }| {
            let (origin, client) = (member.origin().clone(), member.client().clone());
            let filter = filter.clone().with_connections();
            let follow = client.follow_with(filter, std::iter::empty::<ami::Action>(), buffer);
            Source::new(origin, client, follow, wait)
        });
        let sources = sources.collect();
        let inbox = Inbox::new(filter, buffer, sources);
        // Those that were dropped go away now and then.
        state.open();
        state.subscriptions.push(Arc::downgrade(&inbox));
        Subscription::new(inbox)
    }
}

impl Fleet {
    /// Returns a receiver that learns when servers were added or removed, or their health changed.
    pub(crate) fn versions(&self) -> watch::Receiver<u64> {
        self.shared.changes.subscribe()
    }

    pub(crate) fn router(&self) -> &Router {
        &self.shared.router
    }
}

/// Returns the name by which a server is found.
fn key(name: &str) -> String {
    name.to_ascii_lowercase()
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn servers(&self) -> Vec<Member> {
        self.lock().servers.values().map(|it| it.member.clone()).collect()
    }

    fn changed(&self) {
        self.changes.send_modify(|count| *count += 1);
    }

    /// Returns how long a gap waits to be counted, or `None` if the filter leaves out events.
    fn count_wait(&self, filter: &Filter) -> Option<Duration> {
        filter.is_all().then_some(self.config.count_wait)
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        state.servers.clear();
        state.open().iter().for_each(|inbox| inbox.close());
    }
}

impl Default for Fleet {
    fn default() -> Self {
        Self::new()
    }
}

/// Shows the servers.
impl fmt::Debug for Fleet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fleet").field("servers", &self.servers()).finish_non_exhaustive()
    }
}

/// The states of the connections of a fleet after each change. [`Fleet::health_changes`] returns
/// it. It does not keep the fleet alive.
pub struct HealthChanges {
    changes: watch::Receiver<u64>,
    shared: Weak<Shared>,
}

impl HealthChanges {
    /// Waits until a state has changed, or a server was added or removed, and returns the states in
    /// the order of the names. The first call returns at once. Changes that follow each other
    /// quickly are reported as one. Returns `None` once the fleet was dropped.
    ///
    /// Cancel safe.
    pub async fn next(&mut self) -> Option<Vec<Health>> {
        self.changes.changed().await.ok()?;
        let shared = self.shared.upgrade()?;
        Some(shared.servers().iter().map(Member::health).collect())
    }
}

impl fmt::Debug for HealthChanges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HealthChanges").finish_non_exhaustive()
    }
}
