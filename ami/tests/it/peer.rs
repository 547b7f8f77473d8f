//! A server that does what its script says: it knows bytes and no protocol.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, duplex};
use tokio::net::TcpListener;

use ami::{Client, Config, Error, Item, Login, Subscription};

pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// The far end of a pipe of 64 bytes, so that somebody always waits for room, or of a TCP
/// connection.
pub(crate) struct Peer {
    io: Box<dyn Stream>,
    seen: Vec<u8>,
}

impl Peer {
    /// A pipe, and the peer at the other end of it.
    pub(crate) fn new() -> (DuplexStream, Self) {
        let (near, far) = duplex(64);
        (near, Self { io: Box::new(far), seen: Vec::new() })
    }

    /// The far end of a link that is there.
    pub(crate) fn over(io: impl Stream + 'static) -> Self {
        Self { io: Box::new(io), seen: Vec::new() }
    }

    /// Accepts a TCP connection, and says nothing.
    pub(crate) async fn accept(listener: &TcpListener) -> Self {
        let (io, _) = listener.accept().await.unwrap();
        Self { io: Box::new(io), seen: Vec::new() }
    }

    /// A logged-in client, and the peer that let it in.
    pub(crate) async fn with_client() -> (Client, Self) {
        Self::with_config(Config::new("user", "mysecret")).await
    }

    /// As [`with_client`](Self::with_client), for other settings.
    pub(crate) async fn with_config(config: Config) -> (Client, Self) {
        let (near, mut peer) = Self::new();
        let config = config.login(Login::Plain);
        let (client, ()) = tokio::join!(config.handshake(near), peer.log_in());
        (client.unwrap(), peer)
    }

    /// Sends the banner and accepts a plain login.
    pub(crate) async fn log_in(&mut self) {
        self.log_in_and_say("").await;
    }

    /// As [`log_in`](Self::log_in), with something right behind the answer.
    pub(crate) async fn log_in_and_say(&mut self, behind: &str) {
        self.send("Asterisk Call Manager/11.0.0\r\n").await;
        let login = self.action().await;
        assert!(login.starts_with("Action: Login\r\n"), "{login}");
        let answer = "Response: Success\r\nMessage: Authentication accepted\r\n\r\n";
        self.send(format!("{answer}{behind}")).await;
    }

    /// Sends bytes.
    pub(crate) async fn send(&mut self, text: impl AsRef<[u8]>) {
        self.io.write_all(text.as_ref()).await.unwrap();
    }

    /// The next action, as text, with its empty line.
    pub(crate) async fn action(&mut self) -> String {
        loop {
            let end = self.seen.windows(4).position(|window| window == b"\r\n\r\n");
            if let Some(end) = end {
                let action = self.seen.drain(..end + 4).collect();
                return String::from_utf8(action).unwrap();
            }
            assert_ne!(self.io.read_buf(&mut self.seen).await.unwrap(), 0, "the client has gone");
        }
    }

    /// The ActionID of the next action.
    pub(crate) async fn id(&mut self) -> String {
        id(&self.action().await)
    }

    /// Answers the question for the user's rights, which comes before the first originate.
    pub(crate) async fn show_user(&mut self, read: &str) {
        let action = self.action().await;
        assert!(action.contains("Command: manager show user user\r\n"), "{action}");
        self.send(format!("Response: Success\r\nActionID: {}\r\nMessage: Command output follows\r\nOutput:          read perm: {read}\r\n\r\n", id(&action))).await;
    }

    /// Reads an action and the fence behind it, and gives the id of the first.
    pub(crate) async fn fenced(&mut self) -> String {
        let id = self.id().await;
        let fence = self.action().await;
        assert_eq!(fence, format!("Action: Ping\r\nActionID: {id}f\r\n\r\n"));
        id
    }

    /// The next action, which must be of that name; answered with a success that has more lines.
    pub(crate) async fn answer(&mut self, name: &str, more: &str) -> String {
        let action = self.action().await;
        assert!(action.starts_with(&format!("Action: {name}\r\n")), "{action}");
        let id = id(&action);
        self.send(format!("Response: Success\r\nActionID: {id}\r\n{more}\r\n")).await;
        action
    }

    /// Waits for the end of the connection. What is still sent is thrown away.
    pub(crate) async fn end(mut self) {
        while self.io.read_buf(&mut self.seen).await.unwrap() > 0 {}
    }
}

/// What a server that has booted says right behind a login.
pub(crate) const BOOTED: &str = "Event: FullyBooted\r\nPrivilege: system,all\r\n\r\n";

/// The ActionID of an action.
pub(crate) fn id(action: &str) -> String {
    let line = action.lines().find_map(|line| line.strip_prefix("ActionID: "));
    line.unwrap_or_else(|| panic!("no ActionID: {action}")).to_owned()
}

/// Whether two errors are of the same kind.
pub(crate) fn assert_like(error: &Error, pattern: &str) {
    let shown = format!("{error:?}");
    assert!(shown.contains(pattern), "expected {pattern}, got {shown}");
}

/// The name of the next event, or what came instead.
pub(crate) async fn next_name(events: &mut Subscription) -> String {
    match events.next().await {
        Some(Item::Event(event)) => event.name().into_owned(),
        other => format!("{other:?}"),
    }
}

/// The names of the events that have come already.
pub(crate) fn taken(events: &mut Subscription) -> Vec<String> {
    let mut names = Vec::new();
    let mut cx = Context::from_waker(Waker::noop());
    while let Poll::Ready(Some(item)) = pin!(events.next()).poll(&mut cx) {
        match item {
            Item::Event(event) => names.push(event.name().into_owned()),
            other => names.push(format!("{other:?}")),
        }
    }
    names
}
