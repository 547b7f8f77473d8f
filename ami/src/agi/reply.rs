//! The replies to AGI commands.

use std::borrow::Cow;
use std::fmt;

/// The reply to an AGI command, such as `200 result=1 (value)` or `200 result=0 endpos=3520`.
#[derive(Clone, Eq, Hash, PartialEq)]
pub struct Reply {
    bytes: Vec<u8>,
    /// The offset at which the reply begins, behind the rest of an earlier one.
    begin: usize,
    code: Option<u16>,
}

impl Reply {
    /// Reads the decoded field `Result` of `AsyncAGIExec`, or a reply of FastAGI.
    pub(super) fn new(bytes: Vec<u8>) -> Self {
        let (begin, code) = match code_of(&bytes) {
            Some(code) => (0, Some(code)),
            // The rest of a reply that was cut off, and then the reply.
            None => {
                let ends = memchr::memrchr_iter(b'\n', &bytes).map(|at| at + 1);
                let mut found = ends.filter_map(|at| Some((at, Some(code_of(&bytes[at..])?))));
                found.next().unwrap_or((0, None))
            }
        };
        Self { bytes, begin, code }
    }

    /// Returns `true` if the reply has a code and was not cut off. The server cuts replies of
    /// AsyncAGI off at 1,024 bytes, and at 2,047 bytes of their encoded form.
    pub fn is_complete(&self) -> bool {
        self.code.is_some() && self.bytes.ends_with(b"\n")
    }

    /// Returns the code: 200 for a command that was executed, or 0 if the reply has none.
    pub fn code(&self) -> u16 {
        self.code.unwrap_or(0)
    }

    /// Returns the reply as sent, without percent-encoding and without its last line end.
    pub fn bytes(&self) -> &[u8] {
        let bytes = &self.bytes[self.begin..];
        bytes.strip_suffix(b"\n").unwrap_or(bytes)
    }

    /// Returns the reply as text. Bytes that are not UTF-8 are replaced with U+FFFD.
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(self.bytes())
    }

    /// Returns the result as sent: a number for most commands, and digits for `GET DATA`, which can
    /// be empty and can have `*` and `#` in them. Bytes that are not ASCII end it.
    pub fn result(&self) -> &str {
        let after = self.bytes().get(4..).and_then(|rest| rest.strip_prefix(b"result="));
        let after = after.unwrap_or_default();
        let end = after.iter().position(|byte| !byte.is_ascii_graphic()).unwrap_or(after.len());
        str::from_utf8(&after[..end]).unwrap_or_default()
    }

    /// Returns the result as a number, or `None` if it is none.
    pub fn number(&self) -> Option<i64> {
        self.result().parse().ok()
    }

    /// Returns the text in parentheses behind the result: the value of a variable, or a word such
    /// as `timeout`.
    pub fn data(&self) -> Option<&[u8]> {
        self.split().0
    }

    /// Returns a parameter behind the result and the data, such as `endpos` of
    /// `200 result=0 endpos=3520`. Quotes around the value are left out.
    pub fn parameter(&self, name: &str) -> Option<&[u8]> {
        let mut rest = self.split().1;
        loop {
            rest = rest.trim_ascii_start();
            let at = memchr::memchr(b'=', rest)?;
            let (key, value) = (&rest[..at], &rest[at + 1..]);
            let (value, after) = match value.strip_prefix(b"\"") {
                Some(quoted) => {
                    let end = memchr::memchr(b'"', quoted).unwrap_or(quoted.len());
                    (&quoted[..end], quoted.get(end + 1..).unwrap_or_default())
                }
                None => value.split_at(memchr::memchr(b' ', value).unwrap_or(value.len())),
            };
            if key == name.as_bytes() {
                return Some(value);
            }
            rest = after;
        }
    }

    /// Returns the data and what follows it.
    fn split(&self) -> (Option<&[u8]>, &[u8]) {
        let begin = "200 result=".len() + self.result().len();
        let rest = self.bytes().get(begin..).unwrap_or_default().trim_ascii_start();
        let Some(inside) = rest.strip_prefix(b"(") else { return (None, rest) };
        // A value can have parentheses in it, and is the end of its reply.
        let end = match inside.strip_suffix(b")") {
            Some(value) => Some(value.len()),
            None => memchr::memchr(b')', inside),
        };
        let Some(end) = end else { return (Some(inside), b"") };
        (Some(&inside[..end]), &inside[end + 1..])
    }
}

/// Returns the code that a line begins with.
pub(super) fn code_of(line: &[u8]) -> Option<u16> {
    let (code, rest) = line.split_at_checked(3)?;
    let ends = rest.first().is_some_and(|byte| matches!(byte, b' ' | b'-'));
    let digits = code.iter().all(u8::is_ascii_digit);
    str::from_utf8(code).ok().filter(|_| ends && digits)?.parse().ok()
}

/// Writes the reply as text.
impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Reply").field(&self.text()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(text: &str) -> Reply {
        Reply::new(text.as_bytes().to_vec())
    }

    fn data(reply: &Reply) -> Option<&str> {
        reply.data().map(|data| str::from_utf8(data).unwrap())
    }

    #[test]
    fn results_data_and_parameters_are_told_apart() {
        let value = reply("200 result=1 (a) endpos=5 (\"b\\\n200 result=7)\n");
        assert_eq!((value.code(), value.number(), value.is_complete()), (200, Some(1), true));
        assert_eq!(data(&value), Some("a) endpos=5 (\"b\\\n200 result=7"));
        assert_eq!(value.parameter("endpos"), None);

        let played = reply("200 result=-1 endpos=3520\n");
        assert_eq!((played.number(), data(&played)), (Some(-1), None));
        assert_eq!(played.parameter("endpos"), Some(&b"3520"[..]));

        let digits = reply("200 result=0*1# (timeout)\n");
        assert_eq!((digits.result(), digits.number()), ("0*1#", None));
        assert_eq!(data(&digits), Some("timeout"));
        let none = reply("200 result= (timeout)\n");
        assert_eq!((none.result(), data(&none)), ("", Some("timeout")));
        assert_eq!(data(&reply("200 result=1 ()\n")), Some(""));

        let speech = reply("200 result=1 (speech) endpos=8 text0=\"a b=c\" score0=9\n");
        assert_eq!(data(&speech), Some("speech"));
        assert_eq!(speech.parameter("text0"), Some(&b"a b=c"[..]));
        assert_eq!(speech.parameter("score0"), Some(&b"9"[..]));
        assert_eq!(speech.parameter("b"), None);
    }

    #[test]
    fn refusals_have_a_code() {
        let usage = reply("520-Invalid command syntax.\nUsage: X\n520 End of proper usage.\n");
        assert_eq!((usage.code(), usage.is_complete(), usage.result()), (520, true, ""));
        assert!(usage.text().contains("Usage: X\n520 End"));
        assert_eq!(reply("510 Invalid or unknown command\n").code(), 510);
    }

    #[test]
    fn the_rest_of_a_reply_that_was_cut_is_skipped() {
        let cut = reply(&format!("200 result=1 ({}", "x".repeat(1010)));
        assert!(!cut.is_complete() && cut.code() == 200);
        assert_eq!(data(&cut).map(str::len), Some(1010));
        let behind = reply("rest)\n200 result=0\n200 result=1 (y)\n");
        assert_eq!((data(&behind), behind.is_complete()), (Some("y"), true));
        assert_eq!(behind.text(), "200 result=1 (y)");
        for rest in ["only rest", "", "20", "200", "\n", "2000 x\n", "é00 \n"] {
            let rest = reply(rest);
            assert!(!rest.is_complete() && rest.code() == 0, "{rest:?}");
            assert_eq!((rest.result(), rest.parameter("a")), ("", None));
        }
    }
}
