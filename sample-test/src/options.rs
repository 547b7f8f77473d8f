//! The options of the program, and the test's configuration, from which some of them come.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use instance::{Server, ServerError, Want};
use testsuite::TestConfig;

use crate::report::Report;

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

/// The options, those of the test's configuration included.
pub(crate) struct Options {
    want: Want,
    pub(crate) timeout: Duration,
    pub(crate) keep: bool,
    pub(crate) verbose: bool,
    pub(crate) folder: PathBuf,
    pub(crate) summary: String,
}

fn seconds(text: &str) -> Result<Duration, String> {
    // A year is as good as for ever, and can be added to any time.
    let seconds = text.parse().ok().filter(|seconds| (0.0..=31_536_000.0).contains(seconds));
    seconds.map(Duration::from_secs_f64).ok_or_else(|| "expected a number of seconds".to_owned())
}

impl Options {
    /// Reads the command line and the configuration of the test. An error was printed, and the
    /// program ends with that code.
    pub(crate) fn parse() -> Result<Self, ExitCode> {
        let arguments = Arguments::try_parse().map_err(|error| {
            // Help goes to standard output and is no failure. There is nobody to tell if it cannot
            // be printed.
            let _ = error.print();
            if error.use_stderr() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
        })?;
        let Arguments { asterisk, timeout, keep, verbose, folder } = arguments;
        let folder = folder.unwrap_or_else(own_folder);
        let configured = configuration(&folder);
        let (configured, summary) =
            configured.map_err(|error| Report::new(false).end(Err(anyhow::Error::msg(error))))?;
        let (want, timeout) = (asterisk.unwrap_or_default(), timeout.unwrap_or(configured));
        Ok(Self { want, timeout, keep, verbose, folder, summary })
    }

    /// Finds or fetches the server.
    pub(crate) async fn server(&self, report: &Report) -> Result<Server, ServerError> {
        report.say(&format!("{}: {}", self.folder.display(), self.summary));
        let mut last = None;
        Server::find_or_fetch(&self.want, |progress| report.fetching(&progress, &mut last)).await
    }
}

/// The time-out and the summary of a test.
fn configuration(folder: &Path) -> Result<(Duration, String), String> {
    let config = TestConfig::read(folder).map_err(|error| format!("{error:#}"))?;
    let section = config.object.as_ref().map_or(&config.root, |object| &object.section);
    let timeout = section.get("reactor-timeout").map(|it| it.expect_number("reactor-timeout"));
    let timeout = timeout.transpose().map_err(|error| error.to_string())?.unwrap_or(30.0);
    let timeout = seconds(&timeout.to_string()).map_err(|it| format!("reactor-timeout: {it}"))?;
    Ok((timeout, config.summary))
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
pub(crate) async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}
