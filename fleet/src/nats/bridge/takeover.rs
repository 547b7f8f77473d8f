//! Taking over: where this bridge goes on behind the last messages of a stream.
//!
//! A bridge that has the lease looks for the last message of each server in its spool. All before
//! it was published by another bridge. Behind it the bridge publishes a control item, and the rest
//! of the spool. It has asked for the last sequence of the stream before, and its first message is
//! stored only directly behind that one. So nobody can have written in between, and nobody else can
//! write from there on.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::time::{Instant, sleep};

use super::board::{Board, time_of};
use crate::merge::number::{between, number};
use crate::nats::message::{Body, Message, Shared, Takeover};
use crate::nats::spool::Trimmed;
use crate::nats::stream::{Stored, Stream, StreamError};
use crate::origin::Origin;

/// The longest wait for a first event that has a number, so that the missing ones can be counted. A
/// user who may read the class `security` gets one directly behind the login.
const COUNT_WAIT: Duration = Duration::from_secs(1);

/// The time after which an event is lost that should have come with its neighbours. A server can
/// send two events in another order than that of their stamps.
const SETTLE: Duration = Duration::from_millis(250);

/// The shortest and the longest time between two looks at a server that waits.
const SOON: Duration = Duration::from_millis(20);
const LATER: Duration = Duration::from_secs(1);

/// The servers that are taken over, and those that are not yet.
pub(super) struct Turn<'a> {
    board: &'a Arc<Board>,
    stream: &'a Stream,
    taken: HashSet<Origin>,
    waiting: HashMap<Origin, Waiting>,
}

/// A server that is not taken over yet.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    since: Instant,
    next: Instant,
    /// `true` once the stream has its subjects.
    added: bool,
    /// The time at which the last message was found to be missing in the spool.
    unknown: Option<Instant>,
    /// The time at which the first entry behind a hole was seen.
    hole: Option<Instant>,
}

impl Waiting {
    fn new() -> Self {
        let now = Instant::now();
        Self { since: now, next: now, added: false, unknown: None, hole: None }
    }
}

impl<'a> Turn<'a> {
    pub(super) fn new(board: &'a Arc<Board>, stream: &'a Stream) -> Self {
        Self { board, stream, taken: HashSet::new(), waiting: HashMap::new() }
    }

    /// Takes over one server after the other, as soon as that is possible. Ends with an error
    /// alone.
    pub(super) async fn run(&mut self) -> Result<(), StreamError> {
        loop {
            self.drop_removed(&self.board.origins().into_iter().collect()).await;
            let origins = self.board.origins_with_entries();
            self.waiting.retain(|origin, _| origins.contains(origin));
            for origin in origins {
                if self.is_due(&origin) {
                    match self.look(&origin).await {
                        Ok(()) => {}
                        Err(error @ StreamError::Gone(_)) => return Err(error),
                        Err(error) => self.board.tell(&error, "a server cannot be taken over"),
                    }
                }
            }
            sleep(SOON).await;
        }
    }

    /// Takes servers out of the stream that were removed from the fleet, once their last messages
    /// are in it.
    async fn drop_removed(&mut self, origins: &HashSet<Origin>) {
        let Board { spools, .. } = &**self.board;
        // Its client logs off in the background, and its last items come later.
        let is_gone = |origin: &&Origin| {
            !origins.contains(origin)
                && self.board.has_ended(origin)
                && spools.close_if_empty(origin)
        };
        let gone: Vec<_> = self.taken.iter().filter(is_gone).cloned().collect();
        if gone.is_empty() {
            return;
        }
        self.taken.retain(|origin| !gone.contains(origin));
        if let Err(error) = self.stream.remove(&gone).await {
            self.board.tell(&error, "a server cannot be taken out of the stream");
        }
    }

    /// Returns `true` if it is time to look at a server. The looks become rarer.
    fn is_due(&mut self, origin: &Origin) -> bool {
        if self.taken.contains(origin) {
            return false;
        }
        let now = Instant::now();
        let waiting = self.waiting.entry(origin.clone()).or_insert_with(Waiting::new);
        let due = waiting.next <= now;
        if due {
            waiting.next = now + ((now - waiting.since) / 8).clamp(SOON, LATER);
        }
        due
    }

    async fn look(&mut self, origin: &Origin) -> Result<(), StreamError> {
        let Some(mut waiting) = self.waiting.get(origin).copied() else { return Ok(()) };
        if !waiting.added {
            self.stream.add(std::slice::from_ref(origin)).await?;
            waiting.added = true;
        }
        let takeover = self.decide(origin, &mut waiting).await?;
        self.waiting.insert(origin.clone(), waiting);
        if let Some(takeover) = takeover {
            let Takeover { exact, first, made } = takeover;
            tracing::info!(%origin, exact, first, made, "taking over");
            self.board.spools.open(origin, takeover);
            self.waiting.remove(origin);
            self.taken.insert(origin.clone());
        }
        Ok(())
    }

    /// Decides how to go on behind the last message of a server. Returns `None` if its entries are
    /// held back for now.
    async fn decide(
        &self,
        origin: &Origin,
        waiting: &mut Waiting,
    ) -> Result<Option<Takeover>, StreamError> {
        let Some(last) = self.stream.last_of(origin).await? else {
            return Ok(Some(Takeover { exact: true, first: true, made: None }));
        };
        let exact = Takeover { exact: true, first: false, made: None };
        let spools = &self.board.spools;
        let Ok(last) = last.message else { return self.hole(origin, waiting).await };
        if last.bridge == *self.board.run() {
            if spools.trim_own(origin, &last.id) {
                return Ok(Some(exact));
            }
            // The stream has lost what was behind it.
            return self.hole(origin, waiting).await;
        }
        match last.last_shared() {
            Some(shared) => {
                match spools.trim_through(origin, shared).await {
                    Trimmed::Through => return Ok(Some(exact)),
                    Trimmed::Ahead if self.may_come(origin, &shared, waiting) => return Ok(None),
                    Trimmed::Unknown if elapsed(&mut waiting.unknown) < SETTLE => return Ok(None),
                    Trimmed::Ahead | Trimmed::Unknown => {}
                }
                // The bridge was there, so that nothing before that time is missing in the stream.
                if self.board.joined_before(origin, &shared) {
                    spools.trim_stamped(origin, shared.stamp()).await;
                }
            }
            None => spools.trim_received(origin, last.place.micros).await,
        }
        self.hole(origin, waiting).await
    }

    /// Returns `true` if an event is waited for that has not come.
    fn may_come(&self, origin: &Origin, event: &Shared, waiting: &Waiting) -> bool {
        let hold = self.board.config.hold;
        waiting.since.elapsed() < hold && self.board.can_come(origin, event)
    }

    /// Decides about a server of which events may be missing. The first event behind the hole is
    /// waited for, because it tells how many are missing.
    async fn hole(
        &self,
        origin: &Origin,
        waiting: &mut Waiting,
    ) -> Result<Option<Takeover>, StreamError> {
        let spools = &self.board.spools;
        let made = match spools.first_number(origin) {
            Some(next) => self.made(origin, next).await?,
            None if spools.stats(origin).entries == 0 => return Ok(None),
            None if elapsed(&mut waiting.hole) < COUNT_WAIT => return Ok(None),
            None => None,
        };
        Ok(Some(Takeover { exact: made == Some(0), first: false, made }))
    }

    /// Counts the events between the last one of a server in the stream and the one with this
    /// number.
    async fn made(&self, origin: &Origin, next: u32) -> Result<Option<u64>, StreamError> {
        if !self.board.config.filter.is_all() {
            return Ok(None);
        }
        let last = self.stream.last_event_of(origin).await?;
        let Some(Stored { message: Ok(last), .. }) = last else { return Ok(None) };
        let seen = self.board.seen(origin);
        if !seen.is_some_and(|seen| seen.has_run_since(time(&last))) {
            return Ok(None);
        }
        let Body::Event(event) = &last.body else { return Ok(None) };
        Ok(number(event).and_then(|number| between(number, next)))
    }
}

/// Returns the time of an event: the server's, else that of its reception.
fn time(message: &Message) -> SystemTime {
    message.id.shared().map_or_else(|| message.place.received(), |shared| time_of(&shared))
}

/// Returns the time since the first call.
fn elapsed(since: &mut Option<Instant>) -> Duration {
    since.get_or_insert_with(Instant::now).elapsed()
}
