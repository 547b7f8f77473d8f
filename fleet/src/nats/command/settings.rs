//! The actions that a bridge accepts over NATS.

use std::time::Duration;

/// The actions that change the session of the bridge itself: its login, and the events that it
/// receives.
const OF_THE_SESSION: [&str; 6] = ["Challenge", "Events", "Filter", "Login", "Logoff", "WaitEvent"];

/// The actions that a bridge accepts over NATS, and their limits.
#[derive(Clone, Debug)]
pub(in crate::nats) struct Commands {
    allowed: Vec<String>,
    pub(super) timeout: Duration,
    pub(super) at_once: usize,
}

/// A name that cannot be in the list of allowed actions.
#[derive(Debug, Eq, PartialEq, thiserror::Error)]
pub(in crate::nats) enum AllowError {
    /// The name is no name of an action.
    #[error("{0:?} cannot be the name of an action")]
    Name(String),
    /// The action would change the session of the bridge itself.
    #[error("the action {0} cannot be allowed, because it changes the session of the bridge")]
    Session(String),
}

impl Commands {
    /// Returns the settings that allow these actions, 32 at once on each server, and 30 s for each.
    ///
    /// # Errors
    ///
    /// Returns an error for a name that no action can have, and for actions that change the
    /// session of the bridge.
    pub(in crate::nats) fn allow<N: Into<String>>(
        actions: impl IntoIterator<Item = N>,
    ) -> Result<Self, AllowError> {
        let checked = |name: N| {
            let name = name.into();
            if ami::Action::new(name.as_str()).check().is_err() {
                return Err(AllowError::Name(name));
            }
            if OF_THE_SESSION.iter().any(|it| it.eq_ignore_ascii_case(&name)) {
                return Err(AllowError::Session(name));
            }
            Ok(name)
        };
        let allowed = actions.into_iter().map(checked).collect::<Result<_, _>>()?;
        Ok(Self { allowed, timeout: Duration::from_secs(30), at_once: 32 })
    }

    /// Sets the longest time that an action may take, also if its request asks for more.
    #[must_use]
    pub(in crate::nats) fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets the number of actions that may be in progress on each server.
    #[cfg(test)]
    pub(super) fn at_once(mut self, count: usize) -> Self {
        self.at_once = count;
        self
    }

    /// Returns `true` if no action is allowed.
    pub(in crate::nats) fn is_empty(&self) -> bool {
        self.allowed.is_empty()
    }

    pub(super) fn allows(&self, action: &str) -> bool {
        self.allowed.iter().any(|it| it.eq_ignore_ascii_case(action))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_end_the_session_is_refused_by_name() {
        for name in ["login", "EVENTS", "Filter", "Logoff", "Challenge", "WaitEvent"] {
            let refused = Commands::allow(["Ping", name]).unwrap_err();
            assert_eq!(refused, AllowError::Session(name.to_owned()));
        }
        for name in ["", " Ping", "Ping\r\nAction: Logoff"] {
            assert_eq!(Commands::allow([name]).unwrap_err(), AllowError::Name(name.to_owned()));
        }
        let commands = Commands::allow(["Ping"]).unwrap();
        assert!(commands.allows("pINg") && !commands.allows("Originate"));
    }
}
