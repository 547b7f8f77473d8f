//! The way from a configuration to a client.

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
use crate::events::{Buffer, Filter, Subscribers, Subscription};

impl Config {
    /// Connects over TCP and logs in. `address` is a host and a port, or a host alone for 5038
    /// (5039 with TLS). A name is resolved now, and again whenever the client connects again;
    /// its addresses are tried one after another, in the time that there is for all.
    ///
    /// # Errors
    ///
    /// If there is no connection or no login within [`connect_timeout`](Self::connect_timeout). The
    /// first connection is not tried again, unless [`retry_first`](Self::retry_first) says so.
    pub fn connect(&self, address: impl ToString) -> Connect {
        let (address, config) = (address.to_string(), self.clone());
        Connect::new(self, Some(address.clone()), async move {
            driver::connect_first(&address, &config).await
        })
    }

    /// Logs in over a connection that is already there, as it is: what the config says of TLS is
    /// for [`connect`](Self::connect). It cannot be made anew: the client ends with it.
    ///
    /// # Errors
    ///
    /// If the login does not succeed within [`connect_timeout`](Self::connect_timeout).
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
    /// See [`Config::connect`].
    pub fn connect(&self) -> Connect {
        self.config().connect(self.address())
    }
}

type Connecting = dyn Future<Output = Result<Client, Error>> + Send;

/// A client in the making: await it. Nothing is sent before it is first polled.
///
/// Events that come right behind the login are gone before anybody can subscribe with the client,
/// `FullyBooted` among them. Subscriptions that are made here have them:
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
/// Dropping it closes the connection, and ends these subscriptions; so does an error.
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
            if config.until_booted {
                match client.ready_or(Unknown::GiveUp).await {
                    // Nobody can tell.
                    Ok(()) | Err(Error::Withheld { .. }) => {}
                    Err(error) => return Err(error),
                }
            }
            Ok(client)
        });
        Self { subscribers, connecting, done: false }
    }

    /// Subscribes to events from the first one on, as [`Client::subscribe`] does to those that come
    /// later.
    pub fn subscribe(&self, filter: Filter) -> Subscription {
        self.subscribe_with(filter, Buffer::default())
    }

    /// Subscribes to events from the first one on, with another limit, or none.
    pub fn subscribe_with(&self, filter: Filter, buffer: Buffer) -> Subscription {
        Subscription::new(&self.subscribers, filter, buffer)
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
        // There is no client that would end them.
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
