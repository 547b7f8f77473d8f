//! A decoder that is slow and obvious: the grammar, word for word, over the whole stream at once.
//! It shares no code with the real one.
//!
//! ```text
//! stream   = [ banner ] *( message / stray )
//! stray    = LF / CRLF                        ; while no message is open
//! message  = crlf / map / lf / legacy
//! crlf     = line-crlf …  CRLF CRLF           ; and nothing else ends it: LF LF, LF CRLF and
//!                                             ; CRLF LF are data
//! map      = "Event: CoreShowChannelMap" CRLF …  ( CRLF CRLF / CRLF LF )
//! lf       = line-lf …  ( LF LF / LF CRLF )
//! line     = *OCTET-except-LF LF              ; one CR before the LF is not part of it, and a line
//!                                             ; may have no bytes
//! field    = name ":" [ SP ] value            ; split at the first colon; a line without one is
//!                                             ; bare
//!
//! legacy   = follows head ( CRLF / text "--END COMMAND--" CRLF tail CRLF )
//! follows  = "Response: Follows" CRLF         ; in any case; only if the banner may be legacy
//! head     = *named action-id / *privilege    ; the former if there is an ActionID in the first
//!                                             ; 1,024 bytes with nothing but `named` before it
//! tail     = *named                           ; with the CRLF behind it within 1,024 bytes, or
//!                                             ; else the marker before it is text
//! named    = 1*OCTET-except-LF-colon ":" *OCTET-except-LF CRLF
//! ```
//!
//! The end of a message is the first that fits. Where the stream ends before it, there is none.

/// A line: the name, unless the line is bare, and the value.
pub(crate) type Line = (Option<Vec<u8>>, Vec<u8>);

/// What the stream holds.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Item {
    Banner(Vec<u8>),
    Message(Parts),
    /// How many bytes it has, and the first of them.
    TooLarge(usize, Vec<u8>),
    Truncated(Vec<u8>),
}

/// What a message holds.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Parts {
    pub(crate) kind: Kind,
    /// Those before the text of a command, and those behind it.
    pub(crate) lines: Vec<Line>,
    /// The text of a command in the old format.
    pub(crate) text: Option<Vec<u8>>,
}

/// What the first line says.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    Event,
    Response,
    Other,
}

/// How much of a message that is too large is kept, how far the fields around an old command's text
/// go, and how long a banner is, all at most.
const NEAR: usize = 1024;

/// Where the parts of a message end.
struct Ends {
    lines: usize,
    /// The end of the text, and where the lines behind it begin and end.
    text: Option<(usize, usize, usize)>,
    message: usize,
}

/// Decodes a stream that has ended.
pub(crate) fn decode(mut stream: &[u8], banner: bool, max_message: usize) -> Vec<Item> {
    let mut items = Vec::new();
    let mut legacy = true;
    if banner {
        match stream.iter().take(NEAR + 1).position(|&byte| byte == b'\n') {
            Some(end) => {
                let line = without_cr(&stream[..end]);
                legacy = may_be_legacy(line);
                items.push(Item::Banner(line.to_vec()));
                stream = &stream[end + 1..];
            }
            None if stream.len() <= NEAR => {
                items.extend(
                    (!stream.is_empty() && stream != b"\r")
                        .then(|| Item::Truncated(stream.to_vec())),
                );
                return items;
            }
            // No banner: it is thrown away like a message that is too large.
            None => {
                let end = ends(stream, false).map_or(stream.len(), |ends| ends.message);
                items.push(too_large(&stream[..end]));
                stream = &stream[end..];
            }
        }
    }
    loop {
        stream = without_strays(stream);
        if stream.is_empty() || stream == b"\r" {
            return items;
        }
        let Some(ends) = ends(stream, legacy) else {
            items.push(match stream.len() {
                length if length > max_message => too_large(stream),
                _ => Item::Truncated(stream.to_vec()),
            });
            return items;
        };
        let (raw, rest) = stream.split_at(ends.message);
        stream = rest;
        items.push(match raw.len() {
            length if length > max_message => too_large(raw),
            _ => Item::Message(parts(raw, &ends)),
        });
    }
}

fn too_large(raw: &[u8]) -> Item {
    Item::TooLarge(raw.len(), raw[..raw.len().min(NEAR)].to_vec())
}

fn without_cr(line: &[u8]) -> &[u8] {
    match line {
        [rest @ .., b'\r'] => rest,
        line => line,
    }
}

fn without_strays(mut stream: &[u8]) -> &[u8] {
    loop {
        stream = match stream {
            [b'\n', rest @ ..] | [b'\r', b'\n', rest @ ..] => rest,
            stream => return stream,
        };
    }
}

/// Where the message ends that the stream begins with.
fn ends(stream: &[u8], legacy: bool) -> Option<Ends> {
    let first = stream.iter().position(|&byte| byte == b'\n')?;
    match &stream[..first] {
        b"Event: CoreShowChannelMap\r" => first_of(stream, b"\r\n", &[b"\r\n", b"\n"]),
        [line @ .., b'\r'] if legacy && line.eq_ignore_ascii_case(b"Response: Follows") => {
            ends_of_legacy(stream, first + 1)
        }
        [.., b'\r'] => first_of(stream, b"\r\n", &[b"\r\n"]),
        _ => first_of(stream, b"\n", &[b"\r\n", b"\n"]),
    }
}

/// The first line end that has one of the empty lines behind it.
fn first_of(stream: &[u8], line_end: &[u8], empty: &[&[u8]]) -> Option<Ends> {
    for at in 0..stream.len() {
        let Some(behind) = stream[at..].strip_prefix(line_end) else { continue };
        if let Some(empty) = empty.iter().find(|&&empty| behind.starts_with(empty)) {
            let lines = at + line_end.len();
            return Some(Ends { lines, text: None, message: lines + empty.len() });
        }
    }
    None
}

const MARKER: &[u8] = b"--END COMMAND--\r\n";

/// The ends of a message in the old format, whose head begins at `begin`.
fn ends_of_legacy(stream: &[u8], begin: usize) -> Option<Ends> {
    let near = &stream[..stream.len().min(NEAR)];
    let names = named(&near[begin..]);
    let until_id = names.iter().position(|(name, _)| name.eq_ignore_ascii_case(b"ActionID"));
    let is_privilege = |(name, _): &&(&[u8], usize)| name.eq_ignore_ascii_case(b"Privilege");
    let count = match until_id {
        Some(before) => before + 1,
        None => names.iter().take_while(is_privilege).count(),
    };
    let lines = begin + names[..count].last().map_or(0, |&(_, end)| end);
    if near[lines..].starts_with(b"\r\n") {
        return Some(Ends { lines, text: None, message: lines + 2 });
    }
    for marker in lines..stream.len() {
        let Some(behind) = stream[marker..].strip_prefix(MARKER) else { continue };
        let near = &behind[..behind.len().min(NEAR)];
        let length = named(near).last().map_or(0, |&(_, end)| end);
        if near[length..].starts_with(b"\r\n") {
            let tail = marker + MARKER.len();
            let text = Some((marker, tail, tail + length));
            return Some(Ends { lines, text, message: tail + length + 2 });
        }
    }
    None
}

/// The names of the lines that a text begins with and that are `named`, with the place where each
/// of them ends.
fn named(text: &[u8]) -> Vec<(&[u8], usize)> {
    let mut names = Vec::new();
    let mut at = 0;
    while let Some(length) = text[at..].iter().position(|&byte| byte == b'\n') {
        let line = &text[at..at + length];
        let colon = line.iter().position(|&byte| byte == b':').unwrap_or(0);
        if !line.ends_with(b"\r") || colon == 0 {
            break;
        }
        at += length + 1;
        names.push((&line[..colon], at));
    }
    names
}

fn parts(raw: &[u8], ends: &Ends) -> Parts {
    let mut lines = lines(&raw[..ends.lines]);
    let text = ends.text.map(|(end, tail, tail_end)| {
        lines.extend(self::lines(&raw[tail..tail_end]));
        raw[ends.lines..end].to_vec()
    });
    let kind = match &lines[0] {
        (Some(name), _) if name.eq_ignore_ascii_case(b"Event") => Kind::Event,
        (Some(name), _) if name.eq_ignore_ascii_case(b"Response") => Kind::Response,
        _ => Kind::Other,
    };
    Parts { kind, lines, text }
}

/// The lines of a text that ends in LF.
fn lines(text: &[u8]) -> Vec<Line> {
    let lines = text.split_inclusive(|&byte| byte == b'\n');
    lines.map(|line| split(without_cr(&line[..line.len() - 1]))).collect()
}

fn split(line: &[u8]) -> Line {
    for (at, &byte) in line.iter().enumerate() {
        if byte == b':' {
            let value = match &line[at + 1..] {
                [b' ', rest @ ..] => rest,
                value => value,
            };
            return (Some(line[..at].to_vec()), value.to_vec());
        }
    }
    (None, line.to_vec())
}

fn may_be_legacy(banner: &[u8]) -> bool {
    let Some(slash) = banner.iter().position(|&byte| byte == b'/') else { return true };
    let (product, version) = (&banner[..slash], &banner[slash + 1..]);
    let Ok(version) = std::str::from_utf8(version) else { return true };
    let major = version.split('.').next().unwrap_or_default();
    product.contains(&b':')
        || major.parse::<u32>().is_ok_and(|major| major < 3)
        || major.parse::<u32>().is_err()
}
