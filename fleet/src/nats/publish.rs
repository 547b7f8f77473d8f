//! Compare-and-append: the entries of the spools go into the stream in order, once.
//!
//! Each message says which message must be the last of the stream: by its sequence, and by its id.
//! The stream refuses any other place, so a message that was lost on its way is not overtaken, and
//! an acknowledgement of one message proves all before it.
//!
//! The id is needed beside the sequence. Messages of a former writer can still be on their way when
//! another bridge takes over. The first of them is refused, because the takeover has its sequence;
//! the second would find just the sequence that it expects.

mod stats;

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use async_nats::header::{self, HeaderValue};
use async_nats::{PublishErrorKind, Subscriber};
use futures_util::StreamExt;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

pub(crate) use self::stats::PublishStats;
use super::config::Config;
use super::message::{Entry, Id, Outgoing, Why, Writer};
use super::spool::{Spools, Taken};
use super::stream::{Appended, Stream, StreamError};
use crate::origin::Origin;

/// The number of messages of which one is acknowledged.
const ACK_EVERY: usize = 64;

/// The number of messages of one server in a row.
const TURN: usize = 64;

/// The room for headers in the size of a message. The ids are 150 bytes at most, and each is there
/// twice.
const HEADERS: usize = 1024;

/// The time between attempts while NATS or the stream does not take messages.
const AGAIN: Duration = Duration::from_millis(500);

/// The limits of what is sent and not proven to be in the stream.
#[derive(Clone, Debug)]
pub(crate) struct Window {
    pub(crate) messages: usize,
    pub(crate) bytes: usize,
    /// The time without an acknowledgement after which the stream is asked.
    pub(crate) ack_timeout: Duration,
}

/// The publisher of a bridge that has the lease.
#[derive(Debug)]
pub(crate) struct Publisher {
    stream: Stream,
    writer: Writer,
    spools: Spools,
    window: Window,
    stats: Arc<PublishStats>,
    /// The sequence of the last message that is proven to be in the stream.
    proven: u64,
    /// The sequence of the last message that was sent.
    sent: u64,
    /// The id of that message. `None` if it is not known what the stream has as the id of its last
    /// message; the next one goes alone then.
    last_id: Option<String>,
    /// The entries that were taken and are not proven, in the order of their sequences, which
    /// begin behind the one that is proven. Entries keep their order when they are sent again,
    /// because a copy from before can still arrive.
    flights: VecDeque<Flight>,
    /// The number of flights that were sent since the last recovery, of the messages in them, and
    /// of their bytes.
    flown: usize,
    messages: usize,
    bytes: usize,
    /// The number of messages since the last that asks for an acknowledgement.
    unasked: usize,
    /// The number of the recovery, which tells acknowledgements from before it.
    epoch: u64,
}

/// Entries of one server that were taken together and are not proven.
#[derive(Debug)]
struct Flight {
    queue: usize,
    origin: Origin,
    /// The number of the first entry in its queue.
    first: u64,
    count: usize,
    /// The bytes that were sent since the last recovery.
    bytes: usize,
}

/// The reason for the end of [`Publisher::run`]. What is not proven to be in the stream is in the
/// spools still.
#[derive(Debug)]
pub(crate) enum Ended {
    /// A message of another writer is in the stream behind the own ones.
    Fenced,
    /// The stream has lost messages, or is gone: opening it and taking over tells what is missing.
    Rewound,
    /// The token was cancelled.
    Stopped,
    /// The stream refuses for good.
    Failed(StreamError),
}

/// The trouble that ends a stretch of messages.
#[derive(Debug)]
enum Trouble {
    /// An acknowledgement is missing, or is not the expected one.
    Ask,
    End(Ended),
}

impl Window {
    pub(crate) fn of(config: &Config) -> Self {
        Self {
            messages: config.window.max(1),
            bytes: config.window_bytes.max(1),
            ack_timeout: Duration::from_secs(5),
        }
    }
}

impl Publisher {
    /// Creates the publisher that goes on behind a sequence, which is the last of the stream.
    pub(crate) fn new(
        stream: Stream,
        writer: Writer,
        spools: Spools,
        window: Window,
        stats: Arc<PublishStats>,
        last: u64,
    ) -> Self {
        Self {
            stream,
            writer,
            spools,
            window,
            stats,
            proven: last,
            sent: last,
            last_id: None,
            flights: VecDeque::new(),
            flown: 0,
            messages: 0,
            bytes: 0,
            unasked: 0,
            epoch: 0,
        }
    }

    /// Publishes the entries of the open spools until it has to end. The token ends it at once;
    /// [`Spools::drained`] waits until all is in the stream.
    pub(crate) async fn run(&mut self, stop: &CancellationToken) -> Ended {
        let ended = tokio::select! {
            () = stop.cancelled() => Ended::Stopped,
            ended = self.publish() => ended,
        };
        self.stats.set_waiting(None);
        ended
    }

    async fn publish(&mut self) -> Ended {
        let client = &self.stream.connection.client;
        let inbox = client.new_inbox();
        let Ok(mut acks) = client.subscribe(format!("{inbox}.*.*")).await else {
            return Ended::Failed(self.stream.closed());
        };
        self.spools.rewind();
        self.flights.clear();
        self.begin();
        loop {
            let trouble = match self.last_id {
                None => self.alone().await,
                Some(_) => self.stretch(&inbox, &mut acks).await,
            };
            let trouble = match trouble {
                Ok(()) => continue,
                Err(Trouble::Ask) => self.recover().await,
                Err(end) => Err(end),
            };
            if let Err(Trouble::End(ended)) = trouble {
                return ended;
            }
        }
    }

    /// Sends one message and waits for its acknowledgement.
    async fn alone(&mut self) -> Result<(), Trouble> {
        while self.flights.is_empty() && !self.take(1) {
            self.spools.ready().await;
        }
        let Some(flight) = self.flights.front() else { return Ok(()) };
        let (queue, first) = (flight.queue, flight.first);
        let Some(message) = self.written(0, 1)?.pop() else { return Ok(()) };
        let next = self.sent + 1;
        let answer = self.stream.append(&message, self.sent, self.window.ack_timeout).await;
        match answer {
            // A duplicate at just this place is a copy whose acknowledgement was lost.
            Ok(Appended::Stored(sequence) | Appended::Duplicate(sequence)) if sequence == next => {
                self.prove(sequence);
                self.sent = sequence;
                self.last_id = Some(message.id);
                self.stats.set_waiting(None);
            }
            Ok(Appended::Duplicate(_)) => {
                self.drop_first();
                self.stats.duplicates.fetch_add(1, Relaxed);
            }
            Ok(Appended::TooLarge) => {
                if !self.spools.give_up(queue, first, Why::TooLarge) {
                    let bytes = message.payload.len();
                    let reason =
                        format!("the stream does not even take a message of {bytes} bytes");
                    self.stats.set_waiting(Some(reason));
                    sleep(AGAIN).await;
                }
            }
            Ok(Appended::Full(reason)) => {
                self.stats.set_waiting(Some(reason));
                sleep(AGAIN).await;
            }
            Ok(Appended::Refused) => {
                self.stats.refused.fetch_add(1, Relaxed);
                return Err(Trouble::Ask);
            }
            Ok(Appended::Gone) => {
                let reason = format!("no stream has the subject {}", message.subject);
                self.stats.set_waiting(Some(reason));
                sleep(AGAIN).await;
                // If the stream is there, taking over gives it the subject.
                self.look().await?;
                return Err(Trouble::End(Ended::Rewound));
            }
            Ok(Appended::Stored(_)) => return Err(Trouble::Ask),
            Err(error) => return Err(self.trouble(error)),
        }
        Ok(())
    }

    /// Sends messages in a window until an acknowledgement is missing or is not the expected one.
    async fn stretch(&mut self, inbox: &str, acks: &mut Subscriber) -> Result<(), Trouble> {
        let mut deadline = Instant::now() + self.window.ack_timeout;
        loop {
            if self.messages == 0 {
                deadline = Instant::now() + self.window.ack_timeout;
            }
            self.fill(inbox).await?;
            let open = self.has_room();
            tokio::select! {
                biased;
                ack = acks.next() => {
                    let Some(ack) = ack else {
                        return Err(Trouble::End(Ended::Failed(self.stream.closed())));
                    };
                    if self.acknowledged(&ack)? {
                        deadline = Instant::now() + self.window.ack_timeout;
                    }
                }
                () = self.spools.ready(), if open => {}
                () = sleep_until(deadline), if self.messages > 0 => {
                    self.stats.set_waiting(Some("no acknowledgement from NATS".into()));
                    return Err(Trouble::Ask);
                }
            }
        }
    }

    /// Sends what the window has room for. The last message asks for an acknowledgement.
    async fn fill(&mut self, inbox: &str) -> Result<(), Trouble> {
        let mut held = None;
        while self.has_room() && (self.flown < self.flights.len() || self.take(self.room())) {
            let messages = self.written(self.flown, usize::MAX)?;
            let bytes = messages.iter().map(|message| message.payload.len()).sum();
            self.flights[self.flown].bytes = bytes;
            self.flown += 1;
            self.messages += messages.len();
            self.bytes += bytes;
            for message in messages {
                if let Some(before) = held.replace(message) {
                    self.send(inbox, before, false).await?;
                }
            }
        }
        match held {
            Some(last) => self.send(inbox, last, true).await,
            None => Ok(()),
        }
    }

    async fn send(&mut self, inbox: &str, message: Outgoing, asks: bool) -> Result<(), Trouble> {
        let Outgoing { subject, id, mut headers, payload } = message;
        let expected = HeaderValue::from(self.sent);
        headers.insert(header::NATS_EXPECTED_LAST_SEQUENCE, expected);
        if let Some(last) = self.last_id.replace(id) {
            headers.insert(header::NATS_EXPECTED_LAST_MESSAGE_ID, last);
        }
        self.sent += 1;
        self.unasked += 1;
        let client = &self.stream.connection.client;
        let result = if asks || self.unasked >= ACK_EVERY {
            self.unasked = 0;
            let reply = format!("{inbox}.{}.{}", self.epoch, self.sent);
            client.publish_with_reply_and_headers(subject, reply, headers, payload).await
        } else {
            client.publish_with_headers(subject, headers, payload).await
        };
        result.map_err(|error| match error.kind() {
            // The limit of the server has changed since it was looked up.
            PublishErrorKind::MaxPayloadExceeded => Trouble::Ask,
            _ => Trouble::End(Ended::Failed(self.stream.closed())),
        })
    }

    /// Takes an acknowledgement. Returns `true` if it proves something.
    fn acknowledged(&mut self, ack: &async_nats::Message) -> Result<bool, Trouble> {
        let mut tokens = ack.subject.rsplit('.');
        let mut number = || tokens.next().and_then(|token| token.parse::<u64>().ok());
        let (sequence, epoch) = (number(), number());
        if epoch != Some(self.epoch) {
            return Ok(false);
        }
        match Appended::of(ack) {
            // A message that the stream had already proves nothing of those before it.
            Some(Appended::Stored(stored)) if Some(stored) == sequence => {
                self.prove(stored);
                self.stats.set_waiting(None);
                Ok(true)
            }
            answer => {
                if answer == Some(Appended::Refused) {
                    self.stats.refused.fetch_add(1, Relaxed);
                }
                Err(Trouble::Ask)
            }
        }
    }

    /// Drops all through a sequence, which is proven to be in the stream.
    fn prove(&mut self, sequence: u64) {
        let mut left = usize::try_from(sequence.saturating_sub(self.proven)).unwrap_or(usize::MAX);
        while let Some(flight) = self.flights.front_mut().filter(|_| left > 0) {
            let count = left.min(flight.count);
            left -= count;
            // Counted first: who waits for the end of the release reads the count.
            self.stats.published.fetch_add(count as u64, Relaxed);
            self.spools.release(flight.queue, count);
            flight.first += count as u64;
            flight.count -= count;
            if self.flown > 0 {
                self.messages -= count;
            }
            if flight.count == 0 {
                self.drop_flight();
            }
        }
        self.proven = self.proven.max(sequence);
    }

    /// Drops the first entry, which the stream has at another place.
    fn drop_first(&mut self) {
        let Some(flight) = self.flights.front_mut() else { return };
        self.spools.release(flight.queue, 1);
        flight.first += 1;
        flight.count -= 1;
        if flight.count == 0 {
            self.drop_flight();
        }
    }

    fn drop_flight(&mut self) {
        if let Some(flight) = self.flights.pop_front() {
            self.bytes -= flight.bytes;
            self.flown = self.flown.saturating_sub(1);
        }
    }

    /// Asks the stream for its last message until it answers, and goes on behind it if it is one
    /// of the own.
    async fn recover(&mut self) -> Result<(), Trouble> {
        let last = loop {
            match self.look().await {
                Ok(last) => break last,
                Err(Trouble::Ask) => sleep(AGAIN).await,
                Err(end) => return Err(end),
            }
        };
        self.prove(last);
        self.begin();
        Ok(())
    }

    /// Returns the last sequence of the stream if its message is one of the own.
    async fn look(&mut self) -> Result<u64, Trouble> {
        let last = self.stream.last_sequence().await.map_err(|it| self.trouble(it))?;
        if last <= self.proven {
            return if last == self.proven { Ok(last) } else { Err(Trouble::End(Ended::Rewound)) };
        }
        let stored = self.stream.get(last).await.map_err(|it| self.trouble(it))?;
        // A message that is gone already cannot be told from one of another writer.
        let Some(stored) = stored else { return Err(Trouble::End(Ended::Rewound)) };
        match stored.message {
            Ok(message) if message.bridge == self.writer.run => {
                let own = self.expected(last - self.proven) == Some(message.id);
                if own { Ok(last) } else { Err(Trouble::End(Ended::Rewound)) }
            }
            _ => Err(Trouble::End(Ended::Fenced)),
        }
    }

    /// Returns the id of an entry, counted from 1 behind the one that is proven.
    fn expected(&self, index: u64) -> Option<Id> {
        let mut before = index.checked_sub(1)?;
        for flight in &self.flights {
            match before.checked_sub(flight.count as u64) {
                Some(less) => before = less,
                None => {
                    let number = flight.first + before;
                    return self.spools.id(flight.queue, number, &self.writer.run);
                }
            }
        }
        None
    }

    fn trouble(&self, error: StreamError) -> Trouble {
        match error {
            StreamError::Gone(_) => Trouble::End(Ended::Rewound),
            error if error.is_temporary() => {
                self.stats.set_waiting(Some(error.to_string()));
                Trouble::Ask
            }
            error => Trouble::End(Ended::Failed(error)),
        }
    }

    /// Begins again behind the last message that is proven.
    fn begin(&mut self) {
        for flight in &mut self.flights {
            flight.bytes = 0;
        }
        (self.flown, self.messages, self.bytes, self.unasked) = (0, 0, 0, 0);
        self.sent = self.proven;
        self.last_id = None;
        self.epoch += 1;
    }

    fn has_room(&self) -> bool {
        self.room() > 0 && self.bytes < self.window.bytes
    }

    fn room(&self) -> usize {
        self.window.messages.saturating_sub(self.messages)
    }

    /// Takes entries of the server whose turn it is. Returns `false` if there are none.
    fn take(&mut self, room: usize) -> bool {
        let Some(taken) = self.spools.take(TURN.min(room)) else { return false };
        let Taken { queue, origin, first, count } = taken;
        self.flights.push_back(Flight { queue, origin, first, count, bytes: 0 });
        true
    }

    /// Returns the messages of the first entries of a flight. An entry that is larger than NATS
    /// takes is replaced by the number of events that it stands for.
    fn written(&self, flight: usize, count: usize) -> Result<Vec<Outgoing>, Trouble> {
        let Some(Flight { queue, origin, first, count: all, .. }) = self.flights.get(flight) else {
            return Ok(Vec::new());
        };
        let limit = self.stream.connection.client.max_payload();
        let write = |entry: &Entry| {
            let message = self.writer.message(origin, entry);
            message.map_err(|error| Trouble::End(Ended::Failed(self.stream.unwritten(error))))
        };
        let entries = self.spools.entries(*queue, *first, count.min(*all));
        let mut messages = Vec::with_capacity(entries.len());
        for (number, entry) in (*first..).zip(&entries) {
            let mut message = write(entry)?;
            if message.payload.len() + HEADERS > limit {
                self.spools.give_up(*queue, number, Why::TooLarge);
                for entry in self.spools.entries(*queue, number, 1) {
                    message = write(&entry)?;
                }
            }
            messages.push(message);
        }
        Ok(messages)
    }
}
