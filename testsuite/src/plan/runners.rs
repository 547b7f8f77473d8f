//! The choice of what runs a test.

use std::path::Path;

use crate::case::Needs;
use crate::components;
use crate::components::Registry;
use crate::files::AsteriskVersion;
use crate::files::ConfigError;
use crate::files::{FoundTest, suggest};
use crate::files::{GlobalConfig, ModuleConfig, TestConfig};
use crate::job::{Choice, Weight};
use crate::plan::python::{self, Python};
use crate::plan::runner::{How, Unmet};

/// The runner of a test.
#[derive(Clone, Debug)]
pub(crate) struct Runner {
    pub(crate) how: How,
    pub(crate) weight: Weight,
    /// The needs of the components, if we run it.
    pub(crate) needs: Needs,
    /// Set if all of the test is in YAML and runs natively, so that nothing but components needs
    /// anything.
    pub(crate) is_components: bool,
}

impl Runner {
    /// Returns the runner of a test that is not ours to run.
    fn other(how: How, test: &FoundTest) -> Self {
        let (weight, needs) = (Weight::of_servers(test.instances), Needs::default());
        Self { how, weight, needs, is_components: false }
    }
}

/// All that decides what runs a test.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Runners<'a> {
    pub(crate) suite: &'a Path,
    pub(crate) registry: &'a Registry,
    /// The modules and conditions of all tests.
    pub(crate) global: &'a GlobalConfig,
    pub(crate) version: Option<&'a AsteriskVersion>,
    pub(crate) python: &'a Python,
    pub(crate) choice: Choice,
    /// Set if the program is the test target of a package, and the only one that has its tests.
    pub(crate) is_target: bool,
}

impl Runners<'_> {
    /// Finds what runs a test, how heavy the test is, and what its components need.
    pub(crate) fn how(
        &self,
        test: &FoundTest,
        config: &TestConfig,
    ) -> Result<Result<Runner, Unmet>, ConfigError> {
        let refused = |name: &str, reason: String| Ok(Err(Unmet { name: name.to_owned(), reason }));
        if test.script {
            if self.choice == Choice::Native && python::is_python(self.suite, test) {
                return refused("--native", "it is a program in Python".to_owned());
            }
            let command = vec![format!("{}/run-test", test.name)];
            return Ok(Ok(Runner::other(How::Script(command), test)));
        }
        let has_library = self.suite.join(python::RUNNER).exists();
        let library = |why: String| {
            Ok(Ok(Runner::other(How::Library { command: self.python.runs(&test.name), why }, test)))
        };
        // A test in Rust has nothing that Python could run.
        let object = config.object.as_ref();
        let is_rust = object.is_some_and(|it| self.registry.test_of(&it.typename).is_some());
        match components::build(config, self.global, self.version, self.registry) {
            Ok(_) if self.choice == Choice::Library && has_library && !is_rust => {
                library("--library".to_owned())
            }
            Ok(components) => {
                let needs = components::needs(config, components)?;
                let mut weight = needs.weight();
                // How many servers a test in Rust boots, only its files can tell.
                if is_rust {
                    weight = weight.max(Weight::of_servers(test.instances));
                }
                Ok(Ok(Runner { how: How::Native, weight, needs, is_components: !is_rust }))
            }
            Err(error) if !error.is_unsupported() => Err(error),
            Err(error) if self.choice == Choice::Native => refused("--native", error.reason()),
            Err(error) if has_library => library(error.reason()),
            // A name that is mistyped must not look like a server that lacks something.
            Err(error) if self.is_target => Err(error),
            Err(error) => {
                let what = error.reason();
                // Nobody else could run it, so it is a slip.
                if let Some(misspelt) = self.misspelt(config, &what) {
                    return Err(misspelt);
                }
                let reason = format!("{what}, and the suite's Python is not in lib/python");
                refused("test-object", reason)
            }
        }
    }

    /// Returns an error for the object or module that this program does not have, `why` says, if
    /// its name is like a known one.
    fn misspelt(&self, config: &TestConfig, why: &str) -> Option<ConfigError> {
        let mut all = config.object.iter().chain(config.modules_for(self.version));
        all.find_map(|ModuleConfig { typename, place, .. }| {
            let hint = suggest::hint(typename, self.registry.names());
            let is_it = why.ends_with(&format!("this program has no {typename}"));
            (is_it && !hint.is_empty())
                .then(|| place.error(format!("this program has no {typename}{hint}")))
        })
    }
}
