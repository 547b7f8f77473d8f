//! The traces of a crashed server: a core in the place that the system chooses, and a backtrace if
//! gdb is installed.

use std::fmt;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, SystemTime};

use tokio::process::Command;
use tokio::time::timeout;

use crate::server::Server;

/// The longest wait for gdb.
const PATIENCE: Duration = Duration::from_secs(60);

/// The time that the clock of files may be behind the clock of the system: the kernel's tick of at
/// most 10 ms, and some more.
pub(crate) const TICK: Duration = Duration::from_millis(20);

/// The line before the backtraces in the output of gdb.
const MARK: &str = "-- backtraces --";

/// The maximum number of frames of the thread that crashed.
const FRAMES: usize = 20;

/// A server that was ended by a signal.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Crash {
    /// The number of the signal; 11 is SIGSEGV, 6 is SIGABRT.
    pub signal: i32,
    /// The core file.
    pub core: Option<PathBuf>,
    /// The handler in the kernel's `core_pattern` that received the core, if there is one.
    pub handler: Option<String>,
    /// The frames of the thread that crashed, as gdb prints them.
    pub backtrace: Vec<String>,
    /// The file with the backtraces of all threads.
    pub backtraces: Option<PathBuf>,
    /// Set if the server had done all that `core stop now` makes it do, and crashed when its
    /// process exited: it does not end its threads before, and the exit handlers of libraries take
    /// away what these still use. OpenSSL's does that to a thread of PJSIP whose TLS connection is
    /// closed.
    pub at_exit: bool,
}

impl fmt::Display for Crash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the server crashed (signal {})", self.signal)?;
        if self.at_exit {
            f.write_str(" at its exit, after `core stop now`")?;
        }
        match (&self.core, &self.handler) {
            (Some(core), _) => write!(f, ", core {}", core.display())?,
            (None, Some(handler)) => write!(f, ", core passed to {handler}")?,
            (None, None) => f.write_str(", no core")?,
        }
        self.backtrace.iter().try_for_each(|frame| write!(f, "\n    {frame}"))
    }
}

/// Examines the end of a server. Returns `None` if no signal ended it.
pub(crate) async fn examine(
    status: ExitStatus,
    pid: u32,
    since: SystemTime,
    folder: &Path,
    server: &Server,
    logs: &Path,
) -> Option<Crash> {
    let signal = status.signal()?;
    let mut crash = Crash {
        signal,
        core: None,
        handler: None,
        backtrace: Vec::new(),
        backtraces: None,
        at_exit: false,
    };
    if status.core_dumped() {
        let pattern = fs::read_to_string("/proc/sys/kernel/core_pattern").unwrap_or_default();
        let pattern = pattern.trim();
        match pattern.strip_prefix('|') {
            Some(handler) => crash.handler = Some(handler.to_owned()),
            None => crash.core = find(pattern, pid, since, folder),
        }
    }
    if let Some(core) = &crash.core
        && let Some(text) = backtraces(core, server).await
    {
        let first = text.lines().take_while(|line| !line.starts_with("Thread "));
        let frames = first.filter(|line| line.starts_with('#')).take(FRAMES);
        crash.backtrace = frames.map(str::to_owned).collect();
        let file = logs.join("backtrace.txt");
        crash.backtraces = fs::write(&file, text).is_ok().then_some(file);
    }
    Some(crash)
}

/// Finds the core of a process by the kernel's pattern, below `folder` unless the pattern is an
/// absolute path. A specifier of the pattern matches any text, except that of the process number.
fn find(pattern: &str, pid: u32, since: SystemTime, folder: &Path) -> Option<PathBuf> {
    let path = folder.join(pattern);
    let name = path.file_name()?.to_str()?.to_owned();
    let entries = fs::read_dir(path.parent()?).ok()?.flatten();
    let since = since.checked_sub(TICK).unwrap_or(since);
    let fits = |entry: &fs::DirEntry| {
        let found = entry.file_name();
        let found = found.to_str().unwrap_or_default();
        let uses_pid = format!("{name}.%p");
        let written = entry.metadata().and_then(|metadata| metadata.modified());
        (matches(found, &name, pid) || matches(found, &uses_pid, pid))
            && written.is_ok_and(|written| written >= since)
    };
    let newest = entries.filter(fits).max_by_key(|entry| {
        entry.metadata().and_then(|metadata| metadata.modified()).unwrap_or(SystemTime::UNIX_EPOCH)
    });
    newest.map(|entry| entry.path())
}

fn matches(name: &str, pattern: &str, pid: u32) -> bool {
    let Some((before, rest)) = pattern.split_once('%') else {
        return name == pattern;
    };
    let Some(name) = name.strip_prefix(before) else {
        return false;
    };
    let mut rest = rest.chars();
    match rest.next() {
        Some('%') => name.strip_prefix('%').is_some_and(|name| matches(name, rest.as_str(), pid)),
        Some('p' | 'P') => name
            .strip_prefix(&pid.to_string())
            .is_some_and(|name| matches(name, rest.as_str(), pid)),
        _ => (0..=name.len())
            .filter_map(|at| name.get(at..))
            .any(|name| matches(name, rest.as_str(), pid)),
    }
}

/// Returns the backtraces of all threads, that of the crashed one first, or `None` without gdb.
async fn backtraces(core: &Path, server: &Server) -> Option<String> {
    let core = format!("core-file {}", core.display());
    let binary = server.binary().display();
    let mut lines = match server.loader() {
        None => vec![format!("file {binary}"), core],
        // The kernel knows the loader as the program, and gdb finds the libraries from there. The
        // core tells the address at which the binary was loaded.
        Some(loader) => {
            let mappings = gdb(&[core.clone(), "info proc mappings".to_owned()]).await?;
            let mut mappings = mappings.lines().filter(|line| line.ends_with(&binary.to_string()));
            let start = mappings.next().and_then(|line| line.split_ascii_whitespace().next());
            let mut lines = vec![format!("file {}", loader.display()), core];
            lines.extend(start.map(|start| format!("add-symbol-file {binary} -o {start}")));
            lines
        }
    };
    lines.extend([format!("echo {MARK}\\n"), "bt".to_owned(), "thread apply all bt".to_owned()]);
    let text = gdb(&lines).await?;
    text.split_once(&format!("{MARK}\n")).map(|(_, text)| text.to_owned())
}

/// Returns the output of gdb for some commands.
async fn gdb(lines: &[String]) -> Option<String> {
    let mut command = Command::new("gdb");
    command.args(["-nx", "-batch", "-q"]);
    command.args(lines.iter().flat_map(|line| ["-ex", line]));
    command.stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    // With this variable gdb would ask the network for sources.
    command.env_remove("DEBUGINFOD_URLS");
    let output = timeout(PATIENCE, command.output()).await.ok()?.ok()?;
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_core_that_is_as_old_as_the_launch_by_the_clock_of_files_is_found() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path();
        let core = folder.join("core.7");
        fs::write(&core, "").unwrap();
        let written = fs::metadata(&core).unwrap().modified().unwrap();
        let found = |since| find("core.%p", 7, since, folder);
        assert_eq!(found(written + Duration::from_millis(10)), Some(core));
        assert_eq!(found(written + Duration::from_secs(1)), None, "of another run");
    }

    #[test]
    fn cores_are_known_by_the_kernels_pattern() {
        for (name, pattern, fits) in [
            ("core", "core", true),
            ("core.7", "core", false),
            ("core.7", "core.%p", true),
            ("core.71", "core.%p", false),
            ("core-asterisk-7-host", "core-%e-%p-%h", true),
            ("core-asterisk-8-host", "core-%e-%p-%h", false),
            ("100%.7", "100%%.%P", true),
            ("x", "%e", true),
        ] {
            assert_eq!(matches(name, pattern, 7), fits, "{name} {pattern}");
        }
    }
}
