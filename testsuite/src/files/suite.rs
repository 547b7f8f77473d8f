//! Finding the tests of a suite: `tests/tests.yaml` names tests, and folders that have a
//! `tests.yaml` of their own.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::num::NonZero;
use std::path::{Component, Path, PathBuf};
use std::thread;

use crate::files::global::GlobalConfig;
use crate::files::test_config::TestConfig;
use crate::files::yaml::{ConfigError, Document, Node, Value};

/// The folder of tests in a suite, and the beginning of every test's name.
const TESTS: &str = "tests";

/// The list of tests in a folder.
pub(crate) const LIST: &str = "tests.yaml";

/// The folder for tests that belong to nobody else; it need not be there.
const CUSTOM: &str = "tests/custom";

/// A suite: a checkout of the Asterisk test suite, or a folder of one's own that is laid out like
/// it.
#[derive(Debug)]
pub struct Suite {
    /// The folder of the suite.
    pub root: PathBuf,
    /// The configuration for all tests.
    pub global: GlobalConfig,
    /// The tests, by their names.
    pub tests: Vec<FoundTest>,
    /// Lists that could not be read, and entries of them.
    pub problems: Vec<ConfigError>,
    /// Notices of what was left out and is no mistake of the suite.
    pub notices: Vec<ConfigError>,
    /// Every list that was read.
    pub(crate) lists: Vec<PathBuf>,
}

/// A test that a list names.
#[derive(Clone, Debug)]
pub struct FoundTest {
    /// The path of the test from the suite's folder, such as `tests/apps/echo`.
    pub name: String,
    /// The configuration of the test.
    pub config: Result<TestConfig, ConfigError>,
    /// Set if the test brings a program `run-test`.
    pub script: bool,
    /// The number of servers that the test will boot, as far as its configuration says, and at
    /// least one.
    pub instances: usize,
}

impl Suite {
    /// Finds the tests of a suite's folder: those that its lists name, or without a list every
    /// folder below `tests` with a `test-config.yaml`.
    ///
    /// # Errors
    ///
    /// If its lists name no test and one of them is wrong, or if its global configuration cannot be
    /// right. What is wrong with a test is told with it.
    pub fn find(root: &Path, global: Option<&Path>) -> Result<Self, ConfigError> {
        let top = root.join(TESTS).join(LIST);
        let mut finder = Finder::new(root);
        if top.is_file() {
            finder.folder(TESTS, None);
        } else {
            finder.every_folder(TESTS);
            if finder.names.is_empty() && finder.problems.is_empty() {
                let what = "there is no such list of tests, and no folder with a test-config.yaml \
                            beside it: is this the folder of a test suite?";
                return Err(ConfigError::new(&top, None, what));
            }
        }
        let global = GlobalConfig::read(root, global)?;
        let Finder { names, lists, mut problems, notices, .. } = finder;
        if names.is_empty() && !problems.is_empty() {
            return Err(problems.swap_remove(0));
        }
        let names: Vec<_> = names.into_iter().collect();
        let tests = read_all(root, &names);
        Ok(Self { root: root.to_owned(), global, tests, problems, notices, lists })
    }

    /// Returns the reason for which a test is not to be run, if it or the suite has one.
    pub(crate) fn skipped(&self, test: &FoundTest) -> Option<String> {
        let config = test.config.as_ref().ok()?;
        let excluded = || {
            let excluded = self.global.exclude.iter().find(|it| test.name.contains(&***it))?;
            Some(format!("the global configuration excludes {excluded}"))
        };
        config.skip.clone().or_else(excluded)
    }
}

/// The form of an entry in a list of tests, for errors.
const ENTRIES: &str = "`test: FOLDER` or `dir: FOLDER`";

struct Finder<'a> {
    root: &'a Path,
    names: BTreeSet<String>,
    /// The folders whose lists are being read, without links.
    open: Vec<PathBuf>,
    /// The folders whose lists were read, as they are named.
    seen: BTreeSet<String>,
    lists: Vec<PathBuf>,
    problems: Vec<ConfigError>,
    notices: Vec<ConfigError>,
}

impl<'a> Finder<'a> {
    fn new(root: &'a Path) -> Self {
        Self {
            root,
            names: BTreeSet::new(),
            open: Vec::new(),
            seen: BTreeSet::new(),
            lists: Vec::new(),
            problems: Vec::new(),
            notices: Vec::new(),
        }
    }

    /// Takes every folder below this one that has the configuration of a test. Links are not
    /// followed.
    fn every_folder(&mut self, folder: &str) {
        let path = self.root.join(folder);
        let entries = match fs::read_dir(&path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return,
            Err(error) => {
                self.problems
                    .push(ConfigError::new(&path, None, "cannot be read").caused_by(error));
                return;
            }
        };
        for entry in entries.flatten() {
            let (kind, name) = (entry.file_type(), entry.file_name());
            if !kind.is_ok_and(|kind| kind.is_dir()) {
                continue;
            }
            let is_test = entry.path().join(TestConfig::FILE).is_file();
            let Some(name) = name.to_str() else {
                if is_test {
                    let what = "expected a folder whose name is UTF-8";
                    self.problems.push(ConfigError::new(&entry.path(), None, what));
                }
                continue;
            };
            if !name.starts_with('.') {
                let below = format!("{folder}/{name}");
                self.every_folder(&below);
                if is_test {
                    self.names.insert(below);
                }
            }
        }
    }

    /// Reads the list of a folder, which another list names at `place`.
    fn folder(&mut self, folder: &str, place: Option<&Node>) {
        let path = self.root.join(folder).join(LIST);
        if (folder == CUSTOM && !path.exists()) || !self.seen.insert(folder.to_owned()) {
            return;
        }
        // A folder under a second name has tests of its own: so does the suite choose some for its
        // gates. But one that leads back to where it is named would have them forty times.
        let real = fs::canonicalize(self.root.join(folder));
        let real = real.unwrap_or_else(|_| self.root.join(folder));
        if let Some(place) = place.filter(|_| self.open.contains(&real)) {
            let what = format!("{folder} is a link to a folder that it is in, and is left out");
            self.notices.push(place.error(what));
            return;
        }
        self.lists.push(path.clone());
        self.open.push(real);
        match Document::read(&path) {
            Ok(document) => self.list(folder, &document.root),
            Err(error) => self.problems.push(error),
        }
        self.open.pop();
    }

    fn list(&mut self, folder: &str, root: &Node) {
        let Some(tests) = root.get("tests") else {
            let found = root.kind();
            let what = format!("expected `tests:` with a list of {ENTRIES}, found {found}");
            return self.problems.push(root.error(what));
        };
        let Value::List(items) = &tests.value else {
            let what = format!("expected a list of {ENTRIES}, found {}", tests.kind());
            return self.problems.push(tests.error(what));
        };
        for item in &**items {
            self.entry(folder, item);
        }
    }

    fn entry(&mut self, folder: &str, item: &Node) {
        let mut is_named = false;
        for (key, name) in item.entries() {
            let Some(kind @ ("test" | "dir")) = key.text() else { continue };
            is_named = true;
            let Some(below) = name.text().filter(|_| !name.is_null()).and_then(below) else {
                let text = name.text().filter(|_| !name.is_null());
                let found = text.map_or_else(|| name.kind().to_owned(), |text| format!("{text:?}"));
                let what =
                    format!("expected `{kind}:` with a folder below this one, found {found}");
                self.problems.push(name.error(what));
                continue;
            };
            let below = format!("{folder}/{below}");
            if kind == "test" {
                self.names.insert(below);
            } else {
                self.folder(&below, Some(name));
            }
        }
        if !is_named {
            let what = format!("expected {ENTRIES}, found {}", item.kind());
            self.problems.push(item.error(what));
        }
    }
}

/// The name of a folder below another one, as one name for each: `./a//b/` is `a/b`. `None` if it
/// is not below it.
pub(crate) fn below(name: &str) -> Option<String> {
    let mut parts = Vec::new();
    for part in Path::new(name).components() {
        match part {
            Component::Normal(part) => parts.push(part.to_str()?),
            Component::CurDir => {}
            _ => return None,
        }
    }
    (!parts.is_empty()).then(|| parts.join("/"))
}

/// Reads the configurations, on all cores: a suite has a thousand.
fn read_all(root: &Path, names: &[String]) -> Vec<FoundTest> {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let share = names.len().div_ceil(cores).max(1);
    thread::scope(|scope| {
        let readers: Vec<_> = names
            .chunks(share)
            .map(|names| {
                scope.spawn(|| names.iter().map(|name| read(root, name)).collect::<Vec<_>>())
            })
            .collect();
        let read = readers.into_iter().map(thread::ScopedJoinHandle::join);
        read.flat_map(|it| it.unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    })
}

fn read(root: &Path, name: &str) -> FoundTest {
    let folder = root.join(name);
    let config = TestConfig::read(&folder);
    let said = config.as_ref().ok().and_then(|config| servers_of_object(root, &folder, config));
    FoundTest {
        name: name.to_owned(),
        script: folder.join("run-test").exists(),
        instances: said.or_else(|| numbered(&folder.join("configs"))).unwrap_or(1).clamp(1, 64),
        config,
    }
}

/// The number of servers that the object of a test will boot, as far as that is said outside of the
/// test's own `configs`.
fn servers_of_object(root: &Path, folder: &Path, config: &TestConfig) -> Option<usize> {
    let object = config.object.as_ref()?;
    if let Some(said) = object.section.get("asterisk-instances").filter(|it| !it.is_null()) {
        return said.text()?.parse().ok();
    }
    // See bridge_test_case.py: it takes these instead of the test's own.
    if object.typename.ends_with("BridgeTestCase") {
        return numbered(&root.join("configs/bridge"));
    }
    let shared = root.join(object.section.get("config-path")?.text()?);
    // Those of the test itself lie over them.
    numbered(&shared).max(numbered(&folder.join("configs")))
}

/// The highest number of the folders `astN` in a folder; none if there are none.
fn numbered(folder: &Path) -> Option<usize> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let numbers = entries
        .filter_map(|entry| entry.file_name().to_str()?.strip_prefix("ast")?.parse::<usize>().ok());
    numbers.max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_whose_folder_has_no_name_in_utf_8_is_not_left_out_silently() {
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt;

        let folder = tempfile::tempdir().unwrap();
        for name in [&b"tests/good"[..], b"tests/b\xffd"] {
            let test = folder.path().join(OsStr::from_bytes(name));
            fs::create_dir_all(&test).unwrap();
            fs::write(test.join(TestConfig::FILE), "testinfo: {summary: x}").unwrap();
        }
        let suite = Suite::find(folder.path(), None).unwrap();
        assert_eq!(suite.tests.len(), 1);
        let problem = suite.problems[0].to_string();
        assert!(problem.contains("expected a folder whose name is UTF-8"), "{problem}");
    }

    #[test]
    fn a_test_has_as_many_servers_as_its_configuration_says() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for folder in
            ["configs/bridge/ast3", "configs/bridge/ast1", "shared/ast2", "own/configs/ast4"]
        {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        let object = |name: &str, section: &str| {
            fs::create_dir_all(root.join(name)).unwrap();
            let text = format!("test-modules: {{test-object: {{typename: '{section}\n");
            fs::write(root.join(name).join(TestConfig::FILE), text).unwrap();
            read(root, name).instances
        };
        let simple = "test_case.SimpleTestCase', config-section: o}}";
        assert_eq!(object("own", &format!("{simple}\no: {{a: b}}")), 4);
        assert_eq!(object("said", &format!("{simple}\no: {{asterisk-instances: 5}}")), 5);
        assert_eq!(object("own", &format!("{simple}\no: {{asterisk-instances: 0}}")), 1);
        assert_eq!(object("empty", &format!("{simple}\no: {{asterisk-instances: }}")), 1);
        assert_eq!(object("path", &format!("{simple}\no: {{config-path: shared}}")), 2);
        assert_eq!(object("own", &format!("{simple}\\no: {{config-path: shared}}")), 4);
        let bridge = "bridge_test_case.BridgeTestCase', config-section: o}}";
        assert_eq!(object("bridge", &format!("{bridge}\no: {{a: b}}")), 3);
        assert_eq!(object("bridge", &format!("{bridge}\no: {{asterisk-instances: 4}}")), 4);
        // A program has those of its own configuration.
        fs::write(root.join("own").join(TestConfig::FILE), "testinfo: {summary: x}\n").unwrap();
        assert_eq!(read(root, "own").instances, 4);
    }
}
