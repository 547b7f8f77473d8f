//! Standing by: the spools are filled all the time, and trimmed by what is in the stream.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::try_join_all;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::Role;
use super::board::Board;
use crate::nats::lease::{Holder, Lead, Lease};
use crate::nats::stream::{Stream, StreamError};
use crate::origin::Origin;

/// The longest time between two looks at the stream.
const LOOK: Duration = Duration::from_secs(1);

/// The number of requests for last messages at a time.
const REQUESTS: usize = 16;

/// A bridge without the lease.
pub(super) struct Standby<'a> {
    pub(super) board: &'a Arc<Board>,
    pub(super) stream: &'a Stream,
    pub(super) lease: &'a mut Lease,
    /// Before this time the lease is for others: this bridge has given it to them.
    pub(super) leave_until: Option<Instant>,
}

impl Standby<'_> {
    /// Stands by until the bridge has the lease. Returns `false` if it is to stop.
    pub(super) async fn run(&mut self) -> bool {
        let (mut ticks, mut look) = (interval(self.lease.time().min(4 * LOOK) / 4), None);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut told_at, mut last) = (None::<Instant>, None);
        loop {
            tokio::select! {
                biased;
                _ = self.board.stopping() => {
                    self.withdraw().await;
                    return false;
                }
                _ = ticks.tick() => {}
            }
            let us = self.board.holder();
            match self.try_lease(&us).await {
                Ok(Lead::Ours) => {
                    self.board.solved();
                    self.withdraw().await;
                    return true;
                }
                Ok(Lead::Theirs(holder)) => {
                    self.board.set_role(Role::Standby);
                    self.board.solved();
                    // The sets can differ for a while, when servers are added to one bridge after
                    // the other.
                    if let Err(error) = self.board.check_origins(&holder) {
                        self.board.tell(&error, "the servers of the bridges differ");
                    }
                }
                Ok(Lead::Free) => {}
                Err(error) => {
                    self.board.tell(&error, "no lease");
                    continue;
                }
            }
            if told_at.is_none_or(|at| at.elapsed() >= self.lease.time() / 3) {
                match self.lease.stand_by(&us).await {
                    Ok(()) => told_at = Some(Instant::now()),
                    Err(error) => self.board.tell(&error, "the standby cannot be announced"),
                }
            }
            if look.is_none_or(|at: Instant| at.elapsed() >= LOOK.min(self.lease.time() / 2)) {
                look = Some(Instant::now());
                if let Err(error) = self.trim(&mut last).await {
                    self.board.tell(&error, "the spools cannot be trimmed");
                }
            }
        }
    }

    async fn try_lease(&mut self, us: &Holder) -> Result<Lead, crate::nats::lease::LeaseError> {
        match self.leave_until {
            Some(until) if Instant::now() < until => {
                let lead = self.lease.look(us).await?;
                if matches!(lead, Lead::Theirs(_)) {
                    self.leave_until = None;
                }
                Ok(lead)
            }
            _ => self.lease.hold(us).await,
        }
    }

    async fn withdraw(&self) {
        if let Err(error) = self.lease.leave(&self.board.holder()).await {
            self.board.tell(&error, "the standby cannot be withdrawn");
        }
    }

    /// Drops what is in the stream, by the last message of each server.
    async fn trim(&self, last: &mut Option<u64>) -> Result<(), StreamError> {
        let sequence = self.stream.last_sequence().await?;
        if *last == Some(sequence) {
            return Ok(());
        }
        let all = Vec::from_iter(self.board.origins_with_entries());
        for origins in all.chunks(REQUESTS) {
            try_join_all(origins.iter().map(|origin| self.trim_one(origin))).await?;
        }
        *last = Some(sequence);
        Ok(())
    }

    async fn trim_one(&self, origin: &Origin) -> Result<(), StreamError> {
        let Some(stored) = self.stream.last_of(origin).await? else { return Ok(()) };
        let Ok(message) = stored.message else { return Ok(()) };
        let spools = &self.board.spools;
        match message.last_shared() {
            _ if message.bridge == *self.board.run() => {
                spools.trim_own(origin, &message.id);
            }
            Some(shared) => {
                spools.trim_through(origin, shared).await;
            }
            None => spools.trim_received(origin, message.place.micros).await,
        }
        Ok(())
    }
}
