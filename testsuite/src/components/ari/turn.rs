//! The turn of what happens: what is done for something else is done before the next event of ARI.

use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

use crate::case::TestCase;

/// The work that is being done in a test.
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

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;
    use crate::case::alone::{Alone, section};
    use crate::components::ari::peer::Peer;
    use crate::components::event_action;

    #[tokio::test]
    async fn events_of_ari_wait_for_what_is_done_at_a_login() {
        let yaml = "ari-start:\nari-requests: {method: get, uri: a}";
        let alone = Alone::new(1).await;
        alone.add("sets", (event_action::KIND.build)(&section(yaml)).unwrap(), false);
        alone
            .play(async |alone| {
                // There is no answer.
                let mut peer = Peer::answering(&alone.test, &[(1, "")]).await;
                assert!(is_free(&alone.test).now_or_never().is_some());
                alone.connect(1).await;
                assert_eq!(peer.request().await, "GET /ari/a");
                assert!(is_free(&alone.test).now_or_never().is_none());
                // The end gives the request two seconds more.
                tokio::time::pause();
            })
            .await;
    }
}
