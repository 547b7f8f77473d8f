//! The work of a fetch: its lock, its folder, and its demands on the system.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use uuid::Uuid;

use crate::folder::lock_file;
use crate::server::environment::Environment;
use crate::server::progress::Progress;
use crate::server::provision::apt::{self, Apt};
use crate::server::provision::error::{FetchError, at};
use crate::server::releases::Release;

/// The places of the keys of Debian's archive, in the old form and the new.
const KEYRINGS: [&str; 2] = [
    "/usr/share/keyrings/debian-archive-keyring.gpg",
    "/usr/share/keyrings/debian-archive-keyring.pgp",
];

/// The ratio of unpacked to packed sizes, which was measured as 3.4, rounded up.
const UNPACKED: u64 = 4;

/// A fetch: what it needs of the system, and the folder that it works in. Only the holder of the
/// [lock](lock()) may begin one.
pub(super) struct Fetch<'a> {
    environment: &'a Environment,
    release: &'a Release,
    cache: &'a Path,
    folder: Work,
    keyring: &'static str,
}

impl<'a> Fetch<'a> {
    pub(super) fn new(
        environment: &'a Environment,
        release: &'a Release,
        cache: &'a Path,
    ) -> Result<Self, FetchError> {
        let keyring = check_system(environment, release)?;
        sweep(cache, release)?;
        let folder = Work::new(cache, release)?;
        Ok(Self { environment, release, cache, folder, keyring })
    }

    pub(super) fn apt<'b>(&'b self, packages: &'b [&'static str]) -> Apt<'b> {
        let Self { environment, release, folder, keyring, .. } = self;
        Apt { environment, release, folder: &folder.0, packages, keyring }
    }

    /// Downloads the packages from the first place that has them.
    pub(super) async fn download(
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
        let plan = apt.plan(&sources, progress).await?;
        check_space(self.cache, plan.bytes * (1 + UNPACKED))?;
        apt.download(&plan, progress).await
    }
}

/// Obtains the lock of a release, which lets one process at a time fetch it.
pub(super) async fn lock(
    cache: &Path,
    release: &Release,
    progress: &mut impl FnMut(Progress),
) -> Result<File, FetchError> {
    fs::create_dir_all(cache).map_err(at(cache))?;
    let path = cache.join(format!("{}.lock", release.folder));
    let file = File::create(&path).map_err(at(&path))?;
    let waiting = || progress(Progress::Waiting { what: release.name() });
    lock_file(file, waiting).await.map_err(at(&path))
}

/// Removes what interrupted fetches of this release left. Only the holder of the lock may do that.
fn sweep(cache: &Path, release: &Release) -> Result<(), FetchError> {
    let ours = Work::prefix(release);
    for entry in fs::read_dir(cache).map_err(at(cache))?.flatten() {
        if entry.file_name().to_string_lossy().starts_with(&ours) {
            let path = entry.path();
            // A tool that outlived its parent may still write there, and keep the folder from being
            // removed. This fetch has a folder of its own.
            if let Err(error) = fs::remove_dir_all(&path) {
                tracing::warn!(path = %path.display(), %error, "the rest of an old fetch stays");
            }
        }
    }
    Ok(())
}

/// The folder that a fetch works in. Dropping the value removes the folder with all that is still
/// in it.
struct Work(PathBuf);

impl Work {
    fn prefix(release: &Release) -> String {
        format!(".{}.partial-", release.folder)
    }

    fn new(cache: &Path, release: &Release) -> Result<Self, FetchError> {
        let folder = cache.join(Self::prefix(release) + &Uuid::new_v4().simple().to_string());
        fs::create_dir(&folder).map_err(at(&folder))?;
        Ok(Self(folder))
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        // The next fetch removes what cannot be removed now.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Checks that this is Debian. Returns the keyring of its archive.
fn check_system(environment: &Environment, wanted: &Release) -> Result<&'static str, FetchError> {
    let release = fs::read_to_string(&environment.os_release).unwrap_or_default();
    let id = release.lines().find_map(|line| line.strip_prefix("ID="));
    let id = id.unwrap_or("unknown").trim_matches('"');
    if id != "debian" {
        let Release { program, variable, .. } = *wanted;
        return Err(FetchError::NotDebian { program, variable, id: id.to_owned() });
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
