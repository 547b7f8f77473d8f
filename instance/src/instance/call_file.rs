//! Call files: a call that the server makes when a file appears in its spool.

use std::fmt::Write;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use uuid::Uuid;

use crate::sandbox::escaped;

/// The longest key and value together, in bytes, so that their line fits into the 1,024 bytes that
/// the server reads, also with semicolons escaped.
const LONGEST: usize = 900;

/// A call for the spool (`pbx_spool`). The constructor says where the call goes when it is
/// answered.
///
/// ```
/// use instance::CallFile;
///
/// let call = CallFile::to_extension("Local/s@default", "default", "100", 1)
///     .caller_id("Alice <100>")
///     .key("EarlyMedia", "yes");
/// let same = CallFile::from_keys([
///     ("Channel", "Local/s@default"),
///     ("Context", "default"),
///     ("Extension", "100"),
///     ("Priority", "1"),
///     ("CallerID", "Alice <100>"),
///     ("EarlyMedia", "yes"),
/// ]);
/// # assert_eq!(call, same);
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CallFile {
    /// Keys and values in order.
    lines: Vec<(String, String)>,
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
            .key("Context", context)
            .key("Extension", extension)
            .key("Priority", priority.to_string())
    }

    /// Calls `channel` and runs an application on it.
    pub fn to_application(
        channel: impl Into<String>,
        application: impl Into<String>,
        data: impl Into<String>,
    ) -> Self {
        Self::new(channel).key("Application", application).key("Data", data)
    }

    /// Makes a call of nothing but these keys and values, in their order. Whether they make a call
    /// is for the server to say.
    pub fn from_keys<K: Into<String>, V: Into<String>>(
        keys: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        let lines = keys.into_iter().map(|(key, value)| (key.into(), value.into())).collect();
        Self { lines, at: None }
    }

    fn new(channel: impl Into<String>) -> Self {
        Self { lines: Vec::new(), at: None }.key("Channel", channel)
    }

    /// Adds a line `key: value` behind those that are there, for keys without a function here. Of
    /// most keys the server takes the last value.
    #[must_use]
    pub fn key(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.lines.push((key.into(), value.into()));
        self
    }

    /// Sets the time to wait for an answer, in whole seconds, from 1 to 2,147,483; 45 s unless set.
    /// The server takes no less, and counts in milliseconds (`apply_outgoing` in
    /// `pbx/pbx_spool.c`).
    #[must_use]
    pub fn wait_time(self, time: Duration) -> Self {
        self.key("WaitTime", seconds(time))
    }

    /// Sets how often to try again after a call that nobody answered; not at all unless set.
    #[must_use]
    pub fn max_retries(self, times: u32) -> Self {
        self.key("MaxRetries", times.min(i32::MAX.unsigned_abs()).to_string())
    }

    /// Sets the time to wait before another try, in whole seconds, from 1 to 2,147,483; 5 minutes
    /// unless set.
    #[must_use]
    pub fn retry_time(self, time: Duration) -> Self {
        self.key("RetryTime", seconds(time))
    }

    /// Sets the caller ID, such as `Alice <100>`.
    #[must_use]
    pub fn caller_id(self, id: impl Into<String>) -> Self {
        self.key("CallerID", id)
    }

    /// Sets the account code.
    #[must_use]
    pub fn account(self, account: impl Into<String>) -> Self {
        self.key("Account", account)
    }

    /// Sets the codecs, such as `ulaw,gsm`.
    #[must_use]
    pub fn codecs(self, codecs: impl Into<String>) -> Self {
        self.key("Codecs", codecs)
    }

    /// Sets a variable of the channel.
    #[must_use]
    pub fn variable(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let set = format!("{}={}", name.into(), value.into());
        self.key("Setvar", set)
    }

    /// Sets whether the server moves the file to `outgoing_done` when the call is over, instead of
    /// removing it.
    #[must_use]
    pub fn archive(self, archive: bool) -> Self {
        self.key("Archive", if archive { "yes" } else { "no" })
    }

    /// Sets the time of the call; at once unless set.
    #[must_use]
    pub fn at(mut self, time: SystemTime) -> Self {
        self.at = Some(time);
        self
    }

    fn text(&self) -> Result<String, CallFileError> {
        let mut text = String::new();
        for (key, value) in &self.lines {
            let is_control = |c: char| c.is_control();
            let is_key = !key.is_empty()
                && key.trim() == key
                && !key.contains(|c: char| is_control(c) || matches!(c, ':' | ';' | '#'));
            if !is_key {
                return Err(CallFileError::Key { key: key.clone() });
            }
            // The server takes the rest of the line for a comment.
            let comment = value.starts_with('#') || value.contains(" #");
            let written = escaped(value);
            if comment || value.contains(is_control) || key.len() + written.len() > LONGEST {
                return Err(CallFileError::Value { key: key.clone(), value: value.clone() });
            }
            // Writing into a string does not fail.
            let _ = writeln!(text, "{key}: {written}");
        }
        Ok(text)
    }

    /// Puts the file into a spool. A rename makes it complete when the server sees it, as the
    /// server demands.
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

/// Returns seconds as the server reads them.
fn seconds(time: Duration) -> String {
    time.as_secs().clamp(1, u64::from(i32::MAX.unsigned_abs()) / 1000).to_string()
}

/// The error of a call file that was not written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallFileError {
    /// A key that the server would not find.
    #[error("key {key:?}: a key is not empty, has no blanks at its ends, and none of `:;#` in it")]
    Key {
        /// The key.
        key: String,
    },
    /// A value that would not arrive as it is.
    #[error(
        "{key}: {value:?}: a value has no control characters and no `#` at its beginning or behind a blank, and is at most {LONGEST} bytes long with its key"
    )]
    Value {
        /// The key.
        key: String,
        /// The value.
        value: String,
    },
    /// The file cannot be written.
    #[error("{}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The error of the system.
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
            .archive(true)
            .key("EarlyMedia", "yes")
            .key("X", "");
        assert_eq!(
            call.text().unwrap(),
            "Channel: Local/1@a\nContext: b\nExtension: 2\nPriority: 1\nWaitTime: 2\nSetvar: A=b\\;c\nArchive: yes\nEarlyMedia: yes\nX: \n"
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
        for value in ["x\nPriority: 2", "x\r", "#x", "a #x", &"x".repeat(897), &";".repeat(449)] {
            let error = CallFile::to_application("Local/1@a", "Echo", value).text().unwrap_err();
            assert!(error.to_string().starts_with("Data: "), "{error}");
        }
        for key in ["", "A:B", " A", "A ", "A\nB", "#A", "A;B"] {
            let error = CallFile::from_keys([(key, "x")]).text().unwrap_err();
            assert!(error.to_string().starts_with(&format!("key {key:?}: ")), "{error}");
        }
    }
}
