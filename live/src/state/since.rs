//! The beginning of something.

use std::time::{Duration, SystemTime};

/// The beginning of something: known exactly, or only known to be earlier.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Since {
    /// The time at which it began: that of the event where the server stamps events
    /// (`timestampevents`), else the time at which the event was read.
    At(SystemTime),
    /// The time at which it was first seen. It began before that.
    Before(SystemTime),
}

impl Since {
    /// Returns the time, whether it is exact or not.
    pub fn time(self) -> SystemTime {
        match self {
            Self::At(time) | Self::Before(time) => time,
        }
    }

    /// Returns the time that has passed, at least.
    pub fn elapsed(self) -> Duration {
        self.time().elapsed().unwrap_or_default()
    }
}
