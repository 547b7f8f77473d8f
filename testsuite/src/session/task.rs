//! What a worker is told of a test.

use std::path::PathBuf;

use crate::files::GlobalConfig;
use crate::job::{Job, Script};
use crate::plan::How;
use crate::plan::Planned;
use crate::session::schedule::Task;

/// What the jobs of all tests have in common. Paths are absolute: a worker works in the suite's
/// folder.
#[derive(Clone, Debug)]
pub(crate) struct Jobs {
    pub(crate) suite: PathBuf,
    pub(crate) server: PathBuf,
    pub(crate) base: Option<PathBuf>,
    pub(crate) global: Option<PathBuf>,
    pub(crate) root: PathBuf,
    /// The system tree, if there are programs to run.
    pub(crate) tree: Option<PathBuf>,
    pub(crate) logs: PathBuf,
    pub(crate) isolated: bool,
    pub(crate) keep_logs: bool,
    pub(crate) keep_core: bool,
    pub(crate) pcap: bool,
    pub(crate) valgrind: bool,
}

impl Jobs {
    pub(crate) fn task(&self, planned: &Planned, how: &How) -> Task {
        let script = match how {
            How::Native => None,
            How::Script(command) => Some(self.script(&planned.name, command)),
        };
        Task {
            weight: planned.instances,
            job: Job {
                suite: self.suite.clone(),
                test: planned.name.clone(),
                server: self.server.clone(),
                base: self.base.clone(),
                global: self.global.clone(),
                script,
                root: self.root.clone(),
                evidence: self.logs.join(&planned.name),
                keep_logs: self.keep_logs,
                keep_core: self.keep_core,
                isolated: self.isolated,
                pcap: self.pcap,
            },
        }
    }

    fn script(&self, name: &str, command: &[String]) -> Script {
        let tree = self.tree.clone().unwrap_or_default();
        let global = self.global.as_ref().map(|path| path.display().to_string());
        let variables = [
            (GlobalConfig::VARIABLE, global),
            ("PCAP", self.pcap.then(|| "yes".to_owned())),
            ("VALGRIND_ENABLE", self.valgrind.then(|| "true".to_owned())),
        ];
        let variables = variables.into_iter().filter_map(|(name, value)| Some((name, value?)));
        Script {
            command: command.to_vec(),
            // No test's folder is in that of another, whose name may begin with its.
            scratch: tree.join("scratch").join(name.replace('/', "%")),
            // The library names it without the first part.
            work: tree.join("tmp").join(name.strip_prefix("tests/").unwrap_or(name)),
            environment: variables.map(|(name, value)| (name.to_owned(), value)).collect(),
            tree,
        }
    }
}
