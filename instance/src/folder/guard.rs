//! The clean-up after this process is killed.
//!
//! The kernel kills the servers then, but neither the processes that they started nor their
//! folders. So each process that makes runs has a child that outlives it: a shell that waits for
//! the end of its input, and then kills the processes of the runs that it was told of, and removes
//! their folders. The shell belongs to a process group of its own, so that Ctrl-C does not reach
//! it, and shares nothing with its parent but that input.

use std::fs;
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use crate::folder::descendants::MARK;

static GUARD: Mutex<Guard> = Mutex::new(Guard { child: None, runs: Vec::new() });

#[derive(Debug)]
struct Guard {
    child: Option<Child>,
    /// The runs that the child was told of and that may still exist. If the child is killed, the
    /// next one has to be told of them.
    runs: Vec<PathBuf>,
}

/// The program of the child. Each line of its input is the folder of a run. At the end of the
/// input it kills the processes with the mark of each run until none is left, and removes the
/// folder if it is one of ours and not to be kept. After a normal end the folder is gone already.
const SCRIPT: &str = r#"
    set -f
    while IFS= read -r run; do set -- "$@" "$run"; done
    set +f
    for run do
        case $run in */asterisk-instance-*/????????) ;; *) continue ;; esac
        [ -d "$run" ] || continue
        tries=0
        while [ $tries -lt 50 ]; do
            # What it returns tells of processes that ended while it looked.
            found=$(grep -lzsF -- "$MARK=$run/" /proc/[0-9]*/environ)
            [ -n "$found" ] || break
            for file in $found; do
                pid=${file#/proc/}
                kill -9 "${pid%/environ}" 2>/dev/null
            done
            tries=$((tries + 1))
        done
        [ -e "$run/.keep" ] && continue
        rm -rf -- "$run" || { chmod -R u+rwX -- "$run"; rm -rf -- "$run"; }
    done
"#;

/// Hands a run to the guard. The run's folder need not exist yet.
pub(crate) fn watch(run: &Path) {
    let mut guard = GUARD.lock().unwrap_or_else(PoisonError::into_inner);
    let Guard { child, runs } = &mut *guard;
    // Runs that came to a normal end need no guard any more.
    runs.retain(|run| fs::symlink_metadata(run).is_ok());
    runs.push(run.to_owned());
    if child.as_mut().is_some_and(|child| hand_over(child, &[run.to_owned()]).is_ok()) {
        return;
    }
    // No child was started yet, or it was killed, and what it knew is lost.
    if let Err(error) = start().and_then(|started| hand_over(child.insert(started), runs)) {
        tracing::warn!(%error, "nobody would clean up if this process were killed");
    }
}

fn hand_over(child: &mut Child, runs: &[PathBuf]) -> io::Result<()> {
    if child.try_wait()?.is_some() {
        return Err(io::ErrorKind::BrokenPipe.into());
    }
    let input = child.stdin.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
    let lines: Vec<_> = runs.iter().flat_map(|run| [run.as_os_str().as_bytes(), b"\n"]).collect();
    input.write_all(&lines.concat())
}

fn start() -> io::Result<Child> {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", &SCRIPT.replace("$MARK", MARK), "asterisk-instance-guard"]);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    command.current_dir("/").process_group(0).env_remove(MARK).spawn()
}
