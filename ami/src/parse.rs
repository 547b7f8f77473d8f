//! The grammar of AMI in nom: bytes to slices, nothing else.
//!
//! Each parser carries its rule. They work on complete input: [`codec`](crate::codec) finds the end of a frame first,
//! so that no byte is parsed twice, however the stream is cut into chunks. The parsers accept every input that has a
//! line in it; what makes no sense as a field is a bare line, never an error, for a server that passes dialplan data on
//! unescaped sends such lines in good faith.

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
    let field: Parsed<'_, _> =
        (terminated(take_until(":"), tag(":")), opt(tag(" ")), rest).parse(line);
    match field {
        Ok((_, (name, _, value))) => Line::Field(name, value),
        Err(_) => Line::Bare(line),
    }
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
/// with a line end. The result is the length of the head and that of the text.
pub(crate) fn legacy(frame: &[u8]) -> (usize, usize) {
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
    (head, text_end - head)
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
        let (head, text) = legacy(frame);
        assert_eq!(&frame[head..head + text], b"k: v\n\n");
        // The server's text has bare LF: a line that looks like a field of the head is text.
        let frame = b"Response: Follows\r\nPrivilege: x\n--END COMMAND--\r\n\r\n";
        let (head, text) = legacy(frame);
        assert_eq!(&frame[head..head + text], b"Privilege: x\n");
    }
}
