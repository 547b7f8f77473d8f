//! The steps of a fetch, for those who wait for it.

use std::fmt;
use std::mem::discriminant;
use std::path::PathBuf;

/// A step of fetching a server. `Display` writes it as a line.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Progress {
    /// Another process is fetching the same, and this one waits for it.
    Waiting {
        /// The program and its version.
        what: String,
    },
    /// The list of packages is being read.
    Index {
        /// The suite of Debian.
        suite: &'static str,
        /// The mirror.
        mirror: String,
    },
    /// Packages are being downloaded.
    Download {
        /// The program.
        program: &'static str,
        /// The program's version.
        version: String,
        /// The number of packages.
        packages: usize,
        /// The number of bytes so far.
        done: u64,
        /// The number of bytes in total.
        total: u64,
    },
    /// Packages are being unpacked.
    Unpack {
        /// The number of packages so far.
        done: usize,
        /// The number of packages in total.
        total: usize,
    },
    /// A server that was fetched before gets a part that it lacks.
    Completing {
        /// The server's folder.
        root: PathBuf,
        /// The part, and the package that has it.
        part: String,
    },
    /// A server that was fetched before lacks a part, and works without it.
    Incomplete {
        /// The server's folder.
        root: PathBuf,
        /// The part, and the package that has it.
        part: String,
        /// The reason for which the part could not be fetched.
        why: String,
    },
    /// The server was fetched.
    Done {
        /// The server's folder.
        root: PathBuf,
    },
}

impl Progress {
    /// Returns `true` if this is another step than the last one, and not the same one further on. A
    /// program that prints a line for each step prints these.
    pub fn is_new_after(&self, last: Option<&Self>) -> bool {
        // Each index is that of another suite.
        let is_index = matches!(self, Self::Index { .. });
        is_index || last.is_none_or(|last| discriminant(last) != discriminant(self))
    }
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MB: u64 = 1_000_000;
        match self {
            Self::Waiting { what } => {
                write!(f, "waiting for another process that is fetching {what}")
            }
            Self::Index { suite, mirror } => {
                write!(f, "reading the package list of {suite} from {mirror}")
            }
            Self::Download { program, version, packages, done, total } => write!(
                f,
                "downloading {program} {version}: {packages} package{}, {} of {} MB",
                if *packages == 1 { "" } else { "s" },
                done / MB,
                total / MB
            ),
            Self::Unpack { done, total } => write!(f, "unpacking: {done} of {total} packages"),
            Self::Completing { root, part } => {
                write!(f, "completing {} with {part}", root.display())
            }
            Self::Incomplete { root, part, why } => write!(
                f,
                "{} has no {part}, which could not be fetched ({why}); `instance fetch` tries again",
                root.display()
            ),
            Self::Done { root } => write!(f, "fetched into {}", root.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_that_goes_on_is_not_new() {
        let index = Progress::Index { suite: "sid", mirror: String::new() };
        let unpack = |done| Progress::Unpack { done, total: 2 };
        assert!(index.is_new_after(None) && index.is_new_after(Some(&index)));
        assert!(unpack(0).is_new_after(Some(&index)) && unpack(0).is_new_after(None));
        assert!(!unpack(1).is_new_after(Some(&unpack(0))));
    }
}
