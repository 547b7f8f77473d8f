//! `instance boot`: boots servers, holds them, stops them.

use std::future::{Future, pending, poll_fn};
use std::io;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::process::ExitCode;
use std::task::Poll;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use instance::{Builder, Documentation, Instance, Modules, Sandbox, Server, Stop, Stopped, Want};
use serde_json::json;

use crate::bare::Bare;
use crate::boot_log::BootLog;
use crate::ends::{End, Ends};
use crate::facts::{self, facts};
use crate::login::{Login, LoginArguments, Users};
use crate::outcome::{self, Ended};
use crate::{Done, aside, say, steps};

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

    /// Seconds to wait for calls to end, before they are hung up at the end
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    grace: u64,

    /// End also when the standard input ends: when the program at the other end of it is gone
    #[arg(long)]
    until_input_ends: bool,

    /// Print JSON, a line when booted and a line when stopped
    #[arg(long)]
    json: bool,
}

/// Instances that have booted, and the login of each.
struct Booted {
    instances: Vec<Instance>,
    logins: Vec<Login>,
}

/// The comparison of the errors with those of bare boots while the servers are held, until it is
/// done. There is none for programs: they are told at the end, and until then the machine is
/// theirs.
type Comparison<'a> = Option<Pin<Box<dyn Future<Output = ()> + 'a>>>;

impl Boot {
    pub(crate) async fn run(self) -> Done {
        let mut ends = Ends::new(self.until_input_ends).context("failed to wait for signals")?;
        let booted = tokio::select! {
            biased;
            // What was begun is dropped, and so goes away.
            end = ends.next() => bail!("{end} while the servers were booting"),
            booted = self.boot() => booted?,
        };
        self.serve(booted, ends).await
    }

    /// Tells of the servers, holds them, stops them, and tells how that went.
    async fn serve(&self, booted: Booted, mut ends: Ends) -> Done {
        let Booted { instances, logins } = booted;
        let sandbox = instances[0].sandbox();
        let bare = Bare::new(sandbox.server().clone(), &self.root, self.documentation());
        let shown = self.show(&instances, &logins);
        let mut logs = Vec::new();
        for instance in &instances {
            logs.push(BootLog::of(instance).await);
        }
        let compare = async {
            for log in &logs {
                log.compare(&bare).await;
            }
        };
        let mut comparison: Comparison<'_> = if self.json { None } else { Some(Box::pin(compare)) };
        let news = || logs.iter().filter_map(|it| it.news(&bare)).try_for_each(|it| say(&it));
        let held = match shown {
            Ok(()) => self.hold(&instances, &mut comparison, news, &mut ends).await,
            Err(error) => Err(error),
        };
        // Also servers whose output nobody reads are stopped as they should be.
        let ended = tokio::select! {
            stopped = self.stop(instances) => outcome::judge(stopped),
            // Who asks again does not want to wait: all is dropped, and so killed.
            end = ends.signal() => bail!("{end} while the servers were stopping, so they are killed"),
        };
        held?;
        let compared = async {
            if let Some(comparison) = comparison {
                comparison.await;
            }
            for (ended, log) in ended.iter().zip(&logs) {
                log.compare_with(&bare, ended.whole_boot_errors()).await;
            }
        };
        tokio::select! {
            () = compared => {}
            // The errors are told without the comparison.
            _ = ends.signal() => {}
        }
        outcome::tell(&ended, &logs, &bare, self.json)?;
        let well = ended.iter().all(Ended::is_well);
        Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
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
            Err(error) => {
                let at = error.number.saturating_sub(1) as usize;
                let advice = users.get(at).zip(logins.get(at));
                let advice = advice.and_then(|(users, login)| login.advice(&error, users));
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

    fn show(&self, instances: &[Instance], logins: &[Login]) -> anyhow::Result<()> {
        let booted = instances.iter().zip(logins);
        if self.json {
            let instances: Vec<_> = booted.map(|(it, login)| facts(it, login)).collect();
            return say(&json!({ "instances": instances }).to_string());
        }
        for (instance, login) in booted {
            say(&facts::lines(instance, login))?;
        }
        say("Ctrl-C ends them")
    }

    /// Holds the servers until one ends by itself or all are to end. `news` tells what the
    /// comparison found.
    async fn hold(
        &self,
        instances: &[Instance],
        comparison: &mut Comparison<'_>,
        news: impl Fn() -> anyhow::Result<()>,
        ends: &mut Ends,
    ) -> anyhow::Result<()> {
        loop {
            let compared = async {
                match comparison {
                    Some(comparison) => comparison.as_mut().await,
                    None => pending().await,
                }
            };
            tokio::select! {
                () = any_exit(instances) => return Ok(()),
                end = ends.next() => return match end {
                    End::Signal(_) | End::Input => Ok(()),
                    End::Output => Err(anyhow!("{end}, so the servers were stopped")),
                },
                () = compared => {}
            }
            *comparison = None;
            news()?;
        }
    }

    /// Stops all: at the same time, but one after another where their calls are waited for.
    async fn stop(&self, instances: Vec<Instance>) -> Vec<(u32, io::Result<Stopped>)> {
        // A server that ended by itself is a failure: its folder stays where those of failures do.
        let keeps_failures = std::env::var_os("ASTERISK_KEEP").is_none_or(|it| it != "never");
        for instance in instances.iter().filter(|it| keeps_failures && it.pid().is_none()) {
            instance.keep();
        }
        if let Some(first) = instances.first() {
            // All are in one folder.
            first.sandbox().tell_kept();
        }
        let numbers: Vec<_> = instances.iter().map(|it| it.sandbox().number()).collect();
        if self.grace == 0 {
            return numbers.into_iter().zip(Instance::stop_all(instances).await).collect();
        }
        let grace = Stop::Gracefully(Duration::from_secs(self.grace));
        let mut stopped = Vec::new();
        for instance in &instances {
            // What is in its log is found now, what has to be removed goes below.
            stopped.push(Ok(instance.shut_down(grace).await));
        }
        for (stopped, removed) in stopped.iter_mut().zip(Instance::stop_all(instances).await) {
            if let Err(error) = removed {
                *stopped = Err(error);
            }
        }
        numbers.into_iter().zip(stopped).collect()
    }
}

/// Waits until an instance ends by itself.
async fn any_exit(instances: &[Instance]) {
    let mut exits: Vec<_> = instances.iter().map(|instance| Box::pin(instance.exited())).collect();
    poll_fn(|context| {
        let ended = exits.iter_mut().any(|exit| exit.as_mut().poll(context).is_ready());
        if ended { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
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
