//! Lines of a bounded length.

use std::io;

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};

/// Bytes that come in lines.
#[derive(Debug)]
pub(crate) struct Lines<R> {
    from: BufReader<R>,
    /// The beginning of the next one.
    line: Vec<u8>,
    longest: usize,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    /// Reads lines of at most so many bytes, their ends among them.
    pub(crate) fn new(from: R, longest: usize) -> Self {
        Self { from: BufReader::new(from), line: Vec::new(), longest }
    }

    /// The next line, without its end; none when nothing more can come. Cancel safe.
    ///
    /// # Errors
    ///
    /// If a line is too long, has no end, or cannot be read. No more lines can be read then.
    pub(crate) async fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        loop {
            let held = self.from.fill_buf().await?;
            if held.is_empty() {
                let is_cut = !self.line.is_empty();
                return if is_cut { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(None) };
            }
            let end = memchr::memchr(b'\n', held);
            let count = end.map_or(held.len(), |end| end + 1);
            if self.line.len() + count > self.longest {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    format!("a line is longer than {} bytes", self.longest),
                ));
            }
            self.line.extend_from_slice(&held[..count]);
            self.from.consume(count);
            if end.is_some() {
                self.line.pop();
                return Ok(Some(std::mem::take(&mut self.line)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn lines_are_whole_or_an_error() {
        let mut lines = Lines::new(&b"one\n\n1234567\nlast"[..], 8);
        for line in [&b"one"[..], b"", b"1234567"] {
            assert_eq!(lines.next().await.unwrap().unwrap(), line);
        }
        assert_eq!(lines.next().await.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        let mut lines = Lines::new(&b"12345678\n"[..], 8);
        assert!(lines.next().await.unwrap_err().to_string().contains("longer than 8 bytes"));
        assert!(Lines::new(&b""[..], 8).next().await.unwrap().is_none());
    }
}
