//! The times of events.

use ami::Message;
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Returns the time of day at which the server sent a message, in the local time zone, or `None` if
/// the message does not have it (`timestampevents` in `manager.conf`).
pub(crate) fn time_of(message: &Message) -> Option<String> {
    let seconds: f64 = message.utf8("Timestamp").ok()??.parse().ok()?;
    let duration = jiff::SignedDuration::try_from_secs_f64(seconds).ok()?;
    Timestamp::from_duration(duration).ok().map(local)
}

/// Returns a time of day in the local time zone.
pub(crate) fn local(time: Timestamp) -> String {
    time.to_zoned(TimeZone::system()).strftime("%H:%M:%S%.3f").to_string()
}
