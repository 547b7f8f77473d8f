//! Finding a server, or fetching one.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::readable;
use crate::server::chain::chain;
use crate::server::environment::Environment;
use crate::server::probe::Server;
use crate::server::probe_error::ProbeError;
use crate::server::progress::Progress;
use crate::server::provision::{self, FetchError};
use crate::server::releases::{self, NEWEST};

/// The server that is wanted.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum Want {
    /// The first one that is found.
    #[default]
    Any,
    /// A server of this major version.
    Major(u32),
    /// The server at this path: a binary, or the folder above its `usr/sbin`.
    Path(PathBuf),
}

/// Converts a major version.
impl From<u32> for Want {
    fn from(major: u32) -> Self {
        Self::Major(major)
    }
}

/// Converts a text as [`FromStr`] does.
impl From<&str> for Want {
    fn from(text: &str) -> Self {
        text.parse().unwrap_or_else(|never: std::convert::Infallible| match never {})
    }
}

/// Converts a path.
impl From<&Path> for Want {
    fn from(path: &Path) -> Self {
        Self::Path(path.to_owned())
    }
}

/// Converts a path.
impl From<PathBuf> for Want {
    fn from(path: PathBuf) -> Self {
        Self::Path(path)
    }
}

impl FromStr for Want {
    type Err = std::convert::Infallible;

    /// Parses a number as a major version, and anything else as a path.
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

impl Server {
    /// Finds a server: at the path, if one is wanted; else by the environment variable `ASTERISK`,
    /// in `PATH`, and in the cache of fetched servers, in that order.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no such server, which tells where it was searched and what was
    /// wrong with the servers that were seen. A server that is named, by the caller or by
    /// `ASTERISK`, and does not work, is an error even if there is another.
    pub async fn find(want: &Want) -> Result<Self, FindError> {
        Self::find_in(&Environment::read(), want).await
    }

    /// Finds a server as [`find`](Self::find) does, or fetches one into the user's cache: the
    /// version that is wanted, or 22. A server that an earlier version of this crate fetched into
    /// the cache gets the parts that belong to one since (music on hold), if they can be fetched;
    /// that is tried once a day. `progress` is called for each step.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no such server and it cannot be fetched.
    ///
    /// # Cancel safety
    ///
    /// A fetch that is given up leaves nothing that would be taken for a server.
    pub async fn find_or_fetch(
        want: &Want,
        progress: impl FnMut(Progress) + Send,
    ) -> Result<Self, ServerError> {
        let (environment, mut progress) = (Environment::read(), progress);
        let want = &asked(&environment, want);
        match (Self::find_in(&environment, want).await, want) {
            (Err(FindError::NotFound { .. }), Want::Any) => {
                Ok(provision::fetch(&environment, NEWEST, progress).await?)
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
    /// Returns an error if the version cannot be fetched: Debian does not have it, this is not
    /// Debian, or there is no network or no disk space.
    ///
    /// # Cancel safety
    ///
    /// Returns the errors of [`find_or_fetch`](Self::find_or_fetch).
    pub async fn fetch(
        major: u32,
        progress: impl FnMut(Progress) + Send,
    ) -> Result<Self, FetchError> {
        provision::fetch(&Environment::read(), major, progress).await
    }

    /// Returns all servers that are found: the one that `ASTERISK` names, those in `PATH`, and
    /// those in the cache. A server that does not work is left out, with a warning in the trace.
    pub async fn all() -> Vec<Self> {
        let environment = Environment::read();
        let in_path = environment.path.iter().map(|folder| folder.join("asterisk"));
        let in_path = in_path.filter(|path| path.is_file());
        let named = environment.asterisk.iter().filter(|it| version_in(it).is_none());
        let places = named.cloned().chain(in_path);
        let mut servers: Vec<Self> = Vec::new();
        for path in places.chain(cached(&environment, &Want::Any)) {
            match Self::at(&path).await {
                Ok(server) if servers.iter().all(|other| other.binary() != server.binary()) => {
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

    pub(crate) async fn find_in(environment: &Environment, want: &Want) -> Result<Self, FindError> {
        if let Want::Path(path) = want {
            return Self::at(path).await.map_err(|error| FindError::Named {
                by: "the caller",
                path: path.clone(),
                error,
            });
        }
        let want = &asked(environment, want);
        let mut seen = Vec::new();
        let fits = |server: &Self| match want {
            Want::Major(major) => server.version().major() == Some(*major),
            _ => true,
        };
        let unfit =
            |server: &Self| format!("{} is {}", server.binary().display(), server.version());
        if let Some(path) = environment.asterisk.as_ref().filter(|it| version_in(it).is_none()) {
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
}

/// Returns the server that is wanted: of this version, if `ASTERISK` is a number and the caller has
/// no wish.
fn asked(environment: &Environment, want: &Want) -> Want {
    let version = environment.asterisk.as_deref().and_then(version_in);
    match (want, version) {
        (Want::Any, Some(major)) => Want::Major(major),
        _ => want.clone(),
    }
}

/// Returns the major version that a value of `ASTERISK` is. A path that exists is none.
fn version_in(value: &Path) -> Option<u32> {
    value.to_str()?.parse().ok().filter(|_| !value.exists())
}

/// Returns the fetched servers that may be the wanted one, the newest first.
fn cached(environment: &Environment, want: &Want) -> Vec<PathBuf> {
    let majors = match want {
        Want::Major(major) => vec![*major],
        _ => releases::majors().collect(),
    };
    let roots = majors.iter().filter_map(|major| releases::root(environment, *major));
    roots.filter(|root| root.is_dir()).collect()
}

/// The error of a server that was not found.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FindError {
    /// No server is there, or none of that version.
    #[error(
        "no {want} found: none is named in ASTERISK, none is in PATH, none was fetched{}",
        .seen.iter().map(|seen| format!("; {seen}")).collect::<String>()
    )]
    NotFound {
        /// The server that was wanted.
        want: Want,
        /// The servers that were found, and what was wrong with each.
        seen: Vec<String>,
    },
    /// The server that was named does not work.
    #[error("the server that {by} named, {}, does not work", .path.display())]
    Named {
        /// The origin of the name.
        by: &'static str,
        /// The path.
        path: PathBuf,
        /// The fault of the server.
        #[source]
        error: ProbeError,
    },
}

/// The error of a server that was neither found nor fetched. `Debug`, which tests that return
/// errors print, writes the text with its causes.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum ServerError {
    /// No server was found.
    #[error(transparent)]
    Find(#[from] FindError),
    /// No server could be fetched.
    #[error(transparent)]
    Fetch(#[from] FetchError),
}

impl fmt::Debug for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        readable::write(f, self)
    }
}

#[cfg(test)]
mod tests;
