//! The bridge: the tasks that bring the events of a fleet into a stream.

mod board;
mod error;
mod lead;
mod life;
mod report;
mod standby;
mod takeover;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use self::board::Board;
pub use self::error::BridgeError;
use super::command::Commands;
use super::config::Config;
use super::message::{Run, Writer};
use super::spool::{Limits, Spools};
use super::subject::Subjects;
use crate::Fleet;

/// The time for the good-bye to NATS, in addition to the limit of [`Bridge::stop`].
const GOOD_BYE: Duration = Duration::from_secs(5);

/// The shortest lease. NATS keeps nothing for less than a tenth of a second.
const SHORTEST: Duration = Duration::from_millis(300);

/// A bridge from a [`Fleet`] into a JetStream stream.
///
/// Events of all servers of the fleet, also of those that are added later, go into one stream, each
/// server's in order. One bridge writes a stream at a time. Another with the same servers stands by
/// with the same events, and takes over when the first one ends.
///
/// The bridge runs until it is stopped or dropped. Dropping it ends it at once: what is not yet in
/// the stream is lost with it, unless a standby has it too.
pub struct Bridge {
    board: Arc<Board>,
    _tasks: JoinSet<()>,
}

/// The part that a bridge plays.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Role {
    /// The stream and the lease are not open yet.
    Connecting,
    /// Another bridge publishes. This one has the same events ready.
    Standby,
    /// The bridge publishes.
    Leader,
    /// The bridge has ended.
    Ended,
}

/// The counts of a bridge since its start.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Stats {
    /// The part that the bridge plays.
    pub role: Role,
    /// The messages that this bridge has brought into the stream, proven by acknowledgements.
    pub published: u64,
    /// The messages that are not proven to be in the stream, now.
    pub spooled: u64,
    /// The bytes of these that are in memory, now.
    pub memory: u64,
    /// The bytes of these that are on the disk, now.
    pub disk: u64,
    /// The events that were lost for lack of room.
    pub missed: u64,
    /// The messages that the stream had already.
    pub duplicates: u64,
    /// The times that the stream refused messages, because another bridge had written meanwhile.
    pub refused: u64,
    /// The actions that were sent to servers for others.
    pub commands: u64,
    /// The problem that is retried now, in words.
    pub problem: Option<String>,
}

impl Bridge {
    /// Starts a bridge for all servers of a fleet, also for those that are added later.
    ///
    /// The bridge starts also while NATS is not reachable, and retries. Errors that a person has to
    /// remove end it, and [`ended`](Self::ended) returns them:
    ///
    /// | | at the start | later |
    /// | --- | --- | --- |
    /// | NATS does not answer | retried | retried |
    /// | the credentials are refused, the server is too old or without JetStream | ends | retried |
    /// | the settings of the stream do not fit ([`BridgeError::Stream`]) | ends | ends when opened again |
    /// | another stream has a server | ends | retried, without that server |
    /// | the bridge that publishes has other servers | ends | retried, as a standby |
    ///
    /// What is retried is in [`Stats::problem`] and in the log. The bridge keeps the fleet alive.
    ///
    /// # Errors
    ///
    /// Returns an error if a setting is not possible.
    ///
    /// # Panics
    ///
    /// Panics outside of a tokio runtime.
    pub fn start(fleet: &Fleet, config: Config) -> Result<Self, BridgeError> {
        let commands = Commands::allow(config.allowed.iter().map(String::as_str))
            .map_err(|error| setting("allow", error))?
            .timeout(config.command_timeout);
        let subjects = Subjects::new(config.prefix.as_str());
        let subjects = subjects.map_err(|error| setting("prefix", error))?;
        if config.lease < SHORTEST {
            let reason = format!("{:?}, expected {SHORTEST:?} at least", config.lease);
            return Err(setting("lease", reason));
        }
        if config.window == 0 || config.window_bytes == 0 {
            return Err(setting("window", "expected one message and one byte at least"));
        }
        let writer = Writer { subjects, format: config.format, run: Run::random() };
        let spools = Spools::new(Limits::of(&config));
        let events = fleet.subscribe_with(config.filter.clone(), config.buffer);
        let board = Arc::new(Board::new(config, commands, writer, fleet.clone(), spools));
        let mut tasks = JoinSet::new();
        tasks.spawn(life::drain(Arc::clone(&board), events));
        tasks.spawn({
            let board = Arc::clone(&board);
            async move { board.set_end(life::run(Arc::clone(&board)).await) }
        });
        Ok(Self { board, _tasks: tasks })
    }

    /// Returns the part that the bridge plays, and its changes.
    pub fn role(&self) -> watch::Receiver<Role> {
        self.board.role()
    }

    /// Returns the counts since the start.
    pub fn stats(&self) -> Stats {
        self.board.stats()
    }

    /// Waits until the bridge has ended. Returns the error that ended it.
    ///
    /// # Errors
    ///
    /// Returns the error that a person has to remove.
    pub async fn ended(&self) -> Result<(), Arc<BridgeError>> {
        let mut role = self.board.role();
        // The sender is in `self`, so that waiting cannot fail.
        let _ = role.wait_for(|role| *role == Role::Ended).await;
        self.board.end().unwrap_or(Ok(()))
    }

    /// Stops the bridge: publishes what is there, at most until the limit, and gives the lease to a
    /// standby. Takes five seconds more than the limit at most.
    ///
    /// Returns the number of messages that are not proven to be in the stream. Those of a standby
    /// are the business of the bridge that publishes, and do not count.
    pub async fn stop(self, limit: Duration) -> u64 {
        let was_standby = *self.board.role().borrow() == Role::Standby;
        let until = Instant::now() + limit;
        self.board.stop(until);
        let _ = timeout_at(until + GOOD_BYE, self.ended()).await;
        if was_standby { 0 } else { self.board.stats().spooled }
    }
}

fn setting(setting: &'static str, reason: impl fmt::Display) -> BridgeError {
    BridgeError::Setting { setting, reason: reason.to_string() }
}

impl fmt::Debug for Bridge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bridge")
            .field("config", &self.board.config)
            .field("stats", &self.board.stats())
            .finish_non_exhaustive()
    }
}
