//! The messages between the runner and the process that runs a test: lines of JSON, over a socket
//! that nothing else uses.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::job::outcome::{Account, Outcome, Phase, Reason};
#[cfg(test)]
use crate::job::settings::ChosenSettings;
use crate::job::settings::Settings;

/// The longest message, with the end of its line. A worker shortens what would be longer; a runner
/// reads no more.
pub(crate) const LONGEST: usize = 16 * 1024 * 1024;

/// A test to run: the first line of a worker's input. When that input ends, the worker has to come
/// to an end.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Job {
    /// The settings of the run.
    pub(crate) settings: Settings,
    /// The name of the test: its path from the suite's folder.
    pub(crate) test: String,
    /// The program that runs the test, and its arguments; `None` for a test that runs natively.
    pub(crate) command: Option<Vec<String>>,
}

impl Job {
    /// A job of a test that has no servers.
    #[cfg(test)]
    pub(crate) fn alone() -> Self {
        let settings = Settings {
            // A folder that is there: programs are started in it.
            suite: PathBuf::from("/"),
            server: PathBuf::new(),
            sipp: None,
            base: None,
            sandboxes: PathBuf::new(),
            tree: None,
            isolated: false,
            chosen: ChosenSettings {
                keep_core: false,
                keep_full_logs: false,
                logs: PathBuf::new(),
                testsuite_config: None,
                valgrind: false,
                pcap: false,
            },
        };
        Self { settings, test: "tests/alone".to_owned(), command: None }
    }

    /// The folder of the test.
    pub(crate) fn folder(&self) -> PathBuf {
        self.settings.suite.join(&self.test)
    }

    /// The folder in which the evidence of the test's executions is kept.
    pub(crate) fn evidence(&self) -> PathBuf {
        self.settings.chosen.logs.join(&self.test)
    }
}

/// A message of a worker.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Message {
    /// A sandbox was made.
    Folder(PathBuf),
    /// A phase of the test begins.
    Phase(Phase),
    /// Something happens in the test.
    Alive,
    /// The test is over.
    End(Box<Account>),
}

impl Message {
    /// The line that stands for it, with its end: at most [`LONGEST`] bytes. Where the account of a
    /// test takes more in spite of all limits, or has a path that is not UTF-8, its outcome is kept
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
            Self::End(account) => {
                let what = format!("the rest of the account could not be told: {why}");
                let passed = account.outcome == Outcome::Passed;
                Self::End(Box::new(Account {
                    outcome: account.outcome,
                    reasons: if passed { Vec::new() } else { vec![Reason::new(&what)] },
                    notes: if passed { vec![what] } else { Vec::new() },
                    cpu: account.cpu,
                    memory: account.memory,
                    ..Account::default()
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

    fn end(account: Account) -> Account {
        let line = Message::End(Box::new(account)).line();
        assert!(line.len() <= LONGEST && line.ends_with(b"\n"));
        match serde_json::from_slice(&line).unwrap() {
            Message::End(account) => *account,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_end_that_cannot_be_told_keeps_its_outcome() {
        let log = vec!["\u{1}".repeat(LONGEST / 6)];
        let timed_out =
            Account { outcome: Outcome::TimedOut, log: log.clone(), ..Account::default() };
        let told = end(timed_out);
        assert_eq!(told.outcome, Outcome::TimedOut);
        assert!(told.reasons[0].what.contains("could not be told: it takes "), "{told:?}");
        let told = end(Account { outcome: Outcome::Passed, log, ..Account::default() });
        assert!(told.reasons.is_empty() && told.notes.len() == 1, "{told:?}");
        assert_eq!(told.outcome, Outcome::Passed);
        let core = PathBuf::from(OsStr::from_bytes(b"/core.\xff"));
        let faulty = Account { outcome: Outcome::Faulty, cores: vec![core], ..Account::default() };
        let told = end(faulty);
        assert_eq!(told.outcome, Outcome::Faulty);
        assert!(told.reasons[0].what.contains("UTF-8"), "{told:?}");
    }
}
