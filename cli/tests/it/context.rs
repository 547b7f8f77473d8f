//! `ami context`.

use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::process::Stdio;

use ami::testing::{Reply, Script, Server};
use serde_json::{Value, json};

use super::program::{Program, VERSIONS, boot, builder, end, host};

fn objects(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn contexts_are_added_listed_chosen_and_removed() {
    let program = Program::new();
    let run = async |arguments: &[&str]| program.run(&[&["context"], arguments].concat()).await;
    assert_eq!(run(&["ls"]).await.ok(), "   NAME  SERVER  TLS  SECRET\n");
    assert_eq!(
        run(&["add", "one", "bob@one.test", "--", "echo", "hidden"]).await.ok(),
        "added one\n"
    );
    let mode = |path| fs::metadata(path).unwrap().mode() & 0o777;
    let file = program.contexts();
    assert_eq!((mode(&*file), mode(file.parent().unwrap())), (0o600, 0o700));
    let ca = ["--tls-ca", "relative/ca.pem", "--tls-name", "x.test"];
    run(&[&["add", "two", "b%3Ab@[::1]:5039"], &ca[..]].concat()).await.ok();
    assert_eq!(
        run(&["ls"]).await.ok().lines().collect::<Vec<_>>(),
        [
            "   NAME  SERVER          TLS  SECRET",
            "*  one   bob@one.test    no   command echo",
            "   two   b:b@[::1]:5039  yes  asked for",
        ]
    );
    let here = std::env::current_dir().unwrap().join("relative/ca.pem");
    assert_eq!(
        objects(&run(&["ls", "--json"]).await.ok()),
        [
            json!({"v": 1, "context": "one", "current": true, "user": "bob",
                "address": "one.test", "tls": false, "tls_ca": null, "tls_name": null,
                "secret": "command", "program": "echo"}),
            json!({"v": 1, "context": "two", "current": false, "user": "b:b",
                "address": "[::1]:5039", "tls": true, "tls_ca": here, "tls_name": "x.test",
                "secret": "asked for", "program": null}),
        ]
    );
    assert_eq!(run(&["use", "two"]).await.ok(), "used two\n");
    run(&["use", "three"]).await.failed(2, "no context \"three\"");
    run(&["rm", "three"]).await.failed(2, "contexts are: one, two");
    run(&["add", "two", "x@y"]).await.failed(2, "hint: use --replace");
    assert_eq!(run(&["add", "two", "x@y", "--replace"]).await.ok(), "changed two\n");
    run(&["add", "a b", "x@y"]).await.failed(2, "expected letters");
    run(&["ls", "--raw"]).await.failed(2, "--raw means nothing");
    let removed = objects(&run(&["rm", "two", "--json"]).await.ok());
    assert_eq!(removed, [json!({"v": 1, "context": "two", "done": "removed"})]);
    // The current one is gone, and none takes its place.
    assert!(!run(&["ls"]).await.ok().contains('*'));
    run(&["add", "four", "x@y"]).await.ok();
    run(&["add", "five", "x@y", "--use"]).await.ok();
    assert!(run(&["ls"]).await.ok().contains("*  five"));
    run(&["add", "wide", "日本@y"]).await.ok();
    let listed = run(&["ls"]).await.ok();
    let lines = "*  five  x@y           no   asked for\n   wide  日本@y        no   asked for\n";
    assert!(listed.contains(lines), "wide letters take two columns: {listed}");
}

#[tokio::test]
async fn comments_and_unknown_keys_stay_and_a_link_stays_a_link() {
    let program = Program::new();
    let text = "# all of them\nfuture = 1\n\n# the first\n[contexts.a]\n\
        address = \"h\" # a host\nuser = \"u\"\ncolour = \"red\"\n";
    let real = program.write("dotfiles/contexts.toml", 0o600, text);
    fs::create_dir_all(program.contexts().parent().unwrap()).unwrap();
    symlink(&real, program.contexts()).unwrap();
    let ran = program.run(&["-s", "a", "ping"]).await;
    ran.failed(2, "the context a has unknown keys: colour");
    program.run(&["context", "add", "b", "v@i"]).await.ok();
    program.run(&["context", "add", "a", "w@h", "--replace"]).await.ok();
    program.run(&["context", "rm", "b"]).await.ok();
    let now = fs::read_to_string(&real).unwrap();
    assert_eq!(now, text.replace("\"u\"", "\"w\""));
    assert!(fs::symlink_metadata(program.contexts()).unwrap().is_symlink());
    assert_eq!(fs::read_dir(real.parent().unwrap()).unwrap().count(), 1);
}

#[tokio::test]
async fn programs_that_change_the_file_at_once_lose_nothing() {
    let program = Program::new();
    let names: Vec<_> = (0..12).map(|number| format!("c{number}")).collect();
    let mut children: Vec<_> = Vec::new();
    for name in &names {
        let mut command = program.command(&["context", "add", name, "u@h"]);
        children.push(command.stdout(Stdio::null()).spawn().unwrap());
    }
    for mut child in children {
        assert!(child.wait().await.unwrap().success());
    }
    let listed = objects(&program.run(&["context", "ls", "--json"]).await.ok());
    assert_eq!(listed.len(), names.len(), "{listed:?}");
    assert_eq!(fs::read_dir(program.contexts().parent().unwrap()).unwrap().count(), 1);
}

#[tokio::test]
async fn a_file_that_is_wrong_is_told_by_place_alone() {
    let program = Program::new();
    for (text, expected) in [
        ("a = 1\nsecret = \"hidden\nb = 2\n", "contexts.toml:2: expected TOML"),
        ("current = 1\n", "current: expected a text"),
        ("[contexts.a]\nuser = \"u\"\n", "contexts.a.address: expected a text, but there is no"),
        (
            "[contexts.a]\naddress = \"h\"\nuser = [\"hidden\"]\n",
            "contexts.a.user: expected a text",
        ),
        (
            "[contexts.a]\naddress = \"h\"\nuser = \"u\"\ntls = \"hidden\"\n",
            "expected true or false",
        ),
        (
            "[contexts.a]\naddress = \"h\"\nuser = \"u\"\nsecret = \"\"\n",
            "contexts.a.secret is empty",
        ),
        (
            "[contexts.a]\naddress = \"x:hidden@h\"\nuser = \"u\"\n",
            "contexts.a.address: expected host[:port] alone",
        ),
        ("[contexts]\na = \"hidden\"\n", "contexts.a: expected a table"),
    ] {
        program.write(".config/ami/contexts.toml", 0o600, text);
        let server: &[&str] = if text.starts_with("current") { &[] } else { &["-s", "a"] };
        program.run(&[server, &["ping"]].concat()).await.failed(2, expected);
    }
}

#[tokio::test]
async fn a_secret_in_an_address_or_a_name_is_refused_and_not_shown() {
    let program = Program::new();
    let text = "current = \"a\"\n[contexts.a]\naddress = \"x:hidden@h\"\nuser = \"u\"\n";
    program.write(".config/ami/contexts.toml", 0o600, text);
    for words in [&["context", "ls"][..], &["context", "ls", "--json"], &["-v", "ping"]] {
        program.run(words).await.failed(2, "contexts.a.address: expected host[:port] alone");
    }
    for action in ["use", "rm", "test"] {
        let ran = program.run(&["context", action, "x:hidden@h"]).await;
        ran.failed(2, "there is no context of that name");
    }
    let ran = program.run(&["context", "add", "b", "x:hidden@h"]).await;
    ran.failed(2, "the address of the context: a secret is no part of an argument");
}

#[tokio::test]
async fn a_context_that_cannot_be_used_is_not_chosen() {
    let program = Program::new();
    let text = "[contexts.\"a b\"]\naddress = \"h\"\nuser = \"u\"\n\n[contexts.c]\nuser = \"u\"\n";
    let file = program.write(".config/ami/contexts.toml", 0o600, text);
    program.run(&["context", "use", "a b"]).await.failed(2, "cannot be used: expected letters");
    program.run(&["context", "use", "c"]).await.failed(2, "contexts.c.address: expected a text");
    assert_eq!(fs::read_to_string(file).unwrap(), text);
}

#[tokio::test]
async fn a_link_to_a_file_that_is_not_there_is_not_replaced() {
    let program = Program::new();
    fs::create_dir_all(program.contexts().parent().unwrap()).unwrap();
    symlink(program.home().join("gone.toml"), program.contexts()).unwrap();
    let ran = program.run(&["context", "add", "a", "u@h"]).await;
    ran.failed(2, "is a link to a file that is not there");
    assert!(fs::symlink_metadata(program.contexts()).unwrap().is_symlink());
}

#[tokio::test]
async fn an_address_that_is_wrong_is_told_with_its_place() {
    let program = Program::new();
    let text = "[contexts.a]\naddress = \"h:x\"\nuser = \"u\"\n";
    program.write(".config/ami/contexts.toml", 0o600, text);
    program.run(&["-s", "u@h:x", "ping"]).await.failed(2, "--server: ");
    program.run(&["-s", "a", "ping"]).await.failed(2, "the context a: ");
    let program = program.env("AMI_SERVER", "u:hidden@h:x");
    program.run(&["ping"]).await.failed(2, "AMI_SERVER: ");
}

#[tokio::test]
async fn a_test_logs_in_and_says_what_is_there() {
    for major in VERSIONS {
        let instance = boot(builder(major).await).await;
        let server = format!("user@{}", host(&instance));
        let program = Program::new();
        let mut terminal =
            program.on_terminal(&["context", "add", "pbx", &server, "--store-secret"]);
        terminal.expect("secret of user at");
        terminal.press("mysecret\n");
        let (code, shown) = terminal.end().await;
        assert!(code == 0 && shown.contains("keep the file out of backups"), "{shown}");
        assert_eq!(fs::metadata(program.contexts()).unwrap().mode() & 0o777, 0o600);
        assert!(program.run(&["context", "ls"]).await.ok().contains("  stored\n"));

        let text = program.run(&["context", "test", "pbx"]).await.ok();
        let version = format!("Asterisk {major}.");
        for part in [&*version, "from the file of contexts", "TLS         off", "round trip  "] {
            assert!(text.contains(part), "{part}: {text}");
        }
        let told = objects(&program.run(&["context", "test", "--json"]).await.ok());
        let [told] = &told[..] else { panic!("{told:?}") };
        assert_eq!((&told["v"], &told["from"]), (&json!(1), &json!("the current context, pbx")));
        assert!(told["version"].as_str().unwrap().starts_with(&format!("{major}.")), "{told}");
        let classes = |key: &str| told[key].as_str().unwrap().split(',').count();
        assert!(classes("read") > 10 && classes("write") > 10, "{told}");
        let both = program.run(&["-s", "pbx", "context", "test", "pbx"]).await;
        both.failed(2, "name two servers");
        end(instance).await;
        program.run(&["context", "test"]).await.failed(3, "Connection refused");
    }
}

#[tokio::test]
async fn a_test_tells_of_a_server_that_goes_away() {
    let program = Program::new().env("AMI_SECRET", "mysecret");
    let script = Script::new().answer("Ping", Reply::none().then_close());
    let server = Server::bind().await.unwrap().script(script);
    let at = format!("user@{}", server.address());
    let ran = server.serve_until(program.run(&["context", "test", "-s", &at])).await.unwrap();
    ran.failed(3, "the server closed the connection");
    assert_eq!(ran.stdout, "");
}
