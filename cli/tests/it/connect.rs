//! Places that name a server, secrets, TLS, and connections that fail.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Stdio;
use std::time::Duration;

use ami::testing::{Reply, Script, Server};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use super::program::{
    AUTHORITY, OTHER_AUTHORITY, Program, VERSIONS, WEAK, boot, builder, end, host,
};

#[tokio::test]
async fn the_exit_code_says_how_connecting_failed() {
    for major in VERSIONS {
        let instance = boot(builder(major).await).await;
        let host = host(&instance);
        let at = |user: &str, port: u16| format!("{user}@{host}:{port}");
        let right = Program::new().env("AMI_SECRET", "mysecret");
        right.run(&["-s", &at("user", 5038), "ping"]).await.ok();
        let refused = right.run(&["-s", &at("user", 5037), "ping"]).await;
        refused.failed(3, "Connection refused");
        refused.failed(3, "hint: nobody listens there");
        let wrong = Program::new().env("AMI_SECRET", "wrongsecret");
        for user in ["user", "nobody"] {
            let refused = wrong.run(&["-s", &at(user, 5038), "ping"]).await;
            refused.failed(4, "Authentication failed");
            refused.failed(4, &format!("the user is {user:?}, the secret is from AMI_SECRET"));
        }
        end(instance).await;
    }
}

#[tokio::test]
async fn a_peer_that_is_no_server_is_no_connection() {
    let program = Program::new().env("AMI_SECRET", "mysecret");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = format!("user@{}", listener.local_addr().unwrap());
    let arguments = ["-s", &*server, "ping"];
    let ssh = async {
        let (mut peer, _) = listener.accept().await.unwrap();
        peer.write_all(b"SSH-2.0-\x1b[2J\r\n").await.unwrap();
        peer
    };
    let (ran, _peer) = tokio::join!(program.run(&arguments), ssh);
    ran.failed(3, "does not speak AMI");
    assert!(!ran.stderr.contains('\x1b'), "{ran:?}");
    // Nobody accepts the connection, and nothing is sent on it.
    let ran = program.run(&["-s", &server, "--timeout", "1s", "ping"]).await;
    ran.failed(3, "did not answer within 1s");
    ran.failed(3, "hint: if the port is for TLS");
    let closing = async { drop(listener.accept().await.unwrap()) };
    let _first = listener.accept().await.unwrap();
    let (ran, ()) = tokio::join!(program.run(&arguments), closing);
    ran.failed(3, "login failed: ");
}

#[tokio::test]
async fn a_server_that_goes_away_is_told() {
    let program = Program::new().env("AMI_SECRET", "mysecret");
    for (reply, code, text) in [
        (Reply::none().then_close(), 6, "may have been executed"),
        (Reply::none().then_stall(), 6, "no answer within 2s"),
    ] {
        let server = Server::bind().await.unwrap().script(Script::new().answer("Hangup", reply));
        let at = format!("user@{}", server.address());
        let arguments = ["-s", &*at, "--timeout", "2s", "do", "Hangup"];
        let ran = server.serve_until(program.run(&arguments)).await.unwrap();
        ran.failed(code, text);
    }
}

#[tokio::test]
async fn the_first_place_that_names_a_server_counts() {
    let instance = boot(builder(16).await).await;
    let host = host(&instance);
    let conf = instance.sandbox().etc().join("manager.conf").display().to_string();
    let server = format!("user@{host}");
    let program = |variables: &[(&str, &str)]| {
        let program = Program::new().env("AMI_MANAGER_CONF", &conf);
        variables.iter().fold(program, |program, (name, value)| program.env(name, *value))
    };
    let told = async |program: &Program, arguments: &[&str], server: &str, secret: &str| {
        let ran = program.run(&[arguments, &["-v", "ping"]].concat()).await;
        let lines = [format!("server: {server}\n"), format!("secret: from {secret}\n")];
        assert!(lines.iter().all(|line| ran.stderr.contains(line)), "{lines:?}: {ran:#?}");
        ran.ok();
    };
    let text = format!(
        "current = \"here\"\n[contexts.here]\naddress = \"{host}\"\nuser = \"user\"\n\
        secret = \"mysecret\"\n[contexts.there]\naddress = \"{host}\"\nuser = \"user\"\n\
        secret_command = [\"printf\", 'mysecret\\nsecond line\\n']\n"
    );

    let plain = program(&[]);
    let local = format!("{server}:5038 (from {conf})");
    told(&plain, &[], &local, "manager.conf").await;
    // The secret of the very server that an argument names.
    let argument = format!("{server} (from --server)");
    told(&plain, &["-s", &server], &argument, "manager.conf").await;
    let ca = plain.write("ca.pem", 0o644, AUTHORITY).display().to_string();
    let tls = ["-s", &*server, "--tls-ca", &ca, "--tls-name", "asterisk.test"];
    told(&plain, &tls, &argument, "manager.conf").await;

    plain.write(".config/ami/contexts.toml", 0o600, &text);
    let here = format!("{server} (from the current context, here)");
    told(&plain, &[], &here, "the file of contexts").await;
    let there = format!("{server} (from the context there)");
    let command = "the command \"printf\"";
    told(&plain, &["-s", "there"], &there, command).await;

    let full = format!("user:mysecret@{host}");
    let variable = program(&[("AMI_SERVER", &full)]);
    variable.write(".config/ami/contexts.toml", 0o600, &text);
    let from_variable = format!("{server} (from AMI_SERVER)");
    told(&variable, &[], &from_variable, "AMI_SERVER").await;
    told(&variable, &["-s", "there"], &there, command).await;

    let named = program(&[("AMI_SERVER", "there"), ("AMI_SECRET", "mysecret")]);
    named.write(".config/ami/contexts.toml", 0o600, &text);
    told(&named, &[], &there, "AMI_SECRET").await;
    let elsewhere = named.write("other.toml", 0o600, &text.replace("there", "elsewhere"));
    let elsewhere = named.env("AMI_CONTEXTS", elsewhere.display().to_string());
    told(&elsewhere, &["-s", "elsewhere"], &there.replace("there", "elsewhere"), "AMI_SECRET")
        .await;
    elsewhere.run(&["ping"]).await.failed(2, "there is no context \"there\"");
    end(instance).await;
}

#[tokio::test]
async fn what_names_no_server_is_refused_and_not_repeated() {
    let program = Program::new();
    for (server, text) in [
        ("user:hidden@host", "a secret is no part of an argument"),
        ("hidden:hidden", "expected the name of a context, or user@host[:port]"),
        ("@hidden:0", "expected "),
        ("nowhere", "there is no context \"nowhere\""),
    ] {
        program.run(&["-s", server, "ping"]).await.failed(2, text);
        if server != "nowhere" {
            program.run(&["context", "add", "a", server]).await.failed(2, "error: ");
        }
    }
    let ran = Program::new().env("AMI_SERVER", "user:hidden@").run(&["ping"]).await;
    ran.failed(2, "the host, character 1");
    program.run(&["ping"]).await.failed(2, "no-manager.conf: cannot be read");
    program.run(&["-s", "user@127.0.0.1", "ping"]).await.failed(2, "no terminal to ask on");
    let users = WEAK.replace("[weak]", "[second]");
    let conf = program.write("conf", 0o600, &format!("[general]\nenabled = yes\n{WEAK}{users}"));
    let several = program.env("AMI_MANAGER_CONF", conf.display().to_string());
    several.run(&["ping"]).await.failed(2, "hint: name one with --server USER@127.0.0.1");
}

#[tokio::test]
async fn files_that_others_may_read_or_change_are_refused() {
    let program = Program::new();
    let context = |command: &str| {
        format!(
            "[contexts.a]\naddress = \"127.0.0.1:1\"\nuser = \"u\"\nsecret_command = {command}\n"
        )
    };
    let refused = async |text: &str| {
        let ran = program.run(&["-s", "a", "ping"]).await;
        ran.failed(2, text);
    };
    let file = program.write(".config/ami/contexts.toml", 0o600, &context("['echo', 'hidden']"));
    let folder = file.parent().unwrap();
    let mode = |path: &std::path::Path, mode| {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    };
    program.run(&["-s", "a", "ping"]).await.failed(3, "Connection refused");
    for bad in [0o604, 0o640, 0o620, 0o602] {
        mode(&file, bad);
        refused(&format!("by others (mode {bad:o}): chmod 600 {}", file.display())).await;
        // No command changes a file that is not safe.
        program.run(&["context", "use", "a"]).await.failed(2, "chmod 600");
    }
    mode(&file, 0o600);
    let pipe = folder.join("pipe");
    let made = std::process::Command::new("mkfifo").arg("-m600").arg(&pipe).status();
    assert!(made.unwrap().success());
    let piped = Program::new().env("AMI_CONTEXTS", pipe.display().to_string());
    piped.run(&["context", "ls"]).await.failed(2, "pipe: not a regular file");
    mode(folder, 0o720);
    refused(&format!("chmod go-w {}", folder.display())).await;
    mode(folder, 0o700);
    // The folder that a link leads to counts as well.
    let open = program.write("open/contexts.toml", 0o600, &context("['echo', 'hidden']"));
    mode(open.parent().unwrap(), 0o777);
    fs::remove_file(&file).unwrap();
    symlink(&open, &file).unwrap();
    refused(&format!("chmod go-w {}", open.parent().unwrap().display())).await;
    mode(open.parent().unwrap(), 0o700);
    program.run(&["-s", "a", "ping"]).await.failed(3, "Connection refused");

    let new = Program::new().env("AMI_CONTEXTS", open.with_file_name("new").display().to_string());
    mode(open.parent().unwrap(), 0o770);
    new.run(&["context", "add", "a", "u@h"]).await.failed(2, "chmod go-w");
    assert!(!open.with_file_name("new").exists());
    mode(open.parent().unwrap(), 0o700);

    let script = program.write("script", 0o755, "#!/bin/sh\necho hidden\n");
    let secret = program.write("secret", 0o644, "hidden\n");
    let commands = [
        (format!("['{}']", script.display()), &script, 0o700, "chmod 700"),
        (format!("['cat', '{}']", secret.display()), &secret, 0o600, "chmod 600"),
    ];
    for (command, path, good, text) in commands {
        program.write("open/contexts.toml", 0o600, &context(&command));
        refused(&format!("{text} {}", path.display())).await;
        let ran =
            program.run(&["context", "add", "b", "u@h", "--replace", "--", "echo", "hidden"]).await;
        ran.ok();
        mode(path, good);
        program.run(&["-s", "a", "ping"]).await.failed(3, "Connection refused");
    }
    mode(&secret, 0o644);
    let secret = secret.display().to_string();
    let ran = program.run(&["context", "add", "c", "u@h", "--", "cat", &secret]).await;
    ran.failed(2, "chmod 600");
}

#[tokio::test]
async fn a_command_without_a_secret_is_an_error() {
    let program = Program::new();
    for (command, code, text) in [
        ("['false']", 1, "failed: exit status: 1"),
        ("['sh', '-c', 'echo hidden; exit 3']", 1, "failed: exit status: 3"),
        ("['true']", 2, "is empty"),
        ("['printf', '\\nhidden']", 2, "is empty"),
        ("['head', '-c', '5000', '/dev/zero']", 1, "more than 4096 bytes"),
        ("['printf', 'hidden\\rhidden\\n']", 2, "a line end"),
        ("['no-such-program']", 2, "\"no-such-program\", is not found in PATH"),
        ("['/no/such/program']", 2, "/no/such/program cannot be read"),
        ("[]", 2, "expected a list of texts, not empty"),
        ("'echo hidden'", 2, "expected a list of texts, not empty"),
        // More than a pipe holds, behind the first line.
        ("['sh', '-c', 'echo hidden; seq 100000']", 3, "Connection refused"),
    ] {
        let text_of = "[contexts.a]\naddress = '127.0.0.1:1'\nuser = 'u'\nsecret_command =";
        program.write(".config/ami/contexts.toml", 0o600, &format!("{text_of} {command}\n"));
        program.run(&["-s", "a", "ping"]).await.failed(code, text);
    }
}

#[tokio::test]
async fn a_signal_ends_the_program_and_the_command_of_a_secret() {
    let program = Program::new();
    let pids = program.home().join("pid");
    let text = format!(
        "[contexts.a]\naddress = '127.0.0.1:1'\nuser = 'u'\nsecret_command = ['sh', '-c', \
         'echo $PPID $$ > {0}.new; mv {0}.new {0}; exec sleep 600']\n",
        pids.display()
    );
    program.write(".config/ami/contexts.toml", 0o600, &text);
    let run = program.run(&["-s", "a", "ping"]);
    let signal = async {
        while !pids.exists() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let pids = fs::read_to_string(&pids).unwrap();
        let pids = pids.split_whitespace().map(|it| Pid::from_raw(it.parse().unwrap()).unwrap());
        let pids: Vec<_> = pids.collect();
        kill_process(pids[0], Signal::TERM).unwrap();
        pids[1]
    };
    let (ran, command) = tokio::join!(run, signal);
    assert_eq!((ran.code, &*ran.stderr), (130, ""), "{ran:?}");
    // Killed, and nobody's child any more.
    while test_kill_process(command).is_ok() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn the_prompt_shows_nothing_and_leaves_the_terminal_as_it_was() {
    let instance = boot(builder(22).await).await;
    let server = format!("user@{}", host(&instance));
    let program = Program::new();
    let prompt = format!("secret of {server}: ").replace('@', " at ");
    let begin = || {
        let mut terminal = program.on_terminal(&["-s", &server, "ping"]);
        terminal.expect(&prompt);
        assert!(!terminal.echoes() && !terminal.suspends());
        terminal
    };
    let mut terminal = begin();
    terminal.press("mysecret\n");
    terminal.expect("Asterisk Call Manager");
    assert!(terminal.echoes());
    assert_eq!(terminal.end().await.0, 0);

    let mut terminal = begin();
    terminal.press("myse\x03");
    terminal.expect(&format!("{prompt}\r\n"));
    assert!(terminal.echoes());
    let (code, shown) = terminal.end().await;
    assert!(code == 130 && !shown.contains("myse"), "{code}: {shown}");

    for (keys, code, text) in
        [("\n", 2, "is empty"), ("\x04", 2, "is empty"), ("wrongsecret\n", 4, "from the prompt")]
    {
        let mut terminal = begin();
        terminal.press(keys);
        let (ended, shown) = terminal.end().await;
        assert!(ended == code && shown.contains(text), "{ended}: {shown}");
    }
    end(instance).await;
}

#[tokio::test]
async fn tls_by_option_and_by_context() {
    for major in VERSIONS {
        let instance = boot(builder(major).await).await;
        let host = host(&instance);
        let server = format!("user@{host}");
        let program = Program::new().env("AMI_SECRET", "mysecret");
        let ca = program.write("ca.pem", 0o644, AUTHORITY).display().to_string();
        let other = program.write("other.pem", 0o644, OTHER_AUTHORITY).display().to_string();
        let at = ["-s", &*server];
        let run = async |arguments: &[&str]| {
            program.run(&[&at[..], arguments, &["-v", "ping"]].concat()).await
        };
        let ran = run(&["--tls-ca", &ca, "--tls-name", "asterisk.test"]).await;
        assert!(ran.stderr.contains("TLS: by the certificates in /"), "{ran:?}");
        ran.ok();
        let name = ["--tls", "--tls-name", "asterisk.test"];
        for (options, text) in [
            (
                &[&name[..], &["--tls-ca", &other]].concat()[..],
                "hint: no authority that is trusted",
            ),
            (
                &["--tls-ca", &ca, "--tls-name", "other.test"],
                "hint: the server's certificate is for another name",
            ),
            (&["--tls-ca", &ca], "hint: the server's certificate is for another name"),
        ] {
            run(options).await.failed(3, text);
        }
        let no_tls = format!("user@{host}:5038");
        let plain = ["-s", &*no_tls, "--tls-ca", &ca, "ping"];
        program.run(&plain).await.failed(3, "hint: the port is not for TLS");
        let tls = format!("user@{host}:5039");
        let ran = program.run(&["-s", &tls, "--timeout", "1s", "ping"]).await;
        ran.failed(3, "hint: if the port is for TLS, use --tls");
        run(&["--tls-ca", "/no/such/file"]).await.failed(2, "the certificates in /no/such/file");
        let empty = program.write("empty.pem", 0o644, "").display().to_string();
        run(&["--tls-ca", &empty]).await.failed(2, "no certificate in the PEM text");
        run(&["--tls-ca", &ca, "--tls-name", "not a name"]).await.failed(2, "the name of the TLS");

        let add =
            ["context", "add", "pbx", &server, "--tls-ca", &ca, "--tls-name", "asterisk.test"];
        program.run(&add).await.ok();
        let ran = program.run(&["context", "test"]).await;
        assert!(ran.stdout.contains(", for the name asterisk.test\n"), "{ran:?}");
        ran.ok();
        let ran = program.run(&["doctor", "--json", "--sample", "0"]).await;
        let check =
            "{\"v\":1,\"check\":\"TLS\",\"state\":\"ok\",\"text\":\"by the certificates in /";
        assert!(ran.ok().contains(check));
        // An option goes before the context.
        let ran = program.run(&["--tls-name", "other.test", "ping"]).await;
        ran.failed(3, "for another name");
        end(instance).await;
    }
}

#[tokio::test]
async fn a_reader_that_goes_away_is_no_failure() {
    let program = Program::new();
    program.run(&["context", "add", "a", "user@host"]).await.ok();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = program.command(&["context", "ls"]).stdout(Stdio::from(writer)).output();
    let output = output.await.unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
}
