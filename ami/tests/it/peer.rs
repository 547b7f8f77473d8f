//! A scripted peer that is led by text, and answers nothing by itself.

use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use ami::testing::{self, Script, Server};
use ami::{Client, Codec, Config, Error, Item, Login, Subscription};
use bytes::BytesMut;
use tokio::io::DuplexStream;
use tokio_util::codec::Encoder;

/// Longer than any test waits, with a clock that jumps.
const PATIENCE: Duration = Duration::from_secs(600);

/// The settings of a client that does not ask for its permissions, so that a test sees the actions
/// that it sends itself.
pub(crate) fn quiet_config(user: &str, secret: &str) -> Config {
    Config::new(user, secret).ask_permissions(false)
}

/// The far end of a pipe of 64 bytes, so that somebody always waits for room, or of a TCP
/// connection. What goes wrong with it is a panic.
pub(crate) struct Peer(testing::Peer);

impl Peer {
    /// A pipe, and the peer at the other end of it.
    pub(crate) fn new() -> (DuplexStream, Self) {
        let (near, peer) = testing::Peer::pipe();
        (near, Self::of(peer))
    }

    /// Makes a peer as [`new`](Self::new) does, with a pipe of 1 MiB.
    pub(crate) fn wide() -> (DuplexStream, Self) {
        let (near, peer) = testing::Peer::pipe_of(1024 * 1024);
        (near, Self::of(peer))
    }

    fn of(peer: testing::Peer) -> Self {
        Self(peer.script(Script::empty().booting()).patience(PATIENCE))
    }

    /// Accepts a TCP connection, and says nothing.
    pub(crate) async fn accept(server: &Server) -> Self {
        Self::of(server.accept_silent().await.unwrap())
    }

    /// A logged-in client, and the peer that let it in.
    pub(crate) async fn with_client() -> (Client, Self) {
        Self::with_config(quiet_config("user", "mysecret")).await
    }

    /// Connects as [`with_client`](Self::with_client) does, with other settings.
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

    /// Logs in as [`log_in`](Self::log_in) does, with something right behind the answer.
    pub(crate) async fn log_in_and_say(&mut self, behind: &str) {
        self.0.greet().await.unwrap();
        self.0.expect("Login").await.unwrap();
        let answer = "Response: Success\r\nMessage: Authentication accepted\r\n\r\n";
        self.send(format!("{answer}{behind}")).await;
    }

    /// Sends bytes.
    pub(crate) async fn send(&mut self, text: impl AsRef<[u8]>) {
        self.0.send(text).await.unwrap();
    }

    /// The next action, as text, with its empty line.
    pub(crate) async fn action(&mut self) -> String {
        let action = self.0.action().await.unwrap();
        let mut text = BytesMut::new();
        Codec::new().encode(&action, &mut text).unwrap();
        String::from_utf8(text.to_vec()).unwrap()
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
        self.0.closed().await.unwrap();
    }
}

/// The event of a booted server right after a login.
pub(crate) const BOOTED: &str = "Event: FullyBooted\r\nPrivilege: system,all\r\n\r\n";

/// The ActionID of an action.
pub(crate) fn id(action: &str) -> String {
    let line = action.lines().find_map(|line| line.strip_prefix("ActionID: "));
    line.unwrap_or_else(|| panic!("no ActionID: {action}")).to_owned()
}

/// Checks whether two errors are of the same kind.
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
