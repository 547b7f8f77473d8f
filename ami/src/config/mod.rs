//! The login, its sources, and the time that everything may take.

mod conf;
mod manager_conf;
mod server_error;
mod source;
#[cfg(feature = "tls")]
mod tls;

use std::fmt;
use std::time::Duration;

use tokio::sync::Semaphore;

pub use self::server_error::{ManagerConfProblem, ServerError, ServerPart};
pub use self::source::Server;
#[cfg(feature = "tls")]
pub use self::tls::{Tls, rustls};
use crate::record::{Recording, Tap};
use crate::wire::{Action, EventMask, KEPT, MAX_MESSAGE};

/// The shortest silence after which a server is asked for a sign of life.
const SHORTEST_IDLE: Duration = Duration::from_millis(100);

/// The proof that the client gives of who it is.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Login {
    /// A digest of the secret and of a challenge from the server. The secret does not cross the
    /// link.
    #[default]
    Challenge,
    /// The secret itself, for everybody on the link to read.
    Plain,
}

/// The settings of a connection, of which [`connect`](Self::connect) makes a
/// [`Client`](crate::Client). A [`Server`] has an address beside them, and comes from the
/// environment or from a `manager.conf`.
#[derive(Clone, Debug)]
pub struct Config {
    pub(crate) user: String,
    pub(crate) secret: Secret,
    pub(crate) events: Option<EventMask>,
    pub(crate) login: Login,
    pub(crate) timeout: Duration,
    pub(crate) connect_timeout: Duration,
    pub(crate) max_message: usize,
    pub(crate) max_in_flight: usize,
    pub(crate) reconnect: Option<Reconnect>,
    pub(crate) keepalive: Option<Duration>,
    pub(crate) retries: bool,
    pub(crate) until_booted: bool,
    pub(crate) tap: Option<Tap>,
    #[cfg(feature = "tls")]
    pub(crate) tls: Option<Tls>,
}

/// The policy by which a client reconnects.
///
/// After the loss, and after every attempt that fails, the client waits; each time twice as long,
/// up to a limit. A random part, up to half of the wait, is left out, so that the clients of a
/// server do not come back all at once. The wait begins anew only after a connection that lasted
/// for a while.
///
/// The client gives up when the server refuses the login (`Authentication failed` and the like):
/// servers ban those who go on trying. While the server shuts down, or says `Login Already In Use`,
/// the client does go on.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Reconnect {
    pub(crate) first: Duration,
    pub(crate) limit: Duration,
    pub(crate) stable: Duration,
}

/// From half a second to 30 s, and anew after a connection of 30 s.
impl Default for Reconnect {
    fn default() -> Self {
        let (first, limit) = (Duration::from_millis(500), Duration::from_secs(30));
        Self { first, limit, stable: Duration::from_secs(30) }
    }
}

impl Reconnect {
    /// Sets the first wait and the longest. Less than a millisecond is taken for one.
    #[must_use]
    pub fn wait(mut self, first: Duration, limit: Duration) -> Self {
        self.first = first.max(Duration::from_millis(1));
        self.limit = limit.max(self.first);
        self
    }

    /// Sets the time that a connection has to last for the next loss to begin with the first wait
    /// again.
    #[must_use]
    pub fn stable(mut self, stable: Duration) -> Self {
        self.stable = stable;
        self
    }
}

impl Config {
    /// The settings for a user of `manager.conf` and its secret.
    #[must_use]
    pub fn new(user: impl Into<String>, secret: impl Into<String>) -> Self {
        Self {
            user: user.into(),
            secret: Secret(secret.into()),
            events: None,
            login: Login::default(),
            timeout: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(10),
            max_message: MAX_MESSAGE,
            max_in_flight: 4096,
            reconnect: Some(Reconnect::default()),
            keepalive: Some(Duration::from_secs(30)),
            retries: false,
            until_booted: false,
            tap: None,
            #[cfg(feature = "tls")]
            tls: None,
        }
    }

    /// The user to log in as.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// Sets which events the server sends; unless set, all that the user's `read` classes allow.
    ///
    /// ```
    /// use ami::{Config, EventClass, EventMask};
    ///
    /// let calls = EventMask::of([EventClass::Call, EventClass::User]);
    /// let config = Config::new("user", "mysecret").event_mask(calls);
    /// ```
    #[must_use]
    pub fn event_mask(mut self, mask: impl Into<EventMask>) -> Self {
        self.events = Some(mask.into());
        self
    }

    /// Sets the way to log in; by challenge unless set.
    #[must_use]
    pub fn login(mut self, login: Login) -> Self {
        self.login = login;
        self
    }

    /// Sets the time that a call waits for its answer; 10 s unless set. A [`Call`](crate::Call) can
    /// have its own.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets the time that connecting may take, and logging in again as much; 10 s unless set.
    /// Asterisk takes a second to refuse a login.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Sets the size of the largest message that is read, in bytes; [`MAX_MESSAGE`] unless set, at
    /// least 1,024. Of one that is larger only the beginning is looked at. A call that it was the
    /// answer to ends with [`TooLarge`](crate::Error::TooLarge), and so does a list that it was
    /// part of; subscribers that it was for have [missed](crate::Item::Missed) it.
    #[must_use]
    pub fn max_message(mut self, bytes: usize) -> Self {
        self.max_message = bytes.max(KEPT);
        self
    }

    /// Sets the number of calls that may wait for a response at once; 4,096 unless set, at least
    /// one. Those beyond wait for their turn, within their own time-outs. An originate that the
    /// server has accepted, and whose phone rings, does not count.
    #[must_use]
    pub fn max_in_flight(mut self, calls: usize) -> Self {
        self.max_in_flight = calls.clamp(1, Semaphore::MAX_PERMITS);
        self
    }

    /// Sets the policy by which the client reconnects; [`Reconnect::default`] unless set. `None`
    /// ends the client with its first connection.
    #[must_use]
    pub fn reconnect(mut self, reconnect: impl Into<Option<Reconnect>>) -> Self {
        self.reconnect = reconnect.into();
        self
    }

    /// Sets the silence after which the server is asked for a sign of life, with a `Ping`; 30 s
    /// unless set. If there is none within the client's time-out, the connection is given up: a
    /// link that is half open shows in no other way. `None` never asks.
    ///
    /// Messages alone count: bytes without an end of a message are no sign of life, and a `Ping`
    /// that is not answered ends the connection then. Less than 100 ms is taken for 100 ms.
    ///
    /// The silence is noticed between one and two times this long after it began. While a call
    /// waits that has a longer time-out of its own, the server may be busy with it, and is
    /// given as long, up to ten minutes: Asterisk says nothing else to a connection while it
    /// works on an action.
    #[must_use]
    pub fn keepalive(mut self, idle: impl Into<Option<Duration>>) -> Self {
        self.keepalive = idle.into().map(|idle| idle.max(SHORTEST_IDLE));
        self
    }

    /// Sets whether [`connect`](Self::connect) goes on trying until it is logged in, with the waits
    /// of [`reconnect`](Self::reconnect). It still ends with an error that
    /// [is final](crate::Error::is_final), and the wait for the boot
    /// ([`until_booted`](Self::until_booted)) has its own limit. Unless set, the first attempt is
    /// the only one.
    #[must_use]
    pub fn retry_first(mut self, retries: bool) -> Self {
        self.retries = retries;
        self
    }

    /// Sets whether [`connect`](Self::connect) and [`handshake`](Self::handshake) also wait until
    /// the server is fully booted, as the client does by itself whenever it connects again:
    /// [`Client::ready`](crate::Client::ready) has the details. Where nobody can tell, they do
    /// not wait. Unless set, there is a client as soon as it is logged in.
    #[must_use]
    pub fn until_booted(mut self, waits: bool) -> Self {
        self.until_booted = waits;
        self
    }

    /// Records what the server sends on every connection of the client, each as a part of its own:
    /// see [`Recording`].
    #[must_use]
    pub fn record(mut self, recording: &Recording) -> Self {
        self.tap = Some(recording.tap());
        self
    }

    /// Connects by TLS, and to port 5039 unless the address has another.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn tls(mut self, tls: Tls) -> Self {
        self.tls = Some(tls);
        self
    }

    pub(crate) fn login_action(&self, proof: (&str, &str), events: Option<&EventMask>) -> Action {
        let mut action = Action::new("Login").field("Username", &self.user);
        if proof.0 == "Key" {
            action = action.field("AuthType", "MD5");
        }
        action = action.field(proof.0, proof.1);
        match events {
            Some(events) => action.field("Events", events.to_string()),
            None => action,
        }
    }
}

/// A secret that does not show.
#[derive(Clone)]
pub(crate) struct Secret(pub(crate) String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(hidden)")
    }
}
