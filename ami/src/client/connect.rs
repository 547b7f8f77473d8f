//! Connecting: from a configuration to a client.

use std::fmt;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite};

use crate::client::{Client, Follow};
use crate::config::{Config, Server};
use crate::connection::ready::Unknown;
use crate::driver::{self, LoggedIn, LoggingIn};
use crate::error::{Disconnect, Error};
use crate::events::{Buffer, Filter, FromEvent, Subscription};
#[cfg(doc)]
use crate::state::State;
use crate::wire::Action;

impl Config {
    /// Connects over TCP and logs in. Nothing is sent before the returned future is polled.
    ///
    /// `address` is a host and a port, or a host alone for port 5038 (5039 with TLS). A host name
    /// is resolved on every connect and reconnect. Its addresses are tried one after another,
    /// within one time-out for all.
    ///
    /// # Errors
    ///
    /// The future returns [`Error::Connect`] if there is no connection within
    /// [`connect_timeout`](Self::connect_timeout), and [`Error::Login`] if the login fails or does
    /// not end within as much time again. [`Error::Action`] says that the user or the secret cannot
    /// be sent. With [`until_booted`](Self::until_booted), it also returns the errors of
    /// [`Client::ready`], except [`Error::Withheld`].
    ///
    /// The first connection is attempted once, unless [`retry_first`](Self::retry_first) is set.
    /// [`Connect::in_background`] returns a client at once instead, which keeps trying.
    pub fn connect(&self, address: impl ToString) -> Connect {
        let (client, address) = (Client::new(self), address.to_string());
        let shared = Arc::clone(client.shared());
        let logging_in = driver::connect_first(shared, address.clone(), self.clone());
        Connect::new(client, self, Some(address), logging_in)
    }

    /// Logs in over an existing connection, which is used as it is: the TLS settings apply to
    /// [`connect`](Self::connect) only. The client cannot reconnect, and ends with this connection.
    ///
    /// # Errors
    ///
    /// The future returns [`Error::Login`] if the login fails or does not end within
    /// [`connect_timeout`](Self::connect_timeout). With [`until_booted`](Self::until_booted), it
    /// also returns the errors of [`Client::ready`], except [`Error::Withheld`].
    pub fn handshake<T>(&self, io: T) -> Connect
    where
        T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let config = self.clone();
        Connect::new(Client::new(self), self, None, async move {
            driver::log_in(io, &config, config.events.as_ref()).await
        })
    }
}

impl Server {
    /// Connects and logs in, as [`Config::connect`] does.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Config::connect`].
    pub fn connect(&self) -> Connect {
        self.config().connect(self.address())
    }
}

/// A future that connects, logs in and returns a [`Client`]. Nothing is sent before it is first
/// polled.
///
/// Events that arrive right after the login, `FullyBooted` among them, are gone before a program
/// can subscribe with the client. A subscription made here receives them:
///
/// ```no_run
/// # async fn example() -> Result<(), ami::Error> {
/// use ami::{Config, Filter};
///
/// let connect = Config::new("user", "mysecret").connect("127.0.0.1");
/// let mut events = connect.subscribe(Filter::all());
/// let client = connect.await?;
/// # Ok(())
/// # }
/// ```
///
/// Dropping the future closes the connection and ends these subscriptions. An error ends them, too.
///
/// # Panics
///
/// Panics if it is polled again after completion, or outside of a Tokio runtime.
#[must_use = "nothing is sent until it is awaited"]
pub struct Connect {
    client: Client,
    config: Config,
    address: Option<String>,
    stage: Stage,
}

enum Stage {
    LoggingIn(Pin<Box<LoggingIn>>),
    /// The client runs. The server may have to boot.
    Booting(Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>),
    /// The future has completed, or the client connects in the background.
    Done,
}

impl Connect {
    fn new(
        client: Client,
        config: &Config,
        address: Option<String>,
        logging_in: impl Future<Output = Result<LoggedIn, Error>> + Send + 'static,
    ) -> Self {
        let stage = Stage::LoggingIn(Box::pin(logging_in));
        Self { client, config: config.clone(), address, stage }
    }

    /// Returns a client at once, which connects in the background.
    ///
    /// The client keeps trying until it has logged in, with the waits of [`Config::reconnect`],
    /// whether or not [`Config::retry_first`] is set. With `reconnect(None)` it uses the waits of
    /// [`Reconnect::default`](crate::Reconnect::default), and ends when this first connection is
    /// lost. A client over an [existing connection](Config::handshake) tries once.
    ///
    /// - The [state](Client::state) is [`State::Connecting`] at first, [`State::Down`] between two
    ///   attempts, [`State::Booting`] after the login, and [`State::Up`] once the server is fully
    ///   booted, as after a reconnect. The client does not wait for the boot if it cannot find out
    ///   whether the server has booted.
    /// - Calls wait for the connection, within their own time-outs. They fail with
    ///   [`Error::NotConnected`] and the error of the latest attempt, or with [`Error::Timeout`] if
    ///   no attempt has failed yet.
    /// - Subscriptions and follows that are made before the login, here or with the client, get
    ///   every event of the first connection. The first connection is no [`Gap`](crate::Gap), and
    ///   does not count as a reconnect.
    /// - An error that [is final](Error::is_final) ends the client with [`Disconnect::Refused`]. So
    ///   does any error where there is no other attempt. See [`Client::ended`].
    ///
    /// ```no_run
    /// # async fn example() {
    /// use ami::{Config, Filter, State};
    ///
    /// let client = Config::new("user", "mysecret").connect("127.0.0.1").in_background();
    /// let mut events = client.subscribe(Filter::all());
    /// let mut state = client.state();
    /// while state.changed().await.is_ok() {
    ///     match &*state.borrow_and_update() {
    ///         State::Down(error) => println!("no connection yet: {error:#}"),
    ///         state => println!("{state}"),
    ///     }
    /// }
    /// # }
    /// ```
    ///
    /// Closing the client, or dropping its last clone, ends the attempts at once. If this future
    /// was polled before, what it has begun is continued; a connection that has logged in is up
    /// then.
    ///
    /// # Panics
    ///
    /// Panics if it is called outside of a Tokio runtime.
    pub fn in_background(mut self) -> Client {
        if let Stage::LoggingIn(first) = mem::replace(&mut self.stage, Stage::Done) {
            let address = self.address.as_deref();
            driver::start_in_background(first, &self.client.handle, &self.config, address);
        }
        self.client.clone()
    }

    /// Subscribes to events from the first one after the login on, with the default buffer. See
    /// [`Client::subscribe`].
    pub fn subscribe(&self, filter: Filter) -> Subscription {
        self.subscribe_with(filter, Buffer::default())
    }

    /// Subscribes to events from the first one after the login on, with another buffer size, or
    /// without a limit.
    pub fn subscribe_with(&self, filter: Filter, buffer: Buffer) -> Subscription {
        self.client.subscribe_with(filter, buffer)
    }

    /// Follows events from the first one after the login on, without lists. See
    /// [`Client::follow_with`]. The follow keeps the client alive.
    pub fn follow_with(&self, filter: Filter, buffer: Buffer) -> Follow {
        self.client.follow_with(filter, std::iter::empty::<Action>(), buffer)
    }

    /// Subscribes to the events of a type from the first one after the login on. See
    /// [`Client::subscribe_to`].
    pub fn subscribe_to<E: FromEvent>(&self) -> Subscription<E> {
        self.subscribe_to_with(Buffer::default())
    }

    /// Subscribes to the events of a type from the first one after the login on, with another
    /// buffer size, or without a limit.
    pub fn subscribe_to_with<E: FromEvent>(&self, buffer: Buffer) -> Subscription<E> {
        self.subscribe_with(E::filter(), buffer).typed()
    }
}

impl Future for Connect {
    type Output = Result<Client, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<Client, Error>> {
        let this = &mut *self;
        let shared = this.client.shared();
        loop {
            let result = match &mut this.stage {
                Stage::LoggingIn(logging_in) => match ready!(logging_in.as_mut().poll(cx)) {
                    Ok(first) => {
                        let address = this.address.as_deref();
                        driver::start(first, &this.client.handle, &this.config, address);
                        if this.config.until_booted {
                            let booted = booted(this.client.clone(), this.config.retries);
                            this.stage = Stage::Booting(Box::pin(booted));
                            continue;
                        }
                        Ok(())
                    }
                    Err(error) => {
                        shared.close(&Disconnect::Refused(Arc::new(error.clone())));
                        Err(error)
                    }
                },
                Stage::Booting(booted) => {
                    ready!(booted.as_mut().poll(cx)).inspect_err(|error| {
                        // The task closes the client, with a reason that comes too late.
                        shared.subscribers.end(&Disconnect::Refused(Arc::new(error.clone())));
                        this.client.handle.cancel.cancel();
                    })
                }
                Stage::Done => panic!("`Connect` polled after completion"),
            };
            this.stage = Stage::Done;
            return Poll::Ready(result.map(|()| this.client.clone()));
        }
    }
}

/// Waits until the server is booted.
async fn booted(client: Client, retries: bool) -> Result<(), Error> {
    loop {
        match client.ready_or(Unknown::GiveUp).await {
            // It is unknown whether the event can arrive, so the client does not wait for it.
            Ok(()) | Err(Error::Withheld { .. }) => return Ok(()),
            // Whoever keeps trying the first connection waits for a long boot, too.
            Err(Error::NotBooted(_)) if retries => {}
            Err(error) => return Err(error),
        }
    }
}

impl Drop for Connect {
    fn drop(&mut self) {
        // The future gives out no client.
        if !matches!(self.stage, Stage::Done) {
            self.client.shared().subscribers.end(&Disconnect::Closed);
        }
    }
}

impl fmt::Debug for Connect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connect").finish_non_exhaustive()
    }
}
