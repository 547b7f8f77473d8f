//! Scenarios of SIPp: `sipp.SIPpTestCase`, which runs sets of them, `sipp.SIPpAMIActionTestCase`,
//! and one run of SIPp for all that start some.
//!
//! A [`Scenario`] is what a section describes, a [`Run`] is the process. Only the two objects tell
//! others of their scenarios, by [signals](Signal): a call of an Originator waits for those.

use crate::case::{Signal, TestCase};

mod ami_action;
mod arguments;
pub(in crate::components) mod bank;
pub(in crate::components) mod end;
mod features;
pub(in crate::components) mod iterator;
mod messages;
mod ports;
mod run;
mod scenario;
mod set;
mod test_case;
mod told;

pub(in crate::components) use self::run::Run;
pub(in crate::components) use self::scenario::Scenario;
pub(in crate::components) use self::test_case::{AMI_ACTION_KIND, KIND};

/// The signal that a scenario runs and its port is bound. Its fields are `scenario`, the name, and
/// `number`, which counts the scenarios of the test from 1.
pub(in crate::components) const STARTED: &str = "sipp-started";

/// The signal that a scenario has ended. Its field is `scenario`, the name.
pub(in crate::components) const STOPPED: &str = "sipp-stopped";

/// The state that all scenarios of a test have in common.
#[derive(Default)]
struct Common {
    /// The number of scenarios that the object has started.
    started: usize,
    /// The number of runs of SIPp.
    runs: usize,
    /// The number of ports that runs have been given for media.
    media_ports: u16,
}

/// Returns whether the object of a test tells others of the scenarios that it starts.
pub(in crate::components) fn is_told_of(test: &TestCase) -> bool {
    let object = test.config().object.as_ref().map_or("", |it| &*it.typename);
    [KIND, AMI_ACTION_KIND].iter().any(|it| it.names.contains(&object))
}

/// Tells all components that a scenario has started.
fn tell_started(test: &TestCase, name: &str) {
    let number = test.with_common(|common: &mut Common| {
        common.started += 1;
        common.started
    });
    test.signal(Signal::new(STARTED).with("scenario", name).with("number", number));
}

/// Tells all components that a scenario has ended.
fn tell_stopped(test: &TestCase, name: &str) {
    test.signal(Signal::new(STOPPED).with("scenario", name));
}
