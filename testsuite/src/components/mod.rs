//! The test objects and modules of YAML that run natively, and the registry that knows them by
//! name.
//!
//! This room depends on the rooms up to `case`. A section of YAML goes in, a [`Component`] comes
//! out. Each component is one file here and a line in the table of the registry; a user's program
//! adds its own in the same way.
//!
//! Pitfalls: building a component has no effect but to note which keys were asked for; plan,
//! schedule and lint build all components of a suite. What the suite's own library can run and we
//! cannot is an error that says so ([`ConfigError::unsupported`]); every other error makes a test
//! broken.

use std::time::Duration;

use crate::case::{Component, Needs, ObjectSettings, TestCase, TestResult};
use crate::files::{AsteriskVersion, ConfigError, ModuleConfig, Node, Section, TestConfig};
use crate::matching::ExpressionError;

mod ami_event;
mod registry;
mod simple_test_case;

pub use self::registry::Registry;

/// The time that calls may go on at the end of a test of YAML: the suite stops its servers
/// gracefully, within that time.
const PATIENCE: Duration = Duration::from_secs(45);

/// A component of a test, as `test-config.yaml` names it.
pub(crate) struct Named {
    pub(crate) typename: String,
    pub(crate) component: Box<dyn Component>,
    pub(crate) is_object: bool,
}

/// Builds the components of a test: its object, unless that is a test in Rust, and its modules, in
/// their order.
pub(crate) fn build(
    config: &TestConfig,
    more: &[ModuleConfig],
    version: Option<&AsteriskVersion>,
    registry: &Registry,
) -> Result<Vec<Named>, ConfigError> {
    let Some(object) = &config.object else {
        return Err(config.root.error("it names no test-object").unsupported());
    };
    let conditions = config.root.get("properties").and_then(|it| it.get("testconditions"));
    if let Some(conditions) = conditions.filter(|it| it.is_true()) {
        return Err(conditions.error("testconditions do not run natively yet").unsupported());
    }
    let object = registry.test_of(&object.typename).is_none().then_some(object);
    let modules = config.modules_for(version).chain(more).map(|it| (it, false));
    let all = object.map(|it| (it, true)).into_iter().chain(modules);
    all.map(|(module, is_object)| build_one(module, is_object, registry).1).collect()
}

/// Builds an object or module, and returns the section of which it was built as well: that tells
/// which of its keys nobody reads.
pub(crate) fn build_one(
    module: &ModuleConfig,
    is_object: bool,
    registry: &Registry,
) -> (Section, Result<Named, ConfigError>) {
    let ModuleConfig { typename, section, place, .. } = module;
    let section = Section::new(section, format!("{typename} reads"));
    let named = match registry.component_of(typename) {
        None => Err(place.error(format!("this program has no {typename}")).unsupported()),
        Some(build) => build(&section).and_then(|component| {
            if is_object {
                ObjectSettings::read(&section)?;
            }
            Ok(Named { typename: typename.clone(), component, is_object })
        }),
    };
    (section, named)
}

/// Returns the needs of some components, added up.
pub(crate) fn needs(components: &[Named]) -> Needs {
    let mut needs = Needs::default();
    components.iter().for_each(|it| it.component.needs(&mut needs));
    needs
}

/// Runs a test of YAML: its object and modules do everything, until one of them stops it.
pub(crate) async fn run(test: TestCase) -> TestResult {
    test.set_patience(PATIENCE);
    test.start_many(test.needs().server_count()).await?;
    std::future::pending().await
}

/// An error of an expression at a place. One that takes more than linear time is no mistake.
fn refused(node: &Node, error: ExpressionError) -> ConfigError {
    let backtracks = error.backtracks;
    let refused = node.error("the expression cannot be used").caused_by(error);
    if backtracks { refused.unsupported() } else { refused }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::case::{Happening, Watcher};
    use crate::files::Document;

    struct Heavy;

    impl Watcher for Heavy {
        fn needs(&self, needs: &mut Needs) {
            needs.servers(2);
            needs.processes(1);
        }

        fn see(&mut self, _: &Happening, _: &TestCase) {}
    }

    async fn in_rust(_: TestCase) -> TestResult {
        Ok(())
    }

    fn built(object: &str, modules: &str) -> Result<Vec<Named>, ConfigError> {
        let text = format!(
            "test-modules: {{test-object: {{typename: {object}, config-section: none}}, modules: [{modules}]}}\nnone: {{}}\n"
        );
        let document = Document::parse(Path::new("t.yaml"), &text)?;
        let registry = Registry::new()
            .component("own.Heavy", |_| Ok(Box::new(Heavy)))
            .test("own.Test", in_rust);
        build(&TestConfig::of(document), &[], None, &registry)
    }

    #[test]
    fn components_are_built_in_their_order_and_a_test_is_as_heavy_as_they_are() {
        const SIMPLE: &str = "test_case.SimpleTestCase";
        let heavy = "{typename: own.Heavy}";
        let told = |object, modules| {
            let built = built(object, modules).unwrap();
            let names = built.iter().map(|it| (it.typename.clone(), it.is_object));
            (names.collect::<Vec<_>>(), needs(&built).weight())
        };
        assert_eq!(told(SIMPLE, ""), (vec![(SIMPLE.to_owned(), true)], 1));
        let both = vec![(SIMPLE.to_owned(), true), ("own.Heavy".to_owned(), false)];
        assert_eq!(told(SIMPLE, heavy), (both, 3));
        // A test in Rust is no component.
        assert_eq!(told("own.Test", heavy), (vec![("own.Heavy".to_owned(), false)], 3));
    }

    #[test]
    fn a_type_that_nobody_knows_is_unsupported() {
        let error = built("own.Nobody", "").err().unwrap();
        assert!(error.is_unsupported(), "{error}");
        assert_eq!(error.to_string(), "t.yaml:1: this program has no own.Nobody");
    }
}
