//! A server that works: its binary, how it is launched, its version and its folders.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use crate::server::launch::Launch;
use crate::server::layout::{self, Directories, Installation};
use crate::server::probe_error::ProbeError;
use crate::server::releases;
use crate::server::version::Version;

/// The longest wait for a program to print its version.
const PATIENCE: Duration = Duration::from_secs(10);

/// The words before the version of a server of Asterisk.
pub(super) const ASTERISK: &str = "Asterisk ";

/// A server that can be launched.
#[derive(Clone, Debug)]
pub struct Server {
    binary: PathBuf,
    launch: Launch,
    version: Version,
    directories: Directories,
}

impl Server {
    /// Returns the version of the server.
    pub fn version(&self) -> &Version {
        &self.version
    }

    /// Returns the binary of the server.
    pub fn binary(&self) -> &Path {
        &self.binary
    }

    /// Returns the folders that the server's instances share.
    pub fn directories(&self) -> &Directories {
        &self.directories
    }

    /// Returns the command that launches the server, without further arguments. It sets
    /// `LD_LIBRARY_PATH` if the server has libraries of its own that the system's loader does not
    /// look for.
    pub fn command(&self) -> std::process::Command {
        self.launch.command()
    }

    /// Returns the dynamic loader that runs the binary, if it is not that of the system.
    pub(crate) fn loader(&self) -> Option<&Path> {
        self.launch.loader(&self.binary)
    }

    /// Probes the server at a path: a binary, or the folder above its `usr/sbin`.
    pub(crate) async fn at(path: &Path) -> Result<Self, ProbeError> {
        let binary = releases::binary(releases::ASTERISK, path).map_err(ProbeError::Missing)?;
        let installation = Installation::of(&binary);
        let launch = Launch::of(&binary, &installation)?;
        let version = version(launch.command(), "-V", ASTERISK).await?;
        let directories = layout::directories(&installation)?;
        Ok(Self { binary, launch, version, directories })
    }
}

/// Asks a program for its version, with an argument for that. The program prints some words before
/// the version.
pub(crate) async fn version(
    command: std::process::Command,
    argument: &str,
    words: &str,
) -> Result<Version, ProbeError> {
    ask(command, argument, |said| Version::parse(words, said)).await
}

/// Runs a program with an argument that makes it print its version, and reads what it prints. Some
/// programs exit with another status than 0 then.
pub(crate) async fn ask<T>(
    command: std::process::Command,
    argument: &str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<T, ProbeError> {
    let mut command = Command::from(command);
    command.arg(argument).stdin(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(PATIENCE, command.output())
        .await
        .map_err(|_| ProbeError::Silent(PATIENCE))?
        .map_err(ProbeError::Launch)?;
    read(&String::from_utf8_lossy(&output.stdout)).ok_or_else(|| {
        let said = [output.stdout, output.stderr].concat();
        ProbeError::NoVersion {
            status: output.status,
            said: String::from_utf8_lossy(&said).trim().to_owned(),
        }
    })
}
