//! What the runner and the process that runs a test say to each other: lines of JSON, over a socket
//! that nothing else uses.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::job::outcome::{Outcome, Reason};

/// The longest message, with the end of its line. A worker shortens what would be longer; a runner
/// reads no more.
pub(crate) const LONGEST: usize = 16 * 1024 * 1024;

/// What a worker is to do: the first line of its input. When its input ends it has to come to an
/// end.
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
    /// Something happens in the test.
    Alive,
    /// It is over.
    End(Box<Outcome>),
}

impl Message {
    /// The line that stands for it, with its end: at most [`LONGEST`] bytes. Where the outcome of a
    /// test takes more in spite of all limits, or has a path that is not UTF-8, its verdict is kept
    /// and the reason says why the rest is missing.
    pub(crate) fn line(&self) -> Vec<u8> {
        let whole = serde_json::to_vec(self);
        let why = match whole {
            Ok(mut line) if line.len() < LONGEST => {
                line.push(b'\n');
                return line;
            }
            Ok(line) => format!("it takes {} bytes, of {LONGEST} at most", line.len()),
            Err(error) => error.to_string(),
        };
        match self {
            Self::End(outcome) => {
                let what = format!("the rest of the outcome could not be told: {why}");
                Self::End(Box::new(Outcome {
                    passed: outcome.passed,
                    timed_out: outcome.timed_out,
                    faulty: outcome.faulty,
                    reasons: if outcome.passed { Vec::new() } else { vec![Reason::new(&what)] },
                    notes: if outcome.passed { vec![what] } else { Vec::new() },
                    cpu: outcome.cpu,
                    memory: outcome.memory,
                    ..Outcome::default()
                }))
                .line()
            }
            // Names of ours, and paths below one that came as UTF-8.
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    use super::*;

    fn end(outcome: Outcome) -> Outcome {
        let line = Message::End(Box::new(outcome)).line();
        assert!(line.len() <= LONGEST && line.ends_with(b"\n"));
        match serde_json::from_slice(&line).unwrap() {
            Message::End(outcome) => *outcome,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_end_that_cannot_be_told_keeps_its_verdict() {
        let log = vec!["\u{1}".repeat(LONGEST / 6)];
        let timed_out = Outcome { timed_out: true, log: log.clone(), ..Outcome::default() };
        let told = end(timed_out);
        assert!(told.timed_out && !told.passed);
        assert!(told.reasons[0].what.contains("could not be told: it takes "), "{told:?}");
        let told = end(Outcome { passed: true, log, ..Outcome::default() });
        assert!(told.passed && told.reasons.is_empty() && told.notes.len() == 1, "{told:?}");
        let core = PathBuf::from(OsStr::from_bytes(b"/core.\xff"));
        let told = end(Outcome { faulty: true, cores: vec![core], ..Outcome::default() });
        assert!(told.faulty && told.reasons[0].what.contains("UTF-8"), "{told:?}");
    }
}
