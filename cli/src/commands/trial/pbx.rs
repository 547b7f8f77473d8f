//! The PBX and its telephones, two servers.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::Duration;

use ami::{Action, Client, Matcher};
use instance::{Builder, Instance, Modules, Sandbox, Server, Want};
use uuid::Uuid;

use crate::commands::fetch::steps;
use crate::exit::{Exit, Failure};
use crate::out::{Out, Style, escape};

/// The manager user.
const USER: &str = "try";

/// The classes of events that the user reads: all but those of tests and logs, and those of logins,
/// of which each command makes one.
const READ: &str = "system,call,agent,user,config,dtmf,reporting,cdr,dialplan,agi,aoc,cc";

/// The modules of both servers: SIP, and bridges of two.
const SIP: [&str; 20] = [
    "pbx_config",
    "res_sorcery_config",
    "res_sorcery_memory",
    "res_sorcery_astdb",
    "res_pjproject",
    "res_pjsip",
    "res_pjsip_pubsub",
    "res_pjsip_session",
    "res_pjsip_sdp_rtp",
    "res_pjsip_caller_id",
    "res_pjsip_rfc3326",
    "res_pjsip_endpoint_identifier_ip",
    "res_rtp_asterisk",
    "chan_pjsip",
    "codec_ulaw",
    "codec_gsm",
    "format_gsm",
    "bridge_simple",
    "app_dial",
    "res_timing_timerfd",
];

/// The modules of the PBX: all that its dialplan uses, and some applications for calls that a user
/// places.
const PBX: [&str; 16] = [
    "res_pjsip_endpoint_identifier_user",
    "res_pjsip_refer",
    "bridge_softmix",
    "bridge_holding",
    "bridge_builtin_features",
    "app_queue",
    "app_confbridge",
    "app_playback",
    "app_echo",
    "app_milliwatt",
    "app_userevent",
    "res_musiconhold",
    "res_parking",
    "format_pcm",
    "func_channel",
    "func_callerid",
];

const TELEPHONES: [&str; 2] = ["app_senddtmf", "func_rand"];

/// A PBX with telephones, which run.
#[derive(Debug)]
pub(super) struct Pbx {
    pbx: Instance,
    telephones: Instance,
    secret: String,
}

impl Pbx {
    /// Finds or fetches a server, and boots both.
    pub(super) async fn boot(want: &Want, out: &Out) -> Result<Self, Failure> {
        let server = Server::find_or_fetch(want, steps()).await.map_err(failed)?;
        // A secret that a caller cannot guess: each user of this machine can reach the address.
        let secret = Uuid::new_v4().simple().to_string();
        let builders = vec![pbx(&server, &secret), telephones(&server, &secret)];
        let built = tokio::task::spawn_blocking(|| Builder::build_all(builders)).await;
        let sandboxes = built.map_err(io::Error::other)?.map_err(failed)?;
        let mut instances = Sandbox::boot_all(sandboxes).await.map_err(failed)?.into_iter();
        let (Some(pbx), Some(telephones)) = (instances.next(), instances.next()) else {
            return Err(io::Error::other("two servers were to be booted").into());
        };
        let pbx = Self { pbx, telephones, secret };
        pbx.write_files()?;
        pbx.qualify().await?;
        out.tell(Style::Dim, &pbx.booted());
        Ok(pbx)
    }

    /// Lets the PBX ask all telephones now whether they are there: by itself it begins within half
    /// a minute, and until then nobody is called.
    async fn qualify(&self) -> Result<(), Failure> {
        let list = Action::new("PJSIPShowEndpoints");
        let endpoints = self.pbx.ami().list(list).collect().await.map_err(failed)?;
        for name in endpoints.items.iter().filter_map(|it| it.text("ObjectName")) {
            let qualify = Action::new("PJSIPQualify").field("Endpoint", &*name);
            self.pbx.ami().call(qualify).await?;
        }
        Ok(())
    }

    /// Writes the lines for other terminals, which only this user can read, and the link by which
    /// a shell finds this very program as `ami`.
    fn write_files(&self) -> io::Result<()> {
        let mut file =
            OpenOptions::new().write(true).create_new(true).mode(0o600).open(self.env())?;
        file.write_all(self.exports().as_bytes())?;
        std::fs::create_dir(self.programs())?;
        symlink(std::env::current_exe()?, self.programs().join("ami"))
    }

    /// The folder of the run, which goes away at the end.
    pub(super) fn folder(&self) -> &Path {
        self.pbx.sandbox().folder()
    }

    /// The file with the lines for other terminals.
    pub(super) fn env(&self) -> PathBuf {
        self.folder().join("env")
    }

    /// The folder with the program.
    pub(super) fn programs(&self) -> PathBuf {
        self.folder().join("programs")
    }

    pub(super) fn version(&self) -> String {
        escape(self.pbx.sandbox().server().version().to_string().as_bytes())
    }

    /// The user and the address, as `AMI_SERVER` has them.
    pub(super) fn server(&self) -> String {
        format!("{USER}@{}", self.pbx.ami_address())
    }

    pub(super) fn secret(&self) -> &str {
        &self.secret
    }

    /// The variables of programs that use the server.
    pub(super) fn variables(&self) -> [(&'static str, String); 3] {
        [
            ("AMI_SERVER", self.server()),
            ("AMI_SECRET", self.secret.clone()),
            ("AMI_TRY", self.version()),
        ]
    }

    /// The lines for a shell in another terminal. No value has a character that a shell acts on.
    pub(super) fn exports(&self) -> String {
        self.variables().map(|(name, value)| format!("export {name}={value}\n")).concat()
    }

    pub(super) fn booted(&self) -> String {
        let seconds = self.pbx.boot_time().max(self.telephones.boot_time()).as_secs_f64();
        let version = self.version();
        // The rest is that of a distribution.
        let version = version.split(['+', '~']).next().unwrap_or_default();
        format!("Asterisk {version} has booted in {seconds:.1} s")
    }

    /// The client of the telephones.
    pub(super) fn telephones(&self) -> &Client {
        self.telephones.ami()
    }

    /// The host of the PBX, for SIP.
    pub(super) fn host(&self) -> String {
        self.pbx.sandbox().address().to_string()
    }

    /// Waits until the PBX has told an event, for so long at most.
    pub(super) async fn tells(&self, event: Matcher, wait: Duration) {
        // The error tells that the time is up.
        let _ = self.pbx.expect(event, wait).await;
    }

    /// Waits until one of the servers ends by itself.
    pub(super) async fn died(&self) {
        tokio::select! {
            _ = self.pbx.exited() => (),
            _ = self.telephones.exited() => (),
        }
    }

    /// The failure of a server that ended by itself.
    pub(super) fn death(&self) -> anyhow::Error {
        let which =
            if self.pbx.pid().is_none() { "the PBX" } else { "the server of the telephones" };
        anyhow::anyhow!("{which} has ended by itself, so there are no calls any more")
    }

    /// Ends both servers and removes their folder. They have nothing to write, so they are killed:
    /// a server that has booted a moment ago takes a second to end by itself.
    pub(super) async fn end(self) -> io::Result<()> {
        tokio::join!(self.pbx.kill(), self.telephones.kill());
        let ended = Instance::stop_all(vec![self.pbx, self.telephones]).await;
        ended.into_iter().try_for_each(|it| it.map(|_| ()))
    }
}

fn pbx(server: &Server, secret: &str) -> Builder {
    let modules = Modules::list(SIP.into_iter().chain(PBX));
    base(server, secret, modules)
        .file("extensions.conf", include_str!("pbx/extensions.conf"))
        .file("pjsip.conf", include_str!("pbx/pjsip.conf"))
        .file("queues.conf", include_str!("pbx/queues.conf"))
        .file("confbridge.conf", include_str!("pbx/confbridge.conf"))
        .file("res_parking.conf", include_str!("pbx/res_parking.conf"))
        .file("features.conf", include_str!("pbx/features.conf"))
}

fn telephones(server: &Server, secret: &str) -> Builder {
    base(server, secret, Modules::list(SIP.into_iter().chain(TELEPHONES)))
        .file("extensions.conf", include_str!("phones/extensions.conf"))
        .file("pjsip.conf", include_str!("phones/pjsip.conf"))
}

fn base(server: &Server, secret: &str, modules: Modules) -> Builder {
    let manager = format!(
        "[general]\nenabled = yes\nbindaddr = <<address>>\nport = <<amiport>>\n\
         timestampevents = yes\n\n[{USER}]\nsecret = {secret}\nread = {READ}\nwrite = all\n\
         writetimeout = 5000\n"
    );
    Builder::new(server.clone())
        .modules(modules)
        .file("manager.conf", manager)
        .file("http.conf", "[general]\nenabled = no\n")
        .file("pjproject.conf", "[startup]\nlog_level = 0\n")
        // The log of a server that runs for days stays short.
        .option("debug", "0")
        .option("verbose", "0")
        .login(USER, secret)
        // Whoever ends this program wants no evidence.
        .keep_on_drop(false)
        .journal(1000)
}

fn failed(error: impl Into<anyhow::Error>) -> Failure {
    Failure::new(Exit::Refused, error)
}
