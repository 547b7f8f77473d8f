//! Texts of bounded length.

use std::time::Duration;

use jiff::Timestamp;

/// The longest text that is kept of a server, in characters.
const LONGEST: usize = 200;

/// Returns the beginning of a text, with `…` if it is longer.
pub(super) fn short(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

/// Returns the time from one moment to another, which is none if they are in the wrong order.
pub(super) fn between(from: Timestamp, to: Timestamp) -> Duration {
    to.duration_since(from).try_into().unwrap_or_default()
}

/// Returns a duration in words: `0.5 s`, `12 s`, `3:07 min` or `1:02:03 h`.
pub(super) fn lasting(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds < 9.95 {
        return format!("{seconds:.1} s");
    }
    let whole = (duration + Duration::from_millis(500)).as_secs();
    match whole {
        ..60 => format!("{whole} s"),
        60..3600 => format!("{}:{:02} min", whole / 60, whole % 60),
        _ => format!("{}:{:02}:{:02} h", whole / 3600, whole / 60 % 60, whole % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_at_a_glance() {
        let words =
            [0.04, 9.94, 12.4, 59.6, 187.0, 3723.0].map(Duration::from_secs_f64).map(lasting);
        assert_eq!(words, ["0.0 s", "9.9 s", "12 s", "1:00 min", "3:07 min", "1:02:03 h"]);
    }
}
