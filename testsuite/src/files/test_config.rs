//! What a test says of itself in `test-config.yaml`, and what the suite's own file of that name
//! says of all.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::files::version::{AsteriskVersion, VersionError};
use crate::files::yaml::{ConfigError, Document, Duplicate, Node};

/// A test's `test-config.yaml`.
#[derive(Clone, Debug)]
pub struct TestConfig {
    /// What the test shows, in one line.
    pub summary: String,
    /// Why it is not to be run.
    pub skip: Option<String>,
    /// Its groups.
    pub tags: Vec<String>,
    /// What has to be there for it.
    pub dependencies: Vec<Dependency>,
    /// Whether it has to fail.
    pub inverted: bool,
    /// The oldest versions that it can run with.
    pub minima: Vec<AsteriskVersion>,
    /// The first versions that it cannot run with any more.
    pub maxima: Vec<AsteriskVersion>,
    /// What runs it; nothing where that is a script's business.
    pub object: Option<ModuleConfig>,
    /// What watches it, and acts in it.
    pub modules: Vec<ModuleConfig>,
    /// The whole file.
    pub root: Node,
    /// Keys that are in it twice.
    pub duplicates: Vec<Duplicate>,
    /// Lines of it that are written out elsewhere, too.
    pub(crate) aliased: BTreeSet<usize>,
}

/// Something that a test needs.
#[derive(Clone, Debug)]
pub struct Dependency {
    /// Of what kind: `asterisk`, `python`, `app` and so on.
    pub kind: String,
    /// Its name, or what is wanted of it.
    pub value: Node,
}

/// A test object or module.
#[derive(Clone, Debug)]
pub struct ModuleConfig {
    /// Its type, such as `ami.AMIEventModule`.
    pub typename: String,
    /// Its configuration: the section that it names, or the whole file.
    pub section: Node,
    /// Where it is named.
    pub place: Node,
    minima: Vec<AsteriskVersion>,
    maxima: Vec<AsteriskVersion>,
}

impl TestConfig {
    /// The name of the file.
    pub const FILE: &'static str = "test-config.yaml";

    /// Reads the file of a test's folder.
    ///
    /// # Errors
    ///
    /// If it cannot be read, or something in it cannot be right.
    pub fn read(folder: &Path) -> Result<Self, ConfigError> {
        Self::from_document(Document::read(&folder.join(Self::FILE))?)
    }

    fn from_document(document: Document) -> Result<Self, ConfigError> {
        let Document { root, duplicates, aliased } = document;
        if !root.is_map() {
            return Err(root.error(format!(
                "expected a mapping with testinfo and properties, found {}",
                root.kind()
            )));
        }
        let info = |key: &str| root.get("testinfo").and_then(|it| it.get(key));
        let summary = info("summary").and_then(Node::text).unwrap_or("(none)");
        let skip = info("skip").filter(|it| it.is_true()).and_then(Node::text);
        let properties = root.get("properties");
        let property = |key: &str| properties.and_then(|it| it.get(key));
        let expected = property("expectedResult").or_else(|| property("expected-result"));
        let tags = property("tags").map_or(Ok(&[][..]), |it| one_or_many(it, "tags"))?;
        let modules = root.get("test-modules");
        let module = |key: &str| modules.and_then(|it| it.get(key)).filter(|it| !it.is_null());
        let objects = module("test-object").map(|it| modules_of(&root, it)).transpose()?;
        Ok(Self {
            summary: summary.split_whitespace().collect::<Vec<_>>().join(" "),
            skip: skip.map(str::to_owned),
            tags: tags.iter().filter_map(Node::text).map(str::to_owned).collect(),
            dependencies: dependencies(property("dependencies"))?,
            inverted: expected.is_some_and(|it| !it.is_true()),
            minima: versions(property("minversion"))?,
            maxima: versions(property("maxversion"))?,
            // Of several the first was chosen, once by their versions.
            object: objects.and_then(|objects| objects.into_iter().next()),
            modules: module("modules").map_or(Ok(Vec::new()), |it| modules_of(&root, it))?,
            root: root.clone(),
            duplicates,
            aliased,
        })
    }

    /// The objects and modules that count for a version of the server.
    pub fn modules_for(
        &self,
        version: Option<&AsteriskVersion>,
    ) -> impl Iterator<Item = &ModuleConfig> {
        self.modules.iter().filter(move |module| {
            version.is_none_or(|version| version.is_between(&module.minima, &module.maxima))
        })
    }
}

fn modules_of(root: &Node, node: &Node) -> Result<Vec<ModuleConfig>, ConfigError> {
    let items = if node.is_map() {
        std::slice::from_ref(node)
    } else {
        node.expect_items("objects and modules")?
    };
    let module = |item: &Node| {
        let Some(typename) = item.get("typename") else {
            return Err(item.error("this module has no typename"));
        };
        let section = item.get("config-section").and_then(Node::text);
        Ok(ModuleConfig {
            typename: typename.expect_text("typename")?.to_owned(),
            section: section.and_then(|name| root.get(name)).unwrap_or(root).clone(),
            place: item.clone(),
            minima: versions(item.get("minversion"))?,
            maxima: versions(item.get("maxversion"))?,
        })
    };
    items.iter().map(module).collect()
}

fn dependencies(node: Option<&Node>) -> Result<Vec<Dependency>, ConfigError> {
    let items = node.map_or(Ok(&[][..]), |node| node.expect_items("dependencies"))?.iter();
    let dependency = |item: &Node| match (item.entries().next(), item.text()) {
        (Some((kind, value)), _) => {
            let kind = kind.expect_text("the kind of a dependency")?.to_owned();
            Ok(Dependency { kind, value: value.clone() })
        }
        (None, Some(kind)) => Ok(Dependency { kind: kind.to_owned(), value: item.clone() }),
        (None, None) => Err(item.error("expected a dependency such as `asterisk: 'app_dial'`")),
    };
    items.map(dependency).collect()
}

/// A text by itself, or a list.
fn one_or_many<'a>(node: &'a Node, what: &str) -> Result<&'a [Node], ConfigError> {
    if node.text().is_some() && !node.is_null() {
        return Ok(std::slice::from_ref(node));
    }
    node.expect_items(what)
}

/// One version or several.
fn versions(node: Option<&Node>) -> Result<Vec<AsteriskVersion>, ConfigError> {
    let Some(node) = node.filter(|node| !node.is_null()) else {
        return Ok(Vec::new());
    };
    let items = one_or_many(node, "versions")?;
    let version = |item: &Node| {
        let text = item.expect_text("a version")?;
        text.parse().map_err(|error: VersionError| {
            item.error("the version cannot be read").caused_by(error)
        })
    };
    items.iter().map(version).collect()
}

/// The part of the suite's `test-config.yaml` that is active.
#[derive(Clone, Debug, Default)]
pub struct GlobalConfig {
    /// Tests whose path has one of these in it are left out.
    pub exclude: Vec<String>,
    /// The version that tests are chosen for, instead of the server's.
    pub forced_version: Option<AsteriskVersion>,
    /// Modules that every test gets.
    pub modules: Vec<ModuleConfig>,
}

impl GlobalConfig {
    /// The environment variable that names another file.
    pub const VARIABLE: &'static str = "TESTSUITE_CONFIG";

    /// The file that the caller or else the environment names, as an absolute path.
    pub(crate) fn named(path: Option<&Path>) -> Option<PathBuf> {
        let variable = || std::env::var_os(Self::VARIABLE).map(PathBuf::from);
        let path = path.map(Path::to_owned).or_else(variable)?;
        Some(std::path::absolute(&path).unwrap_or(path))
    }

    /// Reads the file of a suite's folder, or the one that is named. A suite need not have one.
    ///
    /// # Errors
    ///
    /// If one that is named cannot be read, or something cannot be right.
    pub fn read(suite: &Path, named: Option<&Path>) -> Result<Self, ConfigError> {
        let path = named.map_or_else(|| suite.join(TestConfig::FILE), Path::to_owned);
        if named.is_none() && !path.exists() {
            return Ok(Self::default());
        }
        let root = Document::read(&path)?.root;
        let settings = root.get("global-settings");
        let Some(active) = settings.and_then(|it| it.get("test-configuration")) else {
            return Ok(Self::default());
        };
        let name = active.expect_text("test-configuration")?;
        let Some(section) = root.get(name) else {
            return Err(active.error(format!("there is no section {name}")));
        };
        if let Some(remote) = section.get("asterisk-instances") {
            return Err(remote
                .error("instances on other hosts are not supported: every test starts its own"));
        }
        let conditions = section.get("properties").and_then(|it| it.get("testconditions"));
        if let Some(conditions) = conditions.filter(|it| it.is_true()) {
            return Err(conditions.error("conditions for all tests are not supported yet"));
        }
        let exclude = section.get("exclude-tests");
        let exclude = exclude.map_or(Ok(&[][..]), |it| it.expect_items("exclude-tests"))?;
        let modules = section.get("test-modules").and_then(|it| it.get("modules"));
        Ok(Self {
            exclude: exclude.iter().filter_map(Node::text).map(str::to_owned).collect(),
            forced_version: versions(section.get("forced-version"))?.into_iter().next(),
            modules: modules.map_or(Ok(Vec::new()), |it| modules_of(section, it))?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<TestConfig, ConfigError> {
        TestConfig::from_document(Document::parse(Path::new("test-config.yaml"), text)?)
    }

    #[test]
    fn a_test_is_read_with_its_modules_and_sections() {
        let config = read(
            "testinfo:\n  summary: 'Two\n    lines'\n  skip: 'not now'\n\
             properties:\n  tags: [a, b]\n  expectedResult: False\n  minversion: ['1.8.1', '11']\n\
             \x20 dependencies:\n    - python: 'starpy'\n    - sipp: {version: 'v3.1'}\n    - 'pcap'\n\
             test-modules:\n  test-object:\n    - {typename: x.First, config-section: one}\n    - {typename: x.Second}\n\
             \x20 modules:\n    - {typename: m.A, config-section: gone}\n\
             one: {k: 1}\n",
        )
        .unwrap();
        assert_eq!((&*config.summary, config.skip.as_deref()), ("Two lines", Some("not now")));
        assert!(config.inverted);
        let kinds: Vec<_> = config.dependencies.iter().map(|it| &*it.kind).collect();
        assert_eq!(kinds, ["python", "sipp", "pcap"]);
        let object = config.object.unwrap();
        assert_eq!(
            (&*object.typename, object.section.get("k").unwrap().text()),
            ("x.First", Some("1"))
        );
        // A section that is not there stands for the whole file.
        assert!(config.modules[0].section.get("properties").is_some());
        assert_eq!(config.minima.len(), 2);
    }

    #[test]
    fn what_cannot_be_right_is_refused_with_its_line() {
        let refused = |text| format!("{:#}", read(text).unwrap_err());
        assert_eq!(
            refused("properties:\n  minversion: 'quiche'\n").split(';').next(),
            Some(
                "test-config.yaml:2: the version cannot be read: \"quiche\" is no version of Asterisk"
            )
        );
        assert!(
            refused("test-modules:\n  modules:\n    - {config-section: x}\n")
                .ends_with(":3: this module has no typename")
        );
        assert!(refused("- a\n").contains("expected a mapping"), "{}", refused("- a\n"));
        for (text, told) in [
            (
                "test-modules:\n  modules: ok\n",
                ":2: objects and modules: expected a list, found a value",
            ),
            (
                "test-modules:\n  test-object: ok\n",
                ":2: objects and modules: expected a list, found a value",
            ),
            (
                "properties:\n  minversion: {a: 1}\n",
                ":2: versions: expected a list, found a mapping",
            ),
            ("properties:\n  tags: {a: 1}\n", ":2: tags: expected a list, found a mapping"),
            (
                "properties:\n  dependencies: ok\n",
                ":2: dependencies: expected a list, found a value",
            ),
        ] {
            assert_eq!(refused(text), format!("test-config.yaml{told}"));
        }
        assert_eq!(read("properties: {tags: one}\n").unwrap().tags, ["one"]);
        assert!(read("properties: {tags: , dependencies: }\n").unwrap().tags.is_empty());
    }
}
