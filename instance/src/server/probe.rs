//! A server that works: its binary, how it is launched, its version and its folders.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use crate::server::layout::{self, Directories, Installation, LayoutError};
use crate::server::version::Version;

/// The longest wait for a server to print its version.
const PATIENCE: Duration = Duration::from_secs(10);

/// The words before the version of a server of Asterisk.
pub(super) const ASTERISK: &str = "Asterisk ";

/// The variable with the folders of libraries that come before the system's.
const LIBRARIES: &str = "LD_LIBRARY_PATH";

/// A server that can be launched.
#[derive(Clone, Debug)]
pub struct Server {
    binary: PathBuf,
    launch: Launch,
    version: Version,
    directories: Directories,
}

/// The way to launch a server.
#[derive(Clone, Debug)]
struct Launch {
    /// The binary, or its loader.
    program: PathBuf,
    arguments: Vec<OsString>,
    /// The value of `LD_LIBRARY_PATH`, for libraries of the server's own that the system's loader
    /// does not look for.
    libraries: Option<OsString>,
}

impl Launch {
    fn of(binary: &Path, installation: &Installation) -> Result<Self, ProbeError> {
        let (own, loader) = (installation.own_libraries(), layout::loader(&installation.root));
        let mut launch =
            Self { program: binary.to_owned(), arguments: Vec::new(), libraries: None };
        if loader.is_none() && own.is_empty() {
            return Ok(launch);
        }
        // The loader would take each part for a folder.
        if installation.root.to_string_lossy().contains([':', ';']) {
            return Err(ProbeError::OddPath(installation.root.clone()));
        }
        if let Some((loader, folders)) = loader {
            launch.program = loader;
            launch.arguments = vec!["--library-path".into(), folders, binary.into()];
            return Ok(launch);
        }
        let set = std::env::var_os(LIBRARIES).unwrap_or_default();
        let others = std::env::split_paths(&set).filter(|path| !path.as_os_str().is_empty());
        launch.libraries = std::env::join_paths(own.into_iter().chain(others)).ok();
        Ok(launch)
    }

    fn command(&self) -> std::process::Command {
        let mut command = std::process::Command::new(&self.program);
        command.args(&self.arguments);
        if let Some(libraries) = &self.libraries {
            command.env(LIBRARIES, libraries);
        }
        command
    }
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
        (self.launch.program != self.binary).then_some(&self.launch.program)
    }

    /// Probes the server at a path: a binary, or the folder above its `usr/sbin`.
    pub(crate) async fn at(path: &Path) -> Result<Self, ProbeError> {
        let absolute = fs::canonicalize(path).map_err(ProbeError::Missing)?;
        let binary = if absolute.is_dir() { absolute.join("usr/sbin/asterisk") } else { absolute };
        if !binary.is_file() {
            return Err(ProbeError::Missing(io::ErrorKind::NotFound.into()));
        }
        let installation = Installation::of(&binary);
        let launch = Launch::of(&binary, &installation)?;
        let version = version(launch.command(), "-V", ASTERISK).await?;
        let directories = layout::directories(&installation)?;
        Ok(Self { binary, launch, version, directories })
    }
}

/// Asks a server for its version, with an argument for that. The server prints some words before
/// the version.
pub(crate) async fn version(
    command: std::process::Command,
    argument: &str,
    words: &str,
) -> Result<Version, ProbeError> {
    let mut command = Command::from(command);
    command.arg(argument).stdin(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(PATIENCE, command.output())
        .await
        .map_err(|_| ProbeError::Silent(PATIENCE))?
        .map_err(ProbeError::Launch)?;
    Version::parse(words, &String::from_utf8_lossy(&output.stdout)).ok_or_else(|| {
        let said = [output.stdout, output.stderr].concat();
        ProbeError::NoVersion {
            status: output.status,
            said: String::from_utf8_lossy(&said).trim().to_owned(),
        }
    })
}

/// The error of a file that does not work as a server.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProbeError {
    /// There is no such file.
    #[error("there is no such server binary")]
    Missing(#[source] io::Error),
    /// The binary cannot be executed.
    #[error("failed to execute it")]
    Launch(#[source] io::Error),
    /// The server did not print its version in time.
    #[error("it did not say its version within {0:?}")]
    Silent(Duration),
    /// The server printed something else than a version.
    #[error("it did not say its version ({status}): {said:?}")]
    NoVersion {
        /// The exit status.
        status: std::process::ExitStatus,
        /// The output.
        said: String,
    },
    /// The server is of a version that is not good enough.
    #[error("it is version {found}, expected {expected}")]
    Version {
        /// The version.
        found: Version,
        /// The versions that are good enough, and the reason.
        expected: String,
    },
    /// The path of the server's libraries has a character that separates paths for the loader.
    #[error("the dynamic loader cannot take a path with `:` or `;` in it: {}; move or link the server to another", .0.display())]
    OddPath(PathBuf),
    /// A folder of the server was not found.
    #[error(transparent)]
    Layout(#[from] LayoutError),
}
