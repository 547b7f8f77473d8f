//! A server with everything that the steps need, and a link to it that can be cut.

use std::sync::{Arc, Mutex, PoisonError};

use instance::{Builder, Instance, Modules};
use live::ami::{Client, Config, Reconnect};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};

const MODULES: &[&str] = &[
    "app_bridgewait",
    "app_chanspy",
    "app_confbridge",
    "app_dial",
    "app_directed_pickup",
    "app_echo",
    "app_queue",
    "app_userevent",
    "bridge_builtin_features",
    "bridge_builtin_interval_features",
    "bridge_holding",
    "bridge_simple",
    "bridge_softmix",
    "chan_bridge_media",
    "codec_gsm",
    "format_gsm",
    "func_callerid",
    "func_channel",
    "func_devstate",
    "func_logic",
    "func_presencestate",
    "func_rand",
    "pbx_config",
    "res_manager_devicestate",
    "res_manager_presencestate",
    "res_musiconhold",
    "res_parking",
    "res_timing_timerfd",
];

const DIALPLAN: &str = include_str!("extensions.conf");
const QUEUES: &str = include_str!("queues.conf");
const PARKING: &str = "\
[general]
[default]
parkext=700
parkpos=701-710
context=parked
parkingtime=2
comebacktoorigin=no
comebackcontext=calls
courtesytone=
[second]
parkext=800
parkpos=801-804
context=parked
parkingtime=30
[fence]
parkpos=901-999
context=parked
";
const FEATURES: &str = "\
[general]
transferdigittimeout=1
atxfernoanswertimeout=2
[featuremap]
blindxfer=#1
atxfer=*2
disconnect=*0
parkcall=#7
";
const CONFERENCES: &str = "\
[general]
[default_user]
type=user
quiet=yes
announce_only_user=no
[admin]
type=user
quiet=yes
announce_only_user=no
admin=yes
[marked]
type=user
quiet=yes
announce_only_user=no
marked=yes
[muted]
type=user
quiet=yes
announce_only_user=no
startmuted=yes
[waiting]
type=user
wait_marked=yes
end_marked=yes
[talker]
type=user
quiet=yes
announce_only_user=no
talk_detection_events=yes
";

/// Boots a server.
pub(crate) async fn boot(version: u32) -> Instance {
    let server = instance::server(version).await.unwrap();
    Builder::new(server)
        .modules(Modules::list(MODULES.iter().copied()))
        .dialplan(DIALPLAN)
        .file("queues.conf", QUEUES)
        .file("res_parking.conf", PARKING)
        .file("features.conf", FEATURES)
        .file("confbridge.conf", CONFERENCES)
        .boot()
        .await
        .unwrap()
}

/// A link to a server that can be cut.
pub(crate) struct Link {
    port: u16,
    cuts: Arc<Mutex<Vec<AbortHandle>>>,
    _tasks: JoinSet<()>,
}

impl Link {
    pub(crate) async fn new(server: String) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let cuts: Arc<Mutex<Vec<AbortHandle>>> = Arc::default();
        let (mut tasks, handles) = (JoinSet::new(), Arc::clone(&cuts));
        tasks.spawn(async move {
            let mut links = JoinSet::new();
            loop {
                let Ok((mut client, _)) = listener.accept().await else { continue };
                let server = server.clone();
                let link = links.spawn(async move {
                    if let Ok(mut server) = TcpStream::connect(server).await {
                        // A lost connection ends the copy, and so the link.
                        let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
                    }
                });
                handles.lock().unwrap_or_else(PoisonError::into_inner).push(link);
            }
        });
        Self { port, cuts, _tasks: tasks }
    }

    /// Connects a client that reconnects.
    pub(crate) async fn connect(&self) -> Client {
        let wait = Reconnect::default().wait(Duration::from_millis(5), Duration::from_millis(50));
        Config::new("user", "mysecret")
            .reconnect(wait)
            .until_booted(true)
            .connect(format!("127.0.0.1:{}", self.port))
            .await
            .unwrap()
    }

    /// Cuts the connections that are up.
    pub(crate) fn cut(&self) {
        for link in self.cuts.lock().unwrap().drain(..) {
            link.abort();
        }
    }
}
