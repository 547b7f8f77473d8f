//! The home of the runs of a user: a folder that nobody else can write to.
//!
//! Everybody can create something of its name in `/tmp`. If what stands there is not a folder of
//! this user that is closed to others, the home is `asterisk-instance-<uid>-<eight hex digits>`,
//! which is created, or found again. A folder of another user is never entered.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use uuid::Uuid;

use crate::folder::lock;

/// The name of the file whose lock a home and a run have.
pub(super) const LOCK: &str = ".lock";

/// The number of names to try for a home.
const TRIES: usize = 16;

/// The longest wait for another process that creates or lists runs.
const PATIENCE: Duration = Duration::from_secs(30);

/// Returns the preferred name of the home.
pub(super) fn first_name() -> String {
    format!("asterisk-instance-{}", rustix::process::geteuid())
}

/// Returns a home to create a run in: the folder of the preferred name, or another if that is not
/// this user's alone.
pub(super) fn home(root: &Path) -> io::Result<PathBuf> {
    let first = root.join(first_name());
    if make_or_trust(&first)? {
        return Ok(first);
    }
    tracing::warn!(path = %first.display(), "not a folder of this user's alone: another is used");
    if let Some(other) = homes(root)?.into_iter().next() {
        return Ok(other);
    }
    for _ in 0..TRIES {
        let other = root.join(format!("{}-{}", first_name(), random()));
        if make_or_trust(&other)? {
            return Ok(other);
        }
    }
    Err(io::Error::from(io::ErrorKind::AlreadyExists))
}

/// Creates a folder that is closed to others. Returns `false` if there is one of that name already
/// and it is not this user's alone.
fn make_or_trust(path: &Path) -> io::Result<bool> {
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(is_ours(path)),
    }
}

/// Returns the homes of this user's runs below `root`, the preferred name first.
pub(super) fn homes(root: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(root) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        // A folder that may be entered need not be readable.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            return Ok(Vec::from_iter(Some(root.join(first_name())).filter(|it| is_ours(it))));
        }
        Err(error) => return Err(located(root, error)),
    };
    let first = first_name();
    let is_home = |name: &str| {
        name.strip_prefix(&*first)
            .is_some_and(|rest| rest.is_empty() || rest.strip_prefix('-').is_some_and(is_random))
    };
    let mut homes: Vec<_> = entries
        .flatten()
        .filter(|entry| entry.file_name().to_str().is_some_and(is_home))
        .map(|entry| entry.path())
        .filter(|path| is_ours(path))
        .collect();
    homes.sort();
    Ok(homes)
}

/// Returns eight random hex digits, the name of a run.
pub(super) fn random() -> String {
    Uuid::new_v4().simple().to_string()[..8].to_owned()
}

pub(super) fn is_random(name: &str) -> bool {
    name.len() == 8 && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Locks a home. A run must not look abandoned between the creation of its folder and its lock, so
/// everybody who creates or lists runs holds this lock meanwhile.
pub(super) fn gate(home: &Path) -> io::Result<File> {
    let path = home.join(LOCK);
    let gate = File::create(&path)?;
    if lock::try_lock(&gate)? {
        return Ok(gate);
    }
    // The others hold it for moments.
    let (locked, lock) = mpsc::channel();
    // The receiver may have given up.
    lock::wait(gate, move |held| drop(locked.send(held)));
    lock.recv_timeout(PATIENCE).unwrap_or_else(|_| {
        let held = io::Error::new(io::ErrorKind::TimedOut, "another process does not give it up");
        Err(located(&path, held))
    })
}

/// Returns `true` if a path is a folder of this user that is closed to others: others can create
/// folders and links in `/tmp`, too.
pub(super) fn is_ours(home: &Path) -> bool {
    fs::symlink_metadata(home).is_ok_and(|metadata| {
        metadata.is_dir()
            && metadata.uid() == rustix::process::geteuid().as_raw()
            && metadata.mode() & 0o077 == 0
    })
}

/// An error of the system with its path.
#[derive(Debug, thiserror::Error)]
#[error("{}", .path.display())]
struct Located {
    path: PathBuf,
    #[source]
    error: io::Error,
}

/// Adds the path to an error of the system.
pub(super) fn located(path: &Path, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), Located { path: path.to_owned(), error })
}
