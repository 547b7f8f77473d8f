//! Facts that a server tells of itself: its modules, its build options.

use std::collections::BTreeSet;

use instance::{CliError, Instance, Server};
use serde::{Deserialize, Serialize};

use crate::files::AsteriskVersion;

/// The answers of a server that had loaded all that it could.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Facts {
    /// The text as the server prints it.
    version: String,
    modules: BTreeSet<String>,
    options: BTreeSet<String>,
    /// Lines of the log that tell of modules which could not be loaded.
    complaints: Vec<String>,
}

impl Facts {
    /// Asks a server that has booted with all modules.
    pub(crate) async fn ask(server: &Server, instance: &Instance) -> Result<Self, CliError> {
        let shown = instance.cli("module show").await?;
        let settings = instance.cli("core show settings").await?;
        let mut log = instance.log();
        let log = log.lines().unwrap_or_default();
        let complaints = log.into_iter().filter(|line| line.contains("rror loading module"));
        Ok(Self {
            version: server.version().to_string(),
            modules: modules(&shown),
            options: options(&settings),
            complaints: complaints.collect(),
        })
    }

    /// Returns the version. `None` for one that cannot be compared.
    pub(crate) fn version(&self) -> Option<AsteriskVersion> {
        self.version.parse().ok()
    }

    /// Returns the reason for which a module cannot be used, if there is one. A module that only
    /// declined to run counts as there: it may lack what the test brings.
    pub(crate) fn lacks_module(&self, name: &str) -> Option<String> {
        let name = name.strip_suffix(".so").unwrap_or(name);
        if self.modules.contains(name) {
            return None;
        }
        let file = format!("'{name}.so'");
        let complaint = self.complaints.iter().find(|line| line.contains(&file));
        Some(match complaint {
            Some(line) => {
                format!("the server cannot load it: {}", line.rsplit("': ").next().unwrap_or(line))
            }
            None => "the server has no such module".to_owned(),
        })
    }

    /// Returns whether the server was built with an option.
    pub(crate) fn has_option(&self, name: &str) -> bool {
        self.options.contains(name)
    }

    /// The header `buildopts.h` of its build, as far as the suite's Python reads it.
    pub(crate) fn header(&self) -> String {
        let is_name = |name: &&String| {
            !name.is_empty() && name.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'_')
        };
        let names: Vec<_> = self.options.iter().filter(is_name).map(String::as_str).collect();
        let lines = names.iter().map(|name| format!("#define {name} 1\n"));
        format!("{}#define AST_BUILDOPTS \"{}\"\n", lines.collect::<String>(), names.join(", "))
    }

    pub(crate) fn options(&self) -> String {
        self.options.iter().cloned().collect::<Vec<_>>().join(", ")
    }
}

/// The names in the first column.
fn modules(shown: &str) -> BTreeSet<String> {
    let names = shown.lines().filter_map(|line| line.split_whitespace().next());
    names.map(|name| name.strip_suffix(".so").unwrap_or(name).to_owned()).collect()
}

/// `Build Options: A, B`, or two such lines.
fn options(settings: &str) -> BTreeSet<String> {
    let lines = settings.lines().filter_map(|line| line.split_once("Build Options:"));
    let options = lines.flat_map(|(_, options)| options.split(','));
    options.map(|option| option.trim().to_owned()).filter(|option| !option.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_both_versions_print_is_read() {
        let shown = "Module      Description   Use Count  Status\nacl        Named ACL 2 Running\napp_dial.so  Dial   0  Running\nsome.so X 0 Not Running\n";
        assert!(["acl", "app_dial", "some"].iter().all(|it| modules(shown).contains(*it)));
        let new = "  ABI related Build Options:   OPTIONAL_API\n  All Build Options:           OPTIONAL_API, TEST_FRAMEWORK\n";
        let old = "  Build Options:               TEST_FRAMEWORK\n";
        assert!(options(new).contains("TEST_FRAMEWORK") && options(old).contains("TEST_FRAMEWORK"));
        assert!(options("  Build Options:     (none)\n").contains("(none)"));
    }

    #[test]
    fn the_header_has_the_options_that_are_names() {
        let facts = |text| Facts {
            version: String::new(),
            modules: BTreeSet::new(),
            options: options(text),
            complaints: Vec::new(),
        };
        assert_eq!(
            facts("Build Options: TEST_FRAMEWORK, OPTIONAL_API\n").header(),
            "#define OPTIONAL_API 1\n#define TEST_FRAMEWORK 1\n#define AST_BUILDOPTS \"OPTIONAL_API, TEST_FRAMEWORK\"\n"
        );
        assert_eq!(facts("Build Options: (none)\n").header(), "#define AST_BUILDOPTS \"\"\n");
    }
}
