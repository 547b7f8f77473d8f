//! Values of fields of queues.

use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use ami::Event;

use crate::state::Since;
use crate::text::Id;

/// Returns a number. `None` if the field is missing or no number.
pub(super) fn number<T: std::str::FromStr>(event: &Event, name: &str) -> Option<T> {
    std::str::from_utf8(event.get(name)?).ok()?.parse().ok()
}

/// Returns a duration that the server tells in seconds.
pub(super) fn seconds(event: &Event, name: &str) -> Duration {
    Duration::from_secs(number(event, name).unwrap_or_default())
}

/// Returns a time that the server tells in seconds of the epoch. 0 is none.
pub(super) fn time(event: &Event, name: &str) -> Option<SystemTime> {
    let seconds = number::<u64>(event, name).filter(|&it| it != 0)?;
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}

/// Returns a beginning that the server tells as the seconds that have passed.
pub(super) fn ago(event: &Event, name: &str, now: SystemTime) -> Since {
    let began = number(event, name).and_then(|it| now.checked_sub(Duration::from_secs(it)));
    began.map_or(Since::Before(now), Since::At)
}

/// Returns a field as a name to look up. `None` if it is missing or empty.
pub(super) fn name<'a>(event: &'a Event, field: &str) -> Option<Cow<'a, str>> {
    event.get(field).filter(|it| !it.is_empty()).map(String::from_utf8_lossy)
}

/// Returns a field as an identifier. `None` if it is missing or empty.
pub(super) fn id(event: &Event, name: &str) -> Option<Id> {
    Some(self::name(event, name)?.into())
}

/// Returns `true` if the field says yes. The servers write a number, or a word.
pub(super) fn yes(event: &Event, name: &str) -> bool {
    matches!(event.get(name), Some(b"1" | b"yes" | b"true"))
}

/// Returns the text of a field, and nothing where the server says that it has none.
pub(super) fn known<'a>(event: &'a Event, name: &str) -> &'a [u8] {
    match event.get(name) {
        // Items of `QueueStatus` say `unknown`, events `<unknown>`.
        None | Some(b"unknown" | b"<unknown>") => b"",
        Some(value) => value,
    }
}
