//! The folder of one test run: claimed, private, and gone at the end.
//!
//! ```text
//! /tmp/asterisk-instance-<uid>/     0700, ours
//!   <eight hex digits>/             one run; a file lock in it is held as long as its process lives
//!     ast1/ ast2/ …                 one instance
//!       etc/asterisk/  var/lib/asterisk/  var/spool/asterisk/  var/run/asterisk/  var/log/asterisk/
//! ```
//!
//! Whoever creates a run removes the runs whose lock nobody holds: their process is gone, however it went. A run that is
//! to be kept has a mark in it. A process that is killed has its runs removed at once by its [guard].

use std::fs::{self, DirBuilder, File, Permissions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf, absolute};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use uuid::Uuid;

use crate::descendants;
use crate::guard;
use crate::keep::Keeping;

const LOCK: &str = ".lock";
const KEEP: &str = ".keep";

/// How long to wait for another process that makes or looks for runs.
const PATIENCE: Duration = Duration::from_secs(30);

/// The folder of a run, and the claim on it. Dropping it removes it, unless it is to be kept or a panic is going on.
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
        let parent = parent(root);
        match DirBuilder::new().mode(0o700).create(&parent) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => check_ours(&parent)?,
        }
        // Nobody takes over a run whose process is gone, so it can be removed by and by.
        for run in FoundRun::all(root)?.into_iter().filter(|run| run.state == RunState::Stale) {
            if let Err(error) = run.remove() {
                tracing::warn!(path = %run.path.display(), %error, "a stale sandbox stays");
            }
        }
        let _gate = gate(&parent)?;
        let name = &Uuid::new_v4().simple().to_string()[..8];
        let path = parent.join(name);
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

    /// Removes the folder, unless it is to be kept.
    pub(crate) fn end(&self) -> io::Result<()> {
        if !self.keep.load(Ordering::Relaxed) {
            return remove(&self.path);
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

/// The folder of all runs of this user.
pub(crate) fn parent(root: &Path) -> PathBuf {
    root.join(format!("asterisk-instance-{}", rustix::process::geteuid()))
}

/// Between creating a folder and locking it, it must not look abandoned: whoever does either, or looks, holds this.
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
        let held = format!("{}: another process does not give it up", path.display());
        Err(io::Error::new(io::ErrorKind::TimedOut, held))
    })
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

    /// The runs of this user below `root`, which is `/tmp` unless [`Builder::root`](crate::Builder::root) names another.
    ///
    /// # Errors
    ///
    /// If the folder cannot be read, or is open to others. That there is none is no error.
    pub fn all(root: &Path) -> io::Result<Vec<Self>> {
        let parent = parent(&absolute(root)?);
        if !parent.exists() {
            return Ok(Vec::new());
        }
        check_ours(&parent)?;
        let _gate = gate(&parent)?;
        runs(&parent)
    }

    /// Removes the folder, and kills what is left of its processes, unless it is [`Running`](RunState::Running).
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
        let name = name.to_string_lossy();
        // What is named otherwise is not ours.
        let is_ours = name.len() == 8 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !is_ours || !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
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
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(io::Error::new(error.kind(), format!("{}: {error}", path.display())))
        }
        _ => Ok(()),
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

/// Others can make folders and links in `/tmp` too: what stands there must be a folder of ours that is closed to them.
fn check_ours(parent: &Path) -> io::Result<()> {
    let metadata = fs::symlink_metadata(parent)?;
    let ours = metadata.is_dir()
        && metadata.uid() == rustix::process::geteuid().as_raw()
        && metadata.mode() & 0o077 == 0;
    if ours {
        return Ok(());
    }
    Err(io::Error::other(format!(
        "{} is not a folder that belongs to this user alone (mode 0700)",
        parent.display()
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder to work in, removed at the end.
    struct Root(PathBuf);

    impl Root {
        fn new() -> Self {
            let path =
                std::env::temp_dir().join(format!("instance-test-{}", Uuid::new_v4().simple()));
            fs::create_dir(&path).unwrap();
            Self(path)
        }
    }

    impl Drop for Root {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_run_whose_process_is_gone_is_swept_and_others_stay() {
        let _no_forks = crate::FORKS.blocking_write();
        let root = Root::new();
        let alive = Run::create(&root.0, Keeping::Failed).unwrap();
        let kept = Run::create(&root.0, Keeping::Failed).unwrap();
        kept.keep();
        let dead = Run::create(&root.0, Keeping::Failed).unwrap();
        let paths = [alive.path.clone(), kept.path.clone(), dead.path.clone()];
        // What a dead process leaves: a folder and no lock.
        fs::create_dir(root.0.join("aside")).unwrap();
        fs::rename(&dead.path, root.0.join("aside/dead")).unwrap();
        drop((kept, dead));
        fs::rename(root.0.join("aside/dead"), &paths[2]).unwrap();
        let states =
            |root| FoundRun::all(root).unwrap().into_iter().map(|run| (run.path, run.state));
        let mut expected = paths
            .clone()
            .into_iter()
            .zip([RunState::Running, RunState::Kept, RunState::Stale])
            .collect::<Vec<_>>();
        expected.sort_by(|a, b| a.0.cmp(&b.0));
        assert_eq!(states(&root.0).collect::<Vec<_>>(), expected);
        let next = Run::create(&root.0, Keeping::Failed).unwrap();
        assert_eq!(paths.map(|path| path.exists()), [true, true, false]);
        drop((alive, next));
        assert_eq!(states(&root.0).count(), 1);
    }

    #[test]
    fn a_folder_open_to_others_is_refused() {
        let _no_forks = crate::FORKS.blocking_write();
        let root = Root::new();
        Run::create(&root.0, Keeping::Failed).unwrap();
        let parent = fs::read_dir(&root.0).unwrap().next().unwrap().unwrap().path();
        fs::set_permissions(&parent, Permissions::from_mode(0o755)).unwrap();
        let error = Run::create(&root.0, Keeping::Failed).unwrap_err();
        assert!(error.to_string().contains("belongs to this user alone"), "{error}");
    }

    #[test]
    fn a_link_in_place_of_the_folder_is_refused() {
        let _no_forks = crate::FORKS.blocking_write();
        let root = Root::new();
        let elsewhere = Root::new();
        let name = format!("asterisk-instance-{}", rustix::process::geteuid());
        std::os::unix::fs::symlink(&elsewhere.0, root.0.join(name)).unwrap();
        assert!(Run::create(&root.0, Keeping::Failed).is_err());
        assert_eq!(fs::read_dir(&elsewhere.0).unwrap().count(), 0);
    }
}
