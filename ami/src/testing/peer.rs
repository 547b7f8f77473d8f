//! The scripted peer: the server's end of one connection.

use std::fmt;
use std::future::pending;
use std::io;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf, duplex};
use tokio::time::timeout;

use super::error::PeerError;
use super::link::{Link, is_gone};
use super::reply::{Reply, Then};
use super::script::{CHALLENGE, Script, unknown};
use crate::client::{Client, Connect};
use crate::config::Config;
use crate::events::Filter;
use crate::wire::{Action, Event};

/// The default time to wait for a client.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// The default capacity of a pipe in bytes. It is small, so that one side always waits for room.
const PIPE: usize = 64;

/// A scripted peer: the server's end of one connection, in memory or accepted by a
/// [`Server`](super::Server).
///
/// A peer acts only while one of its futures is polled. Otherwise it neither reads nor writes, like
/// a server that stalls. Dropping the peer cuts the connection.
///
/// Cancel safe: all futures of a peer can be dropped at any time. Bytes that are still to be sent
/// go out before the next ones, and no action is lost.
///
/// # Raw bytes
///
/// A peer is also a byte stream ([`AsyncRead`], [`AsyncWrite`]), for tests that go beyond actions
/// and messages. Reading returns the bytes that the peer has buffered first.
pub struct Peer {
    link: Link,
    script: Arc<Mutex<Script>>,
    received: Vec<Action>,
    /// The actions of all connections of a server.
    log: Option<Arc<Mutex<Vec<Action>>>>,
    patience: Duration,
    greeted: bool,
    /// `true` once a login has come, so that [`serve`](Self::serve) does not wait for one.
    logged_in: bool,
    /// The fate of the connection once all bytes are sent.
    then: Then,
    stalled: bool,
}

impl Peer {
    /// Creates a pipe in memory that holds 64 bytes in each direction. Returns one end for
    /// [`Config::handshake`], and the peer at the other end, with the script [`Script::new`]. The
    /// peer has sent nothing yet.
    pub fn pipe() -> (DuplexStream, Self) {
        Self::pipe_of(PIPE)
    }

    /// Creates a pipe as [`pipe`](Self::pipe) does, which holds `bytes` bytes in each direction.
    pub fn pipe_of(bytes: usize) -> (DuplexStream, Self) {
        let (near, far) = duplex(bytes);
        (near, Self::over(far))
    }

    /// Creates a peer at the end of any byte stream, with the script [`Script::new`].
    pub fn over(io: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) -> Self {
        Self::with(io, Arc::default())
    }

    /// Connects a client of this configuration through a [`pipe`](Self::pipe), and returns the
    /// client and the peer after the login. The client has received the event `FullyBooted`
    /// already, and an answer to its question for the permissions of the user. It cannot reconnect;
    /// tests of reconnecting need a [`Server`](super::Server).
    ///
    /// # Errors
    ///
    /// Returns an error if the client fails to connect.
    pub async fn connect(config: &Config) -> Result<(Client, Self), PeerError> {
        Self::connect_with(config, Script::new()).await
    }

    /// Connects a client as [`connect`](Self::connect) does, with another script.
    ///
    /// # Errors
    ///
    /// Returns an error if the client fails to connect, or if the script refuses the login.
    pub async fn connect_with(
        config: &Config,
        script: Script,
    ) -> Result<(Client, Self), PeerError> {
        let (near, peer) = Self::pipe();
        let mut peer = peer.script(script);
        Ok((meet(config.handshake(near), &mut peer).await?, peer))
    }

    pub(super) fn with(
        io: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
        script: Arc<Mutex<Script>>,
    ) -> Self {
        Self {
            link: Link::new(io),
            script,
            received: Vec::new(),
            log: None,
            patience: PATIENCE,
            greeted: false,
            logged_in: false,
            then: Then::GoOn,
            stalled: false,
        }
    }

    pub(super) fn logging(mut self, log: Arc<Mutex<Vec<Action>>>) -> Self {
        self.log = Some(log);
        self
    }

    /// Sets the script, which answers actions.
    #[must_use]
    pub fn script(mut self, script: Script) -> Self {
        self.script = Arc::new(Mutex::new(script));
        self
    }

    /// Sets the time that the peer waits for the client to send or to read; 10 s by default. With
    /// Tokio's clock paused, a wait that nothing else ends is over at once.
    #[must_use]
    pub fn patience(mut self, limit: Duration) -> Self {
        self.patience = limit;
        self
    }

    /// Returns all actions that have come, including the login.
    pub fn received(&self) -> &[Action] {
        &self.received
    }

    /// Sends the banner, for a login that the test controls step by step.
    ///
    /// # Errors
    ///
    /// Returns an error if the client does not read or has gone.
    pub async fn greet(&mut self) -> Result<(), PeerError> {
        self.greeted = true;
        let banner = self.with_script(|script| script.banner.clone());
        self.send(format!("{banner}\r\n")).await
    }

    /// Accepts the login, by challenge or by plain secret, as the script says, and returns the
    /// action `Login`. Sends the banner first, unless it was sent.
    ///
    /// # Errors
    ///
    /// Returns an error if the client does not log in, or if the script refuses the login. The
    /// connection is closed then.
    pub async fn log_in(&mut self) -> Result<Action, PeerError> {
        let login = self.until_login().await?;
        match self.with_script(|script| script.admits(&login)) {
            Ok(()) => {
                let welcome = self.with_script(|script| script.welcome(&login));
                self.respond(&login, welcome).await?;
                Ok(login)
            }
            Err(reason) => {
                self.respond(&login, Reply::error(&reason).then_close()).await?;
                let user = login.text("Username").unwrap_or_default().into_owned();
                Err(PeerError::Login { user, reason })
            }
        }
    }

    /// Refuses the login with this message, closes the connection, and returns the action `Login`.
    /// Sends the banner first, unless it was sent.
    ///
    /// # Errors
    ///
    /// Returns an error if the client does not log in.
    pub async fn refuse_login(&mut self, message: &str) -> Result<Action, PeerError> {
        let login = self.until_login().await?;
        self.respond(&login, Reply::error(message).then_close()).await?;
        Ok(login)
    }

    async fn until_login(&mut self) -> Result<Action, PeerError> {
        if !self.greeted {
            self.greet().await?;
        }
        loop {
            let action = self.wait(Some("Login"), true).await?;
            if action.is("Login") {
                return Ok(action);
            }
            if !action.is("Challenge") {
                let expected = "Login".to_owned();
                return Err(PeerError::OtherAction { expected, action: Box::new(action) });
            }
            self.respond(&action, Reply::success().field("Challenge", CHALLENGE)).await?;
        }
    }

    /// Waits for the next action that the script does not answer, and returns it. Actions that the
    /// script answers are answered meanwhile.
    ///
    /// # Errors
    ///
    /// Returns an error if no action comes in time, or the client closes the connection.
    pub async fn action(&mut self) -> Result<Action, PeerError> {
        self.wait(None, false).await
    }

    /// Waits for an action of that name, even if the script has an answer to it. Other actions that
    /// the script answers are answered meanwhile.
    ///
    /// # Errors
    ///
    /// Returns an error if another action comes that the script does not answer, if no action comes
    /// in time, or if the client closes the connection.
    pub async fn expect(&mut self, name: &str) -> Result<Action, PeerError> {
        let action = self.wait(Some(name), false).await?;
        if action.is(name) {
            return Ok(action);
        }
        Err(PeerError::OtherAction { expected: name.to_owned(), action: Box::new(action) })
    }

    /// Sends a reply to an action.
    ///
    /// # Errors
    ///
    /// Returns an error if the client does not read or has gone.
    pub async fn respond(
        &mut self,
        action: &Action,
        reply: impl Into<Reply>,
    ) -> Result<(), PeerError> {
        let reply = reply.into();
        self.finish().await?;
        self.then = reply.then;
        self.say(&reply.encode(action)).await?;
        self.settle().await;
        Ok(())
    }

    /// Ends a reply that was given up, with what it does to the connection.
    async fn finish(&mut self) -> Result<(), PeerError> {
        if self.then != Then::GoOn {
            self.flush().await?;
            self.settle().await;
        }
        Ok(())
    }

    /// Closes or stalls the connection after the bytes of the last reply, if the reply said so.
    async fn settle(&mut self) {
        match std::mem::replace(&mut self.then, Then::GoOn) {
            Then::GoOn => {}
            Then::Stall => self.stalled = true,
            Then::Close => self.link.close().await,
        }
    }

    /// Sends an event, parsed from text that a person writes; see [`Event::parse`].
    ///
    /// # Errors
    ///
    /// Returns an error if the text is not an event, or if the client does not read or has gone.
    pub async fn event(&mut self, text: impl AsRef<[u8]>) -> Result<(), PeerError> {
        let event = Event::parse(text).map_err(PeerError::Event)?;
        self.send(event.raw()).await
    }

    /// Sends bytes unchanged: forged messages, parts of a message, garbage.
    ///
    /// # Errors
    ///
    /// Returns an error if the client does not read or has gone.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) -> Result<(), PeerError> {
        self.finish().await?;
        self.say(bytes.as_ref()).await
    }

    async fn say(&mut self, bytes: &[u8]) -> Result<(), PeerError> {
        if self.link.is_cut() {
            return Err(PeerError::Cut);
        }
        self.link.queue(bytes);
        self.flush().await
    }

    /// Sends what is still to be sent, which must be read in time.
    async fn flush(&mut self) -> Result<(), PeerError> {
        let sent = timeout(self.patience, self.link.flush()).await;
        let (waited, left) = (self.patience, self.link.left());
        sent.map_err(|_| PeerError::NotRead { waited, left })?.map_err(PeerError::Io)
    }

    /// Serves the connection by the script until the client or the script closes it. A client that
    /// has not logged in is logged in first. Actions that the script does not answer are refused as
    /// unknown.
    ///
    /// # Errors
    ///
    /// Returns an error if the client does not log in in time, sends bytes that are not an action,
    /// or the connection fails. A refused login is not an error.
    ///
    /// # Panics
    ///
    /// Panics if a closure of the script panics.
    pub async fn serve(&mut self) -> Result<(), PeerError> {
        match self.serve_client().await {
            Err(PeerError::Io(error)) if is_gone(&error) => Ok(()),
            Err(PeerError::Closed { .. } | PeerError::Login { .. } | PeerError::Cut) => Ok(()),
            served => served,
        }
    }

    async fn serve_client(&mut self) -> Result<(), PeerError> {
        if !self.logged_in {
            self.log_in().await?;
        }
        while let Some(action) = self.next(None).await? {
            self.respond(&action, unknown(&action)).await?;
        }
        Ok(())
    }

    /// Serves the connection as [`serve`](Self::serve) does while `program` runs, and returns the
    /// program's output.
    ///
    /// # Errors
    ///
    /// Returns an error if the client sends bytes that are not an action, or the connection fails.
    ///
    /// # Panics
    ///
    /// Panics if a closure of the script panics.
    pub async fn serve_until<F: Future>(&mut self, program: F) -> Result<F::Output, PeerError> {
        let mut program = pin!(program);
        tokio::select! {
            biased;
            output = &mut program => return Ok(output),
            served = self.serve() => served?,
        }
        Ok(program.await)
    }

    /// Waits until the client has closed the connection. Bytes that the client still sends are
    /// discarded.
    ///
    /// # Errors
    ///
    /// Returns an error if the client does not close the connection in time.
    pub async fn closed(&mut self) -> Result<(), PeerError> {
        let limit = self.patience;
        timeout(limit, self.link.end()).await.map_err(|_| PeerError::NotClosed(limit))?
    }

    /// Waits for an action within the peer's time. With `raw`, the script is not used.
    async fn wait(&mut self, name: Option<&str>, raw: bool) -> Result<Action, PeerError> {
        let waited = self.patience;
        let next = async { if raw { self.read_action().await } else { self.next(name).await } };
        let next = timeout(waited, next).await;
        let (expected, received) = (name.map(str::to_owned), || {
            self.received.iter().map(|action| action.name().to_owned()).collect()
        });
        match next {
            Ok(Ok(Some(action))) => Ok(action),
            Ok(Ok(None)) => Err(PeerError::Closed { expected, received: received() }),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(PeerError::NoAction { expected, waited, received: received() }),
        }
    }

    /// Returns the next action that has this name or that the script does not answer, or `None` at
    /// the end of the stream.
    async fn next(&mut self, name: Option<&str>) -> Result<Option<Action>, PeerError> {
        loop {
            let Some(action) = self.read_action().await? else { return Ok(None) };
            if name.is_some_and(|name| action.is(name)) {
                return Ok(Some(action));
            }
            let Some(reply) = self.with_script(|script| script.reply(&action)) else {
                return Ok(Some(action));
            };
            self.respond(&action, reply).await?;
        }
    }

    /// Returns the next action, or `None` at the end of the stream.
    async fn read_action(&mut self) -> Result<Option<Action>, PeerError> {
        // Bytes of a reply whose future was dropped go out first.
        self.link.flush().await.map_err(PeerError::Io)?;
        self.settle().await;
        if self.stalled {
            pending::<()>().await;
        }
        let Some(action) = self.link.action().await? else { return Ok(None) };
        self.logged_in |= action.is("Login");
        self.received.push(action.clone());
        if let Some(log) = &self.log {
            log.lock().unwrap_or_else(PoisonError::into_inner).push(action.clone());
        }
        Ok(Some(action))
    }

    fn with_script<T>(&self, with: impl FnOnce(&mut Script) -> T) -> T {
        with(&mut self.script.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Logs in a client that is about to connect, and serves it until it has connected and has received
/// the messages after the login.
pub(super) async fn meet(mut connect: Connect, peer: &mut Peer) -> Result<Client, PeerError> {
    // A filter with that name would make the client ask what the user may read.
    let filter = Filter::all().when(|event| event.is("FullyBooted"));
    let mut booted = connect.subscribe(filter);
    let (login, early) = {
        let mut log_in = pin!(peer.log_in());
        tokio::select! {
            biased;
            login = &mut log_in => (login?, None),
            client = &mut connect => {
                let client = client.map_err(PeerError::Client)?;
                (log_in.await?, Some(client))
            }
        }
    };
    let client = match early {
        Some(client) => client,
        None => peer.serve_until(connect).await?.map_err(PeerError::Client)?,
    };
    peer.serve_until(client.settled()).await?;
    if peer.with_script(|script| script.tells_booted(&login)) {
        // A subscription that the test makes later does not receive this event, so tests need not
        // expect it.
        booted.next().await;
    }
    Ok(client)
}

impl AsyncRead for Peer {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().link).poll_read(cx, buf)
    }
}

impl AsyncWrite for Peer {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().link).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().link).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().link).poll_shutdown(cx)
    }
}

/// Shows the names of the actions that have come. Other text may hold a secret.
impl fmt::Debug for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Peer")
            .field("received", &self.received)
            .field("closed", &self.link.is_cut())
            .finish_non_exhaustive()
    }
}
