//! The fate of each test.

use crate::files::{ConfigError, FoundTest, Suite, TestConfig};
use crate::job::{Options, Weight};
use crate::plan::facts::Facts;
use crate::plan::lacks::Judge;
use crate::plan::runner::{How, Unmet};
use crate::plan::runners::{Runner, Runners};
use crate::plan::sipp::{FoundSipp, is_sipp};

/// A test that was chosen, and what is to be done with it.
#[derive(Clone, Debug)]
pub(crate) struct Planned {
    pub(crate) name: String,
    pub(crate) weight: Weight,
    pub(crate) fate: Fate,
}

/// The fate of a test.
#[derive(Clone, Debug)]
pub(crate) enum Fate {
    Run(How),
    /// Not to be run, for the test or the suite says so.
    Skip(String),
    /// Not to be run, for something is missing; and what would run it, if anything can.
    Lacks(Vec<Unmet>, Option<How>),
    /// Not to be run, for its configuration cannot be right.
    Broken(ConfigError),
}

/// A test that was chosen, and what would run it.
pub(crate) struct Candidate<'a> {
    test: &'a FoundTest,
    config: Option<TestConfig>,
    runner: Result<Runner, Fate>,
}

impl Candidate<'_> {
    fn runnable(&self) -> Option<(&FoundTest, &TestConfig, &Runner)> {
        Some((self.test, self.config.as_ref()?, self.runner.as_ref().ok()?))
    }
}

/// Decides what would run each test.
pub(crate) fn candidates<'a>(
    suite: &Suite,
    tests: &[&'a FoundTest],
    runners: &Runners<'_>,
    options: &Options,
) -> Vec<Candidate<'a>> {
    let also_skipped = options.target.as_ref().is_some_and(|target| target.also_skipped);
    let skipped = |test| suite.skipped(test).filter(|_| !also_skipped);
    tests.iter().map(|test| candidate(test, skipped(test), runners)).collect()
}

/// Returns whether one of these tests needs SIPp: one that runs natively by its components, or, if
/// the user named a SIPp, one that says so.
pub(crate) fn needs_sipp(candidates: &[Candidate<'_>], is_named: bool) -> bool {
    let declares = |config: &TestConfig| config.dependencies.iter().any(is_sipp);
    let mut runnable = candidates.iter().filter_map(Candidate::runnable);
    runnable.any(|(_, config, runner)| {
        runner.needs.sipp_features().is_some() || is_named && declares(config)
    })
}

/// Decides what becomes of the tests. `sipp` is the one that was found, if they need one. The
/// second value is a sentence for all those that lack something of Python.
pub(crate) fn fates(
    candidates: Vec<Candidate<'_>>,
    runners: &Runners<'_>,
    facts: &Facts,
    sipp: Option<&FoundSipp>,
    options: &Options,
    isolated: bool,
) -> (Vec<Planned>, Option<String>) {
    let runnable = candidates.iter().filter_map(Candidate::runnable);
    let runnable = runnable.map(|(test, config, runner)| (test, config, &runner.how));
    let judge = Judge::new(runners, facts, sipp, isolated, runnable);
    let mut without_python = 0;
    let planned = candidates.iter().map(|Candidate { test, config, runner }| {
        let (fate, weight) = match (config, runner) {
            (Some(config), Ok(runner @ Runner { how, weight, .. })) => {
                let mut unmet = judge.unmet(config, runner);
                let python = judge.lacks_python(test, config, how);
                without_python += usize::from(python.is_some());
                unmet.extend(python);
                unmet.extend(refused(options, how, isolated));
                let fate = match unmet.is_empty() {
                    true => Fate::Run(how.clone()),
                    false => Fate::Lacks(unmet, Some(how.clone())),
                };
                (fate, *weight)
            }
            (None, Ok(Runner { how, weight, .. })) => (Fate::Run(how.clone()), *weight),
            (_, Err(fate)) => (fate.clone(), Weight::of_servers(test.instances)),
        };
        Planned { name: test.name.clone(), weight, fate }
    });
    let planned = planned.collect();
    (planned, judge.warning(without_python))
}

/// Decides what would run a test, or else what becomes of it.
fn candidate<'a>(
    test: &'a FoundTest,
    skipped: Option<String>,
    runners: &Runners<'_>,
) -> Candidate<'a> {
    let config = match &test.config {
        Ok(config) => config.clone(),
        Err(error) => {
            return Candidate { test, config: None, runner: Err(Fate::Broken(error.clone())) };
        }
    };
    let runner = match skipped {
        Some(reason) => Err(Fate::Skip(reason)),
        None => match runners.how(test, &config) {
            Ok(Ok(runner)) => Ok(runner),
            Ok(Err(unmet)) => Err(Fate::Lacks(vec![unmet], None)),
            Err(error) => Err(Fate::Broken(error)),
        },
    };
    Candidate { test, config: Some(config), runner }
}

/// Returns an option that cannot be followed for a test.
fn refused(options: &Options, how: &How, isolated: bool) -> Option<Unmet> {
    let refusal =
        |name: &str, reason: &str| Some(Unmet { name: name.to_owned(), reason: reason.to_owned() });
    match how {
        How::Native if options.chosen.valgrind => {
            refusal("--valgrind", "servers of native tests do not run in valgrind")
        }
        How::Native if options.chosen.pcap && !isolated => {
            refusal("--pcap", "packets are captured only in a network of the test's own")
        }
        _ => None,
    }
}
