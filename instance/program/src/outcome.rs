//! The report of how servers ended.

use instance::{Finding, Stopped};
use serde_json::json;

use crate::bare::Bare;
use crate::boot_log::BootLog;
use crate::complain;
use crate::facts::milliseconds;
use crate::fail_on::{FailOn, has_died};

/// The number of the format of what is printed for programs. It counts up when a field changes its
/// meaning or goes away, and stays when one is added.
pub(crate) const FORMAT: u32 = 1;

/// The end of an instance.
pub(crate) struct Ended {
    pub(crate) number: u32,
    pub(crate) stopped: Stopped,
}

impl Ended {
    /// Returns the lines of level ERROR in the log while it booted, if all of the log is there.
    pub(crate) fn whole_boot_errors(&self) -> &[String] {
        let is_whole = !self.stopped.findings.contains(&Finding::DiskFull);
        if is_whole { &self.stopped.boot_errors } else { &[] }
    }

    /// Returns a line for each error, warning and finding that is for people.
    fn found(&self, log: &BootLog, bare: &Bare) -> Vec<String> {
        let of_boot = log.lines(bare, &self.stopped.boot_errors);
        let findings = self.stopped.findings.iter().map(ToString::to_string);
        of_boot.into_iter().chain(findings).map(|line| format!("    {line}")).collect()
    }
}

/// Says on the error output which servers ended by themselves, and returns whether one did.
pub(crate) fn tell_deaths(ended: &[Ended]) -> bool {
    let mut died = false;
    for Ended { number, stopped } in ended.iter().filter(|it| has_died(&it.stopped)) {
        complain(&format!("instance {number} ended by itself ({})", stopped.status));
        died = true;
    }
    died
}

/// Says on the error output which findings make a failure, and returns whether there is one.
pub(crate) fn tell_failures(
    fail_on: &FailOn,
    ended: &[Ended],
    logs: &[BootLog],
    bare: &Bare,
) -> bool {
    let mut failed = false;
    for (ended, log) in ended.iter().zip(logs) {
        for line in fail_on.failures(&ended.stopped, log, bare) {
            failed = true;
            complain(&format!("instance {} failed on {line}", ended.number));
        }
    }
    failed
}

/// Returns the line for programs.
pub(crate) fn json(ended: &[Ended], logs: &[BootLog], bare: &Bare) -> String {
    let stopped = ended.iter().zip(logs).map(|(Ended { number, stopped }, log)| {
        json!({
            "number": number,
            "by": stopped.stopping.to_string(),
            "status": stopped.status.to_string(),
            "milliseconds": milliseconds(stopped.took),
            "boot_errors": stopped.boot_errors,
            "new_boot_errors": log.new_errors(bare, &stopped.boot_errors),
            "configuration_warnings": log.warnings,
            "findings": stopped.findings.iter().map(ToString::to_string).collect::<Vec<_>>(),
        })
    });
    json!({ "format": FORMAT, "stopped": stopped.collect::<Vec<_>>() }).to_string()
}

/// Returns the lines for people: how each instance ended, and what was found.
pub(crate) fn lines(ended: &[Ended], logs: &[BootLog], bare: &Bare) -> Vec<String> {
    let mut lines = Vec::new();
    for (ended @ Ended { number, stopped }, log) in ended.iter().zip(logs) {
        let (took, status) = (stopped.took.as_millis(), stopped.status);
        lines.push(format!("instance {number}: {}, {took} ms ({status})", stopped.stopping));
        lines.extend(ended.found(log, bare));
    }
    lines
}

/// Returns the lines for people of those instances in which something was found that is not found
/// in every boot.
pub(crate) fn found_lines(ended: &[Ended], logs: &[BootLog], bare: &Bare) -> Vec<String> {
    let mut lines = Vec::new();
    for (ended, log) in ended.iter().zip(logs) {
        let stopped = &ended.stopped;
        let new_errors = log.new_errors(bare, &stopped.boot_errors);
        let has_no_new_errors = new_errors.is_some_and(|new| new.is_empty());
        if !has_no_new_errors || !log.warnings.is_empty() || !stopped.findings.is_empty() {
            lines.push(format!("instance {}:", ended.number));
            lines.extend(ended.found(log, bare));
        }
    }
    lines
}
