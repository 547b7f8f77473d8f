//! The end of servers, and the report of it.

use std::io;

use instance::{Finding, Stopped, Stopping};
use serde_json::json;

use crate::bare::Bare;
use crate::boot_log::BootLog;
use crate::facts::milliseconds;
use crate::{complain, say};

/// The end of an instance; no more is known of one whose folder could not be removed.
pub(crate) struct Ended {
    number: u32,
    stopped: Option<Stopped>,
}

impl Ended {
    /// The lines of level ERROR in the log while it booted, if all of the log is there.
    pub(crate) fn whole_boot_errors(&self) -> &[String] {
        let is_whole = |stopped: &&Stopped| !stopped.findings.contains(&Finding::DiskFull);
        self.stopped.as_ref().filter(is_whole).map_or(&[], |stopped| &stopped.boot_errors)
    }

    /// Returns `true` if the server ran until it was asked to stop, and left nothing.
    pub(crate) fn is_well(&self) -> bool {
        self.stopped.as_ref().is_some_and(|stopped| !has_died(stopped))
    }
}

/// Returns `true` if a server ended by itself, maybe at the moment at which it was to stop.
fn has_died(stopped: &Stopped) -> bool {
    let is_end = |finding: &Finding| matches!(finding, Finding::Crash(_) | Finding::Ended(_));
    stopped.stopping == Stopping::WasOver || stopped.findings.iter().any(is_end)
}

/// Says on the error output what did not go well.
pub(crate) fn judge(stopped: Vec<(u32, io::Result<Stopped>)>) -> Vec<Ended> {
    let mut ended = Vec::new();
    for (number, stopped) in stopped {
        let stopped = match stopped {
            Ok(stopped) => Some(stopped),
            Err(error) => {
                complain(&format!("instance {number}: {:#}", anyhow::Error::from(error)));
                None
            }
        };
        if let Some(stopped) = stopped.as_ref().filter(|it| has_died(it)) {
            complain(&format!("instance {number} ended by itself ({})", stopped.status));
        }
        ended.push(Ended { number, stopped });
    }
    ended
}

/// Prints how the instances ended.
pub(crate) fn tell(
    ended: &[Ended],
    logs: &[BootLog],
    bare: &Bare,
    as_json: bool,
) -> anyhow::Result<()> {
    let told = ended.iter().zip(logs);
    let told = told.filter_map(|(it, log)| Some((it.number, it.stopped.as_ref()?, log)));
    if as_json {
        let stopped = told.map(|(number, stopped, log)| {
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
        return say(&json!({ "stopped": stopped.collect::<Vec<_>>() }).to_string());
    }
    for (number, stopped, log) in told {
        let took = stopped.took.as_millis();
        say(&format!("instance {number}: {}, {took} ms ({})", stopped.stopping, stopped.status))?;
        for line in log.lines(bare, &stopped.boot_errors) {
            say(&format!("    {line}"))?;
        }
        for finding in &stopped.findings {
            say(&format!("    {finding}"))?;
        }
    }
    Ok(())
}
