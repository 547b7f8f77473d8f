//! One runner at a time where tests cannot be kept apart: each of them wants 127.0.0.1 for itself.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;

/// The time between two looks at whether the other one has ended. Who waits in the kernel cannot
/// give up.
const LOOK: Duration = Duration::from_millis(200);

/// Waits for the other runners of this user: they have their sandboxes in the same folder. The lock
/// lasts as long as the result.
pub(crate) async fn turn(shared: &Path, mut waiting: impl FnMut()) -> anyhow::Result<File> {
    let path = shared.join(".one-at-a-time");
    let lock = File::create(&path)
        .with_context(|| format!("the lock {} cannot be made", path.display()))?;
    let mut told = false;
    loop {
        match lock.try_lock() {
            Ok(()) => return Ok(lock),
            Err(TryLockError::Error(error)) => {
                return Err(error).context(format!("the lock {} cannot be taken", path.display()));
            }
            Err(TryLockError::WouldBlock) => {}
        }
        if !std::mem::replace(&mut told, true) {
            waiting();
        }
        tokio::time::sleep(LOOK).await;
    }
}
