//! One live connection: a loop that reads, a loop that writes, raced once.
//!
//! The read loop awaits the socket and nothing else, so no caller, subscriber or full send buffer can make it wait. The
//! server closes a connection that is not read.

use std::sync::Arc;

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio_util::codec::Decoder;
use tokio_util::sync::CancellationToken;

use crate::codec::Codec;
use crate::error::{Disconnect, Error};
use crate::login::Link;
use crate::outbox::Outbox;
use crate::router::Router;

/// How much is read at once.
const READ: usize = 64 * 1024;

/// After so many reads in a row it is the writer's turn.
const TURN: u64 = 16;

/// With less room than this, the buffer gets more.
const SPARE: usize = 4 * 1024;

/// What a session and the clients that use it share.
pub(crate) struct Core {
    pub(crate) outbox: Outbox,
    pub(crate) router: Router,
}

/// Runs a connection until it ends, and then ends every call and subscription that depends on it: also if the future is
/// dropped, before its first poll or later, because its runtime goes away.
pub(crate) fn run<T: AsyncRead + AsyncWrite>(
    link: Link<T>,
    core: Arc<Core>,
    cancelled: CancellationToken,
) -> impl Future<Output = ()> {
    let mut end = End { core, reason: Disconnect::Closed };
    async move {
        let Core { outbox, router } = &*end.core;
        let (reader, writer) = tokio::io::split(link.io);
        let reason = tokio::select! {
            // A response that has arrived is delivered before the end is told.
            biased;
            reason = read(reader, link.codec, link.buffer, router) => reason,
            reason = write(writer, outbox) => reason,
            () = cancelled.cancelled() => Disconnect::Closed,
        };
        end.because(reason);
    }
}

struct End {
    core: Arc<Core>,
    reason: Disconnect,
}

impl End {
    fn because(&mut self, reason: Disconnect) {
        self.reason = reason;
    }
}

impl Drop for End {
    fn drop(&mut self) {
        let reason = &self.reason;
        tracing::debug!(%reason, "the session ended");
        // In this order: nothing new, then the queue, then the table.
        let delivery = self.core.outbox.close(reason.clone());
        self.core
            .router
            .fail_all(|id| Error::Disconnected { reason: reason.clone(), delivery: delivery(id) });
    }
}

async fn read<T: AsyncRead>(
    mut reader: ReadHalf<T>,
    mut codec: Codec,
    mut buffer: BytesMut,
    router: &Router,
) -> Disconnect {
    for reads in 1_u64.. {
        while let Ok(Some(frame)) = codec.decode(&mut buffer) {
            router.dispatch(frame);
        }
        if reads.is_multiple_of(TURN) {
            // The loops share the budget that tokio gives a task: a flood must leave some of it to the writer.
            tokio::task::yield_now().await;
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
            Ok(_) => {}
            Err(error) => return Disconnect::Io(Arc::new(error)),
        }
    }
    while let Ok(Some(frame)) = codec.decode_eof(&mut buffer) {
        router.dispatch(frame);
    }
    Disconnect::Eof
}

async fn write<T: AsyncWrite>(mut writer: WriteHalf<T>, outbox: &Outbox) -> Disconnect {
    let mut batch = BytesMut::new();
    loop {
        outbox.fill(&mut batch).await;
        let written = async {
            writer.write_all(&batch).await?;
            writer.flush().await
        };
        if let Err(error) = written.await {
            return Disconnect::Io(Arc::new(error));
        }
        batch.clear();
    }
}
