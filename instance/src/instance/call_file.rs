//! Call files: a call that the server makes when a file appears in its spool.

use std::fmt::Write;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use uuid::Uuid;

use crate::sandbox::escaped;

/// The longest value, so that its line fits into the 1,024 bytes that the server reads.
const LONGEST: usize = 900;

/// A call for the spool (`pbx_spool`). Where the call goes to when it is answered is given to the
/// constructor.
#[derive(Clone, Debug)]
pub struct CallFile {
    lines: Vec<(&'static str, String)>,
    at: Option<SystemTime>,
}

impl CallFile {
    /// Calls `channel`, such as `Local/s@default`, and connects it to an extension of the dialplan.
    pub fn to_extension(
        channel: impl Into<String>,
        context: impl Into<String>,
        extension: impl Into<String>,
        priority: u32,
    ) -> Self {
        Self::new(channel)
            .line("Context", context)
            .line("Extension", extension)
            .line("Priority", priority.to_string())
    }

    /// Calls `channel` and runs an application on it.
    pub fn to_application(
        channel: impl Into<String>,
        application: impl Into<String>,
        data: impl Into<String>,
    ) -> Self {
        Self::new(channel).line("Application", application).line("Data", data)
    }

    fn new(channel: impl Into<String>) -> Self {
        Self { lines: Vec::new(), at: None }.line("Channel", channel)
    }

    /// Sets the time to wait for an answer, in whole seconds, from 1 to 2,147,483; 45 s unless set.
    /// The server takes no less, and counts in milliseconds (`apply_outgoing` in
    /// `pbx/pbx_spool.c`).
    #[must_use]
    pub fn wait_time(self, time: Duration) -> Self {
        self.line("WaitTime", seconds(time))
    }

    /// Sets how often to try again after a call that nobody answered; not at all unless set.
    #[must_use]
    pub fn max_retries(self, times: u32) -> Self {
        self.line("MaxRetries", times.min(i32::MAX.unsigned_abs()).to_string())
    }

    /// Sets the time to wait before another try, in whole seconds, from 1 to 2,147,483; 5 minutes
    /// unless set.
    #[must_use]
    pub fn retry_time(self, time: Duration) -> Self {
        self.line("RetryTime", seconds(time))
    }

    /// The caller ID, such as `Alice <100>`.
    #[must_use]
    pub fn caller_id(self, id: impl Into<String>) -> Self {
        self.line("CallerID", id)
    }

    /// The account code.
    #[must_use]
    pub fn account(self, account: impl Into<String>) -> Self {
        self.line("Account", account)
    }

    /// The codecs, such as `ulaw,gsm`.
    #[must_use]
    pub fn codecs(self, codecs: impl Into<String>) -> Self {
        self.line("Codecs", codecs)
    }

    /// Sets a variable of the channel.
    #[must_use]
    pub fn variable(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let set = format!("{}={}", name.into(), value.into());
        self.line("Setvar", set)
    }

    /// Whether the server moves the file to `outgoing_done` when it is done with it, instead of
    /// removing it.
    #[must_use]
    pub fn archive(self, archive: bool) -> Self {
        self.line("Archive", if archive { "yes" } else { "no" })
    }

    /// When to make the call; at once unless set.
    #[must_use]
    pub fn at(mut self, time: SystemTime) -> Self {
        self.at = Some(time);
        self
    }

    fn line(mut self, key: &'static str, value: impl Into<String>) -> Self {
        self.lines.push((key, value.into()));
        self
    }

    fn text(&self) -> Result<String, CallFileError> {
        let mut text = String::new();
        for (key, value) in &self.lines {
            // The server takes the rest of the line behind it for a comment, and reads no longer
            // ones.
            let comment = value.starts_with('#') || value.contains(" #");
            if comment || value.contains(|c: char| c.is_control()) || value.len() > LONGEST {
                return Err(CallFileError::Value { key, value: value.clone() });
            }
            // Writing into a string does not fail.
            let _ = writeln!(text, "{key}: {}", escaped(value));
        }
        Ok(text)
    }

    /// Puts the file into a spool: complete when the server sees it, by a rename, as the server
    /// demands.
    pub(crate) fn put(&self, spool: &Path) -> Result<PathBuf, CallFileError> {
        let text = self.text()?;
        let name = format!("{}.call", Uuid::new_v4().simple());
        let (written, target) = (spool.join("tmp").join(&name), spool.join("outgoing").join(&name));
        let written = || -> io::Result<()> {
            fs::write(&written, text)?;
            if let Some(time) = self.at {
                fs::File::options().write(true).open(&written)?.set_modified(time)?;
            }
            fs::rename(&written, &target)
        };
        written().map_err(|error| CallFileError::File { path: target.clone(), error })?;
        Ok(target)
    }
}

/// Seconds as the server reads them.
fn seconds(time: Duration) -> String {
    time.as_secs().clamp(1, u64::from(i32::MAX.unsigned_abs()) / 1000).to_string()
}

/// A call file that was not written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallFileError {
    /// A value that would not arrive as it is.
    #[error(
        "{key}: {value:?}: a value has no control characters and does not begin with `;` or `#`"
    )]
    Value {
        /// The key.
        key: &'static str,
        /// The value.
        value: String,
    },
    /// The file cannot be written.
    #[error("{}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        error: io::Error,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_lines_of_keys_and_values() {
        let call = CallFile::to_extension("Local/1@a", "b", "2", 1)
            .wait_time(Duration::from_millis(2500))
            .variable("A", "b;c")
            .archive(true);
        assert_eq!(
            call.text().unwrap(),
            "Channel: Local/1@a\nContext: b\nExtension: 2\nPriority: 1\nWaitTime: 2\nSetvar: A=b\\;c\nArchive: yes\n"
        );
    }

    #[test]
    fn times_are_those_that_the_server_takes() {
        for (time, seconds) in [(Duration::from_millis(1), 1), (Duration::MAX, 2_147_483)] {
            let call = CallFile::to_application("Local/1@a", "Echo", "");
            let text = call.wait_time(time).retry_time(time).max_retries(u32::MAX).text().unwrap();
            let lines =
                format!("WaitTime: {seconds}\nRetryTime: {seconds}\nMaxRetries: 2147483647\n");
            assert!(text.ends_with(&lines), "{text}");
        }
    }

    #[test]
    fn an_error_says_its_cause_once() {
        let call = CallFile::to_application("Local/1@a", "Echo", "");
        let error = call.put(Path::new("/nonexistent/spool")).unwrap_err();
        assert!(error.to_string().starts_with("/nonexistent/spool/outgoing/"), "{error}");
        assert!(error.to_string().ends_with(".call"), "{error}");
        let cause = std::error::Error::source(&error).unwrap();
        assert_eq!(cause.to_string(), "No such file or directory (os error 2)");
    }

    #[test]
    fn a_value_cannot_begin_another_line() {
        for value in ["x\nPriority: 2", "x\r", "#x", "a #x", &"x".repeat(1000)] {
            let error = CallFile::to_application("Local/1@a", "Echo", value).text().unwrap_err();
            assert!(error.to_string().starts_with("Data: "), "{error}");
        }
    }
}
