//! One live connection: a loop that reads, a loop that writes and a watch over the silence, raced
//! once.
//!
//! The read loop awaits the socket, so no caller and no full send buffer can make it wait: the
//! server closes a connection that is not read. To subscribers that have kept up so far and are
//! about to miss something it gives at most a millisecond a read; one that is behind, or does not
//! use that time, gets none.

use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::time::{Instant, sleep};
use tokio_util::codec::Decoder;
use tokio_util::sync::CancellationToken;

use super::Connection;
use super::dispatch::Dispatch;
use super::login::Link;
use crate::error::{Disconnect, Error};
use crate::wire::{Action, Codec};

/// How much is read at once.
const READ: usize = 64 * 1024;

/// After so many reads in a row, or messages, it is the turn of the writer, and of subscribers on
/// the same thread.
const READS: u32 = 16;
const MESSAGES: u64 = 2048;

/// How long a subscriber that has kept up so far, and is about to miss something, is given for each
/// read. It is short enough for those who wait for answers, and for a server, which gives a client
/// that does not read 100 ms.
const TURN: Duration = Duration::from_millis(1);

/// With less room than this, the buffer gets more.
const SPARE: usize = 4 * 1024;

/// How long a server is given for a sign of life, at least.
const MOMENT: Duration = Duration::from_secs(1);

/// When to ask for a sign of life, and how long to wait for it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Keepalive {
    pub(crate) idle: Option<Duration>,
    pub(crate) limit: Duration,
}

/// Runs a connection until it ends, says why it did, and ends every call that depends on it: also
/// if the future is dropped, before its first poll or later, because its runtime goes away.
pub(crate) fn run<T: AsyncRead + AsyncWrite>(
    link: Link<T>,
    connection: Arc<Connection>,
    keepalive: Keepalive,
    cancelled: CancellationToken,
) -> impl Future<Output = Disconnect> {
    let mut end = End { connection, reason: Disconnect::Closed };
    async move {
        let connection = &end.connection;
        let (reader, writer) = tokio::io::split(link.io);
        let reason = tokio::select! {
            // A response that has arrived is delivered before the end is told.
            biased;
            reason = read(reader, link.codec, link.buffer, connection) => reason,
            reason = write(writer, connection) => reason,
            reason = watch(connection, keepalive) => reason,
            () = connection.spoilt.cancelled() => Disconnect::Unsettled,
            () = cancelled.cancelled() => Disconnect::Closed,
        };
        end.because(reason)
    }
}

struct End {
    connection: Arc<Connection>,
    reason: Disconnect,
}

impl End {
    fn because(&mut self, reason: Disconnect) -> Disconnect {
        self.reason = if self.connection.is_logged_off() { Disconnect::Closed } else { reason };
        self.reason.clone()
    }
}

impl Drop for End {
    fn drop(&mut self) {
        let reason = &self.reason;
        tracing::debug!(reason = format!("{reason:#}"), "the connection ended");
        // In this order: nothing new, then the queue, then the table.
        let delivery = self.connection.outbox.close(reason.clone());
        self.connection
            .pending
            .fail_all(|id| Error::Disconnected { reason: reason.clone(), delivery: delivery(id) });
    }
}

async fn read<T: AsyncRead>(
    mut reader: ReadHalf<T>,
    mut codec: Codec,
    mut buffer: BytesMut,
    connection: &Connection,
) -> Disconnect {
    let mut dispatch = Dispatch::new(connection);
    let (mut reads, mut turn) = (0, MESSAGES);
    loop {
        let mut gave_way = false;
        while let Ok(Some(frame)) = codec.decode(&mut buffer) {
            dispatch.dispatch(frame);
            if !gave_way && dispatch.has_half_full() {
                give_way(&mut dispatch).await;
                (reads, turn, gave_way) = (0, dispatch.count + MESSAGES, true);
            }
        }
        dispatch.flush();
        reads += 1;
        if reads >= READS || dispatch.count >= turn {
            // The loops share the budget that tokio gives a task: a flood must leave some of it to
            // the writer.
            tokio::task::yield_now().await;
            (reads, turn) = (0, dispatch.count + MESSAGES);
        }
        if buffer.is_empty() && buffer.capacity() > 2 * READ {
            // A large message is through. Whoever keeps a small one is not to keep its room.
            buffer = BytesMut::new();
        }
        if buffer.capacity() - buffer.len() < SPARE {
            // Not before every read: a message that somebody keeps would keep a buffer of its own.
            buffer.reserve(READ);
        }
        match reader.read_buf(&mut buffer).await {
            Ok(0) => break,
            Ok(bytes) => connection.counters.bytes_received.add(bytes as u64),
            Err(error) => return Disconnect::Io(Arc::new(error)),
        }
    }
    while let Ok(Some(frame)) = codec.decode_eof(&mut buffer) {
        dispatch.dispatch(frame);
    }
    Disconnect::Eof
}

/// Lets subscribers run that are about to miss something, on this thread or on others, until they
/// have caught up or the time is over. The reader goes on then in any case.
async fn give_way(dispatch: &mut Dispatch<'_>) {
    dispatch.begin_turn();
    // The clock of the machine: that of the runtime can be stopped.
    let begun = std::time::Instant::now();
    loop {
        tokio::task::yield_now().await;
        if !dispatch.has_half_full() || begun.elapsed() >= TURN {
            return dispatch.end_turn();
        }
    }
}

async fn write<T: AsyncWrite>(mut writer: WriteHalf<T>, connection: &Connection) -> Disconnect {
    let mut batch = BytesMut::new();
    loop {
        connection.outbox.fill(&mut batch).await;
        let written = async {
            writer.write_all(&batch).await?;
            writer.flush().await
        };
        if let Err(error) = written.await {
            return Disconnect::Io(Arc::new(error));
        }
        connection.counters.bytes_sent.add(batch.len() as u64);
        batch.clear();
    }
}

/// Returns when the server has given no sign of life. That is a message: bytes alone may be the
/// rest of one whose end does not come.
async fn watch(connection: &Arc<Connection>, keepalive: Keepalive) -> Disconnect {
    let Some(idle) = keepalive.idle else { return std::future::pending().await };
    let counters = &connection.counters;
    let mut heard = counters.messages();
    loop {
        sleep(idle).await;
        let before = std::mem::replace(&mut heard, counters.messages());
        if heard != before {
            continue;
        }
        let asked = Instant::now();
        let busy = connection.pending.busy_until().map(|until| Instant::from_std(until) - asked);
        let limit = busy.unwrap_or_default().max(keepalive.limit).max(MOMENT);
        let answered =
            !connection.ask(&Action::new("Ping"), limit).await.is_err_and(|e| e.is_timeout());
        if !answered && counters.messages() == heard {
            return Disconnect::Unresponsive(asked.elapsed());
        }
    }
}
