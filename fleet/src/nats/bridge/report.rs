//! The state of each server, written by the bridge that publishes.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use ami::State;
use tokio::time::{MissedTickBehavior, interval};

use super::board::Board;
use crate::member::Member;
use crate::nats::connect::Connection;
use crate::nats::state::{ENDED, OriginState, States};

/// The time between two looks at what has changed.
const LOOK: Duration = Duration::from_secs(1);

/// The writer of the states.
#[derive(Debug)]
pub(super) struct Report {
    connection: Connection,
    replicas: usize,
    states: Option<States>,
}

impl Report {
    pub(super) fn new(connection: &Connection, replicas: usize) -> Self {
        Self { connection: connection.clone(), replicas, states: None }
    }

    /// Writes the states that change. Never ends.
    pub(super) async fn run(&mut self, board: &Arc<Board>) {
        if let Some(states) = &mut self.states {
            states.forget();
        }
        let mut ticks = interval(LOOK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let states = match &mut self.states {
                Some(states) => states,
                None => match States::open(&self.connection.jetstream, self.replicas).await {
                    Ok(states) => self.states.insert(states),
                    Err(error) => {
                        board.tell(&*error, "the bucket of the states cannot be opened");
                        continue;
                    }
                },
            };
            let servers = board.fleet.servers();
            let all: Vec<_> =
                servers.iter().map(|it| (it.origin().to_string(), state(board, it))).collect();
            if let Err(error) = states.write(all).await {
                board.tell(&error, "the states of the servers cannot be written");
                // The bucket may have been deleted.
                self.states = None;
            }
        }
    }
}

fn state(board: &Board, member: &Member) -> OriginState {
    let (health, spool) = (member.health(), board.spools.stats(member.origin()));
    let seen = board.seen(member.origin());
    let banner = member.client().banner();
    OriginState {
        state: match health.state {
            State::Up => "up",
            State::Booting => "booting",
            State::Closed(_) => ENDED,
            _ => "down",
        },
        since: text(health.since),
        bridge: board.run().to_string(),
        boot: seen.map_or(0, |seen| seen.boot),
        connection: seen.map_or(0, |seen| seen.connection),
        position: seen.map_or(0, |seen| seen.position),
        started: seen.and_then(|seen| seen.started).map(text),
        banner: Some(String::from_utf8_lossy(banner.line()).into_owned())
            .filter(|it| !it.is_empty()),
        spooled: spool.entries,
        missed: spool.missed,
    }
}

fn text(time: SystemTime) -> String {
    humantime::format_rfc3339_micros(time).to_string()
}
