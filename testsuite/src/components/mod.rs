//! The test objects and modules of YAML that run natively. Each is one file here, and a line in the
//! table.
//!
//! This room depends on the rooms up to `case`. A section of YAML goes in, what takes part in a
//! test comes out. The registry of a user's program adds tests in Rust and modules of its own.
//!
//! Pitfalls: what the suite's own library can run and we cannot is not an error but a
//! [`Refusal::NotNative`]; only what cannot be right in either is an error.

use std::time::Duration;

use crate::case::Module;
use crate::case::{TestCase, TestResult};
use crate::files::AsteriskVersion;
use crate::files::{ConfigError, Node};
use crate::files::{ModuleConfig, TestConfig};
use crate::matching::ExpressionError;

mod ami_event;
mod registry;
mod simple_test_case;

pub use self::registry::Registry;

/// How long calls may go on at the end of such a test: the suite stops its servers gracefully,
/// within that time.
const PATIENCE: Duration = Duration::from_secs(45);

/// Makes a module of its configuration.
type Build = fn(&Node) -> Result<Box<dyn Module>, Refusal>;

/// What the suite calls them now, and what it called them in old branches.
const TABLE: [(&str, Build); 4] = [
    ("ami.AMIEventModule", ami_event::build),
    ("ami.AMIEventModule.AMIEventModule", ami_event::build),
    ("test_case.SimpleTestCase", simple_test_case::build),
    ("SimpleTestCase.SimpleTestCase", simple_test_case::build),
];

/// Why a module cannot be made.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum Refusal {
    /// Its configuration cannot be right.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// It would need something that only the suite's Python has.
    #[error("{0}")]
    NotNative(String),
}

impl Refusal {
    /// For an expression at a place.
    fn expression(node: &Node, error: ExpressionError) -> Self {
        Self::Config(node.error("the expression cannot be used").caused_by(error))
    }
}

/// The names of the types that run natively.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    TABLE.iter().map(|(name, _)| *name)
}

/// Makes the modules of a test, and before them its object, unless that is a test in Rust.
pub(crate) fn build(
    config: &TestConfig,
    more: &[ModuleConfig],
    version: Option<&AsteriskVersion>,
    registry: &Registry,
) -> Result<Vec<Box<dyn Module>>, Refusal> {
    let Some(object) = &config.object else {
        return Err(Refusal::NotNative("it names no test-object".to_owned()));
    };
    let conditions = config.root.get("properties").and_then(|it| it.get("testconditions"));
    if conditions.is_some_and(Node::is_true) {
        return Err(Refusal::NotNative("testconditions do not run natively yet".to_owned()));
    }
    let object = registry.get(&object.typename).is_none().then_some(object);
    let all = object.into_iter().chain(config.modules_for(version)).chain(more);
    all.map(|module| {
        if let Some(build) = registry.module_of(&module.typename) {
            return Ok(build(&module.section)?);
        }
        match TABLE.iter().find(|(name, _)| *name == module.typename) {
            Some((_, build)) => build(&module.section),
            None => Err(Refusal::NotNative(format!("this program has no {}", module.typename))),
        }
    })
    .collect()
}

/// Runs a test of YAML: its object and modules do everything, until one of them stops it.
pub(crate) async fn run(test: TestCase) -> TestResult {
    test.set_patience(PATIENCE);
    test.start().await?;
    std::future::pending().await
}
