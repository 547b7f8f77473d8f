//! The programs that Debian has, and where fetched ones are kept.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::server::environment::Environment;

/// A program that Debian has, in one version or in several, and what is fetched with it.
#[derive(Debug)]
pub(crate) struct Release {
    /// The program, as people call it.
    pub(crate) program: &'static str,
    /// The program's place below the folder that stands for `/`.
    pub(crate) binary: &'static str,
    pub(crate) versions: Versions,
    /// The name of the folder in the cache.
    pub(crate) folder: &'static str,
    /// The variable of the environment with which users name a program of their own.
    pub(crate) variable: &'static str,
    /// The packages to fetch. The first one has the program and its version; others follow as
    /// dependencies.
    pub(crate) packages: &'static [&'static str],
    /// The dependencies that are not fetched, because every system has them or none needs them.
    pub(crate) not_fetched: &'static [&'static str],
    /// The parts that a program of an earlier fetch may lack.
    pub(crate) parts: &'static [Part],
    /// The suites that may have the program.
    pub(crate) suites: &'static [&'static str],
    /// `true` if these suites leave the mirrors one day and move to Debian's archive.
    pub(crate) leaves: bool,
}

/// The versions that are good enough.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Versions {
    /// The versions with this major version.
    Major(u32),
    /// The versions from this one on, major and minor.
    Since(u32, u32),
}

impl Versions {
    /// Returns `true` if a version is one of these. Of the version, such as `22.10.1+dfsg-1`, the
    /// first numbers count.
    pub(crate) fn include(self, version: &str) -> bool {
        let mut numbers = version.split('.').map(|part| {
            let end = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
            part[..end].parse::<u32>().ok()
        });
        let (first, second) = (numbers.next().flatten(), numbers.next().flatten());
        match self {
            Self::Major(major) => first == Some(major),
            Self::Since(major, minor) => (first, second) >= (Some(major), Some(minor)),
        }
    }
}

impl fmt::Display for Versions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Major(major) => write!(f, "{major}"),
            Self::Since(major, minor) => write!(f, "{major}.{minor} or later"),
        }
    }
}

/// A part that a program of an earlier fetch may lack.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) what: &'static str,
    pub(crate) package: &'static str,
    /// The folder that only this package has. It gets into the program's folder by a rename, so
    /// that it is never there in part.
    pub(crate) folder: &'static str,
}

const MUSIC_ON_HOLD: Part = Part {
    what: "music on hold",
    package: "asterisk-moh-opsound-gsm",
    folder: "usr/share/asterisk/moh",
};

/// The place of the binary of Asterisk.
pub(crate) const ASTERISK: &str = "usr/sbin/asterisk";

pub(crate) const RELEASES: [Release; 2] =
    [asterisk(22, "22", &["forky", "sid"], false), asterisk(16, "16", &["bullseye"], true)];

const fn asterisk(
    major: u32,
    folder: &'static str,
    suites: &'static [&'static str],
    leaves: bool,
) -> Release {
    Release {
        program: "Asterisk",
        binary: ASTERISK,
        versions: Versions::Major(major),
        folder,
        variable: "ASTERISK",
        // The server, its sounds and its music on hold.
        packages: &["asterisk", "asterisk-core-sounds-en-gsm", MUSIC_ON_HOLD.package],
        not_fetched: &[],
        parts: &[MUSIC_ON_HOLD],
        suites,
        leaves,
    }
}

/// The version that is fetched when none is asked for.
pub(crate) const NEWEST: u32 = 22;

/// Returns the versions of Asterisk that can be fetched.
pub(crate) fn majors() -> impl Iterator<Item = u32> {
    RELEASES.iter().filter_map(Release::major)
}

/// Returns the folder of a fetched version of Asterisk.
pub(crate) fn root(environment: &Environment, major: u32) -> Option<PathBuf> {
    Some(environment.cache.as_ref()?.join(major.to_string()))
}

/// Returns the absolute path of a program that a user names: by its binary, or by the folder above
/// the program's `place`.
pub(crate) fn binary(place: &str, path: &Path) -> io::Result<PathBuf> {
    let absolute = fs::canonicalize(path)?;
    let binary = if absolute.is_dir() { absolute.join(place) } else { absolute };
    if !binary.is_file() {
        return Err(io::ErrorKind::NotFound.into());
    }
    Ok(binary)
}

impl Release {
    /// Returns the program with its version, as people call it.
    pub(crate) fn name(&self) -> String {
        format!("{} {}", self.program, self.versions)
    }

    /// Returns the major version, if the release is that of one.
    pub(crate) fn major(&self) -> Option<u32> {
        match self.versions {
            Versions::Major(major) => Some(major),
            Versions::Since(..) => None,
        }
    }

    /// Returns the folder of the program in a cache.
    pub(crate) fn root(&self, cache: &Path) -> PathBuf {
        cache.join(self.folder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_number() {
        let major = |version| Versions::Major(22).include(version);
        assert!(major("22.10.1+dfsg+~cs6.17-1") && major("22") && !major("2.2") && !major(""));
        let since = |version| Versions::Since(2, 10).include(version);
        assert!(since("2.10.27-1+b2") && since("2.10") && since("2.12.0-RC.1") && since("3.0.0"));
        assert!(!since("2.9.10-1") && !since("2.9") && !since("1.20.0") && !since("x"));
        assert!(since("2.100") && !since("2"));
    }
}
