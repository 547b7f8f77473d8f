#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

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

// A small client of ARI.
mod ari;

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

// A test target of cargo.
mod harness;

// The crates that signatures name, so that a program needs only this one in its manifest.
pub use {ami, instance};

// Tests in Rust.
pub use ari::AriEvent;
pub use case::{Ast, Call, CallError, FailToken, FastAgi, TestCase, TestResult, Watch, WatchError};
pub use components::Registry;
pub use harness::Harness;
pub use job::Reason;

// Components of YAML.
pub use ami::{Expression, ExpressionError, Matcher, Nearest};
pub use case::{
    Component, Ended, Failure, Happening, Life, Needs, Pending, Setting, Signal, Stage, Step,
    Watcher,
};
pub use files::{Id, Ids, Section};
pub use matching::{Count, Fields, Pattern, Template, TemplateError};

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
    if let Some(ended) = worker::run_if_wanted(&registry) {
        return ended;
    }
    match job::Options::try_parse() {
        Ok(options) => session::start(&registry, &options),
        Err(error) => {
            // Help goes to standard output and is no failure. There is nobody to tell if it cannot
            // be printed.
            let _ = error.print();
            ExitCode::from(if error.use_stderr() { 2 } else { 0 })
        }
    }
}
