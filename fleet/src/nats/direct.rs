//! A publisher without a fleet and without a lease, for tests and benchmarks of this crate.

use std::sync::Arc;
use std::time::Duration;

use async_nats::HeaderMap;
use bytes::Bytes;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::config::Config;
use super::connect::Connection;
use super::message::{Entry, Keys, Run, Takeover, Writer};
use super::publish::{PublishStats, Publisher, Window};
use super::spool::{Limits, Spools};
use super::stream::{Stream, StreamSettings};
use super::subject::Subjects;
use crate::item::Item;
use crate::origin::Origin;

/// A publisher of items that a program makes itself. Takes over at the end of the stream.
#[derive(Debug)]
pub struct Direct {
    spools: Spools,
    stats: Arc<PublishStats>,
    origins: Vec<Origin>,
    stream: Stream,
    writer: Writer,
    window: Window,
    stop: CancellationToken,
    running: Option<JoinHandle<String>>,
}

/// The figures of a [`Direct`].
#[derive(Clone, Debug, Default)]
pub struct Figures {
    /// The messages that are proven to be in the stream.
    pub published: u64,
    /// The messages that the stream had already.
    pub duplicates: u64,
    /// The times that the stream refused a message because of its place.
    pub refused: u64,
    /// The entries that are not proven to be in the stream.
    pub entries: u64,
    /// Their bytes in memory.
    pub memory: u64,
    /// Their bytes on disk.
    pub disk: u64,
    /// The events that were lost for lack of room.
    pub missed: u64,
    /// The reason why messages do not go on now.
    pub waiting: Option<String>,
    /// The reason why the disk is not used.
    pub problem: Option<String>,
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

impl Direct {
    /// Opens the stream for these servers.
    ///
    /// # Errors
    ///
    /// Returns an error if NATS cannot be reached, or the stream cannot be used.
    pub async fn open(config: &Config, origins: &[Origin]) -> Result<Self, Failure> {
        let connection = Connection::open(config).await?;
        let subjects = Subjects::new(config.prefix.clone())?;
        let settings = StreamSettings::of(config);
        let stream = Stream::open(&connection, &subjects, &settings, origins).await?;
        let writer = Writer { subjects, format: config.format, run: Run::random() };
        Ok(Self {
            spools: Spools::new(Limits::of(config)),
            stats: Arc::default(),
            origins: origins.to_vec(),
            stream,
            writer,
            window: Window::of(config),
            stop: CancellationToken::new(),
            running: None,
        })
    }

    /// Sets the time without an acknowledgement after which the stream is asked.
    pub fn ack_timeout(&mut self, time: Duration) {
        self.window.ack_timeout = time;
    }

    /// Returns the name of the run, which all messages have.
    pub fn run(&self) -> &Run {
        &self.writer.run
    }

    /// Appends an item.
    pub fn push(&self, item: &Item) {
        self.spools.push(item);
    }

    /// Returns the messages of items of one server: subject, headers without those that say the
    /// place in the stream, and body.
    ///
    /// # Errors
    ///
    /// Returns an error if a body cannot be written.
    pub fn messages(&self, items: &[Item]) -> Result<Vec<(String, HeaderMap, Bytes)>, Failure> {
        let mut keys = Keys::default();
        let message = |item: &Item| {
            let message = self.writer.message(&item.origin, &Entry::of(item, &mut keys))?;
            Ok((message.subject, message.headers, message.payload))
        };
        items.iter().map(message).collect()
    }

    /// Takes over at the end of the stream, and publishes from there.
    ///
    /// # Errors
    ///
    /// Returns an error if NATS does not answer.
    pub async fn start(&mut self) -> Result<(), Failure> {
        let last = self.stream.last_sequence().await?;
        self.spools.close_all();
        for origin in &self.origins {
            let before = self.stream.last_of(origin).await?;
            let exact = match before.and_then(|it| it.message.ok()?.last_shared()) {
                Some(shared) => {
                    let trimmed = self.spools.trim_through(origin, shared).await;
                    trimmed == super::spool::Trimmed::Through
                }
                None => false,
            };
            self.spools.open(origin, Takeover { exact, first: false, made: None });
        }
        let (stream, writer) = (self.stream.clone(), self.writer.clone());
        let (spools, window) = (self.spools.clone(), self.window.clone());
        let stats = Arc::clone(&self.stats);
        let mut publisher = Publisher::new(stream, writer, spools, window, stats, last);
        let stop = self.stop.clone();
        let run = async move { format!("{:?}", publisher.run(&stop).await) };
        self.running = Some(tokio::spawn(run));
        Ok(())
    }

    /// Waits until all is in the stream.
    pub async fn drained(&self) {
        self.spools.drained().await;
    }

    /// Returns `true` if the publisher does not run.
    pub fn has_ended(&self) -> bool {
        self.running.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Waits until the publisher has ended, and returns why.
    pub async fn ended(&mut self) -> String {
        match self.running.take() {
            Some(running) => running.await.unwrap_or_else(|error| error.to_string()),
            None => "not started".into(),
        }
    }

    /// Stops the publisher.
    pub async fn stop(&mut self) -> String {
        self.stop.cancel();
        self.ended().await
    }

    /// Returns the figures.
    pub fn figures(&self) -> Figures {
        let load =
            |count: &std::sync::atomic::AtomicU64| count.load(std::sync::atomic::Ordering::Relaxed);
        let mut figures = Figures {
            published: load(&self.stats.published),
            duplicates: load(&self.stats.duplicates),
            refused: load(&self.stats.refused),
            waiting: self.stats.waiting(),
            ..Figures::default()
        };
        for origin in self.spools.origins() {
            let spool = self.spools.stats(&origin);
            figures.entries += spool.entries;
            figures.memory += spool.memory;
            figures.disk += spool.disk;
            figures.missed += spool.missed;
            figures.problem = figures.problem.or(spool.problem);
        }
        figures
    }
}
