//! A peer that answers every action as a server would, over a link that can be slow, coarse or cut.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use ami::{Client, Codec, Config, Frame, Login, Message};
use bytes::BytesMut;
use tokio::io::{
    AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf, duplex,
};
use tokio_util::codec::Decoder;

/// What the robot says before anybody asks.
const BANNER: &str = "Asterisk Call Manager/11.0.0\r\n";

/// Starts a robot at the far end of a pipe of 64 bytes, which says so many bytes and is gone then.
pub(crate) fn robot(says: usize) -> DuplexStream {
    let (near, far) = duplex(64);
    tokio::spawn(serve(far, says));
    near
}

/// A client of a robot.
pub(crate) async fn client(says: usize) -> Result<Client, ami::Error> {
    Config::new("user", "mysecret").login(Login::Challenge).handshake(robot(says)).await
}

async fn serve(mut io: DuplexStream, mut left: usize) {
    let mut codec = Codec::without_banner();
    let mut buffer = BytesMut::new();
    let mut answers = BANNER.to_owned();
    loop {
        let cut = answers.len().min(left);
        left -= cut;
        if io.write_all(&answers.as_bytes()[..cut]).await.is_err() || left == 0 {
            return;
        }
        answers.clear();
        // A client that only writes is not read while it is written to: one action at a time, as
        // Asterisk does.
        while answers.is_empty() {
            match codec.decode(&mut buffer) {
                Ok(Some(Frame::Other(action))) => answers = answer(&action),
                Ok(Some(other)) => panic!("{other:?}"),
                _ => {
                    if io.read_buf(&mut buffer).await.is_ok_and(|length| length > 0) {
                        continue;
                    }
                    return;
                }
            }
        }
    }
}

/// What a server says to an action, with an event behind it.
pub(crate) fn answer(action: &Message) -> String {
    let field = |name| action.text(name).unwrap_or_default();
    let id = field("ActionID");
    let reply = |lines: &str| format!("Response: Success\r\nActionID: {id}\r\n{lines}\r\n");
    let event = |lines: &str| format!("Event: {lines}\r\nActionID: {id}\r\n\r\n");
    let text = match &*field("Action") {
        "Challenge" => reply("Challenge: 1234\r\n"),
        "Login" => reply("") + "Event: FullyBooted\r\nPrivilege: system,all\r\n\r\n",
        "Ping" => reply("Ping: Pong\r\n"),
        "CoreSettings" => reply("AsteriskVersion: 22.10.1\r\n"),
        "Command" if field("Command").starts_with("manager show") => {
            reply("Message: Command output follows\r\nOutput:   read perm: all\r\n")
        }
        "Command" => reply("Message: Command output follows\r\nOutput: a\r\nOutput: b\r\n"),
        "Events" => reply("Events: On\r\n"),
        "Originate" => {
            reply("Message: Originate successfully queued\r\n")
                + &event("OriginateResponse\r\nResponse: Success\r\nReason: 4\r\nUniqueid: u.1")
        }
        "List" => {
            reply("EventList: start\r\n")
                + &event("Item\r\nN: 1")
                + &event("Item\r\nN: 2")
                + &event("ListComplete\r\nEventList: Complete")
        }
        "Logoff" => format!("Response: Goodbye\r\nActionID: {id}\r\n\r\n"),
        _ => reply(""),
    };
    text + "Event: Behind\r\n\r\n"
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
