//! The registry of all that a program can run natively, by its names in `test-config.yaml`.

use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;
use std::rc::Rc;

use crate::case::{Component, TestCase, TestResult};
use crate::components::kind::{Build, Kind};
use crate::components::{
    ami_event, app_test, ari, asterisk_config, bridge_test_case, call_files, cdr, cel,
    channel_hangup, channel_hangup_all, conditions, dns_server, event_action, hangup_monitor,
    http_static_server, linked_id_check, originator, realtime, simple_test_case, sipp,
    sound_checker, test_case_module,
};
use crate::files::{ConfigError, Section};

/// The objects and modules that every program has.
const TABLE: &[Kind] = &[
    ami_event::KIND,
    app_test::KIND,
    ari::BASE,
    ari::CALLS,
    ari::HANGUP_MONITOR,
    ari::ORIGINATES,
    ari::websocket_event::KIND,
    asterisk_config::KIND,
    bridge_test_case::KIND,
    call_files::KIND,
    cdr::KIND,
    cel::KIND,
    channel_hangup::KIND,
    channel_hangup_all::KIND,
    dns_server::KIND,
    event_action::KIND,
    hangup_monitor::KIND,
    http_static_server::KIND,
    linked_id_check::KIND,
    originator::KIND,
    realtime::KIND,
    simple_test_case::KIND,
    sipp::AMI_ACTION_KIND,
    sipp::KIND,
    sound_checker::KIND,
    sipp::iterator::KIND,
    test_case_module::KIND,
];

/// Tests written in Rust, by the `typename` of their test object, and the components of YAML: those
/// that every program has, and a program's own.
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
#[derive(Clone)]
pub struct Registry {
    tests: BTreeMap<String, Run>,
    components: BTreeMap<String, Registered>,
}

/// A component that a program has.
#[derive(Clone, Copy)]
struct Registered {
    build: Build,
    page: Option<&'static str>,
}

/// A test in Rust.
pub(crate) type Run = Rc<dyn Fn(TestCase) -> Pin<Box<dyn Future<Output = TestResult>>>>;

impl Default for Registry {
    fn default() -> Self {
        let registered = |kind: &Kind| {
            let it = Registered { build: kind.build, page: Some(kind.page) };
            kind.names.iter().map(move |name| ((*name).to_owned(), it))
        };
        let components = TABLE.iter().chain(&conditions::KINDS).flat_map(registered).collect();
        Self { tests: BTreeMap::new(), components }
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

impl Registry {
    /// No tests, and the components that every program has.
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

    /// Adds a component, which tests of YAML can name as their object or as a module. It is built
    /// of its section of `test-config.yaml`, and replaces one that has the same name.
    ///
    /// Building must have no effect: the plan and lint build components as well. Keys that are not
    /// asked for are warnings of lint; an error makes the test broken, unless it is
    /// [`unsupported`](ConfigError::unsupported).
    ///
    /// ```no_run
    /// use testsuite::{Component, ConfigError, Happening, Registry, Section, TestCase, Watcher};
    ///
    /// /// Fails the test if a channel is named like that.
    /// struct NoChannel(String);
    ///
    /// impl Watcher for NoChannel {
    ///     fn see(&mut self, what: &Happening, test: &TestCase) {
    ///         if let Happening::Event(_, event) = what
    ///             && event.is("Newchannel")
    ///             && event.text("Channel").is_some_and(|it| it.starts_with(&self.0))
    ///         {
    ///             test.fail(format!("there is a channel {}", self.0));
    ///         }
    ///     }
    /// }
    ///
    /// fn build(section: &Section) -> Result<Box<dyn Component>, ConfigError> {
    ///     Ok(Box::new(NoChannel(section.expect_text("name")?.to_owned())))
    /// }
    ///
    /// fn main() -> std::process::ExitCode {
    ///     testsuite::main(Registry::new().component("own.NoChannel", build))
    /// }
    /// ```
    #[must_use]
    pub fn component(
        mut self,
        typename: impl Into<String>,
        build: fn(&Section) -> Result<Box<dyn Component>, ConfigError>,
    ) -> Self {
        self.components.insert(typename.into(), Registered { build, page: None });
        self
    }

    /// Sets the page of a component that was added, in Markdown: its purpose in the first line
    /// below the heading, its keys with their defaults, an example. `runtests components` prints
    /// it. A name that stands for no component is ignored.
    #[must_use]
    pub fn page(mut self, typename: &str, page: &'static str) -> Self {
        if let Some(it) = self.components.get_mut(typename) {
            it.page = Some(page);
        }
        self
    }

    pub(crate) fn component_of(&self, typename: &str) -> Option<Build> {
        self.components.get(typename).map(|it| it.build)
    }

    /// The names of all components, each with its page.
    pub(crate) fn pages(&self) -> impl Iterator<Item = (&str, Option<&'static str>)> {
        self.components.iter().map(|(name, it)| (&**name, it.page))
    }

    pub(crate) fn test_of(&self, typename: &str) -> Option<&Run> {
        self.tests.get(typename)
    }

    /// The names of all tests and components.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.tests.keys().chain(self.components.keys()).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::case::ObjectSettings;
    use crate::files::Document;

    /// The components that are test objects, which have keys in common.
    const OBJECTS: [Kind; 10] = [
        app_test::KIND,
        ari::BASE,
        ari::CALLS,
        ari::ORIGINATES,
        bridge_test_case::KIND,
        simple_test_case::KIND,
        sipp::AMI_ACTION_KIND,
        sipp::KIND,
        sipp::iterator::KIND,
        test_case_module::KIND,
    ];

    /// Returns the example of a page: the first block of YAML behind that word.
    fn example(page: &str) -> Option<&str> {
        let (_, behind) = page.split_once("Example:")?;
        let (_, yaml) = behind.split_once("```yaml\n")?;
        Some(yaml.split_once("```")?.0)
    }

    /// Returns whether a page has a key as a word of its own.
    fn names(page: &str, key: &str) -> bool {
        let is_part = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
        page.match_indices(key).any(|(at, _)| {
            let (before, behind) = (&page[..at], &page[at + key.len()..]);
            !before.ends_with(is_part) && !behind.starts_with(is_part)
        })
    }

    #[test]
    fn every_page_has_its_form_an_example_that_works_and_all_keys() {
        for Kind { names: of, page, build } in TABLE.iter().chain(&conditions::KINDS) {
            let name = of[0];
            let lines: Vec<_> = page.lines().take(4).collect();
            assert_eq!(lines[..2], [&*format!("# {name}"), ""], "{name}");
            assert!(!lines[2].is_empty() && lines[3].is_empty(), "{name}: what it is for, alone");
            let yaml = example(page).unwrap_or_else(|| panic!("{name} has no example"));
            let document = Document::parse(Path::new(name), yaml).unwrap();
            let section = Section::new(&document.root, "it reads");
            build(&section).unwrap();
            let asked = section.asked();
            if OBJECTS.iter().any(|it| it.names[0] == name) {
                ObjectSettings::read(&section).unwrap();
            }
            assert_eq!(section.unread(), [], "{name}");
            for key in asked {
                assert!(names(page, &key), "the page of {name} does not name the key {key}");
            }
        }
    }

    #[test]
    fn a_name_stands_for_one_component() {
        let all = TABLE.iter().chain(&conditions::KINDS).flat_map(|it| it.names);
        assert_eq!(Registry::new().components.len(), all.count());
    }
}
