//! The program `nats-server`: found, or fetched.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::readable;
use crate::server::{
    self, Environment, FetchError, Fetched, NoProgram, ProbeError, Progress, Release, Version,
    Versions, steps, version,
};

/// The name of the program.
const PROGRAM: &str = "nats-server";

/// The words before the version that the program prints.
const WORDS: &str = "nats-server: v";

/// The package of Debian. Bookworm has 2.9.10, which is too old.
const RELEASE: Release = Release {
    program: PROGRAM,
    binary: "usr/sbin/nats-server",
    versions: Versions::Since(2, 10),
    folder: PROGRAM,
    variable: "NATS_SERVER",
    packages: &[PROGRAM],
    // The program needs the C library of the system and nothing else. `adduser` is for a service.
    not_fetched: &["adduser", "libc6"],
    parts: &[],
    suites: &["trixie"],
    leaves: true,
};

/// A `nats-server` that can be launched, version 2.10 or later. Older ones refuse what `async-nats`
/// asks of key-value buckets.
#[derive(Clone, Debug)]
pub struct Server {
    binary: PathBuf,
    version: Version,
}

impl Server {
    /// Finds a server: by the environment variable `NATS_SERVER`, in `PATH`, and in the cache of
    /// fetched servers, in that order; or else fetches one from Debian 13 into that cache, which
    /// takes some seconds, and prints the steps on the error output.
    ///
    /// One in `PATH` or in the cache that is too old, or does not work, is passed over.
    ///
    /// # Errors
    ///
    /// Returns an error if the server that `NATS_SERVER` names does not work or is too old, even if
    /// there is another, and if none is found and none can be fetched.
    ///
    /// # Cancel safety
    ///
    /// A fetch that is given up leaves nothing that would be taken for a server.
    pub async fn find() -> Result<Self, ServerError> {
        Self::find_with(steps(io::stderr())).await
    }

    /// Finds or fetches a server as [`find`](Self::find) does. `progress` is called for each step
    /// of a fetch, and nothing is printed.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`find`](Self::find).
    ///
    /// # Cancel safety
    ///
    /// A fetch that is given up leaves nothing that would be taken for a server.
    pub async fn find_with(progress: impl FnMut(Progress) + Send) -> Result<Self, ServerError> {
        Self::find_in(&Environment::read(), progress).await
    }

    /// Probes the server at a path: a binary, or the folder above its `usr/sbin`.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no such file, if it is not `nats-server`, and if it is older
    /// than 2.10.
    pub async fn at(path: impl AsRef<Path>) -> Result<Self, ProbeError> {
        Self::probe(path.as_ref()).await
    }

    /// Returns the binary of the server.
    pub fn binary(&self) -> &Path {
        &self.binary
    }

    /// Returns the version of the server.
    pub fn version(&self) -> &Version {
        &self.version
    }

    pub(crate) async fn find_in(
        environment: &Environment,
        progress: impl FnMut(Progress) + Send,
    ) -> Result<Self, ServerError> {
        let named = environment.nats_server.as_deref();
        Ok(server::find_program(environment, &RELEASE, named, progress).await?)
    }
}

impl Fetched for Server {
    async fn probe(path: &Path) -> Result<Self, ProbeError> {
        let binary = server::binary(RELEASE.binary, path).map_err(ProbeError::Missing)?;
        let version = version(Command::new(&binary), "--version", WORDS).await?;
        if !RELEASE.versions.include(version.as_str()) {
            let expected = format!(
                "{}, because older ones refuse what async-nats asks of key-value buckets",
                RELEASE.versions
            );
            return Err(ProbeError::Version { found: version, expected });
        }
        Ok(Self { binary, version })
    }

    fn version(&self) -> &Version {
        &self.version
    }
}

/// The error of a `nats-server` that was neither found nor fetched. `Debug`, which tests that
/// return errors print, writes the text with its causes.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum ServerError {
    /// The server that `NATS_SERVER` names does not work, or is too old.
    #[error("the server that NATS_SERVER named, {}, cannot be used", .path.display())]
    Named {
        /// The path.
        path: PathBuf,
        /// The fault of the server.
        #[source]
        error: ProbeError,
    },
    /// No server was found, and none could be fetched.
    #[error(
        "no {} found, and none could be fetched: none is named in NATS_SERVER, none is in PATH, none was fetched before{}",
        RELEASE.name(),
        .seen.iter().map(|seen| format!("; {seen}")).collect::<String>()
    )]
    Fetch {
        /// The servers that were found, and what is wrong with each.
        seen: Vec<String>,
        /// The error of the fetch.
        #[source]
        error: FetchError,
    },
}

impl From<NoProgram> for ServerError {
    fn from(error: NoProgram) -> Self {
        match error {
            NoProgram::Named { path, error } => Self::Named { path, error },
            NoProgram::Fetch { seen, error } => Self::Fetch { seen, error },
        }
    }
}

impl fmt::Debug for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        readable::write(f, self)
    }
}

#[cfg(test)]
mod tests;
