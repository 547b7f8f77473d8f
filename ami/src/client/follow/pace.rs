//! The pauses between questions that repeat themselves.

use std::time::Duration;

use tokio::time::Instant;

/// The shortest and the longest pause.
const FIRST: Duration = Duration::from_secs(1);
const LIMIT: Duration = Duration::from_secs(60);

/// The pauses after a question: one second at first, twice as long each time that the next question
/// follows soon, and at most a minute.
#[derive(Debug, Default)]
pub(super) struct Pace {
    last: Option<Instant>,
    pause: Duration,
}

impl Pace {
    /// Returns the time from which on the next question may be asked.
    pub(super) fn due(&self, now: Instant) -> Instant {
        self.last.map_or(now, |last| last + self.pause)
    }

    /// Notes that the question is asked now.
    pub(super) fn ask(&mut self, now: Instant) {
        let soon = self.last.is_some_and(|last| now - last <= 2 * self.pause);
        self.pause = if soon { (2 * self.pause).min(LIMIT) } else { FIRST };
        self.last = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_minute_and_begin_again_after_a_quiet_time() {
        let mut now = Instant::now();
        let mut pace = Pace::default();
        assert_eq!(pace.due(now), now);
        pace.ask(now);
        for seconds in [1, 2, 4, 8, 16, 32, 60, 60] {
            let due = pace.due(now);
            assert_eq!(due - now, Duration::from_secs(seconds));
            now = due;
            pace.ask(now);
        }
        now += Duration::from_secs(121);
        assert!(pace.due(now) < now);
        pace.ask(now);
        assert_eq!(pace.due(now) - now, FIRST);
    }
}
