//! The configuration of a test, `test-config.yaml`.

use std::collections::BTreeSet;
use std::path::Path;

use crate::files::section::Section;
use crate::files::version::{AsteriskVersion, VersionError};
use crate::files::yaml::{ConfigError, Document, Duplicate, Node};

/// A test's `test-config.yaml`.
#[derive(Clone, Debug)]
pub struct TestConfig {
    /// The purpose of the test, in one line.
    pub summary: String,
    /// The reason for which the test is not to be run.
    pub skip: Option<String>,
    /// The tags of the test.
    pub tags: Vec<String>,
    /// The things that have to be there for the test.
    pub dependencies: Vec<Dependency>,
    /// Set if the test has to fail.
    pub inverted: bool,
    /// The oldest versions that it can run with.
    pub minima: Vec<AsteriskVersion>,
    /// The first versions that it cannot run with any more.
    pub maxima: Vec<AsteriskVersion>,
    /// The object that runs the test; `None` where that is a script's business.
    pub object: Option<ModuleConfig>,
    /// The modules that watch the test and act in it.
    pub modules: Vec<ModuleConfig>,
    /// The conditions that are checked before and after the test, by their names.
    pub conditions: Vec<ModuleConfig>,
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
    /// The kind of the dependency: `asterisk`, `python`, `app` and so on.
    pub kind: String,
    /// The name of the dependency, or the wanted properties.
    pub value: Node,
}

/// A test object or module.
#[derive(Clone, Debug)]
pub struct ModuleConfig {
    /// The type, such as `ami.AMIEventModule`.
    pub typename: String,
    /// The configuration: the section that is named, or the whole file.
    pub section: Node,
    /// The place at which the module is named.
    pub place: Node,
    minima: Vec<AsteriskVersion>,
    maxima: Vec<AsteriskVersion>,
}

/// Sections of the file that are not for objects and modules.
pub(crate) const OWN_SECTIONS: [&str; 3] = ["testinfo", "properties", "test-modules"];

/// Keys of `test-modules` that say where Python looks for modules.
const SEARCH_PATHS: [&str; 3] =
    ["add-test-to-search-path", "add-to-search-path", "add-relative-to-search-path"];

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
        Self::from_section(&Section::new(&document.root, "the file has"), &document)
    }

    /// The configuration that a document is.
    #[cfg(test)]
    pub(crate) fn of(document: Document) -> Self {
        Self::from_document(document).unwrap()
    }

    fn from_section(root: &Section, document: &Document) -> Result<Self, ConfigError> {
        if !root.node().is_map() {
            return Err(root.error(format!(
                "expected a mapping with testinfo and properties, found {}",
                root.node().kind()
            )));
        }
        let info = root.part("testinfo", "testinfo has");
        let (summary, skip) = info.as_ref().map_or((None, None), |info| {
            info.ignore(&["description", "issues"]);
            let skip = info.get("skip").filter(|it| it.is_true()).and_then(Node::text);
            (info.get("summary").and_then(Node::text), skip)
        });
        let mut config = Self {
            summary: summary.unwrap_or("(none)").split_whitespace().collect::<Vec<_>>().join(" "),
            skip: skip.map(str::to_owned),
            tags: Vec::new(),
            dependencies: Vec::new(),
            inverted: false,
            minima: Vec::new(),
            maxima: Vec::new(),
            object: None,
            modules: Vec::new(),
            conditions: Vec::new(),
            root: document.root.clone(),
            duplicates: document.duplicates.clone(),
            aliased: document.aliased.clone(),
        };
        if let Some(properties) = root.part("properties", "properties have") {
            config.take_properties(&properties)?;
        }
        if let Some(modules) = root.part("test-modules", "test-modules have") {
            modules.ignore(&SEARCH_PATHS);
            let read = |key: &str| {
                let node = modules.part(key, "test-modules have");
                node.map(|node| modules_of(root.node(), &node)).transpose()
            };
            // Of several the first was chosen, once by their versions.
            config.object = read("test-object")?.and_then(|objects| objects.into_iter().next());
            config.modules = read("modules")?.unwrap_or_default();
        }
        Ok(config)
    }

    fn take_properties(&mut self, properties: &Section) -> Result<(), ConfigError> {
        properties.ignore(&["features", "forced-version"]);
        let expected = [properties.get("expectedResult"), properties.get("expected-result")];
        let tags = properties.get("tags").map_or(Ok(&[][..]), |it| one_or_many(it, "tags"))?;
        self.tags = tags.iter().filter_map(Node::text).map(str::to_owned).collect();
        self.inverted = expected.into_iter().flatten().next().is_some_and(|it| !it.is_true());
        self.minima = versions(properties.get("minversion"))?;
        self.maxima = versions(properties.get("maxversion"))?;
        self.dependencies = dependencies(properties.get("dependencies"))?;
        self.conditions = conditions_of(properties.get("testconditions"))?;
        Ok(())
    }

    /// Keys of the file that nobody reads, but for its sections and what is in those.
    pub(crate) fn unread(&self) -> Vec<ConfigError> {
        let root = Section::new(&self.root, "the file has");
        drop(root.entries());
        let document =
            Document { root: self.root.clone(), duplicates: Vec::new(), aliased: BTreeSet::new() };
        // The file was read before, and so it can be read.
        let _ = Self::from_section(&root, &document);
        root.unread()
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

/// Reads objects or modules, from a list or of one alone.
pub(super) fn modules_of(root: &Node, node: &Section) -> Result<Vec<ModuleConfig>, ConfigError> {
    if !node.node().is_map() {
        node.node().expect_items("objects and modules")?;
    }
    let module = |item: Section| {
        let Some(typename) = item.get("typename") else {
            return Err(item.error("this module has no typename"));
        };
        let section = item.get("config-section").and_then(Node::text);
        Ok(ModuleConfig {
            typename: typename.expect_text("typename")?.to_owned(),
            section: section.and_then(|name| root.get(name)).unwrap_or(root).clone(),
            place: item.node().clone(),
            minima: versions(item.get("minversion"))?,
            maxima: versions(item.get("maxversion"))?,
        })
    };
    node.items("a module has").into_iter().map(module).collect()
}

/// Reads conditions, each with its own entry as its section.
pub(super) fn conditions_of(node: Option<&Node>) -> Result<Vec<ModuleConfig>, ConfigError> {
    let items = node.map_or(Ok(&[][..]), |node| node.expect_items("testconditions"))?.iter();
    let condition = |item: &Node| {
        let Some(name) = item.get("name") else {
            return Err(item.error("this condition has no name"));
        };
        Ok(ModuleConfig {
            typename: name.expect_text("name")?.to_owned(),
            section: item.clone(),
            place: item.clone(),
            minima: Vec::new(),
            maxima: Vec::new(),
        })
    };
    items.map(condition).collect()
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

/// Reads one version or several.
pub(super) fn versions(node: Option<&Node>) -> Result<Vec<AsteriskVersion>, ConfigError> {
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
