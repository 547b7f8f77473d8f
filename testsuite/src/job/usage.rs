//! The resources that processes use, see proc(5), and the time until a limit.

use std::fs;
use std::time::Duration;

use tokio::time::Instant;

/// The time so long after another; a year where the clock has none that is as late.
pub(crate) fn after(from: Instant, delay: Duration) -> Instant {
    /// Later than any run ends.
    const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);
    from.checked_add(delay).unwrap_or_else(|| from + YEAR)
}

/// The processor time of this process and those children of it that have ended, in seconds.
pub(crate) fn cpu() -> f64 {
    /// Ticks of the clock in which the kernel tells it: `USER_HZ`, the same on every architecture
    /// that Linux still has.
    const TICKS: f64 = 100.0;
    let text = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name of the program may have blanks in it.
    let rest = text.rsplit_once(')').map_or("", |(_, rest)| rest);
    let times = rest.split_whitespace().skip(11).take(4);
    times.filter_map(|it| it.parse::<f64>().ok()).sum::<f64>() / TICKS
}

/// The most memory that this process had, in KiB.
pub(crate) fn memory() -> u64 {
    let text = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}
