#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;

mod capture;
mod case;
mod config;
mod dependency;
mod descendants;
mod evidence;
mod execute;
mod expression;
mod facts;
mod ground;
mod history;
mod how;
mod isolate;
mod jobs;
mod library;
mod lines;
mod lint;
mod list;
mod logs;
mod matcher;
mod module;
mod objects;
mod options;
mod orders;
mod output;
mod plan;
mod protocol;
mod registry;
mod report;
mod run;
mod schedule;
mod schema;
mod script;
mod serial;
mod setup;
mod suite;
mod tail;
mod usage;
mod verdict;
mod version;
mod watch;
mod worker;
mod yaml;

pub use case::{Ast, FailToken, TestCase, TestResult};
pub use config::{Dependency, GlobalConfig, ModuleConfig, TestConfig};
pub use expression::{Expression, ExpressionError};
pub use matcher::Matcher;
pub use module::Module;
pub use registry::Registry;
pub use suite::{FoundTest, Suite};
pub use verdict::{Outcome, Phase, Reason};
pub use version::{AsteriskVersion, VersionError};
pub use watch::{Watch, WatchError};
pub use yaml::{ConfigError, Document, Duplicate, Mapping, Node, Value};

/// The whole of a program that runs tests: those that its command line names, with those in Rust
/// that it registers.
///
/// The program starts itself anew for each test, so nothing but this may happen in its `main`, and
/// no thread may be there yet.
pub fn main(registry: Registry) -> ExitCode {
    let arguments: Vec<_> =
        std::env::args_os().skip(1).map(|it| it.to_string_lossy().into_owned()).collect();
    if arguments.first().is_some_and(|it| it == isolate::WORKER) {
        return worker::main(&registry, &arguments);
    }
    let options = match options::Options::try_parse() {
        Ok(options) => options,
        Err(error) => {
            // Help goes to standard output and is no failure. There is nobody to tell if it cannot
            // be printed.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(run::run(&registry, &options)),
        Err(error) => {
            // Nobody may read it; the code tells as well.
            let _ = writeln!(io::stderr(), "error: the runtime cannot be made: {error}");
            ExitCode::from(2)
        }
    }
}
