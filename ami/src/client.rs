//! The handle that programs hold.

use std::fmt;
use std::future::IntoFuture;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::action::Action;
use crate::codec::Banner;
use crate::command::CommandOutput;
use crate::config::Config;
use crate::error::{Delivery, Disconnect, Error, LoginError};
use crate::filter::Filter;
use crate::login::Link;
use crate::message::{Event, Message, Response};
use crate::originate::{Originate, Originated};
use crate::outbox::Outbox;
use crate::router::{Expect, Router};
use crate::session::{self, Core};
use crate::subscription::{Buffer, Subscription};

impl Config {
    /// Connects over TCP and logs in. `address` is `host:port`; a name is resolved now, and its addresses are tried
    /// one after another, in the time that there is for all.
    ///
    /// # Errors
    ///
    /// If there is no connection or no login within [`connect_timeout`](Self::connect_timeout).
    pub async fn connect(&self, address: impl ToString) -> Result<Client, Error> {
        let address = address.to_string();
        let connected = timeout(self.connect_timeout, TcpStream::connect(&address)).await;
        let stream = connected
            .unwrap_or_else(|elapsed| Err(elapsed.into()))
            .and_then(|stream| stream.set_nodelay(true).map(|()| stream))
            .map_err(|source| Error::Connect {
                address: address.as_str().into(),
                source: Arc::new(source),
            })?;
        tracing::debug!(address, "connected");
        self.handshake(stream).await
    }

    /// Logs in over a connection that is already there.
    ///
    /// # Errors
    ///
    /// If the login does not succeed within [`connect_timeout`](Self::connect_timeout).
    pub async fn handshake<T>(&self, io: T) -> Result<Client, Error>
    where
        T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let (high, low) = Uuid::new_v4().as_u64_pair();
        // The two halves have their fixed bits in different places; together all 64 bits are random.
        let prefix = format!("{:016x}", high ^ low.rotate_left(32));
        let router = Router::new(&prefix);
        let mut link = Link::new(io, self.max_message);
        let id = format!("{prefix}-login");
        let login = link.log_in(self, &id, |frame| router.dispatch(frame));
        let late = |_| Err(LoginError::Timeout(self.connect_timeout).into());
        let banner = timeout(self.connect_timeout, login).await.unwrap_or_else(late)?;
        tracing::debug!(banner = %banner.line().escape_ascii(), user = self.user, "logged in");
        let core = Arc::new(Core { outbox: Outbox::new(prefix), router });
        Ok(Client::start(link, core, banner, self))
    }
}

/// A logged-in connection. Clones share it.
///
/// The connection has a task of its own on the runtime that connected it. It ends when the server closes it, with
/// [`close`](Self::close), and when the last clone is dropped. Then every call in flight ends with
/// [`Error::Disconnected`], every subscription ends, and so do calls made later.
#[derive(Clone)]
pub struct Client {
    handle: Arc<Handle>,
}

/// Ends the session when the last client is gone.
struct Handle {
    /// The session's task has it too, but not this handle.
    core: Arc<Core>,
    banner: Banner,
    timeout: Duration,
    cancel: CancellationToken,
}

impl Client {
    fn start<T>(link: Link<T>, core: Arc<Core>, banner: Banner, config: &Config) -> Self
    where
        T: AsyncRead + AsyncWrite + Send + 'static,
    {
        let cancel = CancellationToken::new();
        tokio::spawn(session::run(link, Arc::clone(&core), cancel.clone()));
        Self { handle: Arc::new(Handle { core, banner, timeout: config.timeout, cancel }) }
    }

    /// What the server greeted with.
    pub fn banner(&self) -> &Banner {
        &self.handle.banner
    }

    /// Sends an action and waits for its response. Nothing is sent before the call is first polled.
    ///
    /// ```no_run
    /// # async fn example(client: ami::Client) -> Result<(), ami::Error> {
    /// use ami::Action;
    ///
    /// let pong = client.call(Action::new("Ping")).await?;
    /// assert_eq!(pong.get("Ping"), Some(&b"Pong"[..]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// If the action cannot be sent as it is, the server refuses it, or there is no answer: [`Error`] tells which, and
    /// whether the server may have acted.
    pub fn call(&self, action: Action) -> Call {
        Call { client: self.clone(), action, timeout: self.handle.timeout }
    }

    /// Runs a CLI command and gives what it prints. Needs the write class `command`.
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call). A command that the server does not know is refused.
    pub async fn command(&self, command: &str) -> Result<CommandOutput, Error> {
        CommandOutput::new(self.call(Action::new("Command").field("Command", command)).await?)
    }

    /// Places a call and waits until it is answered or has failed. Needs the write class `originate`, and the read class
    /// `call` for the outcome.
    ///
    /// It waits as long as the server does ([`Originate::timeout`]), and the client's own time-out on top.
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call), and [`Error::Originate`] if the channel was not answered.
    pub async fn originate(&self, originate: Originate) -> Result<Originated, Error> {
        let (action, ringing) = originate.into_action();
        let limit = ringing.saturating_add(self.handle.timeout);
        let outcome = self.run(&action, Expect::Originate, limit).await?;
        Ok(Originated::new(Event::new(outcome)))
    }

    /// Subscribes to events. It gets those that the reader hands out from now on, and holds up to 4,096 of them; beyond
    /// that it [tells](crate::Item::Missed) how many are missing.
    pub fn subscribe(&self, filter: Filter) -> Subscription {
        self.subscribe_with(filter, Buffer::default())
    }

    /// Subscribes to events, with another limit, or none.
    pub fn subscribe_with(&self, filter: Filter, buffer: Buffer) -> Subscription {
        self.handle.core.router.subscribers().add(filter, buffer)
    }

    /// Waits until the server has said that it is fully booted, which it says at once to a client that logs in later.
    /// It takes the read class `system`.
    ///
    /// # Errors
    ///
    /// If it does not say so within the client's time-out, or the connection ends.
    pub async fn ready(&self) -> Result<(), Error> {
        let waited = self.handle.timeout;
        let mut booted = self.handle.core.router.booted();
        tokio::select! {
            _ = booted.wait_for(|&booted| booted) => Ok(()),
            reason = self.ended() => {
                Err(Error::Disconnected { reason, delivery: Delivery::NeverSent })
            }
            () = tokio::time::sleep(waited) => Err(Error::NotBooted(waited)),
        }
    }

    /// Waits until the connection has ended, and says why.
    pub async fn ended(&self) -> Disconnect {
        self.handle.core.outbox.closed().await
    }

    /// How many calls wait for an answer.
    pub fn in_flight(&self) -> usize {
        self.handle.core.router.in_flight()
    }

    /// Logs off and waits until the connection has ended. Other calls in flight end with [`Error::Disconnected`].
    ///
    /// # Errors
    ///
    /// If the server did not answer the logoff, or refused it, as it does while it shuts down. The connection has ended all
    /// the same.
    pub async fn close(&self) -> Result<(), Error> {
        let answer = self.call(Action::new("Logoff")).await;
        self.handle.cancel.cancel();
        self.ended().await;
        match answer {
            // The server closes right behind its answer, and the end may overtake it.
            Ok(_) | Err(Error::Disconnected { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn run(
        &self,
        action: &Action,
        expect: Expect,
        limit: Duration,
    ) -> Result<Message, Error> {
        let core = &*self.handle.core;
        let (sender, receiver) = oneshot::channel();
        let register = |id| core.router.register(id, expect, sender);
        let id = core.outbox.push(action, register)?;
        let waiting = Waiting { core, id };
        match timeout(limit, receiver).await {
            Ok(Ok(result)) => result,
            // Every end of a session ends every call, so the sender is not dropped without a word.
            Ok(Err(_)) => Err(Error::NoResponse),
            Err(_) => Err(Error::Timeout { waited: limit, delivery: waiting.withdraw() }),
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("banner", self.banner()).finish_non_exhaustive()
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}

/// Removes what a call has left behind, however it ends.
struct Waiting<'a> {
    core: &'a Core,
    id: u64,
}

impl Waiting<'_> {
    fn withdraw(&self) -> Delivery {
        match self.core.outbox.withdraw(self.id) {
            true => Delivery::NeverSent,
            false => Delivery::MaybeExecuted,
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if self.core.router.forget(self.id) {
            self.withdraw();
        }
    }
}

/// An action about to be sent: await it for the response. See [`Client::call`].
///
/// Dropping the future takes the action back if it was not written yet; else the server acts on it, and its answer is
/// ignored.
#[derive(Debug)]
#[must_use = "nothing is sent until it is awaited"]
pub struct Call {
    client: Client,
    action: Action,
    timeout: Duration,
}

impl Call {
    /// How long this call waits for its answer, instead of the client's time-out.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }
}

impl IntoFuture for Call {
    type Output = Result<Response, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let response = self.client.run(&self.action, Expect::Response, self.timeout).await?;
            Ok(Response::new(response))
        })
    }
}
