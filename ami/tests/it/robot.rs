//! A peer that answers every action as a server would, over a link that can be slow, coarse or cut.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use ami::testing::{Peer, Reply, Script};
use ami::{Action, Client, Config, Login};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};

/// Starts a robot at the far end of a pipe of 64 bytes, of which so many bytes come through before
/// the link ends.
pub(crate) fn robot(says: usize) -> Cut<DuplexStream> {
    let (near, peer) = Peer::pipe();
    let mut peer = peer.script(Script::empty().otherwise(answer));
    tokio::spawn(async move { peer.serve().await.unwrap() });
    Cut(near, says)
}

/// A client of a robot.
pub(crate) async fn client(says: usize) -> Result<Client, ami::Error> {
    let config = Config::new("user", "mysecret").login(Login::Challenge);
    let client = config.handshake(robot(says)).await?;
    // The question for the permissions is answered by now, or the link is cut.
    drop(client.permissions().await);
    Ok(client)
}

/// The answer of a server to an action, with an event behind it.
fn answer(action: &Action) -> Reply {
    let success = Reply::success;
    let reply = match action.name() {
        "Ping" => success().field("Ping", "Pong"),
        "CoreSettings" => success().field("AsteriskVersion", "22.10.1"),
        "Command" if action.text("Command").unwrap().starts_with("manager show") => {
            Reply::output("  read perm: all")
        }
        "Command" => Reply::output("a\nb"),
        "Events" => success().field("Events", "On"),
        "Originate" => success()
            .field("Message", "Originate successfully queued")
            .event("OriginateResponse")
            .field("Response", "Success")
            .field("Reason", "4")
            .field("Uniqueid", "u.1"),
        "List" => Reply::list(["Event: Item\nN: 1", "Event: Item\nN: 2"]),
        "Logoff" => Reply::response("Goodbye"),
        _ => success(),
    };
    reply.raw("Event: Behind\r\n\r\n")
}

/// A link that ends behind so many bytes from the other side.
pub(crate) struct Cut<T>(T, usize);

impl<T: AsyncRead + Unpin> AsyncRead for Cut<T> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Self(io, left) = self.get_mut();
        let mut piece = vec![0; buf.remaining().min(*left)];
        let mut piece = ReadBuf::new(&mut piece);
        let read =
            if *left > 0 { Pin::new(io).poll_read(cx, &mut piece) } else { Poll::Ready(Ok(())) };
        buf.put_slice(piece.filled());
        *left -= piece.filled().len();
        read
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Cut<T> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().0).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().0).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().0).poll_shutdown(cx)
    }
}

/// A link that gives at most so many bytes at a time.
pub(crate) struct Pieces<T>(pub(crate) T, pub(crate) usize);

impl<T: AsyncRead + Unpin> AsyncRead for Pieces<T> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Self(io, size) = self.get_mut();
        let mut piece = vec![0; buf.remaining().min(*size)];
        let mut piece = ReadBuf::new(&mut piece);
        let read = Pin::new(io).poll_read(cx, &mut piece);
        buf.put_slice(piece.filled());
        read
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Pieces<T> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let Self(io, size) = self.get_mut();
        Pin::new(io).poll_write(cx, &bytes[..bytes.len().min(*size)])
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().0).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().0).poll_shutdown(cx)
    }
}
