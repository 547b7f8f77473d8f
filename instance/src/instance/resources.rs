//! What a server uses of the machine.

use std::fs;
use std::io;

/// What a server's process uses, as the kernel tells it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Resources {
    /// Memory that it has in use (`VmRSS`), in bytes. Part of it may be shared with others.
    pub memory: u64,
    /// Threads.
    pub threads: usize,
    /// Open file descriptors, sockets among them.
    pub file_descriptors: usize,
}

impl Resources {
    pub(crate) fn of(pid: u32) -> io::Result<Self> {
        let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
        let field = |name: &str| -> io::Result<u64> {
            let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            let value = line.and_then(|line| line.split_ascii_whitespace().next()?.parse().ok());
            // One that waits to be reaped has none.
            value.ok_or_else(|| io::Error::other("the server has ended"))
        };
        Ok(Self {
            memory: 1024 * field("VmRSS")?,
            threads: usize::try_from(field("Threads")?).unwrap_or(usize::MAX),
            file_descriptors: fs::read_dir(format!("/proc/{pid}/fd"))?.count(),
        })
    }
}
