//! The state of each server, in a bucket that everyone can watch.

use std::collections::HashMap;
use std::time::SystemTime;

use async_nats::jetstream;
use async_nats::jetstream::kv::{self, Store};
use serde::Serialize;
use tokio::time::timeout;

use super::lease::{REQUEST, open};

/// The bucket of the states of all servers.
const BUCKET: &str = "AMI_STATE";

/// The state of a server whose client has ended, or that was removed.
pub(super) const ENDED: &str = "ended";

/// The state of a server, as the bridge that publishes sees it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(super) struct OriginState {
    /// `up`, `down`, `booting` or `ended`.
    pub(super) state: &'static str,
    /// The time at which this state began.
    pub(super) since: String,
    /// The bridge.
    pub(super) bridge: String,
    /// The process of the server, counted by this bridge.
    pub(super) boot: u32,
    /// The connection.
    pub(super) connection: u32,
    /// The last position.
    pub(super) position: u64,
    /// The time at which the server was started.
    pub(super) started: Option<String>,
    /// The first line of the connection.
    pub(super) banner: Option<String>,
    /// The messages that are not proven to be in the stream.
    pub(super) spooled: u64,
    /// The events that were lost for lack of room.
    pub(super) missed: u64,
}

/// The bucket, and what was written into it last.
#[derive(Debug)]
pub(super) struct States {
    store: Store,
    written: HashMap<String, OriginState>,
}

/// A bucket that cannot be used at the moment.
#[derive(Debug, thiserror::Error)]
#[error("the state of {origin} cannot be written into the bucket {BUCKET}")]
pub(super) struct StateError {
    origin: String,
    source: Box<dyn std::error::Error + Send + Sync>,
}

impl States {
    /// Opens the bucket, or creates it.
    pub(super) async fn open(
        jetstream: &jetstream::Context,
        replicas: usize,
    ) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let settings = kv::Config {
            bucket: BUCKET.to_owned(),
            description: "The state of each Asterisk server".to_owned(),
            num_replicas: replicas,
            ..kv::Config::default()
        };
        Ok(Self { store: open(jetstream, settings).await?, written: HashMap::new() })
    }

    /// Forgets what was written, so that all is written again: another bridge may have written.
    pub(super) fn forget(&mut self) {
        self.written.clear();
    }

    /// Writes the states that have changed. Called at most once a second.
    pub(super) async fn write(
        &mut self,
        states: Vec<(String, OriginState)>,
    ) -> Result<(), StateError> {
        let removed = self.removed(&states);
        for (origin, state) in states.into_iter().chain(removed) {
            if self.written.get(&origin) == Some(&state) {
                continue;
            }
            let value = serde_json::to_vec(&state).unwrap_or_default();
            let put = async {
                timeout(REQUEST, self.store.put(&origin, value.into())).await??;
                Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
            };
            if let Err(source) = put.await {
                return Err(StateError { origin, source });
            }
            self.written.insert(origin, state);
        }
        Ok(())
    }

    /// Returns the last states of the servers that are not among these any more.
    fn removed(&self, states: &[(String, OriginState)]) -> Vec<(String, OriginState)> {
        let is_removed = |(origin, state): &(&String, &OriginState)| {
            state.state != ENDED && states.iter().all(|(other, _)| other != *origin)
        };
        let since = humantime::format_rfc3339_micros(SystemTime::now()).to_string();
        let ended = |state: &OriginState| OriginState {
            state: ENDED,
            since: since.clone(),
            ..state.clone()
        };
        let removed = self.written.iter().filter(is_removed);
        removed.map(|(origin, state)| (origin.clone(), ended(state))).collect()
    }
}
