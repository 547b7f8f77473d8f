//! Finding the tests of a suite: `tests/tests.yaml` names tests, and folders that have a `tests.yaml` of their own.

use std::collections::BTreeSet;
use std::fs;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::thread;

use crate::config::{GlobalConfig, TestConfig};
use crate::yaml::{ConfigError, Document, Node};

/// The folder of tests in a suite, and the beginning of every test's name.
const TESTS: &str = "tests";

/// The list of tests in a folder.
pub(crate) const LIST: &str = "tests.yaml";

/// Where tests that belong to nobody else can be put; it need not be there.
const CUSTOM: &str = "tests/custom";

/// A suite: a checkout of the Asterisk test suite, or a folder of one's own that is laid out like it.
#[derive(Debug)]
pub struct Suite {
    /// Its folder.
    pub root: PathBuf,
    /// What counts for all tests.
    pub global: GlobalConfig,
    /// The tests, by their names.
    pub tests: Vec<FoundTest>,
    /// Lists that could not be read.
    pub problems: Vec<ConfigError>,
    /// Every list that was read.
    pub(crate) lists: Vec<PathBuf>,
}

/// A test that a list names.
#[derive(Clone, Debug)]
pub struct FoundTest {
    /// Its path from the suite's folder, such as `tests/apps/echo`.
    pub name: String,
    /// What it says of itself.
    pub config: Result<TestConfig, ConfigError>,
    /// Whether it brings a program `run-test`.
    pub script: bool,
    /// The number of servers that the test will boot, as far as its configuration says, and at
    /// least one.
    pub instances: usize,
}

impl Suite {
    /// Finds the tests of a suite's folder.
    ///
    /// # Errors
    ///
    /// If it has no list of tests, or its global configuration cannot be right. What is wrong with a test is told with it.
    pub fn find(root: &Path, global: Option<&Path>) -> Result<Self, ConfigError> {
        let top = root.join(TESTS).join(LIST);
        if !top.is_file() {
            let what = "there is no such list of tests: is this the folder of a test suite?";
            return Err(ConfigError { file: top, line: None, what: what.to_owned() });
        }
        let global = GlobalConfig::read(root, global)?;
        let mut finder =
            Finder { root, names: BTreeSet::new(), lists: Vec::new(), problems: Vec::new() };
        finder.folder(TESTS);
        let Finder { names, lists, problems, .. } = finder;
        let names: Vec<_> = names.into_iter().collect();
        Ok(Self { root: root.to_owned(), global, tests: read_all(root, &names), problems, lists })
    }
}

struct Finder<'a> {
    root: &'a Path,
    names: BTreeSet<String>,
    lists: Vec<PathBuf>,
    problems: Vec<ConfigError>,
}

impl Finder<'_> {
    fn folder(&mut self, folder: &str) {
        let path = self.root.join(folder).join(LIST);
        if folder == CUSTOM && !path.exists() {
            return;
        }
        if self.lists.contains(&path) {
            return;
        }
        self.lists.push(path.clone());
        match Document::read(&path) {
            Ok(document) => self.list(folder, &document.root),
            Err(error) => self.problems.push(error),
        }
    }

    fn list(&mut self, folder: &str, root: &Node) {
        let Some(tests) = root.get("tests") else {
            self.problems.push(root.error("expected `tests:` with a list of `test:` and `dir:`"));
            return;
        };
        for item in tests.items() {
            let named = |key| item.get(key).and_then(Node::text);
            let is_inside = |name: &str| {
                Path::new(name).components().all(|it| matches!(it, std::path::Component::Normal(_)))
            };
            match (named("test"), named("dir")) {
                (Some(name), _) if is_inside(name) => {
                    self.names.insert(format!("{folder}/{}", name.trim_end_matches('/')));
                }
                (None, Some(name)) if is_inside(name) => {
                    self.folder(&format!("{folder}/{}", name.trim_end_matches('/')));
                }
                _ => {
                    let what = "expected `test: FOLDER` or `dir: FOLDER`, below this one";
                    self.problems.push(item.error(what));
                }
            }
        }
    }
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
    fn a_test_has_as_many_servers_as_its_configuration_says() {
        let root = std::env::temp_dir().join(format!("suite-{}", uuid::Uuid::new_v4().simple()));
        for folder in
            ["configs/bridge/ast3", "configs/bridge/ast1", "shared/ast2", "own/configs/ast4"]
        {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        let object = |name: &str, section: &str| {
            fs::create_dir_all(root.join(name)).unwrap();
            let text = format!("test-modules: {{test-object: {{typename: '{section}\n");
            fs::write(root.join(name).join(TestConfig::FILE), text).unwrap();
            read(&root, name).instances
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
        assert_eq!(read(&root, "own").instances, 4);
        fs::remove_dir_all(root).unwrap();
    }
}
