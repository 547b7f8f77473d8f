//! The folder of one test run: claimed, private, and gone at the end.
//!
//! ```text
//! /tmp/asterisk-instance-<uid>/     0700, ours
//!   <eight hex digits>/             one run; a file lock in it is held as long as its process lives
//!     ast1/                         one instance
//!       etc/asterisk/  var/lib/asterisk/  var/spool/asterisk/  var/run/asterisk/  var/log/asterisk/
//! ```
//!
//! Whoever creates a run removes the runs whose lock nobody holds: their process is gone, however it went. A run that is
//! to be kept has a mark in it.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use uuid::Uuid;

use crate::address::Address;
use crate::log;
use crate::server::Server;

const LOCK: &str = ".lock";
const KEEP: &str = ".keep";

/// A rendered sandbox, ready to [boot](Self::boot). Dropping it removes it.
#[derive(Debug)]
pub struct Sandbox {
    pub(crate) run: Run,
    pub(crate) directories: Layout,
    pub(crate) address: Address,
    pub(crate) server: Server,
    pub(crate) boot_timeout: Duration,
    pub(crate) keep: bool,
}

impl Sandbox {
    /// The folder of the run. What is put there goes away with it, and is kept with it.
    pub fn folder(&self) -> &Path {
        &self.run.path
    }

    /// The server that will run in it.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// The main configuration file, for `asterisk -C`.
    pub fn asterisk_conf(&self) -> PathBuf {
        self.directories.etc().join("asterisk.conf")
    }

    /// The folder of the configuration files (`astetcdir`).
    pub fn etc(&self) -> PathBuf {
        self.directories.etc()
    }

    /// The folder of the log files (`astlogdir`).
    pub fn logs(&self) -> PathBuf {
        self.directories.logs()
    }

    /// The last lines of what the server printed and logged.
    pub(crate) fn last_words(&self) -> Vec<String> {
        let logs = self.logs();
        let mut words = log::tail(&logs.join("console.txt"), 10);
        words.extend(log::tail(&logs.join("messages.txt"), 10));
        words
    }

    /// Keeps the folder, whatever happens from now on.
    pub(crate) fn keep(&mut self) {
        self.keep = true;
        if let Err(error) = self.run.keep() {
            tracing::warn!(path = %self.folder().display(), %error, "the mark to keep is missing");
        }
    }

    /// Removes the folder, unless it is to be kept.
    pub(crate) fn end(&mut self) -> io::Result<()> {
        if self.keep { Ok(()) } else { self.run.remove() }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // What cannot be removed now is swept by the next run.
        let _ = self.end();
    }
}

/// Where things are inside one instance's folder.
#[derive(Clone, Debug)]
pub(crate) struct Layout(pub(crate) PathBuf);

impl Layout {
    pub(crate) fn etc(&self) -> PathBuf {
        self.0.join("etc/asterisk")
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.0.join("var/lib/asterisk")
    }

    pub(crate) fn spool(&self) -> PathBuf {
        self.0.join("var/spool/asterisk")
    }

    pub(crate) fn runtime(&self) -> PathBuf {
        self.0.join("var/run/asterisk")
    }

    pub(crate) fn control_socket(&self) -> PathBuf {
        self.runtime().join("asterisk.ctl")
    }

    pub(crate) fn logs(&self) -> PathBuf {
        self.0.join("var/log/asterisk")
    }

    pub(crate) fn cache(&self) -> PathBuf {
        self.0.join("var/cache/asterisk")
    }
}

/// The folder of a run, and the claim on it.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) path: PathBuf,
    _lock: File,
}

impl Run {
    /// Creates a run below `root`, and sweeps those that nobody claims any more.
    pub(crate) fn create(root: &Path) -> io::Result<Self> {
        let parent = root.join(format!("asterisk-instance-{}", rustix::process::geteuid()));
        match DirBuilder::new().mode(0o700).create(&parent) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => check_ours(&parent)?,
        }
        // Between creating a folder and locking it, it must not look abandoned.
        let gate = File::create(parent.join(LOCK))?;
        gate.lock()?;
        sweep(&parent)?;
        let name = &Uuid::new_v4().simple().to_string()[..8];
        let path = parent.join(name);
        DirBuilder::new().mode(0o700).create(&path)?;
        let lock = File::create(path.join(LOCK))?;
        lock.try_lock()?;
        Ok(Self { path, _lock: lock })
    }

    /// Keeps the folder from being swept.
    fn keep(&self) -> io::Result<()> {
        File::create(self.path.join(KEEP)).map(drop)
    }

    fn remove(&self) -> io::Result<()> {
        match fs::remove_dir_all(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
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

/// Removes the runs that nobody claims and nobody wants to keep.
fn sweep(parent: &Path) -> io::Result<()> {
    for entry in fs::read_dir(parent)?.flatten() {
        let path = entry.path();
        let is_run = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if !is_run || path.join(KEEP).exists() {
            continue;
        }
        let claimed = match File::open(path.join(LOCK)) {
            Ok(lock) => lock.try_lock().is_err(),
            // It is made under the gate; only a run whose end was cut short has none.
            Err(error) => error.kind() != io::ErrorKind::NotFound,
        };
        if !claimed {
            tracing::info!(path = %path.display(), "sweeping the sandbox of a dead process");
            if let Err(error) = fs::remove_dir_all(&path) {
                tracing::warn!(path = %path.display(), %error, "a stale sandbox stays");
            }
        }
    }
    Ok(())
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
        let alive = Run::create(&root.0).unwrap();
        let kept = Run::create(&root.0).unwrap();
        kept.keep().unwrap();
        let dead = Run::create(&root.0).unwrap();
        let paths = [alive.path.clone(), kept.path.clone(), dead.path.clone()];
        // A dropped run is what a dead process leaves: a folder and no lock.
        drop((kept, dead));
        let next = Run::create(&root.0).unwrap();
        assert_eq!(paths.map(|path| path.exists()), [true, true, false]);
        alive.remove().unwrap();
        next.remove().unwrap();
    }

    #[test]
    fn a_folder_open_to_others_is_refused() {
        let _no_forks = crate::FORKS.blocking_write();
        use std::os::unix::fs::PermissionsExt;
        let root = Root::new();
        Run::create(&root.0).unwrap();
        let parent = fs::read_dir(&root.0).unwrap().next().unwrap().unwrap().path();
        fs::set_permissions(&parent, fs::Permissions::from_mode(0o755)).unwrap();
        let error = Run::create(&root.0).unwrap_err();
        assert!(error.to_string().contains("belongs to this user alone"), "{error}");
    }

    #[test]
    fn a_link_in_place_of_the_folder_is_refused() {
        let _no_forks = crate::FORKS.blocking_write();
        let root = Root::new();
        let elsewhere = Root::new();
        let name = format!("asterisk-instance-{}", rustix::process::geteuid());
        std::os::unix::fs::symlink(&elsewhere.0, root.0.join(name)).unwrap();
        assert!(Run::create(&root.0).is_err());
        assert_eq!(fs::read_dir(&elsewhere.0).unwrap().count(), 0);
    }
}
