//! The time from the boot of servers to the report of their end.

use std::ffi::OsString;
use std::future::{Future, pending};
use std::io;
use std::pin::Pin;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{anyhow, bail};
use futures_util::future::join_all;
use instance::{Instance, Stop};
use serde_json::json;

use crate::bare::Bare;
use crate::boot_log::BootLog;
use crate::command::{self, Ran, Reason};
use crate::ends::{End, Ends, Streams, any_exit};
use crate::environment;
use crate::facts::{self, facts};
use crate::fail_on::FailOn;
use crate::login::Login;
use crate::outcome::{self, Ended};
use crate::{Done, complain, say};

/// Instances that have booted, and the login of each.
pub(crate) struct Booted {
    pub(crate) instances: Vec<Instance>,
    pub(crate) logins: Vec<Login>,
}

/// The comparison of the errors with those of bare boots while the servers are held, until it is
/// done. There is none for programs: they are told at the end, and until then the machine is
/// theirs.
type Comparison<'a> = Option<Pin<Box<dyn Future<Output = ()> + 'a>>>;

/// The use of servers that have booted.
#[derive(Debug, clap::Args)]
pub(crate) struct Service {
    /// Seconds to wait for calls to end, before they are hung up at the end
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    grace: u64,

    #[command(flatten)]
    fail_on: FailOn,

    /// End also when the standard input ends: when the program at the other end of it is gone
    #[arg(long)]
    until_input_ends: bool,

    /// Print JSON, a line when booted and a line when stopped
    #[arg(long)]
    json: bool,

    /// A command to run instead of holding the servers, with their addresses and credentials in
    /// its environment (ASTERISK_AMI_HOST, ASTERISK_AMI_PORT, ...); the servers end with it,
    /// and the exit code is that of the command
    #[arg(last = true, value_name = "COMMAND", conflicts_with_all = ["json", "until_input_ends"])]
    command: Vec<OsString>,
}

impl Service {
    /// Begins to wait for reasons to end. The standard streams are those of the command, if there
    /// is one.
    pub(crate) fn ends(&self) -> io::Result<Ends> {
        Ends::new(Streams { input: self.until_input_ends, output: self.command.is_empty() })
    }

    /// Uses servers until all is over: they are held, or a command runs.
    pub(crate) async fn run(&self, booted: Booted, bare: &Bare, ends: Ends) -> Done {
        if self.command.is_empty() {
            self.hold(booted, bare, ends).await
        } else {
            self.run_command(booted, bare, ends).await
        }
    }

    /// Holds the servers until one ends by itself or all are to end, and tells of them.
    async fn hold(&self, booted: Booted, bare: &Bare, mut ends: Ends) -> Done {
        let shown = self.show(&booted);
        let instances = booted.instances;
        let logs = logs(&instances).await;
        let compare = compare(bare, &logs);
        let mut comparison: Comparison<'_> = if self.json { None } else { Some(Box::pin(compare)) };
        let news = || logs.iter().filter_map(|it| it.news(bare)).try_for_each(|it| say(&it));
        let held = match shown {
            Ok(()) => held(&instances, &mut comparison, news, &mut ends).await,
            Err(error) => Err(error),
        };
        // Also servers whose output nobody reads are stopped as they should be.
        let ended = stop(&instances, self.grace, &mut ends).await?;
        let died = outcome::tell_deaths(&ended);
        if let Err(error) = held {
            remove(instances, died).await;
            return Err(error);
        }
        compare_at_end(comparison, bare, &logs, &ended, &mut ends).await;
        let failed = outcome::tell_failures(&self.fail_on, &ended, &logs, bare);
        let removed = remove(instances, died || failed).await;
        if self.json {
            say(&outcome::json(&ended, &logs, bare))?;
        } else {
            outcome::lines(&ended, &logs, bare).iter().try_for_each(|line| say(line))?;
        }
        let well = removed && !died && !failed;
        Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    /// Runs the command, and prints nothing of its own if all goes well.
    async fn run_command(&self, booted: Booted, bare: &Bare, mut ends: Ends) -> Done {
        let Booted { instances, logins } = booted;
        let variables = environment::variables(&instances, &logins);
        let ran = command::run(&self.command, variables, &instances, &mut ends).await;
        let logs = logs(&instances).await;
        let ended = stop(&instances, self.grace, &mut ends).await?;
        let died = outcome::tell_deaths(&ended);
        let Ran { code, reason } = match ran {
            Ok(ran) => ran,
            Err(error) => {
                remove(instances, died).await;
                return Err(error);
            }
        };
        let mut failed = died || code != 0 && reason == Reason::Own;
        if failed || self.fail_on.needs_comparison() {
            compare_at_end(None, bare, &logs, &ended, &mut ends).await;
        }
        let found = outcome::tell_failures(&self.fail_on, &ended, &logs, bare);
        failed |= found;
        if failed {
            outcome::found_lines(&ended, &logs, bare).iter().for_each(|line| complain(line));
        }
        let removed = remove(instances, failed).await;
        Ok(match code {
            _ if reason == Reason::Server => ExitCode::FAILURE,
            0 if removed && !failed => ExitCode::SUCCESS,
            0 => ExitCode::FAILURE,
            code => ExitCode::from(code),
        })
    }

    fn show(&self, booted: &Booted) -> anyhow::Result<()> {
        let booted = booted.instances.iter().zip(&booted.logins);
        if self.json {
            let instances: Vec<_> = booted.map(|(it, login)| facts(it, login)).collect();
            let line = json!({ "format": outcome::FORMAT, "instances": instances });
            return say(&line.to_string());
        }
        for (instance, login) in booted {
            say(&facts::lines(instance, login))?;
        }
        say("Ctrl-C ends them")
    }
}

/// Stops all: at the same time, but one after another where their calls are waited for. Their
/// folders stay.
async fn stop(instances: &[Instance], grace: u64, ends: &mut Ends) -> anyhow::Result<Vec<Ended>> {
    let stop = async {
        if grace == 0 {
            return join_all(instances.iter().map(|it| it.shut_down(Stop::Now))).await;
        }
        let grace = Stop::Gracefully(Duration::from_secs(grace));
        let mut stopped = Vec::new();
        for instance in instances {
            stopped.push(instance.shut_down(grace).await);
        }
        stopped
    };
    let stopped = tokio::select! {
        stopped = stop => stopped,
        // Who asks again does not want to wait: all is dropped, and so killed.
        signal = ends.signal() => {
            let end = End::Signal(signal);
            bail!("{end} while the servers were stopping, so they are killed")
        }
    };
    let numbers = instances.iter().map(|it| it.sandbox().number());
    Ok(numbers.zip(stopped).map(|(number, stopped)| Ended { number, stopped }).collect())
}

/// Compares the errors of the boots with those of bare boots. A signal leaves that out.
async fn compare_at_end(
    comparison: Comparison<'_>,
    bare: &Bare,
    logs: &[BootLog],
    ended: &[Ended],
    ends: &mut Ends,
) {
    let compared = async {
        if let Some(comparison) = comparison {
            comparison.await;
        }
        for (ended, log) in ended.iter().zip(logs) {
            log.compare_with(bare, ended.whole_boot_errors()).await;
        }
    };
    tokio::select! {
        () = compared => {}
        _ = ends.signal() => {}
    }
}

/// Removes the folder, unless it stays where those of failures do. Returns `false`, and says why,
/// if it cannot be removed.
async fn remove(instances: Vec<Instance>, failed: bool) -> bool {
    let keeps_failures = std::env::var_os("ASTERISK_KEEP").is_none_or(|it| it != "never");
    if failed && keeps_failures {
        instances.iter().for_each(Instance::keep);
    }
    if let Some(first) = instances.first() {
        // All are in one folder.
        first.sandbox().tell_kept();
    }
    let numbers: Vec<_> = instances.iter().map(|it| it.sandbox().number()).collect();
    let mut removed = true;
    for (number, stopped) in numbers.into_iter().zip(Instance::stop_all(instances).await) {
        if let Err(error) = stopped {
            complain(&format!("instance {number}: {:#}", anyhow::Error::from(error)));
            removed = false;
        }
    }
    removed
}

/// Reads the logs of the boots.
async fn logs(instances: &[Instance]) -> Vec<BootLog> {
    let mut logs = Vec::new();
    for instance in instances {
        logs.push(BootLog::of(instance).await);
    }
    logs
}

/// Compares the errors of the boots so far.
async fn compare(bare: &Bare, logs: &[BootLog]) {
    for log in logs {
        log.compare(bare).await;
    }
}

/// Waits until a server ends by itself or all are to end. `news` tells what the comparison found.
async fn held(
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
