//! The settings of a fleet.

use std::time::Duration;

/// The settings of a [`Fleet`](crate::Fleet).
#[derive(Clone, Debug)]
pub struct Config {
    pub(crate) count_wait: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self { count_wait: Duration::from_secs(1) }
    }
}

impl Config {
    /// Sets the longest time that a [`Gap`](crate::Gap) waits for the first numbered event behind
    /// it, so that the missing ones can be counted; a second by default. The events of this server
    /// wait with it, those of others do not.
    #[must_use]
    pub fn count_wait(mut self, wait: Duration) -> Self {
        self.count_wait = wait;
        self
    }
}
