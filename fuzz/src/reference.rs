//! A decoder that is slow and obvious: the grammar, word for word, over the whole stream at once. It shares no code with the
//! real one.
//!
//! ```text
//! stream   = [ banner ] *( message / stray )
//! line     = *OCTET-except-LF LF              ; one CR before the LF is not part of it
//! stray    = empty line while no message is open
//! message  = 1*nonempty-line empty-line
//! field    = name ":" [ SP ] value
//! legacy   = "Response: Follows" line, known CRLF fields, text, "--END COMMAND--" CRLF CRLF
//! ```

/// What the stream holds.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Item {
    Banner(Vec<u8>),
    /// The fields in order, without a name for a bare line; and a command's text in the old format.
    Message(Vec<(Option<Vec<u8>>, Vec<u8>)>, Option<Vec<u8>>),
    TooLarge(usize),
    Truncated(Vec<u8>),
}

/// Decodes a stream that has ended.
pub(crate) fn decode(mut stream: &[u8], banner: bool, max_message: usize) -> Vec<Item> {
    let mut items = Vec::new();
    let mut legacy = true;
    if banner {
        match stream.iter().take(1025).position(|&byte| byte == b'\n') {
            Some(end) => {
                let line = without_cr(&stream[..end]);
                legacy = may_be_legacy(line);
                items.push(Item::Banner(line.to_vec()));
                stream = &stream[end + 1..];
            }
            None if stream.len() <= 1024 => {
                items.extend(
                    (!stream.is_empty() && stream != b"\r")
                        .then(|| Item::Truncated(stream.to_vec())),
                );
                return items;
            }
            // No banner: it is thrown away like a message that is too large.
            None => {
                let end = end_of_message(stream).unwrap_or(stream.len());
                items.push(Item::TooLarge(end));
                stream = &stream[end..];
            }
        }
    }
    loop {
        stream = without_strays(stream);
        if stream.is_empty() || stream == b"\r" {
            return items;
        }
        let old = legacy && is_legacy(stream);
        let end = if old { end_of_legacy(stream) } else { end_of_message(stream) };
        let Some(end) = end else {
            items.push(match stream.len() {
                length if length > max_message => Item::TooLarge(length),
                _ => Item::Truncated(stream.to_vec()),
            });
            return items;
        };
        items.push(match end {
            end if end > max_message => Item::TooLarge(end),
            end if old => legacy_message(&stream[..end]),
            end => Item::Message(lines(&stream[..end]).into_iter().map(split).collect(), None),
        });
        stream = &stream[end..];
    }
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

/// The length of the message with its empty line.
fn end_of_message(stream: &[u8]) -> Option<usize> {
    let mut begin = 0;
    for (at, &byte) in stream.iter().enumerate() {
        if byte == b'\n' {
            if without_cr(&stream[begin..at]).is_empty() {
                return Some(at + 1);
            }
            begin = at + 1;
        }
    }
    None
}

/// The lines of a complete message, without the empty one.
fn lines(message: &[u8]) -> Vec<&[u8]> {
    let mut lines: Vec<_> = message.split(|&byte| byte == b'\n').map(without_cr).collect();
    // What is behind the last LF, and the empty line before it.
    lines.truncate(lines.len() - 2);
    lines
}

fn split(line: &[u8]) -> (Option<Vec<u8>>, Vec<u8>) {
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

fn is_legacy(stream: &[u8]) -> bool {
    let head = b"response: follows";
    stream.len() > head.len()
        && stream[..head.len()].to_ascii_lowercase() == head
        && matches!(&stream[head.len()..], [b'\n', ..] | [b'\r', b'\n', ..])
}

const END: &[u8] = b"--END COMMAND--\r\n\r\n";

fn end_of_legacy(stream: &[u8]) -> Option<usize> {
    stream.windows(END.len()).position(|window| window == END).map(|at| at + END.len())
}

fn legacy_message(message: &[u8]) -> Item {
    let mut rest = &message[..message.len() - END.len()];
    let mut fields = Vec::new();
    while let Some(end) = rest.iter().position(|&byte| byte == b'\n') {
        let (name, value) = split(without_cr(&rest[..end]));
        let lower = name.clone().unwrap_or_default().to_ascii_lowercase();
        let crlf = rest[..end].ends_with(b"\r");
        let known = crlf && (lower == b"privilege" || lower == b"actionid");
        if !(fields.is_empty() || known) {
            break;
        }
        fields.push((name, value));
        rest = &rest[end + 1..];
    }
    Item::Message(fields, Some(rest.to_vec()))
}
