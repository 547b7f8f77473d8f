//! A folder for the sandboxes of tests.

use std::path::{Path, PathBuf};

use rustix::fs::{Access, StatVfsMountFlags, access, statvfs};

/// The bytes that sandboxes of tests at the same time may take, with a lot to spare.
const ROOM: u64 = 4 << 30;

/// Returns the folder for sandboxes: one in memory, where the system has one with room in which
/// programs may run. Each boot makes and removes hundreds of links. That is most of its time on a
/// file system without a journal, which looks for a number that was not free lately for every new
/// file.
pub(crate) fn folder() -> PathBuf {
    let memory = Path::new("/dev/shm");
    let serves = statvfs(memory).is_ok_and(|it| {
        let barred = StatVfsMountFlags::NOEXEC | StatVfsMountFlags::RDONLY;
        !it.f_flag.intersects(barred) && it.f_bavail.saturating_mul(it.f_frsize) >= ROOM
    });
    if serves && access(memory, Access::WRITE_OK | Access::EXEC_OK).is_ok() {
        return memory.into();
    }
    std::env::temp_dir()
}
