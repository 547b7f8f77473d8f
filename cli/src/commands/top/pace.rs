//! Rates: how much comes in a time.

use std::collections::VecDeque;
use std::time::Instant;

/// The times over which events and calls are counted, in ticks of a second.
const EVENTS: usize = 10;
const CALLS: usize = 60;

/// The rates of events and calls.
#[derive(Debug, Default)]
pub(super) struct Pace {
    events: VecDeque<(Instant, u64)>,
    calls: VecDeque<(Instant, u64)>,
    /// The calls that have begun so far.
    begun: u64,
}

impl Pace {
    /// Counts a call that begins.
    pub(super) fn call(&mut self) {
        self.begun += 1;
    }

    /// Takes the number of events that have come so far. Called each second.
    pub(super) fn tick(&mut self, now: Instant, events: u64) {
        for (samples, kept, total) in
            [(&mut self.events, EVENTS, events), (&mut self.calls, CALLS, self.begun)]
        {
            if samples.len() > kept {
                samples.pop_front();
            }
            samples.push_back((now, total));
        }
    }

    /// Returns the events in a second, on the average of the last ten.
    pub(super) fn events_per_second(&self) -> f64 {
        let (Some(first), Some(last)) = (self.events.front(), self.events.back()) else {
            return 0.0;
        };
        let seconds = last.0.duration_since(first.0).as_secs_f64();
        let events = last.1.saturating_sub(first.1);
        if seconds > 0.0 { events as f64 / seconds } else { 0.0 }
    }

    /// Returns the number of calls that began in the last minute.
    pub(super) fn calls_in_a_minute(&self) -> u64 {
        let before = self.calls.front().map_or(0, |(_, total)| *total);
        self.begun.saturating_sub(before)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn rates_are_those_of_the_last_seconds() {
        let mut pace = Pace::default();
        assert_eq!((pace.events_per_second(), pace.calls_in_a_minute()), (0.0, 0));
        let begin = Instant::now();
        for second in 0..200 {
            // The first hundred seconds are quiet. Each of the others has five events and a call.
            let events = 5 * u64::max(second, 100);
            if second >= 100 {
                pace.call();
            }
            pace.tick(begin + Duration::from_secs(second), events);
        }
        assert_eq!((pace.events_per_second(), pace.calls_in_a_minute()), (5.0, 60));
        // A pause of the program does not make the rate higher.
        pace.tick(begin + Duration::from_secs(1190), 5 * 200);
        assert!(pace.events_per_second() < 0.1);
    }
}
