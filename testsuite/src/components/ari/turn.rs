//! The turn of what happens: what is done for something else is done before the next event of ARI.

use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

use crate::case::TestCase;

/// What is being done, in a test.
#[derive(Default)]
struct Busy(TaskTracker);

/// Holds back events of ARI until the token is dropped.
pub(in crate::components) fn hold(test: &TestCase) -> TaskTrackerToken {
    test.with_common(|busy: &mut Busy| busy.0.token())
}

/// Waits until nobody holds back events of ARI. Cancel safe.
pub(super) async fn is_free(test: &TestCase) {
    let busy = test.with_common(|busy: &mut Busy| busy.0.clone());
    // Only one that is closed can be waited for. It hands out tokens as before.
    busy.close();
    busy.wait().await;
}
