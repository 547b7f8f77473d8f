#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;

// The crate is divided into rooms, which are its modules. A room depends only on rooms above it.
// The `mod.rs` of each room describes its purpose.

// The files of a suite: YAML, configurations, lists of tests, versions.
mod files;

// Descriptions of events and texts.
mod matching;

// Settings, messages and outcome of a test's process.
mod job;

// A test while it runs.
mod case;

// The test objects and modules of YAML, and the registry.
mod components;

// One test in a process of its own.
mod worker;

// Which tests are run, and by what.
mod plan;

// What is told of a run.
mod report;

// A run from the command line to the exit code.
mod session;

// Tests in Rust.
pub use case::{Ast, Call, CallError, FailToken, TestCase, TestResult, Watch, WatchError};
pub use components::Registry;
pub use job::Reason;

// Components of YAML.
pub use ami::{Expression, ExpressionError, Matcher, Nearest};
pub use case::{
    Component, Ended, Failure, Happening, Life, Needs, Pending, Setting, Signal, Stage, Step,
    Watcher,
};
pub use files::{Id, Ids, Section};
pub use matching::{Count, Fields, Template, TemplateError};

// The files of a suite.
pub use files::{
    AsteriskVersion, ConfigError, Dependency, Document, Duplicate, FoundTest, GlobalConfig,
    Mapping, ModuleConfig, Node, Suite, TestConfig, Value, VersionError,
};

/// The whole of a program that runs tests: those that its command line names, with those in Rust
/// that it registers.
///
/// The program starts itself anew for each test, so nothing but this may happen in its `main`, and
/// no thread may be there yet.
pub fn main(registry: Registry) -> ExitCode {
    let arguments: Vec<_> =
        std::env::args_os().skip(1).map(|it| it.to_string_lossy().into_owned()).collect();
    if arguments.first().is_some_and(|it| it == worker::namespace::WORKER) {
        return worker::main(&registry, &arguments);
    }
    let options = match job::Options::try_parse() {
        Ok(options) => options,
        Err(error) => {
            // Help goes to standard output and is no failure. There is nobody to tell if it cannot
            // be printed.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(session::run(&registry, &options)),
        Err(error) => {
            // Nobody may read it; the code tells as well.
            let _ = writeln!(io::stderr(), "error: the runtime cannot be made: {error}");
            ExitCode::from(2)
        }
    }
}
