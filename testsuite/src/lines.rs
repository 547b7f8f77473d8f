//! Lines of output, whatever comes.

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};

/// The longest line of a test's output. What is longer, or has no end, is several.
pub(crate) const OUTPUT: usize = 64 * 1024;

/// The longest of a worker's, which may tell of many failures. A line of output takes six times its length in it at most.
pub(crate) const MESSAGE: usize = 16 * 1024 * 1024;

/// Text that comes in lines.
#[derive(Debug)]
pub(crate) struct Lines<R> {
    from: BufReader<R>,
    longest: usize,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    pub(crate) fn new(from: R, longest: usize) -> Self {
        Self { from: BufReader::new(from), longest }
    }

    /// The next line, without its end; bytes that are not UTF-8 are replaced. None when nothing more can come.
    pub(crate) async fn next(&mut self) -> Option<String> {
        let mut line = Vec::new();
        loop {
            let held = self.from.fill_buf().await.unwrap_or_default();
            if held.is_empty() {
                return (!line.is_empty()).then(|| text(&line));
            }
            let end = memchr::memchr(b'\n', held);
            let count = end.map_or(held.len(), |end| end + 1);
            line.extend_from_slice(&held[..count]);
            self.from.consume(count);
            if end.is_some() || line.len() >= self.longest {
                return Some(text(&line));
            }
        }
    }
}

fn text(line: &[u8]) -> String {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line)).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn lines_are_cut_whatever_comes() {
        let long = "x".repeat(100_000);
        let input = format!("one\r\n\n\u{e4}\n{long}\nlast");
        let mut bytes = input.into_bytes();
        bytes[6] = 0xff;
        let mut lines = Lines::new(&bytes[..], OUTPUT);
        let mut all = Vec::new();
        while let Some(line) = lines.next().await {
            all.push(line);
        }
        assert_eq!(all[..3], ["one", "", "\u{fffd}\u{fffd}"]);
        assert_eq!(all.iter().skip(3).map(String::len).sum::<usize>(), 100_004);
        assert!(all.iter().all(|line| line.len() <= 2 * OUTPUT));
        assert_eq!(all.last().map(String::as_str), Some("last"));
    }
}
