//! Finding an Asterisk server, and what it says of itself.

pub(crate) mod environment;
pub(crate) mod layout;
pub(crate) mod provision;

use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::str::FromStr;
use std::time::Duration;

use tokio::process::Command;

pub use self::environment::CacheError;
pub use self::layout::{Directories, LayoutError};
pub use self::provision::{FetchError, Progress};
use crate::server::environment::Environment;
use crate::server::layout::Place;
use crate::server::provision::chain;

/// How long a server may take to say its version.
const PATIENCE: Duration = Duration::from_secs(10);

/// The variable with the folders of libraries that come before the system's.
const LIBRARIES: &str = "LD_LIBRARY_PATH";

/// Which server is wanted.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum Want {
    /// The first that is found.
    #[default]
    Any,
    /// One of this major version.
    Major(u32),
    /// This one: a binary, or the folder above its `usr/sbin`.
    Path(PathBuf),
}

impl FromStr for Want {
    type Err = std::convert::Infallible;

    /// A number is a major version, anything else a path.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(text.parse().map_or_else(|_| Self::Path(text.into()), Self::Major))
    }
}

impl fmt::Display for Want {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("Asterisk"),
            Self::Major(major) => write!(f, "Asterisk {major}"),
            Self::Path(path) => write!(f, "{}", path.display()),
        }
    }
}

/// What a server says for `-V`, for example `22.10.1`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Version(String);

impl Version {
    /// The version as the server says it, without the word `Asterisk`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The major version; none for a build of no release, such as `GIT-master-…`.
    pub fn major(&self) -> Option<u32> {
        // `22.10.1`, `certified/20.7-cert1`, `GIT-22-0123456`.
        let is_separator = |c: char| matches!(c, '.' | '-' | '~' | '+' | '/');
        self.0.split(is_separator).find_map(|part| part.parse().ok())
    }

    fn parse(output: &str) -> Option<Self> {
        let version = output.lines().next()?.strip_prefix("Asterisk ")?.trim();
        (!version.is_empty()).then(|| Self(version.to_owned()))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

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
    /// The binary, or what loads it and the arguments for that.
    program: PathBuf,
    arguments: Vec<OsString>,
    /// `LD_LIBRARY_PATH`, for libraries of its own that the system's loader does not look for.
    libraries: Option<OsString>,
}

impl Launch {
    fn of(binary: &Path, place: &Place) -> Result<Self, ProbeError> {
        let (own, loader) = (place.own_libraries(), layout::loader(&place.root));
        let mut launch =
            Self { program: binary.to_owned(), arguments: Vec::new(), libraries: None };
        if loader.is_none() && own.is_empty() {
            return Ok(launch);
        }
        // The loader would take each part for a folder.
        if place.root.to_string_lossy().contains([':', ';']) {
            return Err(ProbeError::OddPath(place.root.clone()));
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
    /// Finds a server: the path, if one is wanted; else the environment variable `ASTERISK`,
    /// `PATH`, and the cache of fetched servers, in that order.
    ///
    /// # Errors
    ///
    /// If there is none; the error tells where it looked and what was wrong with what it saw. A
    /// server that is named, by the caller or by `ASTERISK`, and does not work, is an error
    /// even if there is another.
    pub async fn find(want: &Want) -> Result<Self, FindError> {
        Self::find_in(&Environment::read(), want).await
    }

    /// As [`find`](Self::find), and where there is none, fetches one into the user's cache: the
    /// version that is wanted, or 22. A server there that an earlier version of this crate fetched
    /// gets what has come since (music on hold), if that can be had; that is tried once a day.
    /// `progress` is told what happens.
    ///
    /// # Errors
    ///
    /// If there is none and none can be fetched.
    pub async fn find_or_fetch(
        want: &Want,
        progress: impl FnMut(Progress) + Send,
    ) -> Result<Self, ServerError> {
        let (environment, mut progress) = (Environment::read(), progress);
        match (Self::find_in(&environment, want).await, want) {
            (Err(FindError::NotFound { .. }), Want::Any) => {
                Ok(provision::fetch(&environment, provision::NEWEST, progress).await?)
            }
            (Err(FindError::NotFound { .. }), Want::Major(major)) => {
                Ok(provision::fetch(&environment, *major, progress).await?)
            }
            (found, _) => {
                let server = found?;
                provision::found(&environment, &server, &mut progress).await;
                Ok(server)
            }
        }
    }

    /// Fetches a version into the user's cache, or finds it there and completes it.
    ///
    /// # Errors
    ///
    /// If it cannot be fetched: it is none that Debian has, or this is not Debian, or there is no
    /// network or no space.
    pub async fn fetch(
        major: u32,
        progress: impl FnMut(Progress) + Send,
    ) -> Result<Self, FetchError> {
        provision::fetch(&Environment::read(), major, progress).await
    }

    /// All servers that are found: the one that `ASTERISK` names, those in `PATH`, those in the
    /// cache. One that does not work is left out, with a warning in the trace.
    pub async fn all() -> Vec<Self> {
        let environment = Environment::read();
        let in_path = environment.path.iter().map(|folder| folder.join("asterisk"));
        let in_path = in_path.filter(|path| path.is_file());
        let places = environment.asterisk.iter().cloned().chain(in_path);
        let mut servers: Vec<Self> = Vec::new();
        for path in places.chain(cached(&environment, &Want::Any)) {
            match Self::at(&path).await {
                Ok(server) if servers.iter().all(|other| other.binary != server.binary) => {
                    servers.push(server);
                }
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(path = %path.display(), error = chain(&error), "a server is left out");
                }
            }
        }
        servers
    }

    /// The server as it calls itself.
    pub fn version(&self) -> &Version {
        &self.version
    }

    /// The server's binary.
    pub fn binary(&self) -> &Path {
        &self.binary
    }

    /// The folders that its instances share.
    pub fn directories(&self) -> &Directories {
        &self.directories
    }

    /// The command that launches it, without arguments of its own. It sets `LD_LIBRARY_PATH` where
    /// the server has libraries of its own that the system's loader does not look for.
    pub fn command(&self) -> std::process::Command {
        self.launch.command()
    }

    /// The dynamic loader that runs the binary, if it is not the system's.
    pub(crate) fn loader(&self) -> Option<&Path> {
        (self.launch.program != self.binary).then_some(&self.launch.program)
    }

    pub(crate) async fn find_in(environment: &Environment, want: &Want) -> Result<Self, FindError> {
        if let Want::Path(path) = want {
            return Self::at(path).await.map_err(|error| FindError::Named {
                by: "the caller",
                path: path.clone(),
                error,
            });
        }
        let mut seen = Vec::new();
        let fits = |server: &Self| match want {
            Want::Major(major) => server.version.major() == Some(*major),
            _ => true,
        };
        let unfit = |server: &Self| format!("{} is {}", server.binary.display(), server.version);
        if let Some(path) = &environment.asterisk {
            let named = |error| FindError::Named { by: "ASTERISK", path: path.clone(), error };
            let server = Self::at(path).await.map_err(named)?;
            if fits(&server) {
                return Ok(server);
            }
            seen.push(unfit(&server));
        }
        let in_path = environment.path.iter().map(|folder| folder.join("asterisk"));
        let in_path = in_path.filter(|path| path.is_file());
        for path in in_path.chain(cached(environment, want)) {
            match Self::at(&path).await {
                Ok(server) if fits(&server) => return Ok(server),
                Ok(server) => seen.push(unfit(&server)),
                Err(error) => {
                    tracing::warn!(path = %path.display(), error = chain(&error), "a server is skipped");
                    seen.push(format!("{} does not work: {}", path.display(), chain(&error)));
                }
            }
        }
        seen.extend(environment.no_cache.iter().map(|error| format!("there is no cache: {error}")));
        Err(FindError::NotFound { want: want.clone(), seen })
    }

    /// The server at a path: a binary, or the folder above its `usr/sbin`.
    pub(crate) async fn at(path: &Path) -> Result<Self, ProbeError> {
        let absolute = fs::canonicalize(path).map_err(ProbeError::Missing)?;
        let binary = if absolute.is_dir() { absolute.join("usr/sbin/asterisk") } else { absolute };
        if !binary.is_file() {
            return Err(ProbeError::Missing(io::ErrorKind::NotFound.into()));
        }
        let place = Place::of(&binary);
        let launch = Launch::of(&binary, &place)?;
        let version = version(launch.command()).await?;
        let directories = layout::directories(&place)?;
        Ok(Self { binary, launch, version, directories })
    }
}

/// The fetched servers that may do, the newest first.
fn cached(environment: &Environment, want: &Want) -> Vec<PathBuf> {
    let majors = match want {
        Want::Major(major) => vec![*major],
        _ => provision::majors().collect(),
    };
    let roots = majors.iter().filter_map(|major| provision::root(environment, *major));
    roots.filter(|root| root.is_dir()).collect()
}

/// Asks a server for its version.
async fn version(command: std::process::Command) -> Result<Version, ProbeError> {
    let mut command = Command::from(command);
    command.arg("-V").stdin(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(PATIENCE, command.output())
        .await
        .map_err(|_| ProbeError::Silent(PATIENCE))?
        .map_err(ProbeError::Launch)?;
    Version::parse(&String::from_utf8_lossy(&output.stdout)).ok_or_else(|| {
        let said = [output.stdout, output.stderr].concat();
        ProbeError::NoVersion {
            status: output.status,
            said: String::from_utf8_lossy(&said).trim().to_owned(),
        }
    })
}

/// Why no server was found.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FindError {
    /// There is none, or none of that version.
    #[error(
        "no {want} found: none is named in ASTERISK, none is in PATH, none was fetched{}",
        .seen.iter().map(|seen| format!("; {seen}")).collect::<String>()
    )]
    NotFound {
        /// Which was wanted.
        want: Want,
        /// Those that were found, and what was wrong with each.
        seen: Vec<String>,
    },
    /// The one that was named does not work.
    #[error("the server that {by} named, {}, does not work", .path.display())]
    Named {
        /// Who named it.
        by: &'static str,
        /// The path.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        error: ProbeError,
    },
}

/// Why a file does not do as a server.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProbeError {
    /// No such file.
    #[error("there is no such server binary")]
    Missing(#[source] io::Error),
    /// It cannot be executed.
    #[error("failed to execute it")]
    Launch(#[source] io::Error),
    /// It did not answer.
    #[error("it did not say its version within {0:?}")]
    Silent(Duration),
    /// What it said is no version.
    #[error("it did not say its version ({status}): {said:?}")]
    NoVersion {
        /// How it ended.
        status: std::process::ExitStatus,
        /// What it said.
        said: String,
    },
    /// The loader takes the path of its libraries for several.
    #[error("the dynamic loader cannot take a path with `:` or `;` in it: {}; move or link the server to another", .0.display())]
    OddPath(PathBuf),
    /// A folder of it is not to be found.
    #[error(transparent)]
    Layout(#[from] LayoutError),
}

/// Why there is no server.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServerError {
    /// None was found.
    #[error(transparent)]
    Find(#[from] FindError),
    /// None could be fetched.
    #[error(transparent)]
    Fetch(#[from] FetchError),
}

#[cfg(test)]
mod tests;
