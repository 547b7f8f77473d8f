//! How long tests took when they were run before: the longest first is the shortest for all.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// What is known of the tests of a suite. It lasts in the user's cache folder; where that cannot be, it is known no longer.
#[derive(Debug, Default)]
pub(crate) struct History {
    path: Option<PathBuf>,
    seconds: BTreeMap<String, f64>,
}

impl History {
    pub(crate) fn read(suite: &Path) -> Self {
        let name: String = suite
            .to_string_lossy()
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
            .collect();
        let path = cache().map(|it| it.join(format!("times{name}.json")));
        let text = path.as_ref().and_then(|path| fs::read(path).ok());
        let seconds = text.and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default();
        Self { path, seconds }
    }

    /// Seconds; of a test that was never run, more than of any other.
    pub(crate) fn of(&self, test: &str) -> f64 {
        self.seconds.get(test).copied().unwrap_or(f64::MAX)
    }

    pub(crate) fn note(&mut self, test: &str, seconds: f64) {
        self.seconds.insert(test.to_owned(), (seconds * 100.0).round() / 100.0);
    }

    /// Writes it down. Another runner at the same time may be the one whose times last.
    pub(crate) fn write(&self) {
        let Some(path) = &self.path else {
            return;
        };
        let draft = path.with_extension(format!("{}", std::process::id()));
        let written = path
            .parent()
            .map_or(Ok(()), fs::create_dir_all)
            .and_then(|()| fs::write(&draft, serde_json::to_vec(&self.seconds)?))
            .and_then(|()| fs::rename(&draft, path));
        if let Err(error) = written {
            tracing::debug!(%error, "the times of tests are not written down");
        }
    }
}

/// The folder of ours in the user's cache folder. A user need not have one.
fn cache() -> Option<PathBuf> {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.filter(|it| it.is_absolute());
    let cache = cache.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")));
    cache.map(|it| it.join("asterisk-testsuite"))
}
