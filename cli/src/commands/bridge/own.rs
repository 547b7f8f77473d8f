//! A private nats-server, to try the bridge with.

use std::io;

use instance::nats::{Builder, Instance, Server};
use serde_json::json;
use uuid::Uuid;

use super::settings::Settings;
use crate::commands::fetch::steps;
use crate::exit::{Exit, Failure};
use crate::out::{Form, Out, Style};

/// A private nats-server.
#[derive(Debug)]
pub(super) struct Own {
    instance: Instance,
    token: String,
}

impl Own {
    /// Finds or fetches nats-server, and starts it.
    pub(super) async fn start(out: &Out) -> Result<Self, Failure> {
        let server = Server::find_with(steps()).await.map_err(failed)?;
        // Each user of this machine can reach the address.
        let token = Uuid::new_v4().simple().to_string();
        let builder = Builder::new(server).token(&token).keep_on_drop(false);
        let instance = builder.boot().await.map_err(failed)?;
        let (version, took) = (instance.server().version(), instance.boot_time().as_secs_f64());
        out.tell(Style::Dim, &format!("nats-server {version} has booted in {took:.1} s"));
        Ok(Self { instance, token })
    }

    pub(super) fn address(&self) -> String {
        self.instance.url()
    }

    pub(super) fn token(&self) -> &str {
        &self.token
    }

    /// Tells where the server is, and how to look at the events.
    pub(super) fn tell(&self, settings: &Settings, out: &mut Out) -> io::Result<()> {
        let (address, token) = (self.instance.address(), &self.token);
        let url = format!("nats://{token}@{address}");
        if out.form == Form::Json {
            return out.object(&json!({ "v": 1, "nats": url }));
        }
        let stream = &settings.stream;
        out.line(&format!("NATS is at {url} and ends with this program."))?;
        out.line("In another terminal, with the program nats:")?;
        let line = format!("  nats stream view {stream} -s {url}");
        out.line(&out.styled(Style::Strong, &line))?;
        if settings.is_raw() {
            return Ok(());
        }
        // Bytes of callers are escaped in JSON.
        out.line("With bash alone:")?;
        let (host, port) = (address.ip(), address.port());
        let line = format!(
            "  bash -c 'exec 3<>/dev/tcp/{host}/{port}; printf \"CONNECT \
             {{\\\"verbose\\\":false,\\\"auth_token\\\":\\\"{token}\\\"}}\\r\\nSUB {}.> 1\\r\\n\" >&3; \
             cat <&3'",
            settings.prefix
        );
        out.line(&out.styled(Style::Strong, &line))
    }

    /// Waits until the server ends by itself.
    pub(super) async fn died(&self) {
        self.instance.exited().await;
    }

    /// Ends the server, and removes its folder.
    pub(super) async fn end(self) -> io::Result<()> {
        // There is nothing to keep.
        self.instance.kill().await;
        self.instance.stop().await.map(drop)
    }
}

/// Returns the failure of a server that ended by itself.
pub(super) fn death() -> Failure {
    failed(anyhow::Error::msg("nats-server has ended by itself"))
}

fn failed(error: impl Into<anyhow::Error>) -> Failure {
    Failure::new(Exit::Refused, error)
}
