//! One runner at a time where tests cannot be kept apart: each of them wants 127.0.0.1 for itself.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;
use std::time::Duration;

/// How often to look whether the other one has ended. Who waits in the kernel cannot give up.
const LOOK: Duration = Duration::from_millis(200);

/// Waits for the other runners of this user: they have their sandboxes in the same folder. The lock lasts as long as the result.
pub(crate) async fn turn(shared: &Path, mut waiting: impl FnMut()) -> io::Result<File> {
    let lock = File::create(shared.join(".one-at-a-time"))?;
    let mut told = false;
    loop {
        match lock.try_lock() {
            Ok(()) => return Ok(lock),
            Err(TryLockError::Error(error)) => return Err(error),
            Err(TryLockError::WouldBlock) => {}
        }
        if !std::mem::replace(&mut told, true) {
            waiting();
        }
        tokio::time::sleep(LOOK).await;
    }
}
