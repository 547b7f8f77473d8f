//! The program, as a test in another language uses it; and what is left when it is killed.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::fd::AsFd;
use std::os::unix::fs::symlink;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};

use ami::{Config, Originate};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};
use serde_json::Value;

use crate::support::{AGES, Scratch, VERSIONS, assert_gone, is_alive, processes, server};

mod boot_log;
mod command;
mod ends;
mod login;
mod paths;

const DIALPLAN: &str = "[default]
exten => child,1,Answer()
same => n,System(setsid sh -c 'echo $$ > <<astspooldir>>/child.new\\; mv <<astspooldir>>/child.new <<astspooldir>>/child\\; exec sleep 1000' &)
same => n,Wait(600)
";

/// The program while it holds its servers.
struct Program {
    child: Child,
    output: BufReader<ChildStdout>,
    instances: Vec<Value>,
}

fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_instance"));
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    command
}

/// A cache of a test's own, with the user's servers and their documentation.
async fn cache() -> Scratch {
    let cache = Scratch::new();
    for major in VERSIONS {
        let binary = server(major).await.binary().to_owned();
        symlink(binary.ancestors().nth(3).unwrap(), cache.0.join(major.to_string())).unwrap();
    }
    let documentation = instance::cache_folder().map(|cache| cache.join("documentation"));
    if let Some(documentation) = documentation.filter(|folder| folder.is_dir()) {
        symlink(documentation, cache.0.join("documentation")).unwrap();
    }
    cache
}

impl Program {
    /// Boots, and reads where the instances are.
    fn boot(arguments: &[&str]) -> Self {
        let modules = "pbx_config,app_system";
        let mut command = command();
        command.args(["boot", "--json", "--modules", modules]).args(arguments);
        Self::start(command)
    }

    fn start(command: Command) -> Self {
        let mut program = Self::spawn(command);
        let line = program.line();
        let booted: Value = serde_json::from_str(&line).unwrap_or_default();
        assert!(booted.is_null() || booted["format"] == 1, "{line}");
        program.instances = booted["instances"].as_array().cloned().unwrap_or_default();
        program
    }

    /// Starts it, and reads nothing yet.
    fn spawn(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self { child, output, instances: Vec::new() }
    }

    /// The next line, with its end; empty at the end of all.
    fn line(&mut self) -> String {
        let mut line = String::new();
        if self.output.buffer().is_empty() {
            wait_for_output(self.output.get_ref());
        }
        self.output.read_line(&mut line).unwrap();
        line
    }

    /// The lines up to one that has a word in it.
    fn text_until(&mut self, word: &str) -> String {
        let mut text = String::new();
        while !text.lines().last().is_some_and(|line| line.contains(word)) {
            let line = self.line();
            assert!(!line.is_empty(), "no {word:?}: {text}");
            text.push_str(&line);
        }
        text
    }

    /// Stops reading.
    fn close(&mut self) {
        let (nothing, _) = std::io::pipe().unwrap();
        self.output = BufReader::new(ChildStdout::from(std::os::fd::OwnedFd::from(nothing)));
    }

    fn text(&self, at: usize, key: &str) -> String {
        self.instances[at][key].as_str().unwrap_or_else(|| panic!("no {key}")).to_owned()
    }

    fn folder(&self) -> PathBuf {
        self.text(0, "folder").into()
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits for the end: what else it printed, and how it ended.
    fn end(self) -> (Vec<Value>, ExitStatus) {
        let mut rest = String::new();
        let status = self.rest(&mut rest);
        let lines = rest.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        (lines, status)
    }

    /// Waits for the end, and adds what else it printed.
    fn rest(mut self, text: &mut String) -> ExitStatus {
        self.output.read_to_string(text).unwrap();
        self.child.wait().unwrap()
    }

    /// Returns the error output until the end of the program.
    fn errors(&mut self) -> String {
        let (mut errors, mut stderr) = (String::new(), self.child.stderr.take().unwrap());
        wait_for_output(&stderr);
        stderr.read_to_string(&mut errors).unwrap();
        errors
    }
}

/// Waits until there is something to read, or the end, but not for ever.
fn wait_for_output(output: &impl AsFd) {
    let patience = Timespec { tv_sec: AGES.as_secs().try_into().unwrap(), tv_nsec: 0 };
    let mut output = [PollFd::new(output, PollFlags::IN)];
    assert_eq!(poll(&mut output, Some(&patience)), Ok(1), "it prints nothing");
}

impl Drop for Program {
    /// A test that fails does not leave it.
    fn drop(&mut self) {
        // It has ended, if the test came to its end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The output of a command that has ended. The folders that it kept are removed.
struct Said {
    code: Option<i32>,
    out: String,
    error: String,
}

impl Said {
    fn by(command: &mut Command) -> Self {
        let output = command.stderr(Stdio::piped()).output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        for kept in error.split("the sandbox is kept: ").skip(1) {
            let kept = kept.split([':', '\n']).next().unwrap();
            // It may be told twice.
            let _ = fs::remove_dir_all(kept);
        }
        Self { code: output.status.code(), out: String::from_utf8(output.stdout).unwrap(), error }
    }
}

#[tokio::test]
async fn it_boots_tells_where_holds_and_stops() {
    for major in VERSIONS {
        server(major).await;
        let test = Scratch::new();
        test.file(
            "configs/ast1/extensions.conf",
            "[default]\nexten => <<ast2.address>>,1,NoOp()\n",
        );
        test.file("configs/ast2/extensions.conf", "[default]\n");
        let (folder, major) = (test.0.to_str().unwrap(), major.to_string());
        for signal in [Signal::INT, Signal::TERM] {
            let program = Program::boot(&["--asterisk", &major, "--test", folder]);
            assert_eq!(program.instances.len(), 2);
            let config = Config::new(program.text(0, "user"), program.text(0, "secret"));
            let client = config.connect(program.text(0, "ami")).await.unwrap();
            let dialplan = client.command("dialplan show default").await.unwrap().to_string();
            assert!(dialplan.contains(&program.text(1, "address")), "{dialplan}");
            let listed = command().arg("list").output().unwrap().stdout;
            let listed = String::from_utf8(listed).unwrap();
            let run = format!("sandbox  running      {}", program.text(0, "folder"));
            assert!(listed.contains(&run) && listed.contains("server   "), "{listed}");
            let folder = program.folder();
            program.signal(signal);
            let (lines, status) = program.end();
            assert!(status.success(), "{status}");
            let stopped = lines[0]["stopped"].as_array().unwrap();
            assert_eq!(stopped.len(), 2);
            assert_eq!(stopped[0]["by"], "core stop now");
            assert_eq!(stopped[0]["findings"], serde_json::json!([]));
            assert_gone(&folder);
        }
    }
}

#[tokio::test]
async fn it_ends_when_the_program_at_its_input_does() {
    server(22).await;
    let mut command = command();
    command.args(["boot", "--json", "--modules", "pbx_config", "--until-input-ends"]);
    command.stdin(Stdio::piped());
    let mut program = Program::start(command);
    let folder = program.folder();
    assert!(folder.exists());
    drop(program.child.stdin.take());
    let (_, status) = program.end();
    assert!(status.success(), "{status}");
    assert_gone(&folder);
}

#[tokio::test]
async fn a_server_that_dies_ends_it_and_leaves_evidence() {
    server(22).await;
    let program = Program::boot(&["--asterisk", "22"]);
    let folder = program.folder();
    let pid = program.instances[0]["pid"].as_i64().unwrap();
    kill_process(Pid::from_raw(pid.try_into().unwrap()).unwrap(), Signal::KILL).unwrap();
    let (lines, status) = program.end();
    assert_eq!(status.code(), Some(1));
    let found = lines[0]["stopped"][0]["findings"][0].as_str().unwrap();
    assert!(found.contains("signal 9"), "{found}");
    assert!(folder.join("ast1/var/log/asterisk/full.txt").exists());
    fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn what_is_wrong_is_told_on_the_error_output() {
    server(22).await;
    for (arguments, code, word) in [
        (&["boot", "/nonexistent/configs"][..], 1, "/nonexistent/configs: No such file"),
        (&["boot", "--test", "/nonexistent"], 1, "/nonexistent"),
        (&["boot", "--asterisk", "/nonexistent"], 1, "does not work"),
        (&["boot", "--modules", "app_nonesuch"], 1, "app_nonesuch"),
        (&["boot", "--address", "8.8.8.8"], 1, "8.8.8.8"),
        (&["fetch", "99"], 1, "99"),
        (&["bout"], 2, "boot"),
    ] {
        let said = Said::by(command().args(arguments));
        assert_eq!(said.code, Some(code), "{arguments:?}: {}", said.error);
        assert!(said.error.contains(word), "{arguments:?}: {}", said.error);
    }
}

#[tokio::test]
async fn two_processes_at_once_never_meet() {
    server(22).await;
    let test = Scratch::new();
    for number in 1..=8 {
        test.file(&format!("configs/ast{number}/extensions.conf"), "[default]\n");
    }
    let arguments = ["--asterisk", "22", "--test", test.0.to_str().unwrap()];
    for _ in 0..4 {
        let (one, two) = std::thread::scope(|scope| {
            let one = scope.spawn(|| Program::boot(&arguments));
            let two = scope.spawn(|| Program::boot(&arguments));
            (one.join().unwrap(), two.join().unwrap())
        });
        let mut addresses = Vec::new();
        for program in [&one, &two] {
            addresses.extend((0..8).map(|at| program.text(at, "address")));
        }
        addresses.sort();
        addresses.dedup();
        assert_eq!(addresses.len(), 16);
        for program in [one, two] {
            let folder = program.folder();
            program.signal(Signal::INT);
            let (lines, status) = program.end();
            assert!(status.success(), "{status} {lines:?}");
            assert_gone(&folder);
        }
    }
}

/// The processes that a process has started.
fn children(parent: u32) -> Vec<u32> {
    let pids = fs::read_dir("/proc").unwrap().flatten();
    let pids = pids.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let is_child = |pid: &u32| {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        status.lines().any(|line| line == format!("PPid:\t{parent}"))
    };
    pids.filter(is_child).collect()
}

/// The guard of a program.
fn guard(program: &Program) -> Pid {
    let is_guard = |pid: &u32| {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains("asterisk-instance-guard")
    };
    let guard = children(program.child.id()).into_iter().find(is_guard).expect("a guard");
    Pid::from_raw(guard.try_into().unwrap()).unwrap()
}

/// A program with a server that has a child of its own, which has left its process group.
async fn with_child(root: &str) -> (Program, u32) {
    server(22).await;
    let test = Scratch::new();
    test.file("extensions.conf", DIALPLAN);
    let configs = test.0.to_str().unwrap();
    let program = Program::boot(&["--asterisk", "22", "--root", root, configs]);
    let client = Config::new("user", "mysecret").connect(program.text(0, "ami")).await.unwrap();
    let file = Path::new(&program.text(0, "spool")).join("child");
    let call = Originate::to_application("Local/child@default", "Wait", "600");
    client.originate(call).await.unwrap();
    let begun = std::time::Instant::now();
    while !file.exists() {
        client.call(ami::Action::new("Ping")).await.unwrap();
        assert!(begun.elapsed() < AGES, "no child");
    }
    let child = fs::read_to_string(file).unwrap().trim().parse().unwrap();
    assert!(is_alive(child));
    (program, child)
}

#[tokio::test]
async fn nothing_is_left_of_a_process_that_is_killed() {
    let (program, child) = with_child("/tmp").await;
    let folder = program.folder();
    let guard = pidfd_open(guard(&program), PidfdFlags::empty()).unwrap();
    program.signal(Signal::KILL);
    assert_eq!(program.end().1.signal(), Some(9));
    // It ends when it has done.
    let patience = Timespec { tv_sec: AGES.as_secs().try_into().unwrap(), tv_nsec: 0 };
    assert_eq!(poll(&mut [PollFd::new(&guard, PollFlags::IN)], Some(&patience)), Ok(1));
    assert!(!is_alive(child));
    assert_gone(&folder);
}

#[tokio::test]
async fn what_a_killed_process_leaves_without_its_guard_is_swept() {
    let root = Scratch::new();
    let place = root.0.to_str().unwrap();
    let (program, child) = with_child(place).await;
    let folder = program.folder();
    let kept = Program::boot(&["--asterisk", "22", "--root", place, "--keep"]);
    let kept_folder = kept.folder();
    kept.signal(Signal::INT);
    kept.end();
    for pid in [guard(&program), Pid::from_child(&program.child)] {
        kill_process(pid, Signal::KILL).unwrap();
    }
    program.end();
    let say = |arguments: &[&str]| {
        let output = command().args(arguments).args(["--root", place]).output().unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    };
    let listed = say(&["list"]);
    assert!(listed.contains(&format!("stale        {}", folder.display())), "{listed}");
    assert!(listed.contains(&format!("kept         {}", kept_folder.display())), "{listed}");
    assert!(is_alive(child));
    assert_eq!(say(&["sweep"]), format!("removed {}\n", folder.display()));
    assert!(!is_alive(child));
    assert_gone(&folder);
    assert!(kept_folder.exists());
    assert_eq!(say(&["sweep", "--kept"]), format!("removed {}\n", kept_folder.display()));
    assert_eq!(processes(&root.0), [0; 0]);
}

#[tokio::test]
async fn a_server_inherits_what_it_needs_and_no_secret() {
    let server = server(22).await;
    let root = server.binary().ancestors().nth(3).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_instance"));
    command.args(["boot", "--json", "--until-input-ends", "--modules", "pbx_config", "--asterisk"]);
    command.arg(root).stdin(Stdio::piped()).stdout(Stdio::piped());
    let needed = [
        ("LC_ALL", "C"),
        ("TZ", "Asia/Tokyo"),
        ("PYTHONPATH", "/suite/lib"),
        ("AST_TEST_ROOT", "/suite"),
        ("UBSAN_OPTIONS", "print_stacktrace=1"),
    ];
    let secret = [("GITHUB_TOKEN", "secret-1"), ("PGPASSWORD", "secret-2"), ("LISTEN_FDS", "3")];
    let mut child = command.envs(needed).envs(secret).spawn().unwrap();
    let mut line = String::new();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    output.read_line(&mut line).unwrap();
    let booted: Value = serde_json::from_str(&line).unwrap();
    let pid = &booted["instances"][0]["pid"];
    let environment = fs::read_to_string(format!("/proc/{pid}/environ")).unwrap();
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
    let variables: Vec<_> = environment.split('\0').collect();
    for (name, value) in needed {
        let begin = format!("{name}={value}");
        assert!(variables.iter().any(|it| it.starts_with(&begin)), "{name}: {variables:?}");
    }
    for (name, _) in secret {
        assert!(!variables.iter().any(|it| it.starts_with(name)), "{name}: {variables:?}");
    }
    for name in ["PATH=", "ASTERISK_INSTANCE=", "NOTIFY_SOCKET="] {
        assert!(variables.iter().any(|it| it.starts_with(name)), "{name}: {variables:?}");
    }
}
