//! Connecting: from a configuration to a client.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite};

use crate::client::Client;
use crate::config::{Config, Server};
use crate::connection::ready::Unknown;
use crate::driver::{self, LoggedIn};
use crate::error::{Disconnect, Error};
use crate::events::{Buffer, Filter, FromEvent, Subscribers, Subscription};

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
    pub fn connect(&self, address: impl ToString) -> Connect {
        let (address, config) = (address.to_string(), self.clone());
        Connect::new(self, Some(address.clone()), async move {
            driver::connect_first(&address, &config).await
        })
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
        Connect::new(self, None, async move {
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

type Connecting = dyn Future<Output = Result<Client, Error>> + Send;

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
    subscribers: Arc<Subscribers>,
    connecting: Pin<Box<Connecting>>,
    done: bool,
}

impl Connect {
    fn new(
        config: &Config,
        address: Option<String>,
        logged_in: impl Future<Output = Result<LoggedIn, Error>> + Send + 'static,
    ) -> Self {
        let subscribers = Arc::<Subscribers>::default();
        let (config, theirs) = (config.clone(), Arc::clone(&subscribers));
        let connecting = Box::pin(async move {
            let first = logged_in.await?;
            let client = Client::start(first, &config, address.as_deref(), theirs);
            let mut booted = !config.until_booted;
            while !booted {
                match client.ready_or(Unknown::GiveUp).await {
                    // It is unknown whether the event can arrive, so the client does not wait for
                    // it.
                    Ok(()) | Err(Error::Withheld { .. }) => booted = true,
                    // Whoever keeps trying the first connection waits for a long boot, too.
                    Err(Error::NotBooted(_)) if config.retries => {}
                    Err(error) => return Err(error),
                }
            }
            Ok(client)
        });
        Self { subscribers, connecting, done: false }
    }

    /// Subscribes to events from the first one after the login on, with the default buffer. See
    /// [`Client::subscribe`].
    pub fn subscribe(&self, filter: Filter) -> Subscription {
        self.subscribe_with(filter, Buffer::default())
    }

    /// Subscribes to events from the first one after the login on, with another buffer size, or
    /// without a limit.
    pub fn subscribe_with(&self, filter: Filter, buffer: Buffer) -> Subscription {
        Subscription::new(&self.subscribers, filter, buffer)
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

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let result = self.connecting.as_mut().poll(cx);
        match &result {
            Poll::Ready(Ok(_)) => self.done = true,
            Poll::Ready(Err(error)) => self.subscribers.end_before_begin(error),
            Poll::Pending => {}
        }
        result
    }
}

impl Drop for Connect {
    fn drop(&mut self) {
        // There is no client that would end the subscriptions.
        if !self.done {
            self.subscribers.end(&Disconnect::Closed);
        }
    }
}

impl fmt::Debug for Connect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connect").finish_non_exhaustive()
    }
}
