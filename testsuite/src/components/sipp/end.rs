//! The end of a run that is one of many things in a test.

use super::Run;
use crate::case::TestCase;
use crate::job::Reason;

/// Waits until a run has ended by itself. `None` if the test ends before: the run is killed then,
/// and a note says what it waited for.
///
/// # Errors
///
/// Returns the reason if it failed.
pub(in crate::components) async fn of_itself(
    run: &mut Run,
    test: &TestCase,
) -> Option<Result<(), Reason>> {
    tokio::select! {
        biased;
        ended = run.end() => return Some(ended),
        () = test.is_ending() => {}
    }
    tell(test, run.still());
    run.kill().await;
    None
}

/// Tells a reason that is no failure, one note to a line.
pub(in crate::components) fn tell(test: &TestCase, Reason { what, details }: Reason) {
    test.note(what);
    details.into_iter().for_each(|line| test.note(format!("  {line}")));
}
