//! Texts of a width.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use live::Since;
use unicode_width::UnicodeWidthStr;

use crate::out::{fitting, local};

/// Returns a text in so many columns at most. If it is longer, `…` says so.
pub(super) fn fit(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    match width.checked_sub(1) {
        Some(left) => format!("{}…", fitting(text, left)),
        None => String::new(),
    }
}

/// Returns a text at the right end of so many columns.
pub(super) fn right(text: &str, width: usize) -> String {
    let text = fit(text, width);
    format!("{}{text}", " ".repeat(width.saturating_sub(text.width())))
}

/// Returns a number and its noun.
pub(super) fn count(number: u64, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// Returns the time since something began, with `>` if it began before that.
pub(super) fn age(since: Since, now: SystemTime) -> String {
    let text = span(now.duration_since(since.time()).unwrap_or_default());
    match since {
        Since::At(_) => text,
        Since::Before(_) => format!(">{text}"),
    }
}

/// Returns a time as minutes and seconds, with hours or days before them.
pub(super) fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    let (minutes, seconds) = (seconds / 60, seconds % 60);
    let (hours, minutes) = (minutes / 60, minutes % 60);
    match (hours / 24, hours % 24) {
        (0, 0) => format!("{minutes}:{seconds:02}"),
        (0, hours) => format!("{hours}:{minutes:02}:{seconds:02}"),
        (days, hours) => format!("{days}d {hours:02}h"),
    }
}

/// Returns a time of day in the local time zone.
pub(super) fn clock(time: SystemTime) -> String {
    let text = Timestamp::try_from(time).map(local).unwrap_or_default();
    // Without the fraction of a second.
    text.split('.').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_at_the_width_of_its_letters() {
        assert_eq!(["abc", "abcd", "日本語"].map(|it| fit(it, 3)), ["abc", "ab…", "日…"]);
        assert_eq!((fit("日本語", 4), fit("ab", 0)), ("日…".into(), String::new()));
        assert_eq!((right("7", 3), right("日本語", 5)), ("  7".into(), "日本…".into()));
    }

    #[test]
    fn times_are_short() {
        let shown = [7, 67, 3_700, 273_600].map(|it| span(Duration::from_secs(it)));
        assert_eq!(shown, ["0:07", "1:07", "1:01:40", "3d 04h"]);
        let begin = SystemTime::UNIX_EPOCH;
        let now = begin + Duration::from_secs(9);
        assert_eq!(
            (age(Since::At(begin), now), age(Since::Before(begin), now)),
            ("0:09".into(), ">0:09".into())
        );
        assert_eq!(age(Since::At(now), begin), "0:00");
        assert_eq!([count(1, "call"), count(2, "call")], ["1 call", "2 calls"]);
    }
}
