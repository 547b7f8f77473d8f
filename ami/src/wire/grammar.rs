//! The grammar of AMI, written with nom: from bytes to slices.
//!
//! Each parser states its rule. Parsers work on complete input: [`codec`](super::codec) finds the
//! end of a frame first, so that no byte is parsed twice, however the stream is cut into chunks.
//! They accept every input that has a line in it. A line that is not a field is a bare line, never
//! an error, because servers that pass on unescaped dialplan data send such lines.

use memchr::{Memchr, memchr, memchr_iter, memmem};
use nom::bytes::complete::{tag, take, take_until};
use nom::combinator::rest;
use nom::sequence::terminated;
use nom::{IResult, Parser};

/// The parsers can fail in one way only (no line, no colon, no banner), so the error carries no
/// data.
type Parsed<'a, T> = IResult<&'a [u8], T, ()>;

/// The line after the text of a command in the old format, on servers before Asterisk 14.
pub(crate) const END_COMMAND: &[u8] = b"--END COMMAND--\r\n";

/// The limit in bytes of the fields before the text of a command in the old format, and of those
/// after it. It bounds the work: fields that have not ended are searched again with every read.
pub(crate) const LEGACY_FIELDS: usize = 1024;

/// One line of a message.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Line<'a> {
    /// A field, `name: value`. Name and value are as sent, without the one blank after the colon.
    Field(&'a [u8], &'a [u8]),
    /// A line without a colon.
    Bare(&'a [u8]),
}

/// `line = *OCTET-except-LF LF`, less one CR before the LF.
pub(crate) fn line(input: &[u8]) -> Parsed<'_, &[u8]> {
    let (rest, line) = terminated(take_until("\n"), take(1usize)).parse(input)?;
    Ok((rest, without_cr(line)))
}

/// Returns a line that ended at an LF, without one CR at its end.
#[inline]
pub(crate) fn without_cr(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// Returns the first line of a text without its line end, or the whole text if it has no LF.
#[inline]
pub(crate) fn first_line(text: &[u8]) -> &[u8] {
    without_cr(&text[..find_lf(text).unwrap_or(text.len())])
}

/// `field = name ":" [ SP ] value`, split at the first colon; `bare` is any other line.
pub(crate) fn field(line: &[u8]) -> Line<'_> {
    field_in(line, line)
}

/// Splits a line that `text` begins with. The bytes after the line do not matter.
#[inline]
fn field_in<'a>(line: &'a [u8], text: &[u8]) -> Line<'a> {
    let Ok((rest, name)) = name(line, text) else { return Line::Bare(line) };
    Line::Field(name, behind_colon(rest))
}

/// `[ SP ] value`: the value without the one blank, as `opt(tag(" "))` does, in one comparison.
#[inline]
fn behind_colon(rest: &[u8]) -> &[u8] {
    rest.strip_prefix(b" ").unwrap_or(rest)
}

/// `name = *OCTET-except-colon`, with the colon after it.
///
/// Names are short. `text` continues after the line, so that a short line can be searched in the
/// same way as a long one.
#[inline]
fn name<'a>(line: &'a [u8], text: &[u8]) -> Parsed<'a, &'a [u8]> {
    let colon = match first_of_16(text, b':') {
        None => memchr(b':', line),
        colon => colon.filter(|&colon| colon < line.len()),
    };
    let colon = colon.ok_or(nom::Err::Error(()))?;
    Ok((&line[colon + 1..], &line[..colon]))
}

/// Returns the first position of a byte among the first 16 of a text; `None` if it is not there, or
/// if the text is shorter than that.
///
/// The 16 bytes are compared as one number, without a branch for each and without a call. A byte of
/// `x` is zero where the text has the byte. Subtracting one from each byte sets the highest bit of
/// the first zero byte.
#[inline]
fn first_of_16(text: &[u8], byte: u8) -> Option<usize> {
    const ONES: u128 = u128::MAX / 0xff;
    let x = u128::from_le_bytes(*text.first_chunk()?) ^ (ONES * u128::from(byte));
    let mark = x.wrapping_sub(ONES) & !x & (ONES << 7);
    (mark != 0).then(|| mark.trailing_zeros() as usize / 8)
}

/// Returns the position of the first LF. The first lines of messages are short.
#[inline]
pub(crate) fn find_lf(text: &[u8]) -> Option<usize> {
    first_of_16(text, b'\n')
        .or_else(|| first_of_16(text.get(16..)?, b'\n').map(|at| at + 16))
        .or_else(|| memchr(b'\n', text))
}

/// The lines of a text, each without its line end. Bytes after the last LF are left out.
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
        Some(without_cr(line))
    }
}

/// An iterator over the lines of a message, split into name and value; see
/// [`Message::lines`](crate::Message::lines).
#[derive(Clone, Debug)]
pub struct Lines<'a> {
    lines: RawLines<'a>,
    /// The lines after the text of a command in the old format.
    then: &'a [u8],
}

impl<'a> Lines<'a> {
    pub(crate) fn of(text: &'a [u8], then: &'a [u8]) -> Self {
        Self { lines: RawLines::of(text), then }
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = Line<'a>;

    #[inline]
    fn next(&mut self) -> Option<Line<'a>> {
        let begin = self.lines.at;
        if let Some(line) = self.lines.next() {
            return Some(field_in(line, &self.lines.text[begin..]));
        }
        if self.then.is_empty() {
            return None;
        }
        self.lines = RawLines::of(std::mem::take(&mut self.then));
        self.lines.next().map(field)
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// Trims the name of a field to look for. Returns `None` if no field can have that name, because
/// the first colon of a line ends the name.
#[inline]
pub(crate) fn wanted(name: &str) -> Option<&[u8]> {
    let name = trim_name(name.as_bytes());
    (!name.contains(&b':')).then_some(name)
}

/// Removes the blanks around a name. Authors of dialplans put them after commas and before colons.
pub(crate) fn trim_name(mut name: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = name
        && is_blank(*first)
    {
        name = rest;
    }
    while let [rest @ .., last] = name
        && is_blank(*last)
    {
        name = rest;
    }
    name
}

/// Returns the value of a line if it is a field of that name, without regard to ASCII case and to
/// blanks around the name. `name` has no such blanks. Most lines fail at the first comparison.
#[inline]
pub(crate) fn value_of<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    value_where(line, name.len(), |found| found.eq_ignore_ascii_case(name))
}

/// Returns the value as [`value_of`] does, for a name that is in two parts. `prefix` does not begin
/// with a blank, and `name` does not end with one.
#[inline]
pub(crate) fn value_of_joined<'a>(line: &'a [u8], prefix: &[u8], name: &[u8]) -> Option<&'a [u8]> {
    value_where(line, prefix.len() + name.len(), |found| {
        let (first, second) = found.split_at(prefix.len());
        // Groups with a prefix share their prefix, so the second part differs more often.
        second.eq_ignore_ascii_case(name) && first.eq_ignore_ascii_case(prefix)
    })
}

/// Returns the value of a line whose name has that length and passes a test.
#[inline]
fn value_where(line: &[u8], length: usize, is_it: impl Fn(&[u8]) -> bool) -> Option<&[u8]> {
    let (found, rest) = line.split_at_checked(length)?;
    match (rest.first()?, found.first()) {
        (b':', _) if is_it(found) => Some(behind_colon(&rest[1..])),
        (b' ' | b'\t', _) | (_, Some(b' ' | b'\t')) => value_among_blanks(line, length, &is_it),
        _ => None,
    }
}

/// Returns the value as [`value_where`] does, for a line that may have blanks around its name.
#[cold]
fn value_among_blanks<'a>(
    line: &'a [u8],
    length: usize,
    is_it: &dyn Fn(&[u8]) -> bool,
) -> Option<&'a [u8]> {
    let (found, rest) = trim_start(line).split_at_checked(length)?;
    let value = trim_start(rest).strip_prefix(b":").filter(|_| is_it(found))?;
    Some(behind_colon(value))
}

fn trim_start(text: &[u8]) -> &[u8] {
    let blanks = text.iter().take_while(|&&byte| is_blank(byte)).count();
    &text[blanks..]
}

/// `whole = *OCTET CRLF`, without a CR LF inside: the lines of a text whose lines end in CR LF,
/// with the LFs inside them.
pub(crate) fn whole_lines(mut text: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let end = memmem::find(text, b"\r\n")?;
        let line = &text[..end];
        text = &text[end + 2..];
        Some(line)
    })
}

/// `banner = product "/" version`, for example `Asterisk Call Manager/11.0.0`.
///
/// Returns the version. The product is not checked, because forks rename it.
pub(crate) fn banner(line: &[u8]) -> Option<&[u8]> {
    let parsed: Parsed<'_, _> = (terminated(take_until("/"), tag("/")), rest).parse(line);
    let (_, (product, version)) = parsed.ok()?;
    (!product.contains(&b':')).then_some(version)
}

/// The result of looking at a text that may not be complete.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Legacy {
    /// More bytes are needed to tell.
    More,
    /// The text of the command begins or continues at this offset.
    Text(usize),
    /// The message ends with an empty line that begins at this offset.
    End(usize),
}

/// `legacy = follows head ( CRLF / text marker *( field CRLF ) CRLF )`
///
/// `follows = "Response: Follows" CRLF`, `marker = "--END COMMAND--" CRLF`; the head ends within
/// [`LEGACY_FIELDS`] bytes, and so do the fields after the marker.
///
/// The answer to `Command` before Asterisk 14. Servers send `Privilege` and the ActionID before the
/// text; other peers may send more fields and spell them otherwise. The text begins after the
/// ActionID, whatever it looks like. In a message without an ActionID, only `Privilege` belongs to
/// the head. Returns the beginning of the text, or the end of the message if an empty line follows
/// the head directly.
pub(crate) fn legacy_head(input: &[u8]) -> Legacy {
    let seen = &input[..input.len().min(LEGACY_FIELDS)];
    let Some(first) = memchr(b'\n', seen) else { return Legacy::More };
    let (mut at, mut known) = (first + 1, first + 1);
    loop {
        let rest = &seen[at..];
        let Some(end) = memchr(b'\n', rest) else {
            let more = seen.len() < LEGACY_FIELDS;
            return if more { Legacy::More } else { Legacy::Text(known) };
        };
        match field_of_crlf(&rest[..end]) {
            CrLf::Empty if at == known => return Legacy::End(at),
            CrLf::Empty | CrLf::Other => return Legacy::Text(known),
            CrLf::Field(name) if name.eq_ignore_ascii_case(b"ActionID") => {
                return behind_head(seen, at + end + 1);
            }
            CrLf::Field(name) => {
                let privilege = name.eq_ignore_ascii_case(b"Privilege");
                let next = at + end + 1;
                known = if privilege && at == known { next } else { known };
                at = next;
            }
        }
    }
}

fn behind_head(seen: &[u8], at: usize) -> Legacy {
    match &seen[at..] {
        [b'\r', b'\n', ..] => Legacy::End(at),
        [] | [b'\r'] if seen.len() < LEGACY_FIELDS => Legacy::More,
        _ => Legacy::Text(at),
    }
}

/// `*( field CRLF ) CRLF`, after the end marker of a command's text. [`Legacy::Text`] means that
/// the marker is part of the text.
pub(crate) fn legacy_tail(input: &[u8]) -> Legacy {
    let seen = &input[..input.len().min(LEGACY_FIELDS)];
    let mut at = 0;
    while let Some(end) = memchr(b'\n', &seen[at..]) {
        match field_of_crlf(&seen[at..at + end]) {
            CrLf::Empty => return Legacy::End(at),
            CrLf::Field(_) => at += end + 1,
            CrLf::Other => return Legacy::Text(at),
        }
    }
    if seen.len() < LEGACY_FIELDS { Legacy::More } else { Legacy::Text(at) }
}

/// A line that ends in CR LF.
enum CrLf<'a> {
    Empty,
    /// A line with a name and a colon.
    Field(&'a [u8]),
    /// A line without a name, or one that ends in LF alone.
    Other,
}

fn field_of_crlf(line: &[u8]) -> CrLf<'_> {
    match line.strip_suffix(b"\r") {
        None => CrLf::Other,
        Some(b"") => CrLf::Empty,
        Some(line) => match field(line) {
            Line::Field(name, _) if !name.is_empty() => CrLf::Field(name),
            _ => CrLf::Other,
        },
    }
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
    fn a_name_in_two_parts_is_found_as_one_in_one_piece_is() {
        let lines: [(&[u8], Option<&[u8]>); 12] = [
            (b"DestChannel: x", Some(b"x")),
            (b"destCHANNEL:x", Some(b"x")),
            (b" \tDestChannel\t : x", Some(b"x")),
            (b"DestChannel :", Some(b"")),
            (b"DestChannel", None),
            (b"DestChanne", None),
            (b"Dest Channel: x", None),
            (b"DestChannels: x", None),
            (b"DestChannelX", None),
            (b"NextChannel: x", None),
            (b"DestPannnel: x", None),
            (b" : DestChannel: x", None),
        ];
        for (line, value) in lines {
            for (prefix, name) in [("Dest", "Channel"), ("", "DestChannel"), ("DestChannel", "")] {
                let found = value_of_joined(line, prefix.as_bytes(), name.as_bytes());
                assert_eq!(found, value, "{} {prefix:?} {name:?}", line.escape_ascii());
            }
            assert_eq!(value_of(line, b"DestChannel"), value, "{}", line.escape_ascii());
        }
    }

    #[test]
    fn a_banner_has_a_version() {
        assert_eq!(banner(b"Asterisk Call Manager/11.0.0"), Some(&b"11.0.0"[..]));
        assert_eq!(banner(b"Asterisk Call Manager"), None);
        assert_eq!(banner(b"Location: http://x"), None);
    }

    #[test]
    fn a_legacy_head_stops_at_the_first_line_of_text() {
        let text_of = |frame: &'static [u8]| match legacy_head(frame) {
            Legacy::Text(at) => &frame[at..],
            other => panic!("{other:?}"),
        };
        let frame =
            b"Response: Follows\r\nPrivilege: Command\r\nActionID: 7\r\nk: v\n\n--END COMMAND--";
        assert!(text_of(frame).starts_with(b"k: v\n\n--END"));
        // The lines of a text end in bare LF, so a line that looks like a field of the head is
        // text.
        let frame = b"Response: Follows\r\nPrivilege: x\n--END COMMAND--\r\n\r\n";
        assert!(text_of(frame).starts_with(b"Privilege: x\n--END"));
        // The head includes everything up to the ActionID, and nothing after it.
        let frame =
            b"Response: Follows\r\nPriviledge: Command\r\nActionID: 7\r\nEvent: X\r\nA: b\r\n";
        assert!(text_of(frame).starts_with(b"Event: X\r\n"));
        // Without an ActionID, the fields cannot be attributed.
        let frame = b"Response: Follows\r\nPrivilege: Command\r\nEvent: X\r\nA: b\r\n\r\n";
        assert!(text_of(frame).starts_with(b"Event: X\r\n"));
    }

    #[test]
    fn blanks_around_a_name_do_not_count() {
        for line in [&b"Status: x"[..], b" Status: x", b"\t Status \t: x", b"STATUS: x"] {
            assert_eq!(value_of(line, b"Status"), Some(&b"x"[..]), "{}", line.escape_ascii());
        }
        assert_eq!(value_of(b"\rStatus: x", b"Status"), None);
        assert_eq!(value_of(b" : x", b""), Some(&b"x"[..]));
        assert_eq!(trim_name(b" \ta b\t "), b"a b");
    }

    #[test]
    fn the_first_line_end_is_found_wherever_it_is() {
        for at in 0..50 {
            for behind in 0..50 {
                let (before, behind) = ("\u{b}\t".repeat(25), "x".repeat(behind));
                let text = [&before[..at], "\n\u{b}\n", &behind].concat();
                assert_eq!(find_lf(text.as_bytes()), Some(at));
            }
            assert_eq!(find_lf("\u{b}".repeat(at).as_bytes()), None);
        }
    }
}
