//! The command line. What the suite's own runner has is called as there.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand};
use instance::Want;

use crate::job::settings::ChosenSettings;
use crate::job::target::Target;

/// Runs Asterisk tests: those of the Asterisk test suite, and your own, in parallel, each in a
/// network of its own.
///
/// Exits with 0 if no test failed, with 1 if one did, and with 2 if something could not be run.
#[derive(Clone, Debug, Parser)]
#[command(name = "runtests", disable_version_flag = true, args_conflicts_with_subcommands = true)]
pub(crate) struct Options {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,

    /// The folder of the suite: it has tests/tests.yaml [default: this folder]
    #[arg(long, value_name = "FOLDER", default_value = ".", hide_default_value = true)]
    pub(crate) suite: PathBuf,

    /// The server: a version to find or fetch (22 or 16), or the path of a binary
    /// [default: the environment variable ASTERISK, PATH, or 22]
    #[arg(long, value_name = "22|16|PATH")]
    pub(crate) asterisk: Option<Want>,

    /// The SIPp for tests with scenarios of it: a binary, or the folder above its usr/bin
    /// [default: the environment variable SIPP, PATH, or one that is fetched]
    #[arg(long, value_name = "PATH")]
    pub(crate) sipp: Option<PathBuf>,

    /// Only this test, or those below this folder; may be repeated
    #[arg(short = 't', long = "test", value_name = "PATH")]
    pub(crate) tests: Vec<String>,

    /// Only tests in whose path this is found; may be repeated
    #[arg(long, value_name = "REGEX")]
    pub(crate) test_regex: Vec<String>,

    /// Not the tests in whose path this is found
    #[arg(short = 'T', long, value_name = "REGEX")]
    pub(crate) skip_test_regex: Vec<String>,

    /// Only tests with one of these tags; may be repeated
    #[arg(short = 'g', long = "tag", value_name = "TAG")]
    pub(crate) tags: Vec<String>,

    /// Not the tests with one of these tags
    #[arg(short = 'G', long = "skip-tag", value_name = "TAG")]
    pub(crate) skip_tags: Vec<String>,

    /// Only the I-th of N parts of the tests, from 1
    #[arg(long, value_name = "I/N", value_parser = shard)]
    pub(crate) shard: Option<(usize, usize)>,

    /// List the tests, with what runs them, and what they need and lack
    #[arg(short, long, visible_alias = "list")]
    pub(crate) list_tests: bool,

    /// List the tests, one to a line: number, E (enabled), S (skipped) or D (dependency missing),
    /// path, dependencies
    #[arg(long)]
    pub(crate) list_terse: bool,

    /// List the tags
    #[arg(short = 'L', long)]
    pub(crate) list_tags: bool,

    /// The Python for tests that the suite's library runs, and for programs in Python
    /// [default: that of VIRTUAL_ENV, of .venv in the suite, or python3]
    #[arg(long, value_name = "PATH", conflicts_with = "native")]
    pub(crate) python: Option<PathBuf>,

    /// Only tests that need no Python
    #[arg(long, conflicts_with = "library")]
    pub(crate) native: bool,

    /// Have the suite's Python run all tests that it can run; without it, only those that do not
    /// run natively
    #[arg(long)]
    pub(crate) library: bool,

    /// Run nothing: every test passes
    #[arg(short, long)]
    pub(crate) dry_run: bool,

    /// The number of servers that may run at the same time; a test with two takes two, and four
    /// programs that a component starts, such as SIPp, count as one [default: four for each core]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) jobs: Option<u16>,

    /// Run a test that failed again, up to N times; if it passes then, it is FLAKY
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) retries: u16,

    /// Seconds without output or events that end a test
    #[arg(long, value_name = "SECONDS", value_parser = limit, allow_hyphen_values = true, default_value = "-1", hide_default_value = true)]
    pub(crate) timeout: Limit,

    /// Seconds that end a test, whatever it does [default: 900; -1: none]
    #[arg(long, value_name = "SECONDS", value_parser = limit, allow_hyphen_values = true, default_value = "900", hide_default_value = true)]
    pub(crate) time_limit: Limit,

    /// The number of runs of all of them; -1 for ever
    #[arg(
        long,
        visible_alias = "repeat",
        value_name = "N",
        value_parser = number,
        allow_hyphen_values = true,
        default_value_t = 1
    )]
    pub(crate) number: i64,

    /// Run them, and then again those whose files change, until Ctrl-C
    #[arg(long, conflicts_with_all = ["number", "list_tests", "list_terse", "list_tags", "dry_run", "shard"])]
    pub(crate) watch: bool,

    /// Run them in random order
    #[arg(long)]
    pub(crate) random_order: bool,

    /// The seed of the random order: the same one gives the same order
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,

    /// Stop when a test has failed
    #[arg(long, visible_alias = "fail-fast")]
    pub(crate) stop_on_error: bool,

    /// Remove the sandboxes of tests that passed; they always are
    #[arg(short, long)]
    pub(crate) cleanup: bool,

    #[command(flatten)]
    pub(crate) chosen: ChosenSettings,

    /// The JUnit report
    #[arg(long, value_name = "FILE", default_value = "asterisk-test-suite-report.xml")]
    pub(crate) report: PathBuf,

    /// Write what happens to a file, as lines of JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,

    /// Not supported
    #[arg(long, hide = true)]
    pub(crate) email_on_crash: bool,

    /// Not supported
    #[arg(short, long, hide = true)]
    pub(crate) syslog: bool,

    /// Has no effect, as in the suite's own
    #[arg(short = 'v', long = "version", value_name = "VERSION", hide = true)]
    pub(crate) version: Option<String>,

    /// Print lines also on a terminal
    #[arg(long)]
    pub(crate) plain: bool,

    /// Set where a test target of cargo runs its tests, and by no option.
    #[arg(skip)]
    pub(crate) target: Option<Target>,
}

#[derive(Clone, Debug, Eq, PartialEq, Subcommand)]
pub(crate) enum Command {
    /// Check every configuration file of the suite, and run nothing. Exits with 1 if something
    /// cannot be right
    Lint {
        /// The folder of the suite: it has tests/tests.yaml [default: this folder]
        #[arg(long, value_name = "FOLDER", default_value = ".", hide_default_value = true)]
        suite: PathBuf,

        /// Another global configuration
        #[arg(long, value_name = "FILE")]
        testsuite_config: Option<PathBuf>,
    },

    /// Write a test to begin with: its configuration, a dialplan, its entry in the list of tests
    New {
        /// The path of the test below the suite's `tests`, such as calls/answered
        name: String,

        /// The folder of the suite [default: this folder]
        #[arg(long, value_name = "FOLDER", default_value = ".", hide_default_value = true)]
        suite: PathBuf,
    },

    /// List the test objects and modules of YAML that run natively, or print the page of one: its
    /// keys, their defaults, an example
    Components {
        /// The name of one, as `typename` has it
        name: Option<String>,
    },
}

/// The choice for tests that more than one could run.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Choice {
    /// We do, where we can.
    #[default]
    Either,
    /// We alone do.
    Native,
    /// The suite's Python does, where it can.
    Library,
}

/// A limit in seconds, or none.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Limit(pub(crate) Option<Duration>);

impl Limit {
    /// As the suite's runner prints it.
    pub(crate) fn seconds(self) -> i64 {
        self.0.map_or(-1, |it| i64::try_from(it.as_secs()).unwrap_or(i64::MAX))
    }
}

fn limit(text: &str) -> Result<Limit, String> {
    let seconds: f64 = text.parse().map_err(|_| "expected a number of seconds".to_owned())?;
    if seconds < 0.0 {
        return Ok(Limit(None));
    }
    let in_range = Duration::try_from_secs_f64(seconds).ok().filter(|it| it.as_secs() < 31_536_000);
    in_range
        .map(|it| Limit(Some(it)))
        .ok_or_else(|| "expected seconds, less than a year".to_owned())
}

/// A number of runs, or -1.
fn number(text: &str) -> Result<i64, String> {
    let number = text.parse().ok().filter(|&number| number == -1 || number >= 1);
    number.ok_or_else(|| "expected how often, from 1, or -1 for ever".to_owned())
}

fn shard(text: &str) -> Result<(usize, usize), String> {
    let parts =
        text.split_once('/').and_then(|(part, of)| Some((part.parse().ok()?, of.parse().ok()?)));
    let in_range = parts.filter(|(part, of)| (1..=*of).contains(part));
    in_range.ok_or_else(|| "expected such as 2/5: the second of five parts".to_owned())
}

impl Options {
    /// The choice for tests that more than one could run.
    pub(crate) fn choice(&self) -> Choice {
        match (self.native, self.library) {
            (true, _) => Choice::Native,
            (_, true) => Choice::Library,
            _ => Choice::Either,
        }
    }

    /// Returns a complaint about an option that this runner does not support.
    pub(crate) fn unsupported(&self) -> Option<&'static str> {
        if self.email_on_crash {
            return Some("--email-on-crash is not supported: nothing is mailed; see the report");
        }
        self.syslog.then_some("--syslog is not supported: the log is in the logs folder")
    }
}
