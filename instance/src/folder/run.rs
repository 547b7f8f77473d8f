//! A run: its folder, the claim on it, and whether it is kept.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;

use crate::folder::found::{FoundRun, KEEP, RunState, remove};
use crate::folder::guard;
use crate::folder::home::{LOCK, gate, home, located, random};
use crate::folder::keeping::Keeping;

/// The folder of a run, and the claim on it. Dropping it removes the folder, unless the folder is
/// to be kept or the thread panics.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) path: PathBuf,
    keeping: Keeping,
    keep: AtomicBool,
    /// `true` if somebody was told that the folder is kept.
    announced: AtomicBool,
    /// The first crash of a server.
    crash: OnceLock<String>,
    /// The test that made the run, if one did.
    test: Option<String>,
    _lock: File,
}

impl Run {
    /// Creates a run below `root`, and removes the runs that nobody claims any more.
    pub(crate) fn create(root: &Path, keeping: Keeping) -> io::Result<Self> {
        let home = home(root)?;
        // Nobody takes over a run whose process is gone, so there is no hurry to hold the gate.
        for run in FoundRun::all(root)?.into_iter().filter(|run| run.state() == RunState::Stale) {
            if let Err(error) = run.remove() {
                tracing::warn!(path = %run.path().display(), %error, "a stale sandbox stays");
            }
        }
        let _gate = gate(&home)?;
        let path = home.join(random());
        guard::watch(&path);
        DirBuilder::new().mode(0o700).create(&path)?;
        let lock = File::create(path.join(LOCK))?;
        lock.try_lock()?;
        let (keep, announced) = (AtomicBool::new(false), AtomicBool::new(false));
        let crash = OnceLock::new();
        let test = test_of_this_thread();
        Ok(Self { path, keeping, keep, announced, crash, test, _lock: lock })
    }

    /// Keeps the folder if the environment says that all are kept.
    pub(crate) fn begin(&self) {
        if self.keeping == Keeping::Always {
            self.keep();
        }
    }

    /// Keeps the folder as the evidence of a failure, unless the environment says that none is
    /// kept. Returns whether the folder is kept.
    pub(crate) fn keep_evidence(&self) -> bool {
        if self.keeping != Keeping::Never {
            self.keep();
        }
        self.keep.load(Ordering::Relaxed)
    }

    /// Keeps the folder as the evidence of a failure whose error says where the folder is.
    pub(crate) fn keep_for_error(&self) -> bool {
        let kept = self.keep_evidence();
        self.announced.fetch_or(kept, Ordering::Relaxed);
        kept
    }

    /// Keeps the folder as the evidence of a failure that no error tells, and prints where the
    /// folder is.
    pub(crate) fn keep_and_announce(&self) {
        if self.keep_evidence() {
            self.announce();
        }
    }

    /// Keeps the folder, whatever happens from now on.
    pub(crate) fn keep(&self) {
        self.keep.store(true, Ordering::Relaxed);
        let mark = self.path.join(KEEP);
        // A link needs neither a descriptor nor disk space, which may be what has run out.
        let made = fs::hard_link(self.path.join(LOCK), &mark).or_else(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => Ok(()),
            _ => File::create(&mark).map(drop),
        });
        if let Err(error) = made {
            tracing::warn!(path = %self.path.display(), %error, "the mark to keep is missing");
        }
    }

    /// Prints once that the folder is kept. A failure to print is ignored: it is no reason to
    /// panic.
    fn announce(&self) {
        if self.announced.swap(true, Ordering::Relaxed) {
            return;
        }
        let crash = self.crash.get().map(|crash| format!("; {crash}")).unwrap_or_default();
        let test = self.test.as_ref().map(|test| format!(" (test {test})")).unwrap_or_default();
        let line = format!("the sandbox is kept: {}{test}{crash}", self.path.display());
        let _ = writeln!(io::stderr(), "{line}");
    }

    /// Notes that a server crashed, for those who are told that the folder is kept. The first crash
    /// counts.
    pub(crate) fn note_crash(&self, crash: String) {
        let _ = self.crash.set(crash);
    }

    /// Prints that the folder is kept, if it is.
    pub(crate) fn announce_kept(&self) {
        if self.keep.load(Ordering::Relaxed) {
            self.announce();
        }
    }

    /// Removes the folder, unless it is to be kept.
    pub(crate) fn end(&self) -> io::Result<()> {
        if !self.keep.load(Ordering::Relaxed) {
            return remove(&self.path).map_err(|error| located(&self.path, error));
        }
        if self.keeping == Keeping::Always {
            self.announce();
        }
        Ok(())
    }
}

/// Returns the name of the test whose thread this is: a test harness names the thread of a test
/// after it. Other threads have names of their program, or of a runtime.
fn test_of_this_thread() -> Option<String> {
    const OTHERS: [&str; 2] = ["main", "asterisk-blocking"];
    let thread = thread::current();
    let name = thread.name().filter(|name| !OTHERS.contains(name) && !name.starts_with("tokio"))?;
    Some(name.to_owned())
}

impl Drop for Run {
    fn drop(&mut self) {
        if thread::panicking() && self.path.exists() {
            self.keep_and_announce();
        }
        // The next run removes what cannot be removed now.
        let _ = self.end();
    }
}

/// The witness of how an instance of a run ended. Dropping it keeps the run if the thread panics,
/// or if a server is in use: a server that is dropped then, usually by a `?`, belongs to a test
/// that did not come to its end. Other instances of the run do not matter.
#[derive(Debug)]
pub(crate) struct Witness {
    run: Arc<Run>,
    /// `true` if a run that is dropped in use is kept.
    keeps_in_use: bool,
    in_use: AtomicBool,
}

impl Witness {
    pub(crate) fn new(run: &Arc<Run>, keeps_in_use: bool) -> Self {
        Self { run: Arc::clone(run), keeps_in_use, in_use: AtomicBool::new(false) }
    }

    /// Sets whether a server is in use: from the end of its boot until it is shut down.
    pub(crate) fn set_in_use(&self, in_use: bool) {
        self.in_use.store(in_use, Ordering::Relaxed);
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        if thread::panicking() || self.keeps_in_use && self.in_use.load(Ordering::Relaxed) {
            self.run.keep_and_announce();
        }
    }
}

#[cfg(test)]
mod tests;
