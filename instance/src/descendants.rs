//! The processes of an instance: the server and whatever it started, also what left its process group.
//!
//! The server gets a word into its environment that nothing else has, and each child inherits it.

use std::fs;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

/// The variable of the environment. Its value is the folder of the instance.
pub(crate) const MARK: &str = "ASTERISK_INSTANCE";

/// How long a killed process may take to die: it can be in the kernel.
const MOMENT: Timespec = Timespec { tv_sec: 1, tv_nsec: 0 };

/// How often to look for more: a process can fork while it is being killed.
const ROUNDS: usize = 16;

/// Kills the processes that have the mark of the folder or of one in it, but for `spared`, and waits until they are gone.
/// The result is their names.
pub(crate) fn kill(folder: &Path, spared: Option<Pid>) -> Vec<String> {
    let mut names = Vec::new();
    for _ in 0..ROUNDS {
        let found = find(folder, spared);
        if found.is_empty() {
            break;
        }
        for (process, _) in &found {
            // One that has ended meanwhile needs no signal.
            let _ = pidfd_send_signal(process, Signal::KILL);
        }
        for (process, name) in found {
            let _ = poll(&mut [PollFd::new(&process, PollFlags::IN)], Some(&MOMENT));
            names.push(name);
        }
    }
    names
}

/// The numbers of the processes with the mark.
pub(crate) fn pids(folder: &Path) -> Vec<u32> {
    let numbers = all().filter(|&pid| is_marked(pid, folder));
    numbers.map(|pid| pid.as_raw_nonzero().get().unsigned_abs()).collect()
}

fn all() -> impl Iterator<Item = Pid> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    numbers.filter_map(Pid::from_raw)
}

/// The processes with the mark, and their names.
fn find(folder: &Path, spared: Option<Pid>) -> Vec<(OwnedFd, String)> {
    let found = all().filter(|&pid| Some(pid) != spared).filter_map(|pid| {
        if !is_marked(pid, folder) {
            return None;
        }
        let process = pidfd_open(pid, PidfdFlags::empty()).ok()?;
        // The number may have become another's before it was opened.
        let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
        is_marked(pid, folder).then(|| (process, name.trim().to_owned()))
    });
    found.collect()
}

/// Whether a process has the mark. One that waits to be reaped has none, nor has another user's.
fn is_marked(pid: Pid, folder: &Path) -> bool {
    let Ok(environment) = fs::read(format!("/proc/{pid}/environ")) else {
        return false;
    };
    let value = |variable: &[u8]| {
        let value = variable.strip_prefix(MARK.as_bytes())?.strip_prefix(b"=")?.to_owned();
        String::from_utf8(value).ok()
    };
    environment
        .split(|&byte| byte == 0)
        .filter_map(value)
        .any(|value| Path::new(&value).starts_with(folder))
}
