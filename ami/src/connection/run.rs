//! The loops of an open connection: one reads, one writes, and a watch notices silence.
//!
//! The read loop awaits the socket only, so no caller and no full send buffer delays it: the server
//! disconnects clients that do not read. Subscribers that have kept up so far and are about to miss
//! events get at most one millisecond for each read. A subscriber that is behind, or does not use
//! that time, gets none.

use std::mem;
use std::sync::Arc;
use std::time::Duration;

use bytes::{BufMut, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::time::{Instant, sleep};
use tokio_util::codec::Decoder;
use tokio_util::sync::CancellationToken;

use super::Connection;
use super::dispatch::Dispatch;
use super::login::Link;
use super::loss::First;
use crate::error::{Disconnect, Error};
use crate::wire::{Action, Codec, READ_BUFFER};

/// The numbers of reads and of messages in a row after which the loop yields to the writer, and to
/// subscribers on the same thread.
const READS: u32 = 16;
const MESSAGES: u64 = 2048;

/// The time that a subscriber that has kept up so far, and is about to miss events, gets for each
/// read. It is short enough for callers that wait for answers, and for the server, which
/// disconnects a client that does not read for 100 ms.
const TURN: Duration = Duration::from_millis(1);

/// The free space in the buffer below which it is extended.
const SPARE: usize = 4 * 1024;

/// The shortest time that a server gets for a sign of life.
const MOMENT: Duration = Duration::from_secs(1);

/// The silence after which the server is asked for a sign of life, and the time-out of the
/// question.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Keepalive {
    pub(crate) idle: Option<Duration>,
    pub(crate) limit: Duration,
}

/// Runs a connection until it ends, and returns the reason. The end fails every pending call, even
/// if the future is dropped before its first poll or later, because its runtime shuts down.
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
            // Responses that have arrived are delivered before the end is reported.
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
        let Self { connection, reason } = self;
        tracing::debug!(reason = format!("{reason:#}"), "the connection ended");
        // The order matters: refuse new actions, drop the queue, then fail the pending calls.
        let delivery = connection.outbox.close(reason.clone());
        if !matches!(reason, Disconnect::Closed) {
            // The gap before this connection comes before the loss of it.
            connection.tell_of_begin(First::Other);
            connection.subscribers.down(reason);
        }
        connection
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
    // `true` while a message is read that is larger than a read buffer.
    let mut large = false;
    loop {
        let mut gave_way = false;
        while let Ok(Some(frame)) = codec.decode(&mut buffer) {
            if mem::take(&mut large) {
                // A small message that is kept must not keep the buffer of a large one alive.
                buffer = BytesMut::from(&buffer[..]);
            }
            dispatch.dispatch(frame);
            if !gave_way && dispatch.has_half_full() {
                give_way(&mut dispatch).await;
                (reads, turn, gave_way) = (0, dispatch.count + MESSAGES, true);
            }
        }
        dispatch.flush();
        reads += 1;
        if reads >= READS || dispatch.count >= turn {
            // Both loops share the budget that Tokio gives a task, so a flood of messages must
            // leave some of it to the writer.
            tokio::task::yield_now().await;
            (reads, turn) = (0, dispatch.count + MESSAGES);
        }
        large |= buffer.len() > READ_BUFFER;
        if buffer.capacity() - buffer.len() < SPARE {
            // The buffer is not extended before every read: each message that is kept would then
            // keep a buffer of its own.
            buffer.reserve(READ_BUFFER);
        }
        // What is read with the end of a large message is copied, and no larger than a buffer.
        let most = if large { READ_BUFFER } else { usize::MAX };
        match reader.read_buf(&mut (&mut buffer).limit(most)).await {
            Ok(0) => break,
            Ok(bytes) => connection.counters.bytes_received.add(bytes as u64),
            Err(error) => return Disconnect::Io(Arc::new(error)),
        }
    }
    while let Ok(Some(frame)) = codec.decode_eof(&mut buffer) {
        dispatch.dispatch(frame);
    }
    dispatch.flush();
    Disconnect::Eof
}

/// Yields to subscribers that are about to miss events, on this thread or on others, until they
/// have caught up or the time is over. The reader continues then in any case.
async fn give_way(dispatch: &mut Dispatch<'_>) {
    dispatch.begin_turn();
    // The clock of the machine is used because that of the runtime can be paused.
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

/// Returns when the server has given no sign of life. Only a message counts: bytes alone can belong
/// to a message that never ends.
async fn watch(connection: &Arc<Connection>, keepalive: Keepalive) -> Disconnect {
    let Some(idle) = keepalive.idle else { return std::future::pending().await };
    let counters = &connection.counters;
    let mut heard = counters.messages();
    loop {
        sleep(idle).await;
        let before = mem::replace(&mut heard, counters.messages());
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
