//! `ami completion` and `ami man`.

use std::fs;
use std::process::Stdio;

use tempfile::TempDir;
use tokio::process::Command;

use crate::events::kit::{offline, run};

async fn script(shell: &str) -> String {
    let ended = run(offline(&["completion", shell])).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    ended.text()
}

#[tokio::test]
async fn bash_completes_commands_and_options() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("ami.bash");
    fs::write(&file, script("bash").await).unwrap();
    let complete = |words: &'static [&'static str]| {
        let asked = r#"source "$1" && shift && COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) \
            && _ami "$1" "${!#}" "${@: -2:1}" && printf '%s\n' "${COMPREPLY[@]}""#;
        let mut bash = Command::new("bash");
        bash.args(["--norc", "-euc", asked, "bash"]).arg(&file).args(words);
        bash.stdin(Stdio::null());
        run(bash)
    };
    for (words, found) in [
        (&["ami", "compl"][..], "completion\n"),
        (&["ami", "tail", "--unt"], "--until\n"),
        (&["ami", "calls", "--servers"], "--servers\n"),
        (&["ami", "bridge", "--spool-d"], "--spool-disk\n--spool-dir\n"),
        (&["ami", "completion", "power"], "powershell\n"),
    ] {
        let ended = complete(words).await;
        assert_eq!((ended.code, &*ended.text()), (Some(0), found), "{ended:?}");
    }
}

/// Loads a script in a shell, if the shell is installed. Returns `false` if it is not.
async fn loads(shell: &str, arguments: &[&str]) -> bool {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("_ami");
    fs::write(&file, script(shell).await).unwrap();
    let mut command = Command::new(shell);
    command.args(arguments).arg(&file).stdin(Stdio::null()).env("HOME", folder.path());
    match command.output().await {
        Ok(output) => {
            assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
            true
        }
        Err(error) => {
            assert_eq!(error.kind(), std::io::ErrorKind::NotFound, "{error}");
            eprintln!("{shell} is not installed");
            false
        }
    }
}

#[tokio::test]
async fn zsh_and_fish_load_their_scripts_where_they_are_installed() {
    let zsh = "autoload -Uz compinit && compinit -u -d $HOME/dump && source $1 && (( $+functions[_ami] ))";
    loads("zsh", &["-fc", zsh, "zsh"]).await;
    loads(
        "fish",
        &["--no-config", "-c", "source $argv[1]; and complete -c ami | grep -q completion"],
    )
    .await;
    for shell in ["elvish", "powershell"] {
        assert!(script(shell).await.contains("completion"), "{shell}");
    }
}

#[tokio::test]
async fn the_help_of_a_command_has_its_exit_codes() {
    for name in [
        "ping", "tail", "wait", "do", "cli", "call", "hangup", "record", "replay", "doctor",
        "bridge", "channels",
    ] {
        let help = run(offline(&[name, "--help"])).await.text();
        assert!(help.contains("xit code"), "{name}: {help}");
    }
}

#[tokio::test]
async fn each_command_has_a_manual_page() {
    let page = run(offline(&["man"])).await;
    assert!(page.text().contains(".TH ami 1") && page.text().contains("130"), "{page:?}");
    let folder = TempDir::new().unwrap();
    let written = run(offline(&["man", "--out", folder.path().to_str().unwrap()])).await;
    assert_eq!(written.code, Some(0), "{written:?}");
    for name in ["ami.1", "ami-tail.1", "ami-wait.1", "ami-bridge.1", "ami-man.1"] {
        assert!(folder.path().join(name).exists(), "{name}");
    }
    let page = fs::read_to_string(folder.path().join("ami-tail.1")).unwrap();
    assert!(page.contains(r"\-\-until"), "{page}");

    let missing = folder.path().join("missing");
    let failed = run(offline(&["man", "--out", missing.to_str().unwrap()])).await;
    assert_eq!(failed.code, Some(1), "{failed:?}");
    assert!(failed.stderr.contains("writing the pages"), "{failed:?}");
    for words in [&["man", "--json"][..], &["completion", "bash", "--raw"], &["completion", "x"]] {
        assert_eq!(run(offline(words)).await.code, Some(2));
    }
}
