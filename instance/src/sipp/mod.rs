//! The program SIPp, which sends and answers SIP by scenarios in XML: found on this machine, or
//! fetched from Debian.
//!
//! ```no_run
//! use instance::sipp::{Feature, Sipp};
//!
//! # async fn f() -> Result<(), Box<dyn std::error::Error>> {
//! let sipp = Sipp::find().await?;
//! println!("{}", sipp.described()); // SIPp v3.7.3-TLS-SCTP-PCAP-SHA256
//! assert!(sipp.has(Feature::Tls));
//! let status = sipp.command().args(["-sn", "uac", "-m", "1", "127.0.0.1"]).status()?;
//! # Ok(())
//! # }
//! ```
//
// The room names `server` for the cache, the fetch and the launch, and `readable`. What crosses its
// door is the program and its errors. It starts no scenario: who does so knows what it is for.
// Pitfalls:
//
// - `sipp -v` exits with the status 99, and its first line is empty.
// - A fetched SIPp brings its own loader and libraries, so its binary is never executed by itself.

mod described;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use self::described::Described;
pub use self::described::Feature;
use crate::readable;
use crate::server::{
    self, Environment, FetchError, Fetched, Installation, Launch, NoProgram, ProbeError, Progress,
    Release, Version, Versions, steps,
};

/// The package of Debian.
const RELEASE: Release = Release {
    program: "SIPp",
    binary: "usr/bin/sipp",
    versions: Versions::Since(3, 6),
    folder: "sipp",
    variable: "SIPP",
    packages: &["sip-tester"],
    // It brings all libraries, also that of C: those of the system may be too old for it.
    not_fetched: &[],
    parts: &[],
    suites: &["trixie"],
    leaves: true,
};

/// A SIPp that can be launched, version 3.6 or later.
#[derive(Clone, Debug)]
pub struct Sipp {
    binary: PathBuf,
    launch: Launch,
    described: Described,
}

impl Sipp {
    /// Finds SIPp: by the environment variable `SIPP`, in `PATH`, and in the cache of fetched
    /// programs, in that order; or else fetches it from Debian 13 into that cache, which takes some
    /// seconds, and prints the steps on the error output.
    ///
    /// One in `PATH` or in the cache that is too old, or does not work, is passed over.
    ///
    /// # Errors
    ///
    /// Returns an error if the program that `SIPP` names does not work or is too old, even if there
    /// is another, and if none is found and none can be fetched.
    ///
    /// # Cancel safety
    ///
    /// A fetch that is given up leaves nothing that would be taken for a program.
    pub async fn find() -> Result<Self, SippError> {
        Self::find_with(steps(io::stderr())).await
    }

    /// Finds or fetches SIPp as [`find`](Self::find) does. `progress` is called for each step of a
    /// fetch, and nothing is printed.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`find`](Self::find).
    ///
    /// # Cancel safety
    ///
    /// A fetch that is given up leaves nothing that would be taken for a program.
    pub async fn find_with(progress: impl FnMut(Progress) + Send) -> Result<Self, SippError> {
        Self::find_in(&Environment::read(), progress).await
    }

    /// Probes the program at a path: a binary, or the folder above its `usr/bin`.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no such file, if it is not SIPp, and if it is older than 3.6.
    pub async fn at(path: impl AsRef<Path>) -> Result<Self, ProbeError> {
        Self::probe(path.as_ref()).await
    }

    /// Returns the binary of the program. One that was fetched cannot be executed by itself; see
    /// [`command`](Self::command).
    pub fn binary(&self) -> &Path {
        &self.binary
    }

    /// Returns the version of the program, such as `3.7.3`.
    pub fn version(&self) -> &Version {
        self.described.version()
    }

    /// Returns the text with which the program describes itself: its version, and what it was built
    /// with, such as `SIPp v3.7.3-TLS-SCTP-PCAP-SHA256`.
    pub fn described(&self) -> &str {
        self.described.text()
    }

    /// Returns `true` if the program was built with a feature.
    pub fn has(&self, feature: Feature) -> bool {
        self.described.has(feature)
    }

    /// Returns `true` if the program knows the option `-mp`, the first port of media. The versions
    /// 3.7.0 to 3.7.2 know `-min_rtp_port` instead.
    pub fn has_media_port(&self) -> bool {
        self.described.has_media_port()
    }

    /// Returns the command that launches the program, without further arguments: a fetched one by
    /// its own dynamic loader.
    pub fn command(&self) -> Command {
        self.launch.command()
    }

    pub(crate) async fn find_in(
        environment: &Environment,
        progress: impl FnMut(Progress) + Send,
    ) -> Result<Self, SippError> {
        let named = environment.sipp.as_deref();
        Ok(server::find_program(environment, &RELEASE, named, progress).await?)
    }
}

impl Fetched for Sipp {
    async fn probe(path: &Path) -> Result<Self, ProbeError> {
        let binary = server::binary(RELEASE.binary, path).map_err(ProbeError::Missing)?;
        let launch = Launch::of(&binary, &Installation::of(&binary))?;
        let described = server::ask(launch.command(), "-v", Described::read).await?;
        if !RELEASE.versions.include(described.version().as_str()) {
            let expected = format!(
                "{}, because older ones may lack what scenarios and their command lines use",
                RELEASE.versions
            );
            return Err(ProbeError::Version { found: described.version().clone(), expected });
        }
        Ok(Self { binary, launch, described })
    }

    fn version(&self) -> &Version {
        self.described.version()
    }
}

/// The error of a SIPp that was neither found nor fetched. `Debug`, which tests that return errors
/// print, writes the text with its causes.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum SippError {
    /// The program that `SIPP` names does not work, or is too old.
    #[error("the program that SIPP named, {}, cannot be used", .path.display())]
    Named {
        /// The path.
        path: PathBuf,
        /// The fault of the program.
        #[source]
        error: ProbeError,
    },
    /// No program was found, and none could be fetched.
    #[error(
        "no {} found, and none could be fetched: none is named in SIPP, none is in PATH, none was fetched before{}",
        RELEASE.name(),
        .seen.iter().map(|seen| format!("; {seen}")).collect::<String>()
    )]
    Fetch {
        /// The programs that were found, and what is wrong with each.
        seen: Vec<String>,
        /// The error of the fetch.
        #[source]
        error: FetchError,
    },
}

impl From<NoProgram> for SippError {
    fn from(error: NoProgram) -> Self {
        match error {
            NoProgram::Named { path, error } => Self::Named { path, error },
            NoProgram::Fetch { seen, error } => Self::Fetch { seen, error },
        }
    }
}

impl fmt::Debug for SippError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        readable::write(f, self)
    }
}

#[cfg(test)]
mod tests;
