//! The errors of fetching a program.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use crate::server::environment::CacheError;
use crate::server::probe_error::ProbeError;

pub(super) fn at(path: &Path) -> impl FnOnce(io::Error) -> FetchError {
    let path = path.to_owned();
    move |error| FetchError::Folder { path, error }
}

/// The error of a program that could not be fetched, with what can be done about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// A version that Debian does not have.
    #[error(
        "Asterisk {major} cannot be fetched, only 22 and 16 can; install it and name it by path or in ASTERISK"
    )]
    Unknown {
        /// The major version.
        major: u32,
    },
    /// Another distribution.
    #[error(
        "{program} can be fetched on Debian alone, and this is {id:?}; install {program}, or name one by path or in {variable}"
    )]
    NotDebian {
        /// The program.
        program: &'static str,
        /// The variable of the environment that names a program of the user's.
        variable: &'static str,
        /// The identifier in `/etc/os-release`.
        id: String,
    },
    /// The keys of Debian's archive are missing.
    #[error("no keys to check the packages with; install debian-archive-keyring")]
    NoKeyring,
    /// No mirror is known.
    #[error("apt knows no Debian mirror; name one in ASTERISK_MIRROR")]
    NoMirror,
    /// The environment names no folder for a cache.
    #[error("no folder to keep what is fetched in")]
    NoCache(#[from] CacheError),
    /// The disk is full.
    #[error(
        "{} has {} MB free, the fetch needs {} MB for a moment; make room, or set ASTERISK_CACHE",
        .folder.display(), .free / 1_000_000, .needed / 1_000_000
    )]
    NoSpace {
        /// The folder.
        folder: PathBuf,
        /// Bytes that are needed.
        needed: u64,
        /// Bytes that are free.
        free: u64,
    },
    /// The mirrors do not have it, or not for this architecture, or cannot be reached.
    #[error(
        "no {what} for {} to be had ({tried}); check the network, name another mirror in ASTERISK_MIRROR, or a program by path or in {variable}",
        std::env::consts::ARCH
    )]
    Gone {
        /// The program and its version.
        what: String,
        /// The variable of the environment that names a program of the user's.
        variable: &'static str,
        /// The suites and mirrors that were tried, and how each went.
        tried: String,
    },
    /// The program that was fetched is of another version.
    #[error("the fetched program is {found}, expected {what}")]
    Other {
        /// The program and the version that was wanted.
        what: String,
        /// The version of the fetched program.
        found: String,
    },
    /// A tool cannot be run.
    #[error("failed to {step}, for which apt-get and dpkg-deb are needed")]
    Tool {
        /// The step that needs the tool.
        step: &'static str,
        /// The error of the system.
        #[source]
        error: io::Error,
    },
    /// A tool failed.
    #[error("failed to {step} ({status}): {said}")]
    Failed {
        /// The step that failed.
        step: &'static str,
        /// The exit status.
        status: ExitStatus,
        /// The error output.
        said: String,
    },
    /// A file or folder could not be written.
    #[error("failed to write {}", .path.display())]
    Folder {
        /// The path.
        path: PathBuf,
        /// The error of the system.
        #[source]
        error: io::Error,
    },
    /// The fetched program does not work.
    #[error("the fetched program does not work")]
    Broken(#[from] ProbeError),
}
