//! Tests written in Rust, by the names that `test-config.yaml` calls them.

use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;
use std::rc::Rc;

use crate::case::Module;
use crate::case::{TestCase, TestResult};
use crate::files::{ConfigError, Node};

/// Tests written in Rust, by the `typename` of their test object.
///
/// A program with tests of its own names them and hands over to [`main`](crate::main):
///
/// ```no_run
/// use ami::Originate;
/// use testsuite::{Matcher, Registry, TestCase, TestResult};
///
/// /// `test-modules: {test-object: {typename: 'sample.Sample'}}`
/// async fn sample(test: TestCase) -> TestResult {
///     let ast = test.start().await?;
///     let mut results = ast.watch(Matcher::event("UserEvent").header("UserEvent", "TestResult"));
///     ast.originate(Originate::to_application("Local/s@default", "Echo", "")).await?;
///     let result = results.next().await?;
///     test.set_passed(result.text("result").as_deref() == Some("pass"));
///     Ok(())
/// }
///
/// fn main() -> std::process::ExitCode {
///     testsuite::main(Registry::new().test("sample.Sample", sample))
/// }
/// ```
#[derive(Clone, Default)]
pub struct Registry {
    tests: BTreeMap<String, Run>,
    modules: BTreeMap<String, BuildModule>,
}

/// A test in Rust.
pub(crate) type Run = Rc<dyn Fn(TestCase) -> Pin<Box<dyn Future<Output = TestResult>>>>;

/// Makes a module of its configuration.
pub(crate) type BuildModule = fn(&Node) -> Result<Box<dyn Module>, ConfigError>;

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

impl Registry {
    /// No tests.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a test. When it returns without an error it has passed, unless it said otherwise.
    #[must_use]
    pub fn test<R>(
        mut self,
        typename: impl Into<String>,
        run: impl Fn(TestCase) -> R + 'static,
    ) -> Self
    where
        R: Future<Output = TestResult> + 'static,
    {
        self.tests.insert(typename.into(), Rc::new(move |test| Box::pin(run(test))));
        self
    }

    /// Adds a module, or a test object, that tests of YAML can name. It is made of its section of
    /// `test-config.yaml`.
    #[must_use]
    pub fn module(
        mut self,
        typename: impl Into<String>,
        build: fn(&Node) -> Result<Box<dyn Module>, ConfigError>,
    ) -> Self {
        self.modules.insert(typename.into(), build);
        self
    }

    pub(crate) fn module_of(&self, typename: &str) -> Option<&BuildModule> {
        self.modules.get(typename)
    }

    pub(crate) fn get(&self, typename: &str) -> Option<&Run> {
        self.tests.get(typename)
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.tests.keys().chain(self.modules.keys()).map(String::as_str)
    }
}
