//! Versions and time-outs of the tests.

use std::time::Duration;

/// The versions that everything is tested with.
pub(crate) const VERSIONS: [u32; 2] = [22, 16];

/// The longest wait for what has to come. A test that passes never waits that long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
