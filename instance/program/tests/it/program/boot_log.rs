//! The errors that the program prints while a server boots.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::process::Signal;
use serde_json::Value;

use super::{Program, cache, command};
use crate::support::{Scratch, VERSIONS, server};

/// A configuration that makes one module decline. Another one does without any configuration.
fn declining() -> Scratch {
    let configs = Scratch::new();
    configs.file("extensions.conf", "[default]\nexten => a,1,NoOp()\n[oops\n");
    configs.file("modules.conf", "[modules]\nload = pbx_config.so\nload = app_amd.so\n");
    configs
}

fn boot(major: u32, configs: &Scratch, cache: &Scratch, options: &[&str]) -> Command {
    let mut command = command();
    command.args(["boot", "--asterisk", &major.to_string()]).arg(&configs.0).args(options);
    command.env("ASTERISK_CACHE", &cache.0);
    command
}

/// The text of the lines that have a word in them.
fn with(lines: &Value, word: &str) -> Vec<String> {
    let lines = lines.as_array().unwrap_or_else(|| panic!("{lines}")).iter();
    let lines = lines.map(|line| line.as_str().unwrap().to_owned());
    lines.filter(|line| line.contains(word)).collect()
}

#[tokio::test]
async fn errors_of_the_configuration_are_told_from_those_of_every_boot() {
    let (cache, configs) = (cache().await, declining());
    for major in VERSIONS {
        let program = Program::start(boot(major, &configs, &cache, &["--json"]));
        // At once: the log is behind.
        program.signal(Signal::INT);
        let (lines, status) = program.end();
        assert!(status.success());
        let stopped = &lines[0]["stopped"][0];
        assert_eq!(with(&stopped["boot_errors"], "app_amd declined").len(), 1, "{stopped}");
        let new = with(&stopped["new_boot_errors"], "");
        assert!(matches!(&new[..], [one] if one.contains("pbx_config declined")), "{new:?}");
        let warnings = with(&stopped["configuration_warnings"], "");
        assert!(matches!(&warnings[..], [one] if one.contains("no closing ']', line 3")));
    }
    assert_eq!(fs::read_dir(cache.0.join("bare")).unwrap().count(), VERSIONS.len());
}

/// The file in which the errors of the only bare boot are kept.
fn kept(cache: &Scratch) -> std::path::PathBuf {
    let mut files = fs::read_dir(cache.0.join("bare")).unwrap();
    let file = files.next().unwrap().unwrap().path();
    assert!(files.next().is_none());
    file
}

#[tokio::test]
async fn people_are_told_right_after_the_boot_and_a_bare_boot_is_made_once() {
    let (cache, configs) = (cache().await, declining());
    let said = |until: &str| {
        let mut program = Program::spawn(boot(22, &configs, &cache, &[]));
        let mut text = program.text_until(until);
        program.signal(Signal::INT);
        program.rest(&mut text);
        text
    };
    let text = said("pbx_config declined");
    let news = "errors in the log while booting, 1 of them new against a bare boot of this server:";
    assert_eq!(text.matches(news).count(), 2, "{text}");
    assert_eq!(text.matches("no closing ']'").count(), 2, "{text}");
    assert!(!text.contains("app_amd declined"), "{text}");
    let file = kept(&cache);
    let errors = fs::read_to_string(&file).unwrap();
    assert!(errors.contains("ERROR loader.c: app_amd declined to load.\n"), "{errors}");
    // What is kept counts.
    fs::write(&file, errors + "ERROR loader.c: pbx_config declined to load.\n").unwrap();
    let text = said("no closing ']'");
    assert!(text.contains("booting, none of them new"), "{text}");
    kept(&cache);
}

#[tokio::test]
async fn a_boot_without_errors_needs_no_bare_one() {
    let (cache, configs) = (cache().await, Scratch::new());
    let options = ["--modules", "pbx_config", "--json"];
    let program = Program::start(boot(22, &configs, &cache, &options));
    program.signal(Signal::INT);
    let (lines, _) = program.end();
    assert_eq!(lines[0]["stopped"][0]["new_boot_errors"], serde_json::json!([]));
    assert!(!cache.0.join("bare").exists());
}

#[tokio::test]
async fn each_key_is_documented() {
    server(22).await;
    let program = Program::boot(&["--asterisk", "22"]);
    let booted = program.instances[0].clone();
    program.signal(Signal::INT);
    let (lines, _) = program.end();
    assert_eq!(lines[0]["format"], 1);
    for facts in [&booted, &lines[0]["stopped"][0]] {
        for (key, _) in facts.as_object().unwrap() {
            assert!(include_str!("../../../../README.md").contains(&format!("`{key}`")), "{key}");
        }
    }
}

#[tokio::test]
async fn a_bare_boot_that_is_not_well_is_told_and_not_kept() {
    let (real, configs) = (server(22).await, declining());
    let command = real.command();
    let words = [command.get_program()].into_iter().chain(command.get_args());
    let words: Vec<_> = words.map(|word| word.to_str().unwrap()).collect();
    let report = "echo SUMMARY: odd > ${7%/etc/*}/var/log/asterisk/sanitizer.1";
    for (trouble, says) in [("exit 7", "exit status: 7"), (report, "SUMMARY: odd")] {
        // Whatever has not this configuration has the trouble.
        let is_ours = "grep -q oops ${7%/*}/extensions.conf";
        let script = format!("{is_ours} || {trouble}; exec {} \"$@\"", words.join(" "));
        let scratch = Scratch::new();
        scratch.server(&script).await;
        scratch.replace("usr/lib/asterisk/modules", &real.directories().modules);
        scratch.replace("usr/share/asterisk", &real.directories().data);
        let mut command = command_with(&scratch, &configs);
        command.stderr(Stdio::piped());
        let mut program = Program::start(command);
        program.signal(Signal::INT);
        let error = program.errors();
        let (lines, status) = program.end();
        assert!(status.success(), "{status}");
        let stopped = &lines[0]["stopped"][0];
        assert_eq!(with(&stopped["boot_errors"], "pbx_config declined").len(), 1, "{stopped}");
        assert!(stopped["new_boot_errors"].is_null(), "{stopped}");
        assert!(error.contains("failed to find out the errors of a bare boot"), "{error}");
        assert!(error.contains(says), "{error}");
        let kept = error.split_once("the sandbox is kept: ").unwrap().1;
        fs::remove_dir_all(kept.split([':', '\n']).next().unwrap()).unwrap();
        assert!(!scratch.0.join("bare").exists());
    }
}

/// A boot of the server in a folder, which is also the cache.
fn command_with(server: &Scratch, configs: &Scratch) -> Command {
    let mut command = command();
    command.args(["boot", "--json", "--asterisk"]).arg(&server.0).arg(&configs.0);
    command.env("ASTERISK_CACHE", &server.0);
    command
}

#[tokio::test]
async fn without_a_cache_a_bare_boot_is_made_each_time() {
    let configs = declining();
    let server = server(22).await;
    let mut command = command();
    command.args(["boot", "--json", "--asterisk"]).arg(server.binary()).arg(&configs.0);
    for variable in ["ASTERISK_CACHE", "XDG_CACHE_HOME", "HOME"] {
        command.env_remove(variable);
    }
    let program = Program::start(command);
    let folder = program.folder();
    program.signal(Signal::INT);
    let (lines, _) = program.end();
    let new = with(&lines[0]["stopped"][0]["new_boot_errors"], "");
    assert!(matches!(&new[..], [one] if one.contains("pbx_config declined")), "{new:?}");
    assert!(!Path::new(&folder).exists());
}
