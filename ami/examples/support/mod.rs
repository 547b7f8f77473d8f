//! The server that an example talks to: the one that `AMI_SERVER=USER:SECRET@HOST:PORT` names, or one that it boots.

use std::error::Error;

use ami::{Client, Config};
use instance::{Builder, Instance, Modules, Server, Want};

/// A server, and the client of it.
pub(crate) struct Target {
    pub(crate) client: Client,
    /// The server, if it is our own.
    pub(crate) instance: Option<Instance>,
}

/// Connects to the server that is named, or boots one with this dialplan.
pub(crate) async fn connect(
    dialplan: &str,
    more: &[(&str, &str)],
) -> Result<Target, Box<dyn Error>> {
    if let Some(named) = std::env::var_os("AMI_SERVER") {
        let named = named.into_string().map_err(|_| "AMI_SERVER is not UTF-8")?;
        let expected = "AMI_SERVER: expected USER:SECRET@HOST:PORT";
        let (login, address) = named.rsplit_once('@').ok_or(expected)?;
        let (user, secret) = login.split_once(':').ok_or(expected)?;
        let client = Config::new(user, secret).connect(address).await?;
        return Ok(Target { client, instance: None });
    }
    let server = Server::find_or_fetch(&Want::Major(22), |it| eprintln!("{it}")).await?;
    let mut modules = vec!["pbx_config", "app_userevent", "app_echo", "app_dial"];
    // It does not load without its configuration.
    modules.extend(more.iter().any(|(file, _)| *file == "queues.conf").then_some("app_queue"));
    let mut builder = Builder::new(server).modules(Modules::list(modules));
    builder = builder.file("extensions.conf", dialplan);
    for (file, text) in more {
        builder = builder.file(*file, *text);
    }
    let instance = builder.build()?.boot().await?;
    // The instance has a client, but that one ends with the first connection.
    let client = Config::new("user", "mysecret").connect(instance.ami_address()).await?;
    Ok(Target { client, instance: Some(instance) })
}

impl Target {
    /// Logs off, and stops the server if it is our own.
    pub(crate) async fn close(self) -> Result<(), Box<dyn Error>> {
        self.client.close().await?;
        if let Some(instance) = self.instance {
            instance.stop().await?;
        }
        Ok(())
    }
}
