//! One runner at a time where tests cannot be kept apart: each of them wants 127.0.0.1 for itself.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::Path;
use std::time::Duration;

/// How often to look whether the other one has ended. Who waits in the kernel cannot give up.
const LOOK: Duration = Duration::from_millis(200);

/// Waits for the other runners of this user. The lock lasts as long as the result.
pub(crate) async fn turn(cache: &Path, mut waiting: impl FnMut()) -> io::Result<File> {
    fs::create_dir_all(cache)?;
    let lock = File::create(cache.join("one-at-a-time.lock"))?;
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
