//! The evidence that a server leaves in its sandbox when it ends.

use std::process::ExitStatus;

use rustix::fs::StatVfs;

use crate::instance::crash;
use crate::instance::errors::{self, Before, Errors};
use crate::instance::findings::{self, Finding};
use crate::instance::process::Process;
use crate::sandbox::{MissingInclude, Sandbox};

/// The free space in bytes below which a disk counts as full. A server gives back a little when it
/// ends.
const ROOM: u64 = 64 * 1024;

impl Sandbox {
    /// Returns what the end of a process shows, and the errors that it logged while it booted.
    pub(super) async fn findings(
        &self,
        status: ExitStatus,
        process: &Process,
        before: &Before,
    ) -> (Vec<Finding>, Errors) {
        let logs = self.logs();
        let (pid, launched) = (process.started(), before.launched);
        let crash =
            crash::examine(status, pid, launched, &self.place.base, &self.server, &logs).await;
        let crash = crash.filter(|crash| !process.was_ended_by(crash.signal));
        let mut findings: Vec<_> = crash.map(Finding::Crash).into_iter().collect();
        let left = process.left();
        findings.extend((!left.is_empty()).then_some(Finding::Processes(left)));
        findings.extend(findings::sanitizers(&logs, &before.launch));
        findings.extend(self.has_full_disk().then_some(Finding::DiskFull));
        let (early, late) = self.errors(before);
        findings.extend(late.lines.into_iter().map(Finding::Error));
        findings.extend((late.more > 0).then_some(Finding::MoreErrors(late.more)));
        (findings, early)
    }

    /// Returns the include for want of which the server gave up a configuration file. The boot
    /// succeeds all the same, unless a required module needs that file.
    pub(super) fn missing_include(&self, before: &Before) -> Option<MissingInclude> {
        if self.missing.is_empty() {
            return None;
        }
        let log = self.log();
        let names = errors::missing_includes(&log, before.length_at_launch(&log));
        self.missing.iter().find(|missing| names.contains(&missing.name)).cloned()
    }

    pub(super) fn has_full_disk(&self) -> bool {
        let disk = rustix::fs::statvfs(&self.place.base);
        // A file system without a limit has no figures.
        let room = |disk: StatVfs| disk.f_bavail.saturating_mul(disk.f_frsize);
        disk.is_ok_and(|disk| disk.f_blocks > 0 && room(disk) < ROOM)
    }

    /// Returns the lines that tell what was left out of the configuration, and what happened since
    /// the boot.
    pub(super) fn last_words(&self, before: &Before) -> Vec<String> {
        let log = self.log();
        let (start, ready) = (before.length_at_launch(&log), before.length_when_ready(&log));
        let mut words = errors::of_configuration(&log, start, ready);
        words.extend(errors::evidence(&self.logs(), &log, ready));
        words
    }
}
