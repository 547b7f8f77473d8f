//! The processes of an instance: the server and whatever it started, also what left its process
//! group.
//!
//! The server gets a word into its environment that nothing else has, and each child inherits it.

use std::fs;
use std::path::Path;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open, pidfd_send_signal};

/// The variable of the environment. Its value is the folder of the instance.
pub(crate) const MARK: &str = "ASTERISK_INSTANCE";

/// How long a killed process may take to die: it can be in the kernel.
const MOMENT: Timespec = Timespec { tv_sec: 1, tv_nsec: 0 };

/// How often to look for more: a process can fork while it is being killed.
const ROUNDS: usize = 16;

/// Kills the processes that have the mark of the folder or of one in it, but for `spared`, and
/// waits until they are gone. One that hides its environment, or another user's, has no mark to be
/// seen.
pub(crate) fn kill(folder: &Path, spared: Option<Pid>) {
    for _ in 0..ROUNDS {
        let marked = all().filter(|&pid| Some(pid) != spared && is_marked(pid, folder));
        let mut killed = Vec::new();
        let mut any = false;
        for pid in marked {
            any = true;
            match pidfd_open(pid, PidfdFlags::empty()) {
                // The number may have become another's before it was opened. One that has ended
                // needs no signal.
                Ok(process) if is_marked(pid, folder) => {
                    let _ = pidfd_send_signal(&process, Signal::KILL);
                    killed.push(process);
                }
                Err(Errno::NOSYS | Errno::PERM) => {
                    let _ = kill_process(pid, Signal::KILL);
                }
                _ => {}
            }
        }
        for process in killed {
            let _ = poll(&mut [PollFd::new(&process, PollFlags::IN)], Some(&MOMENT));
        }
        if !any {
            break;
        }
    }
}

/// The names of the processes with the mark.
pub(crate) fn names(folder: &Path, spared: Pid) -> Vec<String> {
    let marked = all().filter(|&pid| pid != spared && is_marked(pid, folder));
    let names = marked.filter_map(|pid| fs::read_to_string(format!("/proc/{pid}/comm")).ok());
    names.map(|name| name.trim().to_owned()).collect()
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
