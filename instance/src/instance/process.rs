//! The process of a server: in a group of its own, ended with its parent, with its output in a
//! file.
//!
//! Each process has a thread, its supervisor, which spawns it, waits for it and reaps it. Linux can
//! kill a child when its parent dies, but takes the *thread* that spawned the child for the parent.
//! So that thread must live as long as the child.

use std::convert::Infallible;
use std::fs::{self, File};
use std::io;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::io::{Errno, retry_on_intr};
use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, WaitIdStatus, kill_process, kill_process_group,
    set_parent_process_death_signal, waitid,
};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::folder::descendants::{self, MARK};

/// The time between two signals that wake the database thread of a process that is to end.
const WAKE_EVERY: Duration = Duration::from_millis(10);

/// The longest wait until a process is stopped for the time being. Somebody else may let it go on.
const SUSPENDING: Duration = Duration::from_secs(1);

/// A process that runs or has ended. Dropping it kills the process and its children.
#[derive(Debug)]
pub(crate) struct Process {
    state: Arc<Mutex<Watched>>,
    started: u32,
    exit: watch::Receiver<Option<ExitStatus>>,
    /// Ends when the process has been reaped. A `Drop` joins it, because it cannot await.
    supervisor: Mutex<Option<JoinHandle<()>>>,
}

/// The part that a process shares with its supervisor.
#[derive(Debug, Default)]
struct Watched {
    /// The process and its group, until it is reaped: then the number may be that of another
    /// process. Whoever sends a signal holds the lock.
    pid: Option<Pid>,
    /// The names of the processes that the server left behind.
    left: Vec<String>,
    /// The signals that we sent to end the process.
    sent: Vec<Signal>,
}

impl Process {
    /// Starts a command in a group of its own, with its output in `output` and no input. Its
    /// children are known by the folder, which is their mark.
    pub(crate) fn spawn(mut command: Command, output: File, folder: &Path) -> io::Result<Self> {
        let folder = folder.to_owned();
        command.env(MARK, &folder);
        command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output).process_group(0);
        die_with_parent(&mut command);
        let (started, start) = mpsc::sync_channel(1);
        let (exited, exit) = watch::channel(None);
        let state = Arc::new(Mutex::new(Watched::default()));
        let supervise = {
            let state = Arc::clone(&state);
            move || {
                let child = match command.spawn() {
                    Ok(child) => child,
                    Err(error) => return drop(started.send(Err(error))),
                };
                let pid = Pid::from_child(&child);
                lock(&state).pid = Some(pid);
                // The receiver waits for this, unless its thread is gone.
                let _ = started.send(Ok(child.id()));
                let status = wait(child, pid, &folder, &state);
                exited.send_replace(Some(status));
            }
        };
        let supervisor = thread::Builder::new().name("supervisor".to_owned()).spawn(supervise)?;
        let started =
            start.recv().unwrap_or_else(|_| Err(io::Error::other("the supervisor is gone")))?;
        Ok(Self { state, started, exit, supervisor: Mutex::new(Some(supervisor)) })
    }

    /// Waits for the end of the process. Cancel safe.
    pub(crate) async fn exited(&self) -> ExitStatus {
        let mut exit = self.exit.clone();
        let status = exit.wait_for(Option::is_some).await.ok().and_then(|status| *status);
        // The supervisor always sends a status.
        status.unwrap_or_else(unknown)
    }

    /// Returns the number of the process while it runs.
    pub(crate) fn pid(&self) -> Option<u32> {
        lock(&self.state).pid.map(|pid| pid.as_raw_nonzero().get().unsigned_abs())
    }

    /// Returns the exit status of a process that has ended.
    pub(crate) fn status(&self) -> Option<ExitStatus> {
        *self.exit.borrow()
    }

    /// Sends a signal to the process and its children, unless the process has ended.
    pub(crate) fn signal(&self, signal: Signal) {
        let mut state = lock(&self.state);
        if let Some(pid) = state.pid {
            state.sent.push(signal);
            // It fails only if all have ended and wait to be reaped.
            let _ = kill_process_group(pid, signal);
        }
    }

    /// Stops the process and its children for the time being, and blocks for the moment until the
    /// process is stopped or has ended.
    ///
    /// The lock is held meanwhile: nobody reaps the process, and nobody else sends it a signal.
    pub(crate) fn suspend(&self) {
        let state = lock(&self.state);
        if let Some(pid) = state.pid {
            // It fails only if all have ended and wait to be reaped.
            let _ = kill_process_group(pid, Signal::STOP);
            let kinds = WaitIdOptions::STOPPED | WaitIdOptions::EXITED;
            let options = kinds | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
            let end = Instant::now() + SUSPENDING;
            // If the kernel does not allow waiting, the signal was sent all the same.
            while matches!(waitid(WaitId::Pid(pid), options), Ok(None) | Err(Errno::INTR)) {
                if Instant::now() >= end {
                    break;
                }
                thread::yield_now();
            }
        }
    }

    /// Lets a suspended process and its children go on.
    pub(crate) fn resume(&self) {
        let state = lock(&self.state);
        if let Some(pid) = state.pid {
            // It fails only if all have ended and wait to be reaped.
            let _ = kill_process_group(pid, Signal::CONT);
        }
    }

    /// Returns the place where the exit status will be, for those who wait for something else, too.
    pub(crate) fn exit(&self) -> watch::Receiver<Option<ExitStatus>> {
        self.exit.clone()
    }

    /// Returns the number that the process has or had.
    pub(crate) fn started(&self) -> u32 {
        self.started
    }

    /// Returns `true` if a signal of that number was sent to end the process.
    pub(crate) fn was_ended_by(&self, signal: i32) -> bool {
        lock(&self.state).sent.iter().any(|sent| sent.as_raw() == signal)
    }

    /// Waits for the end of a process that `asking`, which never completes, asks to stop. Returns
    /// `None` after `patience`. Once `stopping` completes, the database thread of the process is
    /// [woken](Self::wake) again and again.
    pub(crate) async fn awaited(
        &self,
        patience: Duration,
        asking: impl Future<Output = Infallible>,
        stopping: impl Future<Output = ()>,
    ) -> Option<ExitStatus> {
        let waking = async {
            stopping.await;
            loop {
                self.wake();
                sleep(WAKE_EVERY).await;
            }
        };
        tokio::select! {
            status = timeout(patience, self.exited()) => status.ok(),
            never = asking => match never {},
            never = waking => never,
        }
    }

    /// Returns the names of the processes that the server left behind, and that were killed.
    pub(crate) fn left(&self) -> Vec<String> {
        lock(&self.state).left.clone()
    }

    /// Wakes the thread that writes the server's database, if it sleeps.
    ///
    /// A server that stops waits for this thread (`db_sync_thread`), which sleeps for a second
    /// after each write. SIGURG ends a sleep and does nothing else: Asterisk itself wakes its
    /// threads with it. No other thread may be woken, because the threads of modules would use
    /// memory that is gone. The thread is the first one that a server starts, and the kernel
    /// lists threads in that order.
    pub(crate) fn wake(&self) {
        let state = lock(&self.state);
        let Some(pid) = state.pid else {
            return;
        };
        let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
        let mut others = threads.filter(|thread| thread.file_name() != *pid.to_string());
        let Some(thread) = others.next() else {
            return;
        };
        // The kernel has several names for the place of a sleeper. These are names of others.
        let place = fs::read_to_string(thread.path().join("wchan")).unwrap_or_default();
        let sleeps = !["futex", "poll"].iter().any(|other| place.contains(other));
        let number = thread.file_name().to_str().and_then(|name| name.parse().ok());
        if let Some(thread) = number.and_then(Pid::from_raw).filter(|_| sleeps) {
            // The signal is for the process, but that thread gets it if it can.
            let _ = kill_process(thread, Signal::URG);
        }
    }

    /// Kills the process and its children, and blocks until it is reaped. That takes a moment:
    /// nothing survives SIGKILL.
    pub(crate) fn kill(&self) {
        self.signal(Signal::KILL);
        if let Some(supervisor) = lock(&self.supervisor).take() {
            // The supervisor does not panic. If it did, there would be nothing to wait for.
            let _ = supervisor.join();
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Waits for the end of a child, and ends its children. As long as the child is not reaped, its
/// group has its number.
fn wait(mut child: Child, pid: Pid, folder: &Path, state: &Mutex<Watched>) -> ExitStatus {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    let ended = retry_on_intr(|| waitid(WaitId::Pid(pid), options));
    // If the kernel does not allow waiting without reaping, the child is reaped.
    let reaped = ended.is_err().then(|| child.wait().ok()).flatten();
    // The number is still that of the child, so others may send it signals meanwhile: the lock is
    // not held.
    let left = descendants::names(folder, pid);
    // If SIGCHLD is ignored, the kernel reaps by itself, and the number may be that of another
    // process.
    if ended.is_ok() {
        let _ = kill_process_group(pid, Signal::KILL);
    }
    // init reaps them, but they have to be gone before the status is sent.
    descendants::kill(folder, Some(pid));
    let mut state = lock(state);
    state.left = left;
    // Another thread may have reaped the child, with a `waitpid` for any child. Then the status is
    // the one that was seen before.
    let status = reaped.or_else(|| child.wait().ok()).or_else(|| seen(&ended.ok()??));
    state.pid = None;
    status.unwrap_or_else(|| {
        tracing::warn!(%pid, "somebody else reaped the server: how it ended is not known");
        unknown()
    })
}

/// Returns the status of a child that has ended and is not reaped.
fn seen(status: &WaitIdStatus) -> Option<ExitStatus> {
    const CORE: i32 = 0x80;
    let ended = status.exit_status().map(|code| (code & 0xff) << 8);
    let core = if status.dumped() { CORE } else { 0 };
    let signal = status.terminating_signal().map(|signal| signal | core);
    ended.or(signal).map(ExitStatus::from_raw)
}

/// Returns the status of a process of which the kernel did not tell how it ended. It has neither a
/// code nor a signal, is no success, and is displayed as not recognised.
fn unknown() -> ExitStatus {
    ExitStatus::from_raw(0xff)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Makes the kernel kill the child when the thread that spawns it ends, and so when this process
/// ends in any way.
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
    // SAFETY: the hook makes two system calls and allocates nothing, as is required between fork
    // and exec. The error values hold a number and a kind; neither is on the heap.
    unsafe {
        command.pre_exec(hook);
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader};

    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::process::{PidfdFlags, WaitOptions, pidfd_open, waitpid};
    use tempfile::tempdir;

    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]).stdout(Stdio::piped()).process_group(0);
        command
    }

    #[test]
    fn how_a_process_ended_is_told_although_another_thread_reaped_it_or_is_not_known() {
        let _forks = crate::FORKS.blocking_read();
        for (script, code, signal) in [("exit 3", Some(3), None), ("kill -9 $$", None, Some(9))] {
            let child = shell(script).spawn().unwrap();
            let pid = Pid::from_child(&child);
            let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
            let status = seen(&waitid(WaitId::Pid(pid), options).unwrap().unwrap()).unwrap();
            assert_eq!(
                (status.code(), status.signal(), status.core_dumped()),
                (code, signal, false)
            );
            // Somebody waits for any child.
            waitpid(Some(pid), WaitOptions::empty()).unwrap();
            let folder = tempdir().unwrap();
            let status = wait(child, pid, folder.path(), &Mutex::new(Watched::default()));
            assert!(!status.success(), "{status}");
            assert_eq!((status.code(), status.signal()), (None, None));
            assert!(status.to_string().starts_with("unrecognised"), "{status}");
        }
    }

    #[test]
    fn descendants_are_killed_while_others_use_the_process() {
        let _forks = crate::FORKS.blocking_read();
        let folder = tempdir().unwrap();
        let folder = folder.path();
        let mut child = shell("setsid sleep 1000 >&2 & echo $!").env(MARK, folder).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let left = Pid::from_raw(line.trim().parse().unwrap()).unwrap();
        let left = pidfd_open(left, PidfdFlags::empty()).unwrap();
        let pid = Pid::from_child(&child);
        let state = Mutex::new(Watched { pid: Some(pid), ..Watched::default() });
        thread::scope(|scope| {
            let held = lock(&state);
            let waiting = scope.spawn(|| wait(child, pid, folder, &state));
            let minute = Timespec { tv_sec: 60, tv_nsec: 0 };
            let ended = poll(&mut [PollFd::new(&left, PollFlags::IN)], Some(&minute)).unwrap();
            assert_eq!(held.pid, Some(pid), "it was reaped");
            drop(held);
            assert_eq!(ended, 1, "it waited for the lock");
            assert!(waiting.join().unwrap().success());
        });
        assert_eq!(lock(&state).left.len(), 1);
    }
}
