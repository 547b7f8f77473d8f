//! Reads the tables from servers: names and structure from the documentation, and the classes of
//! actions from what `ListCommands` tells a user with all rights.

use std::collections::BTreeMap;
use std::path::Path;

use ami::Action;
use ami_codegen::read::documentation;
use ami_codegen::table::Table;
use ami_codegen::{Error, Result, VERSIONS, table_path};
use instance::{Builder, Modules, Server, Want};

/// Reads the tables of all versions.
pub(crate) fn read(root: &Path) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Error::new("runtime", error.to_string()))?;
    for version in VERSIONS {
        let table = runtime.block_on(table(version))?;
        let path = table_path(version);
        std::fs::write(root.join(&path), table.to_string())
            .map_err(|error| Error::new(path, error.to_string()))?;
    }
    Ok(())
}

async fn table(version: u32) -> Result<Table> {
    let failed = |error: &dyn std::fmt::Display| {
        Error::new(format!("Asterisk {version}"), error.to_string())
    };
    let said = |progress| eprintln!("{progress}");
    let server = Server::find_or_fetch(&Want::Major(version), said).await;
    let server = server.map_err(|error| failed(&error))?;
    let path = server.directories().data.join("documentation/core-en_US.xml");
    let text = std::fs::read_to_string(&path)
        .map_err(|error| Error::new(path.display().to_string(), error.to_string()))?;
    let mut table = documentation(version, &text)?;
    let classes = commands(server).await.map_err(|error| failed(&*error))?;
    for action in &mut table.actions {
        if let Some(classes) = classes.get(&action.head.name) {
            action.head.classes.clone_from(classes);
            action.told = true;
        }
    }
    Ok(table)
}

/// Asks a server which actions it has and which classes they need.
async fn commands(
    server: Server,
) -> std::result::Result<BTreeMap<String, Vec<String>>, Box<dyn std::error::Error>> {
    // Some modules load only if their configuration is there, and only one of the voicemail
    // modules loads.
    let instance = Builder::new(server)
        .modules(Modules::All)
        .file("agents.conf", "[1000]\nfullname = Alice\n")
        .file("modules.conf.inc", "noload => app_voicemail_odbc.so\n")
        .file("confbridge.conf", "[general]\n")
        .file("iax.conf", "[general]\nbindaddr = <<address>>\n")
        .file("pjsip.conf", "[transport]\ntype = transport\nprotocol = udp\nbind = <<address>>\n")
        .file("pjsip_notify.conf", "[test]\nEvent=test\n")
        .file("queues.conf", "[general]\n")
        .file("res_parking.conf", "[general]\n")
        .file("sip.conf", "[general]\nudpbindaddr = <<address>>\n")
        .file("skinny.conf", "[general]\nbindaddr = <<address>>\n")
        .file("voicemail.conf", "[general]\n\n[default]\n100 => 1234,Alice\n")
        .file("xmpp.conf", "[general]\n")
        .build()?
        .boot()
        .await?;
    let client = ami::Config::new("user", "mysecret").connect(instance.ami_address()).await?;
    let response = client.call(Action::new("ListCommands")).await?;
    let commands = response.fields().filter_map(|(name, value)| {
        let (name, value) = (String::from_utf8_lossy(name), String::from_utf8_lossy(value));
        let (_, classes) = value.rsplit_once("(Priv: ")?;
        let classes = classes.trim_end().strip_suffix(')')?.split(',');
        let classes = classes.filter(|class| !class.contains("none") && *class != "all");
        Some((name.into_owned(), classes.map(str::to_owned).collect()))
    });
    let commands = commands.collect();
    instance.stop().await?;
    Ok(commands)
}
