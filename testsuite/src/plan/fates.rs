//! The fate of each test.

use crate::files::{ConfigError, FoundTest, Suite, TestConfig};
use crate::job::{Options, Weight};
use crate::plan::facts::Facts;
use crate::plan::lacks::{Judge, Runners};
use crate::plan::runner::{How, Unmet};

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
    /// Not to be run, for something is missing.
    Lacks(Vec<Unmet>),
    /// Not to be run, for its configuration cannot be right.
    Broken(ConfigError),
}

/// Decides what becomes of the tests. The second value is a sentence for all those that lack
/// something of Python.
pub(crate) fn fates(
    suite: &Suite,
    tests: &[&FoundTest],
    runners: &Runners<'_>,
    facts: &Facts,
    options: &Options,
    isolated: bool,
) -> (Vec<Planned>, Option<String>) {
    let also_skipped = options.target.as_ref().is_some_and(|target| target.also_skipped);
    let skipped = |test| suite.skipped(test).filter(|_| !also_skipped);
    let found: Vec<_> = tests.iter().map(|test| how(test, skipped(test), runners)).collect();
    let runnable = tests
        .iter()
        .zip(&found)
        .filter_map(|(test, (config, how))| Some((*test, config.as_ref()?, &how.as_ref().ok()?.0)));
    let judge = Judge::new(runners, facts, isolated, runnable);
    let mut without_python = 0;
    let planned = tests.iter().zip(found).map(|(test, (config, how))| {
        let (fate, weight) = match (config, how) {
            (Some(config), Ok((how, weight))) => {
                let mut unmet = judge.unmet(&config, &how);
                let python = judge.lacks_python(test, &config, &how);
                without_python += usize::from(python.is_some());
                unmet.extend(python);
                unmet.extend(refused(options, &how, isolated));
                let fate = if unmet.is_empty() { Fate::Run(how) } else { Fate::Lacks(unmet) };
                (fate, weight)
            }
            (None, Ok((how, weight))) => (Fate::Run(how), weight),
            (_, Err(fate)) => (fate, Weight::of_servers(test.instances)),
        };
        Planned { name: test.name.clone(), weight, fate }
    });
    let planned = planned.collect();
    (planned, judge.warning(without_python))
}

/// Decides what runs a test and how heavy it is, or else what becomes of it.
fn how(
    test: &FoundTest,
    skipped: Option<String>,
    runners: &Runners<'_>,
) -> (Option<TestConfig>, Result<(How, Weight), Fate>) {
    let config = match &test.config {
        Ok(config) => config.clone(),
        Err(error) => return (None, Err(Fate::Broken(error.clone()))),
    };
    let how = match skipped {
        Some(reason) => Err(Fate::Skip(reason)),
        None => match runners.how(test, &config) {
            Ok(Ok(how)) => Ok(how),
            Ok(Err(unmet)) => Err(Fate::Lacks(vec![unmet])),
            Err(error) => Err(Fate::Broken(error)),
        },
    };
    (Some(config), how)
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
