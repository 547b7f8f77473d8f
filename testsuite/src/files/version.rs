//! Versions of Asterisk, as the test suite orders them.
//!
//! Tests of old branches, and tests outside of the suite, say between which versions they can run.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// A version of Asterisk: a release, a candidate, a branch, or the newest there is.
#[derive(Clone, Debug)]
pub struct AsteriskVersion {
    text: String,
    subversion: bool,
    /// `None` for master and trunk, which are newer than everything.
    major: Option<u64>,
    value: u64,
    revision: Option<u64>,
}

/// Not a version.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "{0:?} is no version of Asterisk; expected such as 18.2.0, 1.8.11-cert2, 16.0.0-rc1, GIT-20 or SVN-branch-11-r1234"
)]
pub struct VersionError(String);

/// The numbers of a version while it is read.
#[derive(Default)]
struct Parts {
    subversion: bool,
    branch: bool,
    newest: bool,
    numbers: Vec<u64>,
    /// The patch of a certified version.
    certified: Option<u64>,
    is_certified: bool,
    weight: Option<u64>,
    revision: Option<u64>,
}

impl FromStr for AsteriskVersion {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, VersionError> {
        let error = || VersionError(text.to_owned());
        let bare = text.trim();
        let bare = bare.strip_prefix("Asterisk ").unwrap_or(bare);
        let mut parts = Parts::default();
        for token in bare.split(['-', '~', '+']).filter(|token| !token.is_empty()) {
            parts.take(token);
        }
        if parts.numbers.is_empty() && !parts.newest {
            return Err(error());
        }
        let major = (!parts.newest).then(|| parts.numbers[0]);
        Ok(Self {
            text: bare.to_owned(),
            subversion: parts.subversion,
            major,
            value: parts.value(),
            revision: parts.revision,
        })
    }
}

impl Parts {
    fn take(&mut self, token: &str) {
        let lower = token.to_ascii_lowercase();
        let numbered = |word: &str| -> Option<Option<u64>> {
            let rest = lower.strip_prefix(word)?;
            if rest.is_empty() { Some(None) } else { rest.parse().ok().map(Some) }
        };
        if lower == "svn" {
            (self.subversion, self.branch) = (true, true);
        } else if lower == "git" || lower == "branch" {
            self.branch = true;
        } else if let Some(n) = numbered("rc") {
            self.weight = Some(10 * n.unwrap_or(1).min(9));
        } else if let Some(n) = numbered("beta") {
            self.weight = Some(n.unwrap_or(1).min(9));
        } else if let Some(n) = numbered("cert") {
            (self.is_certified, self.certified) = (true, n);
        } else if let Some(n) = numbered("digiumphones") {
            self.certified = self.certified.or(n);
        } else if let Some(Some(n)) = numbered("r") {
            self.revision = Some(n);
        } else if self.numbers.is_empty() && !self.newest {
            let dotted = lower.rsplit('/').next().unwrap_or_default();
            let numbers: Result<Vec<u64>, _> = dotted.split('.').map(str::parse).collect();
            match numbers {
                Ok(numbers) => self.numbers = numbers.into_iter().map(|n| n.min(9_999)).collect(),
                // Such as master, of what is under version control.
                Err(_) => self.newest = self.branch || lower == "master" || lower == "trunk",
            }
            if self.numbers.len() > 1 && self.numbers[0] == 1 {
                self.numbers.remove(0);
            }
        }
    }

    fn value(&self) -> u64 {
        let absent = if self.branch { 99 } else { 0 };
        let number = |at: usize| self.numbers.get(at).copied();
        let major = if self.newest { 99_999 } else { number(0).unwrap_or_default() };
        let minor = number(1).unwrap_or(absent).min(999);
        let patch = self.certified.or_else(|| number(2));
        let patch = patch.unwrap_or(absent).min(99);
        let weight = if self.branch { 999 } else { self.weight.unwrap_or(100) };
        major * 100_000_000 + minor * 100_000 + patch * 1_000 + weight
    }
}

impl AsteriskVersion {
    /// The major version; none for master and trunk.
    pub fn major(&self) -> Option<u64> {
        self.major
    }

    /// Returns whether the version lies between bounds, of which each may be several: where some
    /// name its major version, only those count. A minimum may be reached, a maximum must not.
    pub fn is_between(&self, minima: &[Self], maxima: &[Self]) -> bool {
        let relevant = |bounds: &[Self]| -> Vec<Self> {
            let own: Vec<_> = bounds.iter().filter(|it| it.major == self.major).cloned().collect();
            if own.is_empty() { bounds.to_vec() } else { own }
        };
        relevant(minima).iter().all(|minimum| self >= minimum)
            && relevant(maxima).iter().all(|maximum| self < maximum)
    }
}

impl PartialEq for AsteriskVersion {
    fn eq(&self, other: &Self) -> bool {
        self.partial_cmp(other) == Some(Ordering::Equal)
    }
}

impl PartialOrd for AsteriskVersion {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        let order = self.value.cmp(&other.value);
        if order == Ordering::Equal && self.subversion && other.subversion {
            return Some(self.revision.cmp(&other.revision));
        }
        Some(order)
    }
}

impl fmt::Display for AsteriskVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> AsteriskVersion {
        text.parse().unwrap()
    }

    #[test]
    fn versions_are_ordered() {
        let rising = [
            "1.4",
            "1.8.11-beta2",
            "1.8.11-rc1",
            "1.8.11",
            "1.8.11-cert2",
            "SVN-branch-1.8.11-cert-r3",
            "1.8.12.0",
            "SVN-branch-1.8-r1234",
            "10.0.0",
            "certified/16.8-cert1",
            "16.28.0~dfsg-0+deb11u4",
            "20.0.0-rc2",
            "Asterisk 22.10.1+dfsg+~cs6.17.60671434-1",
            "GIT-22-0a1b2c3",
            "GIT-master-99dea9b",
        ];
        for pair in rising.windows(2) {
            let (low, high) = (version(pair[0]), version(pair[1]));
            assert!(low < high, "{low} {} < {high} {}", low.value, high.value);
        }
        assert!(version("SVN-branch-11-r2") < version("SVN-branch-11-r10"));
        assert_eq!(
            version("GIT-master-abc").partial_cmp(&version("SVN-trunk-r1")),
            Some(Ordering::Equal)
        );
        assert!("quiche".parse::<AsteriskVersion>().is_err());
        assert!("".parse::<AsteriskVersion>().is_err());
    }

    #[test]
    fn of_several_bounds_those_of_the_own_major_count() {
        let many = |texts: &[&str]| texts.iter().map(|it| version(it)).collect::<Vec<_>>();
        let minima = many(&["1.8.20.0", "11.2.0"]);
        assert!(version("11.2.0").is_between(&minima, &[]));
        assert!(!version("11.1.9").is_between(&minima, &[]));
        assert!(version("1.8.20.1").is_between(&minima, &[]));
        assert!(version("22.0.0").is_between(&minima, &[]));
        assert!(!version("10.9.0").is_between(&minima, &[]), "all count, and one is newer");
        assert!(!version("12.0.0").is_between(&[], &many(&["12.0.0"])));
        assert!(version("GIT-master-1").is_between(&minima, &[]));
    }
}
