//! Things that a test needs and that are not here.

use std::collections::BTreeSet;
use std::net::{Ipv6Addr, TcpListener};
use std::path::Path;

use crate::case::Needs;
use crate::files::AsteriskVersion;
use crate::files::FoundTest;
use crate::files::Node;
use crate::files::{Dependency, TestConfig};
use crate::plan::facts::Facts;
use crate::plan::numbers::{Numbers, numbers, said, version_in};
use crate::plan::python::{Lacking, Python};
use crate::plan::runner::{How, Unmet, executable};
use crate::plan::runners::{Runner, Runners};
use crate::plan::sipp::{self, FoundSipp, Sipps, is_sipp};

/// The kinds of dependencies.
pub(crate) const KINDS: [&str; 8] =
    ["asterisk", "python", "sipp", "app", "buildoption", "custom", "openssl", "pcap"];

/// The names of custom ones.
pub(crate) const CUSTOM: [&str; 8] =
    ["remote", "soundcard", "ipv6", "ipv4addr", "ipv6addr", "pjsuav6", "fax", "rawsocket"];

const NO_IPV6: &str = "this machine has no IPv6 loopback";

/// The Python module that the suite captures packets with.
const CAPTURE: &str = "scapy";

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
    sipp: Sipps<'a>,
    openssl: Option<Numbers>,
}

impl<'a> Judge<'a> {
    /// Finds out what the tests need that has to be asked of programs.
    pub(crate) fn new<'t>(
        runners: &Runners<'a>,
        facts: &'a Facts,
        sipp: Option<&'a FoundSipp>,
        isolated: bool,
        tests: impl Iterator<Item = (&'t FoundTest, &'t TestConfig, &'t How)> + Clone,
    ) -> Self {
        let Runners { suite, python, .. } = *runners;
        let (mut modules, mut kinds) = (BTreeSet::new(), BTreeSet::new());
        for (_, config, how) in tests.clone() {
            for dependency @ Dependency { kind, value } in &config.dependencies {
                kinds.insert(if is_sipp(dependency) { "sipp" } else { kind });
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
        Self {
            facts,
            version: runners.version,
            isolated,
            suite,
            python,
            modules: python.importable(suite, &modules),
            lacking: Lacking::of(python, suite, tests),
            sipp: Sipps::new(sipp, kinds.contains("sipp")),
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
    pub(crate) fn unmet(&self, config: &TestConfig, runner: &Runner) -> Vec<Unmet> {
        let mut unmet: Vec<_> =
            config.dependencies.iter().filter_map(|it| self.lacks(it, runner)).collect();
        self.inferred(&runner.needs, &mut unmet);
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

    /// Adds what the components need and the test does not say.
    fn inferred(&self, needs: &Needs, unmet: &mut Vec<Unmet>) {
        let mut inferred = self.sipp.unmet(needs, self.sends_raw());
        if needs.has_ipv6() && !has_ipv6() {
            inferred.push(Unmet { name: "ipv6".to_owned(), reason: NO_IPV6.to_owned() });
        }
        inferred.extend(sipp::files(self.suite, needs));
        // What is declared as well is told once.
        let declared: BTreeSet<_> = unmet.iter().map(|it| it.reason.clone()).collect();
        unmet.extend(inferred.into_iter().filter(|it| !declared.contains(&it.reason)));
    }

    /// Returns whether tests may open raw sockets.
    fn sends_raw(&self) -> bool {
        self.isolated || rustix::process::geteuid().is_root()
    }

    fn lacks(&self, dependency: &Dependency, runner: &Runner) -> Option<Unmet> {
        let (Dependency { kind, value }, how) = (dependency, &runner.how);
        let name = value.text().unwrap_or_default();
        let reason = match &**kind {
            "asterisk" => self.facts.lacks_module(name),
            // What runs natively has nothing of Python in it.
            "python" if *how == How::Native => None,
            "python" => (!self.modules.contains(name))
                .then(|| format!("{} finds no such module", self.python.name())),
            _ if is_sipp(dependency) => self.sipp.lacks_declared(value, runner),
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
            "ipv6" => return (!has_ipv6()).then(|| NO_IPV6.to_owned()),
            "fax" => ["res_fax", "res_fax_spandsp"]
                .iter()
                .all(|it| self.facts.lacks_module(it).is_none()),
            "rawsocket" => self.sends_raw(),
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

fn has_ipv6() -> bool {
    TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok()
}

/// The value of a dependency, in a line.
fn told(value: &Node) -> String {
    value.text().map_or_else(|| format!("{value:?}"), str::to_owned)
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
}
