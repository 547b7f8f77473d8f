//! Suites of a test, and runs of them.

use std::fs;
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Access, StatVfsMountFlags, access, statvfs};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use serde_json::Value;

/// A runner with nothing but what every runner has.
pub(crate) const RUNTESTS: &str = env!("CARGO_BIN_EXE_runtests");

/// A runner with tests in Rust.
pub(crate) const OWN_TESTS: &str = env!("CARGO_BIN_EXE_own-tests");

/// The suite with our own tests.
pub(crate) fn own_suite() -> PathBuf {
    env!("CARGO_MANIFEST_DIR").into()
}

/// Waits for the turn to run a whole suite with many jobs. Its tests have time-outs of a few
/// seconds, so only one such run at a time is fair to them.
pub(crate) fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The bytes that suites and sandboxes of tests at the same time may take, with a lot to spare.
const ROOM: u64 = 4 << 30;

/// Returns the folder for suites and sandboxes: one in memory, where the system has one with room
/// in which programs may run. Each run makes and removes thousands of links. That is most of its
/// time on a file system without a journal, which looks for a number that was not free lately for
/// every new file.
fn scratch() -> PathBuf {
    let memory = Path::new("/dev/shm");
    let serves = statvfs(memory).is_ok_and(|it| {
        let barred = StatVfsMountFlags::NOEXEC | StatVfsMountFlags::RDONLY;
        !it.f_flag.intersects(barred) && it.f_bavail.saturating_mul(it.f_frsize) >= ROOM
    });
    if serves && access(memory, Access::WRITE_OK | Access::EXEC_OK).is_ok() {
        return memory.into();
    }
    std::env::temp_dir()
}

/// A folder that goes away: a suite, and the place for all that a run writes.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        let name = format!("rt-{}", &uuid::Uuid::new_v4().simple().to_string()[..8]);
        let folder = Self(scratch().join(name));
        // Where sandboxes go.
        fs::create_dir_all(folder.0.join("w")).unwrap();
        folder
    }

    /// A suite with these tests: names, and what is in their folders.
    pub(crate) fn suite(tests: &[(&str, &[(&str, &str)])]) -> Self {
        let folder = Self::new();
        let names = tests.iter().map(|(name, _)| format!("    - test: '{name}'\n"));
        folder.file("tests/tests.yaml", &format!("tests:\n{}", names.collect::<String>()));
        for (name, files) in tests {
            for (path, text) in *files {
                folder.file(&format!("tests/{name}/{path}"), text);
            }
        }
        folder
    }

    /// Writes a file.
    pub(crate) fn file(&self, name: &str, text: &str) {
        if name.ends_with("run-test") {
            return self.program(name, text);
        }
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
    }

    /// Writes a program. By a child: a file that this process had open for writing cannot be
    /// executed while another thread forks.
    pub(crate) fn program(&self, name: &str, text: &str) {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let draft = path.with_extension("draft");
        fs::write(&draft, text).unwrap();
        fs::set_permissions(&draft, fs::Permissions::from_mode(0o644)).unwrap();
        let install = Command::new("install").args(["-m", "755"]).arg(&draft).arg(&path).status();
        assert!(install.unwrap().success());
        fs::remove_file(draft).unwrap();
    }

    /// A command that runs the tests of a suite, and writes here alone.
    pub(crate) fn command(&self, program: &str, suite: &Path, options: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.arg("--suite").arg(suite).args(options).stdin(Stdio::null());
        command.arg("--logs").arg(self.0.join("logs")).arg("--report").arg(self.0.join("r.xml"));
        command.env("AST_WORK_DIR", self.0.join("w")).current_dir(&self.0);
        command
    }

    /// Runs the tests of a suite.
    pub(crate) fn run(&self, program: &str, suite: &Path, options: &[&str]) -> Run {
        let json = self.0.join("run.json");
        let mut command = self.command(program, suite, options);
        Run::of(command.arg("--json").arg(&json), &json)
    }

    /// Runs the tests of this suite.
    pub(crate) fn run_own(&self, options: &[&str]) -> Run {
        self.run(RUNTESTS, &self.0, options)
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.join(name)).unwrap()
    }

    /// The processes that have the place of the sandboxes in their environment: a runner, and all
    /// that it started.
    pub(crate) fn processes(&self) -> Vec<OwnedFd> {
        let mark = self.0.join("w").display().to_string();
        let pids = fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| {
            let pid: i32 = entry.file_name().to_str()?.parse().ok()?;
            let environment = fs::read(entry.path().join("environ")).ok()?;
            let is_ours = environment.windows(mark.len()).any(|it| it == mark.as_bytes());
            is_ours.then(|| Pid::from_raw(pid)).flatten()
        });
        pids.filter_map(|pid| pidfd_open(pid, PidfdFlags::empty()).ok()).collect()
    }

    /// Returns the sandboxes that are left.
    pub(crate) fn sandboxes(&self) -> Vec<PathBuf> {
        let parents = fs::read_dir(self.0.join("w")).unwrap().flatten();
        let all = parents.flat_map(|parent| fs::read_dir(parent.path()).unwrap().flatten());
        all.map(|entry| entry.path()).filter(|path| path.is_dir()).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let _ = fs::remove_dir_all(&self.0);
        }
    }
}

/// The result of a run.
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) text: String,
    pub(crate) events: Vec<Value>,
}

impl Run {
    pub(crate) fn of(command: &mut Command, json: &Path) -> Self {
        let Output { status, stdout, stderr } = command.output().unwrap();
        let text = String::from_utf8([stdout, stderr].concat()).unwrap();
        let lines = fs::read_to_string(json).unwrap_or_default();
        let events = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        Self { code: status.code(), text, events }
    }

    pub(crate) fn finished(&self) -> impl Iterator<Item = &Value> {
        self.events.iter().filter(|it| it["event"] == "test-finished")
    }

    /// Returns the report of a test at its end.
    pub(crate) fn of_test(&self, name: &str) -> &Value {
        let found = self.finished().find(|it| it["name"] == name);
        found.unwrap_or_else(|| panic!("nothing is said of {name}: {}", self.text))
    }

    pub(crate) fn verdict(&self, name: &str) -> &str {
        self.of_test(name)["verdict"].as_str().unwrap()
    }

    /// All that is told of why a test went as it did.
    pub(crate) fn reasons(&self, name: &str) -> String {
        let test = self.of_test(name);
        format!("{} {} {}", test["why"], test["outcome"]["reasons"], test["outcome"]["notes"])
    }
}

/// A dialplan that says pass.
pub(crate) const PASS: &str = "[default]\nexten => s,1,UserEvent(TestResult,result:pass)\n";

/// One that waits.
pub(crate) const WAIT: &str = "[default]\nexten => s,1,Answer()\nsame => n,Wait(600)\n";

/// A test that calls `s` and takes one user event for its pass.
pub(crate) const SIMPLE: &str = "testinfo:\n    summary: 'simple'\ntest-modules:\n    test-object:\n        typename: 'test_case.SimpleTestCase'\n        config-section: object\nobject:\n    test-iterations:\n        - {channel: 'Local/s@default', application: 'Echo'}\n";

/// The configuration of a test that is a program.
pub(crate) const SCRIPT: &str = "testinfo:\n    summary: 'a program'\n";

/// Waits for the end of processes.
pub(crate) fn assert_end(processes: &[OwnedFd]) {
    let limit = Timespec { tv_sec: 30, tv_nsec: 0 };
    for process in processes {
        let ended = poll(&mut [PollFd::new(process, PollFlags::IN)], Some(&limit)).unwrap();
        assert_eq!(ended, 1, "a process is still there");
    }
}
