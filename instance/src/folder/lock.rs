//! File locks, which end with their process, however that ends.

use std::fs::{File, TryLockError};
use std::io;
use std::thread;

/// Locks a file without waiting. Returns `false` if another holds the lock.
pub(crate) fn try_lock(file: &File) -> io::Result<bool> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Waits for the lock of a file on a thread of its own, and hands the locked file over.
///
/// A thread that waits in the kernel cannot be interrupted. If nobody waits for the file any more,
/// the lock is given up as soon as it is obtained.
pub(crate) fn wait(file: File, done: impl FnOnce(io::Result<File>) + Send + 'static) {
    thread::spawn(move || done(file.lock().map(|()| file)));
}
