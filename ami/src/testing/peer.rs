//! The server's end of one connection.

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

/// How long a client is waited for unless told otherwise.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// How many bytes fit into a pipe unless told otherwise: so few that somebody always waits for
/// room.
const PIPE: usize = 64;

/// The server's end of one connection: in memory, or one that a [`Server`](super::Server) has
/// accepted.
///
/// A peer does what it is told and nothing else. While none of its futures is polled, it neither
/// reads nor writes: that is a server that stalls. Dropping it cuts the connection.
///
/// Its futures may be dropped at any time: what was still to be sent goes before what is sent next,
/// and no action is lost.
///
/// It is a byte stream, too ([`AsyncRead`], [`AsyncWrite`]), for what goes beyond actions and
/// messages; what it has read already comes first.
pub struct Peer {
    link: Link,
    script: Arc<Mutex<Script>>,
    received: Vec<Action>,
    /// The actions of all connections of a server.
    log: Option<Arc<Mutex<Vec<Action>>>>,
    patience: Duration,
    greeted: bool,
    /// Whether a login has come: who lets the client in knows what to do then.
    logged_in: bool,
    /// What is to become of the connection once all is sent.
    then: Then,
    stalled: bool,
}

impl Peer {
    /// A pipe in memory that holds 64 bytes, for [`Config::handshake`], and the peer at its other
    /// end, with the script [`Script::new`]. Nothing is said yet.
    pub fn pipe() -> (DuplexStream, Self) {
        Self::pipe_of(PIPE)
    }

    /// As [`pipe`](Self::pipe), with room for so many bytes in each direction.
    pub fn pipe_of(bytes: usize) -> (DuplexStream, Self) {
        let (near, far) = duplex(bytes);
        (near, Self::over(far))
    }

    /// A peer at the end of any byte stream.
    pub fn over(io: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) -> Self {
        Self::with(io, Arc::default())
    }

    /// A client of this configuration that is connected by a [`pipe`](Self::pipe), and the peer
    /// that has let it in. The client does not connect again: that takes a
    /// [`Server`](super::Server). It has seen the event `FullyBooted` already.
    ///
    /// # Errors
    ///
    /// If the client fails.
    pub async fn connect(config: &Config) -> Result<(Client, Self), PeerError> {
        Self::connect_with(config, Script::new()).await
    }

    /// As [`connect`](Self::connect), with another script.
    ///
    /// # Errors
    ///
    /// If the client fails, or the script does not let it in.
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

    /// Sets what the peer answers by itself.
    #[must_use]
    pub fn script(mut self, script: Script) -> Self {
        self.script = Arc::new(Mutex::new(script));
        self
    }

    /// Sets how long the client is waited for, when it is to send or to read; 10 s by default. With
    /// tokio's clock paused a wait that nothing ends is over at once.
    #[must_use]
    pub fn patience(mut self, limit: Duration) -> Self {
        self.patience = limit;
        self
    }

    /// All actions that have come, the login among them.
    pub fn received(&self) -> &[Action] {
        &self.received
    }

    /// Sends the banner, for a login that is led step by step.
    ///
    /// # Errors
    ///
    /// If the client does not read, or is gone.
    pub async fn greet(&mut self) -> Result<(), PeerError> {
        self.greeted = true;
        let banner = self.with_script(|script| script.banner.clone());
        self.send(format!("{banner}\r\n")).await
    }

    /// Sends the banner unless that was done, and lets the client in, by challenge or by plain
    /// secret, as the script says. The result is the action `Login`.
    ///
    /// # Errors
    ///
    /// If the client does not log in, or is refused; the connection is closed then.
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

    /// Sends the banner unless that was done, waits for the login, refuses it with these words, and
    /// closes the connection. The result is the action `Login`.
    ///
    /// # Errors
    ///
    /// If the client does not log in.
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

    /// Waits for the next action that the script does not answer. Those that it answers are
    /// answered meanwhile.
    ///
    /// # Errors
    ///
    /// If none comes in time, or the client closes the connection.
    pub async fn action(&mut self) -> Result<Action, PeerError> {
        self.wait(None, false).await
    }

    /// As [`action`](Self::action), for an action of that name, whether or not the script has an
    /// answer to it.
    ///
    /// # Errors
    ///
    /// If another action comes that the script does not answer, none comes in time, or the client
    /// closes the connection.
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
    /// If the client does not read, or is gone.
    pub async fn respond(
        &mut self,
        action: &Action,
        reply: impl Into<Reply>,
    ) -> Result<(), PeerError> {
        let reply = reply.into();
        self.then = reply.then;
        self.send(reply.encode(action)).await?;
        self.settle().await;
        Ok(())
    }

    /// Does with the connection what the last reply said, behind its bytes.
    async fn settle(&mut self) {
        match std::mem::replace(&mut self.then, Then::GoOn) {
            Then::GoOn => {}
            Then::Stall => self.stalled = true,
            Then::Close => self.link.close().await,
        }
    }

    /// Sends an event, from text as a person writes it: see [`Event::parse`].
    ///
    /// # Errors
    ///
    /// If the text is no event, the client does not read, or is gone.
    pub async fn event(&mut self, text: impl AsRef<[u8]>) -> Result<(), PeerError> {
        let event = Event::parse(text).map_err(PeerError::Event)?;
        self.send(event.raw()).await
    }

    /// Sends bytes as they are: forged messages, halves of one, garbage.
    ///
    /// # Errors
    ///
    /// If the client does not read, or is gone.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) -> Result<(), PeerError> {
        if self.link.is_cut() {
            return Err(PeerError::Cut);
        }
        self.link.queue(bytes.as_ref());
        let sent = timeout(self.patience, self.link.flush()).await;
        let (waited, left) = (self.patience, self.link.left());
        sent.map_err(|_| PeerError::NotRead { waited, left })?.map_err(PeerError::Io)
    }

    /// Serves by the script until the connection ends: the client closes it, or the script does.
    /// A client that has not logged in is let in first. Actions without an answer in the script
    /// are refused as unknown.
    ///
    /// # Errors
    ///
    /// If the client does not log in in time, sends what is no action, or the connection fails. A
    /// login that is refused is no error.
    ///
    /// # Panics
    ///
    /// If a closure of the script panics.
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

    /// Serves as [`serve`](Self::serve) does while the program runs, and gives what it gives.
    ///
    /// # Errors
    ///
    /// If the client sends what is no action, or the connection fails.
    ///
    /// # Panics
    ///
    /// If a closure of the script panics.
    pub async fn serve_until<F: Future>(&mut self, program: F) -> Result<F::Output, PeerError> {
        let mut program = pin!(program);
        tokio::select! {
            biased;
            output = &mut program => return Ok(output),
            served = self.serve() => served?,
        }
        Ok(program.await)
    }

    /// Waits until the client has closed the connection; what it still sends is thrown away.
    ///
    /// # Errors
    ///
    /// If it does not close it in time.
    pub async fn closed(&mut self) -> Result<(), PeerError> {
        let limit = self.patience;
        timeout(limit, self.link.end()).await.map_err(|_| PeerError::NotClosed(limit))?
    }

    /// Waits for an action, which must come in time. `raw` leaves the script out.
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

    /// The next action that has this name or that the script does not answer; `None` behind the
    /// last.
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

    /// The next action, or `None` behind the last.
    async fn read_action(&mut self) -> Result<Option<Action>, PeerError> {
        // A reply that was given up goes first.
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

/// Lets a client in that is about to connect, and serves it until it has connected, and has seen
/// what comes behind the login.
pub(super) async fn meet(mut connect: Connect, peer: &mut Peer) -> Result<Client, PeerError> {
    let mut booted = connect.subscribe(Filter::named(["FullyBooted"]));
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
    if peer.with_script(|script| script.tells_booted(&login)) {
        // A subscription that is made later does not get it: tests need not reckon with it.
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

/// Shows which actions have come, and no text, which may hold a secret.
impl fmt::Debug for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Peer")
            .field("received", &self.received)
            .field("closed", &self.link.is_cut())
            .finish_non_exhaustive()
    }
}
