//! The program as its users run it: exit code, output, and what it leaves behind.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};

/// A test's folder, with a dialplan of its own. It goes away at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(steps: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("sample-it-{}", uuid::Uuid::new_v4().simple()));
        let folder = Self(path);
        folder.file(
            "configs/ast1/extensions.conf",
            &format!("[default]\nexten => s,1,NoOp()\n{steps}"),
        );
        folder.file("test-config.yaml", "testinfo:\n    summary: 'A test of the test'\n");
        folder
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = program(arguments);
        command.arg(&self.0);
        command
    }

    /// Runs the test on a version of the server.
    fn run(&self, major: &str, arguments: &[&str]) -> Run {
        Run::of(self.command(&[&["--asterisk", major], arguments].concat()))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sample-test"));
    command.args(arguments).stdin(Stdio::null());
    command
}

/// The result of a run.
struct Run {
    code: Option<i32>,
    text: String,
    took: Duration,
}

impl Run {
    fn of(mut command: Command) -> Self {
        let begun = Instant::now();
        let Output { status, stdout, stderr } = command.output().unwrap();
        let text = String::from_utf8([stdout, stderr].concat()).unwrap();
        Self { code: status.code(), text, took: begun.elapsed() }
    }

    fn last_line(&self) -> &str {
        self.text.lines().last().unwrap_or_default()
    }

    /// The seconds from the program's start to its last line, by its own clock: how busy the
    /// machine is with other tests does not count before that.
    fn told_after(&self) -> f64 {
        let mut stamps = self.text.lines().filter_map(stamp);
        stamps.next_back().unwrap_or_else(|| panic!("no line with a time: {}", self.text))
    }

    /// The same for the launch of the server.
    fn launched_after(&self) -> f64 {
        self.text.lines().find(|line| line.contains("created instance 1")).and_then(stamp).unwrap()
    }

    /// Asserts that the test failed for that reason and kept its folder, and removes that.
    fn assert_failed(&self, reason: &str) {
        assert_eq!(self.code, Some(1), "{}", self.text);
        assert!(self.text.contains("FAILED") && self.text.contains(reason), "{}", self.text);
        let kept = self.text.lines().find_map(|line| line.split_once(" is kept: ")).unwrap().1;
        let kept = kept.split(": ").next().unwrap();
        assert!(Path::new(kept).join("ast1/etc/asterisk/extensions.conf").exists());
        fs::remove_dir_all(kept).unwrap();
    }

    /// Asserts that the test passed and left nothing.
    fn assert_passed(&self) {
        assert_eq!(self.code, Some(0), "{}", self.text);
        assert!(self.last_line().ends_with("] passed"), "{}", self.text);
        assert!(!created(&self.text).unwrap().exists(), "{}", self.text);
    }
}

/// The time at the beginning of a line.
fn stamp(line: &str) -> Option<f64> {
    line.strip_prefix('[')?.split(" s]").next()?.trim().parse().ok()
}

/// The folder of the run, from the line that tells of it.
fn created(text: &str) -> Option<PathBuf> {
    let (_, rest) = text.split_once("created instance 1 in ")?;
    rest.split(':').next().map(PathBuf::from)
}

#[test]
fn the_monkeys_rise_up_on_both_versions_at_the_same_time() {
    let start = |major: &str| {
        let command = program(&["--asterisk", major]);
        std::thread::spawn(move || Run::of(command))
    };
    let runs = [start("22"), start("22"), start("16")];
    for run in runs.map(|run| run.join().unwrap()) {
        run.assert_passed();
        assert!(run.text.contains("played tt-monkeys to its end"), "{}", run.text);
        // The sound alone takes that long.
        assert!(run.took > Duration::from_secs(15), "the monkeys were too quick: {}", run.text);
    }
}

#[test]
fn a_verdict_of_fail_fails() {
    let test = Folder::new("same => n,UserEvent(TestResult,result:fail)\n");
    for major in ["22", "16"] {
        test.run(major, &[]).assert_failed("the dialplan says: result:fail");
    }
}

#[test]
fn no_verdict_fails_after_the_time_out_and_names_what_was_awaited() {
    let test = Folder::new("same => n,Answer()\nsame => n,Wait(60)\n");
    for major in ["22", "16"] {
        let run = test.run(major, &["--timeout", "1.5"]);
        run.assert_failed(
            "expected UserEvent with UserEvent \"TestResult\": none came within 1.5s",
        );
        let steps = run.text.split_once("last steps of the dialplan").unwrap().1;
        assert!(steps.contains("default,s,3 Wait(60)"), "{}", run.text);
    }
    // The same from the test's own configuration.
    test.file("test-config.yaml", "testinfo:\n    summary: x\nreactor-timeout: 1\n");
    test.run("22", &[]).assert_failed("none came within 1s");
}

#[test]
fn a_sound_that_is_not_there_fails_although_the_dialplan_goes_on() {
    let test = Folder::new(
        "same => n,Playback(no-such-monkeys)\nsame => n,UserEvent(TestResult,result:pass)\n",
    );
    for major in ["22", "16"] {
        let run = test.run(major, &[]);
        run.assert_failed(
            "Playback(no-such-monkeys) did not play its sound (PLAYBACKSTATUS is FAILED)",
        );
        assert!(run.text.contains("WARNING"), "the server's own words are missing: {}", run.text);
    }
}

#[test]
fn a_sound_that_is_not_there_fails_although_thousands_of_events_came_after_it() {
    let test = Folder::new(
        "same => n,Playback(no-such-monkeys)\n\
         same => n,Set(step=0)\n\
         same => n(again),Set(step=$[${step} + 1])\n\
         same => n,GotoIf($[${step} < 9000]?again)\n\
         same => n,UserEvent(TestResult,result:pass)\n",
    );
    test.run("22", &[]).assert_failed("not every sound is known to have been played");
}

#[test]
fn a_sound_whose_format_has_no_module_fails() {
    let test =
        Folder::new("same => n,Playback(beep)\nsame => n,UserEvent(TestResult,result:pass)\n");
    test.run("22", &[]).assert_passed();
    test.file("configs/ast1/modules.conf.inc", "noload => codec_gsm.so\n");
    test.run("22", &[]).assert_failed("Playback(beep) did not play its sound");
}

#[test]
fn a_call_that_cannot_be_placed_fails_with_its_reason() {
    let test = Folder::new("");
    test.file("configs/ast1/extensions.conf", "[default]\nexten => other,1,NoOp()\n");
    test.run("22", &[]).assert_failed("Local/s@default: originate failed");
}

#[test]
fn a_server_that_is_not_there_is_told_within_a_second() {
    let run = Run::of(program(&["--asterisk", "/nonexistent/asterisk"]));
    assert_eq!(run.code, Some(1), "{}", run.text);
    assert!(run.last_line().contains("/nonexistent/asterisk, does not work"), "{}", run.text);
    assert!(run.told_after() < 1.0, "{}", run.text);
}

#[test]
fn a_server_that_dies_at_boot_is_told_within_a_second() {
    // A server takes a second to die in order, so this one is a program that stands in for it.
    let root = Folder::new("");
    root.file("usr/lib/asterisk/modules/pbx_config.so", "");
    root.file("usr/share/asterisk/documentation/core-en_US.xml", "");
    let script =
        "#!/bin/sh\n[ $1 = -V ] && echo Asterisk 22.0.0 && exit\necho no memory left; exit 1\n";
    let text = root.file("script", script);
    // By a child: a file that this process had open for writing cannot be executed while another
    // thread forks.
    let install = Command::new("install")
        .args(["-D", "-m", "755"])
        .arg(text)
        .arg(root.0.join("usr/sbin/asterisk"))
        .status();
    assert!(install.unwrap().success());
    let run = root.run(root.0.to_str().unwrap(), &[]);
    run.assert_failed("the server ended by itself (exit status: 1)");
    assert!(run.text.contains("no memory left"), "{}", run.text);
    assert!(run.told_after() - run.launched_after() < 1.0, "{}", run.text);
}

#[test]
fn a_server_that_refuses_its_configuration_is_told_with_its_words() {
    let test = Folder::new("");
    test.file("configs/ast1/modules.conf.inc", "require => app_nonesuch.so\n");
    for major in ["22", "16"] {
        let run = test.run(major, &[]);
        run.assert_failed("the server ended by itself (exit status: 2)");
        assert!(run.text.contains("app_nonesuch"), "{}", run.text);
    }
}

#[test]
fn a_wrong_password_is_told_as_soon_as_the_server_answers() {
    let test = Folder::new("");
    test.file(
        "configs/ast1/manager.conf",
        "[general]\nenabled = yes\nbindaddr = <<address>>\nport = <<amiport>>\n[user]\nsecret = another\n",
    );
    for major in ["22", "16"] {
        let run = test.run(major, &[]);
        run.assert_failed("login failed: the server answered: Authentication failed");
        // The server takes a second to say so; a time-out would be ten.
        assert!(run.told_after() - run.launched_after() < 8.0, "{}", run.text);
    }
}

#[test]
fn wrong_arguments_are_told_and_help_is_no_failure() {
    let run = Run::of(program(&["--timeout", "soon"]));
    assert_eq!(run.code, Some(1), "{}", run.text);
    assert!(
        run.text.contains("--timeout") && run.text.contains("number of seconds"),
        "{}",
        run.text
    );
    let run = Run::of(program(&["--help"]));
    assert_eq!(run.code, Some(0), "{}", run.text);
    for option in ["--asterisk", "--timeout", "--keep", "-v"] {
        assert!(run.text.contains(option), "{}", run.text);
    }
}

#[test]
fn a_test_that_is_not_there_is_told_with_its_name() {
    let run = Run::of(program(&["/nonexistent/test"]));
    assert_eq!(run.code, Some(1), "{}", run.text);
    assert!(
        run.last_line().contains("/nonexistent/test/test-config.yaml: ")
            && run.last_line().contains("No such file"),
        "{}",
        run.text
    );
}

#[test]
fn the_log_files_are_there_and_hold_what_they_should() {
    let test = Folder::new("same => n,UserEvent(TestResult,result:pass)\n");
    let run = test.run("22", &["--keep"]);
    assert_eq!(run.code, Some(0), "{}", run.text);
    let folder = created(&run.text).unwrap();
    let read = |name| fs::read_to_string(folder.join(name)).unwrap();
    let (full, messages) = (read("full.txt"), read("messages.txt"));
    assert!(full.contains("DEBUG") && full.contains("TestResult") && full.contains("INFO"));
    assert!(messages.contains("INFO") && !messages.contains("DEBUG"), "{messages}");
    assert!(messages.contains("the dialplan says pass"), "{messages}");
    assert!(!full.contains("mysecret"));
    fs::remove_dir_all(folder).unwrap();
}

/// A program in the middle of a call.
struct MidCall {
    child: std::process::Child,
    folder: PathBuf,
    asterisk: Pid,
}

impl MidCall {
    fn start() -> Self {
        let test = Folder::new("same => n,Answer()\nsame => n,Wait(60)\n");
        let mut command = test.command(&["--asterisk", "22"]);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut said = String::new();
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            said += &line.unwrap();
            said.push('\n');
            if said.contains("Wait(60)") {
                break;
            }
        }
        let folder = created(&said).unwrap_or_else(|| panic!("{said}"));
        let pid = fs::read_to_string(folder.join("ast1/var/run/asterisk/asterisk.pid")).unwrap();
        let asterisk = Pid::from_raw(pid.trim().parse().unwrap()).unwrap();
        Self { child, folder, asterisk }
    }

    /// Signals the program and waits for the end of its server, which would live for a minute.
    fn assert_server_dies_with(&self, signal: Signal) {
        let server = pidfd_open(self.asterisk, PidfdFlags::empty()).unwrap();
        kill_process(Pid::from_child(&self.child), signal).unwrap();
        let limit = Timespec { tv_sec: 10, tv_nsec: 0 };
        let ended = poll(&mut [PollFd::new(&server, PollFlags::IN)], Some(&limit)).unwrap();
        assert_eq!(ended, 1, "Asterisk is still there");
    }
}

impl Drop for MidCall {
    fn drop(&mut self) {
        // Nothing is left to kill unless the test has failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_killed_program_takes_its_server_along_and_the_next_run_sweeps() {
    let mut run = MidCall::start();
    run.assert_server_dies_with(Signal::KILL);
    run.child.wait().unwrap();
    let next = Folder::new("same => n,UserEvent(TestResult,result:pass)\n").run("22", &[]);
    next.assert_passed();
    assert!(!run.folder.exists(), "{} was not swept", run.folder.display());
}

#[test]
fn an_interrupted_program_cleans_up_after_itself() {
    for signal in [Signal::INT, Signal::TERM] {
        let mut run = MidCall::start();
        run.assert_server_dies_with(signal);
        assert_eq!(run.child.wait().unwrap().code(), Some(1));
        assert!(!run.folder.exists());
    }
}
