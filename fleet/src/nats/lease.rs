//! The lease that says which bridge publishes.
//!
//! The order of the stream does not depend on it: two bridges that both believe to have it cannot
//! both append.

use std::collections::BTreeSet;
use std::time::Duration;

use async_nats::jetstream::context::{GetStreamError, GetStreamErrorKind};
use async_nats::jetstream::kv::{self, CreateErrorKind, Store, UpdateErrorKind};
use async_nats::jetstream::{self, ErrorCode};
use serde::{Deserialize, Serialize};
use tokio::time::timeout;

/// The bucket of the leases of all streams.
const BUCKET: &str = "AMI_LEASES";

/// The longest time that a request for the lease may take.
pub(super) const REQUEST: Duration = Duration::from_secs(2);

/// The value of a lease: what a bridge tells of itself.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(super) struct Holder {
    /// The bridge, new with each start.
    pub(super) bridge: String,
    /// The name for people.
    pub(super) host: String,
    /// The process.
    pub(super) pid: u32,
    /// The servers.
    pub(super) origins: BTreeSet<String>,
    /// The servers that are up.
    pub(super) up: BTreeSet<String>,
}

/// The outcome of an attempt to have the lease.
#[derive(Debug)]
pub(super) enum Lead {
    /// The lease of this bridge.
    Ours,
    /// Another bridge has it.
    Theirs(Holder),
    /// Nobody has it.
    Free,
}

/// A request that failed. All are repeated.
#[derive(Debug, thiserror::Error)]
pub(super) enum LeaseError {
    #[error("the bucket {BUCKET} cannot be opened")]
    Open(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("the lease {key} in the bucket {BUCKET} cannot be {doing}")]
    Request { key: String, doing: &'static str, source: Box<dyn std::error::Error + Send + Sync> },
    #[error(
        "the bucket {BUCKET} keeps values for ever, so that the lease of a bridge that is gone would \
         never end: expected a `max_age`, such as 5 s"
    )]
    Endless,
    #[error("no answer from the bucket {BUCKET} within {REQUEST:?}")]
    TimedOut,
    #[error("the value of {key} in the bucket {BUCKET} is not that of a bridge")]
    Value { key: String, source: serde_json::Error },
}

/// The lease of a stream.
#[derive(Debug)]
pub(super) struct Lease {
    jetstream: jetstream::Context,
    settings: kv::Config,
    store: Store,
    /// A request has failed: the bucket may have been deleted.
    failed: bool,
    key: String,
    time: Duration,
    /// The revision of our value while we have the lease.
    revision: Option<u64>,
}

impl Lease {
    /// Opens the bucket, or creates it.
    pub(super) async fn open(
        jetstream: &jetstream::Context,
        stream: &str,
        time: Duration,
        replicas: usize,
    ) -> Result<Self, LeaseError> {
        let settings = kv::Config {
            bucket: BUCKET.to_owned(),
            description: "The bridge that publishes into each stream".to_owned(),
            max_age: time,
            num_replicas: replicas,
            ..kv::Config::default()
        };
        let store = open(jetstream, settings.clone()).await.map_err(LeaseError::Open)?;
        // Values go away by themselves after the time of the bucket, whoever has created it.
        let time = store.stream.cached_info().config.max_age;
        if time.is_zero() {
            return Err(LeaseError::Endless);
        }
        let (jetstream, key) = (jetstream.clone(), stream.to_owned());
        Ok(Self { jetstream, settings, store, failed: false, key, time, revision: None })
    }

    /// Returns the time after which a lease is free that is not renewed.
    pub(super) fn time(&self) -> Duration {
        self.time
    }

    /// Takes the lease if it is free, or renews it. Creates the bucket again if it was deleted.
    pub(super) async fn hold(&mut self, us: &Holder) -> Result<Lead, LeaseError> {
        if self.failed {
            let opened = open(&self.jetstream, self.settings.clone()).await;
            self.store = opened.map_err(LeaseError::Open)?;
        }
        let held = self.try_hold(us).await;
        self.failed = matches!(held, Err(LeaseError::Request { .. }));
        held
    }

    async fn try_hold(&mut self, us: &Holder) -> Result<Lead, LeaseError> {
        let value = encode(us);
        if let Some(revision) = self.revision {
            match within(self.store.update(&self.key, value.clone().into(), revision)).await? {
                Ok(revision) => {
                    self.revision = Some(revision);
                    return Ok(Lead::Ours);
                }
                Err(error) if error.kind() == UpdateErrorKind::WrongLastRevision => {
                    self.revision = None;
                }
                Err(error) => return Err(self.failed("renewed", error)),
            }
        }
        match within(self.store.create(&self.key, value.into())).await? {
            Ok(revision) => {
                self.revision = Some(revision);
                Ok(Lead::Ours)
            }
            Err(error) if error.kind() == CreateErrorKind::AlreadyExists => self.look(us).await,
            Err(error) => Err(self.failed("taken", error)),
        }
    }

    /// Finds out who has the lease. That is this bridge also if the answer to an earlier request
    /// was lost.
    pub(super) async fn look(&mut self, us: &Holder) -> Result<Lead, LeaseError> {
        let entry = within(self.store.entry(&self.key)).await?;
        let entry = entry.map_err(|error| self.failed("read", error))?;
        let Some(entry) = entry.filter(|entry| entry.operation == kv::Operation::Put) else {
            return Ok(Lead::Free);
        };
        let holder = decode(&self.key, &entry.value)?;
        if holder.bridge == us.bridge {
            self.revision = Some(entry.revision);
            return Ok(Lead::Ours);
        }
        Ok(Lead::Theirs(holder))
    }

    /// Gives the lease up, so that a standby need not wait for its end.
    pub(super) async fn release(&mut self) -> Result<(), LeaseError> {
        let Some(revision) = self.revision.take() else { return Ok(()) };
        let deleted = within(self.store.delete_expect_revision(&self.key, Some(revision))).await?;
        deleted.map_err(|error| self.failed("given up", error))
    }

    /// Tells the bridge that publishes that this one stands by.
    pub(super) async fn stand_by(&self, us: &Holder) -> Result<(), LeaseError> {
        let key = format!("{}.{}", self.key, us.bridge);
        let put = within(self.store.put(&key, encode(us).into())).await?;
        put.map(drop).map_err(|error| LeaseError::Request {
            key,
            doing: "written",
            source: error.into(),
        })
    }

    /// Withdraws what [`stand_by`](Self::stand_by) has told.
    pub(super) async fn leave(&self, us: &Holder) -> Result<(), LeaseError> {
        let key = format!("{}.{}", self.key, us.bridge);
        let deleted = within(self.store.delete(&key)).await?;
        deleted.map_err(|error| LeaseError::Request { key, doing: "deleted", source: error.into() })
    }

    /// Returns the bridges that stand by.
    pub(super) async fn standbys(&self) -> Result<Vec<Holder>, LeaseError> {
        let subjects = format!("$KV.{BUCKET}.{}.*", self.key);
        let info = within(async {
            let mut keys = Vec::new();
            let mut info = self.store.stream.info_with_subjects(&subjects).await?;
            while let Some(next) = futures_util::StreamExt::next(&mut info).await {
                keys.push(next?.0);
            }
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>(keys)
        });
        let subjects = info.await?.map_err(|error| self.failed("listed", error))?;
        let mut standbys = Vec::new();
        for subject in subjects {
            let key = subject.trim_start_matches("$KV.").trim_start_matches(BUCKET);
            let key = key.trim_start_matches('.');
            let entry = within(self.store.entry(key)).await?;
            let entry = entry.map_err(|error| self.failed("read", error))?;
            if let Some(entry) = entry.filter(|entry| entry.operation == kv::Operation::Put) {
                standbys.push(decode(key, &entry.value)?);
            }
        }
        Ok(standbys)
    }

    fn failed(
        &self,
        doing: &'static str,
        error: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> LeaseError {
        LeaseError::Request { key: self.key.clone(), doing, source: error.into() }
    }
}

/// Opens a bucket, or creates it if there is none of the name.
pub(super) async fn open(
    jetstream: &jetstream::Context,
    settings: kv::Config,
) -> Result<Store, Box<dyn std::error::Error + Send + Sync>> {
    let wait = async {
        // Looking first: creating anew what exists with other settings is an error.
        match jetstream.get_key_value(&settings.bucket).await {
            Ok(store) => Ok(store),
            Err(error) if is_missing(&error) => Ok(jetstream.create_key_value(settings).await?),
            Err(error) => Err(error.into()),
        }
    };
    timeout(2 * REQUEST, wait).await?
}

fn is_missing(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(error) = error.downcast_ref::<GetStreamError>()
            && let GetStreamErrorKind::JetStream(error) = error.kind()
        {
            return error.error_code() == ErrorCode::STREAM_NOT_FOUND;
        }
        next = error.source();
    }
    false
}

async fn within<T>(future: impl Future<Output = T>) -> Result<T, LeaseError> {
    timeout(REQUEST, future).await.map_err(|_| LeaseError::TimedOut)
}

fn encode(holder: &Holder) -> String {
    // A map of texts and numbers always has a form in JSON.
    serde_json::to_string(holder).unwrap_or_default()
}

fn decode(key: &str, value: &[u8]) -> Result<Holder, LeaseError> {
    serde_json::from_slice(value)
        .map_err(|source| LeaseError::Value { key: key.to_owned(), source })
}
