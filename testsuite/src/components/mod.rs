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

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use crate::case::{Component, Needs, ObjectSettings, Panicked, TestCase, TestResult};
use crate::files::{
    AsteriskVersion, ConfigError, GlobalConfig, ModuleConfig, Node, Section, TestConfig,
};
use crate::matching::refused;

mod ami_event;
mod app_test;
mod ari;
mod asterisk_config;
mod awaited;
mod bridge_test_case;
mod call_files;
mod cause;
mod cdr;
mod cel;
mod channel_hangup;
mod channel_hangup_all;
mod conditions;
mod dns_server;
mod event_action;
mod hangup_monitor;
mod http_static_server;
mod kind;
mod linked_id_check;
mod listening;
#[cfg(test)]
mod mangled;
mod message;
mod originate;
mod originator;
pub(crate) mod pages;
mod python;
mod realtime;
mod records;
mod registry;
mod servers;
mod simple_test_case;
mod sipp;
mod sound_checker;
mod tally;
mod test_case_module;

use self::kind::Kind;
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

/// Builds the components of a test: its conditions, its object, unless that is a test in Rust, and
/// its modules, in their order.
pub(crate) fn build(
    config: &TestConfig,
    global: &GlobalConfig,
    version: Option<&AsteriskVersion>,
    registry: &Registry,
) -> Result<Vec<Named>, ConfigError> {
    let Some(object) = &config.object else {
        return Err(config.root.error("it names no test-object").unsupported());
    };
    let conditions = conditions::of(config, global);
    let conditions = conditions.map(|it| build_condition(it, global, registry).1);
    let object = registry.test_of(&object.typename).is_none().then_some(object);
    let modules = config.modules_for(version).chain(&global.modules).map(|it| (it, false));
    let all = object.map(|it| (it, true)).into_iter().chain(modules);
    let all = all.map(|(module, is_object)| build_one(module, is_object, registry).1);
    conditions.chain(all).collect()
}

/// Builds a condition, and returns its section as well: that tells which of its keys nobody reads.
pub(crate) fn build_condition(
    condition: &ModuleConfig,
    global: &GlobalConfig,
    registry: &Registry,
) -> (Section, Result<Named, ConfigError>) {
    let ModuleConfig { typename: name, section, place, .. } = condition;
    let section = Section::new(section, format!("the condition {name} reads"));
    section.ignore(&conditions::KEYS);
    let named = conditions::type_of(name, place, global).and_then(|typename| {
        let Some(build) = registry.component_of(typename) else {
            let what = match typename == name {
                true => format!("this program has no condition {name}"),
                false => format!("this program has no {typename} for the condition {name}"),
            };
            return Err(place.error(what).unsupported());
        };
        let component = caught(name, place, || build(&section)).flatten()?;
        Ok(Named { typename: name.clone(), component, is_object: false })
    });
    (section, named)
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
        None => Err(place.error(foreign(typename, place)).unsupported()),
        Some(build) => {
            caught(typename, place, || build(&section)).flatten().and_then(|component| {
                if is_object {
                    ObjectSettings::read(&section)?;
                }
                Ok(Named { typename: typename.clone(), component, is_object })
            })
        }
    };
    (section, named)
}

/// Says why a type is not there: what drives it, or whose Python it is.
fn foreign(typename: &str, place: &Node) -> String {
    let module = typename.split('.').next().unwrap_or_default();
    let file = format!("{module}.py");
    let folder = place.error("").file;
    if folder.with_file_name(&file).is_file() {
        return format!("{typename} needs the test's own Python, {file}");
    }
    match module {
        "phones" => format!("{typename} needs PJSUA and its Python"),
        _ => format!("this program has no {typename}"),
    }
}

/// Returns the needs of the components of a test, added up.
pub(crate) fn needs(config: &TestConfig, components: Vec<Named>) -> Result<Needs, ConfigError> {
    let mut needs = Needs::default();
    for Named { typename, component, .. } in components {
        caught(&typename, &config.root, || {
            component.needs(&mut needs);
            drop(component);
        })?;
    }
    Ok(needs)
}

/// Calls a function of a component. One that panics makes its own test broken, and ends no run of
/// all others.
fn caught<T>(typename: &str, place: &Node, call: impl FnOnce() -> T) -> Result<T, ConfigError> {
    catch_unwind(AssertUnwindSafe(call)).map_err(|payload| {
        place.error(format!("{typename} cannot be used")).caused_by(Panicked::new(&*payload))
    })
}

/// Runs a test of YAML: its object and modules do everything, until one of them stops it.
pub(crate) async fn run(test: TestCase) -> TestResult {
    test.set_patience(PATIENCE);
    test.start_many(test.needs().server_count()).await?;
    std::future::pending().await
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::case::{Happening, Watcher};
    use crate::files::Document;
    use crate::job::Weight;

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
            "test-modules: {{test-object: {{typename: {object}, config-section: none}}, modules: [{modules}]}}\nnone: {{}}\nbuild: build\nneeds: needs\ndrop: drop\n"
        );
        let document = Document::parse(Path::new("t.yaml"), &text)?;
        let registry = Registry::new()
            .component("own.Heavy", |_| Ok(Box::new(Heavy)))
            .component("own.Wrong", |section| match section.node().text() {
                Some("needs") => Ok(Box::new(Wrong(false))),
                Some("drop") => Ok(Box::new(Wrong(true))),
                _ => panic!("wrong"),
            })
            .test("own.Test", in_rust);
        build(&TestConfig::of(document), &GlobalConfig::default(), None, &registry)
    }

    fn weight(components: Vec<Named>) -> Result<Weight, ConfigError> {
        let config = TestConfig::of(Document::parse(Path::new("t.yaml"), "{}").unwrap());
        needs(&config, components).map(|it| it.weight())
    }

    #[test]
    fn components_are_built_in_their_order_and_a_test_is_as_heavy_as_they_are() {
        const SIMPLE: &str = "test_case.SimpleTestCase";
        let heavy = "{typename: own.Heavy}";
        let told = |object, modules| {
            let built = built(object, modules).unwrap();
            let names = built.iter().map(|it| (it.typename.clone(), it.is_object));
            (names.collect::<Vec<_>>(), weight(built).unwrap())
        };
        assert_eq!(told(SIMPLE, ""), (vec![(SIMPLE.to_owned(), true)], Weight::of_servers(1)));
        let both = vec![(SIMPLE.to_owned(), true), ("own.Heavy".to_owned(), false)];
        let weight = Weight::of_servers(2) + Weight::of_processes(1);
        assert_eq!(told(SIMPLE, heavy), (both, weight));
        // A test in Rust is no component.
        assert_eq!(told("own.Test", heavy), (vec![("own.Heavy".to_owned(), false)], weight));
    }

    /// Panics when it is asked for its needs, or when it is dropped.
    struct Wrong(bool);

    impl Watcher for Wrong {
        fn needs(&self, _: &mut Needs) {
            assert!(self.0, "wrong needs");
        }

        fn see(&mut self, _: &Happening, _: &TestCase) {}
    }

    impl Drop for Wrong {
        fn drop(&mut self) {
            assert!(!self.0, "wrong end");
        }
    }

    #[test]
    fn a_component_that_panics_makes_its_own_test_broken() {
        for (what, why) in [("build", "wrong"), ("needs", "wrong needs"), ("drop", "wrong end")] {
            let error =
                built("own.Heavy", &format!("{{typename: own.Wrong, config-section: {what}}}"));
            let error = error.and_then(weight).unwrap_err();
            let told = format!("t.yaml:1: own.Wrong cannot be used: it panicked: {why}");
            assert_eq!(format!("{error:#}"), told);
            assert!(!error.is_unsupported());
        }
    }

    #[test]
    fn a_type_that_nobody_knows_is_unsupported() {
        let error = built("own.Nobody", "").err().unwrap();
        assert!(error.is_unsupported(), "{error}");
        assert_eq!(error.to_string(), "t.yaml:1: this program has no own.Nobody");
    }

    #[test]
    fn a_type_that_something_else_drives_is_unsupported_for_that_reason() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("helper.py"), "").unwrap();
        for (typename, why) in [
            ("sipp.SIPpNoCase", "this program has no sipp.SIPpNoCase"),
            ("helper.Helper", "helper.Helper needs the test's own Python, helper.py"),
        ] {
            let text = format!("test-modules: {{test-object: {{typename: {typename}}}}}\n");
            let path = folder.path().join("test-config.yaml");
            let config = TestConfig::of(Document::parse(&path, &text).unwrap());
            let error = build(&config, &GlobalConfig::default(), None, &Registry::new());
            let error = error.err().unwrap();
            assert!(error.is_unsupported() && error.reason() == why, "{error}");
        }
    }
}
