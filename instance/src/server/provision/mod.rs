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

pub(crate) use self::complete::found;
pub use self::error::FetchError;
use self::error::at;
use self::work::{Fetch, lock};
use crate::server::environment::Environment;
use crate::server::probe::Server;
use crate::server::progress::Progress;
use crate::server::releases::RELEASES;

/// Fetches a version into the cache, or finds it there and completes it.
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

#[cfg(test)]
mod tests;
