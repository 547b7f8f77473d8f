//! Asterisk servers for tests in any language: boots them in sandboxes, tells where they are, and holds them.

use std::error::Error;
use std::future::{Future, pending, poll_fn};
use std::io::{self, Write};
use std::mem::{Discriminant, discriminant};
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::ExitCode;
use std::task::Poll;
use std::time::Duration;

use clap::{Parser, Subcommand};
use instance::{
    Builder, Documentation, FoundRun, Instance, Modules, Progress, RunState, Sandbox, Server, Stop,
    Stopped, Want,
};
use serde_json::{Value, json};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Asterisk servers for tests: each in a sandbox and on a loopback address of its own
#[derive(Debug, Parser)]
#[command(name = "instance")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Boot servers, print where they are, and hold them until Ctrl-C or SIGTERM
    Boot(Boot),
    /// Fetch a server into the cache (Debian only; 22 or 16)
    Fetch {
        /// The major version
        major: u32,
    },
    /// List the servers and the sandboxes of this user
    List {
        /// Where the sandboxes are
        #[arg(long, value_name = "FOLDER", default_value = "/tmp")]
        root: PathBuf,
    },
    /// Remove the sandboxes that killed processes left
    Sweep {
        /// Also those that were kept as evidence
        #[arg(long)]
        kept: bool,
        /// Where the sandboxes are
        #[arg(long, value_name = "FOLDER", default_value = "/tmp")]
        root: PathBuf,
    },
}

#[derive(Debug, clap::Args)]
struct Boot {
    /// Folders of configuration files, one for each instance; none for one with our base files alone
    configs: Vec<PathBuf>,

    /// A folder of the Asterisk test suite's kind: each of its configs/astN is an instance, with files/common and files/astN
    #[arg(long, value_name = "FOLDER", conflicts_with = "configs")]
    test: Option<PathBuf>,

    /// The server: a version to find or fetch (22 or 16), or the path of a binary
    /// [default: the environment variable ASTERISK, PATH, or 22]
    #[arg(long, value_name = "22|16|PATH")]
    asterisk: Option<Want>,

    /// Load these modules alone, separated by commas [default: all]
    #[arg(long, value_name = "MODULES", value_delimiter = ',')]
    modules: Option<Vec<String>>,

    /// Give the server its whole documentation: for help texts; it boots slower
    #[arg(long)]
    documentation: bool,

    /// The loopback address of the first instance; the next ones get those that follow [default: free ones]
    #[arg(long, value_name = "127.x.y.z")]
    address: Option<Ipv4Addr>,

    /// Where the sandboxes are made
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

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help goes to standard output and is no failure. There is nobody to tell if it cannot be printed.
            let _ = error.print();
            return if error.use_stderr() { ExitCode::from(2) } else { ExitCode::SUCCESS };
        }
    };
    let done = match arguments.command {
        Command::Boot(boot) => boot.run().await,
        Command::Fetch { major } => fetch(major).await,
        Command::List { root } => list(&root).await,
        Command::Sweep { kept, root } => sweep(&root, kept),
    };
    done.unwrap_or_else(|error| {
        eprintln!("{:#}", anyhow::Error::from_boxed(error));
        ExitCode::FAILURE
    })
}

type Done = Result<ExitCode, Box<dyn Error + Send + Sync>>;

impl Boot {
    async fn run(self) -> Done {
        let mut signals = Signals::new()?;
        let mut input = pin!(async {
            if self.until_input_ends { input_ends().await } else { pending().await }
        });
        let booted = tokio::select! {
            booted = self.boot() => booted?,
            // What was begun is dropped, and so goes away.
            () = signals.next() => return Ok(ExitCode::FAILURE),
            () = &mut input => return Ok(ExitCode::FAILURE),
        };
        self.show(&booted)?;
        let died = tokio::select! {
            () = signals.next() => None,
            () = &mut input => None,
            number = any_exit(&booted) => Some(number),
        };
        if let Some(number) = died {
            // Nobody may read it any more; the servers are to be stopped all the same.
            let _ = writeln!(io::stderr(), "instance {number} ended by itself");
        }
        if let Some(instance) = booted.iter().find(|it| died == Some(it.sandbox().number())) {
            instance.keep();
        }
        let folder = booted[0].sandbox().folder().to_owned();
        let ending = self.stop(booted);
        let stopped = tokio::select! {
            stopped = ending => stopped,
            // Who asks again does not want to wait: all is dropped, and so killed.
            () = signals.next() => return Ok(ExitCode::FAILURE),
        };
        let mut failed = died.is_some();
        let mut told = Vec::new();
        for (number, stopped) in stopped {
            match stopped {
                Ok(stopped) => told.push((number, stopped)),
                Err(error) => {
                    failed = true;
                    eprintln!("instance {number}: {error}");
                }
            }
        }
        self.tell(&told)?;
        if folder.exists() {
            eprintln!("the sandbox is kept: {}", folder.display());
        }
        Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }

    async fn boot(&self) -> Result<Vec<Instance>, Box<dyn Error + Send + Sync>> {
        let want = self.asterisk.clone().unwrap_or_default();
        let server = Server::find_or_fetch(&want, steps()).await?;
        let base = || {
            let mut builder = Builder::new(server.clone()).root(&self.root).keep(self.keep);
            // Whoever asks twice for the end wants no evidence.
            builder = builder.keep_on_drop(false);
            if let Some(modules) = &self.modules {
                builder = builder.modules(Modules::List(modules.clone()));
            }
            if self.documentation {
                builder = builder.documentation(Documentation::Full);
            }
            builder
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
        Ok(Sandbox::boot_all(Builder::build_all(builders)?).await?)
    }

    fn show(&self, booted: &[Instance]) -> io::Result<()> {
        if self.json {
            let instances: Vec<_> = booted.iter().map(facts).collect();
            return say(&json!({ "instances": instances }).to_string());
        }
        for instance in booted {
            let facts = facts(instance);
            let lines = facts.as_object().into_iter().flatten().map(|(name, value)| {
                let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                format!("{name:14} {value}\n")
            });
            say(&lines.collect::<String>())?;
        }
        say("Ctrl-C ends them")
    }

    /// Stops all: at the same time, but one after another where their calls are waited for.
    async fn stop(&self, instances: Vec<Instance>) -> Vec<(u32, io::Result<Stopped>)> {
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

    fn tell(&self, stopped: &[(u32, Stopped)]) -> io::Result<()> {
        if self.json {
            let stopped = stopped.iter().map(|(number, stopped)| {
                json!({
                    "number": number,
                    "by": stopped.stopping.to_string(),
                    "status": stopped.status.to_string(),
                    "milliseconds": milliseconds(stopped.took),
                    "boot_errors": stopped.boot_errors,
                    "findings": stopped.findings.iter().map(ToString::to_string).collect::<Vec<_>>(),
                })
            });
            return say(&json!({ "stopped": stopped.collect::<Vec<_>>() }).to_string());
        }
        for (number, stopped) in stopped {
            let took = stopped.took.as_millis();
            say(&format!(
                "instance {number}: {}, {took} ms ({})",
                stopped.stopping, stopped.status
            ))?;
            if !stopped.boot_errors.is_empty() {
                say(&format!("    {} errors in the log while booting", stopped.boot_errors.len()))?;
            }
            for finding in &stopped.findings {
                say(&format!("    {finding}"))?;
            }
        }
        Ok(())
    }
}

/// What a test has to know of an instance.
fn facts(instance: &Instance) -> Value {
    let sandbox = instance.sandbox();
    let path = |path: &Path| path.display().to_string();
    json!({
        "number": sandbox.number(),
        "version": sandbox.server().version().as_str(),
        "address": sandbox.address().to_string(),
        "ami": sandbox.ami_address(),
        "user": "user",
        "secret": "mysecret",
        "http": sandbox.http_address(),
        "pid": instance.pid(),
        "folder": path(sandbox.folder()),
        "etc": path(&sandbox.etc()),
        "logs": path(&sandbox.logs()),
        "spool": path(&sandbox.spool()),
        "control_socket": path(&sandbox.control_socket()),
        "boot_milliseconds": milliseconds(instance.boot_time()),
    })
}

/// The signals that end the program.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        let interrupt = signal(SignalKind::interrupt())?;
        Ok(Self { interrupt, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// The number of the first instance that ends by itself.
async fn any_exit(instances: &[Instance]) -> u32 {
    let mut exits: Vec<_> = instances.iter().map(|instance| Box::pin(instance.exited())).collect();
    let ended = poll_fn(|context| {
        let ended = exits.iter_mut().position(|exit| exit.as_mut().poll(context).is_ready());
        ended.map_or(Poll::Pending, Poll::Ready)
    });
    instances[ended.await].sandbox().number()
}

/// Waits for the end of the standard input. A thread reads it, for a terminal cannot be waited for otherwise.
async fn input_ends() {
    let (ended, end) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        // An input that cannot be read has ended as well.
        let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
        // Nobody waits any more if something else was the end.
        let _ = ended.send(());
    });
    // The thread always says so.
    let _ = end.await;
}

/// How many instances a test has: as many as it has folders of configuration, and one at least.
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

async fn fetch(major: u32) -> Done {
    let server = Server::fetch(major, steps()).await?;
    say(&format!("Asterisk {} {}", server.version(), server.binary().display()))?;
    Ok(ExitCode::SUCCESS)
}

/// Tells each step of a fetch once.
fn steps() -> impl FnMut(Progress) + Send {
    let mut last: Option<Discriminant<Progress>> = None;
    move |progress| {
        let step = discriminant(&progress);
        if last.replace(step) != Some(step) || matches!(progress, Progress::Index { .. }) {
            eprintln!("{progress}");
        }
    }
}

async fn list(root: &Path) -> Done {
    for server in Server::all().await {
        say(&format!("server   {:12} {}", server.version().as_str(), server.binary().display()))?;
    }
    for run in FoundRun::all(root)? {
        say(&format!("sandbox  {:12} {}", state(run.state()), run.path().display()))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn state(state: RunState) -> &'static str {
    match state {
        RunState::Running => "running",
        RunState::Kept => "kept",
        RunState::Stale => "stale",
    }
}

fn sweep(root: &Path, kept: bool) -> Done {
    let mut failed = false;
    for run in FoundRun::all(root)? {
        if run.state() == RunState::Stale || kept && run.state() == RunState::Kept {
            match run.remove() {
                Ok(()) => say(&format!("removed {}", run.path().display()))?,
                Err(error) => {
                    failed = true;
                    eprintln!("{}: {error}", run.path().display());
                }
            }
        }
    }
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Prints a line, for a reader that may be a program waiting for it.
fn say(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}
