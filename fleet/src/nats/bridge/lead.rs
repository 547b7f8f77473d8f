//! Publishing, while the bridge has the lease.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval, timeout_at};
use tokio_util::sync::CancellationToken;

use super::board::Board;
use super::report::Report;
use super::takeover::Turn;
use crate::nats::lease::{Lead, Lease};
use crate::nats::publish::{Ended, Publisher, Window};
use crate::nats::stream::{Stream, StreamError};

/// The time for which a server has to be down before the lease is given to a bridge for which it is
/// up.
const LACKS: Duration = Duration::from_secs(1);

/// The longest time in which everything is published before the lease is given to a standby.
const FLUSH: Duration = Duration::from_secs(2);

/// The reason for the end of publishing.
#[derive(Debug)]
pub(super) enum Left {
    /// Another bridge has the lease, or has written.
    Lost,
    /// A standby has more servers that are up.
    GaveOver,
    /// The bridge is to stop.
    Stopped,
}

/// The reason why publishing is to end.
enum Why {
    Stop(Instant),
    GiveOver,
    Failed(StreamError),
}

/// A bridge that has the lease.
pub(super) struct Leader<'a> {
    pub(super) board: &'a Arc<Board>,
    pub(super) stream: &'a Stream,
    pub(super) lost: CancellationToken,
    pub(super) give_over: CancellationToken,
}

/// Publishes until the bridge has lost the lease, gives it away, or is to stop.
pub(super) async fn lead(
    board: &Arc<Board>,
    stream: &Stream,
    lease: &mut Lease,
    report: &mut Report,
) -> Result<Left, StreamError> {
    let (lost, give_over) = (CancellationToken::new(), CancellationToken::new());
    let leader = Leader { board, stream, lost: lost.clone(), give_over: give_over.clone() };
    let left = tokio::select! {
        left = leader.run() => left,
        () = keep(board, lease, &lost, &give_over) => Ok(Left::Lost),
        () = report.run(board) => Ok(Left::Lost),
    };
    board.spools.close_all();
    if !matches!(left, Ok(Left::Lost))
        && let Err(error) = lease.release().await
    {
        board.tell(&error, "the lease cannot be given up");
    }
    left
}

impl Leader<'_> {
    async fn run(&self) -> Result<Left, StreamError> {
        let Board { config, spools, writer, .. } = &**self.board;
        // First of all: what others write behind it is refused to be followed by our messages.
        let last = tokio::select! {
            biased;
            () = self.lost.cancelled() => return Ok(Left::Lost),
            _ = self.board.stopping() => return Ok(Left::Stopped),
            last = self.stream.last_sequence() => last?,
        };
        let window = Window::of(config);
        let (stream, stats) = (self.stream.clone(), Arc::clone(&self.board.published));
        let mut publisher =
            Publisher::new(stream, writer.clone(), spools.clone(), window, stats, last);
        let stop = CancellationToken::new();
        let mut turn = Turn::new(self.board, self.stream);
        let ended = publisher.run(&stop);
        tokio::pin!(ended);
        let why = tokio::select! {
            biased;
            () = self.lost.cancelled() => return Ok(Left::Lost),
            ended = &mut ended => return Self::left_for(ended, Left::Lost),
            until = self.board.stopping() => Why::Stop(until),
            () = self.give_over.cancelled() => Why::GiveOver,
            failed = turn.run() => match failed {
                Ok(()) => return Ok(Left::Lost),
                Err(error) => Why::Failed(error),
            },
        };
        let (until, left) = match why {
            Why::Stop(until) => (until, Left::Stopped),
            Why::GiveOver => (Instant::now() + FLUSH, Left::GaveOver),
            Why::Failed(error) => return Err(error),
        };
        let flushed = async {
            tokio::select! {
                () = self.flushed(&left) => None,
                ended = &mut ended => Some(ended),
                // Servers that are not taken over yet have something to publish, too.
                Err(error) = turn.run() => Some(Ended::Failed(error)),
            }
        };
        if let Ok(Some(ended)) = timeout_at(until, flushed).await {
            return Self::left_for(ended, left);
        }
        stop.cancel();
        let ended = ended.await;
        Self::left_for(ended, left)
    }

    async fn flushed(&self, left: &Left) {
        match left {
            Left::Stopped => self.board.flushed().await,
            _ => self.board.spools.drained().await,
        }
    }

    fn left_for(ended: Ended, left: Left) -> Result<Left, StreamError> {
        match ended {
            Ended::Stopped => Ok(left),
            // The next takeover tells what is missing.
            Ended::Fenced | Ended::Rewound => Ok(Left::Lost),
            Ended::Failed(error) => Err(error),
        }
    }
}

/// Renews the lease. Ends when another bridge has it.
async fn keep(
    board: &Arc<Board>,
    lease: &mut Lease,
    lost: &CancellationToken,
    give_over: &CancellationToken,
) {
    let mut ticks = interval(lease.time() / 3);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut lacking: Option<Instant> = None;
    loop {
        ticks.tick().await;
        let us = board.holder();
        match lease.hold(&us).await {
            Ok(Lead::Ours) => board.solved(),
            Ok(Lead::Theirs(holder)) => {
                tracing::warn!(
                    bridge = holder.bridge,
                    host = holder.host,
                    "another bridge has the lease"
                );
                lost.cancel();
                return std::future::pending().await;
            }
            Ok(Lead::Free) => {}
            Err(error) => board.tell(&error, "the lease cannot be renewed"),
        }
        if us.up == us.origins {
            lacking = None;
        } else if lacking.get_or_insert_with(Instant::now).elapsed() >= LACKS {
            match lease.standbys().await {
                Ok(standbys) => {
                    let better = |up: &BTreeSet<String>| up.is_superset(&us.up) && *up != us.up;
                    if standbys.iter().any(|it| it.origins == us.origins && better(&it.up)) {
                        give_over.cancel();
                    }
                }
                Err(error) => board.tell(&error, "the standbys are not known"),
            }
        }
    }
}
