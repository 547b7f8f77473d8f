//! Versions and time-outs of the tests.

use std::time::Duration;

use instance::Instance;

/// The versions that everything is tested with.
pub(crate) const VERSIONS: [u32; 2] = [22, 16];

/// The longest wait for what has to come. A test that passes never waits that long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Ends a server that nobody needs any more. One that has calls, or has booted a moment ago, would
/// take up to a second to end by itself.
pub(crate) async fn end(instance: Instance) {
    instance.kill().await;
    instance.stop().await.unwrap();
}
