//! The lines of FastAGI: where a reply ends, and what is no reply.

use bytes::BytesMut;

use super::reply::{Reply, code_of};

/// The largest reply that is read.
pub(super) const MAX_REPLY: usize = 1024 * 1024;

/// The line by which the server tells that the channel was hung up.
const HANGUP: &[u8] = b"HANGUP\n";

/// Something that the server has sent.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Said {
    /// The channel was hung up.
    HangUp,
    /// The reply to a command.
    Reply(Reply),
    /// No reply.
    Garbage(Reply),
}

/// Takes what comes next from the bytes that have arrived. `None` if it is not whole yet.
///
/// `is_awaited` says whether a reply is awaited. Nothing but a hang-up comes without a command.
pub(super) fn take(input: &mut BytesMut, is_awaited: bool) -> Option<Said> {
    if input.starts_with(HANGUP) {
        drop(input.split_to(HANGUP.len()));
        return Some(Said::HangUp);
    }
    if input.is_empty() || HANGUP.starts_with(input) {
        return None;
    }
    if !is_awaited || input.len() > MAX_REPLY {
        return Some(Said::Garbage(take_reply(input, MAX_REPLY)));
    }
    let line = memchr::memchr(b'\n', input)?;
    if code_of(input).is_none() {
        return Some(Said::Garbage(take_reply(input, line + 1)));
    }
    let end = end_of(input, line)?;
    Some(Said::Reply(take_reply(input, end)))
}

fn take_reply(input: &mut BytesMut, end: usize) -> Reply {
    Reply::new(input.split_to(end.min(input.len())).to_vec())
}

/// Returns the offset behind a reply, whose first line ends at `line`.
fn end_of(input: &[u8], line: usize) -> Option<usize> {
    let first = &input[..line];
    if first.get(3) == Some(&b'-') {
        // A usage. The last line has the code again, without the hyphen.
        let last = [b'\n', input[0], input[1], input[2], b' '];
        let begin = memchr::memmem::find(&input[line..], &last)? + line + 1;
        return Some(begin + memchr::memchr(b'\n', &input[begin..])? + 1);
    }
    let Some(open) = memchr::memmem::find(first, b" (") else { return Some(line + 1) };
    if has_parameters(&first[open + 2..]) {
        return Some(line + 1);
    }
    // A value can have line ends in it, and parentheses. The server writes a reply at once, so that
    // what has come with it belongs to it.
    let ends = memchr::memmem::find_iter(&input[open..], b")\n").map(|at| open + at + 2);
    let mut last = None;
    for end in ends {
        last = Some(end);
        let rest = &input[end..];
        if rest.starts_with(HANGUP) || HANGUP.starts_with(rest) {
            break;
        }
    }
    // Of a value that goes on, the end has not come yet.
    last.filter(|end| {
        let rest = &input[*end..];
        rest.is_empty() || rest.starts_with(HANGUP) || HANGUP.starts_with(rest)
    })
}

/// Returns whether the data is a word with parameters behind it, as in `(timeout) endpos=8`, and
/// not a value.
fn has_parameters(data: &[u8]) -> bool {
    let is_word = |text: &[u8]| text.iter().all(u8::is_ascii_alphanumeric);
    let parameter = || {
        let word = memchr::memchr(b')', data)?;
        let name = data[word..].strip_prefix(b") ")?;
        let name = &name[..memchr::memchr(b'=', name)?];
        Some(is_word(&data[..word]) && is_word(name))
    };
    parameter().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes all that is in a text, and returns it with the rest.
    fn all(text: &str) -> (Vec<String>, String) {
        let mut input = BytesMut::from(text);
        let mut said = Vec::new();
        while let Some(next) = take(&mut input, true) {
            said.push(match next {
                Said::HangUp => "hang-up".to_owned(),
                Said::Reply(reply) => reply.text().into_owned(),
                Said::Garbage(reply) => format!("garbage: {}", reply.text()),
            });
        }
        (said, String::from_utf8(input.to_vec()).unwrap())
    }

    #[test]
    fn replies_end_where_they_end() {
        for (text, expected) in [
            ("200 result=0\n", "200 result=0"),
            ("200 result=1 (a)\n", "200 result=1 (a)"),
            ("200 result=1 (a\nb)\n", "200 result=1 (a\nb)"),
            ("200 result=1 (a)\n200 result=1 (b)\n", "200 result=1 (a)\n200 result=1 (b)"),
            ("200 result=1 (\n\n(\n)\n", "200 result=1 (\n\n(\n)"),
            ("200 result=1 (\nHANGUP\n)\n", "200 result=1 (\nHANGUP\n)"),
            ("200 result=-1 (hangup) endpos=8\n", "200 result=-1 (hangup) endpos=8"),
            ("200 result=0 endpos=8\n", "200 result=0 endpos=8"),
            ("200 result=1 (f(x) y\nz)\n", "200 result=1 (f(x) y\nz)"),
            ("200 result=1 (f(x) y=1\nz)\n", "200 result=1 (f(x) y=1\nz)"),
            (
                "200 result=1 (speech) endpos=8 text0=\"a (b)\"\n",
                "200 result=1 (speech) endpos=8 text0=\"a (b)\"",
            ),
            ("510 Invalid or unknown command\n", "510 Invalid or unknown command"),
            (
                "520-Invalid command syntax.  Proper usage follows:\nHANGUP\n\n520 End of it.\n",
                "520-Invalid command syntax.  Proper usage follows:\nHANGUP\n\n520 End of it.",
            ),
            ("520 Not available.\n", "520 Not available."),
        ] {
            let whole = (vec![expected.to_owned()], String::new());
            assert_eq!(all(text), whole);
            // Nothing is taken before the end, and a hang-up behind it is no part of it.
            for end in 1..text.len() {
                let (said, rest) = all(&text[..end]);
                let is_whole = text[..end].ends_with(")\n");
                assert!(said.is_empty() && rest == text[..end] || is_whole, "{said:?}");
            }
            let behind = (vec![expected.to_owned(), "hang-up".to_owned()], String::new());
            assert_eq!(all(&format!("{text}HANGUP\n")), behind);
            let before = (vec!["hang-up".to_owned(), expected.to_owned()], "HANG".to_owned());
            assert_eq!(all(&format!("HANGUP\n{text}HANG")), before);
        }
    }

    #[test]
    fn garbage_is_told() {
        for text in ["hello\n", "\n", "HANGUP!\n", "20 x\n", "HTTP/1.1 200 OK\n"] {
            let expected = format!("garbage: {}", text.trim_end());
            assert_eq!(all(text), (vec![expected], String::new()));
        }
        let mut input = BytesMut::from("200 result=0\n");
        assert!(matches!(take(&mut input, false), Some(Said::Garbage(_))), "nobody has asked");
        let mut endless = BytesMut::from("200 result=1 (");
        endless.resize(MAX_REPLY, b'x');
        assert_eq!(take(&mut endless, true), None);
        endless.extend_from_slice(b"x");
        assert!(matches!(take(&mut endless, true), Some(Said::Garbage(_))));
    }
}
