//! The words for tests and runs, the same on a terminal and in plain lines.

use std::io;

use crate::job::{Account, Output, Phase};
use crate::report::{Finished, Summary, Verdict, span};

/// The number of failed tests that are told at the end of a run.
const FAILED: usize = 10;

/// The limits of what is told of one: lines of reasons, of notes and of the log, so that all of it
/// fits on a screen; and the length of a line.
const REASONS: usize = 8;
const NOTES: usize = 2;
const LOG: usize = 6;
const WIDTH: usize = 160;

/// The number of the slowest tests that are named.
const SLOWEST: usize = 5;

/// Tells the output of a test and why it failed, of every execution, line by line.
pub(crate) fn story(
    test: &Finished,
    mut tell: impl FnMut(&str) -> io::Result<()>,
) -> io::Result<()> {
    for (attempt, number) in test.before.iter().zip(1..) {
        attempt.output.lines().try_for_each(&mut tell)?;
        tell(&format!("execution {number} failed:"))?;
        reasons(&attempt.account).iter().try_for_each(|line| tell(line))?;
    }
    test.output.lines().try_for_each(&mut tell)?;
    if test.verdict.is_failure() {
        reasons(&test.account).iter().try_for_each(|line| tell(line))?;
    }
    Ok(())
}

/// Returns the lines that tell of a failure.
fn reasons(account: &Account) -> Vec<String> {
    let mut lines = Vec::new();
    for reason in &account.reasons {
        lines.extend(reason.what.lines().map(|it| format!("  {it}")));
        lines.extend(reason.details.iter().map(|it| format!("      {it}")));
    }
    lines.extend(account.notes.iter().map(|it| format!("  note: {it}")));
    if !account.log.is_empty() {
        lines.push("  the last lines of the logs, from when the servers were up:".to_owned());
        lines.extend(account.log.iter().map(|it| format!("      {it}")));
    }
    lines.extend(account.evidence.iter().map(|it| format!("  kept: {}", it.display())));
    lines
}

/// Keeps what a summary needs of a test whose story was told: a run has a thousand of them, and a
/// program may run for ever.
pub(crate) fn told(mut test: Finished) -> Finished {
    if test.verdict.is_failure() {
        test.brief = brief(&test.account);
    }
    test.output = Output::default();
    test.before = Vec::new();
    test.account.reasons = Vec::new();
    test.account.notes = Vec::new();
    test.account.log = Vec::new();
    test
}

/// Returns the lines that tell of a failure so that it fits on a screen.
fn brief(account: &Account) -> Vec<String> {
    let mut lines = Vec::new();
    for reason in &account.reasons {
        lines.extend(reason.what.lines().map(|it| format!("  {it}")));
        lines.extend(reason.details.iter().map(|it| format!("      {it}")));
    }
    bound(&mut lines, REASONS, "  ");
    let mut notes: Vec<_> = account.notes.iter().map(|it| format!("  note: {it}")).collect();
    bound(&mut notes, NOTES, "  note: ");
    lines.append(&mut notes);
    // The log begins with its errors and warnings.
    lines.extend(account.log.iter().take(LOG).map(|it| format!("      {it}")));
    lines.extend(account.evidence.iter().map(|it| format!("  kept: {}", it.display())));
    for line in &mut lines {
        if line.chars().count() > WIDTH {
            *line = line.chars().take(WIDTH - 2).chain(" …".chars()).collect();
        }
    }
    lines
}

/// Leaves the first lines, and says how many more there were.
fn bound(lines: &mut Vec<String>, most: usize, indent: &str) {
    if lines.len() > most {
        let more = lines.len() - (most - 1);
        lines.truncate(most - 1);
        lines.push(format!("{indent}and {more} more lines"));
    }
}

/// Returns the lines that tell of the tests that failed: of the first ones why, of others the name.
fn failures(run: &Summary) -> Vec<String> {
    let mut lines = Vec::new();
    let failed = run.tests.iter().filter(|it| it.verdict.is_failure());
    for (at, test) in failed.enumerate() {
        let word = if test.verdict == Verdict::TimedOut { "TIMED OUT" } else { "FAILED" };
        lines.push(format!("{word} {}", test.name));
        lines.extend(test.brief.iter().take_while(|_| at < FAILED).cloned());
    }
    lines
}

/// The end of a run, for people.
pub(crate) fn summary(run: &Summary) -> Vec<String> {
    let count = |verdict| run.count(|it| it == verdict);
    let mut counts = vec![format!("{} passed", count(Verdict::Passed))];
    for (verdict, name) in [
        (Verdict::Flaky, "flaky"),
        (Verdict::Failed, "failed"),
        (Verdict::TimedOut, "timed out"),
        (Verdict::Skipped, "skipped"),
        (Verdict::Lacking, "lacking something"),
        (Verdict::Broken, "broken"),
        (Verdict::NotRun, "not run"),
    ] {
        if count(verdict) > 0 {
            counts.push(format!("{} {name}", count(verdict)));
        }
    }
    let mut lines = failures(run);
    lines.push(format!("{} in {}", counts.join(", "), span(run.seconds)));
    lines.extend(times(run));
    lines.extend(slowest(run));
    lines
}

/// Returns the lines that tell where the time went.
fn times(run: &Summary) -> Vec<String> {
    let executed: Vec<_> = run.tests.iter().filter(|it| it.verdict.was_run()).collect();
    if executed.is_empty() {
        return Vec::new();
    }
    let phase = |phase: Phase| -> f64 {
        let times = executed.iter().flat_map(|it| &it.account.phases);
        times.filter(|it| it.phase == phase).map(|it| it.seconds).sum()
    };
    let parts = Phase::ALL.map(|it| format!("{} {}", it.name(), span(phase(it))));
    let total: f64 = executed.iter().map(|it| it.seconds).sum();
    #[expect(clippy::cast_precision_loss, reason = "nobody has that many tests")]
    let each = (total - phase(Phase::Run)) / executed.len() as f64;
    vec![
        format!(
            "discovery {}, preparation {}; of all tests: {}; beside its run a test took {each:.2} s",
            span(run.discovery),
            span(run.preparation),
            parts.join(", "),
        ),
        format!(
            "processor {}; memory: the runner {} MB, its workers {} MB",
            span(run.cpu),
            run.memory / 1024,
            run.workers_memory / 1024,
        ),
    ]
}

fn slowest(run: &Summary) -> Vec<String> {
    let mut tests: Vec<_> = run.tests.iter().filter(|it| it.verdict.was_run()).collect();
    tests.sort_by(|a, b| b.seconds.total_cmp(&a.seconds));
    if tests.len() < 2 {
        return Vec::new();
    }
    let named = tests.iter().take(SLOWEST).map(|it| format!("{} {}", it.name, span(it.seconds)));
    vec![format!("slowest: {}", named.collect::<Vec<_>>().join(", "))]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::Reason;

    #[test]
    fn the_brief_of_a_failure_fits_on_a_screen_and_begins_its_log_with_what_went_wrong() {
        let account = Account {
            reasons: vec![
                Reason {
                    what: "x".repeat(500),
                    details: vec!["nearest: UserEvent".into(); 3]
                };
                40
            ],
            notes: vec!["noted".into(); 9],
            log: vec!["ERROR[1]".into(), "VERBOSE[1]".into(), "VERBOSE[2]".into()],
            evidence: Some("logs/tests/a/run_0".into()),
            ..Account::failed("why")
        };
        let lines = brief(&account);
        assert_eq!(lines.len(), REASONS + NOTES + 3 + 1);
        assert!(lines.iter().all(|line| line.chars().count() <= WIDTH), "{lines:?}");
        assert_eq!(lines[1], "      nearest: UserEvent");
        assert_eq!(lines[7], "  and 153 more lines");
        assert_eq!(lines[9], "  note: and 8 more lines");
        assert_eq!(lines[10], "      ERROR[1]");
        assert_eq!(lines[13], "  kept: logs/tests/a/run_0");
    }
}
