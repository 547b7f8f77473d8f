//! The grammar of AMI in nom: bytes to slices, nothing else.
//!
//! Each parser carries its rule. They work on complete input: [`codec`](crate::codec) finds the end of a frame first,
//! so that no byte is parsed twice, however the stream is cut into chunks. The parsers accept every input that has a
//! line in it; what makes no sense as a field is a bare line, never an error, for a server that passes dialplan data on
//! unescaped sends such lines in good faith.

use memchr::{Memchr, memchr, memchr_iter};
use nom::bytes::complete::{tag, take, take_until};
use nom::combinator::{opt, rest};
use nom::sequence::terminated;
use nom::{IResult, Parser};

/// The parsers have one way to fail (no line, no colon, no banner), so the error says nothing.
type Parsed<'a, T> = IResult<&'a [u8], T, ()>;

/// What ends the text of a command in the old format, on servers before 14.
pub(crate) const END_COMMAND: &[u8] = b"--END COMMAND--\r\n\r\n";

/// One line of a message.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Line<'a> {
    /// `name: value`. Name and value are as sent, but for the one blank after the colon.
    Field(&'a [u8], &'a [u8]),
    /// A line without a colon.
    Bare(&'a [u8]),
}

/// `line = *OCTET-except-LF LF`, less one CR before the LF.
pub(crate) fn line(input: &[u8]) -> Parsed<'_, &[u8]> {
    let (rest, line) = terminated(take_until("\n"), take(1usize)).parse(input)?;
    Ok((rest, line.strip_suffix(b"\r").unwrap_or(line)))
}

/// `field = name ":" [ SP ] value`, split at the first colon; `bare` is any other line.
pub(crate) fn field(line: &[u8]) -> Line<'_> {
    field_in(line, line)
}

/// The field of a line that `text` begins with, whatever comes behind it.
#[inline]
fn field_in<'a>(line: &'a [u8], text: &[u8]) -> Line<'a> {
    match (|line| name(line, text), opt(tag(" ")), rest).parse(line) {
        Ok((_, (name, _, value))) => Line::Field(name, value),
        Err(_) => Line::Bare(line),
    }
}

/// `name = *OCTET-except-colon`, with the colon behind it.
///
/// Names are short: the first 16 bytes are looked at as one number, without a branch for each or a call. A byte of `x` is
/// zero where the text has a colon; taking one from each byte sets the highest bit of the first that is zero. The text
/// goes on behind the line so that a short line can be looked at in the same way.
#[inline]
fn name<'a>(line: &'a [u8], text: &[u8]) -> Parsed<'a, &'a [u8]> {
    const ONES: u128 = u128::MAX / 0xff;
    let mark = text.first_chunk().map_or(0, |first: &[u8; 16]| {
        let x = u128::from_le_bytes(*first) ^ (ONES * b':' as u128);
        x.wrapping_sub(ONES) & !x & (ONES << 7)
    });
    let colon = match mark {
        0 => memchr(b':', line),
        mark => Some(mark.trailing_zeros() as usize / 8).filter(|&colon| colon < line.len()),
    };
    let colon = colon.ok_or(nom::Err::Error(()))?;
    Ok((&line[colon + 1..], &line[..colon]))
}

/// The lines of a text, each without its end. What is behind the last LF is left out.
#[derive(Clone, Debug)]
pub(crate) struct RawLines<'a> {
    text: &'a [u8],
    at: usize,
    ends: Memchr<'a>,
}

impl<'a> RawLines<'a> {
    pub(crate) fn of(text: &'a [u8]) -> Self {
        Self { text, at: 0, ends: memchr_iter(b'\n', text) }
    }
}

impl<'a> Iterator for RawLines<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        let end = self.ends.next()?;
        let line = &self.text[self.at..end];
        self.at = end + 1;
        Some(line.strip_suffix(b"\r").unwrap_or(line))
    }
}

/// The lines of a message, split into name and value: see [`Message::lines`](crate::Message::lines).
#[derive(Clone, Debug)]
pub struct Lines<'a>(RawLines<'a>);

impl<'a> Lines<'a> {
    pub(crate) fn of(text: &'a [u8]) -> Self {
        Self(RawLines::of(text))
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = Line<'a>;

    #[inline]
    fn next(&mut self) -> Option<Line<'a>> {
        let begin = self.0.at;
        let line = self.0.next()?;
        Some(field_in(line, &self.0.text[begin..]))
    }
}

/// The value of a line, if it is a field of that name: without regard to ASCII case, nor to blanks before the colon. Most
/// lines fail at the first comparison.
#[inline]
pub(crate) fn value_of<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let (found, rest) = line.split_at_checked(name.len())?;
    let next = *rest.first()?;
    if !(next == b':' || next.is_ascii_whitespace()) || !found.eq_ignore_ascii_case(name) {
        return None;
    }
    let value = rest.trim_ascii_start().strip_prefix(b":")?;
    Some(value.strip_prefix(b" ").unwrap_or(value))
}

/// `banner = product "/" version`, for example `Asterisk Call Manager/11.0.0`.
///
/// The product is not checked: forks rename it. The result is the version.
pub(crate) fn banner(line: &[u8]) -> Option<&[u8]> {
    let parsed: Parsed<'_, _> = (terminated(take_until("/"), tag("/")), rest).parse(line);
    let (_, (product, version)) = parsed.ok()?;
    (!product.contains(&b':')).then_some(version)
}

/// `legacy = "Response: Follows" CRLF *(("Privilege:" / "ActionID:") value CRLF) text "--END COMMAND--" CRLF CRLF`
///
/// The answer to `Command` before Asterisk 14. The text may hold anything, blank lines and colons too, and need not end
/// with a line end. The result is the length of the head.
pub(crate) fn legacy_head(frame: &[u8]) -> usize {
    let text_end = frame.len().saturating_sub(END_COMMAND.len());
    let mut head = line(frame).map_or(0, |(rest, _)| frame.len() - rest.len());
    while let Ok((rest, text)) = line(&frame[head..text_end]) {
        let with_crlf = head + text.len() + 2 == text_end - rest.len();
        let known = matches!(field(text), Line::Field(name, _)
            if name.eq_ignore_ascii_case(b"Privilege") || name.eq_ignore_ascii_case(b"ActionID"));
        if !(with_crlf && known) {
            break;
        }
        head = text_end - rest.len();
    }
    head.min(text_end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_ends_at_lf_and_loses_one_cr() {
        assert_eq!(line(b"a\r\nb\n"), Ok((&b"b\n"[..], &b"a"[..])));
        assert_eq!(line(b"a\r\r\n"), Ok((&b""[..], &b"a\r"[..])));
        assert_eq!(line(b"b\rc\n"), Ok((&b""[..], &b"b\rc"[..])));
        assert!(line(b"no end").is_err());
    }

    #[test]
    fn a_field_is_split_at_the_first_colon_and_loses_one_blank() {
        assert_eq!(field(b"A: b"), Line::Field(b"A", b"b"));
        assert_eq!(field(b"A:b"), Line::Field(b"A", b"b"));
        assert_eq!(field(b"A:  b "), Line::Field(b"A", b" b "));
        assert_eq!(field(b"A:"), Line::Field(b"A", b""));
        assert_eq!(field(b"A : sip:x"), Line::Field(b"A ", b"sip:x"));
        assert_eq!(field(b":"), Line::Field(b"", b""));
        assert_eq!(field(b"plain text"), Line::Bare(b"plain text"));
    }

    #[test]
    fn a_banner_has_a_version() {
        assert_eq!(banner(b"Asterisk Call Manager/11.0.0"), Some(&b"11.0.0"[..]));
        assert_eq!(banner(b"Asterisk Call Manager"), None);
        assert_eq!(banner(b"Location: http://x"), None);
    }

    #[test]
    fn a_legacy_head_stops_at_the_first_line_of_text() {
        let frame =
            b"Response: Follows\r\nPrivilege: Command\r\nActionID: 7\r\nk: v\n\n--END COMMAND--\r\n\r\n";
        assert!(frame[legacy_head(frame)..].starts_with(b"k: v\n\n--END"));
        // The server's text has bare LF: a line that looks like a field of the head is text.
        let frame = b"Response: Follows\r\nPrivilege: x\n--END COMMAND--\r\n\r\n";
        assert!(frame[legacy_head(frame)..].starts_with(b"Privilege: x\n--END"));
    }
}
