//! `ami try`.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

use super::program::{AGES, Program};
use super::terminal::Terminal;

/// A script that tells where the server is, and then runs a command.
const TELL: &str = r#"echo "${PATH%%/programs:*}"; echo "$AMI_SERVER"; "#;

/// The program, which has a home folder of its own, with the servers of this machine.
fn program() -> Program {
    Program::new().env("ASTERISK_CACHE", instance::cache_folder().unwrap().to_str().unwrap())
}

/// The program, while it runs the script.
struct Trial {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    folder: PathBuf,
    address: String,
}

impl Trial {
    async fn start(program: &Program, options: &[&str], script: &str) -> Self {
        let script = format!("{TELL}{script}");
        let arguments = [&["try"], options, &["sh", "-c", &script]].concat();
        let mut command = program.command(&arguments);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut trial = Self { child, lines, folder: PathBuf::new(), address: String::new() };
        trial.folder = trial.line().await.into();
        let server = trial.line().await;
        trial.address = server.strip_prefix("try@").unwrap().to_owned();
        assert!(trial.folder.is_dir(), "{:?}", trial.folder);
        TcpStream::connect(&trial.address).await.unwrap();
        trial
    }

    async fn line(&mut self) -> String {
        let line = timeout(AGES, self.lines.next_line()).await.unwrap().unwrap();
        line.unwrap_or_else(|| panic!("no more lines"))
    }

    fn signal(&self, signal: Signal) {
        let id = self.child.id().unwrap();
        kill_process(Pid::from_raw(i32::try_from(id).unwrap()).unwrap(), signal).unwrap();
    }

    /// Waits for the end, checks that nothing is left, and returns the code and the error output.
    async fn ends(self) -> (Option<i32>, String) {
        let output = timeout(AGES, self.child.wait_with_output()).await.unwrap().unwrap();
        gone(&self.folder, &self.address).await;
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    }
}

/// Checks that neither a server nor its folder is left.
async fn gone(folder: &Path, address: &str) {
    assert!(!folder.exists(), "{folder:?}");
    assert!(TcpStream::connect(address).await.is_err(), "{address}");
}

/// The events that have to come: the name, and a field with its value.
const HAPPENS: [(&str, &str, &str); 11] = [
    ("DialEnd", "DialStatus", "ANSWER"),
    ("DialEnd", "DialStatus", "BUSY"),
    ("DialEnd", "DialStatus", "NOANSWER"),
    ("AgentConnect", "MemberName", "Dave Diaz"),
    ("QueueCallerAbandon", "Queue", "support"),
    ("ConfbridgeJoin", "CallerIDName", "Bob Baker"),
    ("ParkedCall", "ParkerDialString", "PJSIP/frank"),
    ("UnParkedCall", "RetrieverCallerIDName", "Bob Baker"),
    ("Newchannel", "CallerIDName", "Jörg Müller"),
    ("Newchannel", "CallerIDName", "Alice Archer"),
    ("Hangup", "Cause", "16"),
];

async fn calls_come_and_go(version: &str) {
    let program = program();
    let events = "exec ami tail --json 'DialEnd,AgentConnect,Queue*,Conf*,*Park*,*Transfer,\
                  Newchannel,Hangup'";
    let options = ["--asterisk", version, "--calls", "240"];
    let mut trial = Trial::start(&program, &options, events).await;
    timeout(AGES, all_happens(&mut trial)).await.unwrap();
    trial.signal(Signal::INT);
    let (code, stderr) = trial.ends().await;
    assert_eq!(code, Some(130), "{stderr}");
    assert!(stderr.contains(&format!("Asterisk {version}.")), "{stderr}");
}

/// Reads events until all has happened.
async fn all_happens(trial: &mut Trial) {
    let mut missing = HAPPENS.to_vec();
    let mut transfer = false;
    while !missing.is_empty() || !transfer {
        let event: Value = serde_json::from_str(&trial.line().await).unwrap();
        let lines = event["lines"].as_array().unwrap();
        let has =
            |field: &str, value: &str| lines.iter().any(|it| it[0] == field && it[1] == value);
        let name = lines[0][1].as_str().unwrap();
        transfer |= name.ends_with("Transfer");
        missing.retain(|(event, field, value)| name != *event || !has(field, value));
    }
}

#[tokio::test]
async fn calls_come_and_go_on_asterisk_22() {
    calls_come_and_go("22").await;
}

#[tokio::test]
async fn calls_come_and_go_on_asterisk_16() {
    calls_come_and_go("16").await;
}

#[tokio::test]
async fn the_code_of_a_command_is_passed_on() {
    let program = program();
    let quiet = ["try", "--quiet", "--asterisk", "16"];
    let run = async |words: &[&str]| program.run(&[&quiet, words].concat()).await;
    let ping = run(&["ping", "--json"]).await.ok();
    assert!(ping.contains(r#""version":"16."#) && ping.contains(r#""calls":0"#), "{ping}");
    run(&["wait", "Hangup", "--timeout", "10ms"]).await.failed(8, "");
    run(&["sh", "-c", "exit 7"]).await.failed(7, "");
    run(&["sh", "-c", "kill -KILL $$"]).await.failed(137, "");
    let file = program.write("bin/no-program", 0o600, "");
    run(&[file.to_str().unwrap()]).await.failed(126, "failed to execute");
}

#[tokio::test]
async fn what_cannot_work_is_told_before_a_boot() {
    let program = program();
    for (arguments, code, text) in [
        (&["--asterisk", "99", "ping"][..], 1, "99"),
        (&["--asterisk", "/no/such", "ping"], 1, "/no/such"),
        (&[], 2, "there is no terminal for a shell"),
        (&["tial"], 2, "'tail'"),
        (&["./no-such-program"], 2, "./no-such-program"),
        (&["ping", "--bogus"], 2, "--bogus"),
        (&["--stay", "ping"], 2, "cannot be used with"),
        (&["try", "ping"], 2, "does not go with itself"),
        (&["--calls", "0", "ping"], 2, "--calls"),
        (&["--json", "ping"], 2, "hint: options of a command go behind it"),
        (&["--server", "a@b", "ping"], 2, "brings its own server"),
    ] {
        let ran = program.run(&[&["try"], arguments].concat()).await;
        ran.failed(code, text);
        assert!(!ran.stderr.contains("has booted"), "{ran:?}");
    }
    let help = program.run(&["try", "tail", "--help"]).await;
    assert_eq!((help.code, &*help.stderr), (0, ""), "{help:?}");
    assert!(help.stdout.contains("ami tail [OPTIONS]"), "{help:?}");
}

#[tokio::test]
async fn a_server_that_ends_is_told_and_ends_the_command() {
    let program = program();
    let stop = "ami do Command 'Command=core stop now'; exec sleep 600";
    let trial = Trial::start(&program, &["--quiet", "--asterisk", "22"], stop).await;
    let (code, stderr) = trial.ends().await;
    assert_eq!(code, Some(3), "{stderr}");
    assert!(stderr.contains("the PBX has ended by itself"), "{stderr}");
}

#[tokio::test]
async fn a_second_signal_kills_a_program_that_does_not_end() {
    let program = program();
    let script = "trap '' INT TERM; echo deaf; exec sleep 600";
    let mut trial = Trial::start(&program, &["--quiet"], script).await;
    assert_eq!(trial.line().await, "deaf");
    trial.signal(Signal::TERM);
    trial.signal(Signal::INT);
    assert_eq!(trial.ends().await.0, Some(137));
}

#[tokio::test]
async fn another_terminal_uses_a_server_that_stays() {
    let program = program();
    let mut command = program.command(&["try", "--stay", "--quiet", "--asterisk", "16"]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut exports = Vec::new();
    for name in ["AMI_SERVER", "AMI_SECRET", "AMI_TRY"] {
        let line = timeout(AGES, lines.next_line()).await.unwrap().unwrap().unwrap();
        assert!(line.starts_with(&format!("export {name}=")), "{line}");
        exports.push(line);
    }
    let script = format!("{}\nexec \"$0\" ping", exports.join("\n"));
    let mut other = Command::new("sh");
    other.args(["-c", &script, env!("CARGO_BIN_EXE_ami")]).env_remove("AMI_CONTEXTS");
    let output = timeout(AGES, other.output()).await.unwrap().unwrap();
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(shown.starts_with("Asterisk 16."), "{shown}");
    // The reader of the lines goes away.
    drop(lines);
    assert_eq!(timeout(AGES, child.wait()).await.unwrap().unwrap().code(), Some(0));
    let address = exports[0].split_once('@').unwrap().1;
    assert!(TcpStream::connect(address).await.is_err(), "{address}");
}

#[tokio::test]
async fn a_shell_opens_on_a_terminal() {
    let program = program().env("SHELL", "/bin/sh").env("PS1", "> ");
    let mut terminal = program.on_terminal(&["try", "--asterisk", "22"]);
    terminal.expect("`exit` ends the server.");
    terminal.press("echo \"folder=${PATH%%/programs:*}=\" server=$AMI_SERVER=\r");
    terminal.expect("server=try@");
    terminal.press("ami ping\r");
    terminal.expect("1: ");
    terminal.press("ami tail Newchannel\r");
    terminal.expect("CallerIDNum=");
    terminal.press("\x03");
    terminal.press("echo code=$?=\r");
    terminal.expect("code=130=");
    terminal.press("exit 3\r");
    let (code, shown) = terminal.end().await;
    assert_eq!(code, 3, "{shown}");
    let told = |name: &str| {
        let begin = shown.rfind(&format!("{name}=")).unwrap() + name.len() + 1;
        shown[begin..].split('=').next().unwrap().to_owned()
    };
    gone(Path::new(&told("folder")), told("server").strip_prefix("try@").unwrap()).await;
}

#[tokio::test]
async fn a_terminal_that_closes_ends_the_shell_and_the_server() {
    let mut command = Command::new("setsid");
    command.args(["--ctty", env!("CARGO_BIN_EXE_ami"), "try", "--quiet", "--asterisk", "16"]);
    command.env("SHELL", "/bin/sh").env("PS1", "> ").kill_on_drop(true);
    let mut terminal = Terminal::start(command);
    terminal.shows("`exit` ends the server.").await;
    terminal.types("echo \"folder=${PATH%%/programs:*}=\" server=$AMI_SERVER=\r");
    // The first is what is typed.
    terminal.shows("server=$AMI_SERVER=").await;
    terminal.shows("folder=").await;
    let folder = terminal.shows("=").await;
    terminal.shows("server=try@").await;
    let address = terminal.shows("=").await;
    terminal.signal(Signal::HUP);
    assert_eq!(terminal.end().await, Some(129));
    gone(Path::new(folder.trim_end_matches('=')), address.trim_end_matches('=')).await;
}
