//! `instance boot`: the options, and the boot of servers.

use std::io;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use instance::{Builder, Documentation, Modules, Sandbox, Server, Want};

use crate::bare::Bare;
use crate::login::{LoginArguments, Users};
use crate::serve::{Booted, Service};
use crate::{Done, aside, steps};

#[derive(Debug, clap::Args)]
pub(crate) struct Boot {
    /// Folders of configuration files, one for each instance; none for one with our base files
    /// alone
    configs: Vec<PathBuf>,

    /// A folder of the Asterisk test suite's kind: each of its configs/astN is an instance, with
    /// files/common and files/astN
    #[arg(long, value_name = "FOLDER", conflicts_with = "configs")]
    test: Option<PathBuf>,

    /// The server: a version to find or fetch (22 or 16), or the path of a binary
    /// [default: the environment variable ASTERISK, PATH, or 22]
    #[arg(long, value_name = "22|16|PATH")]
    asterisk: Option<Want>,

    /// Load these modules alone, separated by commas [default: all]
    #[arg(long, value_name = "MODULES", value_delimiter = ',')]
    modules: Option<Vec<String>>,

    #[command(flatten)]
    login: LoginArguments,

    /// Give the server its whole documentation: for help texts; it boots slower
    #[arg(long)]
    documentation: bool,

    /// The loopback address of the first instance; the next ones get those that follow [default:
    /// free ones]
    #[arg(long, value_name = "127.x.y.z")]
    address: Option<Ipv4Addr>,

    /// The folder below which the sandboxes are made
    #[arg(long, value_name = "FOLDER", default_value = "/tmp")]
    root: PathBuf,

    /// Keep the folder, with configuration and logs
    #[arg(long)]
    keep: bool,

    #[command(flatten)]
    service: Service,
}

impl Boot {
    pub(crate) async fn run(self) -> Done {
        let mut ends = self.service.ends().context("failed to wait for signals")?;
        let booted = tokio::select! {
            biased;
            // What was begun is dropped, and so goes away.
            end = ends.next() => bail!("{end} while the servers were booting"),
            booted = self.boot() => booted?,
        };
        let server = booted.instances[0].sandbox().server().clone();
        let bare = Bare::new(server, &self.root, self.documentation());
        self.service.run(booted, &bare, ends).await
    }

    fn documentation(&self) -> Documentation {
        if self.documentation { Documentation::Full } else { Documentation::Short }
    }

    async fn boot(&self) -> anyhow::Result<Booted> {
        let login = self.login.clone();
        let given = aside(move || login.given()).await??;
        let want = self.asterisk.clone().unwrap_or_default();
        let server = Server::find_or_fetch(&want, steps()).await?;
        let builders = self.builders(&server)?;
        let mut sandboxes = aside(|| Builder::build_all(builders)).await??;
        let users: Vec<_> = sandboxes.iter().map(Users::of).collect();
        let mut logins = Vec::new();
        for (sandbox, users) in sandboxes.iter_mut().zip(&users) {
            let number = sandbox.number();
            let login = self.login.of(given.as_ref(), users);
            let login = login.with_context(|| format!("instance {number}"))?;
            login.set(sandbox);
            logins.push(login);
        }
        match Sandbox::boot_all(sandboxes).await {
            Ok(instances) => Ok(Booted { instances, logins }),
            Err(mut error) => {
                let at = error.number.saturating_sub(1) as usize;
                let advice = users.get(at).zip(logins.get(at));
                let advice = advice.and_then(|(users, login)| login.advice(&mut error, users));
                let error = anyhow::Error::from(error);
                Err(match advice {
                    // The last line of an error is what it comes to.
                    Some(advice) => anyhow!("{error:#}\n{advice}"),
                    None => error,
                })
            }
        }
    }

    fn builders(&self, server: &Server) -> io::Result<Vec<Builder>> {
        let base = || {
            let builder = Builder::new(server.clone()).root(&self.root).keep(self.keep);
            // Whoever asks twice for the end wants no evidence.
            let builder = builder.documentation(self.documentation()).keep_on_drop(false);
            match &self.modules {
                Some(modules) => builder.modules(Modules::List(modules.clone())),
                None => builder,
            }
        };
        let mut builders: Vec<_> = match &self.test {
            Some(test) => (0..instances_of(test)?).map(|_| base().test(test)).collect(),
            None => self.configs.iter().map(|configs| base().configs(configs)).collect(),
        };
        if builders.is_empty() {
            builders.push(base());
        }
        if let Some(first) = self.address {
            let addresses = (u32::from(first)..=u32::MAX).map(Ipv4Addr::from);
            builders = builders.into_iter().zip(addresses).map(|(it, ip)| it.address(ip)).collect();
        }
        Ok(builders)
    }
}

/// The number of instances of a test: one for each folder of configuration, and one at least.
fn instances_of(test: &Path) -> io::Result<u32> {
    let there = |number: &u32| test.join(format!("configs/ast{number}")).is_dir();
    let found = (1..).take_while(there).last();
    if found.is_none() && !test.is_dir() {
        return Err(io::Error::new(
            io::ErrorKind::NotFound,
            format!("{}: no such folder", test.display()),
        ));
    }
    Ok(found.unwrap_or(1))
}
