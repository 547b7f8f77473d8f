//! The output of a test: the beginning and the end are held, whatever the test prints between them.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

/// The most bytes of the beginning that are held, and of the end.
pub(crate) const HELD: usize = 1024 * 1024;

/// The most bytes by which an edge of a gap is moved so that whole lines are left out.
const EDGE: usize = 64 * 1024;

/// The output of a test while it runs.
#[derive(Debug, Default)]
pub(crate) struct OutputBuffer {
    first: Vec<u8>,
    /// The bytes behind the first; at most twice as many, so that they are rarely moved.
    last: Vec<u8>,
    /// The part between the two.
    gap: Gap,
    /// The number of the first that were given to be told.
    told: usize,
}

/// Bytes that are left out.
#[derive(Clone, Copy, Debug, Default)]
struct Gap {
    bytes: usize,
    lines: usize,
    /// Set if the last byte ends a line.
    is_whole: bool,
}

impl Gap {
    fn add(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len();
        self.lines += memchr::memchr_iter(b'\n', bytes).count();
        self.is_whole = bytes.last() == Some(&b'\n');
    }

    /// The line that stands for it; none where all is there.
    fn told(self) -> Option<String> {
        let Self { bytes, lines, .. } = self;
        (bytes > 0).then(|| format!("… {bytes} bytes with {lines} line ends are left out here …\n"))
    }
}

impl OutputBuffer {
    /// Adds what has come.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        let (first, rest) = bytes.split_at(bytes.len().min(HELD - self.first.len()));
        self.first.extend_from_slice(first);
        for piece in rest.chunks(HELD) {
            if self.last.len() + piece.len() > 2 * HELD {
                self.leave(self.last.len() + piece.len() - HELD);
            }
            self.last.extend_from_slice(piece);
        }
    }

    /// Leaves out so many bytes of what is last.
    fn leave(&mut self, count: usize) {
        self.gap.add(&self.last[..count]);
        self.last.drain(..count);
    }

    /// The lines of the beginning that have come since the last call.
    pub(crate) fn new_lines(&mut self) -> Option<String> {
        let new = &self.first[self.told..];
        let end = memchr::memrchr(b'\n', new)? + 1;
        let lines = String::from_utf8_lossy(&new[..end]).into_owned();
        self.told += end;
        Some(lines)
    }

    /// All that is held, once no more can come.
    pub(crate) fn end(mut self) -> Ended {
        let excess = self.last.len().saturating_sub(HELD);
        if excess > 0 {
            self.leave(excess);
        }
        if self.gap.bytes > 0 {
            if !self.gap.is_whole {
                self.leave(start_of_line(&self.last));
            }
            let end = end_of_line(&self.first);
            self.gap.add(&self.first[end..]);
            self.first.truncate(end);
        }
        Ended { first: self.first, gap: self.gap, last: self.last, told: self.told }
    }
}

/// The place behind the last whole line; where that line is long, the one before the last
/// character.
fn end_of_line(bytes: &[u8]) -> usize {
    let edge = bytes.len().saturating_sub(EDGE);
    if let Some(at) = memchr::memrchr(b'\n', &bytes[edge..]) {
        return edge + at + 1;
    }
    let inside = bytes.iter().rev().take(3).take_while(|it| is_inside(it)).count();
    let end = bytes.len() - inside;
    if bytes[..end].last().is_some_and(|it| !it.is_ascii()) { end - 1 } else { end }
}

/// The place of the first whole line; where the line before is long, of the first character.
fn start_of_line(bytes: &[u8]) -> usize {
    let edge = &bytes[..bytes.len().min(EDGE)];
    let inside = || edge.iter().take(3).take_while(|it| is_inside(it)).count();
    memchr::memchr(b'\n', edge).map_or_else(inside, |at| at + 1)
}

/// Returns whether a byte continues a character of UTF-8.
fn is_inside(byte: &u8) -> bool {
    byte & 0b1100_0000 == 0b1000_0000
}

/// The output of a test that has ended.
#[derive(Debug)]
pub(crate) struct Ended {
    first: Vec<u8>,
    gap: Gap,
    last: Vec<u8>,
    told: usize,
}

impl Ended {
    /// Writes it into a file, byte for byte but for what is left out.
    pub(crate) fn write(&self, path: &Path) -> io::Result<()> {
        let mut file = File::create(path)?;
        self.parts(0).iter().try_for_each(|part| file.write_all(part))
    }

    /// The lines that [`OutputBuffer::new_lines`] has not given.
    pub(crate) fn untold(&self) -> Output {
        Output::new(&self.parts(self.told))
    }

    /// The output as text.
    pub(crate) fn output(&self) -> Output {
        Output::new(&self.parts(0))
    }

    /// The beginning from a place on, the line that stands for what is left out, and the end.
    fn parts(&self, from: usize) -> [Cow<'_, [u8]>; 3] {
        let first = &self.first[from.min(self.first.len())..];
        let gap = self.gap.told().unwrap_or_default();
        let is_whole = first.last().is_none_or(|it| *it == b'\n');
        let gap = if is_whole || gap.is_empty() { gap } else { format!("\n{gap}") };
        [first.into(), gap.into_bytes().into(), self.last.as_slice().into()]
    }
}

/// Text that a test printed. A clone is the same text.
#[derive(Clone, Debug, Default)]
pub(crate) struct Output(Arc<str>);

impl Output {
    /// Bytes that are not UTF-8 are replaced.
    fn new(parts: &[Cow<'_, [u8]>]) -> Self {
        let bytes = parts.concat();
        Self(String::from_utf8_lossy(&bytes).into())
    }

    /// A line that stands for output.
    pub(crate) fn line(text: &str) -> Self {
        Self(text.into())
    }

    pub(crate) fn text(&self) -> &str {
        &self.0
    }

    /// Lines without their ends.
    pub(crate) fn lines(&self) -> std::str::Lines<'_> {
        self.0.lines()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(input: impl IntoIterator<Item = Vec<u8>>) -> (String, String) {
        let (mut held, mut told) = (OutputBuffer::default(), String::new());
        for piece in input {
            held.push(&piece);
            told.extend(held.new_lines());
        }
        let ended = held.end();
        told.push_str(ended.untold().text());
        (ended.output().text().to_owned(), told)
    }

    #[test]
    fn short_output_is_whole_and_told_in_order() {
        let input = ["one\r\n", "\ntw", "o\n\u{e4}", "last"].map(|it| it.as_bytes().to_vec());
        let (text, told) = held(input);
        assert_eq!(text, "one\r\n\ntwo\n\u{e4}last");
        assert_eq!(told, text);
        assert_eq!(Output::line(&text).lines().next(), Some("one"));
    }

    #[test]
    fn two_limits_are_whole_and_one_byte_more_leaves_lines_out() {
        let line = |number: usize| format!("{number:07}\n").into_bytes();
        let all = 2 * HELD / 8;
        let (text, told) = held((0..all).map(line));
        assert_eq!((text.len(), told == text), (2 * HELD, true));
        let (text, told) = held((0..=all).map(line));
        assert_eq!(told, text);
        let gap = format!(
            "{:07}\n… 8 bytes with 1 line ends are left out here …\n{:07}\n",
            HELD / 8 - 1,
            HELD / 8 + 1
        );
        assert!(text.contains(&gap), "{}", &text[HELD - 100..HELD + 100]);
    }

    #[test]
    fn a_line_without_end_is_cut_between_characters() {
        for shift in 0..3 {
            let input = format!("{}{}", "x".repeat(shift), "\u{20ac}".repeat(2 * HELD));
            let length = input.len();
            let (text, told) = held(input.into_bytes().chunks(65_536).map(<[u8]>::to_vec));
            assert!(!text.contains('\u{fffd}'), "{shift}");
            assert_eq!(told, text);
            let held = text.chars().filter(|c| matches!(c, 'x' | '\u{20ac}'));
            let held: usize = held.map(char::len_utf8).sum();
            let gap = format!("\n… {} bytes with 0 line ends are left out here …\n", length - held);
            assert!(text.contains(&gap), "{shift}: {gap}");
        }
    }
}
