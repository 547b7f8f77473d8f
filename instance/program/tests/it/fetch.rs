//! The end of a fetch.

use std::fs;
use std::process::{Command, Stdio};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use crate::support::Scratch;

/// `apt-get` stands in for one that would take for ever. It says its number, and that of a child
/// that would hold the line.
#[test]
fn a_fetch_that_is_killed_leaves_no_tool_behind() {
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    if !release.lines().any(|line| line == "ID=debian") {
        eprintln!("left out: a server is fetched on Debian alone");
        return;
    }
    let scratch = Scratch::new();
    let numbers = scratch.0.join("numbers");
    let install = r#"mkfifo "$1/numbers" && printf '#!/bin/sh\necho $$ > %s/numbers\nexec sleep 1000\n' "$1" > "$1/apt-get" && chmod 755 "$1/apt-get""#;
    let made = Command::new("sh").args(["-c", install, "sh"]).arg(&scratch.0).status();
    assert!(made.unwrap().success());
    let path = format!("{}:{}", scratch.0.display(), std::env::var("PATH").unwrap());
    let mut fetch = Command::new(env!("CARGO_BIN_EXE_instance"))
        .args(["fetch", "22"])
        .env("PATH", path)
        .env("ASTERISK_CACHE", scratch.0.join("cache"))
        .env("ASTERISK_MIRROR", "http://mirror.invalid/debian")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let tool = fs::read_to_string(numbers).unwrap().trim().parse().unwrap();
    let tool = pidfd_open(Pid::from_raw(tool).unwrap(), PidfdFlags::empty()).unwrap();
    fetch.kill().unwrap();
    fetch.wait().unwrap();
    let limit = Timespec { tv_sec: 60, tv_nsec: 0 };
    let ended = poll(&mut [PollFd::new(&tool, PollFlags::IN)], Some(&limit)).unwrap();
    assert_eq!(ended, 1, "the tool goes on");
}
