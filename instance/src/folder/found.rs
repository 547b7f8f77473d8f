//! Runs that some process created, and how they are removed.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf, absolute};

use crate::folder::descendants;
use crate::folder::home::{LOCK, gate, homes, is_random};

/// The name of the mark in a run that is to be kept.
pub(super) const KEEP: &str = ".keep";

/// A run that some process created.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FoundRun {
    path: PathBuf,
    state: RunState,
}

/// The state of a [run](FoundRun).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RunState {
    /// The process that created the run is alive.
    Running,
    /// The process has ended, and the folder is kept, as evidence or on request.
    Kept,
    /// The process has ended and could not remove the folder.
    Stale,
}

impl FoundRun {
    /// Returns the folder of the run.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the state of the run at the time of the search.
    pub fn state(&self) -> RunState {
        self.state
    }

    /// Finds the runs of this user below `root`, which is `/tmp` unless
    /// [`Builder::root`](crate::Builder::root) names another. Folders of other users, and folders
    /// that are open to others, are skipped.
    ///
    /// # Errors
    ///
    /// Returns an error if a folder cannot be read. A root that does not exist has no runs.
    pub fn all(root: &Path) -> io::Result<Vec<Self>> {
        let mut found = Vec::new();
        for home in homes(&absolute(root)?)? {
            let _gate = gate(&home)?;
            found.extend(runs(&home)?);
        }
        Ok(found)
    }

    /// Removes the folder, and kills the processes that are left of the run.
    ///
    /// # Errors
    ///
    /// Returns an error if the run is [`Running`](RunState::Running), or if the folder cannot be
    /// removed.
    pub fn remove(&self) -> io::Result<()> {
        if is_claimed(&self.path) {
            return Err(io::Error::other("its process is alive"));
        }
        tracing::info!(path = %self.path.display(), "removing the sandbox of a dead process");
        descendants::kill(&self.path, None);
        remove(&self.path)
    }
}

fn runs(home: &Path) -> io::Result<Vec<FoundRun>> {
    let mut runs = Vec::new();
    for entry in fs::read_dir(home)?.flatten() {
        let name = entry.file_name();
        // Something of another name is not a run.
        if !is_random(&name.to_string_lossy()) || !entry.file_type().is_ok_and(|kind| kind.is_dir())
        {
            continue;
        }
        let path = entry.path();
        let state = match (is_claimed(&path), path.join(KEEP).exists()) {
            (true, _) => RunState::Running,
            (false, true) => RunState::Kept,
            (false, false) => RunState::Stale,
        };
        runs.push(FoundRun { path, state });
    }
    runs.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(runs)
}

fn is_claimed(run: &Path) -> bool {
    match File::open(run.join(LOCK)) {
        Ok(lock) => lock.try_lock().is_err(),
        // The lock is created under the gate. Only a run whose removal was cut short has none.
        Err(error) => error.kind() != io::ErrorKind::NotFound,
    }
}

/// Removes a folder that need not exist.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    let removed = match fs::remove_dir_all(path) {
        // A test may have closed a folder to its own user.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            unlock_folders(path)?;
            fs::remove_dir_all(path)
        }
        removed => removed,
    };
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// Gives the owner of a folder, and of the folders below it, all permissions.
fn unlock_folders(folder: &Path) -> io::Result<()> {
    fs::set_permissions(folder, Permissions::from_mode(0o700))?;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        // A link has the type of a link here.
        if entry.file_type()?.is_dir() {
            unlock_folders(&entry.path())?;
        }
    }
    Ok(())
}
