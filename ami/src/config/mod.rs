//! The settings of a connection: the login, its sources, and time-outs.

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

/// The shortest silence after which the client sends a `Ping`.
const SHORTEST_IDLE: Duration = Duration::from_millis(100);

/// The method by which the client proves its identity.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Login {
    /// A digest (MD5) of the secret and of a challenge from the server. The secret does not cross
    /// the link.
    #[default]
    Challenge,
    /// The secret itself, which anybody on the link can read.
    Plain,
}

/// The settings of a connection. [`connect`](Self::connect) turns them into a
/// [`Client`](crate::Client).
///
/// A [`Server`] is a `Config` with an address. It can be read from the environment, an argument, or
/// a `manager.conf`.
///
/// ```
/// use std::time::Duration;
///
/// use ami::{Config, EventClass};
///
/// let config = Config::new("user", "secret")
///     .timeout(Duration::from_secs(5))
///     .event_mask(EventClass::Call);
/// # assert_eq!(config.user(), "user");
/// ```
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
    pub(crate) permissions: bool,
    pub(crate) tap: Option<Tap>,
    #[cfg(feature = "tls")]
    pub(crate) tls: Option<Tls>,
}

/// The policy for reconnecting.
///
/// The client waits after the loss and after every failed attempt. Each wait is twice as long as
/// the one before, up to a limit. A random part of up to half of the wait is subtracted, so that
/// the clients of a server do not all return at once. The waits start over only after a connection
/// that lasted for a [while](Self::stable).
///
/// The client gives up when the server refuses the login (`Authentication failed` and the like),
/// because servers ban clients that keep trying. It does keep trying while the server shuts down or
/// answers `Login Already In Use`.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Reconnect {
    pub(crate) first: Duration,
    pub(crate) limit: Duration,
    pub(crate) stable: Duration,
}

/// Returns a policy with waits from half a second to 30 s, which start over after a connection of
/// 30 s.
impl Default for Reconnect {
    fn default() -> Self {
        let (first, limit) = (Duration::from_millis(500), Duration::from_secs(30));
        Self { first, limit, stable: Duration::from_secs(30) }
    }
}

impl Reconnect {
    /// Sets the first wait and the longest. Waits shorter than a millisecond become one
    /// millisecond.
    #[must_use]
    pub fn wait(mut self, first: Duration, limit: Duration) -> Self {
        self.first = first.max(Duration::from_millis(1));
        self.limit = limit.max(self.first);
        self
    }

    /// Sets the time that a connection has to last for the waits to start over after its loss.
    #[must_use]
    pub fn stable(mut self, stable: Duration) -> Self {
        self.stable = stable;
        self
    }
}

impl Config {
    /// Creates the settings for a user of `manager.conf` and its secret.
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
            permissions: true,
            tap: None,
            #[cfg(feature = "tls")]
            tls: None,
        }
    }

    /// Returns the user to log in as.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// Sets the events that the server sends. By default the server sends all events that the
    /// user's `read` classes allow.
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

    /// Sets the login method; [`Login::Challenge`] by default.
    #[must_use]
    pub fn login(mut self, login: Login) -> Self {
        self.login = login;
        self
    }

    /// Sets the time that a call waits for its answer; 10 s by default. A single call can have a
    /// time-out of its own, such as [`Call::timeout`](crate::Call::timeout).
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets the time that connecting may take, and the same time again for logging in; 10 s by
    /// default. Asterisk takes a second to refuse a login, so attempts that are repeated have at
    /// least 5 s.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Sets the size of the largest message that is read, in bytes; [`MAX_MESSAGE`] by default, at
    /// least 1,024.
    ///
    /// Only the beginning of a larger message is examined. A call that the message answered ends
    /// with [`TooLarge`](crate::Error::TooLarge), and so does a list that it was part of.
    /// Subscribers that it was for have [missed](crate::Item::Missed) an event.
    #[must_use]
    pub fn max_message(mut self, bytes: usize) -> Self {
        self.max_message = bytes.max(KEPT);
        self
    }

    /// Sets the number of calls that may wait for a response at the same time; 4,096 by default, at
    /// least one. Further calls wait for their turn, within their own time-outs. An originate that
    /// the server has accepted does not count while the phone rings.
    #[must_use]
    pub fn max_in_flight(mut self, calls: usize) -> Self {
        self.max_in_flight = calls.clamp(1, Semaphore::MAX_PERMITS);
        self
    }

    /// Sets the policy for reconnecting; [`Reconnect::default`] by default. With `None` the client
    /// ends with its first connection.
    #[must_use]
    pub fn reconnect(mut self, reconnect: impl Into<Option<Reconnect>>) -> Self {
        self.reconnect = reconnect.into();
        self
    }

    /// Sets the silence after which the client sends a `Ping`; 30 s by default, at least 100 ms. If
    /// no message follows within the client's time-out, the connection is closed as lost. A
    /// half-open link cannot be detected in any other way. `None` turns this off.
    ///
    /// Only whole messages count. Bytes without the end of a message are no sign of life, and a
    /// `Ping` without an answer then ends the connection.
    ///
    /// The silence is noticed between one and two times this long after it began. While a call with
    /// a longer time-out of its own waits, the server may be busy with that call, and gets as much
    /// time, up to ten minutes. Asterisk sends nothing else to a connection while it works on an
    /// action.
    #[must_use]
    pub fn keepalive(mut self, idle: impl Into<Option<Duration>>) -> Self {
        self.keepalive = idle.into().map(|idle| idle.max(SHORTEST_IDLE));
        self
    }

    /// Sets whether [`connect`](Self::connect) retries until it has logged in, with the waits of
    /// [`reconnect`](Self::reconnect); `false` by default. Even with retries, `connect` ends with
    /// an error that [is final](crate::Error::is_final). With
    /// [`until_booted`](Self::until_booted) it also waits for a boot that takes longer than the
    /// time-out.
    #[must_use]
    pub fn retry_first(mut self, retries: bool) -> Self {
        self.retries = retries;
        self
    }

    /// Sets whether [`connect`](Self::connect) and [`handshake`](Self::handshake) also wait until
    /// the server is fully booted, as the client does on every reconnect; `false` by default.
    /// [`Client::ready`](crate::Client::ready) has the details. They do not wait if the client
    /// cannot find out whether the server has booted.
    #[must_use]
    pub fn until_booted(mut self, waits: bool) -> Self {
        self.until_booted = waits;
        self
    }

    /// Sets whether the client asks the server after each login what the user may send
    /// (`ListCommands`); `true` by default.
    ///
    /// With the answer, an action that the user may not send fails with
    /// [`Error::Forbidden`](crate::Error::Forbidden) before it is sent, subscriptions are told
    /// which classes [do not come](crate::Item::Withheld), and
    /// [`Client::permissions`](crate::Client::permissions) has something to say. Actions of the
    /// program are sent once the server has answered. A server that refuses or answers something
    /// else leaves the permissions unknown. So does one that is silent for half of the
    /// [time-out](Self::timeout) of calls, or for [`connect_timeout`](Self::connect_timeout) if
    /// that is shorter.
    #[must_use]
    pub fn ask_permissions(mut self, asks: bool) -> Self {
        self.permissions = asks;
        self
    }

    /// Records the bytes that the server sends on every connection of the client, each connection
    /// as a part of its own; see [`Recording`].
    #[must_use]
    pub fn record(mut self, recording: &Recording) -> Self {
        self.tap = Some(recording.tap());
        self
    }

    /// Connects over TLS. The default port is then 5039.
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

/// A secret, which `Debug` hides.
#[derive(Clone)]
pub(crate) struct Secret(pub(crate) String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(hidden)")
    }
}
