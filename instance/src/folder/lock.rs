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
    wait(file, deliver(locked));
    lock.await.unwrap_or_else(|_| Err(io::Error::other("the waiting thread is gone")))
}

/// Returns a callback that sends a locked file, and drops it if its receiver has given up.
fn deliver(receiver: oneshot::Sender<io::Result<File>>) -> impl FnOnce(io::Result<File>) + Send {
    move |held| drop(receiver.send(held))
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
    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn a_lock_of_another_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let open = || File::create(folder.path().join("lock")).unwrap();
        let first = lock_file(open(), || panic!("nobody else has it")).await.unwrap();
        let mut first = Some(first);
        // Dropping it in place of waiting releases it.
        lock_file(open(), || drop(first.take())).await.unwrap();
        assert!(first.is_none());
    }

    #[test]
    fn a_lock_that_nobody_waits_for_any_more_is_released() {
        let _no_forks = crate::FORKS.blocking_write();
        let folder = tempfile::tempdir().unwrap();
        let open = || File::create(folder.path().join("lock")).unwrap();
        let first = open();
        assert!(try_lock(&first).unwrap() && !try_lock(&open()).unwrap());
        let (locked, lock) = oneshot::channel();
        drop(lock);
        let (obtained, done) = mpsc::channel();
        let deliver = deliver(locked);
        wait(open(), move |held| {
            assert!(held.is_ok());
            deliver(held);
            obtained.send(()).unwrap();
        });
        drop(first);
        done.recv().unwrap();
        assert!(try_lock(&open()).unwrap());
    }
}
