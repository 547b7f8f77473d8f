//! Things that a test needs and that are not here; and the choice of what runs the test.

use std::collections::BTreeSet;
use std::net::{Ipv6Addr, TcpListener};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::components;
use crate::components::Registry;
use crate::files::AsteriskVersion;
use crate::files::{ConfigError, Node};
use crate::files::{Dependency, GlobalConfig, ModuleConfig, TestConfig};
use crate::files::{FoundTest, suggest};
use crate::job::{Choice, Weight};
use crate::plan::facts::Facts;
use crate::plan::python::{self, Lacking, Python};
use crate::plan::runner::{How, Unmet, executable};

/// The kinds of dependencies.
pub(crate) const KINDS: [&str; 8] =
    ["asterisk", "python", "sipp", "app", "buildoption", "custom", "openssl", "pcap"];

/// The names of custom ones.
pub(crate) const CUSTOM: [&str; 8] =
    ["remote", "soundcard", "ipv6", "ipv4addr", "ipv6addr", "pjsuav6", "fax", "rawsocket"];

/// The Python module that the suite captures packets with.
const CAPTURE: &str = "scapy";

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
    /// Finds what runs a test, and how heavy the test is.
    pub(crate) fn how(
        &self,
        test: &FoundTest,
        config: &TestConfig,
    ) -> Result<Result<(How, Weight), Unmet>, ConfigError> {
        let refused = |name: &str, reason: String| Ok(Err(Unmet { name: name.to_owned(), reason }));
        if test.script {
            if self.choice == Choice::Native && python::is_python(self.suite, test) {
                return refused("--native", "it is a program in Python".to_owned());
            }
            let command = vec![format!("{}/run-test", test.name)];
            return Ok(Ok((How::Script(command), Weight::of_servers(test.instances))));
        }
        let has_library = self.suite.join(python::RUNNER).exists();
        let library = || Ok(Ok((self.python.runs(&test.name), Weight::of_servers(test.instances))));
        // A test in Rust has nothing that Python could run.
        let object = config.object.as_ref();
        let is_rust = object.is_some_and(|it| self.registry.test_of(&it.typename).is_some());
        match components::build(config, self.global, self.version, self.registry) {
            Ok(_) if self.choice == Choice::Library && has_library && !is_rust => library(),
            Ok(components) => {
                let weight = components::needs(config, components)?.weight();
                // How many servers a test in Rust boots, only its files can tell.
                let weight =
                    if is_rust { weight.max(Weight::of_servers(test.instances)) } else { weight };
                Ok(Ok((How::Native, weight)))
            }
            Err(error) if !error.is_unsupported() => Err(error),
            Err(error) if self.choice == Choice::Native => refused("--native", error.reason()),
            Err(_) if has_library => library(),
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

/// Judges what tests need.
#[derive(Debug)]
pub(crate) struct Judge<'a> {
    facts: &'a Facts,
    version: Option<&'a AsteriskVersion>,
    /// Set if each test has a network of its own, where it may do anything.
    isolated: bool,
    suite: &'a Path,
    python: &'a Python,
    /// The Python modules that are there, of those that scripts say they need.
    modules: BTreeSet<String>,
    /// The modules that are not there, of those that scripts import.
    lacking: Lacking,
    sipp: Option<Sipp>,
    openssl: Option<Numbers>,
}

/// The version of SIPp, and all that it says of itself.
#[derive(Clone, Debug)]
struct Sipp {
    text: String,
    version: Option<Numbers>,
}

/// A version, number by number.
type Numbers = Vec<u64>;

impl<'a> Judge<'a> {
    /// Finds out what the tests need that has to be asked of programs.
    pub(crate) fn new<'t>(
        runners: &Runners<'a>,
        facts: &'a Facts,
        isolated: bool,
        tests: impl Iterator<Item = (&'t FoundTest, &'t TestConfig, &'t How)> + Clone,
    ) -> Self {
        let Runners { suite, python, .. } = *runners;
        let (mut modules, mut kinds) = (BTreeSet::new(), BTreeSet::new());
        for (_, config, how) in tests.clone() {
            for Dependency { kind, value } in &config.dependencies {
                kinds.insert(&**kind);
                if matches!(how, How::Native) {
                    continue;
                }
                match &**kind {
                    "python" => modules.extend(value.text()),
                    "pcap" => modules.extend([CAPTURE]),
                    _ => {}
                }
            }
        }
        let version = |program, argument| said(program, argument).as_deref().and_then(version_in);
        let sipp = kinds.contains("sipp").then(|| said("sipp", "-v")).flatten();
        Self {
            facts,
            version: runners.version,
            isolated,
            suite,
            python,
            modules: python.importable(suite, &modules),
            lacking: Lacking::of(python, suite, tests),
            sipp: sipp.map(|text| Sipp { version: version_in(&text), text }),
            openssl: kinds.contains("openssl").then(|| version("openssl", "version")).flatten(),
        }
    }

    /// Returns one sentence for those tests that lack something of Python.
    pub(crate) fn warning(&self, tests: usize) -> Option<String> {
        self.lacking.warning(tests)
    }

    /// Says what Python lacks for a test.
    pub(crate) fn lacks_python(
        &self,
        test: &FoundTest,
        config: &TestConfig,
        how: &How,
    ) -> Option<Unmet> {
        self.lacking.unmet(self.suite, test, config, how)
    }

    /// Lists what a test lacks of all that it says it needs.
    pub(crate) fn unmet(&self, config: &TestConfig, how: &How) -> Vec<Unmet> {
        let mut unmet: Vec<_> =
            config.dependencies.iter().filter_map(|it| self.lacks(it, how)).collect();
        if let Some(version) = self.version
            && !version.is_between(&config.minima, &config.maxima)
        {
            let list = |versions: &[AsteriskVersion]| {
                versions.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
            };
            let (minima, maxima) = (list(&config.minima), list(&config.maxima));
            let reason = format!("this is {version}; minversion {minima}, maxversion {maxima}");
            unmet.push(Unmet { name: "version".to_owned(), reason });
        }
        if !self.facts.has_option("TEST_FRAMEWORK")
            && !unmet.iter().any(|it| it.name.contains("TEST_FRAMEWORK"))
            && (waits_for_test_events(&config.root) || has_features_of_bridges(config))
        {
            let name = "buildoption: TEST_FRAMEWORK".to_owned();
            let reason = "it waits for TestEvent, which this server was built without".to_owned();
            unmet.push(Unmet { name, reason });
        }
        unmet
    }

    fn lacks(&self, dependency: &Dependency, how: &How) -> Option<Unmet> {
        let Dependency { kind, value } = dependency;
        let name = value.text().unwrap_or_default();
        let reason = match &**kind {
            "asterisk" => self.facts.lacks_module(name),
            // What runs natively has nothing of Python in it.
            "python" if *how == How::Native => None,
            "python" => (!self.modules.contains(name))
                .then(|| format!("{} finds no such module", self.python.name())),
            "sipp" => self.lacks_sipp(value),
            // Programs find ours by these names.
            "app" if matches!(name, "python" | "python3") && self.python.path().is_some() => None,
            "app" => executable(Path::new(name))
                .is_none()
                .then(|| "no such program is in PATH".to_owned()),
            "buildoption" => (!self.facts.has_option(name))
                .then(|| format!("the server was built with: {}", self.facts.options())),
            "custom" => self.lacks_custom(name),
            "openssl" => self.lacks_openssl(value),
            // What runs natively needs nobody's library for that.
            "pcap" if *how == How::Native => None,
            "pcap" => (!self.modules.contains(CAPTURE))
                .then(|| format!("{} finds no module {CAPTURE}", self.python.name())),
            _ => {
                Some(format!("there is no such kind of dependency; there are {}", KINDS.join(", ")))
            }
        };
        reason.map(|reason| Unmet { name: format!("{kind}: {}", told(value)), reason })
    }

    fn lacks_sipp(&self, value: &Node) -> Option<String> {
        let Some(Sipp { text, version }) = &self.sipp else {
            return Some("sipp is not in PATH".to_owned());
        };
        let wanted = value.get("version").and_then(Node::text).and_then(numbers);
        if wanted.is_some() && *version < wanted {
            return Some(format!("this is {text}"));
        }
        let feature = value.get("feature").and_then(Node::text)?;
        (!text.contains(&format!("-{feature}"))).then(|| format!("this is {text}"))
    }

    fn lacks_openssl(&self, value: &Node) -> Option<String> {
        let wanted = value.get("version").and_then(Node::text).and_then(numbers);
        match &self.openssl {
            None => Some("openssl is not in PATH".to_owned()),
            Some(found) if wanted.is_some_and(|wanted| *found < wanted) => {
                Some(format!("this is version {found:?}"))
            }
            Some(_) => None,
        }
    }

    fn lacks_custom(&self, name: &str) -> Option<String> {
        let is_there = match name {
            "soundcard" => Path::new("/dev/snd").exists() || Path::new("/dev/dsp").exists(),
            "ipv6" => TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok(),
            "fax" => ["res_fax", "res_fax_spandsp"]
                .iter()
                .all(|it| self.facts.lacks_module(it).is_none()),
            "rawsocket" => self.isolated || rustix::process::geteuid().is_root(),
            "ipv4addr" | "ipv6addr" if self.isolated => {
                return Some("a test's own network has no address but loopback".to_owned());
            }
            "remote" => return Some("instances on other hosts are not supported".to_owned()),
            _ if CUSTOM.contains(&name) => return Some("it cannot be found out here".to_owned()),
            _ => return Some(format!("there is no such; there are {}", CUSTOM.join(", "))),
        };
        (!is_there).then(|| "this machine has none".to_owned())
    }
}

/// The value of a dependency, in a line.
fn told(value: &Node) -> String {
    value.text().map_or_else(|| format!("{value:?}"), str::to_owned)
}

/// Returns the first line that a program prints. `None` if it cannot be run.
fn said(program: &str, argument: &str) -> Option<String> {
    let output = Command::new(program).arg(argument).stdin(Stdio::null()).output().ok()?;
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    said.lines().map(str::trim).find(|line| !line.is_empty()).map(str::to_owned)
}

/// The version in `SIPp v3.6.1-TLS-PCAP` or `OpenSSL 3.0.11 19 Sep 2023`.
fn version_in(text: &str) -> Option<Numbers> {
    text.split([' ', '-']).find_map(numbers)
}

/// `v3.6.1`, or `1.0.2k`: letters at the end of a number do not count.
fn numbers(text: &str) -> Option<Numbers> {
    let bare = text.trim().trim_start_matches(['v', 'V']);
    let parts = bare.split('.').map(|it| it.trim_end_matches(|c: char| c.is_ascii_alphabetic()));
    let numbers: Numbers = parts.map(str::parse).collect::<Result<_, _>>().ok()?;
    (numbers.len() > 1).then_some(numbers)
}

/// Returns whether somewhere in a configuration an event has that name: many tests need a server
/// with `TEST_FRAMEWORK` and do not say so.
fn waits_for_test_events(node: &Node) -> bool {
    node.get("Event").and_then(Node::text) == Some("TestEvent")
        || node.entries().any(|(_, value)| waits_for_test_events(value))
        || node.items().iter().any(waits_for_test_events)
}

/// Returns whether a test waits for the features of a bridge, which `TestEvent` tells of, without
/// naming that event.
fn has_features_of_bridges(config: &TestConfig) -> bool {
    let object = config.object.iter().find(|it| it.typename.starts_with("bridge_test_case."));
    let runs = object.and_then(|it| it.section.get("test-runs")).map_or(&[][..], Node::items);
    runs.iter().any(|run| run.get("features").is_some_and(Node::is_true))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::Document;

    #[test]
    fn test_events_are_found_wherever_they_are_waited_for() {
        let waits = |text: &str| {
            waits_for_test_events(&Document::parse(Path::new("t.yaml"), text).unwrap().root)
        };
        assert!(waits(
            "a:\n  - conditions:\n      match:\n        Event: 'TestEvent'\n        State: 'x'\n"
        ));
        assert!(!waits("a: [{match: {Event: UserEvent, UserEvent: TestEvent}}]\n"));
    }

    #[test]
    fn the_features_of_bridges_are_told_by_test_events() {
        let waits = |object: &str, run: &str| {
            let text = format!(
                "test-modules: {{test-object: {{typename: {object}, config-section: o}}}}\no: {{test-runs: [{run}]}}\n"
            );
            let document = Document::parse(Path::new("t.yaml"), &text).unwrap();
            has_features_of_bridges(&TestConfig::of(document))
        };
        let feature = "{features: [{who: alice, what: automixmon}]}";
        assert!(waits("bridge_test_case.BridgeTestCase", &format!("{{}}, {feature}")));
        assert!(!waits("bridge_test_case.BridgeTestCase", "{features: }"));
        assert!(!waits("own.Object", feature));
    }

    #[test]
    fn versions_of_programs_are_compared() {
        let version = |text| version_in(text).unwrap();
        assert!(version("SIPp v3.6.1-TLS-PCAP-SHA256") > numbers("v3.1").unwrap());
        assert!(version("OpenSSL 3.0.11 19 Sep 2023") > numbers("1.0.1f").unwrap());
        assert!(version("OpenSSL 1.0.2 x") < numbers("1.1").unwrap());
        assert!(version_in("no version").is_none());
    }
}
