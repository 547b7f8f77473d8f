//! What the runner and the process that runs a test say to each other: lines of JSON.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::verdict::Outcome;

/// What a worker is to do: the first line of its input. When its input ends it has to come to an end.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Job {
    /// The folder of the suite.
    pub(crate) suite: PathBuf,
    /// The name of the test.
    pub(crate) test: String,
    /// The server's binary.
    pub(crate) server: PathBuf,
    /// The configuration below that of the test.
    pub(crate) base: Option<PathBuf>,
    /// Another global configuration.
    pub(crate) global: Option<PathBuf>,
    /// How to run it, if not natively.
    pub(crate) script: Option<Script>,
    /// Where sandboxes are made.
    pub(crate) root: PathBuf,
    /// The folder for what is kept of it.
    pub(crate) evidence: PathBuf,
    /// Whether that is kept if it passes, too.
    pub(crate) keep_logs: bool,
    /// Whether core files are kept as well.
    pub(crate) keep_core: bool,
    /// Whether this process has a network of its own.
    pub(crate) isolated: bool,
    /// Whether to capture what goes over that, if the test does not do it itself.
    pub(crate) pcap: bool,
}

/// A test that is a program.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Script {
    /// The program and its arguments.
    pub(crate) command: Vec<String>,
    /// The system tree for `AST_TEST_ROOT`.
    pub(crate) tree: PathBuf,
    /// A folder for what it writes for a while.
    pub(crate) scratch: PathBuf,
    /// Where the suite's library links to the folder of the test's runs.
    pub(crate) work: PathBuf,
    /// Variables of the environment.
    pub(crate) environment: Vec<(String, String)>,
}

/// What a worker says.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Message {
    /// It has made a sandbox.
    Folder(PathBuf),
    /// A part of the test begins.
    Phase(String),
    /// A line of output.
    Line(String),
    /// Something happens in the test.
    Alive,
    /// It is over.
    End(Box<Outcome>),
}
