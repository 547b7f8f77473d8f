//! Completion of servers that were fetched before all parts that belong to one were fetched with
//! it.
//!
//! Such a server works, so it is used even if the parts that it lacks cannot be fetched. That is
//! tried once a day unless somebody asks for a fetch.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::server::chain::chain;
use crate::server::environment::Environment;
use crate::server::probe::Server;
use crate::server::progress::Progress;
use crate::server::provision::error::{FetchError, at};
use crate::server::provision::work::{Fetch, lock};
use crate::server::releases::{Part, RELEASES, Release};

/// The time between a failed try and the next one.
const REST: Duration = Duration::from_hours(24);

impl Part {
    fn is_missing(&self, root: &Path) -> bool {
        !root.join(self.folder).is_dir()
    }

    fn name(&self) -> String {
        format!("{} ({})", self.what, self.package)
    }
}

/// Completes a server that was found, if it was fetched and lacks a part. A part that cannot be
/// fetched is a step of `progress`, and no error.
pub(crate) async fn found(
    environment: &Environment,
    server: &Server,
    progress: &mut impl FnMut(Progress),
) {
    let Ok(cache) = environment.cache() else { return };
    let is_its_own = |release: &&Release| server.binary().starts_with(release.root(cache));
    let Some(release) = RELEASES.iter().find(is_its_own) else { return };
    let root = release.root(cache);
    if missing(release, &root).next().is_none() {
        return;
    }
    let why = match tried_lately(cache, release) {
        Some(why) => why,
        None => match lock(cache, release, progress).await {
            Ok(_lock) => match tried_lately(cache, release) {
                // Another process has, while this one waited for it.
                Some(why) => why,
                None => return try_now(environment, release, cache, progress).await,
            },
            Err(error) => chain(&error),
        },
    };
    missing(release, &root).for_each(|part| progress(incomplete(&root, part, &why)));
}

/// Returns the reason for which the last try failed, if that is less than a day ago.
fn tried_lately(cache: &Path, release: &Release) -> Option<String> {
    let mark = mark(cache, release);
    let then = fs::metadata(&mark).and_then(|metadata| metadata.modified()).ok()?;
    let is_new = then.elapsed().is_ok_and(|age| age < REST);
    fs::read_to_string(mark).ok().filter(|_| is_new)
}

/// Completes a server that was fetched. Only the holder of the lock may do that.
pub(super) async fn try_now(
    environment: &Environment,
    release: &Release,
    cache: &Path,
    progress: &mut impl FnMut(Progress),
) {
    let root = &release.root(cache);
    for part in missing(release, root) {
        let name = part.name();
        progress(Progress::Completing { root: root.to_owned(), part: name });
        let mark = mark(cache, release);
        match fetch(environment, release, cache, root, part).await {
            // There is none after a first try.
            Ok(()) => drop(fs::remove_file(mark)),
            Err(error) => {
                let why = chain(&error);
                if let Err(error) = fs::write(&mark, &why) {
                    tracing::debug!(path = %mark.display(), %error, "the try is not remembered");
                }
                progress(incomplete(root, part, &why));
            }
        }
    }
}

async fn fetch(
    environment: &Environment,
    release: &Release,
    cache: &Path,
    root: &Path,
    part: &Part,
) -> Result<(), FetchError> {
    let fetch = Fetch::new(environment, release, cache)?;
    let packages = [part.package];
    let apt = fetch.apt(&packages);
    // Its steps are those of a whole server, and too small to tell.
    let mut quiet = |_| {};
    fetch.download(&apt, &mut quiet).await?;
    apt.unpack(&mut quiet).await?;
    let target = root.join(part.folder);
    fs::rename(apt.root().join(part.folder), &target).map_err(at(&target))
}

fn missing(release: &Release, root: &Path) -> impl Iterator<Item = &'static Part> {
    release.parts.iter().filter(move |part| part.is_missing(root))
}

fn incomplete(root: &Path, part: &Part, why: &str) -> Progress {
    Progress::Incomplete { root: root.to_owned(), part: part.name(), why: why.to_owned() }
}

/// Returns the file with the reason for which the last try failed. The time of the file is that of
/// the try.
fn mark(cache: &Path, release: &Release) -> PathBuf {
    cache.join(format!("{}.incomplete", release.folder))
}
