//! The command of a command line.

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::Context as _;

use crate::components::{self, Registry};
use crate::files::GlobalConfig;
use crate::job::{Command, Options};
use crate::plan::lint;
use crate::session::run::{self, NOT_RUN, PASSED};
use crate::session::signals::Signals;
use crate::session::{new_test, watch};

/// Does what the options say.
pub(crate) fn start(registry: &Registry, options: &Options) -> ExitCode {
    match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(run(registry, options)),
        Err(error) => {
            // Nobody may read it; the code tells as well.
            let _ = writeln!(io::stderr(), "error: the runtime cannot be made: {error}");
            ExitCode::from(NOT_RUN)
        }
    }
}

async fn run(registry: &Registry, options: &Options) -> ExitCode {
    let ended = match &options.command {
        Some(Command::Lint { suite, testsuite_config }) => {
            let global = GlobalConfig::named(testsuite_config.as_deref());
            lint::run(suite, global.as_deref(), registry).map_err(anyhow::Error::from_boxed)
        }
        Some(Command::Components { name }) => {
            components::pages::print(registry, name.as_deref()).map(|()| ExitCode::from(PASSED))
        }
        Some(Command::New { name, suite }) => {
            new_test::run(suite, name).map(|()| ExitCode::from(PASSED))
        }
        None => match Signals::listen().context("signals cannot be heard") {
            Ok(signals) if options.watch => Box::pin(watch::run(registry, options, &signals)).await,
            Ok(signals) => Box::pin(run::tests(registry, options, &signals)).await,
            Err(error) => Err(error),
        },
    };
    ended.unwrap_or_else(|error| {
        // Nobody may read it; the code tells as well.
        let _ = writeln!(io::stderr(), "error: {error:#}");
        ExitCode::from(NOT_RUN)
    })
}
