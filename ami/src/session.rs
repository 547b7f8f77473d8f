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

/// Runs a connection until it ends, and then ends every call and subscription that depends on it.
pub(crate) async fn run<T: AsyncRead + AsyncWrite>(
    link: Link<T>,
    outbox: &Outbox,
    router: &Router,
    cancelled: CancellationToken,
) {
    let mut end = End {
        outbox,
        router,
        reason: Disconnect::Closed,
    };
    let (reader, writer) = tokio::io::split(link.io);
    end.reason = tokio::select! {
        // A response that has arrived is delivered before the end is told.
        biased;
        reason = read(reader, link.codec, link.buffer, router) => reason,
        reason = write(writer, outbox) => reason,
        () = cancelled.cancelled() => Disconnect::Closed,
    };
}

/// What is done however the session ends, also when its runtime goes away under it.
struct End<'a> {
    outbox: &'a Outbox,
    router: &'a Router,
    reason: Disconnect,
}

impl Drop for End<'_> {
    fn drop(&mut self) {
        let reason = &self.reason;
        tracing::debug!(%reason, "the session ended");
        // In this order: nothing new, then the queue, then the table.
        let delivery = self.outbox.close(reason.clone());
        self.router.fail_all(|id| Error::Disconnected {
            reason: reason.clone(),
            delivery: delivery(id),
        });
    }
}

async fn read<T: AsyncRead>(
    mut reader: ReadHalf<T>,
    mut codec: Codec,
    mut buffer: BytesMut,
    router: &Router,
) -> Disconnect {
    loop {
        while let Ok(Some(frame)) = codec.decode(&mut buffer) {
            router.dispatch(frame);
        }
        buffer.reserve(READ);
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
