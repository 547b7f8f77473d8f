//! The settings of a run that reach its tests: made once, and sent along with each job.

use std::io;
use std::path::{self, PathBuf};

use clap::Args;
use serde::{Deserialize, Serialize};

/// The settings of a run, as far as its tests need them. Paths are absolute: a worker works in the
/// suite's folder.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Settings {
    /// The folder of the suite.
    pub(crate) suite: PathBuf,
    /// The server's binary.
    pub(crate) server: PathBuf,
    /// The program for scenarios of SIPp, as [`instance::sipp::Sipp::at`] takes it. `None` if no
    /// test needs one.
    pub(crate) sipp: Option<PathBuf>,
    /// The configuration below that of each test.
    pub(crate) base: Option<PathBuf>,
    /// The folder in which sandboxes are made.
    pub(crate) sandboxes: PathBuf,
    /// The system tree for `AST_TEST_ROOT`, if there are programs to run.
    pub(crate) tree: Option<PathBuf>,
    /// Set if each test has a network of its own.
    pub(crate) isolated: bool,
    /// The options of the command line that reach the tests.
    pub(crate) chosen: ChosenSettings,
}

/// The options of the command line that reach the tests.
#[derive(Args, Clone, Debug, Deserialize, Serialize)]
pub(crate) struct ChosenSettings {
    /// Keep core files with the logs
    #[arg(short, long)]
    pub(crate) keep_core: bool,

    /// Keep the logs also of tests that passed
    #[arg(long)]
    pub(crate) keep_full_logs: bool,

    /// The folder in which logs are kept
    #[arg(long, value_name = "FOLDER", default_value = "logs")]
    pub(crate) logs: PathBuf,

    /// Another global configuration
    #[arg(long, value_name = "FILE")]
    pub(crate) testsuite_config: Option<PathBuf>,

    /// Have tests that are programs run their servers in valgrind; others are not run
    #[arg(short = 'V', long)]
    pub(crate) valgrind: bool,

    /// Capture packets, into packet.pcap among the logs; tests that are programs are told to do it
    /// themselves
    #[arg(long)]
    pub(crate) pcap: bool,
}

impl ChosenSettings {
    /// Makes paths absolute. `config` is the global configuration, which the environment may name.
    pub(crate) fn absolute(mut self, config: Option<PathBuf>) -> io::Result<Self> {
        self.logs = path::absolute(&self.logs)?;
        self.testsuite_config = config;
        Ok(self)
    }
}
