//! `--watch`: runs the tests, and runs those again whose files change.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::timeout;

use crate::components::Registry;
use crate::files::{GlobalConfig, LIST, Suite, TestConfig};
use crate::job::Options;
use crate::plan;
use crate::session::run::{self, NOT_RUN};
use crate::session::signals::Signals;

/// The time without a further change after which changed files are taken as complete: an editor
/// writes a file in several steps.
const QUIET: Duration = Duration::from_millis(100);

/// The folders of a suite that are watched, as soon as they exist. A suite is written to elsewhere
/// as well: reports and evidence are in its folder unless options say otherwise.
const WATCHED: [&str; 3] = [TESTS, "configs", "lib"];

const TESTS: &str = "tests";

/// Runs the chosen tests, and then those of them whose files changed, until a signal ends it. The
/// exit code is that of the last run.
pub(crate) async fn run(
    registry: &Registry,
    options: &Options,
    signals: &Signals,
) -> anyhow::Result<ExitCode> {
    let root = std::fs::canonicalize(&options.suite)
        .with_context(|| format!("the suite {}", options.suite.display()))?;
    let mut changes = Changes::of(&root).context("the suite cannot be watched")?;
    let mut now = options.clone();
    loop {
        let ended = Box::pin(run::tests(registry, &now, &signals.of_a_run())).await;
        let code = ended.unwrap_or_else(|error| {
            complain(&format!("error: {error:#}"));
            ExitCode::from(NOT_RUN)
        });
        if signals.end.is_cancelled() || signals.drain.is_cancelled() {
            return Ok(code);
        }
        complain("waiting for changes of the suite; Ctrl-C ends");
        now.tests = loop {
            tokio::select! {
                changed = changes.next() => {
                    let concerned = concerned(&root, options, &changed);
                    if !concerned.is_empty() {
                        break concerned;
                    }
                }
                () = signals.end.cancelled() => return Ok(code),
                () = signals.drain.cancelled() => return Ok(code),
            }
        };
        complain(&format!("changed: {}", now.tests.join(", ")));
    }
}

/// Says something on the error output. Nobody may read it.
fn complain(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// The names of the chosen tests that changed files belong to. A file outside of all tests, or a
/// list of tests, concerns all of them. A suite that cannot be read has none.
fn concerned(root: &Path, options: &Options, changed: &BTreeSet<PathBuf>) -> Vec<String> {
    let global = GlobalConfig::named(options.chosen.testsuite_config.as_deref());
    let suite = Suite::find(root, global.as_deref()).map_err(anyhow::Error::from);
    let found = suite.and_then(|suite| {
        let chosen = plan::chosen(&suite, options)?;
        let chosen: Vec<_> = chosen.iter().map(|test| test.name.clone()).collect();
        Ok((suite.tests.into_iter().map(|test| test.name).collect::<Vec<_>>(), chosen))
    });
    let (all, chosen) = found.unwrap_or_else(|error| {
        complain(&format!("error: {error:#}"));
        (Vec::new(), Vec::new())
    });
    let paths: Vec<_> = changed.iter().filter_map(|path| path.strip_prefix(root).ok()).collect();
    let is_list = |path: &Path| path.file_name().is_some_and(|name| name == LIST);
    let of_all = |path: &&Path| is_list(path) || !all.iter().any(|name| path.starts_with(name));
    if paths.iter().any(of_all) {
        return chosen;
    }
    let has_changed = |name: &String| paths.iter().any(|path| path.starts_with(name));
    chosen.into_iter().filter(has_changed).collect()
}

/// The changes of a suite's files.
struct Changes {
    root: PathBuf,
    paths: UnboundedReceiver<PathBuf>,
    watcher: RecommendedWatcher,
}

impl Changes {
    fn of(root: &Path) -> notify::Result<Self> {
        let (sender, paths) = unbounded_channel();
        let suite = root.to_owned();
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            // The receiver goes when the session ends.
            let send = |path| drop(sender.send(path));
            match event {
                Ok(event) if event.need_rescan() => send(suite.join(TESTS)),
                Ok(event) if matches!(event.kind, EventKind::Access(_)) => {}
                Ok(event) => {
                    event.paths.into_iter().filter(|it| counts(&suite, it)).for_each(send);
                }
                Err(error) => complain(&format!("error: changes may be missed: {error}")),
            }
        })?;
        let mut changes = Self { root: root.to_owned(), paths, watcher };
        // For the folders that come, or come again.
        changes.watcher.watch(root, RecursiveMode::NonRecursive)?;
        for folder in WATCHED.map(|folder| root.join(folder)) {
            changes.watch(&folder)?;
        }
        Ok(changes)
    }

    /// Watches a folder, if it is there, and not another that had its name.
    fn watch(&mut self, folder: &Path) -> notify::Result<()> {
        // One that is not watched need not be forgotten.
        let _ = self.watcher.unwatch(folder);
        match folder.is_dir() {
            true => self.watcher.watch(folder, RecursiveMode::Recursive),
            false => Ok(()),
        }
    }

    /// Takes a path that changed.
    fn take(&mut self, path: PathBuf, changed: &mut BTreeSet<PathBuf>) {
        if WATCHED.iter().any(|folder| path == self.root.join(folder))
            && let Err(error) = self.watch(&path)
        {
            complain(&format!("error: {} cannot be watched: {error}", path.display()));
        }
        changed.insert(path);
    }

    /// Waits for a change, and for the end of those that come right behind it. Cancel safe but for
    /// the changes that have been taken.
    async fn next(&mut self) -> BTreeSet<PathBuf> {
        let Some(first) = self.paths.recv().await else {
            return std::future::pending().await;
        };
        let mut changed = BTreeSet::new();
        self.take(first, &mut changed);
        while let Ok(Some(path)) = timeout(QUIET, self.paths.recv()).await {
            self.take(path, &mut changed);
        }
        changed
    }
}

/// Returns `false` for files that editors write for themselves, and for what a suite does not read.
fn counts(root: &Path, path: &Path) -> bool {
    let Ok(below) = path.strip_prefix(root) else { return false };
    let is_read =
        WATCHED.iter().any(|it| below.starts_with(it)) || below == Path::new(TestConfig::FILE);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let (begins, ends) = ([".", "#"], [".swp", ".swx", "~", ".tmp"]);
    is_read
        && name != "4913"
        && !begins.iter().any(|it| name.starts_with(it))
        && !ends.iter().any(|it| name.ends_with(it))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[test]
    fn a_change_concerns_its_test_and_one_outside_of_tests_concerns_all() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        std::fs::create_dir_all(root.join("tests/a/configs")).unwrap();
        std::fs::create_dir_all(root.join("tests/ab")).unwrap();
        std::fs::write(root.join("tests/tests.yaml"), "tests: [{test: a}, {test: ab}]").unwrap();
        let concerned = |paths: &[&str], options: &[&str]| {
            let options = Options::parse_from([&["runtests"], options].concat());
            concerned(root, &options, &paths.iter().map(|path| root.join(path)).collect())
        };
        assert_eq!(concerned(&["tests/a/configs/x.conf"], &[]), ["tests/a"]);
        assert_eq!(concerned(&["tests/ab/x", "tests/a/x"], &[]), ["tests/a", "tests/ab"]);
        assert_eq!(concerned(&["tests/ab/x"], &["-t", "a"]), [""; 0]);
        for all in ["tests/tests.yaml", "configs/x.conf"] {
            assert_eq!(concerned(&[all], &[]), ["tests/a", "tests/ab"], "{all}");
        }
        std::fs::write(root.join("tests/tests.yaml"), "tests: 1").unwrap();
        assert_eq!(concerned(&["tests/tests.yaml"], &[]), [""; 0]);
        let counted = |path: &str| counts(root, &root.join(path));
        for read in ["tests/a/x.conf", "tests", "configs/x.conf", "test-config.yaml"] {
            assert!(counted(read), "{read}");
        }
        for other in ["tests/a/.#x", "tests/a/#x#", "tests/a/x~", "logs/x", "report.xml"] {
            assert!(!counted(other), "{other}");
        }
    }
}
