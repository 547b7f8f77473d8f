//! The descendants of a process, also those that left its process group.
//!
//! A server gets a variable into its environment that nothing else has, and each of its children
//! inherits the variable. So its descendants are found even if their parents are gone.

use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, retry_on_intr};
use rustix::process::{
    Pid, PidfdFlags, Signal, WaitOptions, getpid, kill_process, pidfd_open, pidfd_send_signal,
    set_child_subreaper, waitpid,
};

/// The variable of the environment. The value is the folder of the instance.
pub const MARK: &str = "ASTERISK_INSTANCE";

/// The longest wait for the end of a killed process, which can be busy in the kernel.
const MOMENT: Timespec = Timespec { tv_sec: 1, tv_nsec: 0 };

/// The longest wait for a process to have an environment.
const EXECUTING: Duration = Duration::from_millis(5);

/// The maximum number of searches for marked processes: a process can fork while it is killed.
const ROUNDS: usize = 16;

/// The maximum number of searches for children: when a child ends, its children become ours.
const GENERATIONS: usize = 100;

/// Kills the processes with the mark of a folder or of one below it, except `spared`, and waits
/// until they are gone. A process that hides its environment, and one of another user, is not
/// found.
pub fn kill(folder: &Path, spared: Option<Pid>) {
    for _ in 0..ROUNDS {
        let marked = || all().filter(|&pid| Some(pid) != spared && is_marked(pid, folder));
        let mut found = false;
        let killed: Vec<_> = marked()
            .inspect(|_| found = true)
            // The number may have become that of another process before it was opened.
            .filter_map(|pid| kill_one(pid, || is_marked(pid, folder)))
            .collect();
        killed.iter().for_each(wait_for_end);
        if !found {
            break;
        }
    }
}

/// Makes this process the parent of descendants whose parents end.
///
/// # Errors
///
/// Returns an error if the kernel refuses.
pub fn adopt_descendants() -> io::Result<()> {
    Ok(set_child_subreaper(Some(getpid()))?)
}

/// Kills the children of this process, and the descendants that become children by that, for
/// example after [`adopt_descendants`]. Waits until they are gone.
pub fn kill_children() {
    for _ in 0..GENERATIONS {
        let children: Vec<_> = all().filter(|&pid| is_child(pid)).collect();
        if children.is_empty() {
            return;
        }
        // Nobody else reaps a child, so its number stays its own.
        let killed: Vec<_> =
            children.iter().filter_map(|&pid| kill_one(pid, || is_child(pid))).collect();
        killed.iter().for_each(wait_for_end);
        for child in children {
            // A child that is gone already needs no reaping.
            let _ = waitpid(Some(child), WaitOptions::NOHANG);
        }
    }
}

/// Kills a process if `is_it` still says that its number is that of the process in question.
/// Returns the process if it can be waited for.
fn kill_one(pid: Pid, is_it: impl FnOnce() -> bool) -> Option<OwnedFd> {
    match pidfd_open(pid, PidfdFlags::empty()) {
        Ok(process) if is_it() => {
            // A process that has ended needs no signal.
            let _ = pidfd_send_signal(&process, Signal::KILL);
            Some(process)
        }
        Err(Errno::NOSYS | Errno::PERM) => {
            let _ = kill_process(pid, Signal::KILL);
            None
        }
        _ => None,
    }
}

fn wait_for_end(process: &OwnedFd) {
    // A process that does not end in time is found again by the next search.
    let _ = retry_on_intr(|| poll(&mut [PollFd::new(process, PollFlags::IN)], Some(&MOMENT)));
}

/// Returns the names of the processes with the mark of a folder.
pub fn names(folder: &Path, spared: Pid) -> Vec<String> {
    let marked = all().filter(|&pid| pid != spared && is_marked(pid, folder));
    let names = marked.filter_map(|pid| fs::read_to_string(format!("/proc/{pid}/comm")).ok());
    names.map(|name| name.trim().to_owned()).collect()
}

/// Returns the numbers of the processes with the mark of a folder.
pub(crate) fn pids(folder: &Path) -> Vec<u32> {
    let numbers = all().filter(|&pid| is_marked(pid, folder));
    numbers.map(|pid| pid.as_raw_nonzero().get().unsigned_abs()).collect()
}

fn all() -> impl Iterator<Item = Pid> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    numbers.filter_map(Pid::from_raw)
}

/// Returns `true` if a process has the mark. A process that waits to be reaped has none, and the
/// environment of another user's process cannot be read.
fn is_marked(pid: Pid, folder: &Path) -> bool {
    let Ok(environment) = environment(pid) else {
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

/// Returns the environment of a process. While a process executes another program, the kernel shows
/// none for a moment, which would hide one that was just started.
fn environment(pid: Pid) -> io::Result<Vec<u8>> {
    let end = Instant::now() + EXECUTING;
    loop {
        let environment = fs::read(format!("/proc/{pid}/environ"))?;
        // A thread of the kernel has no program.
        let is_program = || fs::read_link(format!("/proc/{pid}/exe")).is_ok();
        if !environment.is_empty() || Instant::now() >= end || !is_program() {
            return Ok(environment);
        }
        thread::yield_now();
    }
}

/// Returns `true` if this process is the parent of another; see proc(5).
fn is_child(pid: Pid) -> bool {
    let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else {
        return false;
    };
    let parent = stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(1));
    parent.and_then(|it| it.parse().ok()).and_then(Pid::from_raw) == Some(getpid())
}

#[cfg(test)]
mod tests {
    use std::env;
    use std::io::{BufRead, BufReader};
    use std::os::unix::process::CommandExt;
    use std::process::{Command, Stdio};

    use super::*;

    /// The variable that has the test run in a process of its own.
    const ALONE: &str = "INSTANCE_TEST_ALONE";

    #[test]
    fn children_and_orphans_are_killed() {
        if env::var_os(ALONE).is_none() {
            let _forks = crate::FORKS.blocking_read();
            // The other tests of this process have children, too.
            let name = "folder::descendants::tests::children_and_orphans_are_killed";
            let mut alone = Command::new(env::current_exe().unwrap());
            let output = alone.args(["--exact", name]).env(ALONE, "1").output().unwrap();
            assert!(output.status.success(), "{output:?}");
            return;
        }
        adopt_descendants().unwrap();
        let script = "setsid sh -c 'sleep 1000 & echo $!; exit' & wait; sleep 1000 & echo $!; wait";
        let mut command = Command::new("sh");
        // Or those that are left would hold the output of this process open.
        command.args(["-c", script]).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.process_group(0).spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let sleepers: Vec<_> = output.lines().take(2).map(Result::unwrap).collect();
        kill_children();
        for pid in sleepers {
            assert!(!Path::new("/proc").join(&pid).exists(), "{pid} is there");
        }
        assert!(child.try_wait().is_err(), "the child is reaped");
    }
}
