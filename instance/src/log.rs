//! The last words of a server.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

/// How much of the end of a file is looked at.
const TAIL: i64 = 16 * 1024;

/// The last lines of a file, or none if it cannot be read.
pub(crate) fn tail(path: &Path, lines: usize) -> Vec<String> {
    let mut text = Vec::new();
    let read = File::open(path).and_then(|mut file| {
        // A file shorter than that is read from its beginning.
        let _ = file.seek(SeekFrom::End(-TAIL));
        file.read_to_end(&mut text)
    });
    if read.is_err() {
        return Vec::new();
    }
    let text = String::from_utf8_lossy(&text);
    let all: Vec<_> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    all[all.len().saturating_sub(lines)..].iter().map(|&line| line.to_owned()).collect()
}
