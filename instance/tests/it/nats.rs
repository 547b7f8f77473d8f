//! Servers of NATS: real ones, found or fetched.

use std::error::Error;
use std::fs;
use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use instance::nats::{Builder, Instance, Server, StartError, Stopping};
use instance::{BootFailure, FoundRun, ProbeError, RunState};
use rustix::process::{Pid, Signal, kill_process};
use tokio::net::TcpSocket;
use tokio::time::timeout;

use crate::support::{AGES, Scratch, assert_gone, chain, is_alive, processes};

/// The child's deed, and the place of its folders.
const DEED: &str = "INSTANCE_TEST_NATS_DEED";
const ROOT: &str = "INSTANCE_TEST_NATS_ROOT";

async fn builder(root: &Scratch) -> Builder {
    Builder::new(Server::find().await.unwrap()).root(&root.0)
}

/// A connection, as a client makes one.
struct Connection(BufReader<TcpStream>);

impl Connection {
    /// Connects, and returns the server's line INFO.
    fn open(nats: &Instance) -> (Self, String) {
        let stream = TcpStream::connect(nats.address()).unwrap();
        stream.set_read_timeout(Some(AGES)).unwrap();
        let mut connection = Self(BufReader::new(stream));
        let info = connection.line();
        assert!(info.starts_with("INFO {"), "{info}");
        (connection, info)
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).unwrap();
        line
    }

    fn send(&mut self, text: &str) {
        self.0.get_mut().write_all(text.as_bytes()).unwrap();
    }

    /// Logs in with some options, and returns the line that comes back.
    fn login(&mut self, options: &str) -> String {
        self.send(&format!(
            "CONNECT {{\"verbose\":false,\"pedantic\":false{options}}}\r\nPING\r\n"
        ));
        self.line()
    }

    /// Asks JetStream, and returns its answer.
    fn ask(&mut self, subject: &str, request: &str) -> String {
        let length = request.len();
        self.send(&format!("SUB _INBOX.1 1\r\nPUB {subject} _INBOX.1 {length}\r\n{request}\r\n"));
        let head = self.line();
        assert!(head.starts_with("MSG _INBOX.1 1 "), "{head}");
        let answer = self.line();
        self.send("UNSUB 1\r\n");
        answer
    }
}

/// Opens a connection that is logged in without credentials.
fn connected(nats: &Instance) -> Connection {
    let (mut connection, info) = Connection::open(nats);
    assert!(info.contains(r#""jetstream":true"#), "{info}");
    assert_eq!(connection.login(""), "PONG\r\n");
    connection
}

fn run_folder(nats: &Instance) -> PathBuf {
    nats.folder().to_owned()
}

#[tokio::test]
async fn a_stream_outlives_a_kill_and_a_restart_on_the_same_port() {
    let root = Scratch::new();
    let nats = builder(&root).await.boot().await.unwrap();
    let (folder, address) = (run_folder(&nats), nats.address());
    assert!(address.ip().is_loopback() && address.port() >= 1024);
    assert_eq!(nats.url(), format!("nats://127.0.0.1:{}", address.port()));
    let create = r#"{"name":"S","subjects":["s.*"]}"#;
    let answer = connected(&nats).ask("$JS.API.STREAM.CREATE.S", create);
    assert!(answer.contains(r#""did_create":true"#), "{answer}");
    let answer = connected(&nats).ask("s.a", "one");
    assert!(answer.contains(r#""seq":1"#), "{answer}");

    let first = nats.pid().unwrap();
    assert!(!nats.kill().await.success());
    assert_eq!(nats.pid(), None);
    // Nobody listens there, and nobody else gets the port.
    let refused = TcpStream::connect(address).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    let taken = TcpSocket::new_v4().unwrap().bind(address).unwrap_err();
    assert_eq!(taken.kind(), ErrorKind::AddrInUse);
    assert_eq!(nats.restart().await.unwrap().stopping, Stopping::WasOver);
    assert_ne!(nats.pid().unwrap(), first);
    assert_eq!(nats.address(), address);
    let answer = connected(&nats).ask("s.a", "two");
    assert!(answer.contains(r#""seq":2"#), "{answer}");

    // One that runs is ended before.
    assert_eq!(nats.restart().await.unwrap().stopping, Stopping::Asked);
    let answer = connected(&nats).ask("s.a", "three");
    assert!(answer.contains(r#""seq":3"#), "{answer}");
    // The log is that of this boot, in a file with all of them.
    let of_this_boot = nats.log().lines().unwrap();
    let starts = |lines: &[String]| lines.iter().filter(|it| it.contains("Starting nats")).count();
    assert_eq!(starts(&of_this_boot), 1);
    let log = fs::read_to_string(nats.log().path()).unwrap();
    assert_eq!(log.matches("Starting nats").count(), 3);

    let stopped = nats.stop().await.unwrap();
    assert_eq!((stopped.stopping, stopped.status.code()), (Stopping::Asked, Some(0)));
    assert_gone(&folder);
}

#[tokio::test]
async fn a_paused_server_answers_nothing_until_it_is_resumed() {
    let root = Scratch::new();
    let nats = builder(&root).await.boot().await.unwrap();
    let mut connection = connected(&nats);
    nats.pause();
    let stat = fs::read_to_string(format!("/proc/{}/stat", nats.pid().unwrap())).unwrap();
    assert!(stat.contains(") T "), "{stat}");
    // Twice is not more than once.
    nats.pause();
    connection.send("PING\r\n");
    let stream = connection.0.get_ref();
    stream.set_nonblocking(true).unwrap();
    let nothing = connection.0.fill_buf().unwrap_err();
    assert_eq!(nothing.kind(), ErrorKind::WouldBlock);
    connection.0.get_ref().set_nonblocking(false).unwrap();
    nats.resume();
    assert_eq!(connection.line(), "PONG\r\n");
    // A server that is paused ends all the same.
    nats.pause();
    assert_eq!(nats.stop().await.unwrap().stopping, Stopping::Asked);
}

#[tokio::test]
async fn credentials_of_any_characters_are_asked_for() {
    let root = Scratch::new();
    let secret = "p\"a\\ss}#$w'ö\u{1}rd";
    let json = r#"p\"a\\ss}#$w'ö\u0001rd"#;
    let with_user = builder(&root).await.token("gone").user("me", secret);
    assert!(!format!("{with_user:?}").contains("ss}"), "{with_user:?}");
    let nats = with_user.boot().await.unwrap();
    let (mut connection, info) = Connection::open(&nats);
    assert!(info.contains(r#""auth_required":true"#), "{info}");
    assert_eq!(connection.login(&format!(r#","user":"me","pass":"{json}""#)), "PONG\r\n");
    let refused = Connection::open(&nats).0.login(r#","user":"me","pass":"other""#);
    assert!(refused.contains("Authorization Violation"), "{refused}");
    // Cargo's variables stand for all that a server need not know.
    let environment = fs::read(format!("/proc/{}/environ", nats.pid().unwrap())).unwrap();
    let environment = String::from_utf8_lossy(&environment);
    assert!(environment.contains("ASTERISK_INSTANCE=") && !environment.contains("CARGO_"));
    nats.stop().await.unwrap();

    let nats = builder(&root).await.token(secret).boot().await.unwrap();
    let accepted = Connection::open(&nats).0.login(&format!(r#","auth_token":"{json}""#));
    assert_eq!(accepted, "PONG\r\n");
    nats.stop().await.unwrap();
}

#[tokio::test]
async fn configuration_is_added_and_does_not_move_the_server() {
    let root = Scratch::new();
    let text = "max_payload: 1234\nport: 4222\nlisten: \"0.0.0.0:4222\"\nlog_file: /nonexistent/log\n\
                jetstream: false\nauthorization { token: theirs }\n";
    let nats = builder(&root).await.configuration(text).token("ours").boot().await.unwrap();
    let (mut connection, info) = Connection::open(&nats);
    for part in [r#""max_payload":1234"#, r#""jetstream":true"#, r#""host":"127.0.0.1""#] {
        assert!(info.contains(part), "{part}: {info}");
    }
    assert_eq!(connection.login(r#","auth_token":"ours""#), "PONG\r\n");
    nats.stop().await.unwrap();
}

#[tokio::test]
async fn a_certificate_is_what_clients_are_told_to_ask_for() {
    let root = Scratch::new();
    let tls = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ami/tests/it/server/tls");
    let (certificate, key) = (root.0.join("c\"ert.pem"), tls.join("server.key"));
    fs::copy(tls.join("server.pem"), &certificate).unwrap();
    let nats = builder(&root).await.tls(&certificate, &key).boot().await.unwrap();
    let (_, info) = Connection::open(&nats);
    assert!(info.contains(r#""tls_required":true"#), "{info}");
    nats.stop().await.unwrap();
    let error = builder(&root).await.tls("/nonexistent/cert", &key).boot().await.unwrap_err();
    assert!(matches!(error, StartError::Build(_)), "{error}");
    assert!(chain(&error).starts_with("/nonexistent/cert: No such file"), "{error}");
}

#[tokio::test]
async fn a_store_of_the_users_stays() {
    let root = Scratch::new();
    let store = root.0.join("a/store");
    for sequence in 1..=2 {
        let nats = builder(&root).await.store(&store).boot().await.unwrap();
        assert_eq!(nats.store(), store);
        let create = r#"{"name":"S","subjects":["s.*"]}"#;
        let answer = connected(&nats).ask("$JS.API.STREAM.CREATE.S", create);
        assert!(answer.contains(r#""name":"S""#), "{answer}");
        let answer = connected(&nats).ask("s.a", "one");
        assert!(answer.contains(&format!("\"seq\":{sequence}")), "{answer}");
        let folder = run_folder(&nats);
        nats.stop().await.unwrap();
        assert_gone(&folder);
    }
}

#[tokio::test]
async fn a_boot_that_fails_tells_the_reason_of_the_log() {
    let root = Scratch::new();
    for (text, reason) in [
        ("max_payload: {", "error parsing include file 'added.conf', Parse error on line 1"),
        ("jetstream { store_dir: /elsewhere }", "Duplicate 'store_dir' configuration"),
        ("http: \"203.0.113.7:1\"", "[FTL]"),
    ] {
        let error = builder(&root).await.configuration(text).boot().await.unwrap_err();
        let StartError::Boot(error) = error else { panic!("{error}") };
        assert!(matches!(error.failure, BootFailure::Exited(_)), "{error}");
        let told = error.to_string();
        assert!(told.contains(reason) && !told.contains("[INF]"), "{told}");
        assert!(told.contains(&format!("the sandbox is kept: {}", error.folder.display())));
        assert!(error.kept && error.folder.is_dir());
        assert_eq!(processes(&error.folder), [0; 0]);
    }
    // As `instance sweep --kept` removes them.
    let kept = FoundRun::all(&root.0).unwrap();
    assert_eq!(kept.len(), 3);
    // Between its fork and its exec, a child of another test has a copy of a run's lock.
    let all_are_kept = async {
        while kept.iter().any(|run| run.state() != RunState::Kept) {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(60), all_are_kept).await.unwrap();
    kept.iter().for_each(|run| run.remove().unwrap());
    assert_eq!(FoundRun::all(&root.0).unwrap(), []);
}

/// Writes a script that stands in for a server of a version, through a child: a file that this
/// process had open for writing cannot be executed while another thread has just forked.
fn script(root: &Scratch, version: &str) -> PathBuf {
    let path = root.0.join("nats-server");
    let write = r#"printf '#!/bin/sh
        case $1 in --version) echo nats-server: v%s; exit ;; esac
        exec sleep 1000' "$1" > "$2" && chmod 755 "$2""#;
    let status = Command::new("sh").args(["-c", write, "sh", version]).arg(&path).status();
    assert!(status.unwrap().success());
    path
}

#[tokio::test]
async fn a_server_of_the_users_that_is_too_old_is_refused() {
    let root = Scratch::new();
    let error = Server::at(script(&root, "2.9.10")).await.unwrap_err();
    assert!(matches!(error, ProbeError::Version { .. }), "{error}");
    let told = error.to_string();
    assert!(told.starts_with("it is version 2.9.10, expected 2.10 or later, because"), "{told}");
}

#[tokio::test]
async fn a_boot_that_hangs_ends_at_its_time_out() {
    let root = Scratch::new();
    let server = Server::at(script(&root, "2.10.0")).await.unwrap();
    let patience = Duration::from_millis(200);
    let booting = Builder::new(server).root(&root.0).boot_timeout(patience).boot();
    let StartError::Boot(error) = booting.await.unwrap_err() else { panic!("another error") };
    assert!(matches!(error.failure, BootFailure::Timeout(it) if it == patience), "{error}");
    assert_eq!(processes(&error.folder), [0; 0]);
}

#[tokio::test]
async fn dropping_kills_and_leaves_the_folder_of_a_test_that_failed_alone() {
    let root = Scratch::new();
    let nats = builder(&root).await.boot().await.unwrap();
    let folder = run_folder(&nats);
    drop(nats);
    assert!(folder.is_dir());
    assert_eq!(processes(&folder), [0; 0]);
    let nats = builder(&root).await.keep_on_drop(false).boot().await.unwrap();
    let folder = run_folder(&nats);
    drop(nats);
    assert_gone(&folder);
    // Neither does one that was shut down leave anything, nor a boot that is given up.
    let nats = builder(&root).await.boot().await.unwrap();
    let folder = run_folder(&nats);
    assert_eq!(nats.shut_down().await.stopping, Stopping::Asked);
    assert!(nats.log().tail(1)[0].contains("Server Exiting"));
    assert_eq!(nats.shut_down().await.stopping, Stopping::WasOver);
    drop(nats);
    assert_gone(&folder);
    let before = FoundRun::all(&root.0).unwrap();
    let booting = builder(&root).await.boot();
    assert!(futures_util::future::FutureExt::now_or_never(booting).is_none());
    assert_eq!(FoundRun::all(&root.0).unwrap(), before);
}

/// The body of a child, which boots a server, says where, and waits to be killed. Elsewhere it has
/// nothing to do.
#[tokio::test]
async fn a_child() -> Result<(), Box<dyn Error>> {
    let (Ok(deed), Some(root)) = (std::env::var(DEED), std::env::var_os(ROOT)) else {
        return Ok(());
    };
    let nats = Builder::new(Server::find().await?).root(root).boot().await?;
    println!("booted {} {}", nats.pid().ok_or("no process")?, nats.folder().display());
    match &*deed {
        "killed paused" => {
            nats.pause();
            println!("paused");
        }
        "crashed" => {
            let pid = nats.pid().and_then(|pid| Pid::from_raw(pid.try_into().ok()?));
            kill_process(pid.ok_or("no process")?, Signal::ABORT)?;
            nats.exited().await;
            assert_eq!(nats.stop().await?.stopping, Stopping::ByItself);
            return Ok(());
        }
        _ => {}
    }
    std::future::pending().await
}

fn child(deed: &str, root: &Scratch) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "nats::a_child", "--nocapture", "--test-threads=1"]);
    command.env(DEED, deed).env(ROOT, &root.0).env_remove("ASTERISK_KEEP");
    command
}

#[test]
fn a_server_that_ended_by_itself_leaves_its_folder_and_that_is_told() {
    let root = Scratch::new();
    let output = child("crashed", &root).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let kept = FoundRun::all(&root.0).unwrap();
    let [run] = &kept[..] else { panic!("{kept:?}") };
    assert!(run.path().join("nats/nats.log").exists());
    let expected = format!(
        "the sandbox is kept: {} (test nats::a_child); nats-server ended by itself (exit status: 2)",
        run.path().display()
    );
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains(&expected), "{said}");
}

#[test]
fn a_server_dies_with_its_parent_and_its_folder_goes() {
    for deed in ["killed", "killed paused"] {
        let root = Scratch::new();
        let mut child = child(deed, &root).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let booted = lines.find(|line| line.contains("booted ")).unwrap();
        if deed == "killed paused" {
            assert!(lines.any(|line| line == "paused"));
        }
        let (_, rest) = booted.split_once("booted ").unwrap();
        let (pid, folder) = rest.split_once(' ').unwrap();
        let (pid, folder): (u32, _) = (pid.parse().unwrap(), Path::new(folder));
        assert!(is_alive(pid) && folder.is_dir());
        child.kill().unwrap();
        child.wait().unwrap();
        let begun = Instant::now();
        while is_alive(pid) || folder.exists() {
            assert!(begun.elapsed() < AGES, "{deed}: {folder:?} or process {pid} is left");
        }
    }
}
