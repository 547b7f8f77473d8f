//! A server's process: its own group, dead with its parent, its output in a file, its end noticed.
//!
//! Each process has a thread that spawns it, waits for it and reaps it. Linux can kill a child when
//! its parent dies, but takes the *thread* that spawned it for the parent; so that thread must live
//! as long as the child.

use std::convert::Infallible;
use std::fs::{self, File};
use std::io;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, WaitIdStatus, kill_process, kill_process_group,
    set_parent_process_death_signal, waitid,
};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::folder::descendants::{self, MARK};

/// How often the thread of the database of a process that is to end is woken.
const WAKE_EVERY: Duration = Duration::from_millis(10);

/// A running process, or what is left of it. Dropping it kills it and its children.
#[derive(Debug)]
pub(crate) struct Process {
    state: Arc<Mutex<State>>,
    started: u32,
    exit: watch::Receiver<Option<ExitStatus>>,
    /// Ends when the process has been reaped; for those who cannot await.
    supervisor: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Debug, Default)]
struct State {
    /// The process and its group, until it is reaped: then the number can be anybody's. Whoever
    /// signals holds the lock.
    pid: Option<Pid>,
    /// The names of the processes that it left behind.
    left: Vec<String>,
    /// The signals that we sent to it to end it.
    sent: Vec<Signal>,
}

impl Process {
    /// Starts a command in a group of its own, with its output in `output` and nothing to read. The
    /// folder is the mark by which its children are known.
    pub(crate) fn spawn(mut command: Command, output: File, folder: &Path) -> io::Result<Self> {
        let folder = folder.to_owned();
        command.env(MARK, &folder);
        command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output).process_group(0);
        die_with_parent(&mut command);
        let (started, start) = mpsc::sync_channel(1);
        let (exited, exit) = watch::channel(None);
        let state = Arc::new(Mutex::new(State::default()));
        let supervise = {
            let state = Arc::clone(&state);
            move || {
                let child = match command.spawn() {
                    Ok(child) => child,
                    Err(error) => return drop(started.send(Err(error))),
                };
                let pid = Pid::from_child(&child);
                lock(&state).pid = Some(pid);
                // The receiver waits for this, unless its thread is gone; then nobody can be told.
                let _ = started.send(Ok(child.id()));
                let status = wait(child, pid, &folder, &state);
                exited.send_replace(Some(status));
            }
        };
        let supervisor = thread::Builder::new().name("asterisk".to_owned()).spawn(supervise)?;
        let started =
            start.recv().unwrap_or_else(|_| Err(io::Error::other("the supervisor is gone")))?;
        Ok(Self { state, started, exit, supervisor: Mutex::new(Some(supervisor)) })
    }

    /// Waits for the end. Cancel safe.
    pub(crate) async fn exited(&self) -> ExitStatus {
        let mut exit = self.exit.clone();
        let status = exit.wait_for(Option::is_some).await.ok().and_then(|status| *status);
        // The supervisor always says how it ended.
        status.unwrap_or_else(unknown)
    }

    /// The process, while it runs.
    pub(crate) fn pid(&self) -> Option<u32> {
        lock(&self.state).pid.map(|pid| pid.as_raw_nonzero().get().unsigned_abs())
    }

    /// How the process ended, if it has.
    pub(crate) fn status(&self) -> Option<ExitStatus> {
        *self.exit.borrow()
    }

    /// Signals the process and its children. Nothing happens if it has ended.
    pub(crate) fn signal(&self, signal: Signal) {
        let mut state = lock(&self.state);
        if let Some(pid) = state.pid {
            state.sent.push(signal);
            // It fails only if all have ended and wait to be reaped.
            let _ = kill_process_group(pid, signal);
        }
    }

    /// The end of the process, for those who wait for something else as well.
    pub(crate) fn exit(&self) -> watch::Receiver<Option<ExitStatus>> {
        self.exit.clone()
    }

    /// The number that the process has or had.
    pub(crate) fn started(&self) -> u32 {
        self.started
    }

    /// Whether it was a signal of ours that ended it.
    pub(crate) fn was_ended_by(&self, signal: i32) -> bool {
        lock(&self.state).sent.iter().any(|sent| sent.as_raw() == signal)
    }

    /// Waits for the end of a process that `asking`, which does not end, asks to stop; `None` after
    /// `patience`. As soon as `stopping` is over, the thread of its database is [woken](Self::wake)
    /// again and again.
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

    /// The names of the processes that the dead one had left behind, and that were killed.
    pub(crate) fn left(&self) -> Vec<String> {
        lock(&self.state).left.clone()
    }

    /// Wakes the thread that writes the server's database, if it sleeps.
    ///
    /// A server that stops waits for it (`db_sync_thread`), and it sleeps a second after each
    /// write. SIGURG ends a sleep and does nothing else: Asterisk itself wakes its threads by
    /// it. No other thread may be woken, for those of modules would look for what is not there
    /// any more. It is the first thread that a server starts, and the kernel lists them in that
    /// order.
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
        // What the kernel calls the place of a sleeper varies. These it is not.
        let place = fs::read_to_string(thread.path().join("wchan")).unwrap_or_default();
        let sleeps = !["futex", "poll"].iter().any(|other| place.contains(other));
        let number = thread.file_name().to_str().and_then(|name| name.parse().ok());
        if let Some(thread) = number.and_then(Pid::from_raw).filter(|_| sleeps) {
            // A signal to a thread's number is the process's, but that thread gets it if it can.
            let _ = kill_process(thread, Signal::URG);
        }
    }

    /// Kills the process and its children, and waits until it is reaped. It does not wait long:
    /// nothing survives SIGKILL.
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

/// Waits for the end of a child, and ends its children: with the leader not reaped yet, the group's
/// number is still its.
fn wait(mut child: Child, pid: Pid, folder: &Path, state: &Mutex<State>) -> ExitStatus {
    let ended = loop {
        match waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT) {
            Err(rustix::io::Errno::INTR) => {}
            other => break other,
        }
    };
    // Where the kernel does not let anybody look it has to be reaped to be waited for.
    let reaped = ended.is_err().then(|| child.wait().ok()).flatten();
    // Until it is reaped its number is its own, and whoever signals it meanwhile need not wait for
    // this.
    let left = descendants::names(folder, pid);
    // With SIGCHLD ignored the kernel reaps by itself, and the number may be anybody's.
    if ended.is_ok() {
        let _ = kill_process_group(pid, Signal::KILL);
    }
    // They are init's to reap, but they are to be gone when we say so.
    descendants::kill(folder, Some(pid));
    let mut state = lock(state);
    state.left = left;
    // Another thread may have reaped it, with `waitpid` for any child. Then there is what was seen
    // before.
    let status = reaped.or_else(|| child.wait().ok()).or_else(|| seen(&ended.ok()??));
    state.pid = None;
    status.unwrap_or_else(|| {
        tracing::warn!(%pid, "somebody else reaped the server: how it ended is not known");
        unknown()
    })
}

/// The status of a child that has ended and is not reaped.
fn seen(status: &WaitIdStatus) -> Option<ExitStatus> {
    const CORE: i32 = 0x80;
    let ended = status.exit_status().map(|code| (code & 0xff) << 8);
    let core = if status.dumped() { CORE } else { 0 };
    let signal = status.terminating_signal().map(|signal| signal | core);
    ended.or(signal).map(ExitStatus::from_raw)
}

/// The status of a process of which the kernel did not tell how it ended: neither success nor a
/// code nor a signal, and displayed as not recognised.
fn unknown() -> ExitStatus {
    ExitStatus::from_raw(0xff)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Has the kernel kill the child when the thread that spawns it ends, and so when this process ends
/// in any way.
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

    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]).stdout(Stdio::piped()).process_group(0);
        command
    }

    fn folder() -> std::path::PathBuf {
        std::env::temp_dir().join(format!("process-{}", uuid::Uuid::new_v4().simple()))
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
            let status = wait(child, pid, &folder(), &Mutex::new(State::default()));
            assert!(!status.success(), "{status}");
            assert_eq!((status.code(), status.signal()), (None, None));
            assert!(status.to_string().starts_with("unrecognised"), "{status}");
        }
    }

    #[test]
    fn descendants_are_killed_while_others_use_the_process() {
        let _forks = crate::FORKS.blocking_read();
        let folder = folder();
        let mut child =
            shell("setsid sleep 1000 >&2 & echo $!").env(MARK, &folder).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let left = Pid::from_raw(line.trim().parse().unwrap()).unwrap();
        let left = pidfd_open(left, PidfdFlags::empty()).unwrap();
        let pid = Pid::from_child(&child);
        let state = Mutex::new(State { pid: Some(pid), ..State::default() });
        thread::scope(|scope| {
            let held = lock(&state);
            let waiting = scope.spawn(|| wait(child, pid, &folder, &state));
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
