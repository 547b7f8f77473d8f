//! The suite's own `test-config.yaml`, which counts for all tests.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::files::section::Section;
use crate::files::test_config::{ModuleConfig, TestConfig, conditions_of, modules_of, versions};
use crate::files::version::AsteriskVersion;
use crate::files::yaml::{ConfigError, Document, Node};

/// The part of the suite's `test-config.yaml` that is active.
#[derive(Clone, Debug, Default)]
pub struct GlobalConfig {
    /// Tests whose path has one of these in it are left out.
    pub exclude: Vec<String>,
    /// The version that tests are chosen for, instead of the server's.
    pub forced_version: Option<AsteriskVersion>,
    /// Modules that every test gets.
    pub modules: Vec<ModuleConfig>,
    /// Conditions that are checked before and after every test, by their names.
    pub conditions: Vec<ModuleConfig>,
    /// The types of the conditions that are checked before and after, by the names of conditions.
    pub definitions: BTreeMap<String, [Option<String>; 2]>,
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
        let section = Section::new(&root, "the file has");
        let read = match Self::active(&section)? {
            Some(active) => Self::from_section(&active)?,
            None => Self::default(),
        };
        Ok(Self { definitions: Self::definitions(&root)?, ..read })
    }

    /// The types of conditions, which `global-settings` name.
    fn definitions(root: &Node) -> Result<BTreeMap<String, [Option<String>; 2]>, ConfigError> {
        let defined = root.get("global-settings").and_then(|it| it.get("condition-definitions"));
        let Some(defined) = defined.filter(|it| !it.is_null()) else {
            return Ok(BTreeMap::new());
        };
        let definition = |item: &Node| {
            let Some(name) = item.get("name") else {
                return Err(item.error("this definition of a condition has no name"));
            };
            let typename = |key| item.get(key).and_then(|it| it.get("typename")?.text());
            let types = ["pre", "post"].map(|key| typename(key).map(str::to_owned));
            Ok((name.expect_text("name")?.to_owned(), types))
        };
        defined.expect_items("condition-definitions")?.iter().map(definition).collect()
    }

    /// The section that `global-settings` chooses. `None` if they choose none.
    fn active(root: &Section) -> Result<Option<Section>, ConfigError> {
        let Some(settings) = root.part("global-settings", "global-settings have") else {
            return Ok(None);
        };
        settings.ignore(&["condition-definitions"]);
        let Some(name) = settings.get("test-configuration") else {
            return Ok(None);
        };
        let key = name.expect_text("test-configuration")?;
        if root.node().get(key).is_none() {
            return Err(name.error(format!("there is no section {key}")));
        }
        // The suite's own is empty: it changes nothing.
        Ok(root.part(key, "a configuration has"))
    }

    fn from_section(section: &Section) -> Result<Self, ConfigError> {
        if let Some(remote) = section.get("asterisk-instances") {
            return Err(remote
                .error("instances on other hosts are not supported: every test starts its own"));
        }
        let properties = section.part("properties", "properties of all tests have");
        let conditions = properties.as_ref().and_then(|it| it.get("testconditions"));
        let exclude = section.get("exclude-tests");
        let exclude = exclude.map_or(Ok(&[][..]), |it| it.expect_items("exclude-tests"))?;
        let modules = section.part("test-modules", "test-modules have");
        let modules = modules.and_then(|it| it.part("modules", "test-modules have"));
        if modules.is_some() {
            // They have their sections beside them.
            drop(section.entries());
        }
        Ok(Self {
            exclude: exclude.iter().filter_map(Node::text).map(str::to_owned).collect(),
            forced_version: versions(section.get("forced-version"))?.into_iter().next(),
            modules: modules.map_or(Ok(Vec::new()), |it| modules_of(section.node(), &it))?,
            conditions: conditions_of(conditions)?,
            definitions: BTreeMap::new(),
        })
    }

    /// Keys of a file that nobody reads, but for the sections that are not chosen.
    pub(crate) fn unread(root: &Node) -> Vec<ConfigError> {
        let section = Section::new(root, "the file has");
        drop(section.entries());
        // What cannot be right is an error, and told as such.
        if let Ok(Some(active)) = Self::active(&section) {
            let _ = Self::from_section(&active);
        }
        section.unread()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_section_that_counts_may_be_empty_but_has_to_be_there() {
        let read = |text: &str| {
            let text = format!("global-settings: {{test-configuration: own}}\n{text}");
            let root = Document::parse(Path::new("t.yaml"), &text).unwrap().root;
            let active = GlobalConfig::active(&Section::new(&root, "it has"));
            active.map(|it| it.map(|it| GlobalConfig::from_section(&it).unwrap().exclude))
        };
        assert_eq!(read("own:\n").unwrap(), None);
        assert_eq!(read("own: {exclude-tests: [a]}\n").unwrap(), Some(vec!["a".to_owned()]));
        let error = read("other:\n").unwrap_err();
        assert_eq!(error.to_string(), "t.yaml:1: there is no section own");
    }

    #[test]
    fn keys_that_nobody_reads_are_told_but_not_of_sections_that_modules_have() {
        let unread = |text: &str| {
            let root = Document::parse(Path::new("t.yaml"), text).unwrap().root;
            let unread = GlobalConfig::unread(&root).into_iter().map(|it| it.to_string());
            unread.collect::<Vec<_>>()
        };
        let settings =
            "global-settings: {test-configuration: own, test-config: x}\nother: {x: 1}\n";
        assert_eq!(
            unread(&format!("{settings}own: {{exclude-test: []}}\n")),
            [
                "t.yaml:1: global-settings have no test-config; is it test-configuration?",
                "t.yaml:3: a configuration has no exclude-test; is it exclude-tests?"
            ]
        );
        let modules = "own: {test-modules: {modules: [{typename: x.Y, config-section: z}]}, z: {}}";
        assert_eq!(unread(&format!("{settings}{modules}\n")).len(), 1);
    }
}
