//! The ends of the program, and its output then.

use std::fs::{self, File};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use rustix::fs::OFlags;
use rustix::process::{Pid, Signal, kill_process};

use super::{Program, Said, command};
use crate::support::{AGES, Scratch, assert_gone, server};

#[tokio::test]
async fn an_input_that_ends_at_once_is_the_reason() {
    server(22).await;
    let mut command = command();
    command.args(["boot", "--modules", "pbx_config", "--until-input-ends"]);
    let said = Said::by(&mut command);
    assert_eq!(said.code, Some(1));
    assert_eq!(said.error, "the standard input ended while the servers were booting\n");
    assert_eq!(said.out, "");
}

#[tokio::test]
async fn a_server_that_dies_in_the_moment_in_which_the_input_ends_counts() {
    server(22).await;
    // Which of the two is seen first is up to chance.
    for _ in 0..4 {
        let mut command = command();
        command.args(["boot", "--json", "--modules", "pbx_config", "--until-input-ends"]);
        command.stdin(Stdio::piped()).stderr(Stdio::piped());
        let mut program = Program::start(command);
        let pid = program.instances[0]["pid"].as_i64().unwrap();
        program.signal(Signal::STOP);
        drop(program.child.stdin.take());
        kill_process(Pid::from_raw(pid.try_into().unwrap()).unwrap(), Signal::KILL).unwrap();
        program.signal(Signal::CONT);
        let (folder, error) = (program.folder(), program.errors());
        let (_, status) = program.end();
        // It may be gone already, if the end of the input was seen first.
        let _ = fs::remove_dir_all(folder);
        assert_eq!(status.code(), Some(1), "{error}");
        assert!(error.contains("instance 1 ended by itself (signal: 9"), "{error}");
    }
}

#[tokio::test]
async fn the_folder_of_a_server_that_died_stays_unless_the_environment_says_never() {
    server(22).await;
    for (keep, stays) in [("failed", true), ("never", false)] {
        let mut command = command();
        command.args(["boot", "--json", "--asterisk", "22", "--modules", "pbx_config"]);
        command.env("ASTERISK_KEEP", keep).stderr(Stdio::piped());
        let mut program = Program::start(command);
        let pid = program.instances[0]["pid"].as_i64().unwrap();
        kill_process(Pid::from_raw(pid.try_into().unwrap()).unwrap(), Signal::KILL).unwrap();
        let (folder, error) = (program.folder(), program.errors());
        let (_, status) = program.end();
        assert_eq!(status.code(), Some(1), "{error}");
        assert_eq!(folder.exists(), stays, "{keep}: {error}");
        let _ = fs::remove_dir_all(folder);
    }
}

#[tokio::test]
async fn a_kept_folder_is_told_once() {
    server(22).await;
    for with_report in [false, true] {
        let mut command = command();
        command.args(["boot", "--json", "--asterisk", "22", "--modules", "pbx_config", "--keep"]);
        command.stderr(Stdio::piped());
        let mut program = Program::start(command);
        if with_report {
            // The library tells of these.
            let logs = PathBuf::from(program.text(0, "logs"));
            fs::write(logs.join("sanitizer.1"), "SUMMARY: of a test\n").unwrap();
        }
        program.signal(Signal::INT);
        let (folder, error) = (program.folder(), program.errors());
        assert!(program.end().1.success());
        assert_eq!(error, format!("the sandbox is kept: {}\n", folder.display()));
        fs::remove_dir_all(folder).unwrap();
    }
}

/// Returns `true` if a process has a file open.
fn has_open(pid: u32, file: &Path) -> bool {
    let open = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
    open.into_iter().any(|entry| fs::read_link(entry.path()).is_ok_and(|it| it == file))
}

#[tokio::test]
async fn a_signal_ends_it_while_it_makes_the_sandbox() {
    server(22).await;
    for (signal, name) in [(Signal::INT, "SIGINT"), (Signal::TERM, "SIGTERM")] {
        // Whoever makes a sandbox waits for the one who holds this.
        let root = Scratch::new();
        let folder = format!("asterisk-instance-{}", rustix::process::geteuid());
        let gate = root.file(&format!("{folder}/.lock"), "");
        let permissions = std::os::unix::fs::PermissionsExt::from_mode(0o700);
        fs::set_permissions(gate.parent().unwrap(), permissions).unwrap();
        let held = File::open(&gate).unwrap();
        held.lock().unwrap();
        let mut command = command();
        command.args(["boot", "--asterisk", "22", "--root"]).arg(&root.0).stderr(Stdio::piped());
        let mut program = Program::spawn(command);
        let begun = Instant::now();
        while !has_open(program.child.id(), &gate) {
            std::thread::yield_now();
            assert!(begun.elapsed() < AGES, "it does not come to the lock");
        }
        program.signal(signal);
        let error = program.errors();
        assert_eq!(program.end().1.code(), Some(1), "{error}");
        assert_eq!(error, format!("{name} came while the servers were booting\n"));
        drop(held);
    }
}

#[tokio::test]
async fn a_signal_ends_it_while_it_reads_the_secret() {
    let scratch = Scratch::new();
    let pipe = scratch.0.join("secret");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let mut command = command();
    command.args(["boot", "--login", "admin", "--secret-file"]).arg(&pipe);
    command.stderr(Stdio::piped());
    let mut program = Program::spawn(command);
    // It can be opened when the program reads it.
    let begun = Instant::now();
    let silent = loop {
        let nonblock = OFlags::NONBLOCK.bits().cast_signed();
        match File::options().write(true).custom_flags(nonblock).open(&pipe) {
            Ok(silent) => break silent,
            Err(_) => assert!(begun.elapsed() < AGES, "it does not read"),
        }
        std::thread::yield_now();
    };
    program.signal(Signal::INT);
    assert_eq!(program.errors(), "SIGINT came while the servers were booting\n");
    assert_eq!(program.end().1.code(), Some(1));
    drop(silent);
}

#[tokio::test]
async fn a_reader_that_goes_away_ends_it() {
    server(22).await;
    let configs = Scratch::new();
    for json in [None, Some("--json")] {
        let mut command = command();
        command.args(["boot", "--asterisk", "22", "--modules", "pbx_config"]).arg(&configs.0);
        command.args(json).stderr(Stdio::piped());
        let mut program = Program::spawn(command);
        let text = program.text_until("folder");
        let folder = text.split_once("/tmp/asterisk-instance-").unwrap().1;
        let folder = folder.split(['\n', '"']).next().unwrap();
        let folder = PathBuf::from(format!("/tmp/asterisk-instance-{folder}"));
        // As `head` does. It may be before the last word, or behind it.
        program.close();
        let error = program.errors();
        assert_eq!(program.end().1.code(), Some(1), "{error}");
        assert!(error.contains("standard output") && error.lines().count() == 1, "{error}");
        assert_gone(&folder);
    }
}

#[tokio::test]
async fn an_error_output_that_nobody_reads_leaves_nothing_behind() {
    server(22).await;
    let mut command = command();
    command.args(["boot", "--json", "--asterisk", "22", "--modules", "pbx_config", "--keep"]);
    command.stderr(Stdio::piped());
    let mut program = Program::start(command);
    drop(program.child.stderr.take());
    let folder = program.folder();
    program.signal(Signal::INT);
    let (_, status) = program.end();
    assert!(status.success(), "{status}");
    fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn help_has_the_exit_codes() {
    for arguments in [&["--help"][..], &["boot", "--help"]] {
        let said = Said::by(command().args(arguments));
        assert_eq!(said.code, Some(0));
        assert!(said.out.contains("Exit codes:"), "{}", said.out);
    }
}
