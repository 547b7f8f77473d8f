//! Reports: what is told of a run. Each kind of report takes the same events.
//!
//! This room depends on `job` alone. Events of the session come in; text, lines of JSON and JUnit
//! go out.
//!
//! Pitfalls: a run has a thousand tests, and each may print two MiB: what is told is not held.

use std::io;
use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use crate::job::Output;
use crate::job::{Account, Phase};
use crate::report::cases::Cases;

pub(crate) mod cases;
mod held;
pub(crate) mod json;
pub(crate) mod junit;
pub(crate) mod libtest;
pub(crate) mod live;
pub(crate) mod plain;
pub(crate) mod text;

/// The verdict of a test, all its executions together.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Verdict {
    Passed,
    Failed,
    TimedOut,
    /// Failed, and passed when it was run again.
    Flaky,
    /// Not to be run.
    Skipped,
    /// Not run, for something is missing.
    Lacking,
    /// Not run, for its configuration cannot be right.
    Broken,
    /// The run ended before it.
    NotRun,
}

impl Verdict {
    pub(crate) fn is_failure(self) -> bool {
        matches!(self, Self::Failed | Self::TimedOut)
    }

    pub(crate) fn was_run(self) -> bool {
        matches!(self, Self::Passed | Self::Failed | Self::TimedOut | Self::Flaky)
    }
}

/// A test at its end.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Finished {
    pub(crate) name: String,
    pub(crate) verdict: Verdict,
    /// The reasons for which it was not run.
    pub(crate) why: Vec<String>,
    /// The number of executions.
    pub(crate) attempts: usize,
    /// The time of all executions.
    pub(crate) seconds: f64,
    /// The account of the last execution.
    #[serde(rename = "outcome")]
    pub(crate) account: Account,
    /// The executions before the last, which failed.
    pub(crate) before: Vec<Attempt>,
    /// The program that ran it; none for us.
    pub(crate) script: Option<Vec<String>>,
    #[serde(skip)]
    pub(crate) output: Output,
    /// The story of a failure in few lines, for the end of the run.
    #[serde(skip)]
    pub(crate) brief: Vec<String>,
}

/// An execution that was not the last.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Attempt {
    #[serde(rename = "outcome")]
    pub(crate) account: Account,
    #[serde(skip)]
    pub(crate) output: Output,
}

/// The head of a run.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Header {
    pub(crate) version: String,
    pub(crate) run: u64,
    pub(crate) runs: i64,
    /// The number of tests that are run in each run.
    pub(crate) tests: usize,
    pub(crate) inactivity: i64,
    pub(crate) jobs: usize,
    /// The way in which tests are kept apart, or the reason for which they are not.
    pub(crate) isolation: String,
    pub(crate) seed: Option<u64>,
}

/// All of a run.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Summary {
    #[serde(skip)]
    pub(crate) started: std::time::SystemTime,
    pub(crate) seconds: f64,
    pub(crate) discovery: f64,
    pub(crate) preparation: f64,
    /// Processor time of everything, in seconds.
    pub(crate) cpu: f64,
    /// The most memory that the runner had, and all workers together at most, in KiB.
    pub(crate) memory: u64,
    pub(crate) workers_memory: u64,
    #[serde(skip)]
    pub(crate) tests: Vec<Finished>,
}

impl Summary {
    pub(crate) fn count(&self, is: impl Fn(Verdict) -> bool) -> usize {
        self.tests.iter().filter(|it| is(it.verdict)).count()
    }
}

/// An event of a run.
#[derive(Clone, Debug)]
pub(crate) enum Event<'a> {
    Started(&'a Header),
    /// A test begins; with the number of the execution, and how many are left behind it.
    Test {
        name: &'a str,
        attempt: usize,
    },
    Phase {
        name: &'a str,
        phase: Phase,
    },
    /// Lines of output, in the order in which they came. Of much output they are the beginning and,
    /// when it has ended, the end.
    Output {
        name: &'a str,
        lines: &'a str,
    },
    Finished(&'a Finished),
    /// A run has ended; with the elements of its tests for a report in XML.
    Ended(&'a Summary, &'a Cases),
}

/// A kind of report.
pub(crate) trait Report {
    fn take(&mut self, event: &Event<'_>) -> io::Result<()>;

    /// Writes what stands behind all runs.
    fn end(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// All that there are. One that cannot be written does not end the run, but is told at its end.
pub(crate) struct Reports {
    all: Vec<(String, Box<dyn Report>)>,
    cases: Cases,
    error: Option<String>,
}

impl Reports {
    /// The elements of tests are held in a file in this folder until a run ends.
    pub(crate) fn new(folder: &Path) -> io::Result<Self> {
        Ok(Self { all: Vec::new(), cases: Cases::new(folder)?, error: None })
    }

    /// Adds one, with where it goes.
    pub(crate) fn add(&mut self, place: impl Into<String>, report: impl Report + 'static) {
        self.all.push((place.into(), Box::new(report)));
    }

    /// Tells all of them of a test that has ended, or of the beginning of a run or a test.
    pub(crate) fn tell(&mut self, event: &Event<'_>) {
        let held = match event {
            Event::Started(_) => self.cases.clear(),
            Event::Finished(test) => self.cases.add(test),
            _ => Ok(()),
        };
        self.note("the results of the tests", held);
        self.each(|report, _| report.take(event));
    }

    /// Tells all of them of the end of a run.
    pub(crate) fn summary(&mut self, run: &Summary) {
        self.each(|report, cases| report.take(&Event::Ended(run, cases)));
    }

    /// Tells all of them that no more runs come, and gives the first error of any.
    pub(crate) fn end(&mut self) -> Option<String> {
        self.each(|report, _| report.end());
        self.error.take()
    }

    fn each(&mut self, mut what: impl FnMut(&mut dyn Report, &Cases) -> io::Result<()>) {
        let mut all = std::mem::take(&mut self.all);
        for (place, report) in &mut all {
            let told = what(&mut **report, &self.cases);
            self.note(place, told);
        }
        self.all = all;
    }

    fn note(&mut self, place: &str, told: io::Result<()>) {
        if let Err(error) = told {
            self.error.get_or_insert_with(|| format!("{place}: {error}"));
        }
    }
}

/// `1.2 s`, `3 min 4 s`.
pub(crate) fn span(seconds: f64) -> String {
    let whole = Duration::try_from_secs_f64(seconds).unwrap_or_default().as_secs();
    // The sum of nothing is -0.
    let seconds = seconds + 0.0;
    if whole < 120 {
        format!("{seconds:.1} s")
    } else {
        format!("{} min {} s", whole / 60, whole % 60)
    }
}
