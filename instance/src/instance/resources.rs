//! The use that a server makes of the machine.

use std::fs;
use std::io;

/// The resources that the process of a server uses, as the kernel counts them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Resources {
    /// Resident memory (`VmRSS`) in bytes. A part of it may be shared with other processes.
    pub memory: u64,
    /// The number of threads.
    pub threads: usize,
    /// The number of open file descriptors, sockets among them.
    pub file_descriptors: usize,
}

impl Resources {
    pub(crate) fn of(pid: u32) -> io::Result<Self> {
        let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
        let field = |name: &str| -> io::Result<u64> {
            let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            let value = line.and_then(|line| line.split_ascii_whitespace().next()?.parse().ok());
            // A process that waits to be reaped has no such lines.
            value.ok_or_else(|| io::Error::other("the server has ended"))
        };
        Ok(Self {
            memory: 1024 * field("VmRSS")?,
            threads: usize::try_from(field("Threads")?).unwrap_or(usize::MAX),
            file_descriptors: fs::read_dir(format!("/proc/{pid}/fd"))?.count(),
        })
    }
}
