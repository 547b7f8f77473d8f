//! A small PBX in which something of everything is up.

use ami::value::DeviceState;
use ami::{Action, Originate};
use instance::{Builder, Instance, Modules, Server};
use live::{Live, State};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};
use tokio::time::timeout;

use crate::events::kit::{AGES, Running, ami, start};

const DIALPLAN: &str = "[default]
exten => wait,1,Answer()
 same => n,Wait(600)
exten => dial,1,Dial(Local/wait@default/n)
exten => ann,1,Wait(600)
exten => bob,1,Wait(600)
exten => sales,1,Answer()
 same => n,Queue(sales)
exten => room,1,Answer()
 same => n,ConfBridge(room,bridge,admin)
exten => park,1,Answer()
 same => n,Park(,s)
";

/// The last name has what a terminal would act on.
const QUEUES: &str = "[sales]
servicelevel=10
member => Local/ann@default/n,0,Ann Arbor
member => Local/bob@default/n,5,Bob
[odd\x1b31m]
";

const PARKING: &str = "[general]
[default]
context=parkedcalls
parkext=700
parkpos=701-720
parkingtime=600
";

const CONFBRIDGE: &str = "[bridge]
type=bridge
[admin]
type=user
quiet=yes
admin=yes
startmuted=yes
marked=yes
";

const PJSIP: &str = "[udp]
type = transport
protocol = udp
bind = <<address>>:5060
[alice]
type = endpoint
transport = udp
aors = alice
[alice]
type = aor
contact = sip:alice@127.0.0.1:9
";

/// A user who may not read what happens in queues.
const WEAK: &str = "
[weak]
secret = mysecret
read = system,call
write = system,call,command,reporting
";

const MODULES: [&str; 24] = [
    "app_confbridge",
    "app_dial",
    "app_queue",
    "bridge_builtin_features",
    "bridge_holding",
    "bridge_simple",
    "bridge_softmix",
    "chan_bridge_media",
    "chan_pjsip",
    "codec_gsm",
    "codec_ulaw",
    "format_gsm",
    "pbx_config",
    "res_musiconhold",
    "res_parking",
    "res_pjproject",
    "res_pjsip",
    "res_pjsip_endpoint_identifier_user",
    "res_pjsip_pubsub",
    "res_pjsip_session",
    "res_sorcery_astdb",
    "res_sorcery_config",
    "res_sorcery_memory",
    "res_timing_timerfd",
];

/// The name of the callers.
pub(super) const NAME: &str = "Al\x1b[31mice";

/// A small PBX.
pub(super) struct Office {
    pub(super) instance: Instance,
    pub(super) live: Live,
}

impl Office {
    /// Boots the PBX: queues, a parking lot and an endpoint, and nobody who calls.
    pub(super) async fn boot(major: u32) -> Self {
        let said = |progress| eprintln!("{progress}");
        let server = Server::find_or_fetch(&instance::Want::Major(major), said).await.unwrap();
        let instance = Builder::new(server)
            .modules(Modules::list(MODULES))
            .dialplan(DIALPLAN)
            .file("queues.conf", QUEUES)
            .file("res_parking.conf", PARKING)
            .file("confbridge.conf", CONFBRIDGE)
            .file("pjproject.conf", "[startup]\nlog_level = 0\n")
            .file("pjsip.conf", PJSIP)
            .file("manager.users.conf.inc", WEAK)
            .login("user", "mysecret")
            .boot()
            .await
            .unwrap();
        let live = Live::start(instance.ami());
        live.current().await.unwrap();
        Self { instance, live }
    }

    /// Boots the PBX, with a call of two, a caller in a queue, one in a conference, and a parked
    /// one.
    pub(super) async fn open(major: u32) -> Self {
        let office = Self::boot(major).await;
        for interface in ["Local/ann@default/n", "Local/bob@default/n"] {
            office.pause(interface, true).await;
        }
        for exten in ["dial", "sales", "room", "park"] {
            office.call(exten).await;
        }
        office.until(is_open).await;
        office
    }

    /// Lets somebody call an extension.
    pub(super) async fn call(&self, exten: &str) {
        let call = Originate::to_extension("Local/wait@default/n", "default", exten, 1);
        let call = call.caller_id(&format!("{NAME} <4711>"));
        self.instance.ami().originate(call).await.unwrap();
    }

    pub(super) async fn pause(&self, interface: &str, paused: bool) {
        let action = Action::new("QueuePause").field("Interface", interface);
        let action = action.field("Paused", paused.to_string()).field("Reason", "lunch");
        self.instance.ami().call(action).await.unwrap();
    }

    pub(super) async fn hang_up_all(&self) {
        self.instance.ami().command("channel request hangup all").await.unwrap();
        self.until(|it| it.channels().is_ok_and(live::Table::is_empty)).await;
    }

    pub(super) async fn until(&self, condition: impl Fn(&State) -> bool) {
        timeout(AGES, self.live.until(condition)).await.unwrap().unwrap();
    }

    /// The program, for this PBX.
    pub(super) fn ami(&self, arguments: &[&str]) -> Command {
        ami(self.instance.ami_address(), arguments)
    }

    /// The program, for a user who may not read what happens in queues.
    pub(super) fn weak(&self, arguments: &[&str]) -> Command {
        let mut command = self.ami(arguments);
        command.env("AMI_SERVER", format!("weak@{}", self.instance.ami_address()));
        command
    }
}

fn is_open(state: &State) -> bool {
    let is_up = || {
        let talks = |id: &live::Id| state.talking(id).iter().any(|group| group.len() == 2);
        let queue = state.queues().ok()?.get("sales")?;
        let room = state.conferences().ok()?.get("room")?;
        let lot = state.parking_lots().ok()?.get("default")?;
        let alice = state.endpoints().ok()?.get("alice")?;
        Some(
            state.calls().ok()?.ids().any(talks)
                && queue.callers.len() == 1
                && queue.members.iter().all(|it| it.pause.is_some())
                && room.members.first()?.marked.is_some()
                && lot.calls.len() == 1
                && alice.state == DeviceState::NotInUse,
        )
    };
    is_up().unwrap_or(false)
}

/// The program while it runs, and the lines that it prints.
pub(crate) struct Printing {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    errors: Lines<BufReader<ChildStderr>>,
}

impl Printing {
    pub(crate) fn start(command: Command) -> Self {
        let Running { child, stdout, stderr } = start(command);
        Self { child, lines: BufReader::new(stdout).lines(), errors: stderr }
    }

    /// Waits for the next line.
    pub(crate) async fn line(&mut self) -> String {
        let line = timeout(AGES, self.lines.next_line()).await.expect("no further line");
        line.unwrap().expect("the output has ended")
    }

    /// Waits for a line that has this text in it, and returns the lines up to it.
    pub(crate) async fn until(&mut self, text: &str) -> Vec<String> {
        let mut lines = vec![self.line().await];
        while !lines.last().is_some_and(|line| line.contains(text)) {
            lines.push(self.line().await);
        }
        lines
    }

    /// Waits for the next object.
    pub(crate) async fn object(&mut self) -> Value {
        let line = self.line().await;
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }

    /// Waits for an object that meets a condition, and returns the objects up to it.
    pub(crate) async fn objects(&mut self, condition: impl Fn(&Value) -> bool) -> Vec<Value> {
        let mut objects = vec![self.object().await];
        while !objects.last().is_some_and(&condition) {
            objects.push(self.object().await);
        }
        objects
    }

    /// Sends the signal of Ctrl-C.
    pub(crate) fn interrupt(&self) {
        let id = i32::try_from(self.child.id().unwrap()).unwrap();
        kill_process(Pid::from_raw(id).unwrap(), Signal::INT).unwrap();
    }

    /// Closes the output as a reader does that has enough.
    pub(crate) fn close_output(self) -> Child {
        self.child
    }

    /// Waits for the end, and returns the exit code and the rest of the error output.
    pub(crate) async fn end(mut self) -> (Option<i32>, String) {
        let rest = async {
            let mut rest = String::new();
            while let Some(line) = self.errors.next_line().await.unwrap() {
                rest += &(line + "\n");
            }
            (self.child.wait().await.unwrap().code(), rest)
        };
        timeout(AGES, rest).await.unwrap()
    }
}
