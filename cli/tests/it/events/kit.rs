//! The program with a server, and what it prints.

use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use ami::testing::{Script, Server};
use ami::{Codec, Event, Frame};
use bytes::BytesMut;
use instance::{Builder, Instance, Modules, Server as Installed, Want};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};
use tokio::time::timeout;
use tokio_util::codec::Decoder;

pub(crate) const VERSIONS: [u32; 2] = [22, 16];

/// Longer than any test waits.
pub(crate) const AGES: Duration = Duration::from_secs(60);

const DIALPLAN: &str = "
[default]
exten => answer,1,Answer()
same => n,Wait(600)
exten => silence,1,Wait(60)
";

pub(crate) async fn boot(major: u32) -> Instance {
    let said = |progress| eprintln!("{progress}");
    let server = Installed::find_or_fetch(&Want::Major(major), said).await.unwrap();
    let modules = ["pbx_config", "app_userevent", "app_echo", "func_channel", "codec_alaw"];
    Builder::new(server)
        .modules(Modules::list(modules))
        .file("extensions.conf", DIALPLAN)
        .login("user", "mysecret")
        .build()
        .unwrap()
        .boot()
        .await
        .unwrap()
}

/// Ends a server. One that has booted a moment ago would take a second to end by itself.
pub(crate) async fn end(instance: Instance) {
    instance.kill().await;
    instance.stop().await.unwrap();
}

/// A server that follows a script, for the user of the tests.
pub(crate) async fn scripted() -> Server {
    scripted_by(Script::new()).await
}

pub(crate) async fn scripted_by(script: Script) -> Server {
    Server::bind().await.unwrap().script(script.user("user", "mysecret"))
}

/// The program, for a server at this address.
pub(crate) fn ami(address: impl ToString, arguments: &[&str]) -> Command {
    let mut command = offline(arguments);
    command.env("AMI_SERVER", format!("user@{}", address.to_string()));
    command
}

/// The program, without a server.
pub(crate) fn offline(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ami"));
    command.args(arguments).env_remove("AMI_SERVER").env("AMI_SECRET", "mysecret");
    command.env("TZ", "UTC").env_remove("NO_COLOR").stdin(Stdio::null()).kill_on_drop(true);
    command
}

/// The output of the program, and its end.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl Ended {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.stdout.clone()).unwrap()
    }

    /// The objects in the output.
    pub(crate) fn objects(&self) -> Vec<serde_json::Value> {
        self.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// Runs the program to its end.
pub(crate) async fn run(mut command: Command) -> Ended {
    let output = timeout(AGES, command.output()).await.unwrap().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    Ended { code: output.status.code(), stdout: output.stdout, stderr }
}

/// The program while it runs.
pub(crate) struct Running {
    pub(crate) child: Child,
    pub(crate) stdout: ChildStdout,
    pub(crate) stderr: Lines<BufReader<ChildStderr>>,
}

pub(crate) fn start(mut command: Command) -> Running {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let stdout = child.stdout.take().unwrap();
    let stderr = BufReader::new(child.stderr.take().unwrap()).lines();
    Running { child, stdout, stderr }
}

impl Running {
    /// Waits for a line on the error output that has this text in it.
    pub(crate) async fn tells(&mut self, text: &str) -> String {
        let lines = async {
            loop {
                let line = self.stderr.next_line().await.unwrap();
                let line = line.unwrap_or_else(|| panic!("the program has not told {text:?}"));
                if line.contains(text) {
                    return line;
                }
            }
        };
        timeout(AGES, lines).await.unwrap()
    }

    /// Waits until the program has printed a text, and returns all that it has printed.
    pub(crate) async fn shows(&mut self, text: &str) -> String {
        let mut shown = Vec::new();
        let read = async {
            while !String::from_utf8_lossy(&shown).contains(text) {
                let read = self.stdout.read_buf(&mut shown).await.unwrap();
                assert!(read > 0, "{}", String::from_utf8_lossy(&shown));
            }
        };
        timeout(AGES, read).await.unwrap();
        String::from_utf8(shown).unwrap()
    }

    /// Sends the signal of Ctrl-C.
    pub(crate) fn interrupt(&self) {
        let id = i32::try_from(self.child.id().unwrap()).unwrap();
        let id = rustix::process::Pid::from_raw(id).unwrap();
        rustix::process::kill_process(id, rustix::process::Signal::INT).unwrap();
    }

    /// Waits for the end, and reads the rest of what is printed.
    pub(crate) async fn end(mut self) -> Ended {
        let rest = async {
            let mut stdout = Vec::new();
            self.stdout.read_to_end(&mut stdout).await.unwrap();
            let mut stderr = String::new();
            while let Some(line) = self.stderr.next_line().await.unwrap() {
                stderr += &(line + "\n");
            }
            let code = self.child.wait().await.unwrap().code();
            Ended { code, stdout, stderr }
        };
        timeout(AGES, rest).await.unwrap()
    }

    /// Waits for the end without reading the output.
    pub(crate) async fn status(&mut self) -> ExitStatus {
        timeout(AGES, self.child.wait()).await.unwrap().unwrap()
    }
}

/// The banner of a recording, and its events.
pub(crate) fn decoded(recording: &[u8]) -> (String, Vec<Event>) {
    let mut frames = decoded_any(recording).into_iter();
    let Some(Frame::Banner(banner)) = frames.next() else { panic!("no banner") };
    let event = |frame| match frame {
        Frame::Event(event) => event,
        other => panic!("{other:?}"),
    };
    (banner.version().unwrap().to_owned(), frames.map(event).collect())
}

/// The frames of a recording.
pub(crate) fn decoded_any(recording: &[u8]) -> Vec<Frame> {
    let mut codec = Codec::new();
    let mut bytes = BytesMut::from(recording);
    std::iter::from_fn(|| codec.decode_eof(&mut bytes).unwrap()).collect()
}
