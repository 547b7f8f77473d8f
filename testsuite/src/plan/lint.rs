//! `runtests lint`: every configuration file of a suite against what is read of it.
//!
//! An error is what cannot be right; a warning is what has no effect, or another than it seems to
//! have.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::components;
use crate::components::Registry;
use crate::files::suite::{self, LIST};
use crate::files::{ConfigError, Document, Duplicate, Node};
use crate::files::{FoundTest, Suite};
use crate::files::{GlobalConfig, OWN_SECTIONS, Section, suggest};
use crate::files::{ModuleConfig, TestConfig};
use crate::plan::lacks::{CUSTOM, KINDS};

/// The number of sections that are looked through for the one that was probably meant. Files have
/// a dozen.
const COMPARED: usize = 100;

/// The findings so far.
#[derive(Default)]
struct Findings {
    errors: Vec<ConfigError>,
    warnings: Vec<ConfigError>,
}

/// Checks a suite and tells what was found. Exits with 1 if there is an error.
pub(crate) fn run(
    root: &Path,
    global: Option<&Path>,
    registry: &Registry,
) -> Result<ExitCode, Box<dyn Error + Send + Sync>> {
    let suite = Suite::find(root, global)?;
    let mut findings = Findings::default();
    findings.errors.extend(suite.problems.iter().cloned());
    findings.warnings.extend(suite.notices.iter().cloned());
    for list in &suite.lists {
        findings.list(list);
    }
    findings.global(&global.map_or_else(|| root.join(TestConfig::FILE), Path::to_owned));
    findings.conditions(&suite.global.conditions, &suite.global, registry);
    for test in &suite.tests {
        findings.test(root, test, &suite.global, registry);
    }
    findings.forgotten(&suite);
    let mut out = io::stdout().lock();
    let told = [("error", &mut findings.errors), ("warning", &mut findings.warnings)];
    for (kind, found) in told {
        found.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
        found.dedup();
        for error in found.iter_mut() {
            error.file = error.file.strip_prefix(root).unwrap_or(&error.file).to_owned();
            writeln!(out, "{kind}: {error:#}")?;
        }
    }
    let (errors, warnings) = (findings.errors.len(), findings.warnings.len());
    writeln!(out, "{} tests, {errors} errors, {warnings} warnings", suite.tests.len())?;
    Ok(ExitCode::from(u8::from(errors > 0)))
}

impl Findings {
    fn warn(&mut self, node: &Node, what: impl Into<String>) {
        self.warnings.push(node.error(what));
    }

    /// A list of tests.
    fn list(&mut self, path: &Path) {
        // One that cannot be read is told by who needs it.
        let Ok(document) = Document::read(path) else {
            return;
        };
        self.duplicates(path, &document.duplicates);
        let list = Section::new(&document.root, "a list of tests has");
        let mut seen: BTreeMap<(&str, String), usize> = BTreeMap::new();
        let items = list.get("tests").filter(|it| !it.is_map());
        let items = items.and_then(|_| list.part("tests", "a list of tests has"));
        for item in items.map(|it| it.items("an entry has")).unwrap_or_default() {
            for kind in ["test", "dir"] {
                let name = item.get(kind).and_then(Node::text).and_then(suite::below);
                let (Some(name), line) = (name, item.node().line) else { continue };
                if let Some(first) = seen.insert((kind, name.clone()), line) {
                    self.warn(item.node(), format!("{name} is listed in line {first} already"));
                }
            }
        }
        self.warnings.extend(list.unread());
    }

    /// The suite's own configuration.
    fn global(&mut self, path: &Path) {
        let Ok(document) = Document::read(path) else {
            return;
        };
        self.duplicates(path, &document.duplicates);
        if document.root.get("global-settings").is_none() {
            self.warn(&document.root, "there are no global-settings, so nothing of it counts");
        }
        self.warnings.extend(GlobalConfig::unread(&document.root));
    }

    fn duplicates(&mut self, path: &Path, duplicates: &[Duplicate]) {
        for it in duplicates {
            let what =
                format!("{} is there twice: what line {} says of it is lost", it.key, it.lost);
            self.warnings.push(ConfigError::new(path, Some(it.line), what));
        }
    }

    fn test(&mut self, root: &Path, test: &FoundTest, global: &GlobalConfig, registry: &Registry) {
        let config = match &test.config {
            Ok(config) => config,
            Err(error) => return self.errors.push(error.clone()),
        };
        let path = root.join(&test.name).join(TestConfig::FILE);
        self.duplicates(&path, &config.duplicates);
        self.sections(config);
        self.warnings.extend(config.unread());
        self.dependencies(config);
        self.modules(config, test, registry);
        self.conditions(&config.conditions, global, registry);
        let folder = root.join(&test.name);
        for entry in fs::read_dir(folder.join("configs")).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with("branch-") {
                let what = "nobody reads configurations of branches any more";
                self.warnings.push(ConfigError::new(&entry.path(), None, what));
            }
        }
    }

    /// Sections that no module names, and names of none.
    fn sections(&mut self, config: &TestConfig) {
        let all = || config.object.iter().chain(&config.modules);
        let mut named: BTreeMap<&str, &ModuleConfig> = BTreeMap::new();
        for module in all() {
            if let Some(name) = module.place.get("config-section").and_then(Node::text) {
                named.entry(name).or_insert(module);
            }
        }
        for (name, module) in named.iter().filter(|(name, _)| config.root.get(name).is_none()) {
            let sections = config.root.entries().filter_map(|(key, _)| key.text());
            let hint = suggest::hint(name, sections.take(COMPARED));
            let what = format!("there is no section {name}, so it gets the whole file{hint}");
            self.warn(&module.place, what);
        }
        // A script may read what it likes, and a module without a section reads everything.
        let reads_all = all().any(|it| it.place.get("config-section").is_none());
        if config.object.is_none() || reads_all {
            return;
        }
        for (key, section) in config.root.entries() {
            let name = key.text().unwrap_or_default();
            let is_read = OWN_SECTIONS.contains(&name)
                || named.contains_key(name)
                || is_written_out(section, key.line, config);
            if !is_read {
                let names = OWN_SECTIONS.iter().chain(named.keys()).take(COMPARED);
                let hint = suggest::hint(name, names.copied());
                self.warn(key, format!("nobody reads the section {name}{hint}"));
            }
        }
    }

    fn dependencies(&mut self, config: &TestConfig) {
        for dependency in &config.dependencies {
            let (kind, value) = (&*dependency.kind, &dependency.value);
            let known: &[&str] = if KINDS.contains(&kind) { &CUSTOM } else { &KINDS };
            let name = if KINDS.contains(&kind) { value.text().unwrap_or_default() } else { kind };
            if KINDS.contains(&kind) && (kind != "custom" || CUSTOM.contains(&name)) {
                continue;
            }
            let hint = suggest::hint(name, known.iter().copied());
            self.errors.push(value.error(format!("there is no dependency {name}{hint}")));
        }
    }

    /// Builds the components, and tells of what cannot be built and of keys that were not read.
    fn modules(&mut self, config: &TestConfig, test: &FoundTest, registry: &Registry) {
        let objects = config.object.iter().map(|it| (it, true));
        for (module, is_object) in objects.chain(config.modules.iter().map(|it| (it, false))) {
            let ModuleConfig { typename, section, place, .. } = module;
            let names: Vec<&str> = registry.names().collect();
            if !names.contains(&&**typename)
                && let Some(like) = suggest::nearest(typename, names.into_iter())
            {
                self.warn(place, format!("{typename} does not run natively; is it {like}?"));
            }
            if test.script || registry.test_of(typename).is_some() {
                continue;
            }
            let is_own = place.get("config-section").is_some()
                && !section.is_null()
                && !section_is_all(section, config);
            match components::build_one(module, is_object, registry) {
                (read, Ok(_)) if is_own => {
                    self.warnings.extend(read.unread());
                    self.warnings.extend(read.warnings());
                }
                (_, Err(error)) if !error.is_unsupported() => self.errors.push(error),
                _ => {}
            }
        }
    }

    /// Builds conditions, and tells of what cannot be built and of keys that were not read.
    fn conditions(
        &mut self,
        conditions: &[ModuleConfig],
        global: &GlobalConfig,
        registry: &Registry,
    ) {
        for condition in conditions {
            match components::build_condition(condition, global, registry) {
                (read, Ok(_)) => self.warnings.extend(read.unread()),
                (_, Err(error)) if !error.is_unsupported() => self.errors.push(error),
                _ => {
                    let name = &condition.typename;
                    if let Some(like) = suggest::nearest(name, registry.names()) {
                        let what = format!("there is no condition {name}; is it {like}?");
                        self.warn(&condition.place, what);
                    }
                }
            }
        }
    }

    /// Tests on disk that no list names.
    fn forgotten(&mut self, suite: &Suite) {
        let listed: BTreeSet<_> = suite.tests.iter().map(|it| suite.root.join(&it.name)).collect();
        let mut folders = vec![suite.root.join("tests")];
        while let Some(folder) = folders.pop() {
            if folder.join(TestConfig::FILE).is_file() && !listed.contains(&folder) {
                let what = format!("no {LIST} names this test");
                self.warnings.push(ConfigError::new(&folder, None, what));
            }
            let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
            let below = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
            folders.extend(
                below.map(|entry| entry.path()).filter(|path: &PathBuf| !listed.contains(path)),
            );
        }
    }
}

/// Returns whether a module got the whole file because its section is not there.
fn section_is_all(section: &Node, config: &TestConfig) -> bool {
    section.line == config.root.line && section.get("test-modules").is_some()
}

/// Returns whether a section that begins in a line, or a part of it, is written out elsewhere, too:
/// by an alias or by `<<`.
fn is_written_out(node: &Node, first: usize, config: &TestConfig) -> bool {
    // What stands before the section is written out in it.
    if node.line < first {
        return false;
    }
    config.aliased.contains(&node.line)
        || node.items().iter().any(|item| is_written_out(item, first, config))
        || node.entries().any(|(_, value)| is_written_out(value, first, config))
}
