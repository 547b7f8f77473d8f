//! The words for tests and runs, the same on a terminal and in plain lines.

use std::io;

use crate::job::{Account, Phase};
use crate::report::{Finished, Summary, Verdict, span};

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
    let mut lines = vec![format!("{} in {}", counts.join(", "), span(run.seconds))];
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
