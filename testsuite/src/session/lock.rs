//! One runner at a time where tests cannot be kept apart: each of them wants 127.0.0.1 for itself.

use std::fs::File;
use std::path::Path;

use anyhow::Context as _;

/// Waits for the other runners of this user: they have their sandboxes in the same folder. The lock
/// lasts as long as the result. Calls `waiting` if another runner has the lock.
pub(crate) async fn turn(shared: &Path, waiting: impl FnOnce()) -> anyhow::Result<File> {
    let path = shared.join(".one-at-a-time");
    let lock = File::create(&path)
        .with_context(|| format!("the lock {} cannot be made", path.display()))?;
    let locked = instance::lock_file(lock, waiting).await;
    locked.with_context(|| format!("the lock {} cannot be taken", path.display()))
}
