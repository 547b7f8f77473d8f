//! The commands of `cli/README.md`.

use std::os::unix::fs::symlink;

use tempfile::TempDir;
use tokio::process::Command;

use crate::events::kit::{offline, run};

/// The message of clap about a command line that it does not understand.
const WRONG: &str = "For more information, try '--help'.";

/// Returns a line that ends soon: a bridge goes on until it is told to end.
fn short(line: &str) -> String {
    if line.starts_with("ami bridge") { format!("{line} --help") } else { line.to_owned() }
}

/// Returns the lines of the README's blocks for shells that run the program, but for those that
/// boot or install.
fn lines() -> Vec<&'static str> {
    let blocks = include_str!("../../README.md").split("```").skip(1).step_by(2);
    let lines = blocks.filter_map(|it| it.strip_prefix("sh\n")).flat_map(str::lines);
    lines.filter(|it| it.contains("ami ") && !it.starts_with("ami try")).collect()
}

/// Runs a line in a shell, in a folder where `ami` is the program, with a server that is not there.
async fn of_line(line: &str, folder: &TempDir) -> String {
    // Nobody listens on that port.
    let line = short(line).replace("pbx.example.org", "127.0.0.1:1");
    let mut command = Command::new("sh");
    command.args(["-c", &line]).current_dir(folder).env("HOME", folder.path());
    let path = std::env::var("PATH").unwrap();
    command.env("PATH", format!("{}:{path}", folder.path().display()));
    command.env_remove("XDG_CONFIG_HOME").env_remove("AMI_CONTEXTS");
    command.env("AMI_SERVER", "user@127.0.0.1:1").env("AMI_SECRET", "mysecret");
    command.stdin(std::process::Stdio::null()).kill_on_drop(true);
    run(command).await.stderr
}

#[tokio::test]
async fn the_program_understands_all_command_lines_of_its_readme() {
    let folder = TempDir::new().unwrap();
    symlink(env!("CARGO_BIN_EXE_ami"), folder.path().join("ami")).unwrap();
    let lines = lines();
    assert!(lines.len() > 40, "{lines:#?}");
    for line in lines {
        let said = of_line(line, &folder).await;
        assert!(!said.contains(WRONG), "{line}: {said}");
    }
    let wrong = run(offline(&["tail", "--bogus"])).await;
    assert!(wrong.stderr.contains(WRONG), "{wrong:?}");
}
