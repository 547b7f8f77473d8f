//! The sample test of the Asterisk wiki's page "Writing a Python Test", as a program.
//!
//! It boots a real Asterisk in a private sandbox with the configuration of a test's folder, calls
//! `Local/s@default`, and waits for the dialplan to raise `UserEvent(TestResult,result:pass)` once
//! the monkeys have been heard.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use instance::{Builder, Modules, Server, Want};

use crate::config::TestConfig;
use crate::report::Report;
use crate::scenario::Verdict;

mod config;
mod logs;
mod report;
mod scenario;

/// The modules that the dialplan of the sample needs.
const MODULES: [&str; 11] = [
    "pbx_config",
    "app_playback",
    "app_echo",
    "app_userevent",
    "app_dial",
    "format_gsm",
    "codec_gsm",
    "chan_bridge_media",
    "func_channel",
    "bridge_simple",
    "res_timing_timerfd",
];

/// Boots Asterisk in a sandbox, has it play monkeys, and says whether the dialplan came to a good
/// end.
///
/// Exits with 0 if the test passed, and with 1 otherwise.
#[derive(Debug, Parser)]
#[command(name = "sample-test")]
struct Arguments {
    /// The server: a version to find or fetch (22 or 16), or the path of a binary
    /// [default: the environment variable ASTERISK, PATH, or 22]
    #[arg(long, value_name = "22|16|PATH")]
    asterisk: Option<Want>,

    /// Seconds to wait for the verdict [default: reactor-timeout in test-config.yaml, or 30]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    timeout: Option<Duration>,

    /// Keep the folder of the run, with configuration and logs
    #[arg(long)]
    keep: bool,

    /// Print every event
    #[arg(short, long)]
    verbose: bool,

    /// The test's folder, with configs/ast1 and test-config.yaml [default: the sample's own]
    folder: Option<PathBuf>,
}

fn seconds(text: &str) -> Result<Duration, String> {
    // A year is as good as for ever, and can be added to any time.
    let seconds = text.parse().ok().filter(|seconds| (0.0..=31_536_000.0).contains(seconds));
    seconds.map(Duration::from_secs_f64).ok_or_else(|| "expected a number of seconds".to_owned())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help goes to standard output and is no failure. There is nobody to tell if it cannot
            // be printed.
            let _ = error.print();
            return if error.use_stderr() { ExitCode::FAILURE } else { ExitCode::SUCCESS };
        }
    };
    let report = Report::new(arguments.verbose);
    let verdict = tokio::select! {
        verdict = run(&arguments, &report) => verdict,
        () = interrupted() => Err(anyhow::Error::msg("interrupted")),
    };
    match verdict {
        Ok(Verdict::Passed) => {
            report.end("passed");
            ExitCode::SUCCESS
        }
        Ok(Verdict::Failed(reason)) => {
            report.end(&format!("FAILED: {reason}"));
            ExitCode::FAILURE
        }
        Err(error) => {
            report.end(&format!("FAILED: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &Arguments, report: &Report) -> anyhow::Result<Verdict> {
    let folder = arguments.folder.clone().unwrap_or_else(own_folder);
    let config = TestConfig::read(&folder.join("test-config.yaml")).map_err(anyhow::Error::msg)?;
    report.say(&format!("{}: {}", folder.display(), config.summary));
    let want = arguments.asterisk.clone().unwrap_or_default();
    let mut last = None;
    let progress = |progress| report.fetching(&progress, &mut last);
    let server = Server::find_or_fetch(&want, progress).await?;
    let asterisk = format!("Asterisk {} ({})", server.version(), server.binary().display());

    let configs = folder.join("configs/ast1");
    let sandbox = Builder::new(server)
        .configs(&configs)
        .modules(Modules::list(MODULES))
        .keep(arguments.keep)
        // Ctrl-C is no failure, and what is one is kept below.
        .keep_on_drop(false)
        .build()?;
    logs::start(sandbox.folder())?;
    report.say(&format!("created instance 1 in {}: {asterisk}", sandbox.folder().display()));
    let instance = sandbox.boot().await?;
    report.say(&format!("booted in {} ms", instance.boot_time().as_millis()));
    report.say(&format!("logged in to {} as user", instance.ami_address()));

    let timeout = arguments.timeout.unwrap_or(config.timeout);
    let verdict = scenario::run(&instance, report, timeout).await;
    if let Verdict::Failed(reason) = &verdict {
        tracing::error!(reason, "failed");
        instance.keep();
    }
    let place = instance.sandbox().folder().to_owned();
    let stopped = instance.stop().await?;
    report.say(&format!("stopped in {} ms", stopped.took.as_millis()));
    if verdict != Verdict::Passed {
        for finding in &stopped.findings {
            report.say(&finding.to_string());
        }
        for line in stopped.last_words {
            report.say(&format!("    {line}"));
        }
    }
    if place.exists() {
        report.say(&format!("the folder of the run is kept: {}", place.display()));
    }
    Ok(verdict)
}

/// The sample's own folder, among the tests of the runner: where cargo found it, or where it was
/// when this was compiled.
fn own_folder() -> PathBuf {
    let now = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let own = |folder: &PathBuf| folder.ends_with(Path::new("sample-test"));
    let package = now.filter(own).unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    package.with_file_name("testsuite").join("tests/sample")
}

/// Waits for Ctrl-C, or for SIGTERM.
async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}
