//! The command line of libtest, as far as cargo and nextest use it.

use std::io::{IsTerminal, stdout};
use std::num::NonZero;

use clap::{Parser, ValueEnum};

use crate::job::Form;

/// Runs tests of Asterisk, those whose name contains one of the filters or all. The name of a test
/// is the path of its folder below `tests`.
#[derive(Clone, Debug, Default, Parser)]
#[command(disable_version_flag = true)]
pub(super) struct Arguments {
    #[arg(value_name = "FILTERS")]
    pub(super) filters: Vec<String>,

    /// Run ignored and not ignored tests
    #[arg(long)]
    pub(super) include_ignored: bool,

    /// Run only ignored tests: those that their configuration skips
    #[arg(long, conflicts_with = "include_ignored")]
    pub(super) ignored: bool,

    /// Run tests and not benchmarks; there are no benchmarks
    #[arg(long)]
    test: bool,

    /// Run benchmarks instead of tests; there are none
    #[arg(long)]
    bench: bool,

    /// List all tests
    #[arg(long)]
    pub(super) list: bool,

    /// Begin no more tests after the first failure
    #[arg(long)]
    pub(super) fail_fast: bool,

    /// Print the output of tests as it comes
    #[arg(long, visible_alias = "nocapture", overrides_with = "no_capture")]
    no_capture: bool,

    /// The number of servers that may run at the same time
    /// [default: the environment variable RUST_TEST_THREADS, or four for each core]
    #[arg(long, value_name = "N")]
    test_threads: Option<NonZero<u16>>,

    /// Not the tests whose names contain this; may be repeated
    #[arg(long, value_name = "FILTER")]
    skip: Vec<String>,

    /// One character for each test; the same as --format=terse
    #[arg(short, long)]
    quiet: bool,

    /// Filters are whole names
    #[arg(long)]
    exact: bool,

    /// Colours: auto has them on a terminal
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    color: Color,

    /// The form of the output; json and junit are not supported, nextest writes such reports
    #[arg(long, default_value = "pretty")]
    format: Format,

    /// Show also the output of tests that passed
    #[arg(long)]
    show_output: bool,

    /// Accepted and without effect
    #[arg(short = 'Z', value_name = "FLAG")]
    unstable: Vec<Unstable>,

    /// Show the time that each test took
    #[arg(long)]
    report_time: bool,
}

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
enum Color {
    #[default]
    Auto,
    Always,
    Never,
}

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
enum Format {
    #[default]
    Pretty,
    Terse,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum Unstable {
    UnstableOptions,
}

impl Arguments {
    /// Returns whether a test is chosen by its name.
    pub(super) fn chooses(&self, name: &str) -> bool {
        let is_one_of = |filters: &[String]| {
            filters.iter().any(|it| if self.exact { name == it } else { name.contains(&**it) })
        };
        let is_benchmark_run = self.bench && !self.test;
        (self.filters.is_empty() || is_one_of(&self.filters))
            && !is_one_of(&self.skip)
            && !is_benchmark_run
    }

    pub(super) fn is_terse(&self) -> bool {
        self.quiet || self.format == Format::Terse
    }

    pub(super) fn form(&self) -> Form {
        let no_capture = std::env::var_os("RUST_TEST_NOCAPTURE").is_some_and(|it| it != "0");
        Form {
            terse: self.is_terse(),
            live: self.no_capture || no_capture,
            show_output: self.show_output,
            colours: match self.color {
                Color::Auto => stdout().is_terminal(),
                Color::Always => true,
                Color::Never => false,
            },
            times: self.report_time,
        }
    }

    /// Returns the number of servers that may run at the same time, if it was said.
    pub(super) fn threads(&self) -> anyhow::Result<Option<u16>> {
        const VARIABLE: &str = "RUST_TEST_THREADS";
        let said = std::env::var_os(VARIABLE).filter(|_| self.test_threads.is_none());
        let Some(said) = said else {
            return Ok(self.test_threads.map(NonZero::get));
        };
        let number = said.to_str().and_then(|it| it.parse::<NonZero<u16>>().ok());
        match number {
            Some(number) => Ok(Some(number.get())),
            None => anyhow::bail!(
                "{VARIABLE} is {:?}, expected a number from 1 to {}",
                said.to_string_lossy(),
                u16::MAX
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(arguments: &[&str]) -> Result<Arguments, String> {
        let all = std::iter::once(&"program").chain(arguments);
        Arguments::try_parse_from(all).map_err(|error| error.to_string())
    }

    #[test]
    fn filters_are_parts_of_names_or_all_of_them() {
        let chosen = |arguments: &[&str]| {
            let arguments = parsed(arguments).unwrap();
            let names = ["calls/answers", "calls/answers_late", "voice"];
            names.into_iter().filter(|it| arguments.chooses(it)).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(chosen(&[]), "calls/answers calls/answers_late voice");
        assert_eq!(chosen(&["late", "voi"]), "calls/answers_late voice");
        assert_eq!(chosen(&["--exact", "calls/answers"]), "calls/answers");
        assert_eq!(chosen(&["calls", "--skip", "late"]), "calls/answers");
        assert_eq!(chosen(&["--exact", "--skip", "calls"]), chosen(&[]));
        assert_eq!(chosen(&["--exact", "--skip=voice", "voice"]), "");
        assert_eq!(chosen(&["--bench"]), "");
        assert_eq!(chosen(&["--bench", "--test", "voice"]), "voice");
    }

    #[test]
    fn options_of_libtest_are_accepted_or_refused_as_there() {
        for accepted in [
            &["--list", "--format", "terse"][..],
            &["--nocapture", "--no-capture"],
            &["-Z", "unstable-options", "--report-time"],
            &["-q", "--color", "never", "--test-threads", "3"],
            &["--show-output", "--ignored", "--fail-fast"],
        ] {
            parsed(accepted).unwrap();
        }
        for (refused, why) in [
            (&["--bogus"][..], "'--bogus'"),
            (&["--test-threads", "0"], "--test-threads"),
            (&["--format", "json"], "possible values: pretty, terse"),
            (&["--color", "x"], "possible values: auto, always, never"),
            (&["--ignored", "--include-ignored"], "cannot be used with"),
            (&["--exact", "--exact"], "cannot be used multiple times"),
            (&["--logfile", "x"], "'--logfile'"),
            (&["--skip"], "a value is required"),
        ] {
            let error = parsed(refused).unwrap_err();
            assert!(error.contains(why), "{refused:?}: {error}");
        }
    }
}
