//! Programs other than Asterisk: each found, or fetched in the one version that its suite has.

use std::path::{Path, PathBuf};

use crate::server::chain::chain;
use crate::server::environment::Environment;
use crate::server::probe_error::ProbeError;
use crate::server::progress::Progress;
use crate::server::provision::{FetchError, Fetched, obtain};
use crate::server::releases::Release;

/// The reason for which there is no program.
#[derive(Debug)]
pub(crate) enum NoProgram {
    /// The program that its variable names is not good enough.
    Named { path: PathBuf, error: ProbeError },
    /// None was found, which says what was wrong with each that was seen, and none was fetched.
    Fetch { seen: Vec<String>, error: FetchError },
}

/// Finds a program: the one that its variable `named`, or else one in `PATH` or in the cache, or
/// else fetches one. A program that nobody named and that is not good enough is passed over.
pub(crate) async fn find_program<T: Fetched>(
    environment: &Environment,
    release: &Release,
    named: Option<&Path>,
    progress: impl FnMut(Progress) + Send,
) -> Result<T, NoProgram> {
    if let Some(path) = named {
        let named = |error| NoProgram::Named { path: path.to_owned(), error };
        return T::probe(path).await.map_err(named);
    }
    let name = Path::new(release.binary).file_name().unwrap_or_default();
    let in_path = environment.path.iter().map(|folder| folder.join(name));
    let in_path = in_path.filter(|path| path.is_file());
    let cached = environment.cache.iter().map(|cache| release.root(cache));
    let mut seen = Vec::new();
    for path in in_path.chain(cached.filter(|root| root.is_dir())) {
        match T::probe(&path).await {
            Ok(program) => return Ok(program),
            Err(error) => {
                let (error, program) = (chain(&error), release.program);
                tracing::warn!(path = %path.display(), program, error, "a program is skipped");
                seen.push(format!("{} cannot be used: {error}", path.display()));
            }
        }
    }
    let fetched = obtain(environment, release, progress).await;
    fetched.map_err(|error| NoProgram::Fetch { seen, error })
}
