//! The releases of Asterisk that Debian has, and where fetched ones are kept.

use std::path::PathBuf;

use crate::server::environment::Environment;

/// A version that Debian has.
pub(crate) struct Release {
    pub(crate) major: u32,
    /// The suites that may have the version.
    pub(crate) suites: &'static [&'static str],
    /// `true` if these suites leave the mirrors one day and move to Debian's archive.
    pub(crate) leaves: bool,
}

pub(crate) const RELEASES: [Release; 2] = [
    Release { major: 22, suites: &["forky", "sid"], leaves: false },
    Release { major: 16, suites: &["bullseye"], leaves: true },
];

/// The version that is fetched when none is asked for.
pub(crate) const NEWEST: u32 = RELEASES[0].major;

/// Returns the versions that can be fetched.
pub(crate) fn majors() -> impl Iterator<Item = u32> {
    RELEASES.iter().map(|release| release.major)
}

/// Returns the folder of a fetched version.
pub(crate) fn root(environment: &Environment, major: u32) -> Option<PathBuf> {
    Some(environment.cache.as_ref()?.join(major.to_string()))
}
