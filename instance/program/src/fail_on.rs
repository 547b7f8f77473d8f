//! The findings that make a failure.

use instance::{Finding, Stopped, Stopping};

use crate::bare::Bare;
use crate::boot_log::BootLog;

/// The number of findings of each kind that are told.
const TOLD: usize = 3;

/// A kind of finding.
#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
pub(crate) enum Kind {
    /// The server crashed; always a failure
    Crash,
    /// The server ended by itself; always a failure
    Ended,
    /// The server did not stop when asked
    Stubborn,
    /// Channels were up at the end
    Channels,
    /// The server left processes behind
    Processes,
    /// A report of a sanitizer
    Sanitizer,
    /// The disk is full
    DiskFull,
    /// A line of level ERROR in the log after the boot
    Error,
    /// A line of level ERROR during the boot that a boot without the configuration does not have
    BootErrors,
    /// A warning of the reader of configuration files
    ConfigurationWarnings,
    /// All of these
    All,
}

impl Kind {
    /// Returns the kind of a finding; `None` for one of a kind without a name of its own.
    fn of(finding: &Finding) -> Option<Self> {
        Some(match finding {
            Finding::Crash(_) => Self::Crash,
            Finding::Ended(_) => Self::Ended,
            Finding::Stubborn(_) => Self::Stubborn,
            Finding::Channels(_) => Self::Channels,
            Finding::Processes(_) => Self::Processes,
            Finding::Sanitizer { .. } => Self::Sanitizer,
            Finding::DiskFull => Self::DiskFull,
            Finding::Error(_) | Finding::MoreErrors(_) => Self::Error,
            _ => return None,
        })
    }

    /// Returns the name on the command line.
    fn name(self) -> String {
        let value = clap::ValueEnum::to_possible_value(&self);
        value.map(|it| it.get_name().to_owned()).unwrap_or_default()
    }
}

/// The kinds of findings that make a failure, besides those that always do.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct FailOn {
    /// Fail also on findings of these kinds, separated by commas. The end of a server by itself is
    /// a failure in any case
    #[arg(long = "fail-on", value_name = "KINDS", value_delimiter = ',')]
    kinds: Vec<Kind>,
}

impl FailOn {
    /// Returns `true` if a kind was named; `None` is one that only `all` names.
    fn names(&self, kind: Option<Kind>) -> bool {
        self.kinds.contains(&Kind::All) || kind.is_some_and(|kind| self.kinds.contains(&kind))
    }

    /// Returns `true` if the errors of the boot can be a failure.
    pub(crate) fn needs_comparison(&self) -> bool {
        self.names(Some(Kind::BootErrors))
    }

    /// Returns the lines that tell which findings of an instance make a failure, each with the name
    /// of its kind.
    pub(crate) fn failures(&self, stopped: &Stopped, log: &BootLog, bare: &Bare) -> Vec<String> {
        let mut found = Vec::new();
        for finding in &stopped.findings {
            let kind = Kind::of(finding);
            if self.names(kind) {
                found.push((kind.unwrap_or(Kind::All).name(), finding.to_string()));
            }
        }
        if self.needs_comparison() {
            let errors = &stopped.boot_errors;
            let new = log.new_errors(bare, errors).map_or_else(
                || vec![format!("unknown which of {} errors are new", errors.len())],
                |new| new.into_iter().map(str::to_owned).collect(),
            );
            found.extend(new.into_iter().map(|text| (Kind::BootErrors.name(), text)));
        }
        if self.names(Some(Kind::ConfigurationWarnings)) {
            let name = Kind::ConfigurationWarnings.name();
            found.extend(log.warnings.iter().map(|line| (name.clone(), line.clone())));
        }
        shortened(found)
    }
}

/// Returns the lines of findings, of which each kind has no more than a few.
fn shortened(found: Vec<(String, String)>) -> Vec<String> {
    let mut lines = Vec::new();
    for kind in found.chunk_by(|a, b| a.0 == b.0) {
        lines.extend(kind.iter().take(TOLD).map(|(name, text)| format!("{name}: {text}")));
        if let Some((name, _)) = kind.get(TOLD) {
            lines.push(format!("{name}: and {} more", kind.len() - TOLD));
        }
    }
    lines
}

/// Returns `true` if a server ended by itself, maybe at the moment at which it was to stop.
pub(crate) fn has_died(stopped: &Stopped) -> bool {
    let is_end = |finding: &Finding| matches!(finding, Finding::Crash(_) | Finding::Ended(_));
    stopped.stopping == Stopping::WasOver || stopped.findings.iter().any(is_end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_have_the_names_of_findings() {
        for (finding, name) in [
            (Finding::Stubborn(Stopping::Killed), "stubborn"),
            (Finding::Channels(Vec::new()), "channels"),
            (Finding::DiskFull, "disk-full"),
            (Finding::MoreErrors(1), "error"),
        ] {
            assert_eq!(Kind::of(&finding).map(Kind::name).as_deref(), Some(name));
        }
        assert_eq!(Kind::BootErrors.name(), "boot-errors");
    }

    #[test]
    fn each_kind_is_told_a_few_times() {
        let found = |kind: &str, number: usize| {
            (0..number).map(|at| (kind.to_owned(), at.to_string())).collect::<Vec<_>>()
        };
        let lines = shortened([found("channels", 1), found("error", 5)].concat());
        let expected = ["channels: 0", "error: 0", "error: 1", "error: 2", "error: and 2 more"];
        assert_eq!(lines, expected);
    }
}
