//! `ami cli`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use ami::testing::{Reply, Script};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::events::kit::{Ended, VERSIONS, ami, boot, end, run, scripted, scripted_by, start};
use crate::terminal::Terminal;

#[tokio::test]
async fn a_command_prints_what_the_server_says_and_fails_if_it_does() {
    for major in VERSIONS {
        let instance = boot(major).await;
        let cli = |words: &[&str]| run(ami(instance.ami_address(), &[&["cli"], words].concat()));
        let ended = cli(&["core", "show", "version"]).await;
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert!(ended.text().starts_with(&format!("Asterisk {major}.")), "{ended:?}");
        assert_eq!(ended.text().lines().count(), 1);
        for (command, told) in [
            ("nosuch command", "No such command 'nosuch command'"),
            ("core show channel", "Usage: core show channel"),
            ("core show application Nosuch", "not registered"),
        ] {
            let ended = cli(&[command]).await;
            assert_eq!(ended.code, Some(1), "{ended:?}");
            assert!(ended.text().contains(told), "{ended:?}");
        }
        let ended = cli(&["module unload nosuch"]).await;
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert!(ended.stderr.contains("blacklisted"), "{ended:?}");

        let ended = cli(&["nosuch", "--json"]).await;
        let [object] = &ended.objects()[..] else { panic!("{ended:?}") };
        assert_eq!((&object["v"], &object["done"]), (&1.into(), &false.into()));
        assert!(object["output"][0].as_str().unwrap().starts_with("No such command"), "{object}");
        let ended = cli(&["core show version", "--raw"]).await;
        let banner = "Asterisk Call Manager/";
        assert!(ended.text().starts_with(banner), "it is no recording: {ended:?}");
        assert!(ended.text().contains("\r\nResponse: Success\r\n"), "{ended:?}");
        assert!(ended.text().ends_with("\r\n\r\n"), "{ended:?}");
        end(instance).await;
    }
}

/// Runs the lines of a script.
async fn script(mut command: Command, lines: impl AsRef<[u8]>) -> Ended {
    command.stdin(Stdio::piped());
    let mut running = start(command);
    let mut stdin = running.child.stdin.take().unwrap();
    stdin.write_all(lines.as_ref()).await.unwrap();
    drop(stdin);
    running.end().await
}

#[tokio::test]
async fn the_lines_of_the_input_are_commands() {
    let unknown = Reply::error("Command output follows").field("Output", "No such command");
    let script_of = Script::new().answer_with("Command", move |action| {
        match &*action.text("Command").unwrap() {
            "one" => Reply::output("1"),
            "two" => Reply::output("2"),
            "hidden" => Reply::error("Command blacklisted"),
            _ => unknown.clone(),
        }
    });
    let server = scripted_by(script_of).await;
    let lines = "one\n\n# three\n  nosuch  \ntwo\nhidden\ntwo\nexit\none\n";
    for (more, code, printed) in
        [(&[][..], 1, "1\nNo such command\n"), (&["--keep-going"], 1, "1\nNo such command\n2\n2\n")]
    {
        let command = ami(server.address(), &[&["cli"], more].concat());
        let ended = server.serve_until(script(command, lines)).await.unwrap();
        assert_eq!((ended.code, &*ended.text()), (Some(code), printed), "{ended:?}");
    }
    let command = ami(server.address(), &["cli"]);
    let ended = server.serve_until(script(command, "one\ntwo\n")).await.unwrap();
    assert_eq!((ended.code, &*ended.text()), (Some(0), "1\n2\n"), "{ended:?}");
    let command = ami(server.address(), &["cli"]);
    let ended = server.serve_until(script(command, b"one\ntwo \xff\n")).await.unwrap();
    assert_eq!((ended.code, &*ended.text()), (Some(2), "1\n"), "{ended:?}");
    assert!(ended.stderr.contains("line 2 of the standard input is not UTF-8"), "{ended:?}");
}

#[tokio::test]
async fn output_is_shown_without_what_a_terminal_acts_on() {
    let output = "\x1b[1;32mgreen\x1b[0m\tcolumn \x1b[2J\u{202e}";
    let server = scripted_by(Script::new().answer("Command", Reply::output(output))).await;
    let ended = server.serve_until(run(ami(server.address(), &["cli", "x"]))).await.unwrap();
    assert_eq!(ended.text(), "green\tcolumn \\u{1b}[2J\\u{202e}\n", "{ended:?}");
}

#[tokio::test]
async fn a_server_that_goes_away_is_told() {
    for lines in [None, Some("one\n")] {
        let server = scripted().await;
        let words = if lines.is_none() { &["cli", "one"][..] } else { &["cli", "--keep-going"] };
        let mut command = ami(server.address(), words);
        command.stdin(Stdio::piped());
        let mut running = start(command);
        if let Some(lines) = lines {
            let stdin = running.child.stdin.as_mut().unwrap();
            stdin.write_all(lines.as_bytes()).await.unwrap();
        }
        let mut peer = server.accept().await.unwrap();
        peer.expect("Command").await.unwrap();
        drop(peer);
        let ended = running.end().await;
        assert_eq!(ended.code, Some(6), "{ended:?}");
        assert!(ended.stderr.contains("may have been executed"), "{ended:?}");
    }
}

/// The prompt, with a folder for its history.
fn prompt(address: impl ToString, state: &TempDir) -> Terminal {
    let mut command = ami(address, &["cli"]);
    command.env("XDG_STATE_HOME", state.path());
    Terminal::start(command)
}

#[tokio::test]
async fn the_prompt_has_completion_by_the_server_and_history() {
    for major in VERSIONS {
        let instance = boot(major).await;
        let state = TempDir::new().unwrap();
        let mut prompt_of = prompt(instance.ami_address(), &state);
        prompt_of.shows("*CLI> ").await;
        prompt_of.types("core sho\tvers\t\r");
        let shown = prompt_of.shows("built by").await;
        assert!(shown.contains("core show version"), "{shown:?}");
        assert!(shown.contains(&format!("Asterisk {major}.")), "{shown:?}");
        prompt_of.shows("*CLI> ").await;
        // Ctrl-C cancels a line, and a failure does not end the session.
        prompt_of.types("core show nonsense\x03");
        prompt_of.shows("*CLI> ").await;
        prompt_of.types("nosuch\r");
        prompt_of.shows("No such command 'nosuch'").await;
        prompt_of.shows("*CLI> ").await;
        // Several words fit.
        prompt_of.types("core set \t\t");
        let shown = prompt_of.shows("verbose").await;
        assert!(shown.contains("debug"), "{shown:?}");
        prompt_of.types("\x15exit\r");
        assert_eq!(prompt_of.end().await, Some(0));

        let file = state.path().join("ami/history");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        let kept = fs::read_to_string(&file).unwrap();
        assert!(kept.ends_with("core show version\nnosuch\nexit\n"), "{kept:?}");
        let folder = fs::metadata(state.path().join("ami")).unwrap();
        assert_eq!(folder.permissions().mode() & 0o777, 0o700);

        // The next session has the history of the last; Ctrl-D ends it.
        let mut again = prompt(instance.ami_address(), &state);
        again.shows("*CLI> ").await;
        again.types("\x1b[A\x1b[A\x1b[A\r");
        again.shows("built by").await;
        again.shows("*CLI> ").await;
        again.types("\x04");
        assert_eq!(again.end().await, Some(0));
        end(instance).await;
    }
}

#[tokio::test]
async fn the_prompt_outlives_the_server() {
    let instance = boot(22).await;
    let state = TempDir::new().unwrap();
    let mut prompt_of = prompt(instance.ami_address(), &state);
    prompt_of.shows("*CLI> ").await;
    instance.kill().await;
    prompt_of.shows("the connection is lost, connecting again").await;
    instance.restart().await.unwrap();
    prompt_of.shows("connected again").await;
    prompt_of.types("core show version\r");
    prompt_of.shows("built by").await;
    prompt_of.shows("*CLI> ").await;
    prompt_of.types("\x04");
    assert_eq!(prompt_of.end().await, Some(0));
    end(instance).await;
}

#[tokio::test]
async fn signals_end_a_command_or_the_prompt_and_the_terminal_is_as_it_was() {
    let server = scripted().await;
    let state = TempDir::new().unwrap();
    let mut prompt_of = prompt(server.address(), &state);
    let mut peer = server.accept().await.unwrap();
    peer.serve_until(prompt_of.shows("*CLI> ")).await.unwrap();
    prompt_of.types("slow\r");
    peer.expect("Command").await.unwrap();
    prompt_of.signal(rustix::process::Signal::INT);
    prompt_of.shows("not waited for: the command may have been executed").await;
    prompt_of.shows("*CLI> ").await;
    prompt_of.signal(rustix::process::Signal::TERM);
    assert_eq!(prompt_of.end().await, Some(130));
    assert!(prompt_of.echoes(), "the terminal is left in raw mode");
}

#[tokio::test]
async fn the_prompt_names_the_server_without_its_secret() {
    let server = scripted().await;
    let state = TempDir::new().unwrap();
    let contexts = state.path().join("contexts.toml");
    let address = server.address();
    let text = format!("[contexts.pbx1]\naddress = \"{address}\"\nuser = \"user\"\n");
    fs::write(&contexts, text).unwrap();
    fs::set_permissions(&contexts, fs::Permissions::from_mode(0o600)).unwrap();
    for (named, shown) in [
        (format!("user:mysecret@{address}"), format!("user@{address}*CLI> ")),
        (format!("user@{address}"), format!("user@{address}*CLI> ")),
        ("pbx1".to_owned(), "pbx1*CLI> ".to_owned()),
    ] {
        let mut command = ami(address, &["cli"]);
        command.env("AMI_SERVER", named).env("AMI_CONTEXTS", &contexts);
        command.env("XDG_STATE_HOME", state.path());
        let mut prompt_of = Terminal::start(command);
        let mut peer = server.accept().await.unwrap();
        let before = peer.serve_until(prompt_of.shows("*CLI> ")).await.unwrap();
        assert!(before.contains(&shown) && !before.contains("mysecret"), "{before:?}");
        prompt_of.types("\x04");
        assert_eq!(prompt_of.end().await, Some(0));
    }
}

#[tokio::test]
async fn a_login_that_is_refused_later_ends_the_prompt() {
    let server = scripted().await;
    let state = TempDir::new().unwrap();
    let mut prompt_of = prompt(server.address(), &state);
    let mut peer = server.accept().await.unwrap();
    peer.serve_until(prompt_of.shows("*CLI> ")).await.unwrap();
    drop(peer);
    let mut peer = server.accept_silent().await.unwrap();
    peer.refuse_login("Authentication failed").await.unwrap();
    prompt_of.shows("connecting failed for good").await;
    assert_eq!(prompt_of.end().await, Some(4));
}
