//! Where fetched servers are kept, and what else the environment says.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// What the environment says of servers. Read once, so that a test can make one up.
#[derive(Clone, Debug)]
pub(crate) struct Environment {
    /// `ASTERISK`: the server to use.
    pub(crate) asterisk: Option<PathBuf>,
    /// The folders of `PATH`, and those that an ordinary user's lacks.
    pub(crate) path: Vec<PathBuf>,
    /// The folder of fetched servers, if there is any place for one.
    pub(crate) cache: Option<PathBuf>,
    /// `ASTERISK_MIRROR`: where to fetch from.
    pub(crate) mirror: Option<String>,
    /// What the system says it is.
    pub(crate) os_release: PathBuf,
    /// The folder of `apt-get` and `dpkg-deb`, if not that in `PATH`.
    pub(crate) tools: Option<PathBuf>,
}

impl Environment {
    pub(crate) fn read() -> Self {
        let var = |name| env::var_os(name).filter(|value: &OsString| !value.is_empty());
        let mut path: Vec<_> = env::split_paths(&var("PATH").unwrap_or_default()).collect();
        path.extend(["/usr/local/sbin", "/usr/sbin"].map(PathBuf::from));
        let cache = var("ASTERISK_CACHE").map(PathBuf::from).or_else(|| {
            let home = || var("HOME").map(|home| Path::new(&home).join(".cache"));
            let base = var("XDG_CACHE_HOME").map(PathBuf::from).or_else(home);
            Some(base?.join("asterisk-instance"))
        });
        Self {
            asterisk: var("ASTERISK").map(PathBuf::from),
            path,
            cache: cache.filter(|cache| cache.is_absolute()),
            mirror: var("ASTERISK_MIRROR").and_then(|mirror| mirror.into_string().ok()),
            os_release: "/etc/os-release".into(),
            tools: None,
        }
    }

    /// The path of a tool, or its name for `PATH` to resolve.
    pub(crate) fn tool(&self, name: &str) -> PathBuf {
        self.tools.as_ref().map_or_else(|| name.into(), |folder| folder.join(name))
    }
}
