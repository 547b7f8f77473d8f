//! Tests written in Rust, by the names that `test-config.yaml` calls them.

use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;

use crate::case::{TestCase, TestResult};
use crate::worker::Run;

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
///     ast.ami().originate(Originate::to_application("Local/s@default", "Echo", "")).await?;
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
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.tests.keys()).finish()
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

    pub(crate) fn get(&self, typename: &str) -> Option<&Run> {
        self.tests.get(typename)
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.tests.keys().map(String::as_str)
    }
}
