//! The folder of one test run: claimed, private, and gone at the end.
//!
//! ```text
//! /tmp/asterisk-instance-<uid>/     0700, ours: the home of runs
//!   <eight hex digits>/             one run; a file lock in it is held as long as its process lives
//!     ast1/ ast2/ …                 one instance
//!       etc/asterisk/  var/lib/asterisk/  var/spool/asterisk/  var/run/asterisk/  var/log/asterisk/
//! ```
//!
//! Anybody can make something of that name in `/tmp`. Where it is not a folder of ours that is
//! closed to others, the home is `asterisk-instance-<uid>-<eight hex digits>`, made anew or found
//! again. One that is not ours is never gone into.
//!
//! Whoever creates a run removes the runs whose lock nobody holds: their process is gone, however
//! it went. A run that is to be kept has a mark in it. A process that is killed has its runs
//! removed at once by its [guard].

use std::fs::{self, DirBuilder, File, Permissions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf, absolute};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use uuid::Uuid;

use crate::folder::descendants;
use crate::folder::guard;
use crate::folder::keep::Keeping;

const LOCK: &str = ".lock";
const KEEP: &str = ".keep";

/// The number of names to try for a home where others make them too.
const TRIES: usize = 16;

/// How long to wait for another process that makes or looks for runs.
const PATIENCE: Duration = Duration::from_secs(30);

/// The folder of a run, and the claim on it. Dropping it removes it, unless it is to be kept or a
/// panic is going on.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) path: PathBuf,
    keeping: Keeping,
    keep: AtomicBool,
    told: AtomicBool,
    _lock: File,
}

impl Run {
    /// Creates a run below `root`, and sweeps those that nobody claims any more.
    pub(crate) fn create(root: &Path, keeping: Keeping) -> io::Result<Self> {
        let parent = home(root)?;
        // Nobody takes over a run whose process is gone, so it can be removed by and by.
        for run in FoundRun::all(root)?.into_iter().filter(|run| run.state == RunState::Stale) {
            if let Err(error) = run.remove() {
                tracing::warn!(path = %run.path.display(), %error, "a stale sandbox stays");
            }
        }
        let _gate = gate(&parent)?;
        let path = parent.join(random());
        guard::watch(&path);
        DirBuilder::new().mode(0o700).create(&path)?;
        let lock = File::create(path.join(LOCK))?;
        lock.try_lock()?;
        let (keep, told) = (AtomicBool::new(false), AtomicBool::new(false));
        Ok(Self { path, keeping, keep, told, _lock: lock })
    }

    /// Keeps the folder if the environment wants all to be kept.
    pub(crate) fn begin(&self) {
        if self.keeping == Keeping::Always {
            self.keep();
        }
    }

    /// Keeps the folder as the evidence of a failure, unless the environment wants none to be kept.
    /// Whether it stays is the result.
    pub(crate) fn keep_evidence(&self) -> bool {
        if self.keeping != Keeping::Never {
            self.keep();
        }
        self.keep.load(Ordering::Relaxed)
    }

    /// Keeps the folder as the evidence of a failure whose error says where it is.
    pub(crate) fn keep_told(&self) -> bool {
        let kept = self.keep_evidence();
        self.told.fetch_or(kept, Ordering::Relaxed);
        kept
    }

    /// Keeps the folder as the evidence of a failure that no error tells of, and says where it is.
    pub(crate) fn keep_and_tell(&self) {
        if self.keep_evidence() {
            self.tell();
        }
    }

    /// Keeps the folder, whatever happens from now on.
    pub(crate) fn keep(&self) {
        self.keep.store(true, Ordering::Relaxed);
        let mark = self.path.join(KEEP);
        // A second name needs neither a descriptor nor room, which may be what has run out.
        let made = fs::hard_link(self.path.join(LOCK), &mark).or_else(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => Ok(()),
            _ => File::create(&mark).map(drop),
        });
        if let Err(error) = made {
            tracing::warn!(path = %self.path.display(), %error, "the mark to keep is missing");
        }
    }

    /// Says that the folder is kept, once. That nobody reads it is no reason to panic.
    fn tell(&self) {
        if self.told.swap(true, Ordering::Relaxed) {
            return;
        }
        let _ = writeln!(io::stderr(), "the sandbox is kept: {}", self.path.display());
    }

    /// Says that the folder is kept, if it is.
    pub(crate) fn tell_kept(&self) {
        if self.keep.load(Ordering::Relaxed) {
            self.tell();
        }
    }

    /// Removes the folder, unless it is to be kept.
    pub(crate) fn end(&self) -> io::Result<()> {
        if !self.keep.load(Ordering::Relaxed) {
            return remove(&self.path).map_err(|error| located(&self.path, error));
        }
        if self.keeping == Keeping::Always {
            self.tell();
        }
        Ok(())
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        if thread::panicking() && self.path.exists() {
            self.keep_and_tell();
        }
        // What cannot be removed now is swept by the next run.
        let _ = self.end();
    }
}

/// The first name for a home of this user's runs.
fn first_name() -> String {
    format!("asterisk-instance-{}", rustix::process::geteuid())
}

/// A home of this user's runs to make one in: the folder of the first name, or another where that
/// is not ours.
fn home(root: &Path) -> io::Result<PathBuf> {
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

/// Makes a folder that is closed to others. Whether it is ours is the result.
fn make_or_trust(path: &Path) -> io::Result<bool> {
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(is_ours(path)),
    }
}

/// The homes of this user's runs below `root`, the first name first.
fn homes(root: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(root) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        // One can go into a folder without being allowed to look around.
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

/// Eight hex digits.
fn random() -> String {
    Uuid::new_v4().simple().to_string()[..8].to_owned()
}

fn is_random(name: &str) -> bool {
    name.len() == 8 && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Between creating a folder and locking it, it must not look abandoned: whoever does either, or
/// looks, holds this.
fn gate(parent: &Path) -> io::Result<File> {
    let path = parent.join(LOCK);
    let gate = File::create(&path)?;
    match gate.try_lock() {
        Ok(()) => return Ok(gate),
        Err(TryLockError::Error(error)) => return Err(error),
        Err(TryLockError::WouldBlock) => {}
    }
    // It is held for moments. Who waits in the kernel cannot give up, so another thread does it.
    let (locked, lock) = mpsc::channel();
    thread::spawn(move || {
        let held = gate.lock().map(|()| gate);
        // Nobody may wait any more.
        let _ = locked.send(held);
    });
    lock.recv_timeout(PATIENCE).unwrap_or_else(|_| {
        let held = io::Error::new(io::ErrorKind::TimedOut, "another process does not give it up");
        Err(located(&path, held))
    })
}

/// An error of the system's, and where.
#[derive(Debug, thiserror::Error)]
#[error("{}", .path.display())]
struct At {
    path: PathBuf,
    #[source]
    error: io::Error,
}

/// The error with its place.
fn located(path: &Path, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), At { path: path.to_owned(), error })
}

/// A run that somebody made.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FoundRun {
    path: PathBuf,
    state: RunState,
}

/// What has become of a run.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RunState {
    /// Its process is alive.
    Running,
    /// It is kept, as evidence or on request.
    Kept,
    /// Its process is gone and could not remove it.
    Stale,
}

impl FoundRun {
    /// Its folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What has become of it.
    pub fn state(&self) -> RunState {
        self.state
    }

    /// The runs of this user below `root`, which is `/tmp` unless
    /// [`Builder::root`](crate::Builder::root) names another.
    ///
    /// # Errors
    ///
    /// If a folder cannot be read. That there is none is no error. What is another user's, or open
    /// to others, is passed over.
    pub fn all(root: &Path) -> io::Result<Vec<Self>> {
        let mut found = Vec::new();
        for home in homes(&absolute(root)?)? {
            let _gate = gate(&home)?;
            found.extend(runs(&home)?);
        }
        Ok(found)
    }

    /// Removes the folder, and kills what is left of its processes, unless it is
    /// [`Running`](RunState::Running).
    ///
    /// # Errors
    ///
    /// If it cannot be removed.
    pub fn remove(&self) -> io::Result<()> {
        if is_claimed(&self.path) {
            return Err(io::Error::other("its process is alive"));
        }
        tracing::info!(path = %self.path.display(), "removing the sandbox of a dead process");
        descendants::kill(&self.path, None);
        remove(&self.path)
    }
}

fn runs(parent: &Path) -> io::Result<Vec<FoundRun>> {
    let mut runs = Vec::new();
    for entry in fs::read_dir(parent)?.flatten() {
        let name = entry.file_name();
        // What is named otherwise is not ours.
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
        // It is made under the gate; only a run whose end was cut short has none.
        Err(error) => error.kind() != io::ErrorKind::NotFound,
    }
}

fn remove(path: &Path) -> io::Result<()> {
    let removed = match fs::remove_dir_all(path) {
        // A test may have closed a folder to its own user.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            open(path)?;
            fs::remove_dir_all(path)
        }
        removed => removed,
    };
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// Makes the folders below a folder, and it, open to their owner.
fn open(folder: &Path) -> io::Result<()> {
    fs::set_permissions(folder, Permissions::from_mode(0o700))?;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        // Of a link this is the kind of the link.
        if entry.file_type()?.is_dir() {
            open(&entry.path())?;
        }
    }
    Ok(())
}

/// Others can make folders and links in `/tmp` too: what stands there must be a folder of ours that
/// is closed to them.
fn is_ours(home: &Path) -> bool {
    fs::symlink_metadata(home).is_ok_and(|metadata| {
        metadata.is_dir()
            && metadata.uid() == rustix::process::geteuid().as_raw()
            && metadata.mode() & 0o077 == 0
    })
}

#[cfg(test)]
mod tests;
