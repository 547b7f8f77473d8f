//! A lost connection, and what is known about the gap once the client has reconnected.

use std::time::Duration;

use tokio::time::Instant;

use crate::error::Disconnect;
use crate::events::Gap;
use crate::wire::Event;

/// The facts about a lost connection and its successor.
pub(crate) struct Loss {
    pub(crate) reason: Disconnect,
    /// The login of the lost connection. Its server was up then.
    pub(crate) was_up: Instant,
    /// The time of the loss.
    pub(crate) lost: Instant,
    /// The start of the connection that replaces the lost one.
    pub(crate) dialled: Instant,
    /// The login of that connection.
    pub(crate) logged_in: Instant,
    /// `true` if the lost connection received `FullyBooted`, and the new one can receive it. A
    /// booted server sends it right after the login, before all other events.
    pub(crate) tells_of_boot: bool,
}

/// The begin of a connection, as far as subscribers are to be told.
pub(crate) struct Begin {
    /// The loss of the former connection, if there was one.
    pub(crate) loss: Option<Loss>,
}

/// The first message of a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) enum First<'a> {
    Event(&'a Event),
    /// A message that says nothing about the server, or no message so far.
    Other,
}

impl First<'_> {
    /// Returns the time for which the server has been up, if the message tells it.
    pub(crate) fn uptime(self) -> Option<Duration> {
        let Self::Event(event) = self else { return None };
        let told = event.is("FullyBooted").then(|| event.utf8("Uptime").ok()?);
        told.flatten()?.trim().parse().ok().map(Duration::from_secs)
    }
}

impl Loss {
    /// Returns the gap to report to subscribers.
    pub(crate) fn gap(&self, first: First<'_>) -> Gap {
        Gap {
            reason: self.reason.clone(),
            times: 1,
            lasted: self.logged_in - self.lost,
            restarted: self.restarted(first, Instant::now()),
        }
    }

    fn restarted(&self, first: First<'_>, now: Instant) -> Option<bool> {
        let First::Event(event) = first else { return None };
        if !event.is("FullyBooted") {
            return self.tells_of_boot.then_some(true);
        }
        // The server wrote the event between `dialled` and `now`.
        since(self.was_up, first.uptime()?, self.dialled, now)
    }
}

/// Tells whether a server was started after `moment`. `uptime` is its uptime in whole seconds,
/// written between `earliest` and `latest`. Returns `None` if the start is too close to `moment` to
/// decide.
fn since(moment: Instant, uptime: Duration, earliest: Instant, latest: Instant) -> Option<bool> {
    if uptime >= latest - moment {
        Some(false)
    } else if uptime + Duration::from_secs(1) <= earliest.saturating_duration_since(moment) {
        Some(true)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_uptime_tells_whether_the_server_was_started_anew() {
        let now = Instant::now() + Duration::from_secs(1000);
        let seconds = Duration::from_secs;
        for (passed, uptime, restarted) in [
            (seconds(100), 500, Some(false)),
            (seconds(100), 100, Some(false)),
            // The start is within a second of that moment, before or after it.
            (Duration::from_millis(100_500), 100, None),
            (seconds(100), 99, Some(true)),
            (seconds(100), 0, Some(true)),
            (seconds(0), 0, Some(false)),
        ] {
            let told = since(now - passed, seconds(uptime), now, now);
            assert_eq!(told, restarted, "{passed:?} {uptime}");
        }
        // A process that was stopped reads the event late, so the uptime says less.
        let told = since(now - seconds(100), seconds(50), now - seconds(60), now);
        assert_eq!(told, None);
    }
}
