//! File locks, which end with their process, however that ends.

use std::fs::{File, TryLockError};
use std::io;
use std::thread;

use tokio::sync::oneshot;

/// Locks a file without waiting. Returns `false` if another holds the lock.
pub(super) fn try_lock(file: &File) -> io::Result<bool> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Locks a file. Calls `waiting` if another holds the lock, and waits for it.
///
/// # Errors
///
/// Returns an error if the system does not lock the file.
///
/// # Cancel safety
///
/// A lock that is given up is released as soon as it is obtained.
pub async fn lock_file(file: File, waiting: impl FnOnce()) -> io::Result<File> {
    if try_lock(&file)? {
        return Ok(file);
    }
    waiting();
    let (locked, lock) = oneshot::channel();
    // The caller may have given up.
    wait(file, move |held| drop(locked.send(held)));
    lock.await.unwrap_or_else(|_| Err(io::Error::other("the waiting thread is gone")))
}

/// Waits for the lock of a file on a thread of its own, and hands the locked file over.
///
/// A thread that waits in the kernel cannot be interrupted. If nobody waits for the file any more,
/// the lock is given up as soon as it is obtained.
pub(super) fn wait(file: File, done: impl FnOnce(io::Result<File>) + Send + 'static) {
    thread::spawn(move || done(file.lock().map(|()| file)));
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn a_lock_is_waited_for_and_released_where_nobody_waits_any_more() {
        let folder = tempfile::tempdir().unwrap();
        let open = || File::create(folder.path().join("lock")).unwrap();
        let never = || panic!("nobody else has it");
        let first = lock_file(open(), never).await.unwrap();
        let mut waits = 0;
        let given_up = lock_file(open(), || waits += 1);
        assert!(timeout(Duration::ZERO, given_up).await.is_err());
        let second = tokio::spawn(lock_file(open(), || {}));
        drop(first);
        // Else this would wait for ever.
        second.await.unwrap().unwrap();
        assert_eq!(waits, 1);
    }
}
