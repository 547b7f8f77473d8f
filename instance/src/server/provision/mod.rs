//! Fetching of servers from Debian's archive into the user's cache, without root and without
//! installing them.
//!
//! The packages of a suite that has the wanted version are downloaded with apt, together with every
//! library that they need, and unpacked into one folder. apt works on a state of its own there, so
//! it neither needs nor changes the system's. The folder gets its final name by a rename when it is
//! complete; a lock keeps other processes waiting meanwhile. The next fetch removes the rest of an
//! interrupted one.

mod apt;
mod complete;
mod error;
mod work;

use std::fs;
use std::path::Path;

pub(crate) use self::complete::found;
pub use self::error::FetchError;
use self::error::at;
use self::work::{Fetch, lock};
use crate::server::environment::Environment;
use crate::server::probe::Server;
use crate::server::probe_error::ProbeError;
use crate::server::progress::Progress;
use crate::server::releases::{RELEASES, Release};
use crate::server::version::Version;

/// A program that can be fetched.
pub(crate) trait Fetched: Sized {
    /// Probes the program in a folder that it was unpacked into.
    fn probe(root: &Path) -> impl Future<Output = Result<Self, ProbeError>> + Send;

    /// Returns the version that the program says.
    fn version(&self) -> &Version;
}

impl Fetched for Server {
    async fn probe(root: &Path) -> Result<Self, ProbeError> {
        Self::at(root).await
    }

    fn version(&self) -> &Version {
        self.version()
    }
}

/// Fetches a version of Asterisk into the cache, or finds it there and completes it.
pub(crate) async fn fetch(
    environment: &Environment,
    major: u32,
    progress: impl FnMut(Progress) + Send,
) -> Result<Server, FetchError> {
    let release = RELEASES.iter().find(|release| release.major() == Some(major));
    obtain(environment, release.ok_or(FetchError::Unknown { major })?, progress).await
}

/// Fetches a program into the cache, or finds it there and completes it.
pub(crate) async fn obtain<T: Fetched>(
    environment: &Environment,
    release: &Release,
    mut progress: impl FnMut(Progress) + Send,
) -> Result<T, FetchError> {
    let cache = environment.cache()?;
    let root = release.root(cache);
    let _lock = lock(cache, release, &mut progress).await?;
    if root.is_dir() {
        complete::try_now(environment, release, cache, &mut progress).await;
        return Ok(T::probe(&root).await?);
    }
    let fetch = Fetch::new(environment, release, cache)?;
    let apt = fetch.apt(release.packages);
    fetch.download(&apt, &mut progress).await?;
    apt.unpack(&mut progress).await?;
    let unpacked = apt.root();
    let program = T::probe(&unpacked).await?;
    if !release.versions.include(program.version().as_str()) {
        let found = program.version().to_string();
        return Err(FetchError::Other { what: release.name(), found });
    }
    fs::rename(&unpacked, &root).map_err(at(&root))?;
    progress(Progress::Done { root: root.clone() });
    Ok(T::probe(&root).await?)
}

#[cfg(test)]
pub(super) mod tests;
