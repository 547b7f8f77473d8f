//! Runs the example programs on real servers.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use ami::{Action, Client, Filter, Originate};
use instance::{Builder, Instance, Modules, Server, Want};
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader, copy};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Longer than any test waits.
const AGES: Duration = Duration::from_secs(60);

const DIALPLAN: &str = "
[default]
exten => answer,1,Answer()
same => n,Wait(600)
exten => busy,1,Busy()
exten => agent,1,Answer()
same => n,Wait(0.2)
exten => done,1,Answer()
same => n,UserEvent(Done,result:pass)
exten => held,1,Answer()
same => n,Set(CALLERID(num)=1\x1b[31m00)
same => n,Queue(held)
exten => call,1,Answer()
same => n,Set(CALLERID(num)=200)
same => n,Queue(support)
exten => agi,1,AGI(agi:async)
same => n,UserEvent(Entered,digits:${DIGITS})
same => n,Wait(600)
exten => fastagi,1,AGI(agi://127.0.0.1:${PORT}/enter?sound=tt-monkeys&digits=2)
same => n,UserEvent(Entered,digits:${DIGITS})
same => n,Wait(600)
exten => presses,1,Wait(0.05)
same => n,GotoIf($[\"${KEYS}\" = \"\"]?1)
same => n,SendDTMF(${KEYS},250,250)
same => n,Wait(600)
";

const QUEUES: &str = "
[general]
[held]
[support]
member => Local/agent@default
";

async fn boot(major: u32) -> Instance {
    let said = |progress| eprintln!("{progress}");
    let server = Server::find_or_fetch(&Want::Major(major), said).await.unwrap();
    Builder::new(server)
        .modules(Modules::list([
            "pbx_config",
            "app_userevent",
            "app_echo",
            "app_queue",
            "app_senddtmf",
            "codec_gsm",
            "format_gsm",
            "func_callerid",
            // Asterisk 22 needs it before `res_agi`.
            "res_speech",
            "res_agi",
            "res_timing_timerfd",
        ]))
        .file("extensions.conf", DIALPLAN)
        .file("queues.conf", QUEUES)
        .build()
        .unwrap()
        .boot()
        .await
        .unwrap()
}

/// Ends a server that nobody needs any more. One that has booted a moment ago would take a second
/// to end by itself.
async fn end(instance: Instance) {
    instance.kill().await;
    instance.stop().await.unwrap();
}

/// An example that runs, and what it has printed up to now.
struct Program {
    child: Child,
    lines: mpsc::UnboundedReceiver<String>,
    printed: Vec<String>,
}

impl Program {
    /// Runs an example against the server at an address.
    fn run(name: &str, address: &str, arguments: &[&str]) -> Self {
        Self::run_with(name, &[("AMI_SERVER", &format!("user:mysecret@{address}"))], arguments)
    }

    fn run_with(name: &str, variables: &[(&str, &str)], arguments: &[&str]) -> Self {
        let mut child = Command::new(binary(name))
            .args(arguments)
            .env_remove("AMI_SERVER")
            .env_remove("AMI_SECRET")
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let (sender, lines) = mpsc::unbounded_channel();
        forward(child.stdout.take().unwrap(), sender.clone());
        forward(child.stderr.take().unwrap(), sender);
        Self { child, lines, printed: Vec::new() }
    }

    /// Waits for a line that has all these parts.
    async fn says(&mut self, parts: &[&str]) {
        let said = timeout(AGES, async {
            loop {
                let line = self.lines.recv().await?;
                let said = parts.iter().all(|part| line.contains(part));
                self.printed.push(line);
                if said {
                    return Some(());
                }
            }
        });
        let said = said.await.ok().flatten();
        assert!(said.is_some(), "no line with {parts:?}, but {:#?}", self.printed);
    }

    /// Waits for lines with each of these texts, in any order.
    async fn lists(&mut self, texts: &[&str]) {
        let mut left = texts.to_vec();
        let listed = timeout(AGES, async {
            while !left.is_empty() {
                let line = self.lines.recv().await?;
                left.retain(|text| !line.contains(text));
                self.printed.push(line);
            }
            Some(())
        });
        let listed = listed.await.ok().flatten();
        assert!(listed.is_some(), "no lines with {left:?}, but {:#?}", self.printed);
    }

    /// Presses Ctrl-C.
    fn interrupt(&self) {
        let id = self.child.id().unwrap().try_into().unwrap();
        kill_process(Pid::from_raw(id).unwrap(), Signal::INT).unwrap();
    }

    /// Waits for the end, and checks the exit code. Gives all that was printed.
    async fn ends(mut self, code: i32) -> String {
        let ended = timeout(AGES, async {
            while let Some(line) = self.lines.recv().await {
                self.printed.push(line);
            }
            self.child.wait().await.unwrap().code()
        });
        let ended = ended.await.ok().flatten();
        assert_eq!(ended, Some(code), "{:#?}", self.printed);
        self.printed.join("\n")
    }
}

/// The program of an example. `cargo test` builds it unless it is told what to test.
fn binary(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let path = test.ancestors().nth(2).unwrap().join("examples").join(name);
    assert!(path.exists(), "no {}: `cargo build -p ami --examples` builds it", path.display());
    path
}

fn forward(pipe: impl AsyncRead + Send + Unpin + 'static, to: mpsc::UnboundedSender<String>) {
    tokio::spawn(async move {
        let mut lines = BufReader::new(pipe).lines();
        while let Some(line) = lines.next_line().await.unwrap() {
            if to.send(line).is_err() {
                return;
            }
        }
    });
}

/// The moment to cut a link.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Cut {
    Not,
    Now,
    /// The moment the client sends this, which does not reach the server.
    At(&'static str),
}

/// A link to a server that can be cut, with an address of its own.
struct Link {
    address: String,
    cut: watch::Sender<Cut>,
    task: JoinHandle<()>,
}

impl Link {
    async fn to(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let cut = watch::Sender::new(Cut::Not);
        let cuts = cut.clone();
        let task = tokio::spawn(async move {
            loop {
                let (near, _) = listener.accept().await.unwrap();
                if let Ok(far) = TcpStream::connect(&server).await {
                    tokio::spawn(carry(near, far, cuts.clone()));
                }
            }
        });
        Self { address, cut, task }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn carry(near: TcpStream, far: TcpStream, cuts: watch::Sender<Cut>) {
    let (mut from_client, mut to_client) = near.into_split();
    let (mut from_server, mut to_server) = far.into_split();
    let mut cut = cuts.subscribe();
    let to_server = async {
        let mut bytes = [0; 4096];
        loop {
            let Ok(length @ 1..) = from_client.read(&mut bytes).await else { return };
            let text = String::from_utf8_lossy(&bytes[..length]);
            let cut = *cuts.borrow();
            if matches!(cut, Cut::At(action) if text.contains(action)) {
                return;
            }
            if to_server.write_all(&bytes[..length]).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = to_server => {}
        _ = copy(&mut from_server, &mut to_client) => {}
        () = async { drop(cut.wait_for(|cut| *cut == Cut::Now).await) } => {}
    }
    cuts.send_replace(Cut::Not);
}

#[tokio::test]
async fn programs_on_22() {
    programs(22).await;
}

#[tokio::test]
async fn programs_on_16() {
    programs(16).await;
}

async fn programs(major: u32) {
    let instance = boot(major).await;
    let address = instance.ami_address();
    tokio::join!(
        tail(instance.ami(), &address),
        originate(&address),
        queues(instance.ami(), &address),
        command(&address),
        user_event(instance.ami(), &address),
        agi(instance.ami(), &address),
        fastagi(instance.ami(), &address),
        record(&address, major),
    );
    end(instance).await;
}

async fn tail(client: &Client, address: &str) {
    let link = Link::to(address.to_owned()).await;
    let filters = ["FullyBooted", "UserEvent UserEvent=Tail kind!=other"];
    let mut tail = Program::run("tail", &link.address, &filters);
    tail.says(&["Event: \"FullyBooted\""]).await;
    let raise = |kind, text| {
        client.call(Action::user_event("Tail").field("kind", kind).field("text", text))
    };
    raise("other", "hidden").await.unwrap();
    raise("this", "\x1b[31mred").await.unwrap();
    tail.says(&["Event: \"UserEvent\"", r#"text: "\u{1b}[31mred""#]).await;

    link.cut.send_replace(Cut::Now);
    tail.says(&[
        "== events are missing here: ",
        "without a connection",
        ": the server closed the connection",
    ])
    .await;
    raise("this", "again").await.unwrap();
    tail.says(&["again"]).await;
    tail.interrupt();
    let printed = tail.ends(0).await;
    assert!(!printed.contains("hidden") && !printed.contains('\x1b'), "{printed}");

    let printed = Program::run("tail", address, &["Hangup Cause!16"]).ends(1).await;
    assert!(printed.contains("FilterError") && printed.contains("column: 13"), "{printed}");
}

async fn originate(address: &str) {
    let mut answered = Program::run("originate", address, &["Local/answer@default", "Wait", "600"]);
    answered.says(&["Local/answer@default", "has answered"]).await;
    answered.interrupt();
    answered.says(&["the call ended: 16 (NORMAL_CLEARING)"]).await;
    let printed = answered.ends(0).await;
    assert_eq!(printed.matches("ended: ").count(), 3, "two halves and the call: {printed}");

    let printed = Program::run("originate", address, &["Local/busy@default"]).ends(0).await;
    assert!(printed.contains("originate failed: "), "{printed}");
    assert!(printed.contains("the call ended: 17 (USER_BUSY)"), "{printed}");

    let printed = Program::run("originate", address, &[]).ends(1).await;
    assert!(printed.contains("usage: originate CHANNEL"), "{printed}");
}

async fn queues(client: &Client, address: &str) {
    let mut joins = client.subscribe(Filter::named(["QueueCallerJoin"]));
    let call = |who| client.originate(Originate::to_application(who, "Wait", "600"));
    let (held, joined) =
        tokio::join!(call("Local/held@default/n"), timeout(AGES, joins.next_event()));
    held.unwrap();
    joined.unwrap().unwrap();

    let link = Link::to(address.to_owned()).await;
    let mut queues = Program::run("queues", &link.address, &[]);
    let held = ["held, callers: 1", "  caller 1: 1\\u{1b}[31m00"];
    let support = ["support, callers: 0", "  member Local/agent@default: idle"];
    queues.lists(&[held, support].concat()).await;
    call("Local/call@default/n").await.unwrap();
    queues.says(&["support: 200 joins at 1"]).await;
    queues.says(&["support: Local/agent@default answers"]).await;
    queues.says(&["support: Local/agent@default talked for "]).await;

    link.cut.send_replace(Cut::Now);
    queues.says(&["== events are missing here: ", "without a connection"]).await;
    queues.lists(&["held, callers: 1", "support, callers: 0", "  member Local/agent@"]).await;
    queues.interrupt();
    let printed = queues.ends(0).await;
    assert!(!printed.contains('\x1b'), "{printed}");
}

async fn command(address: &str) {
    let server = format!("user@{address}");
    let variables = [("AMI_SERVER", &*server), ("AMI_SECRET", "mysecret")];
    let commands = ["core show version", "manager show user user"];
    let printed = Program::run_with("command", &variables, &commands).ends(0).await;
    assert!(printed.contains("Asterisk ") && printed.contains("username: user"), "{printed}");

    let commands = ["core show version", "no such thing", "manager show user user"];
    let printed = Program::run("command", address, &commands).ends(1).await;
    assert!(printed.contains("Asterisk ") && !printed.contains("username: user"), "{printed}");
    assert!(printed.contains("No such command 'no such thing'"), "{printed}");

    let printed = Program::run_with("command", &[], &commands).ends(1).await;
    assert!(printed.contains("AMI_SERVER") && printed.contains("user:secret@host"), "{printed}");
}

async fn user_event(client: &Client, address: &str) {
    let mut raised = client.subscribe(Filter::user_event("Begin").field("from", "user_event"));
    let program = Program::run("user_event", address, &["Begin", "Done"]);
    timeout(AGES, raised.next_event()).await.unwrap().unwrap();
    client.originate(Originate::to_application("Local/done@default", "Wait", "1")).await.unwrap();
    let printed = program.ends(0).await;
    assert!(printed.contains(r#"result: "pass""#), "{printed}");

    let printed = Program::run("user_event", address, &["Begin", "Never", "0"]).ends(1).await;
    assert!(printed.contains("no user event Never within 0 s"), "{printed}");
}

async fn agi(client: &Client, address: &str) {
    let mut program = Program::run("agi", address, &["tt-monkeys", "2"]);
    program.says(&["waiting for callers"]).await;
    let call = Originate::to_extension("Local/agi@default/n", "default", "presses", "1");
    let mut call = client.place(call.caller_id("<300>"));
    let half = format!("{};2", call.unique_id());
    let mut begun = client.subscribe(Filter::named(["AGIExecStart"]).field("Uniqueid", &half));
    let mut entered = client.subscribe(Filter::user_event("Entered"));
    call.outcome().await.unwrap();
    while !begun.next_event().await.unwrap().text("Command").unwrap().starts_with("GET DATA") {}
    client.set_variable(call.unique_id(), "KEYS", "12").await.unwrap();
    program.says(&["300 has entered 12"]).await;
    let entered = timeout(AGES, entered.next_event()).await.unwrap().unwrap();
    assert_eq!(entered.text("digits").as_deref(), Some("12"));
    call.hang_up().await.unwrap();

    let call = Originate::to_extension("Local/agi@default/n", "default", "presses", "1");
    let mut call = client.place(call.caller_id("<400>"));
    call.outcome().await.unwrap();
    call.hang_up().await.unwrap();
    program.says(&["400 has hung up"]).await;
    program.interrupt();
    program.ends(0).await;

    let printed = Program::run("agi", address, &[]).ends(1).await;
    assert!(printed.contains("usage: agi SOUND"), "{printed}");
}

async fn fastagi(client: &Client, address: &str) {
    let mut program = Program::run("fastagi", address, &["127.0.0.1:0"]);
    program.says(&["listening on 127.0.0.1:"]).await;
    let port = program.printed.last().unwrap().rsplit_once(':').unwrap().1.to_owned();
    let call = Originate::to_extension("Local/fastagi@default/n", "default", "presses", "1");
    let mut call = client.place(call.caller_id("<500>").variable("__PORT", &port));
    let half = format!("{};2", call.unique_id());
    let mut begun = client.subscribe(Filter::named(["AGIExecStart"]).field("Uniqueid", &half));
    let mut entered = client.subscribe(Filter::user_event("Entered").field("Uniqueid", &half));
    call.outcome().await.unwrap();
    while !begun.next_event().await.unwrap().text("Command").unwrap().starts_with("GET DATA") {}
    client.set_variable(call.unique_id(), "KEYS", "12").await.unwrap();
    program.says(&["500 has entered 12"]).await;
    let entered = timeout(AGES, entered.next_event()).await.unwrap().unwrap();
    assert_eq!(entered.text("digits").as_deref(), Some("12"));
    call.hang_up().await.unwrap();

    drop(TcpStream::connect(format!("127.0.0.1:{port}")).await.unwrap());
    program.says(&["is no FastAGI request"]).await;
    program.interrupt();
    program.ends(0).await;

    let printed = Program::run("fastagi", address, &["nowhere"]).ends(1).await;
    assert!(printed.contains("nowhere"), "{printed}");
}

async fn record(address: &str, major: u32) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let file = folder.join(format!("record-{major}-{}.ami", std::process::id()));
    let printed = Program::run("record", address, &[file.to_str().unwrap(), "0"]).ends(0).await;
    assert!(printed.contains("parts: 1, "), "{printed}");
    let stream = std::fs::read_to_string(&file).unwrap();
    assert!(stream.starts_with("Asterisk Call Manager/"), "{stream}");
    std::fs::remove_file(file.with_extension("ami.times")).unwrap();
    std::fs::remove_file(file).unwrap();
}

#[tokio::test]
async fn restart_goes_on() {
    let instance = boot(22).await;
    let link = Link::to(instance.ami_address()).await;
    let mut restart = Program::run("restart", &link.address, &[]);
    restart.says(&["calls: 0"]).await;

    link.cut.send_replace(Cut::At("CoreStatus"));
    restart.says(&["asked in vain: disconnected; the action may have been executed"]).await;
    restart.says(&["== gap: "]).await;
    restart.says(&["calls: 0"]).await;

    // The server tells its uptime in whole seconds: that it ran on shows only now that it had been
    // up for a second at the login before.
    link.cut.send_replace(Cut::Now);
    restart.says(&["== gap: ", "the server was not restarted"]).await;
    // And a restart shows once more than a second is between this login and the next boot.
    for _ in 0..3 {
        restart.says(&["calls: 0"]).await;
    }

    timeout(AGES, instance.restart()).await.unwrap().unwrap();
    restart.says(&["== gap: ", "the server was restarted"]).await;
    restart.says(&["calls: 0"]).await;
    restart.interrupt();
    let printed = restart.ends(0).await;
    assert_eq!(printed.matches("== down: the connection was lost").count(), 3, "{printed}");
    assert!(printed.matches("== up").count() >= 4, "{printed}");
    end(instance).await;
}
