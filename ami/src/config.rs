//! How to log in, and how long to wait.

use std::fmt;
use std::time::Duration;

use crate::action::Action;
use crate::codec::MAX_MESSAGE;

/// How the client proves who it is.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Login {
    /// A digest of the secret and of a challenge from the server. The secret does not cross the link.
    #[default]
    Challenge,
    /// The secret itself, for everybody on the link to read.
    Plain,
}

/// What a connection needs to know. [`connect`](Self::connect) makes a [`Client`](crate::Client) of it.
#[derive(Clone, Debug)]
pub struct Config {
    pub(crate) user: String,
    pub(crate) secret: Secret,
    pub(crate) events: Option<String>,
    pub(crate) login: Login,
    pub(crate) timeout: Duration,
    pub(crate) connect_timeout: Duration,
    pub(crate) max_message: usize,
}

impl Config {
    /// A user of `manager.conf` and its secret.
    pub fn new(user: impl Into<String>, secret: impl Into<String>) -> Self {
        Self {
            user: user.into(),
            secret: Secret(secret.into()),
            events: None,
            login: Login::default(),
            timeout: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(10),
            max_message: MAX_MESSAGE,
        }
    }

    /// Which events the server sends: `on`, `off`, or class names with commas and no blanks (`call,user`). Unless set,
    /// all that the user's `read` classes allow.
    #[must_use]
    pub fn events(mut self, mask: impl Into<String>) -> Self {
        self.events = Some(mask.into());
        self
    }

    /// How to log in; by challenge unless set.
    #[must_use]
    pub fn login(mut self, login: Login) -> Self {
        self.login = login;
        self
    }

    /// How long a call waits for its answer; 10 s unless set. A [`Call`](crate::Call) can have its own.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How long connecting may take, and logging in again as much; 10 s unless set. Asterisk takes a second to refuse a
    /// login.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// The largest message that is read, in bytes; [`MAX_MESSAGE`] unless set. One that is larger is lost, and told in a
    /// trace; a call that it was the answer to ends with [`NoResponse`](crate::Error::NoResponse) or its time-out.
    #[must_use]
    pub fn max_message(mut self, bytes: usize) -> Self {
        self.max_message = bytes;
        self
    }

    pub(crate) fn login_action(&self, proof: (&str, &str)) -> Action {
        let mut action = Action::new("Login").field("Username", &self.user);
        if proof.0 == "Key" {
            action = action.field("AuthType", "MD5");
        }
        action = action.field(proof.0, proof.1);
        match &self.events {
            Some(events) => action.field("Events", events),
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
