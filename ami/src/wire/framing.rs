//! The search for the end of a message.
//!
//! Real servers end each line of a message with CR LF and write values unchanged. A value with line
//! ends in it, such as an SMS or the output of a shell command, contains LF or LF LF. The end of
//! such a message is therefore **CR LF CR LF and nothing else**. A peer whose first line ends in LF
//! alone ends its messages with an empty line. Two kinds of message have rules of their own:
//!
//! - `CoreShowChannelMap`, which Asterisk 18.19 to 18.23, 20.4 to 20.8 and 21.0 to 21.3 end with CR
//!   LF LF;
//! - `Response: Follows`, the old answer to `Command`, whose text ends with a marker.

use std::sync::LazyLock;

use memchr::memchr;
use memchr::memmem::Finder;

use super::grammar::{self, END_COMMAND, Legacy};

/// The beginning of most messages.
pub(crate) const EVENT: &[u8] = b"Event: ";

/// The first line of a message that some servers end with CR LF LF.
const MAP: &[u8] = b"Event: CoreShowChannelMap";

/// The first line of an answer to `Command` before Asterisk 14.
const FOLLOWS: &[u8] = b"Response: Follows";

const CRLF_CRLF: &[u8] = b"\r\n\r\n";

/// The pattern that is searched for in place of [`CRLF_CRLF`]. The search looks for the first two
/// bytes of its pattern; LF CR rarely occurs except at the end of a message.
const LF_CRLF: &[u8] = b"\n\r\n";

/// The end of a message.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct End {
    /// The length of the first line, without its end.
    pub(crate) first: usize,
    /// The length of the message's lines, without the empty one. With the text of a command, only
    /// the lines before the text count.
    pub(crate) lines: usize,
    /// The end of the text of a command, if there is one.
    pub(crate) marker: Option<usize>,
    /// The length of the message.
    pub(crate) end: usize,
}

/// The search for the end of one message. It continues where it stopped when more bytes arrive.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scan {
    phase: Phase,
    /// The number of bytes that need not be searched again.
    at: usize,
    /// The length of the first line, without its end, once it is known.
    first: usize,
    /// `true` if the message may be the output of a command in the old format.
    legacy: bool,
    /// `true` if the beginning is discarded. The first line is then known to be nothing special.
    gone: bool,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    /// In the first line, which decides the rest.
    First,
    CrLf,
    Map,
    Lf,
    LegacyHead,
    /// In a text that begins at this offset.
    LegacyText(usize),
}

impl Scan {
    pub(crate) fn new(legacy: bool) -> Self {
        Self { phase: Phase::First, at: 0, first: 0, legacy, gone: false }
    }

    /// Returns the number of bytes that need not be searched again.
    pub(crate) fn seen(&self) -> usize {
        self.at
    }

    /// Notes that this many bytes were removed, at most those that were seen.
    pub(crate) fn took(&mut self, bytes: usize) {
        self.at -= bytes;
        self.gone |= bytes > 0;
    }

    /// Finds the end of an event at the beginning of `src`, if it has the most common form: lines
    /// that end in CR LF, and CR LF CR LF at the end.
    ///
    /// Returns `None` for another form, and the state of the search as an error if the end has not
    /// arrived yet.
    #[inline]
    pub(crate) fn event(src: &[u8]) -> Option<Result<End, Self>> {
        if !src.starts_with(EVENT) {
            return None;
        }
        let lf = EVENT.len() + grammar::find_lf(&src[EVENT.len()..])?;
        let first = lf - 1;
        if src[first] != b'\r' || src[..first] == *MAP {
            return None;
        }
        let mut scan = Self { phase: Phase::CrLf, at: first, first, legacy: false, gone: false };
        let end = scan.crlf_crlf(src);
        Some(end.ok_or(scan))
    }

    /// Finds the end of the message that `src` begins with or continues.
    #[inline]
    pub(crate) fn find(&mut self, src: &[u8]) -> Option<End> {
        if matches!(self.phase, Phase::First) {
            self.first_line(src)?;
        }
        match self.phase {
            Phase::CrLf => self.crlf_crlf(src),
            _ => self.find_other(src),
        }
    }

    /// Finds the end of a message that has a rule of its own.
    fn find_other(&mut self, src: &[u8]) -> Option<End> {
        match self.phase {
            Phase::First => None,
            Phase::CrLf => self.crlf_crlf(src),
            Phase::Map => self.empty_line(src, true),
            Phase::Lf => self.empty_line(src, false),
            Phase::LegacyHead => match grammar::legacy_head(src) {
                Legacy::More => None,
                Legacy::End(at) => Some(self.end(at, None, at + 2)),
                Legacy::Text(at) => {
                    (self.phase, self.at) = (Phase::LegacyText(at), at);
                    self.marker(src, at)
                }
            },
            Phase::LegacyText(begin) => self.marker(src, begin),
        }
    }

    #[inline]
    fn end(&self, lines: usize, marker: Option<usize>, end: usize) -> End {
        End { first: self.first, lines, marker, end }
    }

    #[inline]
    fn first_line(&mut self, src: &[u8]) -> Option<()> {
        let Some(lf) = grammar::find_lf(&src[self.at..]).map(|lf| self.at + lf) else {
            self.at = src.len() - usize::from(src.ends_with(b"\r"));
            return None;
        };
        let crlf = src[..lf].ends_with(b"\r");
        let line = &src[..lf - usize::from(crlf)];
        self.first = line.len();
        let special = !self.gone && line.len() <= MAP.len();
        (self.phase, self.at) =
            if special && crlf && self.legacy && line.eq_ignore_ascii_case(FOLLOWS) {
                (Phase::LegacyHead, 0)
            } else if !crlf {
                (Phase::Lf, lf)
            } else if special && line == MAP {
                (Phase::Map, lf - 1)
            } else {
                (Phase::CrLf, lf - 1)
            };
        Some(())
    }

    #[inline]
    fn crlf_crlf(&mut self, src: &[u8]) -> Option<End> {
        static FINDER: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(LF_CRLF));
        let finder = &*FINDER;
        let mut from = self.at + 1;
        while let Some(lf) = finder.find(src.get(from..).unwrap_or_default()).map(|lf| from + lf) {
            if src[lf - 1] == b'\r' {
                return Some(self.end(lf + 1, None, lf + 3));
            }
            from = lf + 1;
        }
        self.at = self.at.max((src.len() + 1).saturating_sub(CRLF_CRLF.len()));
        None
    }

    /// Finds an empty line: only after CR LF, or after any line end.
    fn empty_line(&mut self, src: &[u8], behind_crlf: bool) -> Option<End> {
        let mut at = self.at;
        while let Some(lf) = memchr(b'\n', &src[at..]).map(|lf| at + lf) {
            let found = |bytes| Some(self.end(lf + 1, None, lf + 1 + bytes));
            match &src[lf + 1..] {
                _ if behind_crlf && !src[..lf].ends_with(b"\r") => at = lf + 1,
                [b'\n', ..] => return found(1),
                [b'\r', b'\n', ..] => return found(2),
                [] | [b'\r'] => {
                    self.at = lf - usize::from(behind_crlf);
                    return None;
                }
                _ => at = lf + 1,
            }
        }
        // The LF of this CR may still arrive.
        self.at = at.max(src.len() - usize::from(src.ends_with(b"\r")));
        None
    }

    /// Finds the marker after the text of a command, and the fields after the marker.
    fn marker(&mut self, src: &[u8], begin: usize) -> Option<End> {
        static FINDER: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(END_COMMAND));
        while let Some(at) = FINDER.find(&src[self.at..]).map(|at| self.at + at) {
            let behind = at + END_COMMAND.len();
            match grammar::legacy_tail(&src[behind..]) {
                Legacy::End(tail) => {
                    return Some(self.end(begin, Some(at), behind + tail + 2));
                }
                Legacy::More => {
                    self.at = at;
                    return None;
                }
                Legacy::Text(_) => self.at = behind,
            }
        }
        self.at = self.at.max((src.len() + 1).saturating_sub(END_COMMAND.len()));
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the end of a message that arrives in pieces of this many bytes.
    fn end(text: &[u8], piece: usize) -> Option<usize> {
        let mut scan = Scan::new(true);
        let seen = (piece..text.len()).step_by(piece).chain([text.len()]);
        seen.into_iter().find_map(|seen| scan.find(&text[..seen])).map(|end| end.end)
    }

    #[test]
    fn a_message_of_crlf_ends_at_crlf_crlf_alone() {
        for (text, length) in [
            (&b"A: b\r\n\r\nA: c\r\n\r\n"[..], Some(8)),
            // A value with line ends in it.
            (b"A: b\r\nC: d\n\n\r\n\r\n", Some(16)),
            (b"A: b\r\nC: d\n\r\nE: f\n\r\n\r\n", Some(22)),
            (b"A: b\r\nC: d\n\r\n", None),
            (b"\n\r\nA: b\r\n\r\n", Some(3)),
            // A first line that looks empty but for its CRs.
            (b"\r\r\n\r\n", Some(5)),
            (b"A: b\r\n\r", None),
        ] {
            for piece in 1..=text.len() {
                assert_eq!(end(text, piece), length, "{} by {piece}", text.escape_ascii());
            }
        }
    }

    #[test]
    fn the_rest_of_a_message_goes_on_behind_what_was_taken_away() {
        let text = b"A: b\r\nC: d\n\r\nE: f\r\n\r\n";
        for first in 1..text.len() {
            let mut scan = Scan::new(true);
            assert_eq!(scan.find(&text[..first]), None);
            let gone = scan.seen();
            scan.took(gone);
            let end = scan.find(&text[gone..]).map(|end| gone + end.end);
            assert_eq!(end, Some(text.len()), "behind {first}");
        }
    }
}
