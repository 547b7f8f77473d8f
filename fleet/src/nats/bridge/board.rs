//! The state that the tasks of a bridge and its handle share.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::error::Error;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::watch;
use tokio::time::Instant;

use super::error::BridgeError;
use super::{Role, Stats};
use crate::Fleet;
use crate::item::{Item, What};
use crate::nats::command::Commands;
use crate::nats::config::Config;
use crate::nats::lease::Holder;
use crate::nats::message::{Run, Shared, Writer};
use crate::nats::publish::PublishStats;
use crate::nats::spool::Spools;
use crate::origin::Origin;

/// The time after which a problem that lasts is told again.
const AGAIN: Duration = Duration::from_secs(60);

/// The time between looks at spools that are closed.
const SOON: Duration = Duration::from_millis(20);

/// The state that the tasks of a bridge and its handle share.
pub(super) struct Board {
    pub(super) config: Config,
    pub(super) commands: Commands,
    pub(super) writer: Writer,
    pub(super) fleet: Fleet,
    pub(super) spools: Spools,
    pub(super) host: String,
    role: watch::Sender<Role>,
    /// The time until which the bridge may publish what is there, once it is to stop.
    stop: watch::Sender<Option<Instant>>,
    /// No more items come.
    drained: watch::Sender<bool>,
    end: Mutex<Option<Result<(), Arc<BridgeError>>>>,
    seen: Mutex<HashMap<Origin, Seen>>,
    pub(super) published: Arc<PublishStats>,
    commands_sent: AtomicU64,
    problems: Mutex<Problems>,
}

/// The problems that are retried.
#[derive(Debug, Default)]
struct Problems {
    /// The last message of each kind to the log, and its time.
    told: HashMap<&'static str, (String, Instant)>,
    last: Option<String>,
}

/// The state of a server as the drain has seen it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    pub(super) boot: u32,
    pub(super) connection: u32,
    pub(super) position: u64,
    /// The time at which the server was started, as far as it is known.
    pub(super) started: Option<SystemTime>,
    /// The time of the first item of this run of the bridge.
    joined: SystemTime,
    /// The begin of the last connection.
    connected: SystemTime,
    /// The client has ended.
    ended: bool,
}

impl Board {
    pub(super) fn new(
        config: Config,
        commands: Commands,
        writer: Writer,
        fleet: Fleet,
        spools: Spools,
    ) -> Self {
        let host = config.name.clone().unwrap_or_else(host);
        Self {
            config,
            commands,
            writer,
            fleet,
            spools,
            host,
            role: watch::Sender::new(Role::Connecting),
            stop: watch::Sender::new(None),
            drained: watch::Sender::new(false),
            end: Mutex::default(),
            seen: Mutex::default(),
            published: Arc::default(),
            commands_sent: AtomicU64::new(0),
            problems: Mutex::default(),
        }
    }

    pub(super) fn run(&self) -> &Run {
        &self.writer.run
    }

    /// Returns what the bridge tells of itself to others.
    pub(super) fn holder(&self) -> Holder {
        let health = self.fleet.health();
        let up = health.iter().filter(|health| health.state.is_up());
        Holder {
            bridge: self.run().to_string(),
            host: self.host.clone(),
            pid: std::process::id(),
            origins: names(health.iter().map(|health| &health.origin)),
            up: names(up.map(|health| &health.origin)),
        }
    }

    pub(super) fn origins(&self) -> Vec<Origin> {
        self.fleet.servers().iter().map(|member| member.origin().clone()).collect()
    }

    /// Returns the servers, and those that were removed but have entries in the spool.
    pub(super) fn origins_with_entries(&self) -> HashSet<Origin> {
        self.origins().into_iter().chain(self.spools.filled()).collect()
    }

    /// Puts an item into the spool of its server.
    pub(super) fn take(&self, item: &Item) {
        self.see(item);
        self.spools.push(item);
        if matches!(item.what, What::Ended(_))
            && let Some(seen) = lock(&self.seen).get_mut(&item.origin)
        {
            // Behind the push: this says that nothing comes any more.
            (seen.started, seen.ended) = (None, true);
        }
    }

    /// Returns `true` if the last item of a server was put into its spool.
    pub(super) fn has_ended(&self, origin: &Origin) -> bool {
        self.seen(origin).is_some_and(|seen| seen.ended)
    }

    /// Notes that no more items come.
    pub(super) fn set_drained(&self) {
        self.drained.send_replace(true);
    }

    /// Waits until no more items come, and all that did are in the stream.
    pub(super) async fn flushed(&self) {
        // The sender is in `self`, so that waiting cannot fail.
        let _ = self.drained.subscribe().wait_for(|drained| *drained).await;
        loop {
            self.spools.drained().await;
            // Those that are not taken over yet do not count there.
            let is_left = |origin: &Origin| self.spools.stats(origin).entries > 0;
            if !self.spools.origins().iter().any(is_left) {
                return;
            }
            tokio::time::sleep(SOON).await;
        }
    }

    fn see(&self, item: &Item) {
        let mut seen = lock(&self.seen);
        let known = match seen.get_mut(&item.origin) {
            Some(known) => known,
            None => seen.entry(item.origin.clone()).or_insert(Seen {
                boot: 0,
                connection: 0,
                position: 0,
                started: None,
                joined: item.received,
                connected: item.received,
                ended: false,
            }),
        };
        (known.boot, known.connection, known.position) =
            (item.boot, item.connection, item.position);
        if known.ended {
            // Another server has the name of one that was removed.
            (known.joined, known.ended) = (item.received, false);
        }
        match &item.what {
            What::Up(up) => (known.started, known.connected) = (up.started, item.received),
            What::Down(_) => known.started = None,
            _ => {}
        }
    }

    /// Returns `true` if this bridge had a connection to the server when the server stamped the
    /// event.
    pub(super) fn joined_before(&self, origin: &Origin, event: &Shared) -> bool {
        self.seen(origin).is_some_and(|seen| seen.joined <= time_of(event))
    }

    /// Returns `true` if the event can still come: the server stamped it after the begin of the
    /// last connection.
    pub(super) fn can_come(&self, origin: &Origin, event: &Shared) -> bool {
        self.seen(origin).is_some_and(|seen| seen.connected <= time_of(event))
    }

    pub(super) fn seen(&self, origin: &Origin) -> Option<Seen> {
        lock(&self.seen).get(origin).copied()
    }

    /// Refuses a stream that is written by a bridge of other servers.
    pub(super) fn check_origins(&self, holder: &Holder) -> Result<(), BridgeError> {
        let us = self.holder();
        if holder.origins == us.origins {
            return Ok(());
        }
        let join = |origins: &BTreeSet<String>| {
            origins.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
        };
        Err(BridgeError::OtherOrigins {
            stream: self.config.stream.clone(),
            host: holder.host.clone(),
            pid: holder.pid,
            theirs: join(&holder.origins),
            ours: join(&us.origins),
        })
    }

    /// Tells of a problem that is retried: at once if it is a new one, else from time to time.
    pub(super) fn tell(&self, error: &dyn Error, doing: &'static str) {
        let mut text = format!("{doing}: {error}");
        let mut next = error.source();
        while let Some(source) = next {
            text = format!("{text}: {source}");
            next = source.source();
        }
        let mut problems = lock(&self.problems);
        let known = problems.told.get(doing);
        let is_new = known.is_none_or(|(told, at)| *told != text || at.elapsed() >= AGAIN);
        if is_new {
            tracing::warn!(stream = self.config.stream, "{text}");
            problems.told.insert(doing, (text.clone(), Instant::now()));
        }
        problems.last = Some(text);
    }

    /// Notes that NATS answers.
    pub(super) fn solved(&self) {
        lock(&self.problems).last = None;
    }

    pub(super) fn set_role(&self, role: Role) {
        if self.role.send_replace(role) != role {
            tracing::info!(?role, stream = self.config.stream, "the role of the bridge");
        }
    }

    pub(super) fn role(&self) -> watch::Receiver<Role> {
        self.role.subscribe()
    }

    /// Asks the tasks to publish what is there until this time, and to end.
    pub(super) fn stop(&self, until: Instant) {
        self.stop.send_replace(Some(until));
    }

    /// Waits until the bridge is to stop. Returns the time until which it may publish.
    pub(super) async fn stopping(&self) -> Instant {
        let mut stop = self.stop.subscribe();
        // The sender is in `self`, so that waiting cannot fail.
        let until = stop.wait_for(Option::is_some).await.ok().and_then(|until| *until);
        until.unwrap_or_else(Instant::now)
    }

    /// Waits for this time, or until the bridge is to stop. Returns `true` in that case.
    pub(super) async fn stops_within(&self, time: Duration) -> bool {
        tokio::time::timeout(time, self.stopping()).await.is_ok()
    }

    pub(super) fn set_end(&self, end: Result<(), BridgeError>) {
        *lock(&self.end) = Some(end.map_err(Arc::new));
        self.set_role(Role::Ended);
    }

    pub(super) fn end(&self) -> Option<Result<(), Arc<BridgeError>>> {
        lock(&self.end).clone()
    }

    pub(super) fn set_commands(&self, sent: u64) {
        self.commands_sent.store(sent, Relaxed);
    }

    pub(super) fn stats(&self) -> Stats {
        let problem = self.published.waiting().or_else(|| lock(&self.problems).last.clone());
        let mut stats = Stats {
            role: *self.role.borrow(),
            published: self.published.published.load(Relaxed),
            spooled: 0,
            memory: 0,
            disk: 0,
            missed: 0,
            duplicates: self.published.duplicates.load(Relaxed),
            refused: self.published.refused.load(Relaxed),
            commands: self.commands_sent.load(Relaxed),
            problem,
        };
        for origin in self.spools.origins() {
            let spool = self.spools.stats(&origin);
            stats.spooled += spool.entries;
            stats.memory += spool.memory;
            stats.disk += spool.disk;
            stats.missed += spool.missed;
            stats.problem = stats.problem.or(spool.problem);
        }
        stats
    }
}

impl Seen {
    /// Returns `true` if the server has run since it stamped an event at this time. The time of its
    /// start is known to the second.
    pub(super) fn has_run_since(&self, time: SystemTime) -> bool {
        self.started.is_some_and(|started| started <= time + Duration::from_secs(1))
    }
}

/// Returns the time at which the server stamped an event.
pub(super) fn time_of(event: &Shared) -> SystemTime {
    let since = Duration::new(event.seconds, event.micros.saturating_mul(1000));
    UNIX_EPOCH.checked_add(since).unwrap_or(UNIX_EPOCH)
}

fn names<'a>(origins: impl Iterator<Item = &'a Origin>) -> BTreeSet<String> {
    origins.map(Origin::to_string).collect()
}

/// Returns the name of this machine, as far as it is known.
fn host() -> String {
    let told = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let told = told.or_else(|| std::env::var("HOSTNAME").ok());
    told.map_or_else(|| "unknown".to_owned(), |name| name.trim().to_owned())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
