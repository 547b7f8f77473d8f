//! Fetching a server from Debian's archive into the user's cache, without root and without
//! installing it.
//!
//! The packages of a suite that has the wanted version are downloaded with apt, together with every
//! library that they need, and unpacked into one folder. apt works on a state of its own there, so
//! it neither needs nor changes the system's. The folder gets its final name when it is complete,
//! by a rename; a lock keeps a second process waiting meanwhile. What an interrupted fetch left is
//! removed by the next.

use std::fmt;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

use uuid::Uuid;

use crate::server::Server;
use crate::server::environment::Environment;
use crate::server::provision::apt::Apt;
pub(crate) use crate::server::provision::complete::found;
use crate::server::provision::error::at;

mod apt;
mod complete;
mod error;
#[cfg(test)]
mod tests;

pub use error::FetchError;
pub(crate) use error::chain;

/// A version that Debian has.
struct Release {
    major: u32,
    /// The suites that may have it.
    suites: &'static [&'static str],
    /// Whether those leave the mirrors one day, for Debian's archive.
    leaves: bool,
}

const RELEASES: [Release; 2] = [
    Release { major: 22, suites: &["forky", "sid"], leaves: false },
    Release { major: 16, suites: &["bullseye"], leaves: true },
];

/// What is fetched when no version is asked for.
pub(crate) const NEWEST: u32 = RELEASES[0].major;

/// Where Debian keeps the keys of its archive, in the old form and the new.
const KEYRINGS: [&str; 2] = [
    "/usr/share/keyrings/debian-archive-keyring.gpg",
    "/usr/share/keyrings/debian-archive-keyring.pgp",
];

/// How often to look whether another process has done with a fetch.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// How much larger the packages are when unpacked; measured 3.4. And some room beside.
const UNPACKED: u64 = 4;

/// The versions that can be fetched.
pub(crate) fn majors() -> impl Iterator<Item = u32> {
    RELEASES.iter().map(|release| release.major)
}

/// Where a fetched version is.
pub(crate) fn root(environment: &Environment, major: u32) -> Option<PathBuf> {
    Some(environment.cache.as_ref()?.join(major.to_string()))
}

/// What happens while a server is fetched. `Display` gives it as a line.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Progress {
    /// Another process is fetching this version; this one waits for it.
    Waiting {
        /// The major version.
        major: u32,
    },
    /// The list of packages is being read.
    Index {
        /// The suite of Debian.
        suite: &'static str,
        /// The mirror.
        mirror: String,
    },
    /// Packages are coming in.
    Download {
        /// The server's version.
        version: String,
        /// How many packages there are.
        packages: usize,
        /// Bytes so far.
        done: u64,
        /// Bytes in all.
        total: u64,
    },
    /// Packages are being unpacked.
    Unpack {
        /// Packages so far.
        done: usize,
        /// Packages in all.
        total: usize,
    },
    /// A server that was fetched before gets what it lacks.
    Completing {
        /// The server's folder.
        root: PathBuf,
        /// The part that it gets, and the package that has it.
        part: String,
    },
    /// A server that was fetched before lacks something, and works without it.
    Incomplete {
        /// The server's folder.
        root: PathBuf,
        /// The part that it lacks, and the package that has it.
        part: String,
        /// Why that could not be fetched.
        why: String,
    },
    /// It is there.
    Done {
        /// Where.
        root: PathBuf,
    },
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MB: u64 = 1_000_000;
        match self {
            Self::Waiting { major } => {
                write!(f, "waiting for another process that is fetching Asterisk {major}")
            }
            Self::Index { suite, mirror } => {
                write!(f, "reading the package list of {suite} from {mirror}")
            }
            Self::Download { version, packages, done, total } => write!(
                f,
                "downloading Asterisk {version}: {packages} packages, {} of {} MB",
                done / MB,
                total / MB
            ),
            Self::Unpack { done, total } => write!(f, "unpacking: {done} of {total} packages"),
            Self::Completing { root, part } => {
                write!(f, "completing {} with {part}", root.display())
            }
            Self::Incomplete { root, part, why } => write!(
                f,
                "{} has no {part}, which could not be fetched ({why}); `instance fetch` tries again",
                root.display()
            ),
            Self::Done { root } => write!(f, "fetched into {}", root.display()),
        }
    }
}

/// Fetches a version into the cache, or finds it there.
pub(crate) async fn fetch(
    environment: &Environment,
    major: u32,
    mut progress: impl FnMut(Progress) + Send,
) -> Result<Server, FetchError> {
    let release = RELEASES.iter().find(|release| release.major == major);
    let release = release.ok_or(FetchError::Unknown { major })?;
    let cache = environment.cache()?;
    let root = cache.join(major.to_string());
    let _lock = lock(cache, major, &mut progress).await?;
    if root.is_dir() {
        complete::try_now(environment, release, cache, &root, &mut progress).await;
        return Ok(Server::at(&root).await?);
    }
    let fetch = Fetch::new(environment, release, cache)?;
    let apt = fetch.apt(&apt::PACKAGES);
    fetch.download(&apt, &mut progress).await?;
    apt.unpack(&mut progress).await?;
    let unpacked = apt.root();
    let server = Server::at(&unpacked).await?;
    if server.version().major() != Some(major) {
        return Err(FetchError::Other { major, found: server.version().to_string() });
    }
    fs::rename(&unpacked, &root).map_err(at(&root))?;
    progress(Progress::Done { root: root.clone() });
    Ok(Server::at(&root).await?)
}

/// A fetch: what it needs of the system, and the folder that it works in. Only for the holder of
/// the lock.
struct Fetch<'a> {
    environment: &'a Environment,
    release: &'a Release,
    cache: &'a Path,
    folder: Work,
    keyring: &'static str,
}

impl<'a> Fetch<'a> {
    fn new(
        environment: &'a Environment,
        release: &'a Release,
        cache: &'a Path,
    ) -> Result<Self, FetchError> {
        let keyring = check_system(environment)?;
        sweep(cache, release.major)?;
        let folder = Work::new(cache, release.major)?;
        Ok(Self { environment, release, cache, folder, keyring })
    }

    fn apt<'b>(&'b self, packages: &'b [&'static str]) -> Apt<'b> {
        let Self { environment, folder, keyring, .. } = self;
        Apt { environment, folder: &folder.0, packages, keyring }
    }

    /// Downloads the packages from the first place that has them.
    async fn download(
        &self,
        apt: &Apt<'_>,
        progress: &mut impl FnMut(Progress),
    ) -> Result<(), FetchError> {
        let Self { environment, release, .. } = self;
        let mirror = match &environment.mirror {
            Some(mirror) => mirror.clone(),
            None => apt::mirror(environment).await?,
        };
        let sources = apt::sources(environment, &mirror, release.suites, release.leaves);
        apt.prepare()?;
        let plan = apt.plan(release.major, &sources, progress).await?;
        check_space(self.cache, plan.bytes * (1 + UNPACKED))?;
        apt.download(&plan, progress).await
    }
}

/// Lets one process at a time fetch a version. The lock ends with the file, however the process
/// ends.
async fn lock(
    cache: &Path,
    major: u32,
    progress: &mut impl FnMut(Progress),
) -> Result<File, FetchError> {
    fs::create_dir_all(cache).map_err(at(cache))?;
    let path = cache.join(format!("{major}.lock"));
    let file = File::create(&path).map_err(at(&path))?;
    let mut told = false;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(fs::TryLockError::WouldBlock) if told => {}
            Err(fs::TryLockError::WouldBlock) => progress(Progress::Waiting { major }),
            Err(fs::TryLockError::Error(error)) => return Err(at(&path)(error)),
        }
        told = true;
        // A thread that waits in the kernel could not be interrupted.
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// Removes what interrupted fetches of this version left. Only for the holder of its lock.
fn sweep(cache: &Path, major: u32) -> Result<(), FetchError> {
    let ours = Work::prefix(major);
    for entry in fs::read_dir(cache).map_err(at(cache))?.flatten() {
        if entry.file_name().to_string_lossy().starts_with(&ours) {
            let path = entry.path();
            // A tool that outlived its parent may still write there. This fetch has a folder of its
            // own.
            if let Err(error) = fs::remove_dir_all(&path) {
                tracing::warn!(path = %path.display(), %error, "the rest of an old fetch stays");
            }
        }
    }
    Ok(())
}

/// The folder that a fetch works in. It goes away with the value, with all that was not moved out
/// of it.
struct Work(PathBuf);

impl Work {
    fn prefix(major: u32) -> String {
        format!(".{major}.partial-")
    }

    fn new(cache: &Path, major: u32) -> Result<Self, FetchError> {
        let folder = cache.join(Self::prefix(major) + &Uuid::new_v4().simple().to_string());
        fs::create_dir(&folder).map_err(at(&folder))?;
        Ok(Self(folder))
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        // What cannot be removed now is removed by the next fetch.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Whether this is Debian, with its tools and keys. The result is the keyring.
fn check_system(environment: &Environment) -> Result<&'static str, FetchError> {
    let release = fs::read_to_string(&environment.os_release).unwrap_or_default();
    let id = release.lines().find_map(|line| line.strip_prefix("ID="));
    let id = id.unwrap_or("unknown").trim_matches('"');
    if id != "debian" {
        return Err(FetchError::NotDebian { id: id.to_owned() });
    }
    let keyring = KEYRINGS.into_iter().find(|keyring| Path::new(keyring).exists());
    keyring.ok_or(FetchError::NoKeyring)
}

fn check_space(cache: &Path, needed: u64) -> Result<(), FetchError> {
    let room = rustix::fs::statvfs(cache).map_err(|error| at(cache)(error.into()))?;
    let free = room.f_bavail.saturating_mul(room.f_frsize);
    if free < needed {
        return Err(FetchError::NoSpace { folder: cache.to_owned(), needed, free });
    }
    Ok(())
}
