//! How a test went, and what is told of it.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The reason of a test that somebody else ended.
pub(crate) const INTERRUPTED: &str = "interrupted";

/// Why a test failed.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Reason {
    /// What was expected and did not come about.
    pub what: String,
    /// What came nearest, one to a line.
    pub details: Vec<String>,
}

impl Reason {
    /// A reason that needs no details.
    pub fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), details: Vec::new() }
    }
}

/// How long a part of a test took.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Phase {
    /// `prepare`, `boot`, `run`, `stop` or `evidence`.
    pub name: String,
    /// Seconds.
    pub seconds: f64,
}

/// The end of one execution of a test.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Outcome {
    /// Whether it passed.
    pub passed: bool,
    /// Whether a limit ended it.
    pub timed_out: bool,
    /// Whether something went wrong that no test can have expected, so that it is a failure also where one is expected: a
    /// server crashed or did not boot, a program could not be started, a panic.
    pub faulty: bool,
    /// Why it failed.
    pub reasons: Vec<Reason>,
    /// What else should be known.
    pub notes: Vec<String>,
    /// The last lines of the servers' logs.
    pub log: Vec<String>,
    /// Its parts, in their order.
    pub phases: Vec<Phase>,
    /// The cores that its servers left.
    #[serde(default)]
    pub cores: Vec<PathBuf>,
    /// The folder of what was kept.
    pub evidence: Option<PathBuf>,
    /// Processor time of it and all that it started, in seconds.
    pub cpu: f64,
    /// The most memory that the process which ran it had, in KiB; its servers do not count.
    pub memory: u64,
}
