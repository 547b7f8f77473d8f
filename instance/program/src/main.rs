//! Asterisk servers for tests in any language: boots them in sandboxes, tells where they are, and
//! holds them, or runs a command that uses them.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Parser, Subcommand};
use instance::Progress;

mod bare;
mod boot;
mod boot_log;
mod command;
mod ends;
mod environment;
mod facts;
mod fail_on;
mod login;
mod outcome;
mod serve;
mod sip;
mod upkeep;

/// Asterisk servers for tests: each in a sandbox and on a loopback address of its own
#[derive(Debug, Parser)]
#[command(name = "instance", after_help = CODES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

const CODES: &str = "\
Exit codes:
  0  all went well; of boot: each server was there until it was to end
  1  failed, for the reason on the error output; of boot: also if a server ended by itself, or for
     what --fail-on names
  2  the command line is wrong
With a command, its own code if that is not 0: 128 and the number of a signal that ended it, 127 if
it is not found, 126 if it cannot be executed";

#[derive(Debug, Subcommand)]
enum Command {
    /// Boot servers, print where they are, and hold them until Ctrl-C or SIGTERM; or run a command
    #[command(after_help = CODES)]
    Boot(Box<boot::Boot>),
    /// Fetch a server into the cache (Debian only; 22 or 16)
    Fetch {
        /// The major version
        major: u32,
    },
    /// List the servers and the sandboxes of this user
    List {
        /// The folder below which the sandboxes are
        #[arg(long, value_name = "FOLDER", default_value = "/tmp")]
        root: PathBuf,
    },
    /// Remove the sandboxes that killed processes left
    Sweep {
        /// Include those that were kept as evidence
        #[arg(long)]
        kept: bool,
        /// The folder below which the sandboxes are
        #[arg(long, value_name = "FOLDER", default_value = "/tmp")]
        root: PathBuf,
    },
}

/// The exit code of a command that was executed.
type Done = anyhow::Result<ExitCode>;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help goes to standard output and is no failure. There is nobody to tell if it cannot
            // be printed.
            let _ = error.print();
            return if error.use_stderr() { ExitCode::from(2) } else { ExitCode::SUCCESS };
        }
    };
    run(arguments.command).unwrap_or_else(|error| {
        complain(&format!("{error:#}"));
        ExitCode::FAILURE
    })
}

fn run(command: Command) -> Done {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.context("failed to start the runtime")?;
    let done = runtime.block_on(async {
        match command {
            Command::Boot(boot) => boot.run().await,
            Command::Fetch { major } => upkeep::fetch(major).await,
            Command::List { root } => upkeep::list(&root).await,
            Command::Sweep { kept, root } => upkeep::sweep(&root, kept),
        }
    });
    // A thread that still makes a sandbox is not waited for; what it has made goes away with this
    // process.
    runtime.shutdown_background();
    done
}

/// Does work that may block, such as reading files, and lets signals end the program meanwhile.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> anyhow::Result<T> {
    tokio::task::spawn_blocking(work).await.context("failed to work on a thread of its own")
}

/// Prints each step of a fetch once.
fn steps() -> impl FnMut(Progress) + Send {
    let mut last = None;
    move |progress| {
        if progress.is_new_after(last.as_ref()) {
            complain(&progress.to_string());
        }
        last = Some(progress);
    }
}

/// Prints a line, for a reader that may be a program waiting for it.
fn say(line: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    let said = writeln!(out, "{line}").and_then(|()| out.flush());
    said.context("failed to write to the standard output")
}

/// Prints a line on the error output. That nobody reads it is no reason to leave servers behind.
fn complain(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}
