//! Durations and times, in the forms that the server writes.

use std::time::{Duration, SystemTime};

/// Parses a number with up to nine decimals, in seconds.
pub(super) fn decimal(text: &str) -> Option<Duration> {
    let (whole, decimals) = match text.split_once('.') {
        Some((whole, decimals)) => (whole, Some(decimals)),
        None => (text, None),
    };
    let mut nanos = 0;
    if let Some(decimals) = decimals {
        let scale = 10_u64.pow(9_u32.checked_sub(u32::try_from(decimals.len()).ok()?)?);
        nanos = digits(decimals)? * scale;
    }
    Some(Duration::new(digits(whole)?, u32::try_from(nanos).ok()?))
}

/// Parses `HH:MM:SS`, where the hours can have more digits.
pub(super) fn clock(text: &str) -> Option<Duration> {
    let mut parts = text.split(':').map(digits);
    let (hours, minutes, seconds) = (parts.next()??, parts.next()??, parts.next()??);
    if parts.next().is_some() || minutes > 59 || seconds > 59 {
        return None;
    }
    let total = hours.checked_mul(3600)?.checked_add(minutes * 60 + seconds)?;
    Some(Duration::from_secs(total))
}

/// Parses `2026-01-31T12:00:00.000+0000`, as security events have it (`main/security_events.c`): a
/// date and a time with a zone, from 1970 on.
pub(super) fn date_time(text: &str) -> Option<SystemTime> {
    let (date, rest) = text.split_once('T')?;
    let (time, zone) = rest.split_at(rest.find(['+', '-', 'Z'])?);
    let (time, decimals) = time.split_once('.').unwrap_or((time, "0"));
    let mut parts = date.split('-').map(digits);
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    if parts.next().is_some() || time.len() != "HH:MM:SS".len() {
        return None;
    }
    let local = clock(time).filter(|time| time.as_secs() < 24 * 3600)?;
    let days = Duration::from_secs(days_since_1970(year, month, day)? * 24 * 3600);
    let local = days + local + decimal(&["0.", decimals].concat())?;
    let since = match zone.as_bytes().first()? {
        b'+' => local.checked_sub(offset(&zone[1..])?)?,
        b'-' => local.checked_add(offset(&zone[1..])?)?,
        _ => local,
    };
    let plain = !zone.starts_with('Z') || zone.len() == 1;
    SystemTime::UNIX_EPOCH.checked_add(since).filter(|_| plain)
}

/// Parses `0130` or `01:30`.
fn offset(text: &str) -> Option<Duration> {
    let (hours, minutes) = text.split_once(':').or_else(|| text.split_at_checked(2))?;
    let (hours, minutes) = (digits(hours)?, digits(minutes)?);
    (hours < 24 && minutes < 60).then(|| Duration::from_secs(hours * 3600 + minutes * 60))
}

/// Returns the number of days from 1970-01-01 to a day of the Gregorian calendar, up to the year
/// 9999.
fn days_since_1970(year: u64, month: u64, day: u64) -> Option<u64> {
    let leap = year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400);
    let february = if leap { 29 } else { 28 };
    let lengths = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let before = usize::try_from(month.checked_sub(1)?).ok()?;
    if !(1970..=9999).contains(&year) || day == 0 || day > *lengths.get(before)? {
        return None;
    }
    // The leap years before a year.
    let leaps = |year: u64| (year - 1) / 4 - (year - 1) / 100 + (year - 1) / 400;
    let years = (year - 1970) * 365 + leaps(year) - leaps(1970);
    Some(years + lengths[..before].iter().sum::<u64>() + day - 1)
}

/// Parses digits, without a sign.
fn digits(text: &str) -> Option<u64> {
    text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))
}
