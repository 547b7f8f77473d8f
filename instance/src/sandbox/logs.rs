//! The names of the log files in a sandbox.

use std::fs;
use std::path::PathBuf;

use crate::sandbox::Sandbox;

/// The file that the builder adds to a `logger.conf` of a test's own. The levels of the test's own
/// files are not known.
pub(crate) const OWN: &str = "instance.txt";

/// The file with everything that the server prints.
pub(crate) const CONSOLE: &str = "console.txt";

/// The file with notices, warnings and errors.
const MESSAGES: &str = "messages.txt";

/// The beginning of the names of sanitizers' reports.
pub(crate) const SANITIZER: &str = "sanitizer";

/// The log file with every level.
const FULL: &str = "full.txt";

/// The log files that have errors in them, the best first.
const LOGS: [&str; 3] = [OWN, FULL, MESSAGES];

impl Sandbox {
    /// Returns the log file that has errors in it. With `appendhostname`, the name ends with that
    /// of the host.
    pub(crate) fn log(&self) -> PathBuf {
        let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        let logs = self.logs();
        let names =
            LOGS.iter().flat_map(|&name| [name.to_owned(), format!("{name}.{}", host.trim())]);
        let mut paths = names.map(|name| logs.join(name));
        paths.find(|path| path.exists()).unwrap_or_else(|| logs.join(FULL))
    }
}
