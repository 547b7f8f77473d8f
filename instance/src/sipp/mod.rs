//! The program SIPp, which sends and answers SIP by scenarios in XML: found on this machine, or
//! fetched from Debian.
//
// The room names `server` for the cache and the fetch, and `readable`. What crosses its door is the
// program and its errors. It starts no scenario: who does so knows what it is for.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::server::{ProbeError, Version};

/// A SIPp that can be launched.
#[derive(Clone, Debug)]
pub struct Sipp {
    binary: PathBuf,
    version: Version,
}

impl Sipp {
    /// Probes the program at a path: a binary, or the folder above its `usr/bin`.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no such file, or if it is not SIPp.
    pub async fn at(path: impl AsRef<Path>) -> Result<Self, ProbeError> {
        Err(ProbeError::Missing(std::io::Error::other(path.as_ref().display().to_string())))
    }

    /// Returns the binary of the program.
    pub fn binary(&self) -> &Path {
        &self.binary
    }

    /// Returns the version of the program.
    pub fn version(&self) -> &Version {
        &self.version
    }

    /// Returns the command that launches the program, without further arguments.
    pub fn command(&self) -> Command {
        Command::new(&self.binary)
    }
}
