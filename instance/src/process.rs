//! A server's process: its own group, dead with its parent, its output in a file, its end noticed.
//!
//! Each process has a thread that spawns it, waits for it and reaps it. Linux can kill a child when its parent dies, but
//! takes the *thread* that spawned it for the parent; so that thread must live as long as the child.

use std::fs::{self, File};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread::{self, JoinHandle};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{
    Pid, PidfdFlags, Signal, WaitId, WaitIdOptions, kill_process_group, pidfd_open,
    set_parent_process_death_signal, waitid,
};
use tokio::sync::watch;

/// How long a killed child may take to die: it can be in the kernel.
const MOMENT: Timespec = Timespec { tv_sec: 1, tv_nsec: 0 };

/// A running process, or what is left of it. Dropping it kills it and its children.
#[derive(Debug)]
pub(crate) struct Process {
    /// The process and its group, until it is reaped: then the number can be anybody's. Whoever signals holds the lock.
    alive: Arc<Mutex<Option<Pid>>>,
    exit: watch::Receiver<Option<ExitStatus>>,
    /// Ends when the process has been reaped; for those who cannot await.
    supervisor: Mutex<Option<JoinHandle<()>>>,
}

impl Process {
    /// Starts a command in a group of its own, with its output in `output` and nothing to read.
    pub(crate) fn spawn(mut command: Command, output: File) -> io::Result<Self> {
        command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output).process_group(0);
        die_with_parent(&mut command);
        let (started, start) = mpsc::sync_channel(1);
        let (exited, exit) = watch::channel(None);
        let alive = Arc::new(Mutex::new(None));
        let supervise = {
            let alive = Arc::clone(&alive);
            move || {
                let child = match command.spawn() {
                    Ok(child) => child,
                    Err(error) => return drop(started.send(Err(error))),
                };
                let pid = Pid::from_child(&child);
                *lock(&alive) = Some(pid);
                // The receiver waits for this, unless its thread is gone; then nobody can be told.
                let _ = started.send(Ok(()));
                let status = wait(child, pid, &alive);
                exited.send_replace(Some(status));
            }
        };
        let supervisor = thread::Builder::new().name("asterisk".to_owned()).spawn(supervise)?;
        start.recv().unwrap_or_else(|_| Err(io::Error::other("the supervisor is gone")))?;
        Ok(Self { alive, exit, supervisor: Mutex::new(Some(supervisor)) })
    }

    /// Waits for the end. Cancel safe.
    pub(crate) async fn exited(&self) -> ExitStatus {
        let mut exit = self.exit.clone();
        let status = exit.wait_for(Option::is_some).await.ok().and_then(|status| *status);
        // The supervisor always says how it ended.
        status.unwrap_or_default()
    }

    /// The process, while it runs.
    pub(crate) fn pid(&self) -> Option<u32> {
        lock(&self.alive).map(|pid| pid.as_raw_nonzero().get().unsigned_abs())
    }

    /// How the process ended, if it has.
    pub(crate) fn status(&self) -> Option<ExitStatus> {
        *self.exit.borrow()
    }

    /// Signals the process and its children. Nothing happens if it has ended.
    pub(crate) fn signal(&self, signal: Signal) {
        if let Some(pid) = *lock(&self.alive) {
            // It fails only if all have ended and wait to be reaped.
            let _ = kill_process_group(pid, signal);
        }
    }

    /// Kills the process and its children, and waits until it is reaped. It does not wait long: nothing survives SIGKILL.
    pub(crate) fn kill(&self) {
        self.signal(Signal::KILL);
        if let Some(supervisor) = lock(&self.supervisor).take() {
            // It does not panic; if it did, there would be nothing left to wait for.
            let _ = supervisor.join();
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Waits for the end of a child, and ends its children: with the leader not reaped yet, the group's number is still its.
fn wait(mut child: Child, pid: Pid, alive: &Mutex<Option<Pid>>) -> ExitStatus {
    let ended = loop {
        match waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT) {
            Err(rustix::io::Errno::INTR) => {}
            other => break other,
        }
    };
    let mut alive = lock(alive);
    // With SIGCHLD ignored the kernel reaps by itself, and the number may be anybody's.
    if ended.is_ok() {
        let children = members(pid);
        let _ = kill_process_group(pid, Signal::KILL);
        // They are init's to reap, but they are to be gone when we say so.
        for child in children {
            let _ = poll(&mut [PollFd::new(&child, PollFlags::IN)], Some(&MOMENT));
        }
    }
    let status = child.wait().unwrap_or_default();
    *alive = None;
    status
}

/// The processes of a group, but for its leader.
fn members(group: Pid) -> Vec<OwnedFd> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let members = pids.filter_map(Pid::from_raw).filter(|&pid| pid != group);
    let members = members.filter(|&pid| group_of(pid) == Some(group));
    members.filter_map(|pid| pidfd_open(pid, PidfdFlags::empty()).ok()).collect()
}

/// The group of any process. The system call would do, but rustix takes the group 0 of the kernel's own for impossible.
fn group_of(pid: Pid) -> Option<Pid> {
    let stat = fs::read(format!("/proc/{}/stat", pid.as_raw_nonzero())).ok()?;
    // `<pid> (<name>) <state> <parent> <group> …`; the name can hold anything.
    let rest = &stat[stat.iter().rposition(|&byte| byte == b')')? + 1..];
    let group = str::from_utf8(rest).ok()?.split_ascii_whitespace().nth(2)?;
    Pid::from_raw(group.parse().ok()?)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Has the kernel kill the child when the thread that spawns it ends, and so when this process ends in any way.
#[expect(unsafe_code, reason = "the only way to run code between fork and exec")]
fn die_with_parent(command: &mut Command) {
    let parent = rustix::process::getpid();
    let hook = move || {
        set_parent_process_death_signal(Some(Signal::KILL))?;
        // If the parent died before that call, nobody will send the signal.
        if rustix::process::getppid() == Some(parent) {
            Ok(())
        } else {
            Err(io::Error::from(io::ErrorKind::BrokenPipe))
        }
    };
    // SAFETY: the hook makes two system calls and allocates nothing, as is required between fork and exec. The error
    // values hold a number and a kind; neither is on the heap.
    unsafe {
        command.pre_exec(hook);
    }
}
