//! The environment: where servers are, where fetched ones are kept, and where to fetch from.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The part of the environment that is about servers and programs that can be fetched. It is read
/// once, so that a test can make one up.
#[derive(Clone, Debug)]
pub(crate) struct Environment {
    /// `ASTERISK`: the server to use.
    pub(crate) asterisk: Option<PathBuf>,
    /// `NATS_SERVER`: the nats-server to use.
    pub(crate) nats_server: Option<PathBuf>,
    /// `SIPP`: the SIPp to use.
    pub(crate) sipp: Option<PathBuf>,
    /// The folders of `PATH`, and those that the `PATH` of an ordinary user lacks.
    pub(crate) path: Vec<PathBuf>,
    /// The folder of fetched servers, if there is a place for one.
    pub(crate) cache: Option<PathBuf>,
    /// The reason for which there is no such folder.
    pub(crate) no_cache: Option<CacheError>,
    /// `ASTERISK_MIRROR`: the mirror to fetch from.
    pub(crate) mirror: Option<String>,
    /// The file that identifies the system.
    pub(crate) os_release: PathBuf,
    /// The folder of `apt-get` and `dpkg-deb`, if not those in `PATH`.
    pub(crate) tools: Option<PathBuf>,
}

/// Returns the folder in which fetched servers are kept, if the environment names a place for one.
pub fn cache_folder() -> Option<PathBuf> {
    Environment::read().cache
}

impl Environment {
    pub(crate) fn read() -> Self {
        let var = |name: &str| env::var_os(name).filter(|value: &OsString| !value.is_empty());
        let mut path: Vec<_> = env::split_paths(&var("PATH").unwrap_or_default()).collect();
        path.extend(["/usr/local/sbin", "/usr/sbin"].map(PathBuf::from));
        let (cache, no_cache) = match place(&var) {
            Ok(cache) => (Some(cache), None),
            Err(error) => (None, Some(error)),
        };
        Self {
            asterisk: var("ASTERISK").map(PathBuf::from),
            nats_server: var("NATS_SERVER").map(PathBuf::from),
            sipp: var("SIPP").map(PathBuf::from),
            path,
            cache,
            no_cache,
            mirror: var("ASTERISK_MIRROR").and_then(|mirror| mirror.into_string().ok()),
            os_release: "/etc/os-release".into(),
            tools: None,
        }
    }

    /// Returns the folder of fetched servers.
    pub(crate) fn cache(&self) -> Result<&Path, CacheError> {
        self.cache.as_deref().ok_or_else(|| self.no_cache.clone().unwrap_or(CacheError::Unset))
    }

    /// Returns the path of a tool, or its name for `PATH` to resolve.
    pub(crate) fn tool(&self, name: &str) -> PathBuf {
        self.tools.as_ref().map_or_else(|| name.into(), |folder| folder.join(name))
    }
}

/// Returns the folder of fetched servers that the environment names. A relative `XDG_CACHE_HOME` is
/// ignored, as the XDG Base Directory Specification says. A relative `ASTERISK_CACHE` would be
/// another folder for each program, so it is refused.
fn place(var: &dyn Fn(&str) -> Option<OsString>) -> Result<PathBuf, CacheError> {
    let cache = match var("ASTERISK_CACHE").map(PathBuf::from) {
        Some(cache) if cache.is_absolute() => cache,
        Some(value) => return Err(CacheError::Relative { variable: "ASTERISK_CACHE", value }),
        None => {
            let base = var("XDG_CACHE_HOME").map(PathBuf::from).filter(|base| base.is_absolute());
            let base = match (base, var("HOME").map(PathBuf::from)) {
                (Some(base), _) => base,
                (None, Some(home)) if home.is_absolute() => home.join(".cache"),
                (None, Some(value)) => {
                    return Err(CacheError::Relative { variable: "HOME", value });
                }
                (None, None) => return Err(CacheError::Unset),
            };
            base.join("asterisk-instance")
        }
    };
    // The loader takes `:` and `;` for the end of a folder, and a semicolon begins a comment in
    // asterisk.conf.
    match cache.to_string_lossy().chars().find(|c| matches!(c, ':' | ';') || c.is_control()) {
        Some(character) => Err(CacheError::Odd { path: cache, character }),
        None => Ok(cache),
    }
}

/// The error of an environment that names no folder to keep fetched servers in.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CacheError {
    /// The environment names no folder.
    #[error("neither HOME nor XDG_CACHE_HOME is set; set one of them, or ASTERISK_CACHE")]
    Unset,
    /// A variable has a relative path.
    #[error("{variable} is {value:?}, expected an absolute path")]
    Relative {
        /// The variable.
        variable: &'static str,
        /// The value of the variable.
        value: PathBuf,
    },
    /// The path has a character that a server does not survive.
    #[error(
        "{path:?} has {character:?} in it, which neither the dynamic loader nor asterisk.conf can take; set ASTERISK_CACHE to another folder"
    )]
    Odd {
        /// The folder.
        path: PathBuf,
        /// The character.
        character: char,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(variables: &[(&str, &str)]) -> Result<PathBuf, CacheError> {
        place(&|name| {
            let found = variables.iter().find(|(other, _)| *other == name);
            found.map(|(_, value)| OsString::from(value))
        })
    }

    #[test]
    fn a_relative_xdg_cache_home_is_ignored() {
        for relative in ["cache", "./cache", "../cache"] {
            let found = at(&[("XDG_CACHE_HOME", relative), ("HOME", "/home/me")]);
            assert_eq!(found, Ok("/home/me/.cache/asterisk-instance".into()));
        }
        let found = at(&[("XDG_CACHE_HOME", "/var/c"), ("HOME", "/home/me")]);
        assert_eq!(found, Ok("/var/c/asterisk-instance".into()));
        assert_eq!(at(&[("XDG_CACHE_HOME", "cache")]), Err(CacheError::Unset));
    }

    #[test]
    fn another_relative_path_is_told_with_its_variable() {
        let error = at(&[("ASTERISK_CACHE", "here"), ("HOME", "/home/me")]).unwrap_err();
        assert_eq!(error.to_string(), "ASTERISK_CACHE is \"here\", expected an absolute path");
        let error = at(&[("HOME", "me")]).unwrap_err();
        assert_eq!(error.to_string(), "HOME is \"me\", expected an absolute path");
        assert_eq!(at(&[("ASTERISK_CACHE", "/a"), ("HOME", "me")]), Ok("/a".into()));
    }

    #[test]
    fn a_path_that_the_loader_would_split_is_refused() {
        for path in ["/a:b", "/a;b", "/a\nb"] {
            let error = at(&[("ASTERISK_CACHE", path)]).unwrap_err();
            assert!(matches!(error, CacheError::Odd { .. }), "{error}");
            assert!(error.to_string().contains("set ASTERISK_CACHE"), "{error}");
        }
        assert!(matches!(at(&[("HOME", "/home/a:b")]), Err(CacheError::Odd { .. })));
    }
}
