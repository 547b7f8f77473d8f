//! A server with calls in all places that `ami top` tells of.

use ami::{Action, Originate};
use instance::{Builder, Instance, Modules, Server as Installed, Want};
use live::{Live, State};
use tokio::time::timeout;

use crate::events::kit::AGES;

const DIALPLAN: &str = "
[phones]
exten => _[a-z]!,1,Answer()
same => n,Wait(600)
exten => 202,1,Ringing()
same => n,Wait(600)

[office]
exten => 200,1,Dial(Local/bob@phones)
exten => 202,1,Set(CALLERID(name)=${CALLERID(name)}${STRFTIME(0,UTC,%n)}Y)
same => n,Dial(Local/202@phones)
exten => 300,1,Answer()
same => n,Queue(support)
exten => 400,1,Answer()
same => n,Park()
exten => 500,1,Answer()
same => n,ConfBridge(meeting,,quiet)
exten => 600,1,Answer()
same => n,Wait(600)

[parked]
";

const QUEUES: &str = "
[general]
persistentmembers = no
[support]
ringinuse = no
servicelevel = 20
member => Local/ann@phones,0,Ann,Custom:ann
member => Local/ben@phones,0,Ben,Custom:ben
[sales]
member => Local/joe@phones,0,Joe,Custom:joe
";

const PARKING: &str = "
[general]
[default]
parkext => 700
parkpos => 701-703
context => parked
parkingtime => 600
";

const MODULES: [&str; 19] = [
    "pbx_config",
    "app_dial",
    "app_queue",
    "app_confbridge",
    "app_userevent",
    "bridge_simple",
    "bridge_softmix",
    "bridge_holding",
    "bridge_builtin_features",
    "res_parking",
    "res_musiconhold",
    "res_timing_timerfd",
    "func_callerid",
    "func_channel",
    "func_devstate",
    "func_strings",
    "codec_ulaw",
    "codec_gsm",
    "format_gsm",
];

/// A user that may see calls, and may not read queues, nor hang up.
const WEAK: &str = "
[weak]
secret = mysecret
read = call,system
write = reporting,command
";

/// A server with calls.
pub(crate) struct Office {
    pub(crate) instance: Instance,
    pub(crate) live: Live,
}

impl Office {
    pub(crate) async fn open(major: u32) -> Self {
        let said = |progress| eprintln!("{progress}");
        let server = Installed::find_or_fetch(&Want::Major(major), said).await.unwrap();
        let instance = Builder::new(server)
            .modules(Modules::list(MODULES))
            .file("extensions.conf", DIALPLAN)
            .file("queues.conf", QUEUES)
            .file("res_parking.conf", PARKING)
            .file("confbridge.conf", "[general]\n[quiet]\ntype = user\nquiet = yes\n")
            .file("musiconhold.conf", "")
            .file("features.conf", "[general]\n")
            .file("manager.users.conf.inc", WEAK)
            .login("user", "mysecret")
            .build()
            .unwrap()
            .boot()
            .await
            .unwrap();
        let live = Live::start(instance.ami());
        let office = Self { instance, live };
        office.until(|state| state.freshness().is_current()).await;
        office
    }

    /// Waits until the server is so far.
    pub(crate) async fn until(&self, is: impl Fn(&State) -> bool) {
        timeout(AGES, self.live.until(is)).await.unwrap().unwrap();
    }

    /// The number of calls.
    pub(crate) fn calls(&self) -> usize {
        self.live.state().calls().unwrap().len()
    }

    pub(crate) async fn device(&self, name: &str, state: &str) {
        let variable = format!("DEVICE_STATE(Custom:{name})");
        self.instance.ami().set_global_variable(&variable, state).await.unwrap();
    }

    /// Places a call, and waits until it is there.
    pub(crate) async fn call(&self, caller_id: &str, exten: &str) {
        let before = self.calls();
        let originate =
            Originate::to_extension("Local/phone@phones", "office", exten, 1).caller_id(caller_id);
        self.instance.ami().originate(originate).await.unwrap();
        self.until(|state| state.calls().unwrap().len() > before).await;
    }

    /// Places a call to each place that there is, one behind the other.
    pub(crate) async fn fill(&self) {
        for (name, state) in [("ann", "NOT_INUSE"), ("ben", "INUSE"), ("joe", "NOT_INUSE")] {
            self.device(name, state).await;
        }
        let pause = Action::new("QueuePause")
            .field("Queue", "support")
            .field("Interface", "Local/ann@phones")
            .field("Paused", "true");
        self.instance.ami().call(pause).await.unwrap();
        self.call("Alice <100>", "200").await;
        self.until(|state| state.calls().unwrap().iter().any(|call| call.answered_by.is_some()))
            .await;
        self.call("B \u{1b}[2J <101>", "202").await;
        self.call("Carol <102>", "300").await;
        self.until(|state| state.queues().unwrap().iter().any(|it| !it.callers.is_empty())).await;
        self.call("Dave 日本 <103>", "400").await;
        let is_parked =
            |state: &State| state.parking_lots().unwrap().iter().any(|it| !it.calls.is_empty());
        self.until(is_parked).await;
        self.call("Eve <104>", "500").await;
        let is_in =
            |state: &State| state.conferences().unwrap().iter().any(|it| !it.members.is_empty());
        self.until(is_in).await;
        self.call("Frank <105>", "600").await;
        self.until(|state| {
            state
                .channels()
                .unwrap()
                .iter()
                .any(|channel| &*channel.exten == "600" && &*channel.application == "Wait")
        })
        .await;
    }
}
