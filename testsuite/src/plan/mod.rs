//! The plan of a run: which tests are run and by what, and what becomes of the others.
//!
//! This room depends on the rooms up to `worker`. A suite, options and the facts of a server come
//! in, a fate for each test goes out. Lint and the lists of tests are here, for they ask the same
//! questions and run nothing.
//!
//! Pitfalls: a thousand tests are planned before the first runs, so what has to be asked of a
//! program is asked once for all of them.

use crate::files::ConfigError;
use crate::files::TestConfig;
use crate::files::suggest;
use crate::files::{FoundTest, Suite};
use crate::job::Options;
use crate::matching::{Expression, ExpressionError};

mod facts;
mod lacks;
pub(crate) mod lint;
pub(crate) mod list;
mod python;
mod runner;

pub(crate) use self::facts::Facts;
use self::lacks::Judge;
pub(crate) use self::lacks::Runners;
pub(crate) use self::python::{Python, RUNNER};
pub(crate) use self::runner::{How, Unmet};

/// A test that was chosen, and what is to be done with it.
#[derive(Clone, Debug)]
pub(crate) struct Planned {
    pub(crate) name: String,
    pub(crate) instances: usize,
    pub(crate) fate: Fate,
}

/// What becomes of a test.
#[derive(Clone, Debug)]
pub(crate) enum Fate {
    Run(How),
    /// It says so itself, or the suite does.
    Skip(String),
    /// It lacks something.
    Lacks(Vec<Unmet>),
    /// It cannot be understood.
    Broken(ConfigError),
}

/// The tests that the options choose, in the order of their names.
pub(crate) fn chosen<'a>(
    suite: &'a Suite,
    options: &Options,
) -> Result<Vec<&'a FoundTest>, ExpressionError> {
    let expressions = |patterns: &[String]| {
        patterns.iter().map(|it| Expression::anywhere(it)).collect::<Result<Vec<_>, _>>()
    };
    let (only, not) = (expressions(&options.test_regex)?, expressions(&options.skip_test_regex)?);
    let prefixes: Vec<_> = options.tests.iter().map(|it| prefix(it)).collect();
    let is_chosen = |test: &&FoundTest| {
        let path = format!("{}/", test.name);
        let tags = test.config.as_ref().map(|it| it.tags.as_slice()).unwrap_or_default();
        let has = |wanted: &[String]| tags.iter().any(|tag| wanted.contains(tag));
        (prefixes.is_empty() || prefixes.iter().any(|it| path.starts_with(it)))
            && (only.is_empty() || only.iter().any(|it| it.is_match(&path)))
            && !not.iter().any(|it| it.is_match(&path))
            && (options.tags.is_empty() || has(&options.tags))
            && !has(&options.skip_tags)
    };
    let chosen = suite.tests.iter().filter(is_chosen).enumerate();
    let is_in_shard = |(at, test): (usize, &'a FoundTest)| match options.shard {
        Some((part, of)) => (at % of == part - 1).then_some(test),
        None => Some(test),
    };
    Ok(chosen.filter_map(is_in_shard).collect())
}

/// Refuses a name that stands for no test: it is probably mistyped.
pub(crate) fn check_names(suite: &Suite, options: &Options) -> Result<(), String> {
    let is_there = |name: &&String| {
        let prefix = prefix(name);
        suite.tests.iter().any(|test| format!("{}/", test.name).starts_with(&prefix))
    };
    match options.tests.iter().find(|name| !is_there(name)) {
        None => Ok(()),
        Some(name) => {
            let names = suite.tests.iter().map(|test| &*test.name);
            let hint = suggest::hint(prefix(name).trim_end_matches('/'), names);
            Err(format!("--test {name} is none of the {} tests{hint}", suite.tests.len()))
        }
    }
}

/// `tests/apps/echo`, `apps/echo`, `./tests/apps/echo/` and `apps.echo` are the same: that test, or
/// those below it.
fn prefix(text: &str) -> String {
    let text = text.strip_prefix("./").unwrap_or(text).trim_end_matches('/');
    let path = if text.contains('/') { text.to_owned() } else { text.replace('.', "/") };
    let path =
        if path == "tests" || path.starts_with("tests/") { path } else { format!("tests/{path}") };
    format!("{path}/")
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
    let found: Vec<_> = tests.iter().map(|test| how(suite, test, runners)).collect();
    let runnable = tests
        .iter()
        .zip(&found)
        .filter_map(|(test, (config, how))| Some((*test, config.as_ref()?, how.as_ref().ok()?)));
    let judge = Judge::new(runners, facts, isolated, runnable);
    let mut without_python = 0;
    let planned = tests.iter().zip(found).map(|(test, (config, how))| {
        let fate = match (config, how) {
            (Some(config), Ok(how)) => {
                let mut unmet = judge.unmet(&config, &how);
                let python = judge.lacks_python(test, &config, &how);
                without_python += usize::from(python.is_some());
                unmet.extend(python);
                unmet.extend(refused(options, &how, isolated));
                if unmet.is_empty() { Fate::Run(how) } else { Fate::Lacks(unmet) }
            }
            (_, Err(fate)) => fate,
            (None, Ok(how)) => Fate::Run(how),
        };
        Planned { name: test.name.clone(), instances: test.instances, fate }
    });
    let planned = planned.collect();
    (planned, judge.warning(without_python))
}

/// Decides what runs a test, or else becomes of it.
fn how(
    suite: &Suite,
    test: &FoundTest,
    runners: &Runners<'_>,
) -> (Option<TestConfig>, Result<How, Fate>) {
    let config = match &test.config {
        Ok(config) => config.clone(),
        Err(error) => return (None, Err(Fate::Broken(error.clone()))),
    };
    let excluded = suite.global.exclude.iter().find(|it| test.name.contains(&***it));
    let how = match (&config.skip, excluded) {
        (Some(reason), _) => Err(Fate::Skip(reason.clone())),
        (None, Some(excluded)) => {
            Err(Fate::Skip(format!("the global configuration excludes {excluded}")))
        }
        (None, None) => match runners.how(test, &config) {
            Ok(Ok(how)) => Ok(how),
            Ok(Err(unmet)) => Err(Fate::Lacks(vec![unmet])),
            Err(error) => Err(Fate::Broken(error)),
        },
    };
    (Some(config), how)
}

/// What was asked for that we cannot do for a test.
fn refused(options: &Options, how: &How, isolated: bool) -> Option<Unmet> {
    let refusal =
        |name: &str, reason: &str| Some(Unmet { name: name.to_owned(), reason: reason.to_owned() });
    match how {
        How::Native if options.valgrind => {
            refusal("--valgrind", "servers of native tests do not run in valgrind")
        }
        How::Native if options.pcap && !isolated => {
            refusal("--pcap", "packets are captured only in a network of the test's own")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_named_in_several_ways() {
        for text in
            ["tests/apps/echo", "./tests/apps/echo", "apps/echo", "apps.echo", "tests.apps.echo"]
        {
            assert_eq!(prefix(text), "tests/apps/echo/", "{text}");
        }
        assert_eq!(prefix("tests"), "tests/");
    }
}
