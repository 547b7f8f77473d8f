//! Programs that stand in for a server, for the ugly ends.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use instance::{BootError, BootFailure, Builder, FindError, Server, Stage, Want};

use crate::support::{AGES, Scratch, assert_gone, processes};

async fn boot(script: &str, timeout: Duration) -> BootError {
    let root = Scratch::new();
    let server = root.server(script).await;
    let sandbox = Builder::new(server).boot_timeout(timeout).build().unwrap();
    let error = sandbox.boot().await.unwrap_err();
    assert_eq!(processes(&error.folder), [0; 0], "processes are left");
    assert!(error.folder.exists());
    fs::remove_dir_all(&error.folder).unwrap();
    error
}

#[tokio::test]
async fn a_missing_binary_is_told_at_once() {
    let begun = Instant::now();
    let error = Server::find(&Want::Path("/nonexistent/asterisk".into())).await.unwrap_err();
    assert!(matches!(error, FindError::Named { .. }));
    let shown = format!("{:#}", anyhow::Error::from(error));
    assert!(shown.contains("/nonexistent/asterisk") && shown.contains("No such file"), "{shown}");
    assert!(begun.elapsed() < AGES / 2);
}

#[tokio::test]
async fn a_program_that_is_no_server_is_told_apart() {
    let error = Server::find(&Want::Path("/bin/false".into())).await.unwrap_err();
    let shown = format!("{:#}", anyhow::Error::from(error));
    assert!(shown.contains("did not say its version"), "{shown}");
}

#[tokio::test]
async fn a_server_that_dies_at_boot_is_told_at_once_with_its_last_words() {
    let begun = Instant::now();
    let error = boot("echo some chatter; echo the reason >&2; exit 3", AGES).await;
    assert!(begun.elapsed() < AGES / 2, "it waited");
    assert_eq!(error.stage, Stage::Launched);
    assert!(matches!(error.failure, BootFailure::Exited(status) if status.code() == Some(3)));
    assert_eq!(error.last_words, ["some chatter", "the reason"]);
    assert!(error.to_string().contains("the reason"), "{error}");
}

#[tokio::test]
async fn a_server_that_hangs_at_boot_is_ended_with_its_children() {
    let script = r#"trap '' TERM INT HUP; sleep 1000 & echo "$3"; while :; do wait; done"#;
    let error = boot(script, Duration::from_millis(300)).await;
    assert!(matches!(error.failure, BootFailure::Timeout(_)), "{error}");
    assert_eq!(error.stage, Stage::Launched);
}

#[tokio::test]
async fn a_server_that_floods_its_output_is_not_held_up() {
    // More than any pipe takes.
    let error = boot("yes chatter | head -c 5000000; echo the end; exit 4", AGES).await;
    assert_eq!(error.last_words.last().unwrap(), "the end");
}

#[tokio::test]
async fn a_child_that_a_dead_server_leaves_is_ended() {
    let scratch = Scratch::new();
    let pid = scratch.0.join("pid");
    // The child says that it runs before its parent goes.
    let script = format!("sleep 1000 & echo $! > {}; exit 0", pid.display());
    boot(&script, AGES).await;
    let pid = fs::read_to_string(pid).unwrap();
    let state = fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    // It may wait to be reaped by init.
    assert!(state.is_empty() || state.contains(") Z "), "{state}");
}

#[tokio::test]
async fn a_server_that_listens_to_nothing_else_is_killed_when_dropped() {
    let root = Scratch::new();
    let server = root.server("trap '' TERM INT HUP; while :; do sleep 1000; done").await;
    let sandbox = Builder::new(server).build().unwrap();
    let folder = sandbox.folder().to_owned();
    let booting = tokio::time::timeout(Duration::from_millis(200), sandbox.boot()).await;
    assert!(booting.is_err());
    assert_gone(&folder);
}

#[tokio::test]
async fn an_unused_sandbox_goes_away() {
    let root = Scratch::new();
    let server = root.server("exit 1").await;
    let sandbox = Builder::new(server).build().unwrap();
    let folder: PathBuf = sandbox.folder().to_owned();
    assert!(folder.join("ast1/etc/asterisk/asterisk.conf").exists());
    drop(sandbox);
    assert_gone(&folder);
}
