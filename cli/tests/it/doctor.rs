//! `ami doctor`.

use std::process::Stdio;

use ami::testing::{Reply, Script, Server};
use instance::Instance;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::time::timeout;

use super::program::{AGES, Program, Ran, VERSIONS, WEAK, boot, builder, end, host};

/// Runs the doctor with `--json`, and returns the checks by name: state and text.
fn checks(ran: &Ran) -> Vec<Value> {
    ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[track_caller]
fn expect(ran: &Ran, check: &str, state: &str, text: &str) {
    let checks = checks(ran);
    let found = checks.iter().find(|it| it["check"] == check);
    let found = found.unwrap_or_else(|| panic!("no {check}: {ran:#?}"));
    let matches = found["state"] == state && found["text"].as_str().unwrap().contains(text);
    assert!(matches, "{check}: expected {state} {text}: {found}\n{ran:#?}");
}

/// Returns the lines that `manager.conf` lacks.
fn lines(ran: &Ran) -> Vec<String> {
    let found = checks(ran).into_iter().find_map(|it| it.get("manager.conf").cloned());
    let found = found.as_ref().and_then(Value::as_array).cloned().unwrap_or_default();
    found.iter().map(|line| line.as_str().unwrap().to_owned()).collect()
}

/// Pastes lines into `manager.conf` as they are, where the sections go on, and loads the file. The
/// user may then also ask for its own section.
async fn paste(instance: &Instance, lines: &[String]) {
    let conf = instance.sandbox().etc().join("manager.conf");
    let text = std::fs::read_to_string(&conf).unwrap();
    let lines = lines.join("\n").replace("]\n", "](+)\n");
    let write = "write = command,system,reporting,originate";
    std::fs::write(&conf, format!("{text}\n{lines}\n{write}\n")).unwrap();
    instance.reload(Some("manager")).await.unwrap();
}

const QUICK: [&str; 2] = ["--sample", "10ms"];

#[tokio::test]
async fn the_lines_that_are_missing_make_the_user_well() {
    for major in VERSIONS {
        let users = format!("{WEAK}eventfilter = !Event: Newexten\n");
        let more = "disabledevents = Registry\n";
        let builder = builder(major).await.append("manager.general.conf.inc", more);
        let instance = boot(builder.file("manager.users.conf.inc", &*users)).await;
        let server = format!("weak@{}", host(&instance));
        let program = Program::new().env("AMI_SECRET", "weaksecret");
        let needs = "Hangup,QueueMemberStatus,FullyBooted,action:Originate,action:Ping";
        let arguments = ["doctor", "--json", "-s", &server, "--needs", needs];
        let arguments = [&arguments[..], &QUICK].concat();
        let ran = program.run(&arguments).await;
        assert_eq!(ran.code, 1, "{ran:#?}");
        expect(&ran, "connection", "ok", "from --server");
        expect(&ran, "login", "ok", "as \"weak\", the secret from AMI_SECRET");
        expect(&ran, "server", "ok", &format!("Asterisk {major}."));
        expect(&ran, "booted", "ok", "fully");
        expect(&ran, "clock", "ok", "this machine");
        expect(&ran, "read", "ok", "system");
        expect(&ran, "Hangup", "bad", "does not come without `read = …,call`");
        expect(&ran, "QueueMemberStatus", "bad", "agent");
        expect(&ran, "FullyBooted", "ok", "system");
        expect(&ran, "action Originate", "bad", "originate");
        expect(&ran, "action Ping", "ok", "may be sent");
        expect(&ran, "timestampevents", "note", "no: ");
        expect(&ran, "event filters", "note", "not asked");
        let missing = lines(&ran);
        assert_eq!(
            missing,
            [
                "[general]",
                "timestampevents = yes",
                "[weak]",
                "read = system,call,agent",
                "write = command,reporting,originate",
            ]
        );

        paste(&instance, &missing).await;
        let ran = program.run(&arguments).await;
        for name in ["Hangup", "QueueMemberStatus", "action Originate", "timestampevents"] {
            expect(&ran, name, "ok", "");
        }
        expect(&ran, "event filters", "note", "1 hold back events: eventfilter = !Event: Newexten");
        expect(&ran, "writetimeout", "note", "100 ms");
        assert_eq!(lines(&ran), ["[weak]", "writetimeout = 5000"]);
        assert_eq!(ran.code, 0, "{ran:#?}");
        let ran = program
            .run(&["doctor", "--json", "-s", &server, "--needs", "Registry", QUICK[0], QUICK[1]])
            .await;
        expect(&ran, "Registry", "bad", "sends it to nobody");
        end(instance).await;
    }
}

#[tokio::test]
async fn what_the_server_does_not_tell_is_not_guessed() {
    const USERS: &str = "[mute]\nsecret = weaksecret\nread = call\nwrite = call\n\
        [told]\nsecret = weaksecret\nread = system\nwrite = call\n";
    for major in VERSIONS {
        let builder = builder(major).await.file("manager.users.conf.inc", USERS);
        let instance = boot(builder).await;
        let server = format!("mute@{}", host(&instance));
        let program = Program::new().env("AMI_SECRET", "weaksecret");
        let needs = ["doctor", "--json", "--needs", "Hangup,action:Redirect,action:Originate"];
        let ran = program.run(&[&needs[..], &["-s", &server], &QUICK[..]].concat()).await;
        expect(&ran, "server", "note", "its version is not told");
        expect(&ran, "booted", "note", "not told");
        expect(&ran, "read", "note", "not told");
        expect(&ran, "Hangup", "warn", "if it comes is not told");
        expect(&ran, "action Redirect", "ok", "may be sent");
        expect(&ran, "action Originate", "bad", "originate");
        let line = "; add to `write`, which the server does not tell: originate";
        assert_eq!((ran.code, lines(&ran)), (1, vec!["[mute]".to_owned(), line.to_owned()]));
        let server = server.replace("mute", "told");
        let ran = program.run(&[&["doctor", "--json", "-s", &server], &QUICK[..]].concat()).await;
        expect(&ran, "booted", "ok", "fully");
        end(instance).await;
    }
}

#[tokio::test]
async fn people_see_the_checks_and_the_lines() {
    let instance = boot(builder(22).await).await;
    let server = format!("user@{}", host(&instance));
    let program = Program::new().env("AMI_SECRET", "mysecret");
    let arguments =
        [&["doctor", "-s", &*server, "--needs", "Newchanel,Originate"], &QUICK[..]].concat();
    let text = program.run(&arguments).await.ok();
    for line in [
        "ok    login               as \"user\", the secret from AMI_SECRET\n",
        "warn  Newchanel           no documented event has this name\n",
        "for the action, name action:Originate\n",
        "ok    writetimeout        5000 ms\n",
        "; manager.conf, then `manager reload`, and log in again\n[general]\ntimestampevents = yes\n",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    assert!(!text.contains('\x1b'), "{text}");
    let colored = program.run(&[&arguments[..], &["--color", "always"]].concat()).await.ok();
    assert!(colored.contains("\x1b[32mok  \x1b[0m"), "{colored}");
    program.run(&["doctor", "--raw"]).await.failed(2, "checks are for people");
    end(instance).await;
}

#[tokio::test]
async fn a_login_that_fails_is_told_as_a_check() {
    let instance = boot(builder(16).await).await;
    let host = host(&instance);
    let program = Program::new().env("AMI_SECRET", "wrongsecret");
    let server = format!("user@{host}");
    let ran = program.run(&["doctor", "--json", "-s", &server]).await;
    assert_eq!((ran.code, &*ran.stderr), (4, ""), "{ran:#?}");
    expect(&ran, "connection", "ok", "");
    expect(&ran, "login", "bad", "Authentication failed");
    let server = format!("user@{host}:5037");
    let ran = program.run(&["doctor", "--json", "-s", &server]).await;
    assert_eq!((ran.code, &*ran.stderr), (3, ""), "{ran:#?}");
    expect(&ran, "connection", "bad", "Connection refused");
    end(instance).await;
}

#[tokio::test]
async fn monitoring_gets_one_line_and_a_code() {
    let instance = boot(builder(22).await.file("manager.users.conf.inc", WEAK)).await;
    let host = host(&instance);
    let server = |user: &str| format!("{user}@{host}");
    let right = Program::new().env("AMI_SECRET", "mysecret");
    let weak = Program::new().env("AMI_SECRET", "weaksecret");
    let wrong = Program::new().env("AMI_SECRET", "wrongsecret");
    let (user, user_weak) = (server("user"), server("weak"));
    let port = format!("{user}:5037");
    for (program, arguments, code, begin) in [
        (&right, &["-s", &*user][..], 0, "AMI OK - all checks passed | round_trip=0."),
        (&right, &["-s", &user, "--warning", "0"], 1, "AMI WARNING - round trip: "),
        (&right, &["-s", &user, "--critical", "0"], 2, "AMI CRITICAL - round trip: "),
        (
            &right,
            &["-s", &user, "--needs", "Newchanel"],
            1,
            "AMI WARNING - Newchanel: no documented",
        ),
        (
            &weak,
            &["-s", &user_weak, "--needs", "Hangup"],
            2,
            "AMI CRITICAL - Hangup: does not come",
        ),
        (&wrong, &["-s", &user], 2, "AMI CRITICAL - login: login failed"),
        (&right, &["-s", &port], 2, "AMI CRITICAL - connection: failed to connect"),
        (&right, &["-s", "nowhere"], 3, "AMI UNKNOWN - there is no context \"nowhere\""),
    ] {
        let ran = program.run(&[&["doctor", "--nagios"], &QUICK[..], arguments].concat()).await;
        let is_line = ran.stdout.starts_with(begin) && ran.stdout.lines().count() == 1;
        assert!(ran.code == code && is_line && ran.stderr.is_empty(), "{begin}: {ran:#?}");
    }
    let ran = right.run(&[&["doctor", "--nagios", "-s", &user], &QUICK[..]].concat()).await.ok();
    right.run(&["doctor", "--nagios", "--unheard"]).await.failed(3, "--unheard");
    let figures = ran.trim_end().split_once(" | ").unwrap().1;
    let names: Vec<_> = figures.split(' ').map(|it| it.split_once('=').unwrap().0).collect();
    assert_eq!(names, ["round_trip", "events"], "{ran}");
    end(instance).await;
}

#[tokio::test]
async fn a_server_that_is_odd_is_told() {
    let program = Program::new().env("AMI_SECRET", "mysecret");
    let run = async |script: Script, arguments: &[&str]| {
        let server = Server::bind().await.unwrap().script(script);
        let at = format!("user@{}", server.address());
        let all = [&["doctor", "--json", "-s", &at], &QUICK[..], arguments].concat();
        server.serve_until(program.run(&all)).await.unwrap()
    };
    let pong = Reply::success().field("Ping", "Pong").field("Timestamp", "1000.5");
    let version = Reply::success().field("AsteriskVersion", "\x1b[2J");
    let script = Script::new().answer("Ping", pong).answer("CoreSettings", version);
    let ran = run(script, &[]).await;
    expect(&ran, "clock", "warn", "s behind this machine");
    expect(&ran, "timestampevents", "note", "not told");
    assert!(!ran.stdout.contains('\x1b'), "{ran:?}");

    let ran = run(Script::new().booting(), &["--timeout", "2s"]).await;
    expect(&ran, "booted", "bad", "did not say within 2s");
    assert_eq!(ran.code, 1, "{ran:?}");

    // A server that goes away meanwhile, and one that stops.
    for reply in [Reply::none().then_close(), Reply::none().then_stall()] {
        let ran = run(Script::new().answer("Ping", reply), &["--timeout", "2s"]).await;
        assert_eq!((ran.code, &*ran.stderr), (3, ""), "{ran:#?}");
        let last = checks(&ran).pop().unwrap();
        assert_eq!((&last["check"], &last["state"]), (&"connection".into(), &"bad".into()));
    }
}

#[tokio::test]
async fn a_server_that_ends_while_events_are_counted_is_told() {
    for major in VERSIONS {
        let instance = boot(builder(major).await).await;
        let server = format!("user@{}", host(&instance));
        let program = Program::new().env("AMI_SECRET", "mysecret");
        let mut command = program.command(&["doctor", "-s", &server, "--sample", "1h"]);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut next = async || timeout(AGES, lines.next_line()).await.unwrap().unwrap();
        while !next().await.unwrap().contains("writetimeout") {}
        end(instance).await;
        let last = next().await.unwrap();
        assert!(last.starts_with("bad   connection          the connection was lost: "), "{last}");
        assert_eq!((next().await, child.wait().await.unwrap().code()), (None, Some(3)));
    }
}
