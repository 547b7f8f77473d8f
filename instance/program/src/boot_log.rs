//! The errors and warnings of a boot that are for its configuration to mend.

use std::time::Duration;

use instance::{Instance, LogFailure};

use crate::bare::{self, Bare, Line, Own};
use crate::complain;

/// The log of one instance's boot.
pub(crate) struct BootLog {
    number: u32,
    own: Own,
    modules: String,
    /// The lines of level ERROR that were there when the boot had ended.
    errors: Vec<String>,
    /// The warnings of the reader of configuration files. A module that cannot read its file
    /// declines, which is an error, and the reason is only a warning.
    pub(crate) warnings: Vec<String>,
}

/// The line of the log that ends the boot.
const READY: &str = "Asterisk Ready.";

/// The longest wait for that line. The log is written by a thread of its own, and comes behind the
/// word that the server is ready; a `logger.conf` of the test's own may leave the line out.
const PATIENCE: Duration = Duration::from_secs(1);

impl BootLog {
    /// Reads the log of an instance that has just booted.
    pub(crate) async fn of(instance: &Instance) -> Self {
        let sandbox = instance.sandbox();
        let mut lines = Vec::new();
        let mut log = instance.log();
        let read = log.wait_until(READY, PATIENCE, |line| {
            lines.push(line.to_owned());
            line.contains(READY)
        });
        if let Err(error) = read.await {
            match error.failure {
                // What is there has been read.
                LogFailure::Exited(_) | LogFailure::Timeout(_) => {}
                _ => complain(&format!("{:#}", anyhow::Error::from(error))),
            }
        }
        let lines_that = |is_wanted: fn(&Line<'_>) -> bool| {
            let is_wanted = |line: &&String| Line::of(line).is_some_and(|line| is_wanted(&line));
            lines.iter().filter(is_wanted).cloned().collect::<Vec<_>>()
        };
        Self {
            number: sandbox.number(),
            own: Own::of(instance),
            modules: bare::modules_of(sandbox),
            errors: lines_that(|line| line.level == "ERROR"),
            warnings: lines_that(|line| line.is_of_configuration()),
        }
    }

    /// Finds out the errors of a bare boot, if there were errors when this boot had ended.
    pub(crate) async fn compare(&self, bare: &Bare) {
        self.compare_with(bare, &self.errors).await;
    }

    /// Finds out the errors of a bare boot, if there are errors to compare with them.
    pub(crate) async fn compare_with(&self, bare: &Bare, errors: &[String]) {
        if !errors.is_empty() {
            bare.find_out(&self.modules).await;
        }
    }

    /// The errors that a bare boot does not have; none if that is not known.
    pub(crate) fn new_errors<'a>(&self, bare: &Bare, errors: &'a [String]) -> Option<Vec<&'a str>> {
        if errors.is_empty() {
            return Some(Vec::new());
        }
        let known = bare.errors(&self.modules)?;
        let new = errors.iter().filter(|line| !known.contains(&self.own.plain(line)));
        Some(new.map(String::as_str).collect())
    }

    /// The text to print right after the boot, if there are new errors or warnings.
    pub(crate) fn news(&self, bare: &Bare) -> Option<String> {
        let has_new = self.new_errors(bare, &self.errors).is_some_and(|new| !new.is_empty());
        let lines = self.lines(bare, &self.errors);
        (has_new || !self.warnings.is_empty())
            .then(|| format!("instance {}: {}", self.number, lines.join("\n")))
    }

    /// Lines for people: of errors, which are those of this boot, and of the warnings.
    pub(crate) fn lines(&self, bare: &Bare, errors: &[String]) -> Vec<String> {
        let mut lines = Vec::new();
        let warnings = self.warnings.len();
        if warnings > 0 {
            let s = if warnings == 1 { "" } else { "s" };
            lines.push(format!("{warnings} warning{s} of how the configuration was read:"));
            lines.extend(self.warnings.iter().map(|line| format!("    {line}")));
        }
        let s = if errors.len() == 1 { "" } else { "s" };
        let count = format!("{} error{s} in the log while booting", errors.len());
        let against = "new against a bare boot of this server";
        match self.new_errors(bare, errors) {
            _ if errors.is_empty() => {}
            None => lines.push(count),
            Some(new) if new.is_empty() => lines.push(format!("{count}, none of them {against}")),
            Some(new) => {
                lines.push(format!("{count}, {} of them {against}:", new.len()));
                lines.extend(new.iter().map(|line| format!("    {line}")));
            }
        }
        lines
    }
}
