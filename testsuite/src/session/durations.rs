//! Durations of tests when they were run before: the longest first is the shortest for all.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::session::cache;

/// The durations of the tests of a suite. They last in the user's cache folder; where that cannot
/// be, they are known no longer.
#[derive(Debug, Default)]
pub(crate) struct History {
    path: Option<PathBuf>,
    times: Times,
}

#[derive(Debug, Default, Deserialize, Serialize)]
struct Times {
    /// The suite whose durations they are.
    suite: PathBuf,
    seconds: BTreeMap<String, f64>,
}

impl Times {
    fn read(path: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(path).ok()?).ok()
    }
}

impl History {
    pub(crate) fn read(suite: &Path) -> Self {
        let name: String = suite
            .to_string_lossy()
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
            .collect();
        let path = cache::folder().map(|it| it.join(format!("times{name}.json")));
        let known = path.as_deref().and_then(Times::read).filter(|times| times.suite == suite);
        let none = || Times { suite: suite.to_owned(), seconds: BTreeMap::new() };
        Self { path, times: known.unwrap_or_else(none) }
    }

    /// Seconds; of a test that was never run, more than of any other.
    pub(crate) fn of(&self, test: &str) -> f64 {
        self.times.seconds.get(test).copied().unwrap_or(f64::MAX)
    }

    pub(crate) fn note(&mut self, test: &str, seconds: f64) {
        self.times.seconds.insert(test.to_owned(), (seconds * 100.0).round() / 100.0);
    }

    /// Writes it down, and forgets suites that are gone. Another runner at the same time may be the
    /// one whose times last; and that they cannot be written is no failure.
    pub(crate) fn write(&self) {
        let Some((path, folder)) = self.path.as_ref().and_then(|it| Some((it, it.parent()?)))
        else {
            return;
        };
        let _ = serde_json::to_vec(&self.times)
            .map_err(io::Error::from)
            .and_then(|bytes| cache::write(path, &bytes));
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            if Times::read(&entry.path()).is_some_and(|times| !times.suite.exists()) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}
