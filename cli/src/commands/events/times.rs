//! The times of a recording.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;

/// The times in a file beside the recording: for each read, the end of its bytes and its time.
#[derive(Debug)]
pub(in crate::commands) struct Times(Vec<(usize, Duration)>);

impl Times {
    /// Reads the file. Returns `None` if there is none.
    pub(in crate::commands) fn read(path: &Path) -> Result<Option<Self>, anyhow::Error> {
        let mut name = path.as_os_str().to_owned();
        name.push(".times");
        let text = match fs::read_to_string(&name) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            text => text.context("the file of its times cannot be read")?,
        };
        let mut end = 0_usize;
        let mut times = Vec::new();
        for (at, line) in text.lines().enumerate() {
            let pair = line.split_once(' ');
            let pair = pair.and_then(|(at, bytes)| Some((at.parse().ok()?, bytes.parse().ok()?)));
            let (micros, bytes): (u64, usize) = pair.with_context(|| {
                format!("line {} of its times: expected microseconds and bytes", at + 1)
            })?;
            end = end.saturating_add(bytes);
            times.push((end, Duration::from_micros(micros)));
        }
        Ok(Some(Self(times)))
    }

    /// Returns the time at which so many bytes had come.
    pub(in crate::commands) fn at(&self, bytes: usize) -> Duration {
        let at = self.0.partition_point(|(end, _)| *end < bytes);
        let found = self.0.get(at).or_else(|| self.0.last());
        found.map_or(Duration::ZERO, |(_, at)| *at)
    }
}
