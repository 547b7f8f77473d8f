//! Commands that the program boots servers for.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;

use ami::{Config, Originate};
use rustix::process::{Pid, Signal, kill_process};

use super::{Program, Said, cache, command};
use crate::support::{AGES, Scratch, VERSIONS, assert_gone, is_alive, server};

const README: &str = include_str!("../../../../README.md");

/// A boot of 22 with few modules for a command.
fn boot(options: &[&str], words: &[&str]) -> Command {
    let mut command = command();
    command.args(["boot", "--asterisk", "22", "--modules", "pbx_config"]).args(options);
    command.arg("--").args(words);
    command
}

/// The variables of a command that prints them.
fn variables(text: &str) -> BTreeMap<&str, &str> {
    text.lines().filter_map(|line| line.split_once('=')).collect()
}

#[tokio::test]
async fn a_command_finds_its_servers_in_its_environment() {
    let test = Scratch::new();
    let transport = "[t]\ntype = transport\n[g](!)\n[t](+)\n";
    test.file("configs/ast1/pjsip.conf", &format!("{transport}bind = <<address>>:5070\n"));
    let tcp = format!("{transport}protocol = tcp\nbind = 0.0.0.0\n");
    test.file("configs/ast2/pjsip.conf", &tcp);
    test.file("configs/ast2/http.conf", "[general]\nenabled = no\n");
    let script = "env; test -S $ASTERISK_CONTROL_SOCKET && test -f $ASTERISK_2_LOGS/full.txt";
    for major in VERSIONS {
        server(major).await;
        let mut command = command();
        command.args(["boot", "--asterisk", &major.to_string(), "--test"]).arg(&test.0);
        // Those of a run around this one would be taken for ours.
        command.env("ASTERISK_2_ARI_URL", "http://other").env("ASTERISK_3_PID", "1");
        let said = Said::by(command.args(["--", "sh", "-c", script]));
        assert_eq!((said.code, said.error.as_str()), (Some(0), ""));
        let variables = variables(&said.out);
        let value = |name: &str| variables.get(name).copied().unwrap_or_default();
        let (one, two) = (value("ASTERISK_ADDRESS"), value("ASTERISK_2_ADDRESS"));
        assert!(one.starts_with("127.") && two.starts_with("127.") && one != two);
        for (name, expected) in [
            ("ASTERISK_COUNT", "2"),
            ("ASTERISK_1_ADDRESS", one),
            ("ASTERISK_AMI_HOST", one),
            ("ASTERISK_AMI_PORT", "5038"),
            ("ASTERISK_AMI_USER", "user"),
            ("ASTERISK_AMI_SECRET", "mysecret"),
            ("ASTERISK_ARI_URL", &format!("http://{one}:8088/ari")),
            ("ASTERISK_ARI_USER", "testsuite"),
            ("ASTERISK_ARI_PASSWORD", "testsuite"),
            ("ASTERISK_SIP_HOST", one),
            ("ASTERISK_SIP_PORT", "5070"),
            ("ASTERISK_SIP_TRANSPORT", "udp"),
            ("ASTERISK_2_SIP_HOST", two),
            ("ASTERISK_2_SIP_PORT", "5060"),
            ("ASTERISK_2_SIP_TRANSPORT", "tcp"),
            ("ASTERISK_2_ARI_URL", ""),
            ("ASTERISK_3_PID", ""),
        ] {
            assert_eq!(value(name), expected, "{name}");
        }
        assert!(value("ASTERISK_VERSION").starts_with(&major.to_string()));
        assert!(value("ASTERISK_2_ETC").starts_with(value("ASTERISK_FOLDER")));
        assert_gone(&PathBuf::from(value("ASTERISK_FOLDER")));
        for name in variables.keys().filter(|it| it.starts_with("ASTERISK_")) {
            let plain = name.replace("_1_", "_").replace("_2_", "_");
            let is_variable = !["ASTERISK_INSTANCE", "ASTERISK_CACHE"].contains(&plain.as_str());
            let is_documented = README.contains(&format!("`{plain}`"));
            assert!(is_documented || !is_variable, "{name} is not documented");
        }
    }
}

#[tokio::test]
async fn a_command_gets_a_secret_that_is_not_printed() {
    server(22).await;
    let (configs, aside) = (Scratch::new(), Scratch::new());
    configs.file("manager.users.conf.inc", "[me]\nsecret = of;\\;me\nread = all\nwrite = all\n");
    // Nobody listens there.
    configs.file("pjsip.conf", "[t]\ntype = transport\nbind = <<address>>\n");
    let file = aside.file("secret", "of\n");
    let options = ["--login", "me", "--secret-file", file.to_str().unwrap()];
    let options = [&options[..], &[configs.0.to_str().unwrap()]].concat();
    let script =
        "test $ASTERISK_AMI_USER:$ASTERISK_AMI_SECRET:$ASTERISK_SIP_HOST = me:of: && exit 9";
    let said = Said::by(&mut boot(&options, &["sh", "-c", script]));
    assert_eq!((said.code, said.out.as_str()), (Some(9), ""), "{}", said.error);
    assert!(!said.error.contains("of"), "{}", said.error);
}

#[tokio::test]
async fn the_exit_code_is_that_of_the_command() {
    server(22).await;
    let aside = Scratch::new();
    let text = aside.file("text", "no program").display().to_string();
    for (words, code, keeps, says) in [
        (&["true"][..], 0, false, ""),
        (&["sh", "-c", "exit 7"], 7, true, ""),
        (&["sh", "-c", "kill -9 $$"], 137, true, ""),
        (&["/no/such"], 127, false, "/no/such: failed to execute the command: No such file"),
        (&[&text], 126, false, "text: failed to execute the command: Permission denied"),
    ] {
        for keep in ["failed", "never"] {
            let said = Said::by(boot(&[], words).env("ASTERISK_KEEP", keep));
            assert_eq!(said.code, Some(code), "{words:?}: {}", said.error);
            assert!(said.error.contains(says) && said.out.is_empty(), "{}", said.error);
            let is_kept = said.error.contains("the sandbox is kept: ");
            assert_eq!(is_kept, keeps && keep == "failed", "{words:?}: {}", said.error);
            let lines = usize::from(is_kept) + usize::from(!says.is_empty());
            assert_eq!(said.error.lines().count(), lines, "{words:?}: {}", said.error);
        }
    }
    for option in ["--json", "--until-input-ends"] {
        assert_eq!(Said::by(&mut boot(&[option], &["true"])).code, Some(2), "{option}");
    }
}

#[tokio::test]
async fn a_signal_reaches_the_command_and_a_second_one_kills_it() {
    server(22).await;
    for (signal, name) in [(Signal::INT, "INT"), (Signal::TERM, "TERM")] {
        for (answer, is_killed) in [("exit 5", false), ("echo again", true)] {
            let script = format!(
                "trap 'echo got; {answer}' {name}; setsid sleep 1000 & echo $!; \
                 echo $ASTERISK_FOLDER; while :; do wait; done"
            );
            let mut command = boot(&[], &["sh", "-c", &script]);
            command.stderr(Stdio::piped());
            let mut program = Program::spawn(command);
            let left = program.line().trim().parse().unwrap();
            let folder = PathBuf::from(program.line().trim());
            assert!(is_alive(left));
            program.signal(signal);
            assert_eq!(program.line(), "got\n");
            if is_killed {
                assert_eq!(program.line(), "again\n");
                program.signal(signal);
            }
            let error = program.errors();
            let status = program.rest(&mut String::new());
            assert_eq!(status.code(), Some(if is_killed { 137 } else { 5 }), "{error}");
            assert!(error.starts_with("processes that the command left were killed: "), "{error}");
            assert_eq!(error.lines().count(), 1, "{error}");
            assert!(!is_alive(left));
            assert_gone(&folder);
        }
    }
}

#[tokio::test]
async fn ctrl_c_on_a_terminal_interrupts_the_command_once() {
    server(22).await;
    // The program does nothing but stand by when it has handled its own interrupt, and a second one
    // would be the next thing that the command sees.
    let script = "trap 'echo got' INT; echo ready $PPID; until read -r line; do :; done; echo end";
    let program = env!("CARGO_BIN_EXE_instance");
    // A shell is in between, for `script` stops when its own child does. It survives the interrupt,
    // which not every shell does of its own accord.
    let program = format!(
        "trap : INT; {program} boot --asterisk 22 --modules pbx_config -- sh -c '{}'; exit $?",
        script.replace('\'', r"'\''")
    );
    let mut terminal = Command::new("timeout");
    terminal.args(["60", "script", "-qec", &program, "/dev/null"]).env("SHELL", "/bin/sh");
    terminal.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut terminal = Program::spawn(terminal);
    let mut keys = terminal.child.stdin.take().unwrap();
    let text = terminal.text_until("ready");
    let pid = text.rsplit_once("ready ").unwrap().1.trim().parse().unwrap();
    let program = Pid::from_raw(pid).unwrap();
    kill_process(program, Signal::STOP).unwrap();
    keys.write_all(b"\x03").unwrap();
    terminal.text_until("got");
    kill_process(program, Signal::CONT).unwrap();
    let begun = Instant::now();
    while !stands_by(pid) {
        std::thread::yield_now();
        assert!(begun.elapsed() < AGES, "it does not handle the interrupt");
    }
    keys.write_all(b"a line\n").unwrap();
    let mut rest = String::new();
    let status = terminal.rest(&mut rest);
    assert!(status.success() && rest.contains("end") && !rest.contains("got"), "{rest}");
}

/// Returns `true` if a process sleeps and has handled its signals.
fn stands_by(pid: i32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let value = |name: &str| status.lines().find_map(|line| line.strip_prefix(name));
    let is_pending = |name: &str| value(name).is_some_and(|it| it.contains(|bit| bit != '0'));
    let pending = ["SigPnd:\t", "ShdPnd:\t"].into_iter().any(is_pending);
    value("State:\t").is_some_and(|state| state.starts_with('S')) && !pending
}

#[tokio::test]
async fn a_server_that_dies_ends_the_command() {
    server(22).await;
    for (script, codes, says) in [
        ("kill -9 $ASTERISK_PID; sleep 1000", &[1][..], "so the command is ended"),
        ("trap 'exit 3' TERM; kill -9 $ASTERISK_PID; sleep 1000 & wait", &[1], "is ended"),
        // It does not end when it is asked to.
        ("trap '' TERM; kill -9 $ASTERISK_PID; while :; do sleep 1000; done", &[1], "is ended"),
        // The command comes to an end of its own, unless that of the server is seen before.
        ("kill -9 $ASTERISK_PID; exit 3", &[3, 1], ""),
        ("kill -9 $ASTERISK_PID; exit 0", &[1], ""),
    ] {
        let said = Said::by(&mut boot(&[], &["sh", "-c", script]));
        let code = said.code.unwrap_or_else(|| panic!("{script}: {}", said.error));
        assert!(codes.contains(&code), "{script}: {code}, {}", said.error);
        assert!(said.error.contains(says), "{script}: {}", said.error);
        assert!(said.error.contains("instance 1 ended by itself (signal: 9"), "{}", said.error);
        assert!(said.error.contains("the sandbox is kept: "), "{}", said.error);
    }
}

#[tokio::test]
async fn a_killed_program_takes_its_command_with_it() {
    server(22).await;
    let mut program = Program::spawn(boot(&[], &["sh", "-c", "echo $$; exec sleep 1000"]));
    let command = program.line().trim().parse().unwrap();
    program.signal(Signal::KILL);
    // The command has the output, which ends with it.
    program.rest(&mut String::new());
    let begun = Instant::now();
    while is_alive(command) {
        std::thread::yield_now();
        assert!(begun.elapsed() < AGES, "the command goes on");
    }
}

#[tokio::test]
async fn findings_fail_where_they_are_named() {
    for major in VERSIONS {
        server(major).await;
        let configs = Scratch::new();
        let dialplan = "[default]\nexten => s,1,Log(ERROR,a bad thing)\nsame => n,Answer()\nsame => n,Wait(600)\n";
        configs.file("extensions.conf", dialplan);
        for (fail_on, answer, code, says) in [
            (&[][..], "exit 0", 0, &[][..]),
            (&["--fail-on", "processes,stubborn"], "exit 0", 0, &[]),
            (&["--fail-on", "error"], "exit 0", 1, &["instance 1 failed on error: "]),
            (&["--fail-on", "channels,crash"], "exit 0", 1, &["failed on channels: "]),
            (&["--fail-on", "all"], "exit 4", 4, &["failed on error: ", "failed on channels: "]),
        ] {
            let mut command = command();
            command.args(["boot", "--modules", "pbx_config,app_verbose"]).args(fail_on);
            command.args(["--asterisk", &major.to_string()]).arg(&configs.0);
            let script = format!("env; echo ready; read -r line; {answer}");
            command.args(["--", "sh", "-c", &script]);
            command.stdin(Stdio::piped()).stderr(Stdio::piped());
            let mut program = Program::spawn(command);
            let text = program.text_until("ready");
            let ami = format!("{}:5038", variables(&text)["ASTERISK_AMI_HOST"]);
            let client = Config::new("user", "mysecret").connect(ami).await.unwrap();
            let call = Originate::to_application("Local/s@default", "Wait", "600");
            client.originate(call).await.unwrap();
            drop(program.child.stdin.take());
            let error = program.errors();
            let status = program.rest(&mut String::new());
            assert_eq!(status.code(), Some(code), "{fail_on:?}: {error}");
            let is_told = |says: &&str| error.contains(says);
            assert!(says.iter().all(is_told), "{fail_on:?}: {error}");
            assert_eq!(error.is_empty(), says.is_empty(), "{fail_on:?}: {error}");
            if let Some((_, folder)) = error.split_once("the sandbox is kept: ") {
                fs::remove_dir_all(folder.trim()).unwrap();
            }
        }
    }
}

#[tokio::test]
async fn errors_of_the_boot_fail_where_they_are_named() {
    server(22).await;
    let (cache, configs) = (cache().await, Scratch::new());
    configs.file("extensions.conf", "[default]\nexten => a,1,NoOp()\n[oops\n");
    configs.file("modules.conf", "[modules]\nload = pbx_config.so\nload = app_amd.so\n");
    for (fail_on, code) in
        [("error", 0), ("boot-errors", 1), ("configuration-warnings", 1), ("all", 1)]
    {
        let mut command = command();
        command.args(["boot", "--asterisk", "22", "--fail-on", fail_on]).arg(&configs.0);
        let said = Said::by(command.args(["--", "true"]).env("ASTERISK_CACHE", &cache.0));
        assert_eq!(said.code, Some(code), "{fail_on}: {}", said.error);
        for (kind, word) in
            [("boot-errors", "pbx_config declined"), ("configuration-warnings", "no closing ']'")]
        {
            let begin = format!("instance 1 failed on {kind}: ");
            let is_told = |line: &str| line.starts_with(&begin) && line.contains(word);
            let expected = [kind, "all"].contains(&fail_on);
            assert_eq!(said.error.lines().any(is_told), expected, "{fail_on}: {}", said.error);
        }
        assert!(!said.error.contains("app_amd declined"), "{}", said.error);
    }
}
