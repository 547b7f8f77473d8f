//! However a run ends, nothing of it stays.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::symlink;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};
use serde_json::Value;

use crate::support::{Folder, OWN_TESTS, RUNTESTS, Run, SCRIPT, SIMPLE, WAIT, assert_end};

/// A runner whose tests run.
struct Running {
    child: Child,
    folder: Folder,
    /// The lines that it prints from now on.
    events: BufReader<File>,
}

impl Running {
    /// Starts the tests of a suite.
    fn of(program: &str, folder: Folder, options: &[&str]) -> Self {
        let pipe = folder.0.join("events");
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let mut command = folder.command(program, &folder.0, options);
        command.arg("--json").arg(&pipe).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().unwrap();
        let events = BufReader::new(File::open(&pipe).unwrap());
        Self { child, folder, events }
    }

    /// Starts a suite of three tests that wait, two of them with servers of their own, and waits
    /// until they do.
    fn start(options: &[&str]) -> Self {
        let native: &[(&str, &str)] =
            &[("test-config.yaml", SIMPLE), ("configs/ast1/extensions.conf", WAIT)];
        let script: &[(&str, &str)] = &[
            ("test-config.yaml", SCRIPT),
            ("run-test", "#!/bin/sh\ntrap '' TERM INT\nsleep 600 &\necho ready\nwait\n"),
        ];
        let folder = Folder::suite(&[("a", native), ("b", native), ("c", script)]);
        let mut run = Self::of(RUNTESTS, folder, options);
        let (mut native, mut script) = (0, 0);
        while native < 2 || script < 1 {
            let event = next(&mut run.events).expect("the runner ended");
            native += usize::from(event["line"] == "originating Local/s@default");
            script += usize::from(event["line"] == "ready");
        }
        run
    }

    /// Waits until a test says a line.
    fn wait_for(&mut self, line: &str) {
        while next(&mut self.events).expect("the runner ended")["line"] != line {}
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// The lines about the tests from now on, until the runner ends.
    fn verdicts(&mut self) -> Vec<(String, String)> {
        let mut verdicts = Vec::new();
        while let Some(event) = next(&mut self.events) {
            if event["event"] == "test-finished" {
                let text = |key: &str| event[key].as_str().unwrap().to_owned();
                verdicts.push((text("name"), text("verdict")));
            }
        }
        verdicts.sort();
        verdicts
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Nothing is left to kill unless the test has failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn next(events: &mut BufReader<File>) -> Option<Value> {
    let mut line = String::new();
    (events.read_line(&mut line).unwrap() > 0).then(|| serde_json::from_str(&line).unwrap())
}

#[test]
fn ctrl_c_sigterm_and_a_lost_terminal_end_all_tests_and_clean_up() {
    // Under `nohup` the last is ignored, also by the runner.
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let ignored = status.lines().find(|line| line.starts_with("SigIgn:")).unwrap();
    let signals = [Signal::INT, Signal::TERM, Signal::HUP];
    let heard = signals.len() - usize::from(ignored.ends_with(['1', '3', '5', '7']));
    for signal in signals.into_iter().take(heard) {
        let mut run = Running::start(&["--asterisk", "22"]);
        let processes = run.folder.processes();
        // The runner; for each test `unshare` or what it became; two servers; the program and its
        // child.
        assert!(processes.len() >= 8, "{}", processes.len());
        run.signal(signal);
        let verdicts = run.verdicts();
        assert!(verdicts.iter().all(|(_, verdict)| verdict == "not-run"), "{verdicts:?}");
        assert_eq!(verdicts.len(), 3);
        assert_eq!(run.child.wait().unwrap().code(), Some(2));
        assert_end(&processes);
        assert!(run.folder.sandboxes().is_empty(), "{:?}", run.folder.sandboxes());
    }
}

#[test]
fn a_killed_runner_takes_all_along() {
    let mut run = Running::start(&["--asterisk", "22"]);
    let processes = run.folder.processes();
    run.signal(Signal::KILL);
    run.child.wait().unwrap();
    assert_end(&processes);
    assert!(run.folder.sandboxes().is_empty(), "{:?}", run.folder.sandboxes());
}

/// The runner's own clock goes on while it is stopped.
#[test]
fn a_test_that_ended_while_the_runner_was_stopped_was_in_time() {
    let until: &[(&str, &str)] = &[
        ("test-config.yaml", SCRIPT),
        ("run-test", "#!/bin/sh\necho ready\nwhile [ ! -e go ]; do sleep 0.05; done\n"),
    ];
    let folder = Folder::suite(&[("a", until)]);
    let options = ["--asterisk", "22", "--time-limit", "4"];
    let mut run = Running::of(RUNTESTS, folder, &options);
    run.wait_for("ready");
    run.signal(Signal::STOP);
    run.folder.file("go", "");
    // The limit, counted from before.
    assert!(Command::new("sleep").arg("4").status().unwrap().success());
    run.signal(Signal::CONT);
    assert_eq!(run.verdicts(), [("tests/a".to_owned(), "passed".to_owned())]);
}

#[test]
fn sigusr1_lets_what_runs_come_to_its_end_and_begins_no_more() {
    // There is room for two of the three.
    let until: &[(&str, &str)] = &[
        ("test-config.yaml", SCRIPT),
        ("run-test", "#!/bin/sh\necho ready\nwhile [ ! -e go ]; do sleep 0.05; done\n"),
    ];
    let folder = Folder::suite(&[("a", until), ("b", until), ("c", until)]);
    let options = ["--asterisk", "22", "--jobs", "2", "--number", "2"];
    let mut run = Running::of(RUNTESTS, folder, &options);
    run.wait_for("ready");
    run.wait_for("ready");
    run.signal(Signal::USR1);
    // The runner hears the signal before it hears of the end of a test.
    run.folder.file("go", "");
    let verdicts = run.verdicts();
    let told: Vec<_> = verdicts.iter().map(|(_, verdict)| &**verdict).collect();
    assert_eq!(told.iter().filter(|it| **it == "passed").count(), 2, "{verdicts:?}");
    assert_eq!(told.iter().filter(|it| **it == "not-run").count(), 1, "{verdicts:?}");
    assert_eq!(run.child.wait().unwrap().code(), Some(2));
}

const STUCK: &[(&str, &str)] =
    &[("test-config.yaml", "test-modules: {test-object: {typename: 'own.Stuck'}}\n")];

/// The runner is patient with both, at the same time here.
#[test]
fn a_test_that_hangs_its_process_is_killed_with_its_evidence_kept_or_with_its_runner() {
    std::thread::scope(|scope| {
        scope.spawn(a_test_that_hangs_its_process_does_not_outlive_a_killed_runner);
        a_test_that_hangs_its_process_is_killed_and_its_evidence_kept();
    });
}

fn a_test_that_hangs_its_process_is_killed_and_its_evidence_kept() {
    let folder = Folder::suite(&[("stuck", STUCK)]);
    let run = folder.run(OWN_TESTS, &folder.0, &["--asterisk", "22", "--time-limit", "8"]);
    assert!(run.text.contains("\nstuck\n"), "it did not come to that: {}", run.text);
    assert_eq!(run.verdict("tests/stuck"), "timed-out", "{}", run.text);
    assert!(run.reasons("tests/stuck").contains("it took longer than the limit of 8 s"));
    assert!(folder.0.join("logs/tests/stuck/run_0/ast1/etc/asterisk/manager.conf").is_file());
    assert_end(&folder.processes());
    assert!(folder.sandboxes().is_empty(), "{:?}", folder.sandboxes());
}

fn a_test_that_hangs_its_process_does_not_outlive_a_killed_runner() {
    let mut run = Running::of(OWN_TESTS, Folder::suite(&[("stuck", STUCK)]), &["--asterisk", "22"]);
    run.wait_for("stuck");
    let processes = run.folder.processes();
    run.signal(Signal::KILL);
    run.child.wait().unwrap();
    assert_end(&processes);
}

#[test]
fn evidence_is_kept_whatever_the_environment_says_of_sandboxes() {
    let no_boot: &[(&str, &str)] = &[
        ("test-config.yaml", SIMPLE),
        ("configs/ast1/modules.conf.inc", "require => app_nonesuch.so\n"),
    ];
    let folder = Folder::suite(&[("no_boot", no_boot)]);
    let json = folder.0.join("run.json");
    let mut command = folder.command(RUNTESTS, &folder.0, &["--asterisk", "22"]);
    let run = Run::of(command.env("ASTERISK_KEEP", "never").arg("--json").arg(&json), &json);
    assert_eq!(run.verdict("tests/no_boot"), "failed", "{}", run.text);
    let log = folder.read("logs/tests/no_boot/run_0/ast1/var/log/asterisk/messages.txt");
    assert!(log.contains("app_nonesuch"), "{log}");
    assert!(folder.sandboxes().is_empty(), "{:?}", folder.sandboxes());
}

#[test]
fn without_namespaces_runners_wait_for_each_other() {
    let until: &[(&str, &str)] = &[
        ("test-config.yaml", SCRIPT),
        (
            "run-test",
            "#!/bin/sh\n/bin/mkdir busy || exit 1\necho ready\nwhile [ ! -e go ]; do /bin/sleep 0.05; done\n/bin/rmdir busy\n",
        ),
    ];
    let folder = Folder::suite(&[("a", until)]);
    let command = |json: &str, report: &str| {
        let mut command = Command::new(RUNTESTS);
        command.arg("--suite").arg(&folder.0).args(["--asterisk", "22", "--report", report]);
        command.args(["--json", json]).current_dir(&folder.0).stdout(Stdio::null());
        command.env("AST_WORK_DIR", folder.0.join("w")).env("PATH", "/nonexistent");
        command
    };
    assert!(Command::new("mkfifo").arg(folder.0.join("events")).status().unwrap().success());
    let mut first = command("events", "1.xml").spawn().unwrap();
    let mut events = BufReader::new(File::open(folder.0.join("events")).unwrap());
    while next(&mut events).expect("the runner ended")["line"] != "ready" {}
    let mut second = command("2.json", "2.xml").stderr(Stdio::piped()).spawn().unwrap();
    let mut told = BufReader::new(second.stderr.take().unwrap()).lines();
    assert_eq!(told.next().unwrap().unwrap(), "waiting for another runner to end");
    folder.file("go", "");
    while next(&mut events).is_some() {}
    assert_eq!(first.wait().unwrap().code(), Some(0));
    assert_eq!(second.wait().unwrap().code(), Some(0));
}

#[test]
fn all_tests_run_in_the_program_that_was_started() {
    let until: &[(&str, &str)] = &[
        ("test-config.yaml", SCRIPT),
        ("run-test", "#!/bin/sh\necho ready\nwhile [ ! -e go ]; do /bin/sleep 0.05; done\n"),
    ];
    // In namespaces of their own and without, where nobody finds `unshare`.
    for path in [std::env::var_os("PATH").unwrap_or_default(), "/nonexistent".into()] {
        let folder = Folder::suite(&[("a", until), ("b", until)]);
        let pipe = folder.0.join("events");
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let program = folder.0.join("runtests");
        assert!(Command::new("cp").arg(RUNTESTS).arg(&program).status().unwrap().success());
        let options = ["--asterisk", "22", "--jobs", "1", "--json", pipe.to_str().unwrap()];
        let mut command = folder.command(program.to_str().unwrap(), &folder.0, &options);
        command.env("PATH", &path).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().unwrap();
        let events = BufReader::new(File::open(&pipe).unwrap());
        let mut run = Running { child, folder, events };
        run.wait_for("ready");
        // As a build does: another file with the name of the program.
        run.folder.file("built/run-test", "#!/bin/sh\nexit 9\n");
        fs::rename(run.folder.0.join("built/run-test"), &program).unwrap();
        run.folder.file("go", "");
        let verdicts = run.verdicts();
        assert!(verdicts.iter().all(|(_, verdict)| verdict == "passed"), "{path:?}: {verdicts:?}");
        assert_eq!((verdicts.len(), run.child.wait().unwrap().code()), (2, Some(0)), "{path:?}");
    }
}

/// In the place of SIPp: one that never ends.
const WAITS: &str = "#!/bin/sh\n[ \"$1\" = -v ] && echo ' SIPp v3.7.3.' && exit 99\n\
    echo $$ $PPID > \"${0%/*}/ids\"\nexec /bin/sleep 600\n";

#[test]
fn sipp_does_not_outlive_a_killed_process_of_its_test() {
    let scenario = "test-modules: {test-object: {typename: sipp.SIPpTestCase, config-section: object}}\n\
        object: {test-iterations: [{scenarios: [{key-args: {scenario: a.xml}}]}]}\n";
    let files: &[(&str, &str)] = &[("test-config.yaml", scenario), ("sipp/a.xml", "<scenario/>")];
    let folder = Folder::suite(&[("a", files)]);
    folder.program("sipp", WAITS);
    // Without `unshare` it has no namespace that would end with it.
    fs::create_dir(folder.0.join("bin")).unwrap();
    for tool in ["grep", "rm", "chmod"] {
        symlink(format!("/bin/{tool}"), folder.0.join("bin").join(tool)).unwrap();
    }
    let mut command = folder.command(RUNTESTS, &folder.0, &["--asterisk", "22"]);
    command.args(["--sipp", "./sipp", "--json", "events"]).env("PATH", folder.0.join("bin"));
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let (pipe, ids) = (folder.0.join("events"), folder.0.join("ids"));
    assert!(Command::new("mkfifo").args([&pipe, &ids]).status().unwrap().success());
    let child = command.spawn().unwrap();
    let events = BufReader::new(File::open(pipe).unwrap());
    let mut run = Running { child, folder, events };
    let told = Command::new("timeout").args(["30", "cat"]).arg(ids).output().unwrap();
    let ids = String::from_utf8(told.stdout).unwrap();
    let ids: Vec<_> = ids.split_whitespace().map(|it| Pid::from_raw(it.parse().unwrap())).collect();
    let [Some(sipp), Some(worker)] = ids[..] else { panic!("{ids:?}") };
    let sipp = pidfd_open(sipp, PidfdFlags::empty()).unwrap();
    kill_process(worker, Signal::KILL).unwrap();
    assert_end(&[sipp]);
    assert_eq!(run.verdicts(), [("tests/a".to_owned(), "failed".to_owned())]);
}
