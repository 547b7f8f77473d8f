//! A connection that was lost, and what can be told of it once there is another.

use std::time::Duration;

use tokio::time::Instant;

use crate::error::Disconnect;
use crate::events::Gap;
use crate::wire::Event;

/// A lost connection, as far as it is known when the next one is there.
pub(crate) struct Loss {
    pub(crate) reason: Disconnect,
    /// When the connection was logged in that is lost: its server was up then.
    pub(crate) was_up: Instant,
    /// When it was lost.
    pub(crate) lost: Instant,
    /// When the connection was begun that makes good for it.
    pub(crate) dialled: Instant,
    /// When that one was logged in.
    pub(crate) logged_in: Instant,
    /// Whether the former connection had a `FullyBooted`, and this one is to have one: from a
    /// server that has booted it comes right behind the login then, before all other events.
    pub(crate) tells_of_boot: bool,
}

/// The first thing that comes behind a gap.
#[derive(Clone, Copy, Debug)]
pub(crate) enum First<'a> {
    Event(&'a Event),
    /// Something that says nothing of the server, or nothing has come by now.
    Other,
}

impl Loss {
    /// Makes the item that subscribers get.
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
        let uptime = event.utf8("Uptime").ok()??.trim().parse().ok()?;
        // The server wrote it between these two moments.
        since(self.was_up, Duration::from_secs(uptime), self.dialled, now)
    }
}

/// Whether a server was started after a moment, by its uptime in whole seconds, which it told
/// between `earliest` and `latest`. In the second around that moment nobody knows.
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
            // Started within the second before or behind that moment.
            (Duration::from_millis(100_500), 100, None),
            (seconds(100), 99, Some(true)),
            (seconds(100), 0, Some(true)),
            (seconds(0), 0, Some(false)),
        ] {
            let told = since(now - passed, seconds(uptime), now, now);
            assert_eq!(told, restarted, "{passed:?} {uptime}");
        }
        // Read late by a process that was stopped, it says less.
        let told = since(now - seconds(100), seconds(50), now - seconds(60), now);
        assert_eq!(told, None);
    }
}
