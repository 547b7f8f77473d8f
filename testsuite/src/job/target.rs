//! The settings of a run as a test target of cargo, which its command line has and that of the
//! runner has not.

use std::collections::BTreeSet;

/// A run as a test target of cargo.
#[derive(Clone, Debug, Default)]
pub(crate) struct Target {
    /// The names of the tests that were chosen: paths from the suite's folder.
    pub(crate) names: BTreeSet<String>,
    /// The number of tests that were not chosen.
    pub(crate) filtered: usize,
    /// Set if tests that the suite skips are run as well.
    pub(crate) also_skipped: bool,
    /// The form in which the run is told.
    pub(crate) form: Form,
}

/// The form in which libtest tells of a run.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Form {
    /// One character for each test.
    pub(crate) terse: bool,
    /// Output as it comes, and not behind all tests.
    pub(crate) live: bool,
    /// Set to show the output of tests that passed as well.
    pub(crate) show_output: bool,
    pub(crate) colours: bool,
    /// The time that each test took.
    pub(crate) times: bool,
}
