//! What is told of a run: each kind of report takes the same events.

use std::io;
use std::time::Duration;

use serde::Serialize;

use crate::verdict::Outcome;

pub(crate) mod json;
pub(crate) mod junit;
pub(crate) mod live;
pub(crate) mod plain;
pub(crate) mod text;

/// How a test went, all its executions together.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Verdict {
    Passed,
    Failed,
    TimedOut,
    /// It failed, and passed when it was run again.
    Flaky,
    /// It is not to be run.
    Skipped,
    /// It lacks something.
    Lacking,
    /// Its configuration cannot be right.
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
    /// Why it was not run.
    pub(crate) why: Vec<String>,
    /// How often it was run.
    pub(crate) attempts: usize,
    /// Of all executions.
    pub(crate) seconds: f64,
    /// Of the last execution.
    pub(crate) outcome: Outcome,
    /// Those before it, which failed.
    pub(crate) before: Vec<Attempt>,
    /// The program that ran it; none for us.
    pub(crate) script: Option<Vec<String>>,
    #[serde(skip)]
    pub(crate) output: Vec<String>,
}

/// An execution that was not the last.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Attempt {
    pub(crate) outcome: Outcome,
    #[serde(skip)]
    pub(crate) output: Vec<String>,
}

/// What a run is about.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Header {
    pub(crate) version: String,
    pub(crate) run: u64,
    pub(crate) runs: i64,
    /// How many tests are run in each.
    pub(crate) tests: usize,
    pub(crate) inactivity: i64,
    pub(crate) jobs: usize,
    /// How tests are kept apart, or why they are not.
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

/// What happens in a run.
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
        phase: &'a str,
    },
    Line {
        name: &'a str,
        line: &'a str,
    },
    Finished(&'a Finished),
    Ended(&'a Summary),
}

/// A kind of report.
pub(crate) trait Report {
    fn take(&mut self, event: &Event<'_>) -> io::Result<()>;
}

/// All that there are. One that cannot be written does not end the run, but is told at its end.
#[derive(Default)]
pub(crate) struct Reports {
    all: Vec<Box<dyn Report>>,
    error: Option<io::Error>,
}

impl Reports {
    pub(crate) fn add(&mut self, report: impl Report + 'static) {
        self.all.push(Box::new(report));
    }

    pub(crate) fn tell(&mut self, event: &Event<'_>) {
        for report in &mut self.all {
            if let Err(error) = report.take(event) {
                self.error.get_or_insert(error);
            }
        }
    }

    /// The first that went wrong.
    pub(crate) fn error(&mut self) -> Option<io::Error> {
        self.error.take()
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
